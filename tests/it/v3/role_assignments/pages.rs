//! Pages of role assignments, which have no ids to go on from.

use super::Granted;
use crate::harness::ACME;
use serde_json::Value;

/// Each query, and how many elements it finds at least.
const QUERIES: [(&str, usize); 10] = [
    ("", 7),
    ("&include_names", 7),
    ("&scope.project.id=top&include_subtree", 2),
    ("&user.id=zoe", 2),
    ("&scope.OS-INHERIT:inherited_to=projects", 2),
    ("&effective", 9),
    ("&effective&user.id=uma", 4),
    ("&effective&scope.project.id=top&include_subtree", 5),
    ("&effective&scope.project.id=below", 2),
    ("&effective&include_names", 9),
];

fn elements(answer: &Value) -> Vec<String> {
    let listed = answer["role_assignments"].as_array();
    let listed = listed.expect("role assignments").iter();
    listed.map(Value::to_string).collect()
}

/// The path of the next page.
fn next(answer: &Value) -> Option<String> {
    let link = answer["links"]["next"].as_str()?;
    let path = link.strip_prefix("http://keystone.test");
    Some(path.expect("a link here").to_owned())
}

/// More than one user in the group, so that a page can end inside what its grant amounts to.
async fn granted() -> Granted {
    let granted = Granted::new().await;
    granted
        .scene
        .put("/v3/groups/crew/users/vic")
        .await
        .expect(204);
    granted
}

#[tokio::test]
async fn pages_of_every_size_lead_through_every_listing() {
    let granted = granted().await;
    for (query, fewest) in QUERIES {
        let path = format!("/v3/role_assignments?{}", query.trim_start_matches('&'));
        let whole = elements(&granted.scene.get(&path).await.expect(200).json());
        assert!(whole.len() >= fewest, "{query}: {}", whole.len());
        for limit in 1..=whole.len() {
            let mut walked = Vec::new();
            let mut path = Some(format!("/v3/role_assignments?limit={limit}{query}"));
            while let Some(at) = path {
                let page = granted.scene.get(&at).await.expect(200).json();
                let found = elements(&page);
                assert!(!found.is_empty() && found.len() <= limit, "{at}");
                walked.extend(found);
                path = next(&page);
            }
            assert_eq!(walked, whole, "{query} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended_though_its_grant_is_gone() {
    let granted = granted().await;
    let x = &granted.x;
    let crew = format!("/v3/OS-INHERIT/domains/{ACME}/groups/crew/roles/{x}/inherited_to_projects");
    for kind in ["", "&effective"] {
        let path = format!("/v3/role_assignments?scope.OS-INHERIT:inherited_to=projects{kind}");
        let first = granted
            .scene
            .get(&format!("{path}&limit=1"))
            .await
            .expect(200)
            .json();
        let following = next(&first).expect("a next page");
        let following = following.replace("limit=1", "limit=9");
        granted.scene.delete(&crew).await.expect(204);
        let rest = elements(&granted.scene.get(&following).await.expect(200).json());
        let whole = elements(&granted.scene.get(&path).await.expect(200).json());
        assert_eq!(rest, whole, "{kind}");
        granted.scene.put(&crew).await.expect(204);
    }
}

#[tokio::test]
async fn a_marker_that_no_link_gave_is_unknown() {
    let granted = granted().await;
    for marker in ["x", "%00", "bnVsbA", "W10", "%C3%A9"] {
        let path = format!("/v3/role_assignments?marker={marker}");
        granted.scene.get(&path).await.error(404);
    }
}

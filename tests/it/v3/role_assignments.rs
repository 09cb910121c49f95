//! `/v3/role_assignments`

mod pages;

use crate::harness::{ACME, Scene, UMBRELLA};
use serde_json::{Value, json};

/// Everything of a listing as sorted short lines: `uma on project:top has a`.
fn lines(answer: &Value) -> Vec<String> {
    let mut lines: Vec<String> = answer["role_assignments"]
        .as_array()
        .expect("role assignments")
        .iter()
        .map(|one| {
            let actor = one
                .get("user")
                .or_else(|| one.get("group"))
                .expect("an actor");
            let scope = &one["scope"];
            let place = if let Some(project) = scope.get("project") {
                format!("project:{}", project["id"].as_str().unwrap())
            } else if let Some(domain) = scope.get("domain") {
                format!("domain:{}", domain["id"].as_str().unwrap())
            } else {
                assert_eq!(scope["system"], json!({ "all": true }));
                "system".to_owned()
            };
            let inherited = match scope.get("OS-INHERIT:inherited_to") {
                Some(to) => format!(" inherited to {}", to.as_str().unwrap()),
                None => String::new(),
            };
            let (actor, role) = (
                actor["id"].as_str().unwrap(),
                one["role"]["id"].as_str().unwrap(),
            );
            format!("{actor} on {place} has {role}{inherited}")
        })
        .collect();
    lines.sort_unstable();
    lines
}

/// A scene in which `uma` is a member of `top`, the `crew` inherits `x` from `acme`, `vic` has the
/// domain's own role `local` (implies `x`) on `below`, and `zoe` reads the system and `elsewhere`.
struct Granted {
    scene: Scene,
    x: String,
    local: String,
}

impl Granted {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let x = scene.new_role("x", None).await;
        let local = scene.new_role("local", Some(ACME)).await;
        let (member, reader) = (scene.role("member"), scene.role("reader"));
        for path in [
            format!("/v3/projects/top/users/uma/roles/{member}"),
            format!("/v3/OS-INHERIT/domains/{ACME}/groups/crew/roles/{x}/inherited_to_projects"),
            format!("/v3/projects/below/users/vic/roles/{local}"),
            format!("/v3/system/users/zoe/roles/{reader}"),
            format!("/v3/projects/elsewhere/users/zoe/roles/{reader}"),
        ] {
            scene.put(&path).await.expect(204);
        }
        scene
            .put(&format!("/v3/roles/{local}/implies/{x}"))
            .await
            .expect(201);
        Self { scene, x, local }
    }

    async fn list(&self, query: &str) -> Vec<String> {
        let path = format!("/v3/role_assignments?{}", query.replace("acme", ACME));
        let mut found = lines(&self.scene.get(&path).await.expect(200).json());
        // What the seed granted is not this scene's.
        found.retain(|line| !line.starts_with(&self.scene.app.seed.user_id));
        let mut named = found;
        for line in &mut named {
            for (id, name) in [
                (self.x.as_str(), "x"),
                (ACME, "acme"),
                (&self.local, "local"),
                (self.scene.role("member"), "member"),
                (self.scene.role("reader"), "reader"),
            ] {
                *line = line.replace(id, name);
            }
        }
        named.sort_unstable();
        named
    }
}

const CREW: &str = "crew on domain:acme has x inherited to projects";
const UMA: &str = "uma on project:top has member";
const VIC: &str = "vic on project:below has local";
const ZOE: &str = "zoe on project:elsewhere has reader";
const ZOE_SYSTEM: &str = "zoe on system has reader";

#[tokio::test]
async fn grants_are_listed_as_they_were_made() {
    let granted = Granted::new().await;
    let (x, member) = (&granted.x, granted.scene.role("member"));
    for (query, found) in [
        ("", vec![CREW, UMA, VIC, ZOE, ZOE_SYSTEM]),
        ("user.id=uma", vec![UMA]),
        ("user.id=zoe", vec![ZOE, ZOE_SYSTEM]),
        ("user.id=nope", vec![]),
        ("group.id=crew", vec![CREW]),
        ("scope.project.id=top", vec![UMA]),
        ("scope.project.id=nope", vec![]),
        ("scope.project.id=top&include_subtree", vec![UMA, VIC]),
        ("scope.project.id=top&include_subtree=0", vec![UMA]),
        (
            "scope.project.id=top&include_subtree&user.id=vic",
            vec![VIC],
        ),
        ("scope.domain.id=acme", vec![CREW]),
        ("scope.system=all", vec![ZOE_SYSTEM]),
        ("scope.system=all&user.id=uma", vec![]),
        ("scope.system=other&user.id=uma", vec![UMA]),
        (&format!("role.id={x}"), vec![CREW]),
        (&format!("role.id={member}&user.id=uma"), vec![UMA]),
        ("role.id=nope", vec![]),
        ("effective=0&group.id=crew", vec![CREW]),
        // The filter is about what could be inherited; grants on the system can't, and are not touched.
        (
            "scope.OS-INHERIT:inherited_to=projects",
            vec![CREW, ZOE_SYSTEM],
        ),
        (
            "scope.OS-INHERIT:inherited_to=projects&group.id=crew",
            vec![CREW],
        ),
        ("scope.OS-INHERIT:inherited_to=none&group.id=crew", vec![]),
    ] {
        assert_eq!(granted.list(query).await, found, "{query}");
    }
}

#[tokio::test]
async fn effective_assignments_are_the_users_with_all_that_follows() {
    let granted = Granted::new().await;
    let below = "uma on project:below has x inherited to projects";
    let top = "uma on project:top has x inherited to projects";
    let reads = "uma on project:top has reader";
    let vic = "vic on project:below has x";
    let x = &granted.x;
    for (query, found) in [
        ("", vec![below, UMA, reads, top, vic, ZOE]),
        ("&user.id=uma", vec![below, UMA, reads, top]),
        ("&scope.project.id=below", vec![below, vic]),
        ("&scope.project.id=top", vec![UMA, reads, top]),
        (
            "&scope.project.id=top&include_subtree",
            vec![below, UMA, reads, top, vic],
        ),
        ("&scope.project.id=below&user.id=uma", vec![below]),
        ("&scope.domain.id=acme", vec![]),
        ("&scope.domain.id=nope", vec![]),
        (&format!("&role.id={x}"), vec![below, top, vic]),
        ("&role.id=nope", vec![]),
        (
            "&scope.OS-INHERIT:inherited_to=projects&user.id=uma",
            vec![below, top],
        ),
        (
            "&scope.OS-INHERIT:inherited_to=none&user.id=uma",
            vec![UMA, reads],
        ),
        ("&scope.system=all&user.id=zoe", vec![ZOE]),
    ] {
        assert_eq!(
            granted.list(&format!("effective{query}")).await,
            found,
            "{query}"
        );
    }
    for missing in ["effective&user.id=nope", "effective&scope.project.id=nope"] {
        granted
            .scene
            .get(&format!("/v3/role_assignments?{missing}"))
            .await
            .error(404);
    }
}

#[tokio::test]
async fn links_lead_to_the_grant_behind_an_effective_assignment() {
    let granted = Granted::new().await;
    let (x, local) = (&granted.x, &granted.local);
    let list = |query: &'static str| granted.scene.get(query);
    let answer = list("/v3/role_assignments?effective&user.id=uma&scope.project.id=below").await;
    let base = "http://keystone.test/v3";
    assert_eq!(
        answer.expect(200).json()["role_assignments"],
        json!([{
            "links": {
                "membership": format!("{base}/groups/crew/users/uma"),
                "assignment": format!(
                    "{base}/OS-INHERIT/domains/{ACME}/groups/crew/roles/{x}/inherited_to_projects"
                ),
            },
            "scope": { "project": { "id": "below" }, "OS-INHERIT:inherited_to": "projects" },
            "user": { "id": "uma" },
            "role": { "id": x },
        }])
    );
    let answer = list("/v3/role_assignments?effective&user.id=vic")
        .await
        .expect(200);
    assert_eq!(
        answer.json()["role_assignments"],
        json!([{
            "links": {
                "assignment": format!("{base}/projects/below/users/vic/roles/{local}"),
                "prior_role": format!("{base}/prior_role/{x}/implies/{local}"),
            },
            "scope": { "project": { "id": "below" } },
            "user": { "id": "vic" },
            "role": { "id": x },
        }])
    );
    let answer = list("/v3/role_assignments?scope.system=all&user.id=zoe")
        .await
        .expect(200);
    let reader = granted.scene.role("reader");
    assert_eq!(
        answer.json()["role_assignments"][0]["links"],
        json!({ "assignment": format!("{base}/system/users/zoe/roles/{reader}") })
    );
}

#[tokio::test]
async fn names_are_added_on_request() {
    let granted = Granted::new().await;
    let acme = json!({ "id": ACME, "name": "acme" });
    let answer = granted
        .scene
        .get("/v3/role_assignments?include_names&scope.project.id=below")
        .await;
    let one = &answer.expect(200).json()["role_assignments"][0];
    assert_eq!(
        one["scope"],
        json!({ "project": { "id": "below", "name": "below", "domain": acme } })
    );
    assert_eq!(
        one["user"],
        json!({ "id": "vic", "name": "vic", "domain": acme })
    );
    assert_eq!(
        one["role"],
        json!({ "id": granted.local, "name": "local", "domain": acme })
    );
    let answer = granted
        .scene
        .get("/v3/role_assignments?include_names=true&group.id=crew")
        .await;
    let one = &answer.expect(200).json()["role_assignments"][0];
    assert_eq!(
        one["scope"],
        json!({ "domain": acme, "OS-INHERIT:inherited_to": "projects" })
    );
    assert_eq!(
        one["group"],
        json!({ "id": "crew", "name": "crew", "domain": acme })
    );
    assert_eq!(one["role"], json!({ "id": granted.x, "name": "x" }));
    let answer = granted
        .scene
        .get("/v3/role_assignments?include_names&scope.system=all&user.id=zoe")
        .await;
    let one = &answer.expect(200).json()["role_assignments"][0];
    assert_eq!(one["scope"], json!({ "system": { "all": true } }));
    assert_eq!(
        one["user"]["domain"],
        json!({ "id": UMBRELLA, "name": "umbrella" })
    );
}

#[tokio::test]
async fn a_vanished_user_has_empty_names() {
    let granted = Granted::new().await;
    let db = &granted.scene.app.app.db;
    db.transaction(|s| {
        Box::pin(async move {
            keystone::driver::sql::identity::delete_user(s, &"vic".into())
                .await
                .map(drop)
        })
    })
    .await
    .unwrap();
    let answer = granted
        .scene
        .get("/v3/role_assignments?include_names&scope.project.id=below")
        .await;
    let one = &answer.expect(200).json()["role_assignments"][0];
    assert_eq!(
        one["user"],
        json!({ "id": "vic", "name": "", "domain": { "id": "", "name": "" } })
    );
}

#[tokio::test]
async fn contradicting_filters_are_refused() {
    let scene = Scene::new().await;
    for query in [
        "user.id=uma&group.id=crew",
        "scope.project.id=top&scope.domain.id=acme",
        "scope.system=all&scope.domain.id=acme",
        "scope.system=all&scope.project.id=top",
        "include_subtree",
        "include_subtree=0",
        "effective&group.id=crew",
        "effective&scope.domain.id=acme&scope.OS-INHERIT:inherited_to=projects",
        "scope.project.id=",
        "role.id=no+id",
    ] {
        scene
            .get(&format!("/v3/role_assignments?{query}"))
            .await
            .error(400);
    }
    scene
        .get("/v3/role_assignments?include_subtree&scope.project.id=nope")
        .await
        .error(404);
}

#[tokio::test]
async fn a_domains_reader_sees_its_own_domain_and_others_nothing() {
    let granted = Granted::new().await;
    let scene = &granted.scene;
    let (member, reader) = (scene.role("member"), scene.role("reader"));
    scene
        .put(&format!("/v3/domains/{UMBRELLA}/users/zoe/roles/{reader}"))
        .await
        .expect(204);
    let token = scene
        .login("zoe", json!({ "domain": { "id": UMBRELLA } }))
        .await;
    let get = |query: &str| {
        let request = scene
            .app
            .get(&format!("/v3/role_assignments{query}"))
            .token(&token);
        async move { request.send().await }
    };
    let own = [
        format!("zoe on domain:{UMBRELLA} has {reader}"),
        format!("zoe on project:elsewhere has {reader}"),
    ];
    assert_eq!(lines(&get("").await.expect(200).json()), own);
    assert_eq!(lines(&get("?effective").await.expect(200).json()), own);
    assert!(lines(&get("?scope.project.id=top").await.expect(200).json()).is_empty());
    assert!(lines(&get("?scope.system=all").await.expect(200).json()).is_empty());
    let tree = get("?include_subtree&scope.project.id=elsewhere")
        .await
        .expect(200)
        .json();
    assert_eq!(lines(&tree), own[1..]);
    get("?include_subtree&scope.project.id=top")
        .await
        .error(403);

    // A tree that policy lets somebody see is shown whole.
    let admin = scene.role("admin");
    scene
        .put(&format!("/v3/domains/{UMBRELLA}/users/zoe/roles/{admin}"))
        .await
        .expect(204);
    let domain_admin = scene
        .login("zoe", json!({ "domain": { "id": UMBRELLA } }))
        .await;
    let tree = scene
        .app
        .get("/v3/role_assignments?include_subtree&scope.project.id=top")
        .token(&domain_admin)
        .send()
        .await
        .expect(200);
    assert!(!lines(&tree.json()).is_empty());

    let in_project = scene
        .login("uma", json!({ "project": { "id": "top" } }))
        .await;
    assert_eq!(scene.role("member"), member);
    for query in [
        "",
        "?user.id=uma",
        "?scope.project.id=top",
        "?include_subtree&scope.project.id=top",
    ] {
        let path = format!("/v3/role_assignments{query}");
        scene
            .app
            .get(&path)
            .token(&in_project)
            .send()
            .await
            .error(403);
        scene.app.get(&path).send().await.error(401);
    }
    let of_system = scene
        .login("zoe", json!({ "system": { "all": true } }))
        .await;
    let all = scene
        .app
        .get("/v3/role_assignments")
        .token(&of_system)
        .send()
        .await
        .expect(200);
    assert!(lines(&all.json()).len() > 5);
}

//! What single options do.

use super::slapd::{GROUPS, SUFFIX, Slapd, USERS};
use super::{Scene, names};
use serde_json::{Value, json};

impl Scene {
    async fn enabled(&self) -> Vec<String> {
        self.user_names("enabled=true").await
    }
}

#[tokio::test]
async fn an_attribute_says_who_is_enabled() {
    let Some(slapd) = Slapd::start() else { return };
    let of = async |options: &str| Scene::with_options(&slapd, options).await.enabled().await;
    assert_eq!(of("").await, ["Alice", "Carol (2nd) *"]);
    assert_eq!(of("user_enabled_default = False\n").await, ["Alice"]);
    assert_eq!(of("user_enabled_invert = true\n").await, ["Bob"]);
    let locked = "user_enabled_invert = true\nuser_enabled_default = False\n";
    assert_eq!(of(locked).await, ["Bob", "Carol (2nd) *"]);
    assert_eq!(of("user_attribute_ignore = enabled\n").await.len(), 3);
    // Only in an attribute of this name numbers count; elsewhere they are not "true".
    for (name, control) in [("alice", "512"), ("bob", "514")] {
        let dn = format!("cn={name},{USERS}");
        slapd
            .set(&dn, "accountControl", &[control.as_bytes()])
            .await;
    }
    let control = "user_enabled_attribute = accountControl\n";
    assert_eq!(of(control).await, ["Carol (2nd) *"]);
    let mask = format!("{control}user_enabled_mask = 2\n");
    assert_eq!(of(&mask).await, ["Alice"]);
    assert_eq!(
        of(&format!("{mask}user_enabled_default = 512\n")).await,
        ["Alice", "Carol (2nd) *"]
    );
}

#[tokio::test]
async fn a_group_says_who_is_enabled() {
    let Some(slapd) = Slapd::start() else { return };
    let emulated = "user_enabled_emulation = true\n";
    let scene = Scene::with_options(&slapd, emulated).await;
    // There is no such group yet.
    assert_eq!(scene.enabled().await, Vec::<String>::new());
    let carol = format!("cn=carol,{USERS}");
    slapd
        .add(
            &format!("cn=enabled_users,{USERS}"),
            &[
                ("objectClass", "groupOfNames"),
                ("cn", "enabled_users"),
                ("member", &carol),
            ],
        )
        .await;
    assert_eq!(scene.enabled().await, ["Carol (2nd) *"]);
    scene
        .login("Carol (2nd) *", "secret of carol", Value::Null)
        .await
        .expect(201);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .error(401);
    let options = format!("{emulated}user_enabled_emulation_dn = cn=crew,{GROUPS}\n");
    let scene = Scene::with_options(&slapd, &options).await;
    assert_eq!(scene.enabled().await, ["Alice"]);
    // With the attributes of other groups.
    slapd
        .add(
            &format!("cn=able,{GROUPS}"),
            &[
                ("objectClass", "posixGroup"),
                ("cn", "able"),
                ("gidNumber", "1"),
                ("memberUid", "bob"),
            ],
        )
        .await;
    let options = format!(
        "{emulated}user_enabled_emulation_dn = cn=able,{GROUPS}\n\
         user_enabled_emulation_use_group_config = true\ngroup_member_attribute = memberUid\n\
         group_members_are_ids = true\ngroup_objectclass = posixGroup\n"
    );
    let scene = Scene::with_options(&slapd, &options).await;
    assert_eq!(scene.enabled().await, ["Bob"]);
}

#[tokio::test]
async fn attributes_have_the_names_that_are_configured() {
    let Some(slapd) = Slapd::start() else { return };
    slapd
        .set(&format!("cn=alice,{USERS}"), "projectId", &[b"p1"])
        .await;
    let options = "user_name_attribute = cn\nuser_mail_attribute = description\n\
        user_description_attribute = mail\nuser_default_project_id_attribute = projectId\n\
        user_attribute_ignore =\ngroup_name_attribute = cn\ngroup_desc_attribute = ou\n";
    let scene = Scene::with_options(&slapd, options).await;
    let alice = scene.user("alice").await;
    assert_eq!(alice["email"], "the first");
    assert_eq!(alice["description"], "alice@example.org");
    assert_eq!(alice["default_project_id"], "p1");
    assert_eq!(scene.group("crew").await["description"], "Crew");
    let ignored = "user_default_project_id_attribute = projectId\n\
        user_attribute_ignore = default_project_id,email,description\n\
        group_attribute_ignore = description\n";
    let scene = Scene::with_options(&slapd, ignored).await;
    let alice = scene.user("Alice").await;
    for member in ["email", "description", "default_project_id"] {
        assert_eq!(alice.get(member), None, "{member}");
    }
    assert_eq!(scene.group("Crew").await["description"], Value::Null);
}

#[tokio::test]
async fn a_default_project_is_where_a_login_leads() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "user_default_project_id_attribute = projectId\nuser_attribute_ignore =\n";
    let scene = Scene::with_options(&slapd, options).await;
    let project = scene.app.seed.project_id.clone();
    let dn = format!("cn=alice,{USERS}");
    slapd.set(&dn, "projectId", &[project.as_bytes()]).await;
    let id = scene.user_id("Alice").await;
    scene.grant(&format!("users/{id}"), "reader").await;
    let answer = scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201)
        .json();
    assert_eq!(answer["token"]["project"]["id"], project);
}

#[tokio::test]
async fn a_server_may_be_read_by_nobody_in_particular() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "user =\nuse_pool = false\n";
    let scene = Scene::with_options(&slapd, options).await;
    assert_eq!(scene.user_names("").await.len(), 3);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
}

#[tokio::test]
async fn pages_fetch_more_than_a_server_gives_at_once() {
    let Some(slapd) = Slapd::start_with("sizelimit 2\n") else {
        return;
    };
    // The administrator has no limits, so somebody else reads.
    let alice = format!("user = cn=alice,{USERS}\npassword = secret of alice\n");
    let scene = Scene::with_options(&slapd, &alice).await;
    let path = format!("/v3/users?domain_id={}", scene.domain);
    scene.get(&path).await.error(503);
}

#[tokio::test]
async fn aliases_are_followed_as_configured() {
    let Some(slapd) = Slapd::start() else { return };
    slapd
        .add(
            &format!("ou=Elsewhere,{SUFFIX}"),
            &[("objectClass", "organizationalUnit"), ("ou", "Elsewhere")],
        )
        .await;
    let dn = format!("cn=erin,ou=Elsewhere,{SUFFIX}");
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("cn", "erin"),
        ("sn", "Erin"),
    ];
    slapd.add(&dn, &attributes).await;
    let alias = [
        ("objectClass", "alias"),
        ("objectClass", "extensibleObject"),
        ("cn", "erin"),
        ("aliasedObjectName", &dn),
    ];
    slapd.add(&format!("cn=erin,{USERS}"), &alias).await;
    let of = async |options: &str| {
        Scene::with_options(&slapd, options)
            .await
            .user_names("")
            .await
    };
    assert_eq!(of("").await.len(), 3);
    let followed = of("alias_dereferencing = always\n").await;
    assert!(followed.contains(&"Erin".to_owned()), "{followed:?}");
}

#[tokio::test]
async fn referrals_are_followed_unless_that_is_turned_off() {
    let (Some(slapd), Some(other)) = (Slapd::start(), Slapd::start()) else {
        return;
    };
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("cn", "frank"),
        ("sn", "Frank"),
    ];
    other
        .add(
            &format!("ou=more,{USERS}"),
            &[("objectClass", "organizationalUnit"), ("ou", "more")],
        )
        .await;
    other
        .add(&format!("cn=frank,ou=more,{USERS}"), &attributes)
        .await;
    let url = format!("{}/ou=more,{USERS}", other.url());
    let referral = [
        ("objectClass", "referral"),
        ("objectClass", "extensibleObject"),
        ("ou", "more"),
        ("ref", &url),
    ];
    slapd.add(&format!("ou=more,{USERS}"), &referral).await;
    let of = async |options: &str| {
        let options = format!("query_scope = sub\n{options}");
        Scene::with_options(&slapd, &options)
            .await
            .user_names("")
            .await
    };
    assert!(of("").await.contains(&"Frank".to_owned()));
    assert!(
        of("chase_referrals = true\n")
            .await
            .contains(&"Frank".to_owned())
    );
    assert_eq!(of("chase_referrals = false\n").await.len(), 3);
    // One that leads nowhere hides nobody else.
    drop(other);
    assert_eq!(of("").await.len(), 3);
}

#[tokio::test]
async fn nested_groups_are_asked_for_in_active_directorys_way() {
    let Some(slapd) = Slapd::start() else { return };
    // OpenLDAP does not know the matching rule and finds nobody by it: whoever is found in `crew`
    // otherwise is not now.
    let scene = Scene::with_options(&slapd, "group_ad_nesting = true\n").await;
    let (crew, alice) = (scene.group_id("Crew").await, scene.user_id("Alice").await);
    let members = scene
        .get(&format!("/v3/groups/{crew}/users"))
        .await
        .expect(200)
        .json();
    assert_eq!(members["users"], json!([]));
    let groups = scene
        .get(&format!("/v3/users/{alice}/groups"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&groups["groups"]), Vec::<String>::new());
}

//! What grants amount to, asked of the database directly: the cases that need a federation, and what
//! they cost.

use crate::harness::{ACME, Scene};
use keystone::driver::sql::assignment::effective::{self, Holder, MembershipClock};
use keystone::driver::sql::assignment::{insert_grant, role};
use keystone::driver::sql::db::{Session, sql};
use keystone::driver::sql::{identity, resource};
use keystone::model::list::ListHints;
use keystone::model::{
    Actor, Assignment, AssignmentTarget, Group, GroupId, ProjectId, Role, Timestamp, UserId,
};
use serde_json::Map;

/// The scene, and besides it: the groups `brief` and `default`, of which `uma` is a member by federation
/// since midnight, for ten minutes and for the default time; `brief` has role `b` on `acme`, inherited by
/// its projects, `default` has `d` on `top`, and the group `token`, of which nobody is a member, has `t`
/// on `top`.
async fn federated() -> Scene {
    let scene = Scene::new().await;
    scene
        .app
        .app
        .db
        .transaction(|s| Box::pin(plant(s)))
        .await
        .expect("the federation takes");
    scene
}

async fn plant(s: &mut Session) -> keystone::Result<()> {
    let provider = "INSERT INTO identity_provider (id, enabled, domain_id, authorization_ttl) VALUES (?, ?, ?, ?)";
    let member = "INSERT INTO expiring_user_group_membership \
                  (user_id, group_id, idp_id, last_verified) VALUES ('uma', ?, ?, ?)";
    for (group, ttl) in [("brief", Some(10)), ("default", None)] {
        s.execute(sql(provider).bind(group).bind(true).bind(ACME).bind(ttl))
            .await?;
        insert_group(s, group).await?;
        s.execute(sql(member).bind(group).bind(group).bind(at(0)))
            .await?;
    }
    insert_group(s, "token").await?;
    let top = || AssignmentTarget::Project("top".into());
    for (group, target, role_id, inherited) in [
        ("brief", AssignmentTarget::Domain(ACME.into()), "b", true),
        ("brief", AssignmentTarget::Domain(ACME.into()), "b", false),
        ("default", top(), "d", false),
        ("token", top(), "t", false),
    ] {
        if role::role(s, &role_id.into()).await?.is_none() {
            role::insert_role(s, &global_role(role_id)).await?;
        }
        let grant = Assignment {
            actor: Actor::Group(group.into()),
            target,
            role_id: role_id.into(),
            inherited,
        };
        insert_grant(s, &grant).await?;
    }
    Ok(())
}

async fn insert_group(s: &mut Session, id: &str) -> keystone::Result<()> {
    let group = Group {
        id: id.into(),
        domain_id: ACME.into(),
        name: id.to_owned(),
        description: None,
        extra: Map::new(),
    };
    identity::insert_group(s, &group).await
}

fn global_role(id: &str) -> Role {
    Role {
        id: id.into(),
        name: id.to_owned(),
        domain_id: None,
        description: None,
        options: Map::new(),
        extra: Map::new(),
    }
}

fn at(minute: i64) -> Timestamp {
    let midnight = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
    midnight.plus_seconds(minute * 60)
}

fn clock(minute: i64, default_ttl_minutes: i64) -> MembershipClock {
    MembershipClock {
        now: at(minute),
        default_ttl_minutes,
    }
}

fn ids(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(|role| role.id.as_str()).collect()
}

#[tokio::test]
async fn a_membership_by_federation_ends_after_the_providers_time_or_the_default() {
    let scene = federated().await;
    let mut s = scene.app.app.db.session().await.unwrap();
    let uma = UserId::from("uma");
    for (minute, default_ttl, on_top, on_domain) in [
        (9, 0, vec!["b"], vec!["b"]),
        (10, 0, vec![], vec![]),
        (9, 10, vec!["b", "d"], vec!["b"]),
        (19, 20, vec!["d"], vec![]),
        (20, 20, vec![], vec![]),
    ] {
        let holder = Holder {
            user_id: &uma,
            group_ids: &[],
            clock: clock(minute, default_ttl),
        };
        let found = effective::roles_on_project(&mut s, &holder, &"top".into()).await;
        assert_eq!(ids(&found.unwrap()), on_top, "{minute} {default_ttl}");
        let found = effective::roles_on_domain(&mut s, &holder, &ACME.into()).await;
        assert_eq!(ids(&found.unwrap()), on_domain, "{minute} {default_ttl}");
    }
    let groups = ["brief", "default", "crew"].map(GroupId::from);
    let mut members = effective::members_of(&mut s, &groups, clock(15, 20))
        .await
        .unwrap();
    members.sort();
    assert_eq!(
        members,
        [("crew", "uma"), ("default", "uma")].map(|(group, user)| (group.into(), user.into()))
    );
}

#[tokio::test]
async fn groups_that_a_token_names_count_without_membership() {
    let scene = federated().await;
    let mut s = scene.app.app.db.session().await.unwrap();
    let groups = ["token", "unknown"].map(GroupId::from);
    let holder = Holder {
        user_id: &"uma".into(),
        group_ids: &groups,
        clock: clock(60, 0),
    };
    let found = effective::roles_on_project(&mut s, &holder, &"top".into())
        .await
        .unwrap();
    assert_eq!(ids(&found), ["t"]);
}

async fn domain_ids(s: &mut Session, holder: &Holder<'_>) -> Vec<String> {
    let theirs = effective::with_domains_of(s.dialect(), holder);
    let page = resource::projects_among(s, theirs, &[], &ListHints::default()).await;
    let domains = page.unwrap().items.into_iter();
    domains.map(|domain| domain.id.to_string()).collect()
}

#[tokio::test]
async fn a_users_projects_and_domains_are_where_a_role_takes_effect() {
    let scene = federated().await;
    let local = scene.new_role("local", Some(ACME)).await;
    scene
        .put(&format!("/v3/domains/{ACME}/users/vic/roles/{local}"))
        .await
        .expect(204);
    let member = scene.role("member").to_owned();
    scene
        .put(&format!("/v3/projects/elsewhere/users/vic/roles/{member}"))
        .await
        .expect(204);
    let mut s = scene.app.app.db.session().await.unwrap();
    let (uma, vic) = (UserId::from("uma"), UserId::from("vic"));
    let holder = |user_id| Holder {
        user_id,
        group_ids: &[],
        clock: clock(5, 0),
    };
    let all = ["below", "elsewhere", "top"].map(ProjectId::from);
    let mut projects = effective::project_ids_of(&mut s, &holder(&uma), &all)
        .await
        .unwrap();
    projects.sort();
    assert_eq!(projects, ["below", "top"].map(ProjectId::from));
    let asked = effective::project_ids_of(&mut s, &holder(&uma), &all[..2]).await;
    assert_eq!(asked.unwrap(), all[..1]);
    assert_eq!(domain_ids(&mut s, &holder(&uma)).await, [ACME]);
    let projects = effective::project_ids_of(&mut s, &holder(&vic), &all)
        .await
        .unwrap();
    assert_eq!(projects, [ProjectId::from("elsewhere")]);
    assert!(
        domain_ids(&mut s, &holder(&vic)).await.is_empty(),
        "a domain's role that implies nothing opens nothing"
    );
}

#[tokio::test]
async fn effective_roles_cost_one_statement() {
    let scene = federated().await;
    let db = &scene.app.app.db;
    let mut s = db.session().await.unwrap();
    let holder = Holder {
        user_id: &"uma".into(),
        group_ids: &[],
        clock: clock(5, 0),
    };
    let before = db.statements();
    effective::roles_on_project(&mut s, &holder, &"below".into())
        .await
        .unwrap();
    assert_eq!(db.statements() - before, 1);
    effective::roles_on_domain(&mut s, &holder, &ACME.into())
        .await
        .unwrap();
    assert_eq!(db.statements() - before, 2);
    effective::roles_on_system(&mut s, &holder).await.unwrap();
    assert_eq!(db.statements() - before, 3);
}

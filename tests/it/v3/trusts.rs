//! `/v3/OS-TRUST/trusts` and the tokens that trusts give.

use crate::harness::Scene;
use crate::harness::delegation::{grant, id_of, project, revoke, role_names, scene, trust};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

const TRUSTS: &str = "/v3/OS-TRUST/trusts";

async fn uma(scene: &Scene) -> String {
    scene.login("uma", project("top")).await
}

#[tokio::test]
async fn a_trust_is_made_seen_listed_and_withdrawn() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let wanted =
        trust(json!({ "expires_at": "2026-01-02T00:00:00Z", "remaining_uses": 3, "note": "x" }));
    let made = scene.post_as(&token, TRUSTS, wanted).await.expect(201);
    let id = id_of(&made, "trust");
    let made = made.json();
    let path = format!("{TRUSTS}/{id}");
    let itself = format!("http://keystone.test{path}");
    let mut member = made["trust"].clone();
    assert_eq!(member["roles"][0]["name"], "member");
    assert_eq!(
        member["roles"][0]["links"]["self"],
        format!("http://keystone.test/v3/roles/{}", scene.role("member"))
    );
    member["roles"] = Value::Null;
    assert_eq!(
        member,
        json!({
            "id": id, "trustor_user_id": "uma", "trustee_user_id": "vic", "project_id": "top",
            "impersonation": true, "expires_at": "2026-01-02T00:00:00.000000Z",
            "remaining_uses": 3, "deleted_at": null, "redelegated_trust_id": null,
            "redelegation_count": 0, "note": "x", "roles": null,
            "roles_links": { "self": format!("{itself}/roles"), "next": null, "previous": null },
            "links": { "self": itself },
        })
    );
    assert_eq!(scene.get_as(&token, &path).await.expect(200).json(), made);

    let vic = scene.login("vic", json!("unscoped")).await;
    for (token, query) in [
        (&token, "trustor_user_id=uma"),
        (&vic, "trustee_user_id=vic"),
    ] {
        let listed = scene.get_as(token, &format!("{TRUSTS}?{query}")).await;
        let listed = listed.expect(200).json();
        assert_eq!(listed["trusts"].as_array().unwrap().len(), 1);
        let first = &listed["trusts"][0];
        assert_eq!(first["id"], id.as_str());
        assert!(first.get("roles").is_none() && first.get("roles_links").is_none());
    }
    let nothing = scene.get(&format!("{TRUSTS}?trustor_user_id=vic")).await;
    assert_eq!(nothing.expect(200).json()["trusts"], json!([]));
    assert_eq!(
        scene.get(TRUSTS).await.expect(200).json()["trusts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let roles = scene
        .get_as(&vic, &format!("{path}/roles"))
        .await
        .expect(200)
        .json();
    assert_eq!(roles["roles"], made["trust"]["roles"]);
    assert_eq!(roles["links"], made["trust"]["roles_links"]);
    let role = format!("{path}/roles/{}", scene.role("member"));
    let shown = scene.get_as(&vic, &role).await.expect(200).json();
    assert_eq!(shown["role"], made["trust"]["roles"][0]);
    scene.app.head(&role).token(&vic).send().await.expect(200);
    let other = format!("{path}/roles/{}", scene.role("reader"));
    scene.get_as(&vic, &other).await.error(404);

    scene.delete_as(&vic, &path).await.error(403);
    scene.delete_as(&token, &path).await.expect(204);
    scene.get_as(&token, &path).await.error(404);
    scene.delete_as(&token, &path).await.error(404);
    assert_eq!(
        scene.get(TRUSTS).await.expect(200).json()["trusts"],
        json!([])
    );
}

#[tokio::test]
async fn strangers_see_no_trusts() {
    let scene = scene().await;
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    let zoe = scene.login("zoe", json!("unscoped")).await;
    for path in [
        format!("{TRUSTS}/{id}"),
        format!("{TRUSTS}/{id}/roles"),
        format!("{TRUSTS}/{id}/roles/{}", scene.role("member")),
        TRUSTS.to_owned(),
        format!("{TRUSTS}?trustor_user_id=uma"),
        format!("{TRUSTS}?trustee_user_id=vic"),
    ] {
        scene.get_as(&zoe, &path).await.error(403);
        scene.app.get(&path).send().await.error(401);
    }
    scene
        .get_as(&zoe, &format!("{TRUSTS}/missing"))
        .await
        .error(404);
}

#[tokio::test]
async fn what_a_trust_may_not_be() {
    let scene = scene().await;
    let token = uma(&scene).await;
    for (status, members) in [
        (403, json!({ "trustor_user_id": "vic" })),
        (403, json!({ "roles": [] })),
        (404, json!({ "trustee_user_id": "nobody" })),
        (404, json!({ "project_id": "nowhere" })),
        (404, json!({ "project_id": "elsewhere" })),
        (404, json!({ "project_id": null })),
        (404, json!({ "roles": [{ "name": "no such role" }] })),
        (404, json!({ "roles": [{ "name": "admin" }] })),
        (404, json!({ "roles": [{ "id": scene.role("manager") }] })),
        (400, json!({ "roles": [{}] })),
        (400, json!({ "impersonation": "yes" })),
        (400, json!({ "remaining_uses": 0 })),
        (400, json!({ "remaining_uses": 9e30 })),
        (400, json!({ "expires_at": "soon" })),
        (400, json!({ "expires_at": "2030-01-01T00:00:00+0500" })),
        (400, json!({ "expires_at": "2030-01-01T00:00:00+05:00" })),
        (400, json!({ "expires_at": "+70000-01-01T00:00:00" })),
        (400, json!({ "expires_at": "2025-12-31T23:59:59Z" })),
        (
            400,
            json!({ "remaining_uses": 1, "allow_redelegation": true }),
        ),
        (
            403,
            json!({ "redelegation_count": 4, "allow_redelegation": true }),
        ),
        (
            403,
            json!({ "redelegated_trust_id": "0123456789abcdef0123456789abcdef" }),
        ),
    ] {
        let answer = scene.post_as(&token, TRUSTS, trust(members.clone())).await;
        assert_eq!(answer.status, status, "{members}: {}", answer.body);
        answer.error(status);
    }
    let unscoped = scene.login("vic", json!("unscoped")).await;
    scene
        .post_as(&unscoped, TRUSTS, trust(json!({})))
        .await
        .error(403);
    let none = json!({ "project_id": null, "roles": [] });
    let id = scene.new_trust(&token, trust(none)).await;
    scene.try_trust_login("vic", &id).await.error(401);
}

#[tokio::test]
async fn the_same_trust_with_the_same_end_is_a_conflict() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let ends = trust(json!({ "expires_at": "2026-02-01T00:00:00Z" }));
    scene.new_trust(&token, ends.clone()).await;
    scene.post_as(&token, TRUSTS, ends).await.error(409);
    scene.new_trust(&token, trust(json!({}))).await;
    scene.new_trust(&token, trust(json!({}))).await;
}

#[tokio::test]
async fn an_impersonating_trust_acts_as_the_trustor() {
    let scene = scene().await;
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    let answer = scene.try_trust_login("vic", &id).await.expect(201);
    let body = answer.json();
    let token = &body["token"];
    assert_eq!(token["user"]["id"], "uma");
    assert_eq!(
        token["OS-TRUST:trust"],
        json!({ "id": id, "trustor_user": { "id": "uma" }, "trustee_user": { "id": "vic" }, "impersonation": true })
    );
    assert_eq!(token["project"]["id"], "top");
    assert!(token.get("is_domain").is_none());
    assert_eq!(role_names(&body), ["member", "reader"]);
    assert!(token["roles"][0].get("options").is_some(), "whole roles");
    let text = answer.header("x-subject-token").to_owned();
    assert_eq!(scene.validate(&text).await.expect(200).json(), body);
    let projects = scene.get_as(&text, "/v3/auth/projects").await.expect(200);
    assert_eq!(projects.json()["projects"][0]["id"], "top");
}

#[tokio::test]
async fn without_impersonation_the_trustee_acts_as_itself() {
    let scene = scene().await;
    let members = json!({ "impersonation": false, "roles": [{ "name": "reader" }] });
    let id = scene.new_trust(&uma(&scene).await, trust(members)).await;
    let body = scene.try_trust_login("vic", &id).await.expect(201).json();
    assert_eq!(body["token"]["user"]["id"], "vic");
    assert_eq!(role_names(&body), ["reader"]);
}

#[tokio::test]
async fn only_the_trustee_uses_a_trust() {
    let scene = scene().await;
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    scene.try_trust_login("zoe", &id).await.error(403);
    scene.try_trust_login("uma", &id).await.error(403);
    scene
        .try_trust_login("vic", "0123456789abcdef0123456789abcdef")
        .await
        .error(401);
}

#[tokio::test]
async fn a_trusts_token_ends_with_the_trust() {
    let scene = scene().await;
    let members = json!({ "expires_at": "2026-01-01T00:10:00.500000Z" });
    let id = scene.new_trust(&uma(&scene).await, trust(members)).await;
    let answer = scene.try_trust_login("vic", &id).await.expect(201);
    assert_eq!(
        answer.json()["token"]["expires_at"],
        "2026-01-01T00:10:00.000000Z"
    );
    let text = answer.header("x-subject-token").to_owned();
    scene.app.wait(601);
    scene.try_trust_login("vic", &id).await.error(401);
    scene.validate(&text).await.error(404);
    let path = format!("{TRUSTS}/{id}");
    let token = uma(&scene).await;
    scene.get_as(&token, &path).await.error(404);
}

#[tokio::test]
async fn uses_are_counted_and_racing_clients_share_them() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let id = scene
        .new_trust(&token, trust(json!({ "remaining_uses": 3 })))
        .await;
    let logins = (0..8).map(|_| scene.try_trust_login("vic", &id));
    let answers = futures_util::future::join_all(logins).await;
    let good = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(
        good,
        3,
        "{:?}",
        answers.iter().map(|a| a.status).collect::<Vec<_>>()
    );
    assert!(
        answers
            .iter()
            .all(|answer| [201, 401].contains(&answer.status))
    );
    scene
        .get_as(&token, &format!("{TRUSTS}/{id}"))
        .await
        .error(404);
    let listed = scene
        .get_as(&token, &format!("{TRUSTS}?trustor_user_id=uma"))
        .await;
    assert_eq!(listed.json()["trusts"][0]["remaining_uses"], 0);
}

#[tokio::test]
async fn a_use_is_counted_once_per_token() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let id = scene
        .new_trust(&token, trust(json!({ "remaining_uses": 2 })))
        .await;
    let path = format!("{TRUSTS}/{id}");
    let first = scene.trust_login("vic", &id).await;
    scene.validate(&first).await.expect(200);
    scene.try_trust_login("zoe", &id).await.error(403);
    let shown = scene.get_as(&token, &path).await.expect(200).json();
    assert_eq!(shown["trust"]["remaining_uses"], 1);
    let last = scene.trust_login("vic", &id).await;
    // A trust that is used up is no trust any more, so its tokens end as well.
    scene.validate(&last).await.error(404);
    scene.validate(&first).await.error(404);
}

#[tokio::test]
async fn a_trust_gives_nothing_when_its_trustor_lost_a_role() {
    let scene = scene().await;
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    let text = scene.trust_login("vic", &id).await;
    revoke(&scene, "uma", "top", "member").await;
    scene.validate(&text).await.error(403);
    scene.get_as(&text, "/v3/auth/projects").await.error(403);
    scene.try_trust_login("vic", &id).await.error(403);
    grant(&scene, "uma", "top", "reader").await;
    scene.try_trust_login("vic", &id).await.error(403);
    grant(&scene, "uma", "top", "admin").await;
    scene.validate(&text).await.expect(200);
}

#[tokio::test]
async fn a_trust_gives_nothing_while_its_trustor_is_disabled() {
    let scene = scene().await;
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    let text = scene.trust_login("vic", &id).await;
    let enable = |enabled: bool| json!({ "user": { "enabled": enabled } });
    scene
        .patch("/v3/users/uma", enable(false))
        .await
        .expect(200);
    scene.try_trust_login("vic", &id).await.error(403);
    scene.validate(&text).await.error(403);
    scene.get_as(&text, "/v3/auth/projects").await.error(403);
    scene.patch("/v3/users/uma", enable(true)).await.expect(200);
    scene.app.wait(1);
    // Who was disabled has lost the tokens of before, and those that act in its stead.
    scene.validate(&text).await.error(404);
    scene.trust_login("vic", &id).await;
}

#[tokio::test]
async fn a_trust_ends_with_its_trustor_its_trustee_and_its_project() {
    for path in ["/v3/users/uma", "/v3/users/vic", "/v3/projects/below"] {
        let scene = scene().await;
        grant(&scene, "uma", "below", "member").await;
        let token = scene.login("uma", project("below")).await;
        let id = scene
            .new_trust(&token, trust(json!({ "project_id": "below" })))
            .await;
        let text = scene.trust_login("vic", &id).await;
        scene.delete(path).await.expect(204);
        scene.validate(&text).await.error(404);
        scene.get(&format!("{TRUSTS}/{id}")).await.error(404);
        scene.try_trust_login("vic", &id).await.error(401);
    }
}

#[tokio::test]
async fn withdrawing_a_trust_ends_its_tokens() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let id = scene.new_trust(&token, trust(json!({}))).await;
    let text = scene.trust_login("vic", &id).await;
    scene
        .delete_as(&token, &format!("{TRUSTS}/{id}"))
        .await
        .expect(204);
    scene.validate(&text).await.error(404);
    scene.try_trust_login("vic", &id).await.error(401);
}

mod redelegated {
    use super::*;

    /// `uma` trusts `vic`, who can trust further; the trust and a token of it.
    async fn trusted(scene: &Scene, members: Value) -> (String, String) {
        let mut body = trust(json!({ "allow_redelegation": true }));
        crate::harness::delegation::merge(&mut body["trust"], members);
        let id = scene.new_trust(&uma(scene).await, body).await;
        let token = scene.trust_login("vic", &id).await;
        (id, token)
    }

    fn further(members: Value) -> Value {
        let mut body = trust(json!({ "trustee_user_id": "zoe" }));
        crate::harness::delegation::merge(&mut body["trust"], members);
        body
    }

    #[tokio::test]
    async fn a_trust_follows_from_another_within_its_bounds() {
        let scene = scene().await;
        let members = json!({ "expires_at": "2026-01-01T00:30:00Z" });
        let (parent, token) = trusted(&scene, members).await;
        let body = further(json!({ "allow_redelegation": true }));
        let child = scene.post_as(&token, TRUSTS, body).await.expect(201).json();
        let child = &child["trust"];
        assert_eq!(child["redelegated_trust_id"], parent.as_str());
        assert_eq!(child["redelegation_count"], 2);
        assert_eq!(child["expires_at"], "2026-01-01T00:30:00.000000Z");
        let id = child["id"].as_str().unwrap();
        let body = scene.try_trust_login("zoe", id).await.expect(201).json();
        assert_eq!(body["token"]["user"]["id"], "uma");
        assert_eq!(body["token"]["expires_at"], "2026-01-01T00:30:00.000000Z");
    }

    #[tokio::test]
    async fn nothing_is_redelegated_beyond_what_was_delegated() {
        let scene = scene().await;
        grant(&scene, "uma", "top", "admin").await;
        grant(&scene, "uma", "below", "admin").await;
        let members = json!({ "expires_at": "2026-01-01T00:30:00Z" });
        let (_, token) = trusted(&scene, members).await;
        for members in [
            json!({ "roles": [{ "name": "member" }, { "name": "manager" }] }),
            json!({ "roles": [{ "name": "admin" }] }),
            json!({ "expires_at": "2026-01-01T00:30:01Z" }),
            json!({ "remaining_uses": 1 }),
            json!({ "redelegation_count": 3, "allow_redelegation": true }),
            json!({ "redelegation_count": 1, "allow_redelegation": true }),
            json!({ "project_id": "below" }),
        ] {
            let answer = scene
                .post_as(&token, TRUSTS, further(members.clone()))
                .await;
            assert_eq!(answer.status, 403, "{members}: {}", answer.body);
        }
        scene.new_trust(&token, further(json!({}))).await;
    }

    #[tokio::test]
    async fn impersonation_does_not_appear_on_the_way() {
        let scene = scene().await;
        grant(&scene, "vic", "top", "member").await;
        let (_, token) = trusted(&scene, json!({ "impersonation": false })).await;
        let mine = |impersonation: bool| {
            further(json!({ "trustor_user_id": "vic", "impersonation": impersonation }))
        };
        scene.post_as(&token, TRUSTS, mine(true)).await.error(403);
        let child = scene.new_trust(&token, mine(false)).await;
        scene.trust_login("zoe", &child).await;
        // The trustor in the middle must keep the role too.
        revoke(&scene, "vic", "top", "member").await;
        scene.try_trust_login("zoe", &child).await.error(403);
    }

    #[tokio::test]
    async fn the_depth_of_a_chain_is_bounded() {
        let scene = scene().await;
        let (_, mut token) = trusted(&scene, json!({ "redelegation_count": 1 })).await;
        let body = further(json!({ "trustee_user_id": "vic", "allow_redelegation": true }));
        let child = scene.new_trust(&token, body.clone()).await;
        token = scene.trust_login("vic", &child).await;
        scene.post_as(&token, TRUSTS, body).await.error(403);

        let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
        let token = scene.trust_login("vic", &id).await;
        scene
            .post_as(&token, TRUSTS, further(json!({})))
            .await
            .error(403);
    }

    #[tokio::test]
    async fn a_trust_is_withdrawn_however_many_were_made_from_it() {
        const MANY: u32 = 16_400;
        let scene = scene().await;
        let (parent, token) = trusted(&scene, json!({})).await;
        let child = scene.new_trust(&token, further(json!({}))).await;
        let text = scene.trust_login("zoe", &child).await;
        let others: Vec<String> = (0..MANY)
            .map(|at| format!("('{at:032x}', 'vic', 'zoe', 'top', 1 = 1, '{{}}', '{parent}', 0)"))
            .collect();
        let others = &others;
        let planted = scene.app.app.db.transaction(|s| {
            Box::pin(async move {
                for some in others.chunks(1000) {
                    let insert = "INSERT INTO trust (id, trustor_user_id, trustee_user_id, \
                         project_id, impersonation, extra, redelegated_trust_id, \
                         redelegation_count) VALUES ";
                    s.execute(sql(insert).push(some.join(", "))).await?;
                }
                Ok(())
            })
        });
        planted.await.expect("the trusts take");
        let path = format!("{TRUSTS}/{parent}");
        scene.delete(&path).await.expect(204);
        scene.validate(&text).await.error(404);
        let last = format!("{TRUSTS}/{:032x}", MANY - 1);
        scene.get(&last).await.error(404);
    }

    #[tokio::test]
    async fn a_chain_breaks_at_any_link() {
        let scene = scene().await;
        let (parent, token) = trusted(&scene, json!({})).await;
        let child = scene.new_trust(&token, further(json!({}))).await;
        let text = scene.trust_login("zoe", &child).await;
        let enable = |enabled: bool| json!({ "user": { "enabled": enabled } });
        scene
            .patch("/v3/users/vic", enable(false))
            .await
            .expect(200);
        scene.try_trust_login("zoe", &child).await.error(403);
        scene.validate(&text).await.error(403);
        scene.patch("/v3/users/vic", enable(true)).await.expect(200);
        scene.trust_login("zoe", &child).await;
        scene
            .delete(&format!("{TRUSTS}/{parent}"))
            .await
            .expect(204);
        scene.validate(&text).await.error(404);
        scene.try_trust_login("zoe", &child).await.error(401);
        scene.get(&format!("{TRUSTS}/{child}")).await.error(404);
    }
}

#[tokio::test]
async fn a_trusts_token_does_not_say_whether_it_is_for_the_admin_project() {
    let config = "[resource]\nadmin_project_name = top\nadmin_project_domain_name = acme\n";
    let scene = Scene::with_config(config).await;
    grant(&scene, "uma", "top", "member").await;
    let own = scene.try_login("uma", project("top")).await.expect(201);
    assert_eq!(own.json()["token"]["is_admin_project"], true);
    let id = scene.new_trust(&uma(&scene).await, trust(json!({}))).await;
    let handed_on = scene.try_trust_login("vic", &id).await.expect(201);
    assert_eq!(handed_on.json()["token"].get("is_admin_project"), None);
}

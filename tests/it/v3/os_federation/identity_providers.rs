//! `/v3/OS-FEDERATION/identity_providers`

use super::*;

#[tokio::test]
async fn one_is_answered_with_all_that_it_is() {
    let scene = Scene::new().await;
    let members = json!({
        "domain_id": ACME, "enabled": true, "description": "d",
        "remote_ids": ["urn:b", "urn:a"], "authorization_ttl": 10,
    });
    let made = put_idp(&scene, "idp", members).await.expect(201);
    let expected = format!(
        concat!(
            r#"{{"identity_provider":{{"id":"idp","domain_id":"{}","enabled":true,"#,
            r#""description":"d","remote_ids":["urn:a","urn:b"],"authorization_ttl":10,"#,
            r#""links":{{"self":"http://keystone.test{}/idp"}}}}}}"#,
            "\n"
        ),
        ACME, IDPS
    );
    assert_eq!(made.body, expected);
    let path = format!("{IDPS}/idp");
    assert_eq!(scene.get(&path).await.expect(200).body, expected);
    assert_eq!(scene.head(&path).await.expect(200).body, "");
    let listed = scene.get(IDPS).await.expect(200).json();
    let links = &listed["identity_providers"][0]["links"];
    assert_eq!(
        links["protocols"],
        format!("http://keystone.test{IDPS}/idp/protocols")
    );
}

#[tokio::test]
async fn one_without_a_domain_gets_its_own_and_others_are_told() {
    let scene = Scene::new().await;
    let made = put(&scene, &format!("{IDPS}/idp"), json!({}))
        .await
        .expect(201);
    let made = &made.json()["identity_provider"];
    assert_eq!(made["enabled"], false);
    assert_eq!(made["remote_ids"], json!([]));
    assert_eq!(made["authorization_ttl"], Value::Null);
    let domain = made["domain_id"].as_str().expect("a domain");
    let shown = scene
        .get(&format!("/v3/domains/{domain}"))
        .await
        .expect(200);
    assert_eq!(shown.json()["domain"]["name"], domain);
    assert_eq!(shown.json()["domain"]["enabled"], true);
    let told = scene.app.notifications().await;
    let created = |told: &&Value| told["event_type"] == "identity.domain.created";
    assert_eq!(told.iter().filter(created).count(), 1);
    // A taken id takes the new domain back.
    put_idp(&scene, "idp", json!({})).await.error(409);
    let domains = scene.get("/v3/domains").await.expect(200).json();
    let named = |id: &&Value| {
        id["description"]
            .as_str()
            .is_some_and(|d| d.contains("idp"))
    };
    let domains = domains["domains"].as_array().expect("a list").clone();
    assert_eq!(domains.iter().filter(named).count(), 1);
}

#[tokio::test]
async fn a_remote_id_belongs_to_one_of_them() {
    let scene = Scene::new().await;
    let one = json!({ "domain_id": ACME, "remote_ids": ["urn:a", "urn:b"] });
    put_idp(&scene, "one", one.clone()).await.expect(201);
    put_idp(&scene, "two", one).await.error(409);
    scene.get(&format!("{IDPS}/two")).await.error(404);
    put_idp(&scene, "two", json!({ "domain_id": ACME }))
        .await
        .expect(201);
    let two = format!("{IDPS}/two");
    let change = |ids: Value| json!({ "identity_provider": { "remote_ids": ids } });
    let taken = scene.patch(&two, change(json!(["urn:c", "urn:b"]))).await;
    taken.error(409);
    let shown = scene.get(&two).await.expect(200).json();
    assert_eq!(shown["identity_provider"]["remote_ids"], json!([]));
    let given_up = scene
        .patch(&format!("{IDPS}/one"), change(json!(["urn:a"])))
        .await;
    given_up.expect(200);
    scene
        .patch(&two, change(json!(["urn:b"])))
        .await
        .expect(200);
    let none = scene
        .patch(&two, change(Value::Null))
        .await
        .expect(200)
        .json();
    assert_eq!(none["identity_provider"]["remote_ids"], json!([]));
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let scene = Scene::new().await;
    let members = json!({ "domain_id": ACME, "description": "d", "authorization_ttl": 5 });
    put_idp(&scene, "idp", members).await.expect(201);
    let path = format!("{IDPS}/idp");
    let patch = async |members: Value| {
        scene
            .patch(&path, json!({ "identity_provider": members }))
            .await
    };
    let changed = patch(json!({ "enabled": "yes" })).await.expect(200).json();
    let changed = &changed["identity_provider"];
    assert_eq!(
        (&changed["enabled"], &changed["description"]),
        (&json!(true), &json!("d"))
    );
    let changed = patch(json!({ "description": null, "authorization_ttl": null })).await;
    let changed = changed.expect(200).json();
    assert_eq!(
        changed["identity_provider"]["authorization_ttl"],
        Value::Null
    );
    assert_eq!(changed["identity_provider"]["description"], Value::Null);
    for refused in [
        json!({}),
        json!({ "domain_id": ACME }),
        json!({ "authorization_ttl": -1 }),
        json!({ "authorization_ttl": 3_000_000_000_u32 }),
        json!({ "remote_ids": ["x", "x"] }),
        json!({ "other": 1 }),
    ] {
        patch(refused).await.error(400);
    }
    let body = json!({ "identity_provider": { "enabled": true } });
    scene.patch(&format!("{IDPS}/none"), body).await.error(404);
}

#[tokio::test]
async fn what_can_be_none_is_refused() {
    let scene = Scene::new().await;
    put_idp(&scene, &"x".repeat(65), json!({})).await.error(400);
    put_idp(&scene, "idp", json!({ "domain_id": "none" }))
        .await
        .error(404);
    put_idp(&scene, "idp", json!({ "domain_id": "top" }))
        .await
        .error(404);
    put_idp(&scene, "idp", json!({ "id": "idp" }))
        .await
        .error(400);
    scene.get(&format!("{IDPS}/idp")).await.error(404);
    scene.delete(&format!("{IDPS}/idp")).await.error(404);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let scene = Scene::new().await;
    for (id, enabled) in [("a1", true), ("a2", false), ("b1", true)] {
        let members = json!({ "domain_id": ACME, "enabled": enabled });
        put_idp(&scene, id, members).await.expect(201);
    }
    let list = async |query: &str| {
        let answer = scene.get(&format!("{IDPS}?{query}")).await.expect(200);
        ids(&answer, "identity_providers")
    };
    assert_eq!(list("").await, ["a1", "a2", "b1"]);
    assert_eq!(list("enabled=true").await, ["a1", "b1"]);
    assert_eq!(list("enabled=0").await, ["a2"]);
    assert_eq!(list("id=a2").await, ["a2"]);
    assert_eq!(list("id__startswith=a&enabled=True").await, ["a1"]);
    assert_eq!(list("limit=1&marker=a1").await, ["a2"]);
    scene
        .get(&format!("{IDPS}?enabled=perhaps"))
        .await
        .error(400);
}

#[tokio::test]
async fn users_who_are_known_by_nothing_else_go_with_it() {
    let scene = Scene::new().await;
    for idp in ["one", "two"] {
        put_idp(&scene, idp, json!({ "domain_id": ACME }))
            .await
            .expect(201);
        put_mapping(&scene, idp, json!({ "rules": rules() }))
            .await
            .expect(201);
        for protocol in ["mapped", "saml2"] {
            let members = json!({ "mapping_id": idp });
            put_protocol(&scene, idp, protocol, members)
                .await
                .expect(201);
        }
    }
    for statement in [
        r#"INSERT INTO "user" (id, domain_id, enabled, extra) VALUES ('only', 'default', true, '{}')"#,
        r#"INSERT INTO "user" (id, domain_id, enabled, extra) VALUES ('both', 'default', true, '{}')"#,
        r#"INSERT INTO "user" (id, domain_id, enabled, extra) VALUES ('saml', 'default', true, '{}')"#,
        "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
         VALUES ('only', 'one', 'mapped', 'o', 'o')",
        "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
         VALUES ('both', 'one', 'mapped', 'b', 'b')",
        "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
         VALUES ('both', 'two', 'mapped', 'b', 'b')",
        "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
         VALUES ('saml', 'two', 'saml2', 's', 's')",
        "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
         VALUES ('uma', 'one', 'mapped', 'u', 'u')",
        "INSERT INTO expiring_user_group_membership (user_id, group_id, idp_id, last_verified) \
         VALUES ('both', 'crew', 'one', '2026-01-01 00:00:00.000000')",
    ] {
        run(&scene, statement).await;
    }
    scene.delete(&format!("{IDPS}/one")).await.expect(204);
    scene.get(&format!("{IDPS}/one")).await.error(404);
    scene
        .get(&format!("{IDPS}/one/protocols/mapped"))
        .await
        .error(404);
    scene.get("/v3/users/only").await.error(404);
    for user in ["both", "saml", "uma"] {
        scene.get(&format!("/v3/users/{user}")).await.expect(200);
    }
    let left = "SELECT user_id AS value FROM expiring_user_group_membership";
    assert_eq!(row(&scene, left).await, None);
    scene
        .delete(&format!("{IDPS}/two/protocols/saml2"))
        .await
        .expect(204);
    scene.get("/v3/users/saml").await.error(404);
    scene.get("/v3/users/both").await.expect(200);
    scene
        .delete(&format!("{IDPS}/two/protocols/saml2"))
        .await
        .error(404);
    // Its domain stays, and goes without it.
    scene.get(&format!("/v3/domains/{ACME}")).await.expect(200);
}

#[tokio::test]
async fn a_provider_whose_memberships_last_zero_minutes_has_the_default() {
    let scene = Scene::with_config("[federation]\ndefault_authorization_ttl = 5\n").await;
    let provider = json!({ "identity_provider": { "authorization_ttl": 0 } });
    let request = scene.app.put(&format!("{IDPS}/one")).token(&scene.admin);
    request.json(provider).send().await.expect(201);
    let member = "INSERT INTO expiring_user_group_membership \
                  (user_id, group_id, idp_id, last_verified) \
                  VALUES ('vic', 'crew', 'one', '2026-01-01 00:00:00.000000')";
    run(&scene, member).await;
    let groups = scene.get("/v3/users/vic/groups").await.expect(200).json();
    assert_eq!(
        groups["groups"][0]["membership_expires_at"],
        "2026-01-01T00:05:00.000000"
    );
    let member = "/v3/groups/crew/users/vic";
    scene.app.wait(299);
    scene.get(member).await.expect(204);
    scene.app.wait(1);
    scene.get(member).await.error(404);
}

#[tokio::test]
async fn a_domains_providers_go_with_it() {
    let scene = Scene::new().await;
    let made = put_idp(&scene, "idp", json!({ "remote_ids": ["urn:a"] }))
        .await
        .expect(201);
    let domain = made.json()["identity_provider"]["domain_id"].clone();
    let domain = format!("/v3/domains/{}", domain.as_str().expect("an id"));
    let disabled = json!({ "domain": { "enabled": false } });
    scene.patch(&domain, disabled).await.expect(200);
    scene.delete(&domain).await.expect(204);
    scene.get(&format!("{IDPS}/idp")).await.error(404);
    let again = json!({ "domain_id": ACME, "remote_ids": ["urn:a"] });
    put_idp(&scene, "idp", again).await.expect(201);
}

//! `/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols`

use super::*;

async fn with_provider() -> Scene {
    let scene = Scene::new().await;
    put_idp(&scene, "i%20d", json!({ "domain_id": ACME }))
        .await
        .expect(201);
    for id in ["m", "n"] {
        put_mapping(&scene, id, json!({ "rules": rules() }))
            .await
            .expect(201);
    }
    scene
}

#[tokio::test]
async fn one_shows_less_of_itself_than_in_lists() {
    let scene = Scene::new().await;
    put_idp(&scene, "idp", json!({ "domain_id": ACME }))
        .await
        .expect(201);
    put_mapping(&scene, "m", json!({ "rules": rules() }))
        .await
        .expect(201);
    let members = json!({ "mapping_id": "m", "remote_id_attribute": "ISS" });
    let made = put_protocol(&scene, "idp", "mapped", members)
        .await
        .expect(201);
    let address = format!("http://keystone.test{IDPS}/idp");
    let links = json!({
        "self": format!("{address}/protocols/mapped"), "identity_provider": address,
    });
    let shown = json!({ "protocol": { "id": "mapped", "mapping_id": "m", "links": links } });
    assert_eq!(made.json(), shown);
    let path = format!("{IDPS}/idp/protocols/mapped");
    assert_eq!(scene.get(&path).await.expect(200).json(), shown);
    let list = scene
        .get(&format!("{IDPS}/idp/protocols"))
        .await
        .expect(200)
        .json();
    let listed = json!([{
        "id": "mapped", "idp_id": "idp", "mapping_id": "m", "remote_id_attribute": "ISS",
        "links": links,
    }]);
    assert_eq!(list["protocols"], listed);
}

#[tokio::test]
async fn each_needs_a_provider_and_a_mapping() {
    let scene = with_provider().await;
    let good = json!({ "mapping_id": "m" });
    put_protocol(&scene, "none", "p", good.clone())
        .await
        .error(404);
    put_protocol(&scene, "i%20d", "p", json!({ "mapping_id": "x" }))
        .await
        .error(400);
    put_protocol(&scene, "i%20d", "p", json!({}))
        .await
        .error(400);
    put_protocol(&scene, "i%20d", &"p".repeat(65), good.clone())
        .await
        .error(400);
    put_protocol(&scene, "i%20d", "p", good.clone())
        .await
        .expect(201);
    put_protocol(&scene, "i%20d", "p", good).await.error(409);
    let shown = scene.get(&format!("{IDPS}/i%20d")).await.expect(200).json();
    assert_eq!(shown["identity_provider"]["id"], "i d");
    let none = scene
        .get(&format!("{IDPS}/none/protocols"))
        .await
        .expect(200);
    assert_eq!(none.json()["protocols"], json!([]));
    scene
        .get(&format!("{IDPS}/none/protocols/p"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_change_names_a_mapping() {
    let scene = with_provider().await;
    let members = json!({ "mapping_id": "m", "remote_id_attribute": "ISS" });
    put_protocol(&scene, "i%20d", "p", members)
        .await
        .expect(201);
    let path = format!("{IDPS}/i%20d/protocols/p");
    let patch = async |members: Value| scene.patch(&path, json!({ "protocol": members })).await;
    let changed = patch(json!({ "mapping_id": "n" })).await.expect(200).json();
    assert_eq!(changed["protocol"]["mapping_id"], "n");
    patch(json!({ "mapping_id": "n", "remote_id_attribute": "" }))
        .await
        .expect(200);
    let list = scene
        .get(&format!("{IDPS}/i%20d/protocols"))
        .await
        .expect(200)
        .json();
    assert_eq!(list["protocols"][0]["remote_id_attribute"], "");
    patch(json!({ "mapping_id": "x" })).await.error(400);
    patch(json!({ "remote_id_attribute": "ISS" }))
        .await
        .error(400);
    patch(json!({ "mapping_id": "n", "remote_id_attribute": null }))
        .await
        .error(400);
    let body = json!({ "protocol": { "mapping_id": "n" } });
    scene
        .patch(&format!("{IDPS}/i%20d/protocols/x"), body)
        .await
        .error(404);
}

//! What v2.0 says of itself, and how it refuses what it does not have.

use crate::harness::TestApp;
use axum::http::Method;
use serde_json::{Value, json};

fn aliases(answer: &Value) -> Vec<&str> {
    let values = answer["extensions"]["values"].as_array().expect("a list");
    let mut aliases: Vec<_> = values
        .iter()
        .map(|extension| extension["alias"].as_str().expect("text"))
        .collect();
    aliases.sort_unstable();
    aliases
}

#[tokio::test]
async fn the_root_lists_v3_as_stable_before_v2_as_deprecated() {
    let app = TestApp::new().await;
    let root = app.get("/").public().send().await.expect(300).json();
    let versions: Vec<_> = root["versions"]["values"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| (version["id"].clone(), version["status"].clone()))
        .collect();
    let expected = [("v3.14", "stable"), ("v2.0", "deprecated")];
    assert_eq!(
        versions,
        expected.map(|(id, status)| (json!(id), json!(status)))
    );
}

#[tokio::test]
async fn v2_describes_itself_whatever_the_method() {
    let app = TestApp::new().await;
    let expected = json!({ "version": {
        "id": "v2.0",
        "status": "deprecated",
        "updated": "2016-08-04T00:00:00Z",
        "links": [
            { "rel": "self", "href": "http://keystone.test/v2.0/" },
            { "rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/" },
        ],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v2.0+json",
        }],
    } });
    for path in ["/v2.0", "/v2.0/"] {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
        ] {
            let answer = app.request(method, path).public().send().await.expect(200);
            assert_eq!(answer.json(), expected);
            assert_eq!(answer.header("vary"), "X-Auth-Token");
            assert!(answer.header("x-openstack-request-id").starts_with("req-"));
        }
        assert_eq!(app.head(path).send().await.expect(200).body, "");
    }
    // A token that is not good has no part in it.
    app.get("/v2.0").token("nonsense").send().await.expect(200);
}

#[tokio::test]
async fn each_listener_announces_its_own_extensions() {
    let app = TestApp::new().await;
    let both = [
        "OS-EC2",
        "OS-FEDERATION",
        "OS-OAUTH1",
        "OS-REVOKE",
        "OS-SIMPLE-CERT",
    ];
    let public = app
        .get("/v2.0/extensions")
        .public()
        .send()
        .await
        .expect(200)
        .json();
    let admin = app.get("/v2.0/extensions").send().await.expect(200).json();
    let mut expected = both.to_vec();
    expected.insert(2, "OS-KSCRUD");
    assert_eq!(aliases(&public), expected);
    expected[2] = "OS-KSADM";
    expected.push("s3tokens");
    assert_eq!(aliases(&admin), expected);

    for extension in admin["extensions"]["values"].as_array().expect("a list") {
        for member in [
            "name",
            "namespace",
            "alias",
            "updated",
            "description",
            "links",
        ] {
            assert!(extension.get(member).is_some(), "{extension}");
        }
    }
    let one = app
        .get("/v2.0/extensions/OS-KSADM")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(one["extension"]["alias"], "OS-KSADM");
    assert_eq!(
        one["extension"]["namespace"],
        "http://docs.openstack.org/identity/api/ext/OS-KSADM/v1.0"
    );
    app.get("/v2.0/extensions/OS-KSADM")
        .public()
        .send()
        .await
        .error(404);
    app.get("/v2.0/extensions/OS-KSCRUD")
        .send()
        .await
        .error(404);
    app.get("/v2.0/extensions/OS-TRUST").send().await.error(404);
}

#[tokio::test]
async fn what_v2_does_not_have_is_404_with_its_error_body() {
    let app = TestApp::new().await;
    for (method, path) in [
        (Method::GET, "/v2.0/nope"),
        (Method::GET, "/v2.0/extensions.json"),
        (Method::POST, "/v2.0/extensions"),
        (Method::OPTIONS, "/v2.0/extensions"),
        (Method::GET, "/v2.0/tokens"),
    ] {
        let answer = app.request(method, path).send().await;
        answer.error(404);
        let error = answer.json()["error"]
            .as_object()
            .expect("an object")
            .clone();
        let mut members: Vec<_> = error.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "message", "title"]);
        assert_eq!(error["title"], "Not Found");
        assert!(answer.headers.get("allow").is_none());
    }
    app.head("/v2.0/extensions").send().await.expect(404);
    // Versions are spelled exactly; a doubled slash behind one does no harm.
    app.get("/V2.0/extensions").send().await.expect(404);
    app.get("/v2.0//extensions/").send().await.expect(200);
    app.get("/v2.00/extensions").send().await.expect(404);
}

#[tokio::test]
async fn v2_can_be_turned_off() {
    let app = TestApp::with_config("[DEFAULT]\nenable_v2 = false\n").await;
    let root = app.get("/").send().await.expect(300).json();
    let versions = root["versions"]["values"].as_array().expect("a list").len();
    assert_eq!(versions, 1);
    for path in ["/v2.0", "/v2.0/", "/v2.0/extensions", "/v2.0//extensions"] {
        app.get(path).send().await.error(404);
        app.get(path).public().send().await.error(404);
    }
    app.get("/v3").send().await.expect(200);
}

//! Version documents.

use super::links::BaseUrl;
use serde_json::{Value, json};

/// What `GET /v3` answers with 200.
pub fn v3(base: &BaseUrl) -> Value {
    json!({ "version": version(base) })
}

/// What `GET /v2.0` answers with 200.
pub fn v2(base: &BaseUrl) -> Value {
    json!({ "version": version_2(base) })
}

/// What `GET /` answers with 300. The answer's `Location` is [`location`].
pub fn root(base: &BaseUrl, with_v2: bool) -> Value {
    let mut versions = vec![version(base)];
    // After v3 and deprecated: clients take the stable one, unless they are told otherwise.
    if with_v2 {
        versions.push(version_2(base));
    }
    json!({ "versions": { "values": versions } })
}

/// Where the API is: `http://host:5000/v3/`.
pub fn location(base: &BaseUrl) -> String {
    format!("{}/", base.v3())
}

fn version(base: &BaseUrl) -> Value {
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{ "rel": "self", "href": location(base) }],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }],
    })
}

fn version_2(base: &BaseUrl) -> Value {
    json!({
        "id": "v2.0",
        "status": "deprecated",
        "updated": "2016-08-04T00:00:00Z",
        "links": [
            { "rel": "self", "href": format!("{}/", base.v2()) },
            { "rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/" },
        ],
        "media-types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v2.0+json",
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_those_of_keystone_30() {
        let version = concat!(
            r#"{"id":"v3.14","status":"stable","updated":"2020-04-07T00:00:00Z","#,
            r#""links":[{"rel":"self","href":"http://h:5000/v3/"}],"#,
            r#""media-types":[{"base":"application/json","#,
            r#""type":"application/vnd.openstack.identity-v3+json"}]}"#
        );
        let base = BaseUrl::from_public_endpoint("http://h:5000/");
        assert_eq!(v3(&base).to_string(), format!(r#"{{"version":{version}}}"#));
        assert_eq!(
            root(&base, false).to_string(),
            format!(r#"{{"versions":{{"values":[{version}]}}}}"#)
        );
    }
}

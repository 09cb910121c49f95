use super::text::list_of;
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn rules(rules: Value) -> Rules {
    Rules::read(&rules, Version::V1).unwrap()
}

fn said<'v>(variables: &[(&'v str, &'v str)]) -> Assertion {
    Assertion::new(variables.iter().copied())
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(Value::to_string);
    items.dedup();
    items
}

/// A domain of nothing but nulls, and null, are no domain.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn comparable(mut mapped: Value) -> Value {
    for groups in ["group_ids", "group_names"] {
        let items = mapped[groups].as_array().unwrap().clone();
        mapped[groups] = sorted(items).into();
    }
    without_nulls(&mut mapped);
    mapped.sort_all_objects();
    mapped
}

#[test]
fn assertions_are_mapped_as_keystone_30_maps_them() {
    let golden = include_str!("../../../../tests/golden/mappings.json");
    let cases: Vec<Value> = serde_json::from_str(golden).unwrap();
    assert!(cases.len() > 200);
    let mut wrong = Vec::new();
    for case in &cases {
        let version = Version::named(case["version"].as_str().unwrap()).unwrap();
        let assertion = case["assertion"].as_object().unwrap();
        let variables = assertion
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let mapped = Rules::read(&case["rules"], version)
            .and_then(|rules| rules.apply(&Assertion::new(variables)));
        let same = match (&mapped, case.get("mapped")) {
            (Ok(mapped), Some(wanted)) => comparable(json!(mapped)) == comparable(wanted.clone()),
            (Err(_), None) => true,
            _ => false,
        };
        if !same {
            wrong.push(format!("{case}\n  gave {mapped:?}"));
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} differ:\n{}", wrong.join("\n"));
}

#[test]
fn nobody_is_made_of_values_that_were_all_taken_out() {
    let rules = rules(json!([{
        "local": [{ "user": { "name": "{0}" } }],
        "remote": [{ "type": "NAME", "whitelist": ["alice"] }],
    }]));
    let mapped = rules.apply(&said(&[("NAME", "alice;bob")])).unwrap();
    assert_eq!(mapped.user.name.as_deref(), Some("alice"));
    let refused = rules.apply(&said(&[("NAME", "bob")])).unwrap_err();
    assert!(matches!(refused, MappingError::Unusable(_)), "{refused}");
}

#[test]
fn groups_may_have_any_name() {
    let rules = rules(json!([{
        "local": [{ "groups": "{0}", "domain": { "id": "d" } }],
        "remote": [{ "type": "GROUPS" }],
    }]));
    let mapped = rules.apply(&said(&[("GROUPS", "surname;domain")])).unwrap();
    let names: Vec<&str> = mapped.group_names.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["surname", "domain"]);
}

#[test]
fn placeholders_that_reach_into_values_are_refused() {
    for template in [
        "{0.__class__}",
        "{0[0]}",
        "{0!r}",
        "{0:>99}",
        "{ 0}",
        "{NAME}",
    ] {
        let rules = rules(json!([{
            "local": [{ "user": { "name": template } }],
            "remote": [{ "type": "NAME" }],
        }]));
        assert!(
            rules.apply(&said(&[("NAME", "bob")])).is_err(),
            "{template}"
        );
    }
}

#[test]
fn there_is_an_end_to_what_a_rule_can_cost() {
    let many = "{0}".repeat(30_000);
    let long = "x".repeat(60_000);
    let blown_up = rules(json!([{
        "local": [{ "user": { "name": many } }],
        "remote": [{ "type": "NAME" }],
    }]));
    assert!(blown_up.apply(&said(&[("NAME", &long)])).is_err());

    let going_back = r"^(?:(a+)+\1)+$";
    let never_ends = rules(json!([{
        "local": [{ "user": { "name": "u" } }],
        "remote": [{ "type": "NAME", "any_one_of": [going_back], "regex": true }],
    }]));
    let trap = format!("{}b", "a".repeat(5_000));
    assert!(never_ends.apply(&said(&[("NAME", &trap)])).is_err());

    let expressions: Vec<String> = (0..2_000).map(|n| format!("x{n}$")).collect();
    let searching = rules(json!([{
        "local": [{ "user": { "name": "u" } }],
        "remote": [{ "type": "NAME", "any_one_of": expressions, "regex": true }],
    }]));
    let values = vec!["y"; 30_000].join(";");
    assert!(searching.apply(&said(&[("NAME", &values)])).is_err());

    let ids = rules(json!([{
        "local": [{ "group_ids": "{0}" }],
        "remote": [{ "type": "NAME" }],
    }]));
    let values: Vec<String> = (0..30_000).map(|n| n.to_string()).collect();
    assert!(ids.apply(&said(&[("NAME", &values.join(";"))])).is_err());
    let some = ids.apply(&said(&[("NAME", &values[..5_000].join(";"))]));
    assert_eq!(some.unwrap().group_ids.len(), 5_000);
}

fn template() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("{0}".to_owned()),
        Just("{1}".to_owned()),
        Just("{}".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("['".to_owned()),
        Just("JSON:{\"name\":".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn condition() -> impl Strategy<Value = Value> {
    let list = proptest::collection::vec(
        prop_oneof![
            Just(json!("a|b")),
            Just(json!(7)),
            any::<String>().prop_map(Value::from)
        ],
        0..4,
    );
    let kind = prop_oneof![
        Just("any_one_of"),
        Just("not_any_of"),
        Just("whitelist"),
        Just("blacklist"),
        Just("nothing"),
    ];
    ("[AB]", kind, list, any::<bool>()).prop_map(
        |(attribute, kind, list, regex)| json!({ "type": attribute, kind: list, "regex": regex }),
    )
}

proptest! {
    #[test]
    fn no_rules_and_no_assertion_end_in_a_panic(
        templates in proptest::collection::vec(template(), 6),
        conditions in proptest::collection::vec(condition(), 0..4),
        a in any::<String>(),
        b in "[ab;'\\[\\]\\\\,]{0,20}",
        version in prop_oneof![Just(Version::V1), Just(Version::V2), Just(Version::V3)],
    ) {
        let [name, group, groups, ids, project, json] = &templates[..] else { unreachable!() };
        let local = json!({
            "user": { "name": name },
            "group": { "name": group, "domain": { "name": name } },
            "groups": groups,
            "group_ids": ids,
            "domain": { "id": group },
            "projects": [{ "name": project, "roles": [{ "name": name }] }],
            "projects_json": json,
        });
        let rules = json!([{ "local": [local], "remote": conditions }]);
        if let Ok(rules) = Rules::read(&rules, version) {
            let _ = rules.apply(&said(&[("A", &a), ("B", &b)]));
        }
    }

    #[test]
    fn several_values_are_the_same_after_they_stood_in_a_text(
        values in proptest::collection::vec(any::<String>(), 2..6),
    ) {
        let mut expander = Expander::default();
        expander.set_values(vec![values.clone()]);
        prop_assert_eq!(expander.list(Some("{0}")).unwrap(), Some(values));
    }

    #[test]
    fn whatever_looks_like_a_list_is_read_without_a_panic(text in "\\PC{0,20}|[\\['\"\\\\xu0-9, \\]]{0,30}") {
        let _ = list_of(&text);
    }
}

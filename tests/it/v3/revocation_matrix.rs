//! Which tokens each event ends: as Keystone 30.0.0 has it, for every format alike, as the subject of
//! a validation and as the bearer of a request, on the server that made the change, on another one on
//! the same database and on one without a cache; and which of them the signed list names.

mod stage;

use crate::harness::{TestApp, signing};
use keystone::token::pki::ShortIdHash;
use serde_json::Value;
use stage::{Held, Stage};

/// One row an event, one column a kind of token: `x` is dead, `.` is alive, and `r` is alive with fewer
/// roles than it was made with, so that a text that says them itself stands in the signed list.
const MATRIX: &str = "
                              unscoped derived project by-group domain system trust credential oauth1 oauth2 fed-unscoped fed-group
    unscoped-deleted             x        x       .       .       .      .      .       .        .      .         .           .
    unscoped-deleted-alone       x        .       .       .       .      .      .       .        .      .         .           .
    derived-deleted              .        x       .       .       .      .      .       .        .      .         .           .
    project-token-deleted        .        .       x       .       .      .      .       .        .      .         .           .
    user-tokens-deleted          x        x       x       x       x      x      x       x        x      x         x           x
    user-disabled                x        x       x       x       x      x      x       x        x      x         x           x
    user-deleted                 x        x       x       x       x      x      x       x        x      x         x           x
    user-renamed                 .        .       .       .       .      .      .       .        .      .         .           .
    password-set                 x        x       x       x       x      x      x       x        x      x         x           x
    password-changed             x        x       x       x       x      x      x       x        x      x         x           x
    group-left                   x        x       x       x       x      x      x       x        x      x         x           x
    group-joined                 .        .       .       .       .      .      .       .        .      .         .           .
    group-with-roles-deleted     x        x       x       x       x      x      x       x        x      x         x           x
    idle-group-deleted           .        .       .       .       .      .      .       .        .      .         .           .
    project-disabled             .        x       x       x       .      .      x       x        x      x         .           x
    project-deleted              .        x       x       x       .      .      x       x        x      x         .           x
    project-renamed              .        .       .       .       .      .      .       .        .      .         .           .
    other-project-disabled       .        .       .       .       .      .      .       .        .      .         .           .
    domain-disabled              x        x       x       x       x      x      x       x        x      x         x           x
    grant-on-project-removed     .        x       x       .       .      .      x       x        x      x         .           .
    one-of-two-grants-removed    .        r       r       .       .      .      x       x        x      r         .           .
    grant-added                  .        .       .       .       .      .      .       .        .      .         .           .
    grant-on-domain-removed      .        .       .       .       x      .      .       .        .      .         .           .
    grant-on-system-removed      .        .       .       .       .      x      .       .        .      .         .           .
    grant-of-group-removed       .        .       .       x       .      .      .       .        .      .         .           x
    role-deleted                 .        x       x       .       .      .      x       x        x      x         .           .
    implied-role-removed         .        .       .       r       r      .      .       .        .      .         .           r
    catalog-changed              .        .       .       .       .      .      .       .        .      .         .           .
    trustee-disabled             .        .       .       .       .      .      x       .        .      .         .           .
    trustee-deleted              .        .       .       .       .      .      x       .        .      .         .           .
    trustee-tokens-deleted       .        .       .       .       .      .      x       .        .      .         .           .
    trust-deleted                .        .       .       .       .      .      x       .        .      .         .           .
    credential-deleted           .        .       .       .       .      .      .       x        .      .         .           .
    consumer-deleted             .        .       .       .       .      .      .       .        x      .         .           .
    access-token-deleted         .        .       .       .       .      .      .       .        x      .         .           .
    provider-disabled            .        .       .       .       .      .      .       .        .      .         .           .
    provider-deleted             .        .       .       .       .      .      .       .        .      .         x           x
    protocol-deleted             .        .       .       .       .      .      .       .        .      .         x           x
    mapping-deleted              .        .       .       .       .      .      .       .        .      .         .           .
    same-groups-again            .        .       .       .       .      .      .       .        .      .         .           .
    other-groups-now             x        x       x       x       x      x      x       x        x      x         x           x
    fed-token-deleted            .        .       .       .       .      .      .       .        .      .         x           x
    expired                      x        x       x       x       x      x      x       x        x      x         x           x
";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Dead,
    Alive,
    FewerRoles,
}

/// An event with the fate of each kind of token.
struct Row {
    event: &'static str,
    fates: Vec<(&'static str, Fate)>,
}

impl Row {
    fn fate(&self, token: &Held) -> Fate {
        let found = self.fates.iter().find(|(kind, _)| *kind == token.kind);
        found.expect("a column for each kind").1
    }
}

fn rows() -> Vec<Row> {
    let mut lines = MATRIX.lines().filter(|line| !line.trim().is_empty());
    let kinds: Vec<_> = lines.next().expect("kinds").split_whitespace().collect();
    let row = |line: &'static str| {
        let mut cells = line.split_whitespace();
        let event = cells.next().expect("an event");
        let fates = cells.map(|cell| match cell {
            "x" => Fate::Dead,
            "." => Fate::Alive,
            "r" => Fate::FewerRoles,
            other => panic!("{event}: no fate {other}"),
        });
        let fates: Vec<_> = kinds.iter().copied().zip(fates).collect();
        assert_eq!(fates.len(), kinds.len(), "{event}");
        Row { event, fates }
    };
    lines.map(row).collect()
}

/// Holds every token against its fate, on one server.
async fn check(app: &TestApp, admin: &str, stage: &Stage, row: &Row, what: &str) {
    for token in &stage.tokens {
        let what = format!("{what}: {}: {token:?}", row.event);
        let dead = row.fate(token) == Fate::Dead;
        let request = app.get("/v3/auth/tokens").token(admin);
        let status = request.subject(&token.text).send().await.status;
        // A trust whose trustor lost the role is refused rather than not found.
        let expected: &[u16] = match (dead, token.kind) {
            (false, _) => &[200],
            (true, "trust") => &[403, 404],
            (true, _) => &[404],
        };
        assert!(expected.contains(&status), "{what}, asked about: {status}");
        // Of a scope that is gone, the bearer's own answer is 404.
        let request = app.get("/v3/auth/projects").token(&token.text);
        let status = request.send().await.status;
        let expected: &[u16] = if dead { &[401, 403, 404] } else { &[200] };
        assert!(expected.contains(&status), "{what}, shown: {status}");
    }
}

/// Holds the signed list of a server against the fates of the tokens that are kept in the store.
async fn check_list(app: &TestApp, admin: &str, stage: &Stage, row: &Row, what: &str) {
    let request = app.get("/v3/auth/tokens/OS-PKI/revoked").token(admin);
    let pem = request.send().await.expect(200).json()["signed"].take();
    let content = signing::verify(pem.as_str().expect("a document"));
    let content: Value = serde_json::from_str(&content).expect("JSON");
    let listed = content["revoked"].as_array().expect("a list");
    for token in &stage.tokens {
        let (id, speaks) = match token.format {
            "uuid" => (token.text.clone(), false),
            "pki" | "pkiz" => (ShortIdHash::Md5.of(&token.text), true),
            _ => continue,
        };
        let expected = match row.fate(token) {
            // What has ended need not be listed.
            Fate::Dead => row.event != "expired",
            Fate::FewerRoles => speaks,
            Fate::Alive => false,
        };
        let found = listed.iter().any(|entry| entry["id"] == *id);
        let event = row.event;
        assert_eq!(found, expected, "{what}: {event}: {token:?} is on the list");
    }
}

async fn hold(row: &Row) {
    let stage = Stage::set().await;
    let config = signing::config("fernet");
    let here = &stage.scene.app;
    let other = &here.sibling(&config).await;
    let forgetful = &here
        .sibling(&format!("{config}[cache]\nenabled = false\n"))
        .await;
    // Whoever keeps tokens has seen every token.
    for server in [here, other] {
        for token in &stage.tokens {
            let request = server.get("/v3/auth/tokens").token(&stage.scene.admin);
            let status = request.subject(&token.text).send().await.status;
            assert_eq!(status, 200, "{token:?} before {}", row.event);
        }
    }
    here.wait(1);
    stage.happens(row.event).await;
    let admin = &here.admin().await;
    check(here, admin, &stage, row, "here").await;
    // What the other server's poll does every quarter of a second.
    other.app.db.refresh_versions().await.expect("a poll");
    check(other, admin, &stage, row, "on another server").await;
    check(forgetful, admin, &stage, row, "without a cache").await;
    for (server, what) in [
        (here, "here"),
        (other, "on another server"),
        (forgetful, "without a cache"),
    ] {
        check_list(server, admin, &stage, row, what).await;
        // Once more, from what is known by now.
        check_list(server, admin, &stage, row, what).await;
    }
}

/// Every fourth row: so they run side by side.
async fn hold_part(part: usize) {
    for row in rows().iter().skip(part).step_by(4) {
        hold(row).await;
    }
}

#[tokio::test]
async fn tokens_of_every_format_end_as_keystones_do_part_1() {
    hold_part(0).await;
}

#[tokio::test]
async fn tokens_of_every_format_end_as_keystones_do_part_2() {
    hold_part(1).await;
}

#[tokio::test]
async fn tokens_of_every_format_end_as_keystones_do_part_3() {
    hold_part(2).await;
}

#[tokio::test]
async fn tokens_of_every_format_end_as_keystones_do_part_4() {
    hold_part(3).await;
}

//! The built programs with a message bus.

use super::bus::Bus;
use super::proxy::Proxy;
use crate::cli::harness::{Home, Server, eventually, said};
use crate::harness::ADMIN_PASSWORD;
use crate::harness::Seed;
use crate::harness::db::TestDb;
use keystone::model::Timestamp;
use std::time::{Duration, Instant};

async fn home(options: &str) -> (Home, TestDb) {
    let db = TestDb::synced().await;
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
    Seed::plant(&db.db, now).await;
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), options);
    assert!(home.manage_keys("fernet_setup").status.success());
    (home, db)
}

fn serve(home: &Home) -> Server {
    let config = home.path("keystone.conf").display().to_string();
    home.serve(&["--config-file", &config])
}

/// Makes a region; returns the request's id.
fn make_region(server: &Server, id: &str) -> String {
    let answer = server.login("admin", ADMIN_PASSWORD).expect(201);
    let token = format!("X-Auth-Token: {}\r\n", answer.header("x-subject-token"));
    let body = format!(r#"{{"region": {{"id": "{id}"}}}}"#);
    let answer = server
        .request("POST", "/v3/regions", &token, &body)
        .expect(201);
    answer.header("x-openstack-request-id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_over_the_bus_with_the_configured_publisher() {
    let Some(bus) = Bus::find().await else { return };
    let options = bus.config("messagingv2", "[DEFAULT]\ndefault_publisher_id = here\n");
    let (home, _db) = home(&options).await;
    let server = serve(&home);
    let request = make_region(&server, "R");
    let told = bus.next().await.enveloped();
    let members: Vec<_> = told.as_object().expect("an object").keys().collect();
    assert_eq!(
        members,
        [
            "message_id",
            "publisher_id",
            "event_type",
            "priority",
            "payload",
            "timestamp",
            "_unique_id"
        ]
    );
    assert_eq!(told["event_type"], "identity.region.created");
    assert_eq!(told["publisher_id"], "identity.here");
    assert_eq!(told["priority"], "INFO");
    assert_eq!(told["payload"]["initiator"]["request_id"], request.as_str());
    assert_eq!(told["payload"]["resource_info"], "R");
    bus.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_and_what_is_opted_out_count_for_the_bus_too() {
    let Some(bus) = Bus::find().await else { return };
    let options = bus.config(
        "messaging",
        "[DEFAULT]\nnotification_format = basic\n\
         notification_opt_out = identity.region.created\n",
    );
    let (home, _db) = home(&options).await;
    let server = serve(&home);
    make_region(&server, "R");
    // The default that opts logins out is gone with the option's own value.
    let told = bus.next().await.json();
    assert_eq!(told["event_type"], "identity.authenticate");
    assert_eq!(told["payload"]["outcome"], "success");
    let answer = server.login("admin", ADMIN_PASSWORD).expect(201);
    let token = format!("X-Auth-Token: {}\r\n", answer.header("x-subject-token"));
    server
        .request("DELETE", "/v3/regions/R", &token, "")
        .expect(204);
    assert_eq!(
        bus.next().await.json()["event_type"],
        "identity.authenticate"
    );
    let told = bus.next().await.json();
    assert_eq!(told["event_type"], "identity.region.deleted");
    assert_eq!(told["payload"]["resource_info"], "R");
    assert!(told["payload"].get("typeURI").is_none(), "{told}");
    bus.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_waits_until_everything_is_sent() {
    let Some(bus) = Bus::find().await else { return };
    let (home, _db) = home(&bus.config("messagingv2", "")).await;
    let mut server = serve(&home);
    make_region(&server, "R");
    server.signal("TERM");
    assert!(server.ended().success());
    assert_eq!(
        bus.next().await.enveloped()["payload"]["resource_info"],
        "R"
    );
    bus.clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_away_keeps_neither_a_request_nor_the_end_waiting_for_long() {
    let Some(bus) = Bus::find().await else { return };
    let silent = Proxy::silent().await;
    let address = silent.address.to_string();
    let options = bus
        .config_at(&address, "messagingv2", "")
        .replace("guest:guest", "u:geheim");
    let (home, _db) = home(&options).await;
    let mut server = serve(&home);
    let begun = Instant::now();
    for number in 0..3 {
        make_region(&server, &format!("R{number}"));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let begun = Instant::now();
    server.signal("TERM");
    assert!(server.ended().success());
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let log = server.log();
    assert!(log.contains("not sent in time and are lost: 3"), "{log}");
    assert!(!log.contains("geheim"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_in_the_log_without_the_password() {
    let Some(bus) = Bus::find().await else { return };
    let options = bus
        .config("messagingv2", "")
        .replace("guest:guest", "guest:geheim");
    let (home, _db) = home(&options).await;
    let mut keystone = home.keystone();
    keystone.env("RUST_LOG", "trace");
    let config = home.path("keystone.conf").display().to_string();
    let server = home.serve_by(keystone, &["--config-file", &config]);
    make_region(&server, "R");
    let found = eventually("the refusal to be logged", || {
        let log = server.log();
        let line = log
            .lines()
            .find(|line| line.contains("notifications wait"))?;
        Some(line.to_owned())
    });
    assert!(
        found.contains(&bus.address) && found.contains("ACCESS_REFUSED"),
        "{found}"
    );
    assert!(!server.log().contains("geheim"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_virtual_host_is_named() {
    let Some(bus) = Bus::find().await else { return };
    let options = bus.config("messagingv2", "");
    let options = options.replace(
        &format!("@{}/\n", bus.address),
        &format!("@{}/no%20such\n", bus.address),
    );
    let (home, _db) = home(&options).await;
    let server = serve(&home);
    make_region(&server, "R");
    server.wait_for_log("no such");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_tell_what_they_do_and_do_not_wait_for_ever() {
    let Some(bus) = Bus::find().await else { return };
    let (home, db) = home(&bus.config("messagingv2", "")).await;
    let setup = ["project_setup", "--project-name"];
    let output = home.manage(&[&setup[..], &["told"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let told = bus.next().await.enveloped();
    assert_eq!(told["event_type"], "identity.project.created");

    home.config(
        &db.sqlalchemy_url(),
        &bus.config_at("127.0.0.1:1", "messagingv2", ""),
    );
    let begun = Instant::now();
    let output = home.manage(&[&setup[..], &["untold"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert!(said(&output).contains("are lost: 1"), "{}", said(&output));
    bus.clean().await;
}

#[tokio::test]
async fn a_bus_that_is_set_up_wrongly_stops_the_start_with_the_place_and_the_reason() {
    let options = "[oslo_messaging_notifications]\ndriver = messagingv2\n\
                   transport_url = rabbit://u:geheim@h:x/\n";
    let (home, _db) = home(options).await;
    let mut keystone = home.keystone();
    keystone
        .args([
            "--bind",
            "127.0.0.1:0",
            "--admin-bind",
            "none",
            "--config-file",
        ])
        .arg(home.path("keystone.conf"));
    let output = keystone.output().expect("keystone starts");
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("[oslo_messaging_notifications] transport_url"),
        "{said}"
    );
    assert!(
        said.contains("keystone.conf:") && said.contains("port"),
        "{said}"
    );
    assert!(!said.contains("geheim"), "{said}");
}

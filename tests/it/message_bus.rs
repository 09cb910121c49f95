//! Notifications over RabbitMQ: what oslo.messaging's listeners find there, and what happens when the
//! server is not what it should be.

mod bus;
mod programs;
mod proxy;

use bus::{Bus, driver, notification, number};
use keystone::config::Config;
use keystone::driver::notification::drivers;
use lapin::ExchangeKind;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use proxy::{Certificates, Proxy, text};
use std::io::Read as _;
use std::time::Duration;

/// Options that make retries quick.
const HASTY: &str = "[oslo_messaging_rabbit]\nkombu_reconnect_delay = 0\n";

#[tokio::test]
async fn a_message_has_the_properties_that_kombu_gives_it() {
    let Some(bus) = Bus::find().await else { return };
    let driver = driver(&bus.config("messagingv2", ""));
    driver.send(&notification(1)).await;
    let received = bus.next().await;
    assert_eq!(number(&received), 1);
    let properties = &received.properties;
    let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(ToString::to_string);
    assert_eq!(
        text(properties.content_type()).as_deref(),
        Some("application/json")
    );
    assert_eq!(
        text(properties.content_encoding()).as_deref(),
        Some("utf-8")
    );
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(*properties.priority(), Some(0));
    bus.clean().await;
}

#[tokio::test]
async fn both_formats_go_to_every_topic_and_each_message_has_an_id_of_its_own() {
    let Some(bus) = Bus::find().await else { return };
    let second = format!("{}.second", bus.name);
    let driver = driver(&bus.config(
        "messaging\ndriver = messagingv2",
        &format!("topics = {},{second}", bus.name),
    ));
    driver.send(&notification(7)).await;
    driver.flush().await;
    let mut ids = Vec::new();
    for queue in [bus.key(), format!("{second}.info")] {
        let plain = bus.next_of(&queue).await.json();
        assert_eq!(plain["payload"]["number"], 7);
        let enveloped = bus.next_of(&queue).await.enveloped();
        assert_eq!(enveloped["payload"], plain["payload"]);
        ids.extend([plain, enveloped].map(|message| message["_unique_id"].to_string()));
        assert!(bus.get(&queue).await.is_none());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    bus.clean().await;
}

#[tokio::test]
async fn exchange_and_queue_are_declared_as_oslo_messaging_does_it() {
    let quorum = "rabbit_quorum_queue = true\nrabbit_quorum_delivery_limit = 3\n\
                  rabbit_quorum_max_memory_length = 5\nrabbit_quorum_max_memory_bytes = 7";
    let mut limits = FieldTable::default();
    limits.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    for (name, limit) in [
        ("x-delivery-limit", 3),
        ("x-max-in-memory-length", 5),
        ("x-max-in-memory-bytes", 7),
    ] {
        limits.insert(name.into(), AMQPValue::LongInt(limit));
    }
    let none = FieldTable::default();
    for (options, durable, auto_delete, arguments) in [
        ("", false, false, &none),
        ("amqp_durable_queues = true", true, false, &none),
        ("amqp_auto_delete = true", false, true, &none),
        (quorum, true, false, &limits),
    ] {
        let Some(bus) = Bus::find().await else { return };
        let options = format!("[oslo_messaging_rabbit]\n{options}");
        let driver = driver(&bus.config("messagingv2", &options));
        driver.send(&notification(1)).await;
        driver.flush().await;
        let declared = bus.is_declared(durable, auto_delete, arguments.clone());
        assert!(declared.await, "{options}");
        assert_eq!(number(&bus.next().await), 1);
        bus.clean().await;
    }
}

#[tokio::test]
async fn what_is_declared_already_in_another_way_is_used_as_it_is() {
    let Some(bus) = Bus::find().await else { return };
    bus.declare_exchange(ExchangeKind::Topic, true).await;
    let mut limit = FieldTable::default();
    limit.insert("x-max-length".into(), AMQPValue::LongInt(100));
    bus.declare_queue(QueueDeclareOptions::default(), limit)
        .await;
    let driver = driver(&bus.config("messagingv2", ""));
    driver.send(&notification(1)).await;
    assert_eq!(number(&bus.next().await), 1);
    assert_eq!(driver.dropped(), 0);
    bus.clean().await;
}

#[tokio::test]
async fn a_queue_that_somebody_deleted_is_made_anew_and_nothing_is_lost() {
    let Some(bus) = Bus::find().await else { return };
    let driver = driver(&bus.config("messagingv2", ""));
    driver.send(&notification(1)).await;
    driver.flush().await;
    bus.delete_queue().await;
    driver.send(&notification(2)).await;
    assert_eq!(number(&bus.next().await), 2);
    bus.clean().await;
}

#[tokio::test]
async fn a_body_may_be_compressed() {
    let Some(bus) = Bus::find().await else { return };
    let options = "[oslo_messaging_rabbit]\nkombu_compression = gzip";
    let driver = driver(&bus.config("messaging", options));
    driver.send(&notification(1)).await;
    let received = bus.next().await;
    let headers = received.properties.headers().clone().unwrap_or_default();
    assert_eq!(
        headers.inner().get("compression"),
        Some(&AMQPValue::LongString("application/x-gzip".into()))
    );
    let mut body = String::new();
    flate2::read::ZlibDecoder::new(received.body.as_slice())
        .read_to_string(&mut body)
        .expect("zlib's format");
    assert!(body.contains(r#""number":1"#), "{body}");
    bus.clean().await;
}

#[tokio::test]
async fn nothing_is_lost_while_the_server_is_away_and_the_order_stays() {
    let Some(bus) = Bus::find().await else { return };
    let proxy = Proxy::start(&bus.address).await;
    let address = proxy.address;
    let driver = driver(&bus.config_at(&address.to_string(), "messagingv2", HASTY));
    driver.send(&notification(0)).await;
    driver.flush().await;
    drop(proxy);
    for sent in 1..=500 {
        driver.send(&notification(sent)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(driver.waiting(), 500);
    let _proxy = Proxy::start_at(address, &bus.address, None).await;
    driver.flush().await;
    assert_eq!((driver.waiting(), driver.dropped()), (0, 0));
    for sent in 0..=500 {
        assert_eq!(number(&bus.next().await), sent);
    }
    bus.clean().await;
}

#[tokio::test]
async fn another_server_of_the_url_takes_over() {
    let Some(bus) = Bus::find().await else { return };
    // One that hangs up at once, and one that is not there.
    let (dead, gone) = (Proxy::start("127.0.0.1:1").await, Proxy::silent().await);
    let url = format!(
        "{},g:g@{},guest:guest@{}",
        dead.address, gone.address, bus.address
    );
    drop(gone);
    let driver = driver(&bus.config_at(&url, "messagingv2", HASTY));
    driver.send(&notification(1)).await;
    assert_eq!(number(&bus.next().await), 1);
    bus.clean().await;
}

#[tokio::test]
async fn retries_end_where_the_configuration_says_so() {
    let Some(bus) = Bus::find().await else { return };
    for retry in [0, 1] {
        let options = format!("retry = {retry}\n{HASTY}");
        let driver = driver(&bus.config_at("127.0.0.1:1", "messagingv2", &options));
        driver.send(&notification(1)).await;
        driver.flush().await;
        assert_eq!((driver.waiting(), driver.dropped()), (0, 1), "{retry}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_keeps_nobody_waiting() {
    let Some(bus) = Bus::find().await else { return };
    let silent = Proxy::silent().await;
    let driver = driver(&bus.config_at(&silent.address.to_string(), "messagingv2", HASTY));
    let begun = std::time::Instant::now();
    for sent in 0..10 {
        driver.send(&notification(sent)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(driver.waiting(), 10);
}

#[tokio::test]
async fn wrong_logins_are_tried_again_and_lose_nothing() {
    let Some(bus) = Bus::find().await else { return };
    let config = bus
        .config("messagingv2", HASTY)
        .replace("guest:guest", "guest:wrong");
    let driver = driver(&config);
    driver.send(&notification(1)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((driver.waiting(), driver.dropped()), (1, 0));
}

#[tokio::test]
async fn every_login_method_works_that_the_server_has() {
    for method in ["AMQPLAIN", "PLAIN"] {
        let Some(bus) = Bus::find().await else { return };
        let options = format!("[oslo_messaging_rabbit]\nrabbit_login_method = {method}");
        let driver = driver(&bus.config("messagingv2", &options));
        driver.send(&notification(1)).await;
        assert_eq!(number(&bus.next().await), 1, "{method}");
        bus.clean().await;
    }
}

#[tokio::test]
async fn the_connection_may_be_encrypted_and_both_sides_may_show_certificates() {
    let Some(bus) = Bus::find().await else { return };
    let certificates = Certificates::new();
    let ours = Certificates::new();
    for asks_clients in [false, true] {
        let any = "127.0.0.1:0".parse().expect("an address");
        let tls = certificates.acceptor(asks_clients);
        let proxy = Proxy::start_at(any, &bus.address, Some(tls)).await;
        let file = |name: &str| text(&certificates.file(name));
        let mut options = format!("{HASTY}ssl = true\nssl_ca_file = {}\n", file("ca.pem"));
        let config =
            |options: &str| bus.config_at(&proxy.address.to_string(), "messagingv2", options);
        if asks_clients {
            let without = driver(&config(&format!("{options}ssl_version = TLSv1_2")));
            without.send(&notification(0)).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(without.waiting(), 1);
            options += &format!(
                "ssl_cert_file = {}\nssl_key_file = {}\n",
                file("cert.pem"),
                file("key.pem")
            );
        }
        let trusting = driver(&config(&options));
        trusting.send(&notification(1)).await;
        assert_eq!(number(&bus.next().await), 1);

        let other = options.replace(&file("ca.pem"), &text(&ours.file("ca.pem")));
        let distrusting = driver(&config(&other));
        distrusting.send(&notification(2)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(distrusting.waiting(), 1);
    }
    assert!(bus.get(&bus.key()).await.is_none());
    bus.clean().await;
}

#[tokio::test]
async fn a_certificate_of_another_name_is_not_believed() {
    let Some(bus) = Bus::find().await else { return };
    let certificates = Certificates::new();
    let any = "127.0.0.1:0".parse().expect("an address");
    let proxy = Proxy::start_at(any, &bus.address, Some(certificates.acceptor(false))).await;
    let options = format!(
        "{HASTY}ssl = true\nssl_ca_file = {}\n",
        text(&certificates.file("ca.pem"))
    );
    let address = format!("localhost:{}", proxy.address.port());
    let driver = driver(&bus.config_at(&address, "messagingv2", &options));
    driver.send(&notification(1)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(driver.waiting(), 1);
}

#[tokio::test]
async fn options_that_can_not_be_followed_are_refused_at_the_start() {
    let bus = "[oslo_messaging_notifications]\ndriver = messagingv2\n";
    let rabbit = "[oslo_messaging_rabbit]\n";
    for (options, wanted) in [
        (
            format!("{rabbit}rabbit_quorum_queue = true\nrabbit_ha_queues = true"),
            "rabbit_ha_queues",
        ),
        (format!("{rabbit}kombu_compression = bzip2"), "bzip2"),
        (format!("{rabbit}ssl = true\nssl_version = TLSv1"), "TLSv1"),
        (
            format!("{rabbit}ssl = true\nssl_ca_file = /nonexistent.pem"),
            "/nonexistent.pem",
        ),
        (
            format!("[DEFAULT]\ncontrol_exchange = {}", "x".repeat(256)),
            "control_exchange",
        ),
        (
            "[DEFAULT]\ntransport_url = rabbit://h:x/".to_owned(),
            "port",
        ),
        (
            "[DEFAULT]\ntransport_url = rabbit://h/?ssl_ca=x".to_owned(),
            "ssl_ca",
        ),
    ] {
        let config = Config::from_text(&format!("{bus}{options}\n")).expect("a configuration");
        let Err(error) = drivers(&config) else {
            panic!("{options} is taken");
        };
        assert!(
            format!("{error:?}").contains(wanted),
            "{options}: {error:?}"
        );
    }
}

#[tokio::test]
async fn after_its_farewell_a_driver_still_sends_what_it_is_given() {
    let Some(bus) = Bus::find().await else { return };
    let driver = driver(&bus.config("messagingv2", ""));
    for sent in [1, 2] {
        driver.send(&notification(sent)).await;
        driver.close().await;
    }
    for sent in [1, 2] {
        assert_eq!(number(&bus.next().await), sent);
    }
    bus.clean().await;
}

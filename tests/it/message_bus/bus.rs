//! RabbitMQ, with an exchange and queues for one test alone, and a proxy before it.

use keystone::config::Config;
use keystone::driver::notification::{Driver, Notification, drivers};
use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message as a consumer sees it.
pub struct Received {
    pub body: Vec<u8>,
    pub properties: BasicProperties,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// What is in the envelope of version 2.
    pub fn enveloped(&self) -> Value {
        let envelope = self.json();
        assert_eq!(envelope["oslo.version"], "2.0");
        let message = envelope["oslo.message"].as_str().expect("text");
        serde_json::from_str(message).expect("JSON")
    }
}

/// The machine's RabbitMQ, or the one that `KEYSTONE_TEST_RABBIT` names, as host and port.
pub struct Bus {
    connection: Connection,
    channel: Channel,
    pub address: String,
    /// The exchange, and the only topic.
    pub name: String,
}

impl Bus {
    /// What is missing is skipped with a loud word at home, and fails in CI.
    pub async fn find() -> Option<Self> {
        let address = std::env::var("KEYSTONE_TEST_RABBIT");
        let address = address.unwrap_or_else(|_| "127.0.0.1:5672".to_owned());
        let url = format!("amqp://guest:guest@{address}/%2f");
        let connection = match Connection::connect(&url, ConnectionProperties::default()).await {
            Ok(connection) => connection,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "RabbitMQ is needed in CI");
                eprintln!("SKIPPED: no RabbitMQ at {address} ({error})");
                return None;
            }
        };
        Some(Self {
            channel: connection.create_channel().await.expect("a channel"),
            connection,
            address,
            name: format!("keystone-test-{}", uuid::Uuid::new_v4().simple()),
        })
    }

    pub fn key(&self) -> String {
        format!("{}.info", self.name)
    }

    /// A configuration that sends to this test's exchange by a driver, at a server's address.
    pub fn config_at(&self, address: &str, driver: &str, more: &str) -> String {
        let name = &self.name;
        format!(
            "[DEFAULT]\ncontrol_exchange = {name}\n\
             transport_url = rabbit://guest:guest@{address}/\n\
             [oslo_messaging_notifications]\ndriver = {driver}\ntopics = {name}\n{more}\n"
        )
    }

    pub fn config(&self, driver: &str, more: &str) -> String {
        self.config_at(&self.address, driver, more)
    }

    /// The next message of this test's queue, which must come.
    pub async fn next(&self) -> Received {
        self.next_of(&self.key()).await
    }

    pub async fn next_of(&self, queue: &str) -> Received {
        let begun = Instant::now();
        loop {
            if let Some(received) = self.get(queue).await {
                return received;
            }
            assert!(begun.elapsed() < PATIENCE, "nothing comes to {queue}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A message, if there is one now.
    pub async fn get(&self, queue: &str) -> Option<Received> {
        // Asking for a queue that is not there would cost the channel.
        let channel = self.connection.create_channel().await.expect("a channel");
        let options = BasicGetOptions { no_ack: true };
        let message = channel.basic_get(queue.into(), options).await.ok()??;
        Some(Received {
            body: message.delivery.data.clone(),
            properties: message.delivery.properties.clone(),
        })
    }

    /// Declares the exchange as somebody with other settings would.
    pub async fn declare_exchange(&self, kind: ExchangeKind, durable: bool) {
        let options = ExchangeDeclareOptions {
            durable,
            ..ExchangeDeclareOptions::default()
        };
        self.channel
            .exchange_declare(
                self.name.as_str().into(),
                kind,
                options,
                FieldTable::default(),
            )
            .await
            .expect("an exchange");
    }

    /// Declares the queue as somebody with other settings would.
    pub async fn declare_queue(&self, options: QueueDeclareOptions, arguments: FieldTable) {
        self.channel
            .queue_declare(self.key().as_str().into(), options, arguments)
            .await
            .expect("a queue");
    }

    pub async fn delete_queue(&self) {
        self.channel
            .queue_delete(self.key().as_str().into(), QueueDeleteOptions::default())
            .await
            .expect("it is gone");
    }

    /// Whether the queue and the exchange are declared with these properties already: declaring them
    /// so again is no error.
    pub async fn is_declared(
        &self,
        durable: bool,
        auto_delete: bool,
        arguments: FieldTable,
    ) -> bool {
        let channel = self.connection.create_channel().await.expect("a channel");
        let exchange = ExchangeDeclareOptions {
            durable,
            auto_delete,
            ..ExchangeDeclareOptions::default()
        };
        let queue = QueueDeclareOptions {
            durable,
            auto_delete,
            ..QueueDeclareOptions::default()
        };
        let (name, key) = (self.name.as_str(), self.key());
        let there = channel
            .exchange_declare(
                name.into(),
                ExchangeKind::Topic,
                exchange,
                FieldTable::default(),
            )
            .await;
        there.is_ok()
            && channel
                .queue_declare(key.as_str().into(), queue, arguments)
                .await
                .is_ok()
    }

    /// Removes what the test made.
    pub async fn clean(self) {
        for queue in [self.key(), format!("{}.second.info", self.name)] {
            let options = QueueDeleteOptions::default();
            let _ = self
                .channel
                .queue_delete(queue.as_str().into(), options)
                .await;
        }
        let options = ExchangeDeleteOptions::default();
        let name = self.name.as_str().into();
        let _ = self.channel.exchange_delete(name, options).await;
    }
}

/// The one driver that a configuration makes.
pub fn driver(text: &str) -> Box<dyn Driver> {
    let config = Config::from_text(text).expect("a configuration");
    let (mut drivers, warnings) = drivers(&config).expect("a bus");
    assert_eq!((drivers.len(), warnings.len()), (1, 0));
    drivers.remove(0)
}

/// A notification that can be told from others.
pub fn notification(number: usize) -> Notification {
    let message = json!({ "event_type": "identity.test.created", "payload": { "number": number } });
    Notification {
        event_type: "identity.test.created".to_owned(),
        message: message.as_object().cloned().expect("an object"),
    }
}

pub fn number(received: &Received) -> u64 {
    let number = &received.enveloped()["payload"]["number"];
    number.as_u64().expect("a number")
}

//! Notifications over RabbitMQ, for oslo.messaging's listeners.
//!
//! They are put into a bounded queue; a task of its own ([`courier`]) connects when there is something
//! to send, keeps the connection ([`link`]) and tries again for as long as the configuration says.

mod courier;
mod line;
mod link;
mod tls;

use super::{Driver, Notification};
use crate::config::{Config, MessageBus};
use crate::error::{Error, Result};
use courier::{Courier, Item};
use futures_util::future::BoxFuture;
use link::Topology;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Messages that may wait for the bus.
const QUEUE_LENGTH: usize = 10_000;

/// Longest name that AMQP can carry, in bytes.
const LONGEST_NAME: usize = 255;

/// Format of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The driver `messaging`: the notification itself.
    Plain,
    /// The driver `messagingv2`: the notification as text in an envelope that tells its version.
    Enveloped,
}

/// A message on its way.
#[derive(Debug)]
struct Letter {
    /// Routing key, and name of the queue for whoever comes late: `notifications.info`.
    key: String,
    body: Vec<u8>,
}

/// What became of the messages.
#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    fn sent(&self, count: usize) {
        self.waiting.fetch_sub(count as u64, Ordering::Relaxed);
    }

    fn gave_up(&self, count: usize) {
        self.sent(count);
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// The drivers `messaging` and `messagingv2`.
pub struct RabbitDriver {
    queue: mpsc::Sender<Item>,
    counts: Arc<Counts>,
    formats: Vec<Format>,
    keys: Vec<String>,
}

impl RabbitDriver {
    /// Starts the task that sends. Nothing is connected yet.
    ///
    /// # Errors
    /// 500 when a name is too long, options contradict each other, or files for TLS are of no use.
    pub fn start(bus: MessageBus, formats: Vec<Format>, config: &Config) -> Result<Self> {
        let keys = keys(&config.oslo_messaging_notifications.topics)?;
        let topology = Topology::new(&config.default.control_exchange, &bus.rabbit)?;
        let counts = Arc::new(Counts::default());
        let retry = config.oslo_messaging_notifications.retry;
        let courier = Courier::new(bus, topology, retry, Arc::clone(&counts))?;
        let (queue, items) = mpsc::channel(QUEUE_LENGTH);
        tokio::spawn(courier.run(items));
        Ok(Self {
            queue,
            counts,
            formats,
            keys,
        })
    }

    async fn ask(&self, item: impl FnOnce(oneshot::Sender<()>) -> Item) {
        let (done, sent) = oneshot::channel();
        if self.queue.send(item(done)).await.is_ok() {
            let _ = sent.await;
        }
    }
}

impl Driver for RabbitDriver {
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()> {
        for key in &self.keys {
            for format in &self.formats {
                let letter = Letter {
                    key: key.clone(),
                    body: body(notification, *format),
                };
                self.counts.waiting.fetch_add(1, Ordering::Relaxed);
                if self.queue.try_send(Item::Letter(letter)).is_err() {
                    self.counts.gave_up(1);
                    // A flood of events must not become a flood of warnings.
                    if self.dropped() % 1000 == 1 {
                        tracing::warn!(
                            dropped = self.dropped(),
                            "notifications are dropped: the bus is away and {QUEUE_LENGTH} wait \
                             already"
                        );
                    }
                }
            }
        }
        Box::pin(std::future::ready(()))
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.ask(Item::Flush))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.ask(Item::Close))
    }

    fn waiting(&self) -> u64 {
        self.counts.waiting.load(Ordering::Relaxed)
    }

    fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }
}

/// Routing keys of all topics. Every notification of Keystone has the priority INFO.
fn keys(topics: &[String]) -> Result<Vec<String>> {
    let keys = topics.iter().map(|topic| format!("{topic}.info"));
    keys.map(|key| match key.len() {
        0..=LONGEST_NAME => Ok(key),
        _ => Err(Error::internal(
            "[oslo_messaging_notifications] topics: one is too long",
        )),
    })
    .collect()
}

/// What goes over the wire. Listeners know by `_unique_id` what they have seen before.
fn body(notification: &Notification, format: Format) -> Vec<u8> {
    let mut message = notification.message.clone();
    let id = Uuid::new_v4().simple().to_string();
    message.insert("_unique_id".to_owned(), json!(id));
    let message = serde_json::Value::Object(message).to_string();
    match format {
        Format::Plain => message,
        Format::Enveloped => json!({ "oslo.version": "2.0", "oslo.message": message }).to_string(),
    }
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn notification() -> Notification {
        let message = json!({ "event_type": "identity.user.created", "payload": { "a": "ü\"" } });
        Notification {
            event_type: "identity.user.created".to_owned(),
            message: message.as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn messages_have_the_form_that_the_driver_is_named_for() {
        let parse =
            |format| -> Value { serde_json::from_slice(&body(&notification(), format)).unwrap() };
        let mut plain = parse(Format::Plain);
        let id = plain["_unique_id"].as_str().map(str::len);
        assert_eq!(id, Some(32));
        plain.as_object_mut().unwrap().remove("_unique_id");
        assert_eq!(plain, Value::Object(notification().message));

        let enveloped = parse(Format::Enveloped);
        let members: Vec<_> = enveloped.as_object().unwrap().keys().collect();
        assert_eq!(members, ["oslo.version", "oslo.message"]);
        assert_eq!(enveloped["oslo.version"], "2.0");
        let inside: Value =
            serde_json::from_str(enveloped["oslo.message"].as_str().unwrap()).unwrap();
        assert_eq!(inside["payload"], plain["payload"]);
    }

    #[tokio::test]
    async fn what_does_not_fit_into_the_queue_is_dropped_and_counted() {
        let (queue, _items) = mpsc::channel(2);
        let driver = RabbitDriver {
            queue,
            counts: Arc::default(),
            formats: vec![Format::Plain],
            keys: vec!["a.info".to_owned(), "b.info".to_owned()],
        };
        for _ in 0..3 {
            driver.send(&notification()).await;
        }
        assert_eq!((driver.waiting(), driver.dropped()), (2, 4));
    }

    #[test]
    fn topics_become_keys() {
        let topics = ["notifications", "versioned"].map(str::to_owned);
        assert_eq!(
            keys(&topics).unwrap(),
            ["notifications.info", "versioned.info"]
        );
        assert!(keys(&["x".repeat(251)]).is_err());
    }
}

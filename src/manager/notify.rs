//! Notifications: telling others what happened.
//!
//! A manager says what happened where it makes it happen, inside the transaction:
//! `s.notify(Event::created(ResourceKind::Region, &id))`. After the commit the event is put into a
//! bounded queue; a task of its own makes the message and hands it to the drivers. A request never
//! waits for any of that: when the queue is full, the event is dropped and counted.

mod payload;

use crate::config::{Config, NotificationFormat};
use crate::driver::notification::{self, Driver, Notification};
use crate::driver::sql::catalog;
use crate::driver::sql::db::{Area, Db};
use crate::error::Result;
use crate::model::event::{Event, Happened, Origin};
use crate::model::{ServiceId, Timestamp};
use futures_util::future::join_all;
use payload::Envelope;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Events that may wait for slow drivers.
const QUEUE_LENGTH: usize = 10_000;

/// How long the end of a program waits for notifications to be sent.
const LAST_NOTIFICATIONS: Duration = Duration::from_secs(5);

/// Takes events from requests and passes them on.
pub struct Notifier {
    /// `None` when no driver would hear of anything.
    queue: Option<mpsc::Sender<Message>>,
    drivers: Arc<[Box<dyn Driver>]>,
    dropped: AtomicU64,
}

enum Message {
    Event(Box<Queued>),
    /// Answered when all that came before is sent.
    Flush(oneshot::Sender<()>),
    /// The same, and the drivers take leave.
    Close(oneshot::Sender<()>),
}

struct Queued {
    happened: Happened,
    format: NotificationFormat,
    publisher: Option<String>,
}

impl Notifier {
    /// Starts the task that sends; to be called on the runtime.
    pub fn start(drivers: Vec<Box<dyn Driver>>, db: Db) -> Self {
        let drivers: Arc<[_]> = drivers.into();
        let queue = (!drivers.is_empty()).then(|| {
            let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
            let publisher = Publisher {
                drivers: Arc::clone(&drivers),
                observer: Observer { db, known: None },
                host: notification::host_name(),
            };
            tokio::spawn(publisher.run(receiver));
            sender
        });
        Self {
            queue,
            drivers,
            dropped: AtomicU64::new(0),
        }
    }

    /// The drivers of a configuration. Those that are not to be had are warned of in the log. To be
    /// called on the runtime.
    ///
    /// # Errors
    /// 500, with a message for the operator, when the message bus is set up wrongly.
    pub fn drivers(config: &Config) -> Result<Vec<Box<dyn Driver>>> {
        let (drivers, warnings) = notification::drivers(config)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(drivers)
    }

    /// Tells of events, unless `notification_opt_out` names them.
    pub fn tell(&self, events: Vec<Event>, origin: &Arc<Origin>, config: &Config, now: Timestamp) {
        let Some(queue) = &self.queue else {
            return;
        };
        let options = &config.default;
        for event in events {
            if is_opted_out(&options.notification_opt_out, &event) {
                continue;
            }
            let queued = Queued {
                happened: Happened {
                    event,
                    origin: Arc::clone(origin),
                    at: now,
                },
                format: options.notification_format,
                publisher: options.default_publisher_id.clone(),
            };
            if queue.try_send(Message::Event(Box::new(queued))).is_err() {
                self.count_dropped();
            }
        }
    }

    /// Whether anybody listens.
    pub fn is_listened_to(&self) -> bool {
        self.queue.is_some()
    }

    /// How many events nobody will hear of: a queue was full, or a driver gave up.
    pub fn dropped(&self) -> u64 {
        let given_up: u64 = self.drivers.iter().map(|driver| driver.dropped()).sum();
        self.dropped.load(Ordering::Relaxed) + given_up
    }

    /// How many are yet to be sent.
    pub fn waiting(&self) -> u64 {
        let queued = self
            .queue
            .as_ref()
            .map_or(0, |queue| queue.max_capacity() - queue.capacity());
        let under_way: u64 = self.drivers.iter().map(|driver| driver.waiting()).sum();
        queued as u64 + under_way
    }

    fn count_dropped(&self) {
        // A flood of events must not become a flood of warnings.
        if self
            .dropped
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(1000)
        {
            tracing::warn!("notifications are dropped: the queue of {QUEUE_LENGTH} is full");
        }
    }

    /// Waits until everything that was told so far is sent.
    pub async fn flush(&self) {
        self.ask(Message::Flush).await;
    }

    /// The end: sends what it can in a few seconds and says what is lost.
    pub async fn close(&self) {
        let closed = tokio::time::timeout(LAST_NOTIFICATIONS, self.ask(Message::Close)).await;
        if closed.is_err() {
            let waiting = self.waiting();
            tracing::warn!("notifications that were not sent in time and are lost: {waiting}");
        }
    }

    async fn ask(&self, message: impl FnOnce(oneshot::Sender<()>) -> Message) {
        let (done, sent) = oneshot::channel();
        if let Some(queue) = &self.queue
            && queue.send(message(done)).await.is_ok()
        {
            let _ = sent.await;
        }
    }
}

fn is_opted_out(names: &[String], event: &Event) -> bool {
    let name = event.opt_out_name();
    // One line may hold several: the default does.
    names
        .iter()
        .flat_map(|line| line.split(','))
        .any(|opted_out| opted_out.trim() == name)
}

/// The task that makes messages and sends them.
struct Publisher {
    drivers: Arc<[Box<dyn Driver>]>,
    observer: Observer,
    host: String,
}

impl Publisher {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        while let Some(message) = queue.recv().await {
            match message {
                Message::Event(queued) => self.publish(&queued).await,
                Message::Flush(done) => {
                    join_all(self.drivers.iter().map(|driver| driver.flush())).await;
                    let _ = done.send(());
                }
                Message::Close(done) => {
                    join_all(self.drivers.iter().map(|driver| driver.close())).await;
                    let _ = done.send(());
                }
            }
        }
    }

    async fn publish(&mut self, queued: &Queued) {
        let observer = self.observer.id().await;
        let host = queued.publisher.as_deref().unwrap_or(&self.host);
        let envelope = Envelope {
            happened: &queued.happened,
            format: queued.format,
            host,
            observer: observer.as_ref(),
        };
        let notification = Notification {
            event_type: queued.happened.event.event_type(),
            message: envelope.render(),
        };
        for driver in self.drivers.iter() {
            driver.send(&notification).await;
        }
    }
}

/// Who observed the events: the identity service of the catalog.
struct Observer {
    db: Db,
    /// Its id at a version of the catalog.
    known: Option<(u64, Option<ServiceId>)>,
}

impl Observer {
    async fn id(&mut self) -> Option<ServiceId> {
        let version = self.db.versions().of(Area::Catalog);
        if let Some((known_at, id)) = &self.known
            && *known_at == version
        {
            return id.clone();
        }
        match self.read().await {
            Ok(id) => {
                self.known = Some((version, id.clone()));
                id
            }
            Err(error) => {
                tracing::warn!(%error, "a notification goes out without the id of this service");
                None
            }
        }
    }

    async fn read(&self) -> Result<Option<ServiceId>> {
        catalog::first_service_of_type(&mut self.db.session().await?, "identity").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::sql::db::{DbOptions, Target};
    use crate::model::event::ResourceKind;
    use futures_util::future::BoxFuture;

    /// A driver whose peer never answers.
    struct Stuck;

    impl Driver for Stuck {
        fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn events_beyond_the_queue_are_dropped_and_counted_and_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keystone.db");
        let options = DbOptions::new(Target::Sqlite { path: Some(path) });
        let db = Db::connect(&options).await.unwrap();
        let notifier = Notifier::start(vec![Box::new(Stuck)], db);
        let (origin, config) = (Arc::default(), Config::defaults());
        let now = Timestamp::from_seconds(0).unwrap();
        let one_more = || vec![Event::created(ResourceKind::Role, "x")];
        for _ in 0..QUEUE_LENGTH {
            notifier.tell(one_more(), &origin, &config, now);
        }
        assert_eq!(notifier.dropped(), 0);
        for _ in 0..3 {
            notifier.tell(one_more(), &origin, &config, now);
        }
        assert_eq!(notifier.dropped(), 3);
    }

    #[test]
    fn opted_out_types_stand_in_lines_of_one_or_more() {
        let names = ["identity.user.created".to_owned(), "a, b".to_owned()];
        let event = |kind| Event::created(kind, "x");
        assert!(is_opted_out(&names, &event(ResourceKind::User)));
        assert!(!is_opted_out(&names, &event(ResourceKind::Group)));
        let names = ["identity.x.y,identity.group.created".to_owned()];
        assert!(is_opted_out(&names, &event(ResourceKind::Group)));
    }
}

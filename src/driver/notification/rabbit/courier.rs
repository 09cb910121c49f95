//! The task that brings messages to the bus: connects when there are some, and on failure goes on to
//! the next server, with growing pauses after each round.

use super::link::{Link, Topology, Trouble};
use super::{Counts, Letter, tls};
use crate::config::{BusHost, MessageBus};
use crate::crypto;
use crate::error::Result;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsConnector;

/// Messages that are under way at once.
const BATCH: usize = 200;

/// What the task is asked to do.
#[derive(Debug)]
pub(super) enum Item {
    Letter(Letter),
    /// Answered when all that came before has gone.
    Flush(oneshot::Sender<()>),
    /// The same, and the connection is closed.
    Close(oneshot::Sender<()>),
}

pub(super) struct Courier {
    bus: MessageBus,
    tls: Option<TlsConnector>,
    topology: Topology,
    /// How often a failed sending is repeated; negative is for ever.
    retry: i64,
    counts: Arc<Counts>,
    /// The server that is used, as a place in the list of all.
    at: usize,
    link: Option<Link>,
}

impl Courier {
    pub fn new(
        mut bus: MessageBus,
        topology: Topology,
        retry: i64,
        counts: Arc<Counts>,
    ) -> Result<Self> {
        let tls = tls::connector(&bus.rabbit)?;
        // So that not all processes go to the first.
        shuffle(&mut bus.url.hosts);
        Ok(Self {
            bus,
            tls,
            topology,
            retry,
            counts,
            at: 0,
            link: None,
        })
    }

    pub async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        let mut batch = Vec::with_capacity(BATCH);
        while items.recv_many(&mut batch, BATCH).await > 0 {
            let mut letters = Vec::with_capacity(batch.len());
            for item in batch.drain(..) {
                match item {
                    Item::Letter(letter) => letters.push(letter),
                    Item::Flush(done) => {
                        self.deliver(&mut letters).await;
                        let _ = done.send(());
                    }
                    Item::Close(done) => {
                        self.deliver(&mut letters).await;
                        if let Some(link) = self.link.take() {
                            link.close().await;
                        }
                        let _ = done.send(());
                    }
                }
            }
            self.deliver(&mut letters).await;
        }
    }

    /// Returns when all are confirmed or given up.
    async fn deliver(&mut self, letters: &mut Vec<Letter>) {
        let mut failures: u32 = 0;
        while !letters.is_empty() {
            let before = letters.len();
            let done = self.attempt(letters).await;
            self.counts.sent(before - letters.len());
            let Err(trouble) = done else { continue };
            self.link = None;
            let host = self.next_host();
            // What gets through in part is no failure of what is left.
            failures = if letters.len() < before {
                1
            } else {
                failures.saturating_add(1)
            };
            if u64::try_from(self.retry).is_ok_and(|most| u64::from(failures) > most) {
                tracing::error!(
                    "RabbitMQ at {host}: {trouble}; {} notifications are dropped",
                    letters.len()
                );
                self.counts.gave_up(letters.len());
                letters.clear();
                return;
            }
            let pause = self.pause(failures);
            tracing::warn!(
                "RabbitMQ at {host}: {trouble}; {} notifications wait, next attempt in {:.1} s",
                self.counts.waiting.load(Ordering::Relaxed),
                pause.as_secs_f64()
            );
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&mut self, letters: &mut Vec<Letter>) -> std::result::Result<(), Trouble> {
        if !self.link.as_ref().is_some_and(Link::is_up) {
            // Before the new one is there: it must not look as if two were needed.
            self.link = None;
            let host = self.host();
            let link = Link::open(host, &self.bus, self.tls.as_ref()).await?;
            tracing::info!("notifications go to RabbitMQ at {}", address(host));
            self.link = Some(link);
        }
        match &mut self.link {
            Some(link) => link.publish(&self.topology, letters).await,
            None => Ok(()),
        }
    }

    fn host(&self) -> &BusHost {
        &self.bus.url.hosts[self.at]
    }

    /// Leaves the current server for the next; returns the address of the one that was left.
    fn next_host(&mut self) -> String {
        let left = address(self.host());
        self.at += 1;
        if self.at >= self.bus.url.hosts.len() {
            self.at = 0;
            if self.bus.rabbit.kombu_failover_strategy == "shuffle" {
                shuffle(&mut self.bus.url.hosts);
            }
        }
        left
    }

    /// How long to wait after so many failures in a row: not at all while there is a server that has
    /// not been tried.
    fn pause(&self, failures: u32) -> Duration {
        let hosts = u32::try_from(self.bus.url.hosts.len()).unwrap_or(u32::MAX);
        if !failures.is_multiple_of(hosts) {
            return Duration::ZERO;
        }
        let options = &self.bus.rabbit;
        let rounds = u64::from(failures / hosts).saturating_sub(1);
        let growing = options
            .rabbit_retry_backoff
            .saturating_mul(rounds)
            .saturating_add(options.rabbit_retry_interval)
            .min(options.rabbit_interval_max);
        let splay = options.kombu_reconnect_splay * fraction();
        let fixed = options.kombu_reconnect_delay + splay;
        Duration::from_secs(growing)
            .saturating_add(Duration::try_from_secs_f64(fixed).unwrap_or_default())
    }
}

fn address(host: &BusHost) -> String {
    format!("{}:{}", host.host, host.port)
}

/// From 0 to below 1; 0 where no random numbers are to be had, as nothing secret depends on it.
fn fraction() -> f64 {
    let bytes = crypto::random_bytes().unwrap_or_default();
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        // Below last + 1, since the fraction is below 1.
        let other = (fraction() * (last + 1) as f64) as usize;
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn courier(options: &str) -> Courier {
        let text = format!("[DEFAULT]\ntransport_url = rabbit://a,b/\n{options}\n");
        let bus = Config::from_text(&text)
            .unwrap()
            .notification_bus()
            .unwrap();
        let topology = Topology::new("x", &bus.rabbit).unwrap();
        Courier::new(bus, topology, -1, Arc::default()).unwrap()
    }

    #[test]
    fn pauses_come_after_each_round_of_servers_and_grow_up_to_a_bound() {
        let courier = courier("[oslo_messaging_rabbit]\nrabbit_interval_max = 6\n");
        let pauses: Vec<f64> = (1..=8)
            .map(|failures| courier.pause(failures).as_secs_f64())
            .collect();
        assert_eq!(pauses, [0.0, 2.0, 0.0, 4.0, 0.0, 6.0, 0.0, 7.0]);
        assert_eq!(courier.pause(u32::MAX - 1).as_secs_f64(), 7.0);
    }

    #[test]
    fn every_server_gets_its_turn() {
        for strategy in ["round-robin", "shuffle"] {
            let options = format!("[oslo_messaging_rabbit]\nkombu_failover_strategy = {strategy}");
            let mut courier = courier(&options);
            let mut left = [courier.next_host(), courier.next_host()];
            left.sort();
            assert_eq!(left, ["a:5672", "b:5672"], "{strategy}");
        }
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut items = [1, 2, 3, 4, 5];
        shuffle(&mut items);
        items.sort();
        assert_eq!(items, [1, 2, 3, 4, 5]);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&fraction())));
    }
}

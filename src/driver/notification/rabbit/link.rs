//! A connection to one server, and what oslo.messaging has there: an exchange of type topic, and for
//! each routing key a queue of the same name, so that nothing is lost while nobody listens yet.

use super::line::{self, Line, Owner};
use super::{LONGEST_NAME, Letter};
use crate::config::{BusHost, MessageBus, OsloMessagingRabbit};
use crate::error::{Error, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{
    AsyncTcpStream, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    ErrorKind, ExchangeKind,
};
use std::collections::HashSet;
use std::io::Write as _;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

/// How long a server may take for a connection.
const CONNECTING: Duration = Duration::from_secs(20);

/// How long a server may take to confirm messages. One that is short of memory or of disk takes none.
const CONFIRMING: Duration = Duration::from_secs(60);

/// How long a server may take for a farewell.
const PARTING: Duration = Duration::from_secs(1);

/// Largest frame, in bytes. The library keeps room for 64 of them.
const FRAME: u32 = 16 * 1024;

/// AMQP's number for "keep it on disk, where the queue is on disk".
const PERSISTENT: u8 = 2;

/// Why messages did not get through.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The server, or the way to it.
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
    /// It connects or confirms too slowly.
    #[error("it did not answer in time")]
    Silent,
    /// It took a message and could not keep it.
    #[error("it could not store a message")]
    NotStored,
}

/// What is to be there, and how messages look.
#[derive(Debug)]
pub(super) struct Topology {
    exchange: ShortString,
    durable: bool,
    auto_delete: bool,
    queue_arguments: FieldTable,
    compress: bool,
}

impl Topology {
    /// What oslo.messaging makes of the same options.
    pub fn new(exchange: &str, options: &OsloMessagingRabbit) -> Result<Self> {
        if exchange.len() > LONGEST_NAME {
            return Err(Error::internal("[DEFAULT] control_exchange is too long"));
        }
        let compress = match options.kombu_compression.as_deref() {
            None | Some("") => false,
            // Both words mean zlib's format.
            Some("gzip" | "zlib") => true,
            Some(other) => {
                return Err(Error::internal(format!(
                    "[oslo_messaging_rabbit] kombu_compression: {other} is not supported; use gzip"
                )));
            }
        };
        Ok(Self {
            exchange: exchange.into(),
            // Quorum queues are durable, and so is the exchange beside them.
            durable: options.amqp_durable_queues || options.rabbit_quorum_queue,
            auto_delete: options.amqp_auto_delete,
            queue_arguments: queue_arguments(options)?,
            compress,
        })
    }

    /// Names that only the server may declare: the default exchange, and `amq.…`.
    fn has_own_exchange(&self) -> bool {
        let name = self.exchange.as_str();
        !name.is_empty() && !name.starts_with("amq.")
    }

    fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        if self.compress {
            let kind = AMQPValue::LongString("application/x-gzip".into());
            headers.insert("compression".into(), kind);
        }
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_delivery_mode(PERSISTENT)
            .with_priority(0)
            .with_headers(headers)
    }

    /// The body as it is sent.
    fn pack(&self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        if !self.compress {
            return Ok(body.to_owned());
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body)?;
        encoder.finish()
    }
}

fn queue_arguments(options: &OsloMessagingRabbit) -> Result<FieldTable> {
    let mut arguments = FieldTable::default();
    let text = |text: &str| AMQPValue::LongString(text.into());
    if options.rabbit_quorum_queue && options.rabbit_ha_queues {
        return Err(Error::internal(
            "[oslo_messaging_rabbit] rabbit_quorum_queue and rabbit_ha_queues exclude each other",
        ));
    }
    if options.rabbit_ha_queues {
        arguments.insert("x-ha-policy".into(), text("all"));
    }
    if options.rabbit_quorum_queue {
        arguments.insert("x-queue-type".into(), text("quorum"));
        for (name, limit) in [
            ("x-delivery-limit", options.rabbit_quorum_delivery_limit),
            (
                "x-max-in-memory-length",
                options.rabbit_quorum_max_memory_length,
            ),
            (
                "x-max-in-memory-bytes",
                options.rabbit_quorum_max_memory_bytes,
            ),
        ] {
            if limit != 0 {
                arguments.insert(name.into(), AMQPValue::LongLongInt(limit));
            }
        }
    }
    Ok(arguments)
}

/// A connection with one channel.
pub(super) struct Link {
    connection: Connection,
    channel: Channel,
    /// Keys whose queues are known to be there.
    prepared: HashSet<String>,
    /// The line breaks with it.
    _owner: Owner,
}

impl Link {
    /// Connects and logs in.
    pub async fn open(
        host: &BusHost,
        bus: &MessageBus,
        tls: Option<&TlsConnector>,
    ) -> std::result::Result<Self, Trouble> {
        timeout(CONNECTING, Self::connect(host, bus, tls.cloned()))
            .await
            .map_err(|_| Trouble::Silent)?
    }

    async fn connect(
        host: &BusHost,
        bus: &MessageBus,
        tls: Option<TlsConnector>,
    ) -> std::result::Result<Self, Trouble> {
        let (owner, owned) = watch::channel(());
        let connection = Connection::connector(
            uri(host, bus),
            line::runtime(),
            async move |uri, _| {
                let AMQPAuthority { host, port, .. } = uri.authority;
                let line = Line::open(&host, port, tls.as_ref(), owned.clone()).await?;
                Ok(AsyncTcpStream::Plain(line))
            },
            ConnectionProperties::default().with_connection_name(connection_name().into()),
        )
        .await?;
        let channel = channel(&connection).await?;
        Ok(Self {
            connection,
            channel,
            prepared: HashSet::new(),
            _owner: owner,
        })
    }

    /// Whether nothing is known to be wrong with it.
    pub fn is_up(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Sends messages and takes those out that the server has confirmed.
    pub async fn publish(
        &mut self,
        topology: &Topology,
        letters: &mut Vec<Letter>,
    ) -> std::result::Result<(), Trouble> {
        let deadline = Instant::now() + CONFIRMING;
        let returned = self
            .publish_until(deadline, topology, letters, true)
            .await?;
        if returned > 0 {
            // Somebody took the queue away. It is made anew; where that is forbidden, or it is gone
            // at once, they are to go nowhere.
            self.prepared.clear();
            self.publish_until(deadline, topology, letters, false)
                .await?;
        }
        Ok(())
    }

    /// As [`publish`](Self::publish); the number is of those that came back because no queue wanted them.
    async fn publish_until(
        &mut self,
        deadline: Instant,
        topology: &Topology,
        letters: &mut Vec<Letter>,
        mandatory: bool,
    ) -> std::result::Result<usize, Trouble> {
        let options = BasicPublishOptions {
            mandatory,
            ..BasicPublishOptions::default()
        };
        let mut trouble = None;
        let mut confirms = Vec::with_capacity(letters.len());
        for letter in letters.iter() {
            let sending = self.send(topology, letter, options);
            match timeout_at(deadline, sending).await {
                Ok(Ok(confirm)) => confirms.push(confirm),
                Ok(Err(error)) => trouble = Some(error),
                Err(_) => trouble = Some(Trouble::Silent),
            }
            if trouble.is_some() {
                break;
            }
        }
        let mut confirmed = Vec::with_capacity(letters.len());
        let mut returned = 0;
        for confirm in confirms {
            let answer = timeout_at(deadline, confirm).await;
            confirmed.push(matches!(answer, Ok(Ok(Confirmation::Ack(None)))));
            match answer {
                Ok(Ok(Confirmation::Ack(None) | Confirmation::NotRequested)) => {}
                Ok(Ok(Confirmation::Ack(Some(_)))) => returned += 1,
                Ok(Ok(Confirmation::Nack(_))) => trouble = Some(Trouble::NotStored),
                // The first is the cause of all that follow.
                Ok(Err(error)) => trouble = trouble.or(Some(error.into())),
                Err(_) => trouble = trouble.or(Some(Trouble::Silent)),
            }
        }
        let mut confirmed = confirmed.into_iter();
        letters.retain(|_| !confirmed.next().unwrap_or(false));
        match trouble {
            Some(trouble) => Err(trouble),
            None => Ok(returned),
        }
    }

    async fn send(
        &mut self,
        topology: &Topology,
        letter: &Letter,
        options: BasicPublishOptions,
    ) -> std::result::Result<lapin::PublisherConfirm, Trouble> {
        if !self.prepared.contains(&letter.key) {
            self.prepare(topology, &letter.key).await?;
            self.prepared.insert(letter.key.clone());
        }
        let body = topology.pack(&letter.body).map_err(lapin::Error::from)?;
        let confirm = self.channel.basic_publish(
            topology.exchange.clone(),
            letter.key.as_str().into(),
            options,
            &body,
            topology.properties(),
        );
        Ok(confirm.await?)
    }

    /// Sees to it that the exchange and the queue of a key are there.
    async fn prepare(
        &mut self,
        topology: &Topology,
        key: &str,
    ) -> std::result::Result<(), Trouble> {
        if topology.has_own_exchange() {
            let declared = self.declare_exchange(topology, false).await;
            if self
                .may_be_as_it_is("exchange", topology.exchange.as_str(), declared)
                .await?
            {
                self.declare_exchange(topology, true).await?;
            }
        }
        let declared = self.declare_queue(topology, key, false).await;
        if self.may_be_as_it_is("queue", key, declared).await? {
            self.declare_queue(topology, key, true).await?;
        }
        if !topology.exchange.as_str().is_empty() {
            let bound = self.channel.queue_bind(
                key.into(),
                topology.exchange.clone(),
                key.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            );
            let bound = bound.await;
            self.may_be_as_it_is("binding of", key, bound).await?;
        }
        Ok(())
    }

    async fn declare_exchange(&self, topology: &Topology, passive: bool) -> lapin::Result<()> {
        let options = ExchangeDeclareOptions {
            passive,
            durable: topology.durable,
            auto_delete: topology.auto_delete,
            ..ExchangeDeclareOptions::default()
        };
        self.channel
            .exchange_declare(
                topology.exchange.clone(),
                ExchangeKind::Topic,
                options,
                FieldTable::default(),
            )
            .await
    }

    async fn declare_queue(
        &self,
        topology: &Topology,
        key: &str,
        passive: bool,
    ) -> lapin::Result<()> {
        let options = QueueDeclareOptions {
            passive,
            durable: topology.durable,
            auto_delete: topology.auto_delete,
            ..QueueDeclareOptions::default()
        };
        self.channel
            .queue_declare(key.into(), options, topology.queue_arguments.clone())
            .await
            .map(drop)
    }

    /// Whether a declaration failed because the thing is there with other properties than ours, or
    /// because we may not declare it. Then it serves as it is; the refusal has cost us the channel.
    async fn may_be_as_it_is(
        &mut self,
        what: &str,
        name: &str,
        declared: lapin::Result<()>,
    ) -> std::result::Result<bool, Trouble> {
        match declared {
            Ok(()) => Ok(false),
            Err(error) if is_refusal(&error) => {
                tracing::warn!("RabbitMQ: {what} {name} is used as it is there: {error}");
                self.channel = channel(&self.connection).await?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes leave, for a while.
    pub async fn close(self) {
        let _ = timeout(PARTING, self.connection.close(200, "bye".into())).await;
    }
}

fn is_refusal(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::ACCESSREFUSED)
        ),
        _ => false,
    }
}

/// A channel on which the server confirms what it has taken.
async fn channel(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    Ok(channel)
}

fn uri(host: &BusHost, bus: &MessageBus) -> AMQPUri {
    let options = &bus.rabbit;
    AMQPUri {
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: host.user.clone(),
                password: host.password.expose().to_owned(),
            },
            host: host.host.clone(),
            port: host.port,
        },
        vhost: bus.url.virtual_host.clone(),
        query: AMQPQueryString {
            frame_max: Some(FRAME),
            // None of ours leaves it to the server.
            heartbeat: u16::try_from(options.heartbeat_timeout_threshold.max(0)).ok(),
            auth_mechanism: options.rabbit_login_method.parse().ok(),
            ..AMQPQueryString::default()
        },
    }
}

/// What RabbitMQ's lists of connections show.
fn connection_name() -> String {
    format!("keystone:{}", std::process::id())
}

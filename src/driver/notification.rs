//! Where notifications go: the drivers of `[oslo_messaging_notifications] driver`.

pub mod rabbit;

use crate::config::Config;
use crate::error::{Error, Result};
use futures_util::future::BoxFuture;
use rabbit::{Format, RabbitDriver};
use serde_json::{Map, Value};

/// One notification, ready to be sent.
#[derive(Clone, Debug)]
pub struct Notification {
    /// `identity.user.created`.
    pub event_type: String,
    /// What oslo.messaging's notifier puts around a payload, and the payload in it.
    pub message: Map<String, Value>,
}

/// One way to send notifications. They are sent one after the other, away from any request.
pub trait Driver: Send + Sync {
    /// Sends one. What can't be sent is the driver's to log and to count; nobody waits for it.
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()>;

    /// Returns when all that it was given before has gone.
    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// As [`flush`](Self::flush), and takes leave of whoever it sends to.
    fn close(&self) -> BoxFuture<'_, ()> {
        self.flush()
    }

    /// How many it has yet to send.
    fn waiting(&self) -> u64 {
        0
    }

    /// How many it gave up on.
    fn dropped(&self) -> u64 {
        0
    }
}

/// All of a configuration's drivers.
pub type Drivers = Vec<Box<dyn Driver>>;

/// Writes notifications into the program's log, as lines of level INFO.
#[derive(Debug)]
pub struct LogDriver;

impl Driver for LogDriver {
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()> {
        let Notification {
            event_type,
            message,
        } = notification;
        tracing::info!(
            target: "keystone::notification",
            event_type,
            "{}",
            serde_json::to_string(message).unwrap_or_default()
        );
        Box::pin(std::future::ready(()))
    }
}

/// The drivers that a configuration names, and a warning for each that is not to be had. To be called
/// on the runtime: some have tasks.
///
/// # Errors
/// 500, with a message for the operator, when the message bus is set up wrongly.
pub fn drivers(config: &Config) -> Result<(Drivers, Vec<String>)> {
    let mut drivers = Drivers::new();
    let mut formats = Vec::new();
    let mut warnings = Vec::new();
    let options = &config.oslo_messaging_notifications;
    for name in options.driver.iter().map(|name| name.trim()) {
        match name {
            // `test` keeps notifications in the memory of Python's own tests.
            "" | "noop" | "test" => {}
            "log" => drivers.push(Box::new(LogDriver)),
            "messaging" => formats.push(Format::Plain),
            "messagingv2" => formats.push(Format::Enveloped),
            other => warnings.push(format!(
                "[oslo_messaging_notifications] driver: {other} is not supported; nothing is sent \
                 there. Use messagingv2, messaging, log or noop."
            )),
        }
    }
    if !formats.is_empty() {
        let bus = config.notification_bus().map_err(Error::internal)?;
        if bus.url.scheme == "rabbit" {
            let driver = RabbitDriver::start(bus, formats, config)?;
            drivers.push(Box::new(driver));
        } else {
            warnings.push(format!(
                "transport_url: a message bus of kind {} is not supported; nothing is sent there. \
                 Use rabbit://.",
                bus.url.scheme
            ));
        }
    }
    Ok((drivers, warnings))
}

/// This machine's name, as publishers of notifications are called by.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drivers_of(text: &str) -> Result<(usize, Vec<String>)> {
        let config = Config::from_text(text).unwrap();
        drivers(&config).map(|(drivers, warnings)| (drivers.len(), warnings))
    }

    const GROUP: &str = "[oslo_messaging_notifications]\n";

    #[tokio::test]
    async fn drivers_that_are_not_to_be_had_are_warned_of() {
        let text = format!("{GROUP}driver = log\ndriver = noop\ndriver =\ndriver = routing\n");
        let (drivers, warnings) = drivers_of(&text).unwrap();
        assert_eq!((drivers, warnings.len()), (1, 1));
        assert!(warnings[0].contains("routing"));
        let text = format!("{GROUP}driver = messaging\ntransport_url = kafka://u:geheim@h/\n");
        let (drivers, warnings) = drivers_of(&text).unwrap();
        assert_eq!((drivers, warnings.len()), (0, 1));
        assert!(warnings[0].contains("kafka") && !warnings[0].contains("geheim"));
    }

    #[tokio::test]
    async fn both_formats_go_over_one_bus() {
        let text = format!("{GROUP}driver = messaging\ndriver = messagingv2\n");
        assert_eq!(drivers_of(&text).unwrap(), (1, Vec::new()));
    }

    #[tokio::test]
    async fn a_bus_that_is_set_up_wrongly_is_an_error_only_where_it_is_used() {
        let text = format!("{GROUP}transport_url = rabbit://u:geheim@h:x/\n");
        assert_eq!(drivers_of(&text).unwrap(), (0, Vec::new()));
        let error = drivers_of(&format!("{text}driver = messagingv2\n")).unwrap_err();
        let error = format!("{error:?}");
        assert!(
            error.contains("port") && !error.contains("geheim"),
            "{error}"
        );
    }
}

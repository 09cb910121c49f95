//! Where notifications go: the drivers of `[oslo_messaging_notifications] driver`.

use futures_util::future::BoxFuture;

/// One notification, ready to be sent.
#[derive(Clone, Debug)]
pub struct Notification {
    /// `identity.user.created`.
    pub event_type: String,
    /// oslo.messaging's envelope and the payload in it, as JSON.
    pub body: String,
}

/// One way to send notifications. They are sent one after the other, away from any request.
pub trait Driver: Send + Sync {
    /// Sends one. What can't be sent is the driver's to log; nobody waits for it.
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()>;
}

/// Writes notifications into the program's log, as lines of level INFO.
#[derive(Debug)]
pub struct LogDriver;

impl Driver for LogDriver {
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()> {
        tracing::info!(
            target: "keystone::notification",
            event_type = notification.event_type,
            "{}",
            notification.body
        );
        Box::pin(std::future::ready(()))
    }
}

/// The drivers that a configuration names, and a warning for each that is not to be had.
pub fn drivers(names: &[String]) -> (Vec<Box<dyn Driver>>, Vec<String>) {
    let mut drivers: Vec<Box<dyn Driver>> = Vec::new();
    let mut warnings = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        match name {
            "" | "noop" => {}
            "log" => drivers.push(Box::new(LogDriver)),
            other => warnings.push(format!(
                "[oslo_messaging_notifications] driver: {other} is not supported yet; nothing is \
                 sent there. Use log or noop."
            )),
        }
    }
    (drivers, warnings)
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

    #[test]
    fn drivers_that_are_not_to_be_had_are_warned_of() {
        let names = ["log", "noop", "", "messagingv2"].map(str::to_owned);
        let (drivers, warnings) = drivers(&names);
        assert_eq!(drivers.len(), 1);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("messagingv2"));
    }
}

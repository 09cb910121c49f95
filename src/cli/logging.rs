//! The log: where it goes, in which form, and how much of it.

mod file;
mod json;
mod lines;

use super::arguments::Program;
use crate::config::{Config, LogFormat};
use anyhow::Context as _;
use chrono::format::{Item, StrftimeItems};
use file::LogFile;
use json::JsonLines;
use lines::Lines;
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use tracing_subscriber::fmt::{format::Writer, time::FormatTime};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The running log. Dropping it writes what is still waiting.
pub(super) struct Log {
    level: reload::Handle<EnvFilter, Registry>,
    is_file: bool,
    _writer: lines::Guard,
}

impl Log {
    /// Whether the log goes elsewhere than to the standard error stream.
    pub fn is_file(&self) -> bool {
        self.is_file
    }

    /// Follows a changed `[DEFAULT] debug`.
    pub fn follow(&self, config: &Config) {
        if let Err(error) = self.level.reload(filter(config)) {
            tracing::warn!(%error, "the level of the log can't be changed");
        }
    }
}

/// Starts the log. A server may write JSON when nobody reads along; a command's log is for people
/// unless the configuration says otherwise.
pub(super) fn start(program: Program, config: &Config, serves: bool) -> anyhow::Result<Log> {
    let options = &config.default;
    let path = path(program, config);
    let terminal = path.is_none() && io::stderr().is_terminal();
    let writer: Box<dyn Write + Send> = match &path {
        None => Box::new(io::stderr()),
        Some(path) => {
            let file = LogFile::open(path)
                .with_context(|| format!("can't write the log file {}", path.display()))?;
            if options.use_stderr {
                Box::new(Both(file, io::stderr()))
            } else {
                Box::new(file)
            }
        }
    };
    let (writer, guard) = lines::start(writer).context("the log's thread can't be started")?;
    let json = options.use_json
        || match config.server.log_format {
            LogFormat::Json => true,
            LogFormat::Text => false,
            LogFormat::Auto => serves && !terminal,
        };
    let (level, handle) = reload::Layer::new(filter(config));
    tracing_subscriber::registry()
        .with(level)
        .with(layer(config, writer, json, terminal))
        .try_init()
        .context("the log can't be started")?;
    warn_of_ignored(config);
    Ok(Log {
        level: handle,
        is_file: path.is_some(),
        _writer: guard,
    })
}

type Levelled = tracing_subscriber::layer::Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn layer(
    config: &Config,
    writer: Lines,
    json: bool,
    terminal: bool,
) -> Box<dyn Layer<Levelled> + Send + Sync> {
    if json {
        let lines = fmt::layer().event_format(JsonLines).with_ansi(false);
        return lines.with_writer(writer).boxed();
    }
    let lines = fmt::layer().with_ansi(terminal && config.default.log_color);
    lines
        .with_timer(Local::new(&config.default.log_date_format))
        .with_writer(writer)
        .boxed()
}

/// What is logged. `RUST_LOG` wins, for looking into single parts; but never the frames that go to
/// the message bus, one of which has a password.
fn filter(config: &Config) -> EnvFilter {
    let level = if config.default.debug {
        "debug"
    } else {
        "info"
    };
    // What the bus's library says of failures is what its caller logs.
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV)
        .ok()
        .filter(|directives| EnvFilter::try_new(directives).is_ok())
        .unwrap_or_else(|| format!("warn,lapin=off,keystone={level}"));
    EnvFilter::new(format!("{wanted},lapin::io_loop=off"))
}

/// `log_file` in `log_dir`; with a folder alone, a file of the program's name.
fn path(program: Program, config: &Config) -> Option<PathBuf> {
    let options = &config.default;
    match (&options.log_dir, &options.log_file) {
        (Some(dir), Some(file)) => Some(dir.join(file)),
        (None, Some(file)) => Some(file.clone()),
        (Some(dir), None) => Some(dir.join(format!("{}.log", program.name()))),
        (None, None) => None,
    }
}

/// What an operator may rely on and gets otherwise here.
fn warn_of_ignored(config: &Config) {
    let options = &config.default;
    if options.log_config_append.is_some() {
        tracing::warn!("[DEFAULT] log_config_append is for Python only; the other options count");
    }
    for (on, name) in [
        (options.use_syslog, "use_syslog"),
        (options.use_journal, "use_journal"),
    ] {
        if on {
            tracing::warn!(
                "[DEFAULT] {name} is not supported: the log goes to the standard error stream, \
                 which systemd records, or to log_file"
            );
        }
    }
    if !options.log_rotation_type.eq_ignore_ascii_case("none") {
        tracing::warn!(
            "[DEFAULT] log_rotation_type is not supported: let logrotate move the file; a new one \
             is begun within a second"
        );
    }
}

/// Writes to two places.
struct Both<A, B>(A, B);

impl<A: Write, B: Write> Write for Both<A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}

/// Times of text lines: `[DEFAULT] log_date_format` with milliseconds.
struct Local(Vec<Item<'static>>);

impl Local {
    fn new(format: &str) -> Self {
        const USUAL: &str = "%Y-%m-%d %H:%M:%S";
        let items = StrftimeItems::new(format).parse_to_owned();
        Self(items.unwrap_or_else(|_| StrftimeItems::new(USUAL).collect()))
    }
}

impl FormatTime for Local {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let now = chrono::Local::now();
        let milliseconds = now.timestamp_subsec_millis().min(999);
        write!(
            writer,
            "{}.{milliseconds:03}",
            now.format_with_items(self.0.iter())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_path(text: &str) -> Option<String> {
        let config = Config::from_text(&format!("[DEFAULT]\n{text}\n")).unwrap();
        path(Program::KeystoneManage, &config).map(|path| path.display().to_string())
    }

    #[test]
    fn the_log_file_is_where_python_would_put_it() {
        assert_eq!(log_path(""), None);
        assert_eq!(log_path("log_file = a.log").as_deref(), Some("a.log"));
        assert_eq!(
            log_path("log_dir = /l\nlog_file = a.log").as_deref(),
            Some("/l/a.log")
        );
        assert_eq!(
            log_path("log_dir = /l").as_deref(),
            Some("/l/keystone-manage.log")
        );
    }

    #[test]
    fn a_time_format_that_makes_no_sense_is_replaced() {
        let mut text = String::new();
        Local::new("%Q %")
            .format_time(&mut Writer::new(&mut text))
            .unwrap();
        assert_eq!(text.len(), "2026-01-01 00:00:00.000".len(), "{text}");
    }
}

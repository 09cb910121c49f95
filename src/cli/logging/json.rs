//! Log lines as JSON objects: `timestamp`, `level`, the event's own fields, `target`.
//!
//! The library's own JSON lines look the same; they take several times as long, and every request
//! writes one.

use chrono::{DateTime, SecondsFormat, Utc};
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The format of JSON lines.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str("{\"timestamp\":\"")?;
        write_time(&mut writer, Utc::now())?;
        write!(writer, "\",\"level\":\"{}\"", metadata.level())?;
        let mut members = Members {
            writer: &mut writer,
            result: Ok(()),
        };
        event.record(&mut members);
        members.result?;
        writer.write_str(",\"target\":\"")?;
        Escaped(&mut writer).write_str(metadata.target())?;
        writer.write_str("\"}\n")
    }
}

/// `2026-01-01T00:00:00.000000Z`. All but the fraction stays the same for a second, and is kept.
fn write_time(writer: &mut Writer<'_>, now: DateTime<Utc>) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let second = now.timestamp();
    SECOND.with_borrow_mut(|(kept, text)| {
        if *kept != second {
            let whole = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            *text = whole.trim_end_matches('Z').to_owned();
            *kept = second;
        }
        write!(writer, "{text}.{:06}Z", now.timestamp_subsec_micros())
    })
}

/// Writes fields as members of an object that has some already.
struct Members<'a, W> {
    writer: &'a mut W,
    result: fmt::Result,
}

impl<W: fmt::Write> Members<'_, W> {
    fn write(&mut self, field: &Field, write: impl FnOnce(&mut W) -> fmt::Result) {
        self.result = self.result.and_then(|()| {
            let name = field.name();
            // Raw identifiers name fields that are keywords.
            write!(
                self.writer,
                ",\"{}\":",
                name.strip_prefix("r#").unwrap_or(name)
            )?;
            write(self.writer)
        });
    }
}

impl<W: fmt::Write> Visit for Members<'_, W> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |writer| {
            writer.write_char('"')?;
            Escaped(writer).write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |writer| write!(writer, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, |writer| match value.is_finite() {
            true => write!(writer, "{value}"),
            false => writer.write_str("null"),
        });
    }
}

/// Passes text on as a JSON string holds it.
struct Escaped<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                other => write!(self.0, "\\u{other:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn logged(log: impl FnOnce()) -> Value {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(lines.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("}\n"), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_is_an_object_of_the_fields() {
        let nothing: Option<&str> = None;
        let line = logged(|| {
            tracing::warn!(target: "a::b", n = 5, ok = true, less = -1, nothing, r#type = "x", "words");
        });
        for (key, expected) in [
            ("level", Value::from("WARN")),
            ("message", "words".into()),
            ("n", 5.into()),
            ("ok", true.into()),
            ("less", (-1).into()),
            ("type", "x".into()),
            ("target", "a::b".into()),
        ] {
            assert_eq!(line[key], expected, "{key}");
        }
        assert_eq!(line.get("nothing"), None);
        let time = line["timestamp"].as_str().unwrap();
        assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len());
        assert!(DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
    }

    #[test]
    fn whatever_a_value_holds_the_line_stays_json_and_one_line() {
        let odd = "quote \" backslash \\ newline \n tab \t bell \u{7} euro € end";
        let line = logged(|| tracing::info!(text = odd, shown = %odd, "{odd}"));
        for key in ["text", "shown", "message"] {
            assert_eq!(line[key], odd, "{key}");
        }
    }
}

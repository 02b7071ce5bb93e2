//! Log lines for people: local time, level, what happened, and the rest of the fields.

use std::fmt::{self, Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Fields of a request's line that its message has said already, or that only machines look up.
const SAID: [&str; 5] = ["service", "status", "code", "total_ms", "log_id"];

/// Writes an event as one line.
pub struct Line;

impl<S, N> FormatEvent<S, N> for Line
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
        let mut fields = Fields { request: is_request(event), ..Fields::default() };
        event.record(&mut fields);
        let time = jiff::ZonedDateTime::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let level = event.metadata().level();
        let (faint, strong, end) = match writer.has_ansi_escapes() {
            true => ("\x1b[2m", color(level), "\x1b[0m"),
            false => ("", "", ""),
        };
        // What came from outside must not steer a terminal.
        let [message, rest] =
            [fields.message, fields.rest].map(|text| text.replace(char::is_control, " "));
        let space = if message.is_empty() { "" } else { " " };
        writeln!(
            writer,
            "{faint}{time}{end} {strong}{level:<5}{end}{space}{message}{faint}{rest}{end}"
        )
    }
}

fn is_request(event: &Event<'_>) -> bool {
    event.metadata().target() == "safelight::request"
}

fn color(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[34m",
    }
}

/// The fields of an event, written.
#[derive(Default)]
struct Fields {
    request: bool,
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name if self.request && SAID.contains(&name) => Ok(()),
            name => write!(self.rest, " {name}={value:?}"),
        };
    }
}

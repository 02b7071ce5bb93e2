//! Progress bars; for fetching the library, a bar on a terminal and plain lines elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use safelight_inference::runtime::{Progress, VERSION};

use crate::output::size;

/// A bar over so many steps, drawn after a template of `indicatif`.
pub fn bar(steps: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Tells people how far [`safelight_inference::runtime::Places::ensure`] is, on the standard error output.
pub struct Report {
    bar: Option<ProgressBar>,
    terminal: bool,
    /// The line shown last, where there is no terminal.
    last: String,
}

impl Report {
    pub fn new() -> Self {
        Self { bar: None, terminal: io::stderr().is_terminal(), last: String::new() }
    }

    /// Shows a step; the first one shows that there is something to do at all.
    pub fn show(&mut self, step: Progress) {
        let (what, done, total) = match step {
            Progress::Waiting => ("Waiting for another process that fetches", 0, 0),
            Progress::Fetching { done, total } => ("Fetching", done, total),
            Progress::Unpacking { done, total } => ("Unpacking", done, total),
        };
        let what = format!("{what} the inference library, OpenVINO {VERSION}");
        if self.terminal {
            self.draw(what, done, total);
        } else if self.last != what {
            let whole = if total > 0 { format!(" ({})", size(total)) } else { String::new() };
            eprintln!("{what}{whole}");
            self.last = what;
        }
    }

    fn draw(&mut self, what: String, done: u64, total: u64) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bar(total, "{msg} {bar:30} {bytes}/{total_bytes}");
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_message(what);
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

//! Numbers and times for people.

use jiff::Timestamp;
use maud::{Markup, html};
use safelight_store::Millis;

/// A time in UTC, exact for machines.
pub fn time(at: Millis) -> Markup {
    let Ok(at) = Timestamp::from_millisecond(at) else { return html! { "–" } };
    html! {
        time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%Y-%m-%d %H:%M:%S")) }
    }
}

/// An amount of bytes in binary units.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A duration in milliseconds.
pub fn millis(value: f64) -> String {
    match value {
        v if v < 1000.0 => format!("{v:.0} ms"),
        v => format!("{:.1} s", v / 1000.0),
    }
}

/// A count, with thousands apart.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            // A narrow space that does not break.
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// `1 credit`, `3 credits`.
pub fn credits(price: impl std::fmt::Display) -> String {
    let price = price.to_string();
    if price == "1" { "1 credit".to_owned() } else { format!("{price} credits") }
}

/// A name of a field as a label: `output_format` is `Output format`.
pub fn label(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((count(12), count(123)), ("12".into(), "123".into()));
        assert_eq!((bytes(5), bytes(1536)), ("5 B".into(), "1.5 KiB".into()));
        assert_eq!((millis(12.4), millis(1500.0)), ("12 ms".into(), "1.5 s".into()));
        assert_eq!(label("output_format"), "Output format");
    }

    #[test]
    fn times_are_utc() {
        let shown = time(0).into_string();
        assert_eq!(shown, "<time datetime=\"1970-01-01T00:00:00Z\">1970-01-01 00:00:00</time>");
    }
}

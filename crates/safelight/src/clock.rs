//! The time, as the store counts it and as people read it.

use jiff::Timestamp;
use safelight_store::Millis;

/// The time now.
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// A time for people, in UTC.
pub fn show(at: Millis) -> String {
    Timestamp::from_millisecond(at)
        .map_or_else(|_| at.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

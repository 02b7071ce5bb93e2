//! Keeps an engine that fails from being asked again and again.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// So many failures in a row, and it is not asked for a while.
const MOST_FAILURES: u32 = 5;
/// How long.
pub const REST: Duration = Duration::from_secs(30);

/// How the last calls of an engine ended.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Whether the last call or probe succeeded; unknown before the first.
    well: Option<bool>,
    resting_until: Option<Instant>,
}

impl Breaker {
    /// How long the engine is not asked any more; `None` when it may be.
    pub fn rest(&self, now: Instant) -> Option<Duration> {
        let until = self.0.lock().resting_until?;
        until.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }

    /// Whether the last call or probe succeeded.
    pub fn is_well(&self) -> bool {
        self.0.lock().well == Some(true)
    }

    /// A call succeeded.
    pub fn succeeded(&self) {
        *self.0.lock() = State { failures: 0, well: Some(true), resting_until: None };
    }

    /// A call failed. After a rest one more failure is enough for the next.
    pub fn failed(&self, now: Instant) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        state.well = Some(false);
        if state.failures >= MOST_FAILURES {
            state.resting_until = Some(now + REST);
        }
    }

    /// A probe succeeded: it is well, and failures of calls count on.
    pub fn probed_well(&self) {
        self.0.lock().well = Some(true);
    }

    /// A probe failed: it is not well, which is no failure of a call.
    pub fn unwell(&self) {
        self.0.lock().well = Some(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_are_a_rest_of_30_seconds() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!breaker.is_well(), "nothing is known yet");
        (0..4).for_each(|_| breaker.failed(start));
        breaker.succeeded();
        (0..4).for_each(|_| breaker.failed(start));
        assert_eq!(breaker.rest(start), None, "four in a row");
        breaker.failed(start);
        assert_eq!(breaker.rest(at(10)), Some(Duration::from_secs(20)));
        assert_eq!(breaker.rest(at(30)), None);
        breaker.failed(at(31));
        assert_eq!(breaker.rest(at(32)), Some(Duration::from_secs(29)), "one more is enough");
        breaker.succeeded();
        assert!(breaker.rest(at(32)).is_none() && breaker.is_well());
        breaker.unwell();
        assert!(!breaker.is_well());
        breaker.probed_well();
        assert!(breaker.is_well());
        breaker.unwell();
        assert!(!breaker.is_well() && breaker.rest(at(32)).is_none());
    }
}

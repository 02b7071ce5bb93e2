//! Limits of one application: requests per second, and requests at work at the same time. Where
//! several processes serve the same rows, the store counts over all of them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_store::{Limits, Metered, Store};

use crate::app::{App, Stored, now};

/// What is known about the applications that have limits.
#[derive(Default)]
pub(crate) struct ApplicationLimits {
    rates: Mutex<HashMap<i64, Rate>>,
    at_work: Mutex<HashMap<i64, Arc<AtomicU32>>>,
    clock: DefaultClock,
}

struct Rate {
    per_second: u32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

/// A request that counts as at work until this is dropped.
pub(crate) struct AtWork {
    _slot: Option<Slot>,
    _counted: Option<Counted>,
}

/// A request that the store counts for an application.
struct Counted(Arc<dyn Store>, i64);

impl Drop for Counted {
    fn drop(&mut self) {
        let (store, application) = (self.0.clone(), self.1);
        // Without a runtime the process ends, and with it its count.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = store.exit(application).await {
                // The next beat sets the count right.
                tracing::warn!(%error, "the end of a request was not counted");
            }
        });
    }
}

struct Slot(Arc<AtomicU32>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ApplicationLimits {
    /// Counts a request of `application`, or refuses it with `EXCEEDING_LIMITS`. Limits that the
    /// application lacks come from `defaults`.
    pub fn enter(&self, application: i64, own: Limits, defaults: Limits) -> Result<AtWork> {
        if let Some(limit) = own.concurrency.or(defaults.concurrency) {
            let slot = self.take_slot(application, limit)?;
            self.check_rate(application, own, defaults)?;
            return Ok(AtWork { _slot: Some(slot), _counted: None });
        }
        self.check_rate(application, own, defaults)?;
        Ok(AtWork { _slot: None, _counted: None })
    }

    /// How many requests of each application are at work in this process.
    pub fn counts(&self) -> Vec<(i64, u32)> {
        let at_work = self.at_work.lock();
        let counts = at_work.iter().map(|(id, count)| (*id, count.load(Ordering::Acquire)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn take_slot(&self, application: i64, limit: u32) -> Result<Slot> {
        let count = self.at_work.lock().entry(application).or_default().clone();
        let slot = Slot(count);
        let before = slot.0.fetch_add(1, Ordering::AcqRel);
        if before < limit { Ok(slot) } else { Err(too_many(before, limit)) }
    }

    fn check_rate(&self, application: i64, own: Limits, defaults: Limits) -> Result<()> {
        let limit = own.requests_per_second.or(defaults.requests_per_second);
        let Some(limit) = limit.and_then(NonZeroU32::new) else { return Ok(()) };
        let limiter = self.limiter(application, limit);
        limiter
            .check()
            .map_err(|refused| too_fast(limit.get(), refused.wait_time_from(self.clock.now())))
    }

    fn limiter(&self, application: i64, limit: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let per_second = limit.get();
        let fresh = || Rate {
            per_second,
            limiter: Arc::new(RateLimiter::direct(Quota::per_second(limit))),
        };
        let mut rates = self.rates.lock();
        let rate = rates.entry(application).or_insert_with(fresh);
        if rate.per_second != per_second {
            *rate = fresh();
        }
        rate.limiter.clone()
    }
}

fn too_many(at_work: u32, limit: u32) -> Fault {
    let message = format!("the application has {at_work} requests at work, its limit is {limit}");
    Fault::new(Code::ExceedingLimits, message).retry_after(Duration::from_secs(1))
}

fn too_fast(limit: u32, wait: Duration) -> Fault {
    let message = format!("the application's limit is {limit} requests per second");
    Fault::new(Code::ExceedingLimits, message).retry_after(wait)
}

impl App {
    /// Counts a request of an application, or refuses it with `EXCEEDING_LIMITS`.
    pub async fn enter(&self, application: i64, own: Limits) -> Result<AtWork> {
        let defaults = self.default_limits();
        if !self.store.is_shared() {
            return self.limits.enter(application, own, defaults);
        }
        let limits = Limits {
            concurrency: own.concurrency.or(defaults.concurrency),
            requests_per_second: own.requests_per_second.or(defaults.requests_per_second),
        };
        if limits == Limits::default() {
            return Ok(AtWork { _slot: None, _counted: None });
        }
        let entered = self.store.enter(application, limits, now()).await;
        match entered.or_internal("counting the request")? {
            Metered::Entered => Ok(AtWork {
                _slot: Some(self.limits.take_slot(application, u32::MAX)?),
                _counted: Some(Counted(self.store.clone(), application)),
            }),
            Metered::TooMany(at_work) => {
                Err(too_many(at_work, limits.concurrency.unwrap_or_default()))
            }
            Metered::TooFast(wait) => Err(too_fast(
                limits.requests_per_second.unwrap_or_default(),
                Duration::from_millis(wait.into()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(concurrency: Option<u32>, requests_per_second: Option<u32>) -> Limits {
        Limits { concurrency, requests_per_second }
    }

    #[test]
    fn concurrency_is_counted_and_given_back() {
        let all = ApplicationLimits::default();
        let (own, none) = (limits(Some(2), None), Limits::default());
        let first = all.enter(1, own, none).unwrap();
        let _second = all.enter(1, own, none).unwrap();
        let refused = all.enter(1, own, none).map(drop).expect_err("third");
        assert_eq!(refused.code(), Code::ExceedingLimits);
        assert!(refused.message().contains("limit is 2"), "{refused}");
        assert!(all.enter(2, own, none).is_ok(), "another application");
        drop(first);
        assert!(all.enter(1, own, none).is_ok());
    }

    #[test]
    fn rates_come_from_the_application_then_from_the_defaults() {
        let all = ApplicationLimits::default();
        let defaults = limits(None, Some(1));
        assert!(all.enter(1, Limits::default(), defaults).is_ok());
        // A second must pass between any two that are let in.
        let more = || all.enter(1, Limits::default(), defaults).map(drop);
        let refused = (0..1000).find_map(|_| more().err()).expect("a refusal");
        assert!(refused.message().contains("1 requests per second"), "{refused}");
        assert!(refused.wait().is_some_and(|wait| wait <= Duration::from_secs(1)));
        let own = limits(None, Some(1000));
        assert!((0..50).all(|_| all.enter(1, own, defaults).is_ok()), "its own limit counts");
    }
}

//! Where one model stands: not tried yet, loaded, failed for good, or to be tried again later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use super::{Model, Reason};

/// Pause after the first failure that may pass; each further one doubles it.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A model that is loaded at most once at a time.
#[derive(Default)]
pub(super) struct Slot {
    /// Held while the model is being loaded, so that others wait for the outcome.
    loading: Mutex<()>,
    state: RwLock<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Untried,
    Loaded(Arc<Model>),
    Failed(Reason),
    /// It failed for a cause that may pass, and is not tried before `until`.
    Waiting {
        reason: Reason,
        pause: Duration,
        until: Instant,
    },
}

impl Slot {
    /// What is known without trying at `now`: the model, or why it is off. `None` when it is to be
    /// tried.
    pub fn known(&self, now: Instant) -> Option<Result<Arc<Model>, Reason>> {
        match &*self.state.read() {
            State::Untried => None,
            State::Loaded(model) => Some(Ok(model.clone())),
            State::Failed(reason) => Some(Err(reason.clone())),
            State::Waiting { reason, until, .. } => {
                (now < *until).then(|| Err(reason.clone().again_in(*until - now)))
            }
        }
    }

    /// Why the last try failed, also when it is time for the next.
    pub fn failure(&self, now: Instant) -> Option<Reason> {
        match &*self.state.read() {
            State::Untried | State::Loaded(_) => None,
            State::Failed(reason) => Some(reason.clone()),
            State::Waiting { reason, until, .. } => {
                Some(reason.clone().again_in(until.saturating_duration_since(now)))
            }
        }
    }

    /// Whether it failed for a cause that may pass, and it is time to try again.
    pub fn is_due(&self, now: Instant) -> bool {
        matches!(&*self.state.read(), State::Waiting { until, .. } if *until <= now)
    }

    /// The model, loaded by now, or why it is off. Whoever comes while it is being loaded waits.
    pub fn get(
        &self,
        now: impl Fn() -> Instant,
        load: impl FnOnce() -> Result<Arc<Model>, Reason>,
    ) -> Result<Arc<Model>, Reason> {
        if let Some(known) = self.known(now()) {
            return known;
        }
        let _turn = self.loading.lock();
        if let Some(known) = self.known(now()) {
            return known;
        }
        let outcome = load();
        let next = match &outcome {
            Ok(model) => State::Loaded(model.clone()),
            Err(reason) if reason.may_pass() => self.waiting(reason.clone(), now()),
            Err(reason) => State::Failed(reason.clone()),
        };
        let refused = match &next {
            State::Waiting { reason, pause, .. } => Err(reason.clone().again_in(*pause)),
            _ => outcome,
        };
        *self.state.write() = next;
        refused
    }

    fn waiting(&self, reason: Reason, now: Instant) -> State {
        let pause = match &*self.state.read() {
            State::Waiting { pause, .. } => (*pause * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        State::Waiting { reason, pause, until: now + pause }
    }
}

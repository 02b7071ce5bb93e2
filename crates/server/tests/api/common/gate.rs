//! A gate that jobs stand at until the test opens it, so that no test guesses how long work takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

/// How often a job that stands at a gate looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(5);

/// Jobs with the field `gate` set to [`Gate::name`] do not end before it is open. Dropped, it opens.
pub struct Gate {
    number: u64,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    reached: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

/// The gates of all tests in this process.
fn gates() -> MutexGuard<'static, BTreeMap<u64, Arc<State>>> {
    static GATES: Mutex<BTreeMap<u64, Arc<State>>> = Mutex::new(BTreeMap::new());
    GATES.lock().expect("no panic under the lock")
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let state = Arc::<State>::default();
        gates().insert(number, state.clone());
        Self { number, state }
    }

    /// What the field `gate` of a job says.
    pub fn name(&self) -> String {
        self.number.to_string()
    }

    /// Waits until so many jobs have reached the gate, whether they left it or not.
    pub async fn reached(&self, jobs: usize) {
        let mut reached = self.state.reached.subscribe();
        reached.wait_for(|count| *count >= jobs).await.expect("the gate lives");
    }

    /// Lets every job pass, those too that come later.
    pub fn open(&self) {
        self.state.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
        gates().remove(&self.number);
    }
}

/// Stands at a gate until it is open or `check` fails. A gate that is gone is open.
pub fn pass<E>(number: u64, check: impl Fn() -> Result<(), E>) -> Result<(), E> {
    let Some(state) = gates().get(&number).cloned() else { return Ok(()) };
    state.reached.send_modify(|count| *count += 1);
    while !*state.open.borrow() {
        std::thread::sleep(LOOK);
        check()?;
    }
    Ok(())
}

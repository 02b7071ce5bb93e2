//! Admission: a pool of permits in bytes, pixels and worker slots, with a short bounded queue.
//!
//! Whoever comes first is served first, so that large requests are not starved by small ones. A
//! permit is taken before memory is, and given back only when the memory is free again, also when
//! nobody waits for the outcome any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use tokio::sync::oneshot;

/// An amount of what a gate hands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub bytes: u64,
    pub pixels: u64,
    pub slots: u32,
}

impl Load {
    /// Bytes alone.
    pub fn bytes(bytes: u64) -> Self {
        Self { bytes, pixels: 0, slots: 0 }
    }

    fn plus(self, other: Load) -> Load {
        Load {
            bytes: self.bytes.saturating_add(other.bytes),
            pixels: self.pixels.saturating_add(other.pixels),
            slots: self.slots.saturating_add(other.slots),
        }
    }

    fn minus(self, other: Load) -> Load {
        Load {
            bytes: self.bytes.saturating_sub(other.bytes),
            pixels: self.pixels.saturating_sub(other.pixels),
            slots: self.slots.saturating_sub(other.slots),
        }
    }

    fn fits(self, capacity: Load) -> bool {
        self.bytes <= capacity.bytes
            && self.pixels <= capacity.pixels
            && self.slots <= capacity.slots
    }
}

/// Who waits, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// A client: refused at once when the queue is full, and after this wait.
    Client(Duration),
    /// A worker of the process: waits this long whatever the queue, and does not count in it.
    Worker(Duration),
}

/// A pool of permits.
pub(crate) struct Gate {
    capacity: Load,
    queue: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: Load,
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    need: Load,
    client: bool,
    granted: oneshot::Sender<Permit>,
}

/// What was handed out; given back when dropped.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    load: Load,
}

/// What is going on at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occupancy {
    pub used: Load,
    pub waiting: usize,
}

impl Gate {
    /// A gate that hands out at most `capacity`, with `queue` clients waiting.
    pub fn new(capacity: Load, queue: u32) -> Arc<Self> {
        Arc::new(Self { capacity, queue: queue as usize, state: Mutex::default() })
    }

    /// Whether `need` could be met by an idle process; else the fault that says so.
    pub fn check(&self, need: Load) -> Result<()> {
        if need.fits(self.capacity) {
            return Ok(());
        }
        let Load { bytes, pixels, .. } = self.capacity;
        Err(Fault::new(
            Code::InsufficientResources,
            format!(
                "the request needs {} bytes of memory for {} pixels, this server is set up for \
                 {bytes} bytes and {pixels} pixels at a time",
                need.bytes, need.pixels,
            ),
        ))
    }

    /// Takes a permit, after a wait where there is none.
    pub async fn acquire(self: &Arc<Self>, need: Load, patience: Patience) -> Result<Permit> {
        self.check(need)?;
        let receiver = match self.take_or_enqueue(need, patience)? {
            Ok(permit) => return Ok(permit),
            Err(receiver) => receiver,
        };
        // Whoever stops waiting may have stood before others who fit.
        let _leave = Leave(self);
        let (Patience::Client(wait) | Patience::Worker(wait)) = patience;
        match tokio::time::timeout(wait, receiver).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(busy(&format!("no capacity became free within {} s", wait.as_secs_f64()))),
        }
    }

    fn take_or_enqueue(
        self: &Arc<Self>,
        need: Load,
        patience: Patience,
    ) -> Result<Result<Permit, oneshot::Receiver<Permit>>> {
        let client = matches!(patience, Patience::Client(_));
        let mut state = self.state.lock();
        state.waiting.retain(|waiter| !waiter.granted.is_closed());
        let total = state.used.plus(need);
        if state.waiting.is_empty() && total.fits(self.capacity) {
            state.used = total;
            return Ok(Ok(Permit { gate: self.clone(), load: need }));
        }
        let clients = state.waiting.iter().filter(|waiter| waiter.client).count();
        if client && clients >= self.queue {
            return Err(busy(&format!("the queue of {} requests is full", self.queue)));
        }
        let (granted, receiver) = oneshot::channel();
        state.waiting.push_back(Waiter { need, client, granted });
        Ok(Err(receiver))
    }

    fn grant(self: &Arc<Self>) {
        let mut granted = Vec::new();
        {
            let mut state = self.state.lock();
            state.waiting.retain(|waiter| !waiter.granted.is_closed());
            while let Some(first) = state.waiting.front() {
                let total = state.used.plus(first.need);
                if !total.fits(self.capacity) {
                    break;
                }
                state.used = total;
                granted.extend(state.waiting.pop_front());
            }
        }
        // Outside the lock: a permit that nobody takes comes back through `drop`.
        for Waiter { need, granted, .. } in granted {
            drop(granted.send(Permit { gate: self.clone(), load: need }));
        }
    }

    /// What is going on right now.
    pub fn occupancy(&self) -> Occupancy {
        let state = self.state.lock();
        Occupancy { used: state.used, waiting: state.waiting.len() }
    }
}

fn busy(why: &str) -> Fault {
    Fault::new(Code::AiServiceFlowRestriction, format!("the server is busy: {why}"))
        .retry_after(Duration::from_secs(2))
}

struct Leave<'a>(&'a Arc<Gate>);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.grant();
    }
}

impl Permit {
    /// Gives back all but `bytes` bytes; never takes more than is held.
    pub fn shrink_to_bytes(&mut self, bytes: u64) {
        let kept = Load::bytes(bytes.min(self.load.bytes));
        let returned = self.load.minus(kept);
        self.load = kept;
        self.give_back(returned);
    }

    fn give_back(&self, load: Load) {
        {
            let mut state = self.gate.state.lock();
            state.used = state.used.minus(load);
        }
        self.gate.grant();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back(self.load);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Patience = Patience::Client(Duration::from_millis(30));
    const LATER: Patience = Patience::Client(Duration::from_secs(60));

    fn gate(bytes: u64, queue: u32) -> Arc<Gate> {
        Gate::new(Load { bytes, pixels: 1000, slots: 4 }, queue)
    }

    fn code(outcome: Result<Permit>) -> Code {
        outcome.map(drop).expect_err("must be refused").code()
    }

    #[tokio::test]
    async fn what_can_never_fit_is_refused_at_once() {
        let gate = gate(10, 5);
        let refused = gate.acquire(Load::bytes(11), LATER).await;
        assert_eq!(code(refused), Code::InsufficientResources);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_short_one_after_the_wait() {
        let full = gate(10, 0);
        let held = full.acquire(Load::bytes(10), SOON).await;
        assert_eq!(code(full.acquire(Load::bytes(1), LATER).await), Code::AiServiceFlowRestriction);
        drop(held);
        let short = gate(10, 1);
        let _held = short.acquire(Load::bytes(10), SOON).await;
        assert_eq!(code(short.acquire(Load::bytes(1), SOON).await), Code::AiServiceFlowRestriction);
    }

    #[tokio::test]
    async fn waiting_is_first_come_first_served() {
        let gate = gate(10, 5);
        let held = gate.acquire(Load::bytes(6), SOON).await.unwrap();
        let large = tokio::spawn({
            let gate = gate.clone();
            async move { gate.acquire(Load::bytes(9), LATER).await.unwrap() }
        });
        while gate.occupancy().waiting == 0 {
            tokio::task::yield_now().await;
        }
        // It would fit, but the large one was first.
        let small = tokio::spawn({
            let gate = gate.clone();
            async move { gate.acquire(Load::bytes(2), LATER).await.unwrap() }
        });
        while gate.occupancy().waiting < 2 {
            tokio::task::yield_now().await;
        }
        drop(held);
        let large = large.await.unwrap();
        assert_eq!(gate.occupancy().used.bytes, 9);
        drop(large);
        drop(small.await.unwrap());
        assert_eq!(gate.occupancy(), Occupancy { used: Load::default(), waiting: 0 });
    }

    #[tokio::test]
    async fn who_leaves_the_queue_lets_the_next_pass() {
        let gate = gate(10, 5);
        let _held = gate.acquire(Load::bytes(6), SOON).await.unwrap();
        let (large, small) =
            tokio::join!(gate.acquire(Load::bytes(9), SOON), gate.acquire(Load::bytes(2), LATER),);
        assert_eq!(code(large), Code::AiServiceFlowRestriction);
        assert!(small.is_ok());
    }

    #[tokio::test]
    async fn shrinking_gives_back() {
        let gate = gate(10, 5);
        let need = Load { bytes: 8, pixels: 900, slots: 4 };
        let mut permit = gate.acquire(need, SOON).await.unwrap();
        permit.shrink_to_bytes(3);
        assert_eq!(gate.occupancy().used, Load::bytes(3));
        permit.shrink_to_bytes(100);
        assert_eq!(gate.occupancy().used, Load::bytes(3));
        drop(permit);
        assert_eq!(gate.occupancy().used, Load::default());
    }
}

//! Admission: a pool of permits in bytes, pixels and worker slots, with a short bounded queue.
//!
//! Applications share the pool by start-time fair queueing (Goyal, Vin and Cheng 1996). What a
//! request costs is the largest share that it takes of any resource. An application's next request
//! starts where its one before ends, in units of cost, or now, whichever is later; the request
//! that starts first is admitted first. So applications that wait all the time take equal shares,
//! whatever each of them sends, one that comes newly is next, and nobody saves up. Within an
//! application whoever comes first is served first. What is next and does not fit yet is waited
//! for, so that large requests are not starved by small ones.
//!
//! What an admitted job asks for beside (a worker slot, between two calls of an engine) comes before all
//! that: it would else stand behind jobs that wait for the very memory which it gives back at its end.
//!
//! A permit is taken before memory is, and given back only when the memory is free again, also
//! when nobody waits for the outcome any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use tokio::sync::oneshot;

/// The cost of all that a gate has.
const WHOLE: u64 = 1 << 20;

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

    /// The largest share of any resource of `capacity`, in parts of [`WHOLE`], at least one.
    fn cost(self, capacity: Load) -> u64 {
        let share =
            |part: u64, whole: u64| u128::from(part) * u128::from(WHOLE) / u128::from(whole.max(1));
        let shares = [
            share(self.bytes, capacity.bytes),
            share(self.pixels, capacity.pixels),
            share(self.slots.into(), capacity.slots.into()),
        ];
        shares.into_iter().max().map_or(1, |cost| cost.clamp(1, u128::from(WHOLE)) as u64)
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
    /// A job that holds a permit already: waits this long, before everybody who holds none.
    Admitted(Duration),
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
    /// Where the request started that was admitted last.
    clock: u64,
    /// Requests that ever waited.
    arrivals: u64,
    /// Applications that hold permits, wait, or are ahead of the clock.
    flows: BTreeMap<i64, Flow>,
    /// Those who hold a permit already, with their application; oldest first.
    admitted: VecDeque<(i64, Waiter)>,
}

/// The requests of one application.
#[derive(Default)]
struct Flow {
    /// Where its request ends that was admitted last.
    end: u64,
    /// Permits out.
    permits: usize,
    /// Oldest first.
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    need: Load,
    arrival: u64,
    client: bool,
    granted: oneshot::Sender<Permit>,
}

impl Flow {
    fn clients(&self) -> usize {
        self.waiting.iter().filter(|waiter| waiter.client).count()
    }

    fn requests(&self) -> usize {
        self.permits + self.clients()
    }
}

impl State {
    /// Forgets who stopped waiting.
    fn tidy(&mut self) {
        let clock = self.clock;
        self.admitted.retain(|(_, waiter)| !waiter.granted.is_closed());
        self.flows.retain(|_, flow| {
            flow.waiting.retain(|waiter| !waiter.granted.is_closed());
            flow.permits > 0 || !flow.waiting.is_empty() || flow.end > clock
        });
    }

    /// The application whose turn it is, of those that wait.
    fn next(&self) -> Option<i64> {
        let waiting = self.flows.iter().filter_map(|(application, flow)| {
            let first = flow.waiting.front()?;
            Some((flow.end.max(self.clock), first.arrival, *application))
        });
        waiting.min().map(|(_, _, application)| application)
    }

    fn take(&mut self, application: i64, need: Load, capacity: Load) {
        let flow = self.flows.entry(application).or_default();
        self.clock = self.clock.max(flow.end);
        flow.end = self.clock.saturating_add(need.cost(capacity));
        flow.permits += 1;
        self.used = self.used.plus(need);
    }

    /// Takes the newest place in the queue from the application with the most requests, for one
    /// that has fewer; `false` where there is none.
    fn displace(&mut self, application: i64) -> bool {
        let own = self.flows.get(&application).map_or(0, Flow::requests);
        let others = self.flows.values_mut().filter(|flow| flow.clients() > 0);
        let Some(most) = others.max_by_key(|flow| flow.requests()) else { return false };
        let newest = most.waiting.iter().rposition(|waiter| waiter.client);
        match newest {
            Some(newest) if most.requests() > own + 1 => most.waiting.remove(newest).is_some(),
            _ => false,
        }
    }
}

/// What was handed out; given back when dropped.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    application: i64,
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

    /// What an idle process can do at the same time.
    pub fn capacity(&self) -> Load {
        self.capacity
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

    /// Takes a permit for an application, after a wait where there is none.
    pub async fn acquire(
        self: &Arc<Self>,
        application: i64,
        need: Load,
        patience: Patience,
    ) -> Result<Permit> {
        self.check(need)?;
        let receiver = match self.take_or_enqueue(application, need, patience)? {
            Ok(permit) => return Ok(permit),
            Err(receiver) => receiver,
        };
        // It may be its turn already. And whoever stops waiting may have stood before others who
        // fit.
        let leave = Leave(self);
        self.grant();
        let (Patience::Client(wait) | Patience::Worker(wait) | Patience::Admitted(wait)) = patience;
        let outcome = tokio::time::timeout(wait, receiver).await;
        drop(leave);
        match outcome {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(busy("its queue is full, another application has fewer requests")),
            Err(_) => {
                Err(busy(&format!("no capacity became free within {} s", wait.as_secs_f64())))
            }
        }
    }

    fn take_or_enqueue(
        self: &Arc<Self>,
        application: i64,
        need: Load,
        patience: Patience,
    ) -> Result<Result<Permit, oneshot::Receiver<Permit>>> {
        let client = matches!(patience, Patience::Client(_));
        let admitted = matches!(patience, Patience::Admitted(_));
        let mut state = self.state.lock();
        state.tidy();
        let is_next = state.admitted.is_empty() && (admitted || state.next().is_none());
        if is_next && state.used.plus(need).fits(self.capacity) {
            state.take(application, need, self.capacity);
            return Ok(Ok(Permit { gate: self.clone(), application, load: need }));
        }
        let clients: usize = state.flows.values().map(Flow::clients).sum();
        if client && clients >= self.queue && !state.displace(application) {
            return Err(busy(&format!("the queue of {} requests is full", self.queue)));
        }
        let (granted, receiver) = oneshot::channel();
        state.arrivals += 1;
        let waiter = Waiter { need, arrival: state.arrivals, client, granted };
        match admitted {
            true => state.admitted.push_back((application, waiter)),
            false => state.flows.entry(application).or_default().waiting.push_back(waiter),
        }
        Ok(Err(receiver))
    }

    fn grant(self: &Arc<Self>) {
        let mut granted = Vec::new();
        {
            let mut state = self.state.lock();
            state.tidy();
            while let Some((application, first)) = state.admitted.pop_front() {
                if !state.used.plus(first.need).fits(self.capacity) {
                    state.admitted.push_front((application, first));
                    break;
                }
                state.take(application, first.need, self.capacity);
                granted.push((application, first));
            }
            // Those who hold permits go on first.
            while state.admitted.is_empty()
                && let Some(application) = state.next()
            {
                let waiting = state.flows.get_mut(&application).map(|flow| &mut flow.waiting);
                let Some(first) = waiting.and_then(VecDeque::pop_front) else { break };
                if !state.used.plus(first.need).fits(self.capacity) {
                    state.flows.entry(application).or_default().waiting.push_front(first);
                    break;
                }
                state.take(application, first.need, self.capacity);
                granted.push((application, first));
            }
        }
        // Outside the lock: a permit that nobody takes comes back through `drop`.
        for (application, Waiter { need, granted, .. }) in granted {
            drop(granted.send(Permit { gate: self.clone(), application, load: need }));
        }
    }

    /// What is going on right now.
    pub fn occupancy(&self) -> Occupancy {
        let state = self.state.lock();
        let waiting = state.flows.values().map(|flow| flow.waiting.len()).sum::<usize>();
        Occupancy { used: state.used, waiting: waiting + state.admitted.len() }
    }
}

/// The refusal of what there is no room for now.
pub(crate) fn busy(why: &str) -> Fault {
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
        {
            let mut state = self.gate.state.lock();
            state.used = state.used.minus(returned);
        }
        self.gate.grant();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        {
            let mut state = self.gate.state.lock();
            state.used = state.used.minus(self.load);
            if let Some(flow) = state.flows.get_mut(&self.application) {
                flow.permits -= 1;
            }
        }
        self.gate.grant();
    }
}

#[cfg(test)]
mod tests;

//! Memory for request bodies, taken step by step as their bytes arrive.
//!
//! Bodies have an order: those of the application that holds least come first, and of two of one
//! application the older one. Whoever is first of those that wait gets the next step. Where no room
//! is left it takes it from those that come after it: the application that holds most loses its
//! newest body. Bodies of jobs at work are exempt; their end is near. So whoever is first always
//! gets on, bodies never wait for each other in a circle, and no application keeps another out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use safelight_contract::Result;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::admission::busy;

/// A pool of bytes.
pub(crate) struct Pool {
    capacity: u64,
    queue: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: u64,
    /// What bodies still hold that were told to end.
    returning: u64,
    opened: u64,
    /// By age, oldest first.
    bodies: BTreeMap<u64, Body>,
    /// What each application holds, without what is returning.
    held: BTreeMap<i64, u64>,
}

struct Body {
    application: i64,
    bytes: u64,
    standing: Standing,
    waiting: Option<Waiter>,
    revoked: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is received, or waits for its work: others may take its place.
    Revocable,
    /// It was told to end.
    Revoked,
    /// It is at work.
    Kept,
}

struct Waiter {
    more: u64,
    granted: oneshot::Sender<()>,
}

impl Body {
    /// Whether this is a client's body that has nothing yet.
    fn starts(&self) -> bool {
        self.bytes == 0 && self.standing == Standing::Revocable
    }
}

impl State {
    fn held(&self, application: i64) -> u64 {
        self.held.get(&application).copied().unwrap_or(0)
    }

    fn bodies_of(&self, application: i64) -> usize {
        self.bodies.values().filter(|body| body.application == application).count()
    }

    fn add(&mut self, number: u64, more: u64) {
        let Some(body) = self.bodies.get_mut(&number) else { return };
        body.bytes += more;
        self.used += more;
        match body.standing {
            Standing::Revoked => self.returning += more,
            _ => *self.held.entry(body.application).or_default() += more,
        }
    }

    fn subtract(&mut self, number: u64, bytes: u64) {
        let Some(body) = self.bodies.get_mut(&number) else { return };
        let bytes = bytes.min(body.bytes);
        body.bytes -= bytes;
        self.used -= bytes;
        let application = body.application;
        match body.standing {
            Standing::Revoked => self.returning -= bytes,
            _ => self.disown(application, bytes),
        }
    }

    fn disown(&mut self, application: i64, bytes: u64) {
        let Some(held) = self.held.get_mut(&application) else { return };
        *held -= bytes;
        if *held == 0 {
            self.held.remove(&application);
        }
    }

    /// Tells a body to end.
    fn revoke(&mut self, number: u64) {
        let Some(body) = self.bodies.get_mut(&number) else { return };
        let (application, bytes) = (body.application, body.bytes);
        body.standing = Standing::Revoked;
        body.waiting = None;
        body.revoked.notify_one();
        self.returning += bytes;
        self.disown(application, bytes);
    }

    /// Where a body comes in the order.
    fn rank(&self, number: u64, body: &Body) -> (u64, u64) {
        (self.held(body.application), number)
    }

    /// The body that is to have its step next: its number, and the size of the step.
    fn next(&self) -> Option<(u64, u64)> {
        let waiting = self.bodies.iter().filter_map(|(number, body)| {
            let waiter = body.waiting.as_ref().filter(|waiter| !waiter.granted.is_closed())?;
            Some((self.rank(*number, body), waiter.more))
        });
        waiting.min().map(|((_, number), more)| (number, more))
    }

    /// Grants steps in order, as far as there is room or room can be made.
    fn serve(&mut self, capacity: u64) {
        while let Some((number, more)) = self.next() {
            if self.used + more > capacity {
                return self.make_room(capacity, number, more);
            }
            let waiter = self.bodies.get_mut(&number).and_then(|body| body.waiting.take());
            self.add(number, more);
            if let Some(waiter) = waiter {
                // Where nobody takes it any more, the body is about to end and gives it back.
                let _ = waiter.granted.send(());
            }
        }
    }

    /// Revokes bodies until `more` bytes for body `number` will be free, or none is left after it.
    fn make_room(&mut self, capacity: u64, number: u64, more: u64) {
        while self.used - self.returning + more > capacity {
            let Some(victim) = self.last_after(number) else { return };
            self.revoke(victim);
        }
    }

    /// The last body in the order that may be revoked, if it comes after `number`.
    fn last_after(&self, number: u64) -> Option<u64> {
        let rank = self.rank(number, self.bodies.get(&number)?);
        let revocable = self
            .bodies
            .iter()
            .filter(|(_, body)| body.standing == Standing::Revocable && body.bytes > 0);
        let last = revocable.map(|(other, body)| self.rank(*other, body)).max();
        last.filter(|last| *last > rank).map(|(_, number)| number)
    }

    /// Bodies of clients that wait for their first step.
    fn starting(&self) -> impl Iterator<Item = (&u64, &Body)> {
        self.bodies.iter().filter(|(_, body)| body.starts() && body.waiting.is_some())
    }

    /// Takes the newest place in the queue from the application with the most bodies, for one that
    /// has fewer; `false` where there is none.
    fn displace(&mut self, application: i64) -> bool {
        let starting =
            self.starting().map(|(number, body)| (self.bodies_of(body.application), *number));
        // The newcomer is one of its application's bodies already.
        match starting.max() {
            Some((most, number)) if most > self.bodies_of(application) => {
                self.revoke(number);
                true
            }
            _ => false,
        }
    }
}

impl Pool {
    /// A pool of so many bytes, with `queue` bodies waiting for their first step.
    pub fn new(capacity: u64, queue: u32) -> Arc<Self> {
        Arc::new(Self { capacity, queue: queue as usize, state: Mutex::default() })
    }

    /// A body of an application, which holds nothing yet.
    pub fn open(self: &Arc<Self>, application: i64) -> Memory {
        let mut state = self.state.lock();
        state.opened += 1;
        let number = state.opened;
        let revoked = Arc::<Notify>::default();
        let standing = Standing::Revocable;
        let body =
            Body { application, bytes: 0, standing, waiting: None, revoked: revoked.clone() };
        state.bodies.insert(number, body);
        drop(state);
        Memory { pool: self.clone(), number, revoked }
    }

    /// The largest body that may be read whole before its fields are copied out of it: both lie in
    /// the pool for a moment.
    pub fn largest_whole(&self) -> u64 {
        self.capacity / 2
    }

    /// Bytes that are held, and bodies that wait for a step.
    pub fn occupancy(&self) -> (u64, usize) {
        let state = self.state.lock();
        (state.used, state.bodies.values().filter(|body| body.waiting.is_some()).count())
    }
}

/// The memory of one body; given back when dropped.
pub(crate) struct Memory {
    pool: Arc<Pool>,
    number: u64,
    revoked: Arc<Notify>,
}

impl Memory {
    /// Takes `more` bytes, after a wait where there are none.
    ///
    /// # Errors
    /// `AI_SERVICE_FLOW_RESTRICTION` when none became free in time, when the queue of bodies that
    /// wait for their first step is full, or when the body lost its place.
    pub async fn grow(&self, more: u64, wait: Duration) -> Result<()> {
        let Some(receiver) = self.take_or_enqueue(more)? else { return Ok(()) };
        let leave = Leave(self);
        let outcome = timeout(wait, receiver).await;
        drop(leave);
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(displaced()),
            Err(_) => Err(busy(&format!(
                "no memory for the body became free within {} s",
                wait.as_secs_f64()
            ))),
        }
    }

    fn take_or_enqueue(&self, more: u64) -> Result<Option<oneshot::Receiver<()>>> {
        let Pool { capacity, queue, .. } = *self.pool;
        let mut state = self.pool.state.lock();
        let Some(body) = state.bodies.get(&self.number) else { return Ok(None) };
        let (application, starts) = (body.application, body.starts());
        if body.standing == Standing::Revoked {
            return Err(displaced());
        }
        if state.next().is_none() && state.used + more <= capacity {
            state.add(self.number, more);
            return Ok(None);
        }
        if starts && state.starting().count() >= queue && !state.displace(application) {
            return Err(busy(&format!("the queue of {queue} bodies is full")));
        }
        let (granted, receiver) = oneshot::channel();
        if let Some(body) = state.bodies.get_mut(&self.number) {
            body.waiting = Some(Waiter { more, granted });
        }
        state.serve(capacity);
        Ok(Some(receiver))
    }

    /// Gives back all but `bytes` bytes; never takes more than is held.
    pub fn shrink_to(&self, bytes: u64) {
        let mut state = self.pool.state.lock();
        let held = state.bodies.get(&self.number).map_or(0, |body| body.bytes);
        state.subtract(self.number, held.saturating_sub(bytes));
        state.serve(self.pool.capacity);
    }

    /// Runs `work` unless others take the body's place first.
    pub async fn unless_revoked<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            outcome = work => outcome,
            () = self.revoked() => Err(displaced()),
        }
    }

    /// Waits until others take the body's place, however long that is.
    pub async fn revoked(&self) {
        self.revoked.notified().await;
    }

    /// Bytes that all bodies together may hold.
    pub fn capacity(&self) -> u64 {
        self.pool.capacity
    }

    /// Whether the body may go on.
    ///
    /// # Errors
    /// When others took its place.
    pub fn check(&self) -> Result<()> {
        let state = self.pool.state.lock();
        let is_revoked = |body: &Body| body.standing == Standing::Revoked;
        match state.bodies.get(&self.number).is_some_and(is_revoked) {
            true => Err(displaced()),
            false => Ok(()),
        }
    }

    /// Keeps the body until its end, whatever others need.
    ///
    /// # Errors
    /// When its place is taken already.
    pub fn keep(&self) -> Result<()> {
        let mut state = self.pool.state.lock();
        match state.bodies.get_mut(&self.number) {
            Some(body) if body.standing != Standing::Revoked => {
                body.standing = Standing::Kept;
                Ok(())
            }
            _ => Err(displaced()),
        }
    }
}

fn displaced() -> safelight_contract::Fault {
    busy("memory for bodies is short, and the application has more of it than others")
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.shrink_to(0);
        let mut state = self.pool.state.lock();
        state.bodies.remove(&self.number);
    }
}

/// Leaves the queue.
struct Leave<'a>(&'a Memory);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.0.pool.state.lock();
        if let Some(body) = state.bodies.get_mut(&self.0.number) {
            body.waiting = None;
        }
        state.serve(self.0.pool.capacity);
    }
}

#[cfg(test)]
mod tests;

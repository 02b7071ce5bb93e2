//! How inference shares the processor: how many models run at a time, on how many threads, and in
//! which order the others wait.

use parking_lot::{Condvar, Mutex};

use crate::settings::Settings;

/// How many threads work on one model, where the operator leaves it open. On two cores one model on
/// two threads at a time answers sooner than two models on one thread each, for the same processor
/// time (`docs/inference.md`).
pub const THREADS_PER_STREAM: usize = 2;

/// How the threads are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Threads in all.
    pub threads: usize,
    /// Models that run at the same time.
    pub streams: usize,
}

impl Plan {
    /// The operator's wishes, the rest from the number of cores.
    pub fn new(settings: &Settings) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::for_cores(settings, cores)
    }

    fn for_cores(settings: &Settings, cores: usize) -> Self {
        let threads = settings.threads.unwrap_or(cores).max(1);
        let streams = settings.streams.unwrap_or(threads / THREADS_PER_STREAM);
        Self { threads, streams: streams.clamp(1, threads) }
    }
}

/// Lets a fixed number of callers in at a time, the others in the order of their arrival.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: u64,
    queue: Mutex<Queue>,
    moved: Condvar,
}

/// Tickets are handed out in order; a ticket is admitted once it is less than `permits` ahead of
/// the number of callers that have left.
#[derive(Debug, Default)]
struct Queue {
    next_ticket: u64,
    left: u64,
}

impl Gate {
    pub(crate) fn new(permits: usize) -> Self {
        Self { permits: permits.max(1) as u64, queue: Mutex::default(), moved: Condvar::new() }
    }

    /// Blocks until it is this caller's turn.
    pub(crate) fn enter(&self) -> Permit<'_> {
        let mut queue = self.queue.lock();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        self.moved.wait_while(&mut queue, |queue| ticket >= queue.left + self.permits);
        Permit { gate: self }
    }

    #[cfg(test)]
    fn waiting(&self) -> u64 {
        let queue = self.queue.lock();
        queue.next_ticket.saturating_sub(queue.left + self.permits)
    }
}

/// The right to run; leaving makes room for the next.
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.queue.lock().left += 1;
        self.gate.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn plans() {
        let plan = |threads, streams, cores| {
            let settings = Settings { threads, streams, ..Settings::default() };
            let Plan { threads, streams } = Plan::for_cores(&settings, cores);
            (threads, streams)
        };
        assert_eq!(plan(None, None, 1), (1, 1));
        assert_eq!(plan(None, None, 16), (16, 16 / THREADS_PER_STREAM));
        assert_eq!(plan(Some(4), Some(3), 2), (4, 3));
        assert_eq!(plan(Some(2), Some(9), 2), (2, 2), "never more streams than threads");
    }

    #[test]
    fn as_many_as_there_are_permits_are_inside_and_no_more() {
        let (gate, inside, most) = (Gate::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        let together = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _permit = gate.enter();
                    together.wait();
                });
            }
        });
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _permit = gate.enter();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(inside.into_inner(), 0);
        assert!((1..=3).contains(&most.into_inner()));
    }

    #[test]
    fn callers_enter_in_the_order_of_their_arrival() {
        let (gate, order) = (Gate::new(1), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            let first = gate.enter();
            for caller in 0..8 {
                let (gate, order) = (&gate, &order);
                scope.spawn(move || {
                    let _permit = gate.enter();
                    order.lock().push(caller);
                });
                while gate.waiting() <= caller {
                    thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(order.into_inner(), (0..8).collect::<Vec<_>>());
    }
}

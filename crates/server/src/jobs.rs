//! The threads that jobs run on: as many as there are worker slots, apart from the async runtime.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// A fixed set of threads and the jobs that they take. Dropping it lets the threads end after the
/// job that they are at.
pub(crate) struct Jobs {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Task>,
    closed: bool,
}

impl Jobs {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(count: u32) -> std::io::Result<Self> {
        let jobs = Self { shared: Arc::default() };
        for number in 0..count {
            let shared = jobs.shared.clone();
            thread::Builder::new().name(format!("job-{number}")).spawn(move || shared.serve())?;
        }
        Ok(jobs)
    }

    /// Runs `job` on one of the threads. A panic in it comes back as the error.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (sender, receiver) = oneshot::channel();
        let task: Task = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(job));
            // Whoever waited may be gone; then the outcome is dropped here.
            drop(sender.send(outcome.map_err(|panic| Panicked::new(&*panic))));
        });
        self.shared.queue.lock().tasks.push_back(task);
        self.shared.changed.notify_one();
        receiver.await.unwrap_or_else(|_| Err(Panicked("the job's thread ended".to_owned())))
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn serve(&self) {
        while let Some(task) = self.next() {
            task();
        }
    }

    fn next(&self) -> Option<Task> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(task) = queue.tasks.pop_front() {
                return Some(task);
            }
            if queue.closed {
                return None;
            }
            self.changed.wait(&mut queue);
        }
    }
}

/// What a panic said.
#[derive(Debug)]
pub(crate) struct Panicked(pub String);

impl Panicked {
    /// Reads the message of a caught panic.
    pub fn new(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_on_their_threads_and_panics_come_back() {
        let jobs = Jobs::start(1).unwrap();
        let name = jobs.run(|| thread::current().name().map(str::to_owned)).await.unwrap();
        assert_eq!(name.as_deref(), Some("job-0"));
        let panicked = jobs.run::<()>(|| panic!("on purpose")).await;
        assert_eq!(panicked.expect_err("panics").0, "on purpose");
        assert_eq!(jobs.run(|| 7).await.unwrap(), 7, "the thread lives on");
    }
}

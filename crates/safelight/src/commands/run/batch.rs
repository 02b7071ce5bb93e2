//! Many files through one service, several at a time.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Cancel, Context, Endpoint, Form, Inline, Stage};
use safelight_vision::Vision;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::delivery::{Delivered, Delivery};
use super::inputs::Item;

/// A local run has no client who waits: what counts as stuck is generous.
const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// A service, its parameters, and what it may use.
pub struct Batch {
    pub endpoint: &'static Endpoint,
    pub form: Form,
    /// The field that each input goes to.
    pub field: &'static str,
    pub vision: Vision,
    pub delivery: Delivery,
    /// Files at work at the same time.
    pub workers: usize,
    /// Bytes that they may take together.
    pub memory: u64,
}

/// What became of a file.
#[derive(Serialize)]
pub struct Report {
    #[serde(serialize_with = "path")]
    pub file: PathBuf,
    pub seconds: f64,
    /// Milliseconds of each stage.
    #[serde(serialize_with = "stages")]
    pub stages: Vec<Stage>,
    #[serde(serialize_with = "paths")]
    pub outputs: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub answer: Value,
    #[serde(flatten)]
    pub failure: Option<Failure>,
}

/// Why a file failed.
#[derive(Serialize)]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
}

fn stages<S: Serializer>(stages: &[Stage], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(stages.len()))?;
    for stage in stages {
        let milliseconds = (stage.took.as_secs_f64() * 1e4).round() / 10.0;
        map.serialize_entry(stage.name, &milliseconds)?;
    }
    map.end()
}

/// A path as text. It need not be UTF-8, which JSON is.
fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

fn paths<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

impl Report {
    /// One line for people.
    pub fn sentence(&self) -> String {
        let file = self.file.display();
        let milliseconds = (self.seconds * 1000.0).round();
        if self.outputs.is_empty() {
            return format!("{file}: {:#}", self.answer);
        }
        let outputs: Vec<_> = self.outputs.iter().map(|path| path.display().to_string()).collect();
        format!("{file} → {} ({milliseconds} ms)", outputs.join(", "))
    }

    /// File, code and message, for the table of failures.
    pub fn cells(&self) -> Vec<String> {
        let (code, message) =
            self.failure.as_ref().map_or(("", ""), |failure| (failure.code, &failure.message));
        vec![self.file.display().to_string(), code.into(), message.into()]
    }
}

impl Batch {
    /// Works through all items; answers their reports in the order of the items. `tell` hears of
    /// each as it ends.
    pub fn run(&self, items: &[Item], tell: &(dyn Fn(&Report) + Sync)) -> Vec<Report> {
        let next = AtomicUsize::new(0);
        let memory = Memory::new(self.memory);
        let reports = Mutex::new(Vec::with_capacity(items.len()));
        thread::scope(|scope| {
            for _ in 0..self.workers.min(items.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else { break };
                        let report = self.one(item, &memory);
                        tell(&report);
                        let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
                        reports.push((index, report));
                    }
                });
            }
        });
        let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        reports.sort_by_key(|(index, _)| *index);
        reports.into_iter().map(|(_, report)| report).collect()
    }

    fn one(&self, item: &Item, memory: &Memory) -> Report {
        let start = Instant::now();
        let cancel = Cancel::after(DEADLINE);
        let context = Context::new(self.vision.clone(), cancel, Arc::new(Inline));
        let outcome = catch_unwind(AssertUnwindSafe(|| self.attempt(item, &context, memory)));
        let outcome = outcome.unwrap_or_else(|panic| Err(unforeseen(&*panic)));
        let (delivered, failure) = match outcome {
            Ok(delivered) => (delivered, None),
            Err(fault) => {
                let code = fault.code().name();
                let message = fault.message().to_owned();
                (Delivered { answer: Value::Null, files: vec![] }, Some(Failure { code, message }))
            }
        };
        Report {
            file: item.path.clone(),
            seconds: (start.elapsed().as_secs_f64() * 1e4).round() / 1e4,
            stages: context.stages(),
            outputs: delivered.files,
            answer: delivered.answer,
            failure,
        }
    }

    fn attempt(&self, item: &Item, context: &Context, memory: &Memory) -> Result<Delivered> {
        let mut form = self.form.clone();
        form.add_file(self.field, self.read(item)?);
        let job = self.endpoint.prepare(&form)?;
        let _room = memory.take(job.cost().bytes);
        self.delivery.deliver(job.run_here(context.clone())?, item)
    }

    /// Reads a file, unless it is larger than the service takes.
    fn read(&self, item: &Item) -> Result<Bytes> {
        let unreadable = |error| Fault::new(Code::FileNotFound, format!("cannot be read: {error}"));
        let length = std::fs::metadata(&item.path).map_err(unreadable)?.len();
        if let Some(field) = self.endpoint.files().next() {
            field.rules.check_size(self.field, length)?;
        }
        std::fs::read(&item.path).map(Bytes::from).map_err(unreadable)
    }
}

fn unforeseen(panic: &(dyn Any + Send)) -> Fault {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Fault::new(Code::UnknownError, format!("the work ended in a panic: {text}"))
}

/// Bytes that jobs share. One that wants more than there is runs alone.
struct Memory {
    total: u64,
    free: Mutex<u64>,
    freed: Condvar,
}

struct Room<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    fn new(total: u64) -> Self {
        Self { total, free: Mutex::new(total), freed: Condvar::new() }
    }

    fn take(&self, bytes: u64) -> Room<'_> {
        let bytes = bytes.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .freed
            .wait_while(free, |free| *free < bytes)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Room { memory: self, bytes }
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.memory.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.memory.freed.notify_all();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_name_that_is_not_utf8_is_reported() {
        let name = PathBuf::from(OsStr::from_bytes(b"caf\xe9.jpg"));
        let report = Report {
            file: name.clone(),
            seconds: 0.5,
            stages: vec![],
            outputs: vec![name],
            answer: Value::Null,
            failure: None,
        };
        let line = serde_json::to_value(&report).expect("JSON");
        assert_eq!(line["file"], "caf\u{fffd}.jpg");
        assert_eq!(line["outputs"][0], "caf\u{fffd}.jpg");
    }
}

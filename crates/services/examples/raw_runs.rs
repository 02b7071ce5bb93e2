//! The raw runs behind a request: what the engine is asked while a service answers it, run again with
//! the same numbers and nothing between. For each photo, as JSON objects a line, the times of decoding
//! it and of all its raw runs one after the other: `photo`, `floor`, `ms` (all rounds), `runs` (how often
//! each model ran).
//!
//! ```sh
//! cargo run --release -p safelight-services --example raw_runs -- --count 10 \
//!     --field face_attributes_type=Age,Gender face-analyzer photos/astronaut.png
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use safelight_imaging::{decode, probe};
use safelight_inference::manifest::ModelSpec;
use safelight_inference::scheduler::Plan;
use safelight_inference::{
    Engine, EngineError, OpenVino, Outputs, Registry, Session, Settings, Tensor,
};
use safelight_operation::{Cancel, Context, Form, Inline};
use safelight_services::find;
use safelight_testkit as testkit;
use safelight_vision::Vision;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Rounds before the first that counts.
const WARM_UP: usize = 2;

/// One run: the model, and what went in.
struct Run {
    model: String,
    inputs: Vec<(String, Tensor)>,
}

/// An engine that writes down what it is asked.
struct Recorder {
    engine: OpenVino,
    runs: Arc<Mutex<Vec<Run>>>,
}

struct RecordedSession {
    model: String,
    session: Box<dyn Session>,
    runs: Arc<Mutex<Vec<Run>>>,
}

impl Engine for Recorder {
    fn describe(&self) -> String {
        self.engine.describe()
    }

    fn load(&self, spec: &ModelSpec, file: &Path) -> Result<Box<dyn Session>, EngineError> {
        let (model, runs) = (spec.name.clone(), self.runs.clone());
        let session = self.engine.load(spec, file)?;
        Ok(Box::new(RecordedSession { model, session, runs }))
    }
}

impl Session for RecordedSession {
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        let outputs = self.session.run(inputs)?;
        let inputs = inputs.iter().map(|&(name, tensor)| (name.to_owned(), tensor.clone()));
        let run = Run { model: self.model.clone(), inputs: inputs.collect() };
        self.runs.lock().map_err(|_| EngineError::Failed("a run panicked".to_owned()))?.push(run);
        Ok(outputs)
    }
}

/// What the command line asks for.
struct Arguments {
    count: usize,
    fields: Vec<(String, String)>,
    service: String,
    photos: Vec<String>,
}

impl Arguments {
    fn read() -> Outcome<Self> {
        let (mut count, mut fields, mut words) = (10, vec![], vec![]);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--count" => count = arguments.next().ok_or("--count needs a number")?.parse()?,
                "--field" => {
                    let field = arguments.next().ok_or("--field needs NAME=VALUE")?;
                    let (name, value) = field.split_once('=').ok_or("--field needs NAME=VALUE")?;
                    fields.push((name.to_owned(), value.to_owned()));
                }
                _ => words.push(argument),
            }
        }
        if words.len() < 2 {
            return Err("a service and a photo are needed".into());
        }
        let service = words.remove(0);
        Ok(Self { count, fields, service, photos: words })
    }
}

fn main() -> Outcome<()> {
    let Arguments { count, fields, service, photos } = Arguments::read()?;
    let (runs, settings) = (Arc::<Mutex<Vec<Run>>>::default(), Settings::default());
    let cache = testkit::target().join("model-cache");
    let engine = OpenVino::load(&testkit::runtime(), &cache, Plan::new(&settings))?;
    let engine = Recorder { engine, runs: runs.clone() };
    let registry = Arc::new(Registry::open(Arc::new(engine), &[testkit::models()], &settings)?);
    let vision = Vision::new(registry.clone());
    let endpoint = find(&service).ok_or("no such service")?;
    for photo in &photos {
        let bytes = Bytes::from(std::fs::read(photo)?);
        let mut form = Form::new();
        form.add_file("image", bytes.clone());
        fields.iter().for_each(|(name, value)| form.add_text(name, value));
        runs.lock().map_err(|_| "a run panicked")?.clear();
        let cancel = Cancel::after(Duration::from_secs(600));
        let context = Context::new(vision.clone(), cancel, Arc::new(Inline));
        endpoint.prepare(&form)?.run_here(context)?;
        let recorded = std::mem::take(&mut *runs.lock().map_err(|_| "a run panicked")?);
        let mut counts = BTreeMap::<&str, u32>::new();
        recorded.iter().for_each(|run| *counts.entry(&run.model).or_default() += 1);
        let decoding = times(count, || Ok(decode(&bytes, &probe(&bytes)?).map(drop)?))?;
        println!("{}", json!({ "photo": photo, "floor": "decode", "ms": decoding }));
        let running = times(count, || repeat(&registry, &runs, &recorded))?;
        println!("{}", json!({ "photo": photo, "floor": "engine", "ms": running, "runs": counts }));
    }
    Ok(())
}

/// Runs everything that was recorded once more.
fn repeat(registry: &Registry, written: &Mutex<Vec<Run>>, runs: &[Run]) -> Outcome<()> {
    for run in runs {
        let inputs: Vec<_> = run.inputs.iter().map(|(name, tensor)| (&**name, tensor)).collect();
        registry.get(&run.model)?.run(&inputs)?;
    }
    written.lock().map_err(|_| "a run panicked")?.clear();
    Ok(())
}

/// Milliseconds of each of so many rounds.
fn times(count: usize, mut round: impl FnMut() -> Outcome<()>) -> Outcome<Vec<f64>> {
    let mut took = Vec::new();
    for turn in 0..WARM_UP + count {
        let start = Instant::now();
        round()?;
        if turn >= WARM_UP {
            took.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(took)
}

//! How fast the engine alone is: the time of one run, and the runs a second of several callers.
//!
//! ```text
//! cargo run --release -p safelight-inference --example raw_engine -- [threads streams callers seconds]
//! ```
//!
//! Without arguments: all plans that make sense on two cores, interleaved three times; for each the
//! best round counts. With arguments: one plan, one line.

use std::time::{Duration, Instant};

use safelight_inference::scheduler::Plan;
use safelight_inference::{Model, OpenVino, Registry, Settings, Tensor};
use safelight_testkit as testkit;

fn main() {
    let arguments: Vec<usize> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    if let [threads, streams, callers, seconds] = arguments[..] {
        let model = model(Plan { threads, streams });
        report(threads, streams, callers, measure(&model, callers, seconds as u64));
        return;
    }
    let models = [(2, 1), (2, 2)].map(|(threads, streams)| {
        let model = model(Plan { threads, streams });
        (threads, streams, model)
    });
    for callers in [1, 2, 8] {
        let mut best = [Figures::WORST; 2];
        for _ in 0..3 {
            for ((_, _, model), best) in models.iter().zip(&mut best) {
                *best = best.better(measure(model, callers, 4));
            }
        }
        for ((threads, streams, _), best) in models.iter().zip(best) {
            report(*threads, *streams, callers, best);
        }
    }
}

fn model(plan: Plan) -> std::sync::Arc<Model> {
    let cache = testkit::target().join("model-cache");
    let start = Instant::now();
    let engine = OpenVino::load(&testkit::runtime(), &cache, plan).expect("the engine");
    let settings = Settings::default();
    let registry = Registry::open(std::sync::Arc::new(engine), &[testkit::models()], &settings);
    let registry = registry.expect("the models");
    let opened = start.elapsed();
    let model = registry.get("u2net").expect("the model");
    println!(
        "{plan:?}: opened in {:.0} ms, u2net loaded in {:.0} ms",
        ms(opened),
        ms(start.elapsed() - opened)
    );
    model
}

/// The shortest and the median run in ms, and the runs a second.
#[derive(Clone, Copy)]
struct Figures {
    shortest: f64,
    median: f64,
    rate: f64,
}

impl Figures {
    const WORST: Self = Self { shortest: f64::MAX, median: f64::MAX, rate: 0.0 };

    fn better(self, other: Self) -> Self {
        Self {
            shortest: self.shortest.min(other.shortest),
            median: self.median.min(other.median),
            rate: self.rate.max(other.rate),
        }
    }
}

fn measure(model: &Model, callers: usize, seconds: u64) -> Figures {
    let input = Tensor::new([1, 3, 320, 320], vec![0.5_f32; 3 * 320 * 320]).expect("a tensor");
    model.run(&[("input.1", &input)]).expect("a run");
    let start = Instant::now();
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..callers)
            .map(|_| {
                scope.spawn(|| {
                    let mut times = vec![];
                    while start.elapsed() < Duration::from_secs(seconds) {
                        let start = Instant::now();
                        model.run(&[("input.1", &input)]).expect("a run");
                        times.push(ms(start.elapsed()));
                    }
                    times
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("no panic")).collect()
    });
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Figures { shortest: times[0], median: times[times.len() / 2], rate }
}

fn report(threads: usize, streams: usize, callers: usize, figures: Figures) {
    let Figures { shortest, median, rate } = figures;
    println!(
        "{threads} threads, {streams} streams, {callers} callers: shortest {shortest:.1} ms, \
         median {median:.1} ms, {rate:.2} runs/s"
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

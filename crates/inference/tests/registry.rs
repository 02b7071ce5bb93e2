//! Which models can be had, and why others cannot: on an engine that only counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use safelight_contract::Code;
use safelight_inference::manifest::ModelSpec;
use safelight_inference::{
    Engine, EngineError, Outputs, Reason, Registry, Session, Settings, Tensor,
};

/// SHA-256 of `weights`.
const DIGEST: &str = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";

#[derive(Default)]
struct Counting {
    loads: AtomicUsize,
    /// How long it takes to load a model.
    load_time: Duration,
}

/// Counts, and takes its time to load.
fn slow() -> Arc<Counting> {
    Arc::new(Counting { load_time: Duration::from_millis(50), ..Counting::default() })
}

struct Echo;

impl Engine for Counting {
    fn describe(&self) -> String {
        "counting".into()
    }

    fn load(&self, spec: &ModelSpec, _: &Path) -> Result<Box<dyn Session>, EngineError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.load_time);
        match &*spec.name {
            "broken" => Err(EngineError::Failed("it is broken".into())),
            _ => Ok(Box::new(Echo)),
        }
    }
}

impl Session for Echo {
    fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        match inputs {
            [("x", tensor)] => Ok(Outputs::new(vec![("y".into(), (*tensor).clone())])),
            [] => Err(EngineError::Mismatch("no input".into())),
            _ => Err(EngineError::Failed("/secret/path went wrong".into())),
        }
    }
}

fn model(name: &str, licence: &str, terms: &str, shape: &str) -> String {
    format!(
        "[[model]]\nname = '{name}'\nfile = '{name}.onnx'\nsha256 = '{DIGEST}'\nbytes = 7\n\
         task = 't'\nprecision = 'f32'\nlicence = '{licence}'\nauthor = 'a'\n\
         [[model.input]]\nname = 'x'\ndtype = 'f32'\nshape = {shape}\nlayout = 'N'\nmeaning = 'm'\n\
         [[model.output]]\nname = 'y'\ndtype = 'f32'\nshape = [1]\nlayout = 'N'\nmeaning = 'm'\n\
         [model.origin]\npackage = 'p'\nversion = '1'\narchive_sha256 = '{DIGEST}'\npath = 'p'\n\
         conversion = 'none'\n[model.training]\ndata = 'd'\nterms = '{terms}'\n"
    )
}

/// A folder with these models, each in a file of its own that holds `weights`.
fn folder(models: &[String]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("manifest.toml"), models.concat()).expect("a manifest");
    for model in models {
        let name = model.split('\'').nth(1).expect("a name");
        fs::write(dir.path().join(format!("{name}.onnx")), "weights").expect("a model");
    }
    dir
}

fn paths(dir: &tempfile::TempDir) -> [PathBuf; 1] {
    [dir.path().to_owned()]
}

fn open(dir: &tempfile::TempDir, settings: &Settings) -> Registry {
    Registry::open(Arc::<Counting>::default(), &paths(dir), settings).expect("a registry")
}

fn refusing(entry: &str) -> Settings {
    Settings { refuse: vec![entry.into()], ..Settings::default() }
}

#[test]
fn a_chosen_model_takes_the_place_of_the_one_whose_work_it_does() {
    let with_slot = |name: &str, slot: &str| {
        model(name, "MIT", "open", "[1]")
            .replace("task = 't'", &format!("task = 't'\nslot = '{slot}'"))
    };
    let models = [
        with_slot("own", "cutting"),
        with_slot("other", "cutting"),
        with_slot("filler", "filling"),
        model("m", "MIT", "open", "[1]"),
    ];
    let dir = folder(&models);
    let choosing = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(slot, name)| ((*slot).to_owned(), (*name).to_owned()));
        Settings { chosen: pairs.collect(), ..Settings::default() }
    };
    let registry = open(&dir, &Settings::default());
    assert_eq!((registry.name_of("own"), registry.name_of("filling")), (Some("own"), None));
    let registry = open(&dir, &choosing(&[("cutting", "other"), ("filling", "filler")]));
    for (asked, used) in [("own", "other"), ("other", "other"), ("filling", "filler"), ("m", "m")] {
        assert_eq!(registry.name_of(asked), Some(used));
        assert_eq!(registry.get(asked).expect("loads").spec().name, used);
    }
    assert_eq!(registry.memory(["own"]), registry.memory(["own", "other", "cutting"]), "once");
    fs::remove_file(dir.path().join("other.onnx")).expect("it is there");
    let registry = open(&dir, &choosing(&[("cutting", "other")]));
    assert!(
        matches!(registry.available("own"), Err(Reason::Unreadable { model, .. }) if model == "other")
    );
    assert_eq!(registry.inspect("own"), Ok(()), "its own file is there");
    assert_eq!(registry.missing(&["own", "m"], &["filling"]).len(), 1);
    for (pair, named) in [(("cutting", "m"), "own, other"), (("filling", "gone"), "filler")] {
        let refused = Registry::open(Arc::<Counting>::default(), &paths(&dir), &choosing(&[pair]));
        let why = refused.err().expect("refused").to_string();
        assert!(why.contains(pair.1) && why.contains(named), "{why}");
    }
}

#[test]
fn many_first_uses_load_once() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let engine = slow();
    let registry = Registry::open(engine.clone(), &paths(&dir), &Settings::default());
    let registry = registry.expect("a registry");
    assert_eq!(engine.loads.load(Ordering::SeqCst), 0, "opening loads nothing");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| registry.get("m").map(drop).expect("the model"));
        }
    });
    assert_eq!(engine.loads.load(Ordering::SeqCst), 1);
}

#[test]
fn refusals_by_name_licence_and_data() {
    let dir = folder(&[
        model("m", "MIT", "open", "[1]"),
        model("n", "Apache-2.0", "non-commercial", "[1]"),
    ]);
    for (entry, refused) in
        [("m", "m"), ("licence:mit", "m"), ("data:non-commercial", "n"), ("n", "n")]
    {
        let registry = open(&dir, &refusing(entry));
        for name in ["m", "n"] {
            let reason = registry.available(name).err();
            let expected = Reason::Refused { model: name.into(), by: entry.into() };
            assert_eq!(reason, (name == refused).then_some(expected), "{entry} {name}");
        }
        let fault = registry.get(refused).map(drop).expect_err("it is refused");
        assert_eq!(fault.code(), Code::AiNotExists);
        assert!(fault.message().contains(entry), "{}", fault.message());
    }
}

#[test]
fn memory_is_counted_once_and_only_for_what_can_be_had() {
    let dir =
        folder(&[model("a", "MIT", "open", "[1]"), model("b", "BSD-3-Clause", "open", "[1]")]);
    let all = open(&dir, &Settings::default());
    let (one, two) = (all.memory(["a", "a", "unknown"]), all.memory(["a", "b"]));
    assert!(one > 0 && two > one && all.memory([]) == 0);
    let refused = open(&dir, &refusing("licence:BSD-3-Clause"));
    assert_eq!(refused.memory(["a", "b"]), one);
}

#[test]
fn a_refusal_of_an_unknown_model_is_a_mistake() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let opened = Registry::open(Arc::<Counting>::default(), &paths(&dir), &refusing("mm"));
    let error = opened.map(drop).expect_err("there is no `mm`").to_string();
    assert!(error.contains("`mm`") && error.contains("there are: m"), "{error}");
}

#[test]
fn files_are_checked() {
    let dir = folder(&["a", "b", "c"].map(|name| model(name, "MIT", "open", "[1]")));
    let file = |name: &str| dir.path().join(name);
    fs::remove_file(file("a.onnx")).expect("it is there");
    fs::write(file("b.onnx"), "longer than it was").expect("a file");
    fs::write(file("c.onnx"), "Weights").expect("a file");
    let registry = open(&dir, &Settings::default());
    assert!(matches!(registry.available("a"), Err(Reason::Unreadable { .. })));
    assert!(matches!(registry.available("b"), Err(Reason::WrongFile { .. })));
    assert_eq!(registry.available("c"), Ok(()), "the digest is not checked yet");
    assert!(matches!(registry.verify("c"), Err(Reason::WrongFile { .. })));
    let fault = registry.get("c").map(drop).expect_err("the digest is wrong");
    assert_eq!(fault.code(), Code::AiNotExists);
    assert!(matches!(registry.available("c"), Err(Reason::WrongFile { .. })), "now it is known");
    assert!(!fault.message().contains(&*dir.path().to_string_lossy()), "{}", fault.message());
}

#[test]
fn without_an_engine_nothing_can_be_had() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let registry = Registry::without_engine("pip is missing", &paths(&dir), &Settings::default());
    let registry = registry.expect("a registry");
    let reason = registry.available("m").expect_err("there is no engine");
    assert!(reason.to_string().contains("pip is missing"), "{reason}");
    assert_eq!(registry.engine(), Err("pip is missing"));
    assert!(matches!(Registry::empty().available("m"), Err(Reason::Unknown(_))));
}

#[test]
fn a_later_folder_replaces_models_of_the_same_signature() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let better = folder(&[model("m", "BSD-3-Clause", "open", "[1]")]);
    let settings = Settings { extra: paths(&better).into(), ..Settings::default() };
    let registry = open(&dir, &settings);
    let licences: Vec<_> = registry.specs().map(|spec| &*spec.licence).collect();
    assert_eq!(licences, ["BSD-3-Clause"]);

    let other = folder(&[model("m", "MIT", "open", "[2]")]);
    let settings = Settings { extra: paths(&other).into(), ..Settings::default() };
    let opened = Registry::open(Arc::<Counting>::default(), &paths(&dir), &settings);
    let error = opened.map(drop).expect_err("the shapes differ").to_string();
    assert!(error.contains("other inputs or outputs"), "{error}");
}

#[test]
fn warming_tells_what_cannot_be_had() {
    let dir = folder(&["m", "broken"].map(|name| model(name, "MIT", "open", "[1]")));
    let registry = Registry::open(slow(), &paths(&dir), &Settings::default());
    let registry = registry.expect("a registry");
    let [(_, good), (_, broken), (_, unknown)] =
        registry.warm(["m", "broken", "x"]).try_into().expect("three answers");
    assert!(good.is_ok_and(|took| took >= Duration::from_millis(50)));
    assert!(matches!(broken, Err(Reason::Failed { .. })));
    assert_eq!(unknown, Err(Reason::Unknown("x".into())));
}

#[test]
fn failures_of_a_run_have_their_codes_and_keep_paths_private() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let model = open(&dir, &Settings::default()).get("m").expect("the model");
    let tensor = Tensor::new([1], vec![1.0_f32]).expect("a tensor");
    let outputs = model.run(&[("x", &tensor)]).expect("an echo");
    assert_eq!(outputs.get("y"), Some(&tensor));
    let mismatch = model.run(&[]).expect_err("no input");
    assert_eq!(mismatch.code(), Code::AiServiceInternalError);
    let failure = model.run(&[("z", &tensor)]).expect_err("another input");
    assert_eq!(failure.code(), Code::AiServiceError);
    assert!(!failure.message().contains("/secret"), "{}", failure.message());
}

#[test]
fn manifests_are_checked() {
    let wrong = [
        (model("M", "MIT", "open", "[1]"), "lower-case"),
        (model("m", "MIT", "open", "[1, 2]"), "layout"),
        (model("m", "MIT", "open", "[1]").replace(DIGEST, "12"), "64"),
        (model("m", "MIT", "open", "[1]").replace("'m.onnx'", "'../m.onnx'"), "plain file name"),
        (model("m", "MIT", "open", "[1]").repeat(2), "twice"),
        (model("m", "MIT", "open", "[1]") + "colour = 'red'\n", "colour"),
        (model("m", "MIT", "whatever", "[1]"), "whatever"),
    ];
    for (text, expected) in wrong {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("manifest.toml"), text).expect("a manifest");
        let opened = Registry::open(Arc::<Counting>::default(), &paths(&dir), &Settings::default());
        let error = opened.map(drop).expect_err("the manifest is wrong").to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains("manifest.toml"), "{error}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let opened = Registry::open(Arc::<Counting>::default(), &paths(&dir), &Settings::default());
    assert!(opened.map(drop).expect_err("no manifest").to_string().contains("cannot be read"));
}

/// An engine that lacks something for its first loads.
struct Recovering {
    failures: usize,
    loads: AtomicUsize,
}

impl Engine for Recovering {
    fn describe(&self) -> String {
        "recovering".into()
    }

    fn load(&self, _: &ModelSpec, _: &Path) -> Result<Box<dyn Session>, EngineError> {
        match self.loads.fetch_add(1, Ordering::SeqCst) < self.failures {
            true => Err(EngineError::Unavailable("too many open files: /secret/m.onnx".into())),
            false => Ok(Box::new(Echo)),
        }
    }
}

/// Seconds that a test moves on.
#[derive(Clone, Default)]
struct Seconds(Arc<AtomicU64>);

impl Seconds {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn clock(&self) -> impl Fn() -> Instant + Send + Sync + 'static {
        let (start, seconds) = (Instant::now(), self.0.clone());
        move || start + Duration::from_secs(seconds.load(Ordering::SeqCst))
    }
}

fn recovering(failures: usize) -> (tempfile::TempDir, Arc<Recovering>, Registry, Seconds) {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let engine = Arc::new(Recovering { failures, loads: AtomicUsize::new(0) });
    let seconds = Seconds::default();
    let registry = Registry::open(engine.clone(), &paths(&dir), &Settings::default());
    let registry = registry.expect("a registry").with_clock(seconds.clock());
    (dir, engine, registry, seconds)
}

/// How long `m` is off.
fn wait(registry: &Registry) -> Duration {
    match registry.health("m") {
        Err(Reason::Unavailable { again_in, .. }) => again_in,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_that_may_pass_is_tried_again_after_a_growing_pause() {
    let (_dir, engine, registry, seconds) = recovering(9);
    for (tries, pause) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        let fault = registry.get("m").map(drop).expect_err("it lacks files");
        assert_eq!(fault.code(), Code::ResourceUnavailable);
        assert_eq!(fault.wait(), Some(Duration::from_secs(pause)));
        assert!(fault.message().contains("`m`"), "{}", fault.message());
        assert!(!fault.message().contains("/secret"), "{}", fault.message());
        seconds.pass(pause - 1);
        assert!(registry.available("m").is_err() && registry.get("m").is_err());
        assert_eq!(wait(&registry), Duration::from_secs(1));
        assert!(!registry.is_retry_due());
        assert_eq!(engine.loads.load(Ordering::SeqCst), tries + 1, "not before its time");
        seconds.pass(1);
        assert!(registry.is_retry_due());
        assert_eq!(registry.available("m"), Ok(()), "the next use tries");
        assert_eq!(wait(&registry), Duration::ZERO, "it is not there yet");
    }
    registry.retry();
    assert_eq!(engine.loads.load(Ordering::SeqCst), 9);
    seconds.pass(60);
    registry.retry();
    assert!(registry.get("m").is_ok() && registry.health("m").is_ok());
    seconds.pass(3600);
    registry.retry();
    assert_eq!(engine.loads.load(Ordering::SeqCst), 10, "it stays loaded");
}

#[test]
fn many_uses_after_the_pause_try_once() {
    let (_dir, engine, registry, seconds) = recovering(2);
    assert!(registry.get("m").is_err());
    seconds.pass(1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| registry.get("m").map(drop).expect_err("it lacks files"));
        }
    });
    assert_eq!(engine.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn a_failure_of_the_model_itself_is_final() {
    let dir = folder(&[model("broken", "MIT", "open", "[1]")]);
    let (engine, seconds) = (Arc::new(Counting::default()), Seconds::default());
    let registry = Registry::open(engine.clone(), &paths(&dir), &Settings::default());
    let registry = registry.expect("a registry").with_clock(seconds.clock());
    for _ in 0..3 {
        let fault = registry.get("broken").map(drop).expect_err("it is broken");
        assert_eq!((fault.code(), fault.wait()), (Code::AiNotExists, None));
        seconds.pass(3600);
        assert!(!registry.is_retry_due());
    }
    assert_eq!(engine.loads.load(Ordering::SeqCst), 1);
    assert!(matches!(registry.health("broken"), Err(reason) if !reason.is_intended()));
}

/// A link that leads to itself stands for whatever keeps a file from being opened for a while.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_opened_for_a_while_is_tried_again() {
    let (dir, _, registry, seconds) = recovering(0);
    let file = dir.path().join("m.onnx");
    fs::remove_file(&file).expect("it is there");
    std::os::unix::fs::symlink(&file, &file).expect("a link");
    let fault = registry.get("m").map(drop).expect_err("a loop");
    assert_eq!(fault.code(), Code::ResourceUnavailable);
    fs::remove_file(&file).expect("it is there");
    fs::write(&file, "weights").expect("a model");
    assert!(registry.get("m").is_err(), "not before its time");
    seconds.pass(1);
    assert!(registry.get("m").is_ok());
}

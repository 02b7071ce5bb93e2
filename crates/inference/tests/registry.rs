//! Which models can be had, and why others cannot: on an engine that only counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
}

struct Echo;

impl Engine for Counting {
    fn describe(&self) -> String {
        "counting".into()
    }

    fn load(&self, spec: &ModelSpec, _: &Path) -> Result<Box<dyn Session>, EngineError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
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
fn many_first_uses_load_once() {
    let dir = folder(&[model("m", "MIT", "open", "[1]")]);
    let engine = Arc::new(Counting::default());
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
    let registry = open(&dir, &Settings::default());
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

//! Models that a server runs: the same numbers as in this process, and what happens when the server fails.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use safelight_contract::Code;
use safelight_inference::breaker::REST;
use safelight_inference::{Outputs, Registry, Remote, Settings, Tensor};
use safelight_testkit as testkit;
use testkit::tensors::{Manner, TensorServer};

fn settings(url: &str, models: &[&str], timeout_ms: u64) -> Settings {
    let models = models.iter().map(|name| (*name).to_owned()).collect();
    let remote = vec![Remote { url: url.to_owned(), models, timeout_ms }];
    Settings { remote, ..Settings::default() }
}

/// The models of the server, those that it runs in place of this process and those that are here alone.
fn served() -> (TensorServer, Arc<Registry>) {
    let models = testkit::registry();
    (TensorServer::start(models.clone()), models)
}

/// A registry that knows models without having their files or an engine.
fn bare(settings: &Settings) -> Registry {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = testkit::models().join("manifest.toml");
    fs::copy(manifest, folder.path().join("manifest.toml")).expect("a copy");
    let folders = [folder.path().to_owned()];
    Registry::without_engine("there is none", &folders, settings).expect("a registry")
}

fn floats() -> (&'static str, &'static str, Tensor) {
    let values = (0..3 * 320 * 320).map(|i| (i * 7 % 1009) as f32 / 252.0 - 2.0);
    let tensor = Tensor::new([1, 3, 320, 320], values.collect::<Vec<_>>());
    ("u2net", "input.1", tensor.expect("the shape fits"))
}

fn bytes() -> (&'static str, &'static str, Tensor) {
    let values = (0..320 * 640 * 3).map(|i| (i * 31 % 251) as u8);
    let tensor = Tensor::new([1, 320, 640, 3], values.collect::<Vec<_>>());
    ("yunet", "input", tensor.expect("the shape fits"))
}

/// Largest difference between the outputs of a model.
fn difference(registry: &Registry, model: &str, a: &Outputs, b: &Outputs) -> f32 {
    let spec = registry.specs().find(|spec| spec.name == model).expect("the model");
    let mut most = 0.0_f32;
    for port in &spec.outputs {
        let numbers = |outputs: &Outputs| {
            let tensor = outputs.get(&port.name).expect("an output").clone();
            (tensor.shape().to_vec(), tensor.as_f32().expect("floats").to_vec())
        };
        let ((shape, a), (other, b)) = (numbers(a), numbers(b));
        assert_eq!(shape, other, "{model}: {}", port.name);
        most = a.iter().zip(&b).fold(most, |most, (a, b)| most.max((a - b).abs()));
    }
    most
}

#[test]
fn the_numbers_are_those_of_this_process() {
    let (server, here) = served();
    let there = bare(&settings(&server.url(), &["u2net", "yunet"], 60_000));
    for (name, input, tensor) in [floats(), bytes()] {
        let run = |registry: &Registry, tensor: &Tensor| {
            let model = registry.get(name).unwrap_or_else(|fault| panic!("{fault}"));
            model.run(&[(input, tensor)]).unwrap_or_else(|fault| panic!("{fault}"))
        };
        let (local, remote) = (run(&here, &tensor), run(&there, &tensor));
        let found = difference(&here, name, &local, &remote);
        assert!(found <= 1e-3, "{name} differs by {found}");
        // That outputs differ at all shows with another input.
        let other = match name {
            "u2net" => Tensor::new(tensor.shape(), vec![0.5_f32; 3 * 320 * 320]),
            _ => Tensor::new(tensor.shape(), vec![7_u8; 320 * 640 * 3]),
        };
        let other = run(&there, &other.expect("the shape fits"));
        assert!(difference(&here, name, &local, &other) > 1e-3, "{name}");
    }
    assert_eq!(server.calls(), 6, "two signatures and four runs");
    assert_eq!(there.remote("u2net"), Some(&*server.url()));
    assert!(there.available("face_mesh").is_err(), "what no server runs is not here");
}

#[test]
fn a_model_that_is_installed_here_is_run_here_while_its_server_fails() {
    let (server, here) = served();
    let there = testkit::open_registry(&settings(&server.url(), &["yunet"], 60_000));
    let (name, input, tensor) = bytes();
    let model = there.get(name).unwrap_or_else(|fault| panic!("{fault}"));
    let run = || model.run(&[(input, &tensor)]).unwrap_or_else(|fault| panic!("{fault}"));
    let local = here.get(name).expect("it").run(&[(input, &tensor)]).expect("a run");
    run();
    let before = server.calls();
    server.set(Manner::Status(14));
    for _ in 0..5 {
        assert!(difference(&here, name, &local, &run()) <= 1e-3);
    }
    assert_eq!(server.calls(), before + 5, "each call was tried");
    run();
    assert_eq!(server.calls(), before + 5, "a server that failed five times rests");
}

#[test]
fn a_server_that_fails_is_an_error_where_nothing_is_installed() {
    let (server, _) = served();
    let (name, input, tensor) = bytes();
    let there = bare(&settings(&server.url(), &[name], 300));
    let model = there.get(name).unwrap_or_else(|fault| panic!("{fault}"));
    for manner in [Manner::Silent, Manner::Status(14), Manner::Status(13), Manner::ManyOutputs] {
        server.set(manner);
        let fault = model.run(&[(input, &tensor)]).map(drop).expect_err("a failure");
        assert_eq!(fault.code(), Code::AiServiceError, "{manner:?}");
    }
    let wrong = Tensor::new([1, 2, 2, 3], vec![0.0_f32; 12]).expect("the shape fits");
    let fault = model.run(&[(input, &wrong)]).map(drop).expect_err("floats for bytes");
    assert_eq!(fault.code(), Code::AiServiceInternalError);
    server.set(Manner::Right);
    model.run(&[(input, &tensor)]).unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn another_signature_is_refused_when_the_model_is_loaded() {
    let (server, _) = served();
    server.set(Manner::OtherSignature);
    for registry in [
        bare(&settings(&server.url(), &["yunet"], 60_000)),
        testkit::open_registry(&settings(&server.url(), &["yunet"], 60_000)),
    ] {
        let fault = registry.get("yunet").map(drop).expect_err("another signature");
        assert_eq!(fault.code(), Code::AiNotExists);
        let why = registry.verify("yunet").expect_err("another signature").to_string();
        assert!(why.contains("`input`") && why.contains("UINT8"), "{why}");
    }
}

#[test]
fn a_server_may_come_later_and_come_again() {
    let (server, models) = served();
    let address = server.address;
    let settings = settings(&server.url(), &["yunet"], 60_000);
    drop(server);
    let clock = Arc::new(Mutex::new(Instant::now()));
    let moved = clock.clone();
    let there = bare(&settings).with_clock(move || *moved.lock());
    let fault = there.get("yunet").map(drop).expect_err("nobody listens");
    assert_eq!(fault.code(), Code::ResourceUnavailable);
    let server = TensorServer::start_at(models.clone(), address);
    *clock.lock() += REST;
    let model = there.get("yunet").unwrap_or_else(|fault| panic!("{fault}"));
    let (_, input, tensor) = bytes();
    model.run(&[(input, &tensor)]).unwrap_or_else(|fault| panic!("{fault}"));
    drop(server);
    assert!(model.run(&[(input, &tensor)]).is_err(), "it is gone");
    let server = TensorServer::start_at(models, address);
    model.run(&[(input, &tensor)]).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(server.calls(), 2, "its signature is compared again");
}

#[test]
fn unknown_models_and_two_servers_are_refused() {
    let open = |settings: &Settings| {
        let folders = [testkit::models()];
        let opened = Registry::without_engine("there is none", &folders, settings);
        opened.map(drop).map_err(|error| error.to_string())
    };
    let why = open(&settings("http://gpu:1", &["none"], 1)).expect_err("unknown");
    assert!(why.contains("`none`") && why.contains("http://gpu:1"), "{why}");
    let mut two = settings("http://gpu:1", &["yunet"], 1);
    two.remote.extend(settings("http://gpu:2", &["yunet"], 1).remote);
    let why = open(&two).expect_err("two");
    assert!(why.contains("http://gpu:1") && why.contains("http://gpu:2"), "{why}");
}

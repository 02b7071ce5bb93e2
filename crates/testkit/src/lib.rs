//! What the tests of several crates share: photos, the native runtime, a running server.
//!
//! For tests only: whatever is missing is a panic that says what.

pub mod engine;
pub mod graph;
pub mod jpeg;
pub mod tensors;
pub mod webp;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use image::RgbImage;
use safelight_inference::manifest::{FILE_NAME, Manifest};
use safelight_inference::runtime::Places;
use safelight_inference::scheduler::Plan;
use safelight_inference::{Engine as _, OpenVino, Registry, Settings, sha256_of};
use safelight_vision::networks;

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate lies two folders below the workspace")
}

/// Makes the HTTP client of the tests usable: it comes without the cryptography of its TLS, which the
/// process must name before the first client is made.
pub fn prepare_http() {
    // Whoever came first named the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Where builds go, and whatever tests keep between runs.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => workspace().join(dir),
        None => workspace().join("target"),
    }
}

/// The folder of the models that ship.
pub fn models() -> PathBuf {
    workspace().join("models")
}

/// The native inference library, fetched with pip by the first test that asks for it.
pub fn runtime() -> PathBuf {
    std::fs::create_dir_all(target()).expect("the target folder can be made");
    let found = Places::fetched(&target()).ensure(&mut |_| {});
    found.unwrap_or_else(|error| panic!("{error}")).path
}

/// The models that ship, on the built-in engine; one registry for the whole test process.
pub fn registry() -> Arc<Registry> {
    static SHARED: OnceLock<Arc<Registry>> = OnceLock::new();
    SHARED.get_or_init(|| Arc::new(open_registry(&Settings::default()))).clone()
}

/// A registry of its own over the models that ship, with these settings.
pub fn open_registry(settings: &Settings) -> Registry {
    Registry::open(Arc::new(native(settings)), &[models()], settings)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn native(settings: &Settings) -> OpenVino {
    let engine = OpenVino::load(&runtime(), &target().join("model-cache"), Plan::new(settings));
    engine.unwrap_or_else(|error| panic!("{error}"))
}

/// The models that ship, and the small graph of a network that does not, added in a folder and chosen for
/// its work.
pub fn registry_with(network: &str, folder: &Path) -> Registry {
    let file = folder.join(format!("{network}.onnx"));
    let graph = graph::network(network);
    fs::write(&file, &graph).expect("the folder can be written");
    let found = native(&Settings::default()).signature(&file);
    let found = found.unwrap_or_else(|error| panic!("{network}: {error}"));
    let known = networks::find(network).expect("a network");
    let digest = sha256_of(&file).expect("it can be read");
    let spec = known.spec(&file, digest, graph.len() as u64, &found);
    let spec = spec.unwrap_or_else(|reason| panic!("{reason}"));
    let manifest = toml::to_string(&Manifest { models: vec![spec] }).expect("a manifest");
    fs::write(folder.join(FILE_NAME), manifest).expect("the folder can be written");
    let chosen = BTreeMap::from([(known.slot.to_owned(), network.to_owned())]);
    open_registry(&Settings { extra: vec![folder.to_owned()], chosen, ..Settings::default() })
}

/// The bytes of a picture in the workspace's `photos` folder.
pub fn photo(name: &str) -> Vec<u8> {
    let path = workspace().join("photos").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A picture of that folder, decoded.
pub fn picture(name: &str) -> RgbImage {
    image::load_from_memory(&photo(name)).expect("a picture").into_rgb8()
}

/// Peak signal-to-noise ratio of two pictures of one size, in dB; infinite where they are the same.
pub fn psnr(one: &RgbImage, two: &RgbImage) -> f64 {
    let squares = one.iter().zip(two.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    10.0 * (255.0_f64.powi(2) / (squares.sum::<f64>() / one.len() as f64)).log10()
}

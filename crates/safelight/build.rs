//! Embeds the models that ship, unless packages carry them beside the binary: writes a table of every
//! file that `models/manifest.toml` names. Says which set of models that is.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use sha2::{Digest, Sha256};

/// Bytes of the manifest's digest that name a set of models.
const NAME: usize = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../models");
    let manifest = root.join("manifest.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("{} cannot be read: {error}", manifest.display()))?;
    let table: toml::Table = toml::from_str(&text)?;
    let models = table.get("model").and_then(toml::Value::as_array).ok_or("no [[model]] in it")?;
    let mut names = vec!["manifest.toml"];
    for model in models {
        names.push(model.get("file").and_then(toml::Value::as_str).ok_or("a model without file")?);
    }
    let mut source = String::from("&[\n");
    // The manifest holds the digest of every model, so that its own names the set.
    if env::var_os("CARGO_FEATURE_EMBEDDED_MODELS").is_some() {
        for name in &names {
            let path = root.join(name).canonicalize()?;
            println!("cargo::rerun-if-changed={}", path.display());
            writeln!(source, "    ({name:?}, include_bytes!({path:?})),")?;
        }
    }
    source.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("models.rs"), source)?;
    let mut set = String::new();
    for byte in &Sha256::digest(&text)[..NAME] {
        write!(set, "{byte:02x}")?;
    }
    // `cargo run` hands it to the program, too: it must not look like a setting of its.
    println!("cargo::rustc-env=MODEL_SET={} models, set {set}", models.len());
    Ok(())
}

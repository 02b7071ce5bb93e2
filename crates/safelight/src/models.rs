//! The models that ship: inside the binary, from where they are written into the data folder, or beside
//! it, where a package put them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use safelight_inference::manifest::FILE_NAME;
use safelight_inference::write_whole;

use crate::data::DataFolder;
use crate::engine::binary_folder;

/// Every file of `models/`, by name; none where packages carry them.
pub static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// Where packages put what the binary needs, from its folder: a folder of its own, `/usr/bin` or the
/// `bin` of a Python environment, `/usr/lib/safelight`.
const BESIDE: [&str; 3] = ["", "../share/safelight", "../../share/safelight"];

/// The folder of the models, ready to be used.
pub fn ready(data: &DataFolder) -> Result<PathBuf> {
    unpack(data)?;
    present(data).context(
        "the models are neither in the binary nor beside it: install the package anew, or name a \
         folder of models with --set models.extra=[\"<folder>\"] --without-engine",
    )
}

/// The folder of the models, where they are there already.
pub fn present(data: &DataFolder) -> Option<PathBuf> {
    if EMBEDDED.is_empty() {
        return packaged(&format!("models/{FILE_NAME}"))?.parent().map(Path::to_path_buf);
    }
    Some(data.models()).filter(|folder| folder.join(FILE_NAME).exists())
}

/// A file that packages put beside the binary; none where it was built without packages.
pub fn packaged(name: &str) -> Option<PathBuf> {
    let binary = binary_folder()?;
    BESIDE.iter().find_map(|place| binary.join(place).join(name).canonicalize().ok())
}

/// The manifest of the models, before any of them is unpacked.
pub fn manifest(data: &DataFolder) -> Result<String> {
    match EMBEDDED.iter().find(|(name, _)| *name == FILE_NAME) {
        Some((_, bytes)) => Ok(std::str::from_utf8(bytes)?.to_owned()),
        None => Ok(fs::read_to_string(ready(data)?.join(FILE_NAME))?),
    }
}

/// Writes every embedded file that is absent or differs into the data folder, each whole or not
/// at all. Answers how many were written.
pub fn unpack(data: &DataFolder) -> Result<usize> {
    let stale = stale(data);
    if stale.is_empty() {
        return Ok(0);
    }
    let bytes = stale.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    data.require_space(bytes, "unpacking the models")?;
    let folder = data.models();
    for (name, bytes) in &stale {
        write_whole(&folder.join(name), &mut &bytes[..]).with_context(|| {
            format!(
                "the model file {name} cannot be written to {}; make that folder writable, or \
                 choose another with --data",
                folder.display()
            )
        })?;
    }
    Ok(stale.len())
}

/// The embedded files that are absent from the data folder or differ there.
pub fn stale(data: &DataFolder) -> Vec<&'static (&'static str, &'static [u8])> {
    let folder = data.models();
    EMBEDDED.iter().filter(|(name, bytes)| !same(&folder.join(name), bytes)).collect()
}

/// Compares a file with what it should hold: much quicker than a digest, and as strict.
fn same(path: &Path, bytes: &[u8]) -> bool {
    let compare = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() != bytes.len() as u64 {
            return Ok(false);
        }
        let mut buffer = vec![0; 1 << 18];
        for chunk in bytes.chunks(buffer.len()) {
            let buffer = &mut buffer[..chunk.len()];
            file.read_exact(buffer)?;
            if buffer != chunk {
                return Ok(false);
            }
        }
        Ok(true)
    };
    compare().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_and_missing_models_are_replaced() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let data = DataFolder::new(parent.path().to_owned());
        assert_eq!(unpack(&data)?, EMBEDDED.len());
        assert_eq!(unpack(&data)?, 0, "nothing to do the second time");
        let (name, bytes) = EMBEDDED[EMBEDDED.len() - 1];
        let mut damaged = bytes.to_vec();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::write(data.models().join(name), damaged)?;
        assert_eq!(stale(&data).iter().map(|(name, _)| *name).collect::<Vec<_>>(), [name]);
        assert_eq!(unpack(&data)?, 1);
        assert_eq!(fs::read(data.models().join(name))?, bytes);
        Ok(())
    }
}

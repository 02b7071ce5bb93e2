//! The native inference library: found in one of several places, or fetched once with pip.

mod pip;
mod places;
mod unpack;
mod wheel;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use places::{Library, Origin, Places};
pub use wheel::VERSION;
use wheel::Wheel;

use crate::digest::sha256_of;

/// How far [`Places::ensure`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process is fetching the library; this one waits for it.
    Waiting,
    /// The package is on its way.
    Fetching {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The package is being unpacked.
    Unpacking {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// Why there is no native library. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The configured path leads to no library.
    #[error("no OpenVINO library is at the configured path {}: {why}", path.display())]
    Configured {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No archive is published for this platform.
    #[error(
        "OpenVINO {VERSION} is not published for {platform}: install OpenVINO 2026.4 or later and \
         configure the path of its `openvino_c` library"
    )]
    Platform {
        /// Operating system and processor.
        platform: String,
    },
    /// There is no pip.
    #[error(
        "pip, which fetches OpenVINO {VERSION}, was not found: install Python 3 with pip, or \
         configure the path of an OpenVINO library"
    )]
    NoPip,
    /// The package index did not answer.
    #[error(
        "pip could not reach its package index to fetch OpenVINO {VERSION}: check the network, the \
         proxy and pip's index setting, then start again ({detail})"
    )]
    Network {
        /// The decisive line of pip's output.
        detail: String,
    },
    /// The package index has no such package.
    #[error(
        "pip's package index does not offer OpenVINO {VERSION} for {tag}: point pip to an index \
         that does, or configure the path of an OpenVINO library"
    )]
    NotOffered {
        /// The platform tag.
        tag: &'static str,
    },
    /// pip failed otherwise.
    #[error(
        "pip failed to fetch OpenVINO {VERSION}, resolve what it reports and start again: {detail}"
    )]
    Pip {
        /// The decisive line of pip's output.
        detail: String,
    },
    /// The archive is not the pinned one.
    #[error(
        "the OpenVINO package that pip fetched is not the expected one (SHA-256 {found} instead of \
         {expected}): point pip to an index that has the original, then start again"
    )]
    Digest {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The archive cannot be unpacked.
    #[error("the OpenVINO package cannot be unpacked, start again to fetch it anew: {detail}")]
    Archive {
        /// What is wrong.
        detail: String,
    },
    /// Not enough room.
    #[error(
        "the disk of {} is too full for OpenVINO {VERSION}: make {} MB free and start again",
        dir.display(), needed / 1_000_000
    )]
    DiskFull {
        /// The folder.
        dir: PathBuf,
        /// Bytes needed.
        needed: u64,
    },
    /// The folder cannot be used.
    #[error("OpenVINO cannot be put into {}: {source}; make the folder writable", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The library at a configured path.
fn library_at(path: &Path) -> Result<PathBuf, RuntimeError> {
    let wrong = |why: &str| RuntimeError::Configured { path: path.into(), why: why.into() };
    if path.is_dir() {
        return folder_library(path)
            .map_err(|error| wrong(&error.to_string()))?
            .ok_or_else(|| wrong("the folder holds no `openvino_c` library"));
    }
    match path.is_file() {
        true if is_library(path) => Ok(path.into()),
        true => Err(wrong("the file's name is not that of an `openvino_c` library")),
        false => Err(wrong("there is no such file or folder")),
    }
}

/// The library in a folder, the plain name before versioned ones.
fn folder_library(folder: &Path) -> io::Result<Option<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.flatten().map(|entry| entry.path());
    Ok(paths.filter(|path| is_library(path)).min())
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.strip_prefix("lib").unwrap_or(name);
    let shared = [".so", ".dylib", ".dll"].iter().any(|kind| name.contains(kind));
    stem.starts_with("openvino_c.") && shared
}

/// Where a release is kept.
struct Place<'a> {
    dir: &'a Path,
    home: PathBuf,
    wheel: &'static Wheel,
    pip: &'a [&'a [&'a str]],
}

/// In a complete installation: the digest of the archive that it came from.
const MARKER: &str = "complete";
/// Beside what pip needs: the unpacked files.
const UNPACKED_BYTES: u64 = 110_000_000;

impl<'a> Place<'a> {
    /// Of the release for this platform.
    fn here(dir: &'a Path) -> Result<Self, RuntimeError> {
        let wheel = wheel::for_this_platform().ok_or_else(|| RuntimeError::Platform {
            platform: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        })?;
        Ok(Self::new(dir, wheel, pip::COMMANDS))
    }

    fn new(dir: &'a Path, wheel: &'static Wheel, pip: &'a [&'a [&'a str]]) -> Self {
        Self { dir, home: dir.join(format!("openvino-{VERSION}")), wheel, pip }
    }

    fn ensure(&self, report: &mut dyn FnMut(Progress)) -> Result<PathBuf, RuntimeError> {
        if let Some(library) = self.installed() {
            return Ok(library);
        }
        fs::create_dir_all(self.dir).map_err(|error| self.io_error(error))?;
        let _lock = self.lock(report)?;
        match self.installed() {
            Some(library) => Ok(library),
            None => self.install(report),
        }
    }

    fn installed(&self) -> Option<PathBuf> {
        let marker = fs::read_to_string(self.home.join(MARKER)).ok()?;
        let library = self.home.join(self.wheel.library);
        (marker.trim() == self.wheel.sha256 && library.is_file()).then_some(library)
    }

    /// Keeps other processes out until it is dropped.
    fn lock(&self, report: &mut dyn FnMut(Progress)) -> Result<File, RuntimeError> {
        let open = || File::create(self.dir.join(format!("openvino-{VERSION}.lock")));
        let file = open().map_err(|error| self.io_error(error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {
                    report(Progress::Waiting);
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(TryLockError::Error(error)) => return Err(self.io_error(error)),
            }
        }
    }

    fn install(&self, report: &mut dyn FnMut(Progress)) -> Result<PathBuf, RuntimeError> {
        // One name for all processes: the lock is held, so what is there was left by a killed one.
        let partial = self.dir.join(format!("openvino-{VERSION}.partial"));
        self.remove(&partial)?;
        let outcome = self.fetch_into(&partial, report).and_then(|unpacked| {
            self.remove(&self.home)?;
            fs::rename(unpacked, &self.home).map_err(|error| self.io_error(error))
        });
        let removed = self.remove(&partial);
        outcome?;
        removed?;
        self.installed().ok_or_else(|| RuntimeError::Archive {
            detail: "files are missing after unpacking".into(),
        })
    }

    /// Downloads, verifies and unpacks; gives the folder that is ready to be moved into place.
    fn fetch_into(
        &self,
        partial: &Path,
        report: &mut dyn FnMut(Progress),
    ) -> Result<PathBuf, RuntimeError> {
        self.check_room()?;
        let (download, unpacked) = (partial.join("download"), partial.join("unpacked"));
        for folder in [&download, &unpacked] {
            fs::create_dir_all(folder).map_err(|error| self.io_error(error))?;
        }
        let archive = pip::download(self.pip, self.wheel, &download, &mut |done| {
            report(Progress::Fetching { done, total: self.wheel.bytes });
        })
        .map_err(|error| self.fetch_error(error))?;
        let found = sha256_of(&archive).map_err(|error| self.io_error(error))?;
        if found != self.wheel.sha256 {
            return Err(RuntimeError::Digest { expected: self.wheel.sha256, found });
        }
        unpack::unpack(self.wheel, &archive, &unpacked, report).map_err(|error| match error {
            unpack::Error::Write(source) => self.io_error(source),
            unpack::Error::Archive(detail) => RuntimeError::Archive { detail },
        })?;
        let marker = unpacked.join(MARKER);
        fs::write(marker, self.wheel.sha256).map_err(|error| self.io_error(error))?;
        Ok(unpacked)
    }

    /// Bytes needed at the worst moment: pip keeps the archive twice, then it is unpacked.
    fn needed(&self) -> u64 {
        2 * self.wheel.bytes + UNPACKED_BYTES
    }

    fn check_room(&self) -> Result<(), RuntimeError> {
        let free = fs4::available_space(self.dir).map_err(|error| self.io_error(error))?;
        if free < self.needed() {
            return Err(self.disk_full());
        }
        Ok(())
    }

    fn remove(&self, folder: &Path) -> Result<(), RuntimeError> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io_error(error)),
            _ => Ok(()),
        }
    }

    fn disk_full(&self) -> RuntimeError {
        RuntimeError::DiskFull { dir: self.dir.into(), needed: self.needed() }
    }

    fn io_error(&self, source: io::Error) -> RuntimeError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => self.disk_full(),
            _ => RuntimeError::Folder { dir: self.dir.into(), source },
        }
    }

    fn fetch_error(&self, error: pip::Error) -> RuntimeError {
        match error {
            pip::Error::NoPip => RuntimeError::NoPip,
            pip::Error::DiskFull => self.disk_full(),
            pip::Error::Network(detail) => RuntimeError::Network { detail },
            pip::Error::NotOffered => RuntimeError::NotOffered { tag: self.wheel.tag },
            pip::Error::Failed(detail) => RuntimeError::Pip { detail },
            pip::Error::Io(source) => self.io_error(source),
        }
    }
}

#[cfg(test)]
mod tests;

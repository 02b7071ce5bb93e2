//! Where the native library is looked for, before one is fetched.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Place, Progress, RuntimeError, VERSION, folder_library, library_at};

/// Where the library may be, the first place that has it decides.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// A file or folder that the operator names; no other place is looked at then.
    pub configured: Option<&'a Path>,
    /// The folder of the binary, where packages put the library: itself or its `lib`.
    pub beside: Option<&'a Path>,
    /// Whether an installed Python package `openvino` of release [`VERSION`] may be used.
    pub python: bool,
    /// The folder where a fetched release is kept.
    pub data: &'a Path,
}

/// A library that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The file `libopenvino_c`.
    pub path: PathBuf,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a library comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configured path.
    Configured,
    /// The binary's folder.
    Beside,
    /// The Python package.
    Python,
    /// The release that was fetched into the data folder.
    Fetched,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured => "the configured path",
            Self::Beside => "beside the binary",
            Self::Python => "the installed Python package openvino",
            Self::Fetched => "fetched into the data folder",
        })
    }
}

/// The ways to call Python.
const PYTHON: &[&str] = &["python3", "python", "py"];
/// Prints the release and the folder of the libraries, without importing the package.
const SCRIPT: &str = "import importlib.metadata as m; d = m.distribution('openvino'); \
                      print(d.version); print(d.locate_file('openvino/libs'))";

impl<'a> Places<'a> {
    /// Only the release that is kept in a folder.
    pub fn fetched(data: &'a Path) -> Self {
        Self { configured: None, beside: None, python: false, data }
    }

    /// The library, without fetching one.
    ///
    /// A release that was fetched before is taken without asking Python, which has none but the same.
    ///
    /// # Errors
    /// The configured path leads to no library, or the platform has none and none is installed.
    pub fn find(&self) -> Result<Option<Library>, RuntimeError> {
        if let Some(path) = self.configured {
            return Ok(Some(Library { path: library_at(path)?, origin: Origin::Configured }));
        }
        let found = |path, origin| Some(Library { path, origin });
        if let Some(library) = self.beside.and_then(beside) {
            return Ok(found(library, Origin::Beside));
        }
        let place = Place::here(self.data);
        if let Some(library) = place.as_ref().ok().and_then(Place::installed) {
            return Ok(found(library, Origin::Fetched));
        }
        if let Some(library) = self.python.then(|| installed_package(PYTHON)).flatten() {
            return Ok(found(library, Origin::Python));
        }
        place.map(|_| None)
    }

    /// The library, fetched with pip where there is none. Any number of processes may call this at the
    /// same time on the same folder: one fetches, the others wait. A call that fails leaves nothing
    /// half-made behind, and neither does a killed process once the next call has run.
    ///
    /// # Errors
    /// Those of [`find`](Self::find), and whatever keeps pip from fetching it.
    pub fn ensure(&self, report: &mut dyn FnMut(Progress)) -> Result<Library, RuntimeError> {
        if let Some(library) = self.find()? {
            return Ok(library);
        }
        let path = Place::here(self.data)?.ensure(report)?;
        Ok(Library { path, origin: Origin::Fetched })
    }
}

/// The library in the folder of a binary, or in `lib` there.
fn beside(folder: &Path) -> Option<PathBuf> {
    [folder.to_path_buf(), folder.join("lib")]
        .iter()
        .find_map(|folder| folder_library(folder).ok()?)
}

/// The library of the installed Python package, of the pinned release only.
fn installed_package(commands: &[impl AsRef<OsStr>]) -> Option<PathBuf> {
    commands.iter().find_map(|command| {
        let asked =
            Command::new(command).args(["-c", SCRIPT]).stdin(Stdio::null()).output().ok()?;
        let answer = String::from_utf8(asked.stdout).ok()?;
        let (release, folder) = answer.trim().split_once('\n')?;
        // A release may carry a build number: 2026.4.1-21537.
        let same = release.trim().split(['-', '+']).next() == Some(VERSION);
        same.then(|| folder_library(Path::new(folder.trim())).ok()?).flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn library(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).expect("a folder");
        let path = folder.join("libopenvino_c.so.9");
        fs::write(&path, "").expect("a file");
        path
    }

    #[test]
    fn the_first_place_decides() {
        let dir = tempfile::tempdir().expect("a folder");
        let (own, bin) = (dir.path().join("own"), dir.path().join("bin"));
        let (configured, packaged) = (library(&own), library(&bin.join("lib")));
        let mut places = Places {
            configured: Some(&own),
            beside: Some(&bin),
            python: false,
            data: Path::new("/unused"),
        };
        let found = |places: &Places| places.find().expect("no error").expect("a library");
        let Library { path, origin } = found(&places);
        assert_eq!((path, origin), (configured, Origin::Configured));
        places.configured = None;
        let Library { path, origin } = found(&places);
        assert_eq!((path, origin), (packaged, Origin::Beside));
        let nothing = Places { beside: Some(dir.path()), ..places }.find();
        assert_eq!(nothing.expect("a known platform"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_python_package_of_another_release_is_left_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().expect("a folder");
        let libs = dir.path().join("libs");
        let path = library(&libs);
        let python = dir.path().join("python");
        let answer = |release: &str| {
            let text = format!("#!/bin/sh\necho {release}\necho {}\n", libs.display());
            fs::write(&python, text).expect("a script");
            fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("permissions");
            installed_package(&[Path::new("/no/such/python"), &python])
        };
        assert_eq!(answer(VERSION), Some(path.clone()));
        assert_eq!(answer(&format!("{VERSION}-21537")), Some(path));
        assert_eq!(answer("2024.1.0"), None);
        assert_eq!(answer(""), None);
    }
}

//! Models that an operator added to those that ship, and what was decided beside the configuration:
//! one folder of the data folder, for the command line and the console.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile};

use crate::choices::Choices;
use crate::digest::hexadecimal;
use crate::manifest::{FILE_NAME, Manifest, ManifestError, ModelSpec};

/// The file of the choices.
const CHOICES: &str = "choices.toml";
/// Held while manifest or choices change.
const LOCK: &str = "lock";
/// Held while a file comes in.
const ARRIVING: &str = "arriving.lock";
/// How files that come in are called.
const PREFIX: &str = "arriving-";
/// Longest file: what a graph of ONNX can hold in one file.
const MAX_BYTES: u64 = 2 << 30;
/// Bytes written between two checks of the free space.
const STEP: usize = 8 << 20;

/// The folder.
#[derive(Clone, Debug)]
pub struct Added {
    folder: PathBuf,
    max_bytes: u64,
}

/// Why nothing was changed there.
#[derive(Debug, thiserror::Error)]
pub enum AddedError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Refused(String),
    /// The folder cannot be read or written.
    #[error("{} cannot be used: {why}", path.display())]
    Io {
        /// The file or the folder.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Its manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// A file that came in, whole; gone when dropped before it is [kept](Added::keep).
pub struct Arrived {
    file: NamedTempFile,
    _only: File,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

impl Arrived {
    /// Where it lies until it is kept.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

impl Added {
    /// The folder at this place, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, max_bytes: MAX_BYTES }
    }

    /// The same with another longest file.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Longest file that is taken.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// The file that holds the choices.
    pub fn choices_file(&self) -> PathBuf {
        self.folder.join(CHOICES)
    }

    /// The folder, where any model was added.
    pub fn present(&self) -> Option<PathBuf> {
        self.folder.join(FILE_NAME).exists().then(|| self.folder.clone())
    }

    /// The models that were added.
    ///
    /// # Errors
    /// When their manifest cannot be used.
    pub fn models(&self) -> Result<Vec<ModelSpec>, ManifestError> {
        match self.present() {
            Some(folder) => Ok(Manifest::read(&folder)?.models),
            None => Ok(vec![]),
        }
    }

    /// What was decided beside the configuration.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    pub fn choices(&self) -> Result<Choices, AddedError> {
        let path = self.choices_file();
        match fs::read_to_string(&path) {
            Ok(text) => Choices::parse(&text).map_err(|reason| {
                AddedError::Refused(format!("{} is not valid: {reason}", path.display()))
            }),
            // A path that is not a folder holds no choices; the error is reported when it is written to.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(Choices::default())
            }
            Err(why) => Err(AddedError::Io { path, why }),
        }
    }

    /// Changes what was decided; nothing is changed where `change` refuses.
    ///
    /// # Errors
    /// Those of `change`, and when the file cannot be read or written.
    pub fn choose<E: From<AddedError>>(
        &self,
        change: impl FnOnce(&mut Choices) -> Result<(), E>,
    ) -> Result<(), E> {
        let _alone = self.lock()?;
        let mut choices = self.choices()?;
        change(&mut choices)?;
        Ok(self.write(CHOICES, &choices.to_text())?)
    }

    /// Takes a file in, in pieces; blocks. `reserve` bytes of the disk stay free. One file comes in at a
    /// time.
    ///
    /// # Errors
    /// When it is too long, when the disk has no room, or when it cannot be read to its end.
    pub fn receive(&self, content: &mut dyn Read, reserve: u64) -> Result<Arrived, AddedError> {
        let only = self.open(ARRIVING)?;
        match only.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = "another file is being added; try again when that is done";
                return Err(AddedError::Refused(why.into()));
            }
            Err(TryLockError::Error(why)) => return Err(self.failed(why)),
        }
        self.sweep();
        let named = Builder::new().prefix(PREFIX).suffix(".onnx").tempfile_in(&self.folder);
        let mut file = named.map_err(|why| self.failed(why))?;
        let (mut hasher, mut bytes, mut piece) = (Sha256::new(), 0_u64, vec![0; 256 << 10]);
        let mut unlooked = STEP;
        loop {
            let count = match content.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(AddedError::Refused(format!(
                        "the file did not come whole: {error}"
                    )));
                }
            };
            bytes += count as u64;
            if bytes > self.max_bytes {
                return Err(AddedError::Refused(format!(
                    "the file has more than {} bytes, the longest that is taken",
                    self.max_bytes
                )));
            }
            unlooked += count;
            if unlooked > STEP {
                unlooked = 0;
                self.check_space(reserve)?;
            }
            hasher.update(&piece[..count]);
            file.write_all(&piece[..count]).map_err(|why| self.failed(why))?;
        }
        if bytes == 0 {
            return Err(AddedError::Refused("the file is empty".into()));
        }
        file.as_file().sync_all().map_err(|why| self.failed(why))?;
        Ok(Arrived { file, _only: only, bytes, sha256: hexadecimal(&hasher.finalize()) })
    }

    /// Keeps a file that came in as this model, in place of one of the same name.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, arrived: Arrived, spec: ModelSpec) -> Result<(), AddedError> {
        let _alone = self.lock()?;
        let mut models = self.models()?;
        let path = self.folder.join(&spec.file);
        arrived.file.persist(&path).map_err(|error| AddedError::Io { path, why: error.error })?;
        models.retain(|other| other.name != spec.name);
        models.push(spec);
        self.write_manifest(models)
    }

    /// Removes a model that was added, and its file.
    ///
    /// # Errors
    /// When none of this name was added, or when the folder cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), AddedError> {
        let _alone = self.lock()?;
        let mut models = self.models()?;
        let Some(place) = models.iter().position(|model| model.name == name) else {
            return Err(AddedError::Refused(format!("{name} was not added")));
        };
        let path = self.folder.join(&models.remove(place).file);
        self.write_manifest(models)?;
        match fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(AddedError::Io { path, why }),
            _ => Ok(()),
        }
    }

    fn write_manifest(&self, models: Vec<ModelSpec>) -> Result<(), AddedError> {
        let text = toml::to_string(&Manifest { models });
        let text = text.map_err(|error| AddedError::Refused(error.to_string()))?;
        self.write(FILE_NAME, &text)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), AddedError> {
        let path = self.folder.join(name);
        write_whole(&path, &mut text.as_bytes()).map_err(|why| AddedError::Io { path, why })
    }

    fn check_space(&self, reserve: u64) -> Result<(), AddedError> {
        let free = fs4::available_space(&self.folder).map_err(|why| self.failed(why))?;
        if free > reserve.saturating_add(2 * STEP as u64) {
            return Ok(());
        }
        Err(AddedError::Refused(format!(
            "the disk of {} has {free} bytes free, of which {reserve} stay free",
            self.folder.display()
        )))
    }

    /// Removes what a process left that ended while a file came in.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(".onnx") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The right to change manifest and choices; waits for others.
    fn lock(&self) -> Result<File, AddedError> {
        let file = self.open(LOCK)?;
        file.lock().map_err(|why| self.failed(why))?;
        Ok(file)
    }

    fn open(&self, name: &str) -> Result<File, AddedError> {
        let open = || {
            fs::create_dir_all(&self.folder)?;
            let path = self.folder.join(name);
            File::options().write(true).create(true).truncate(false).open(path)
        };
        open().map_err(|why| self.failed(why))
    }

    fn failed(&self, why: io::Error) -> AddedError {
        AddedError::Io { path: self.folder.clone(), why }
    }
}

/// Writes a file whole or not at all, and its folder where that is not there.
///
/// # Errors
/// When the folder cannot be written, or `content` cannot be read.
pub fn write_whole(path: &Path, content: &mut impl Read) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    io::copy(content, &mut file)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Added) {
        let parent = tempfile::tempdir().expect("a folder");
        let added = Added::new(parent.path().join("added")).with_max_bytes(10);
        (parent, added)
    }

    fn names(added: &Added) -> Vec<String> {
        let entries = fs::read_dir(added.folder()).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.ends_with("lock"));
        names
    }

    /// Gives some bytes, then fails as a connection does.
    struct Torn(bool);

    impl Read for Torn {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("the connection ended"));
            }
            buffer[0] = 7;
            Ok(1)
        }
    }

    #[test]
    fn a_file_that_does_not_arrive_leaves_nothing() {
        let (_parent, added) = folder();
        let refused = |content: &mut dyn Read, reserve| {
            added.receive(content, reserve).err().expect("refused").to_string()
        };
        assert!(refused(&mut &[0; 11][..], 0).contains("more than 10 bytes"));
        assert!(refused(&mut &[][..], 0).contains("is empty"));
        assert!(refused(&mut Torn(false), 0).contains("the connection ended"));
        assert!(refused(&mut &[0; 5][..], u64::MAX).contains("stay free"));
        assert_eq!(names(&added), Vec::<String>::new());
        let arrived = added.receive(&mut &b"weights"[..], 0).expect("it arrives");
        assert!(arrived.bytes == 7 && arrived.sha256.starts_with("9a129038d9a00aed"));
        assert!(refused(&mut &[0; 5][..], 0).contains("another file"));
        drop(arrived);
        assert_eq!(names(&added), Vec::<String>::new());
        // What a process left that was killed goes with the next file.
        fs::write(added.folder().join("arriving-x.onnx"), "rest").expect("written");
        drop(added.receive(&mut &[0; 5][..], 0).expect("it arrives"));
        assert_eq!(names(&added), Vec::<String>::new());
    }

    #[test]
    fn choices_are_kept_whole_or_not_at_all() {
        let (_parent, added) = folder();
        assert_eq!(added.choices().expect("none"), Choices::default());
        let refuse = |entry: &str| {
            added.choose(|choices| choices.refuse(entry).map_err(AddedError::Refused))
        };
        refuse("data:non-commercial").expect("kept");
        assert!(refuse("data:secret").is_err());
        assert_eq!(added.choices().expect("some").refuse, ["data:non-commercial"]);
        assert!(
            added.remove("../secret").is_err_and(|error| error.to_string().contains("not added"))
        );
        fs::write(added.choices_file(), "refuse = 7").expect("written");
        let error = added.choices().expect_err("damaged").to_string();
        assert!(error.contains("choices.toml is not valid"), "{error}");
    }
}

//! The data folder: everything one installation keeps on disk.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use safelight_inference::Added;

use crate::output::size;

/// The data folder and what lies in it.
#[derive(Clone, Debug)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join("safelight.db")
    }

    /// The secret that keys are hashed under.
    pub fn secret(&self) -> PathBuf {
        self.path.join("secret.key")
    }

    /// The key that libraries of faces are encrypted under.
    pub fn library_key(&self) -> PathBuf {
        self.path.join("library.key")
    }

    /// Results and the input of waiting tasks.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// The models that ship with the binary.
    pub fn models(&self) -> PathBuf {
        self.path.join("models")
    }

    /// The models that were added to them, and what was decided in the console.
    pub fn added_models(&self) -> Added {
        Added::new(self.path.join("models-added"))
    }

    /// Compiled models.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }

    /// Stands while a first start has not yet shown its key.
    pub fn first_run(&self) -> PathBuf {
        self.path.join("first-run")
    }

    /// The error of a command that needs an installation where there is none.
    pub fn require(&self) -> Result<()> {
        if self.database().exists() {
            return Ok(());
        }
        let path = self.path.display();
        Err(anyhow!(
            "there is no installation in {path}; start `safelight serve` there once, \
             or name another folder with --data"
        ))
    }

    /// Creates the folder and locks it for this server. Nothing stays behind where that fails.
    pub fn claim(&self) -> Result<Claim> {
        let created = self.create()?;
        let path = self.path.join("server.lock");
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                if created {
                    let _ = fs::remove_dir(&self.path);
                }
                return Err(self.unwritable(&error));
            }
        };
        match file.try_lock() {
            Ok(()) => Ok(Claim { lock: file, folder: self.path.clone(), created }),
            Err(TryLockError::WouldBlock) => bail!(
                "another server runs on the data folder {}; stop it, or give this one a folder of \
                 its own with --data",
                self.path.display()
            ),
            Err(TryLockError::Error(error)) => Err(self.unwritable(&error)),
        }
    }

    /// Whether a server runs on this folder.
    pub fn is_served(&self) -> bool {
        let file = File::open(self.path.join("server.lock"));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Creates the folder, readable by its owner alone; `true` when it was not there.
    fn create(&self) -> Result<bool> {
        if self.path.is_dir() {
            return Ok(false);
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(|error| self.unwritable(&error))?;
        Ok(true)
    }

    /// Creates what holds the rows and files of users, for the owner alone, where it is not there yet: the
    /// folder may be one that others read.
    pub fn create_private(&self) -> Result<()> {
        let mut database = File::options();
        database.append(true).create(true);
        let mut blobs = fs::DirBuilder::new();
        blobs.recursive(true);
        #[cfg(unix)]
        {
            // SQLite gives the files beside the database the same rights.
            std::os::unix::fs::OpenOptionsExt::mode(&mut database, 0o600);
            std::os::unix::fs::DirBuilderExt::mode(&mut blobs, 0o700);
        }
        database.open(self.database()).map_err(|error| self.unwritable(&error))?;
        blobs.create(self.blobs()).map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &std::io::Error) -> anyhow::Error {
        let path = self.path.display();
        let why = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "is not writable",
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => "is not a folder",
            ErrorKind::StorageFull => "lies on a full disk",
            _ => "cannot be used",
        };
        anyhow!("the data folder {path} {why} ({error}); choose another with --data <folder>")
    }

    /// Bytes that may still be written here.
    pub fn free_space(&self) -> Result<u64> {
        let existing = self.path.ancestors().find(|path| path.exists());
        let existing = existing.context("the data folder has no existing parent")?;
        fs4::available_space(existing)
            .with_context(|| format!("the free space of {} is unknown", existing.display()))
    }

    /// Refuses when fewer than `bytes` are free; `what` needs them.
    pub fn require_space(&self, bytes: u64, what: &str) -> Result<()> {
        let free = self.free_space()?;
        if free >= bytes {
            return Ok(());
        }
        let path = self.path.display();
        let (need, free) = (size(bytes), size(free));
        bail!(
            "{what} needs {need} on the disk of {path}, which has {free} free; make room, or choose \
             a folder on another disk with --data"
        )
    }
}

/// The right to serve from a data folder; ends with the process, or when dropped.
#[derive(Debug)]
pub struct Claim {
    lock: File,
    folder: PathBuf,
    created: bool,
}

impl Claim {
    /// Gives the folder back after a start that failed: where this start made it, whatever in it
    /// is empty goes, the locks go, and the folder with them. A complete library stays for the next
    /// start.
    pub fn abandon(self) {
        if !self.created {
            return;
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = match path.extension() {
                Some(extension) if extension == "lock" => fs::remove_file(path),
                // Removing a folder that is not empty fails, which is what is wanted.
                _ => fs::remove_dir(path),
            };
        }
        drop(self.lock);
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_first_start_leaves_nothing() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let folder = DataFolder::new(parent.path().join("data"));
        let claim = folder.claim()?;
        fs::create_dir(folder.cache())?;
        claim.abandon();
        assert!(!folder.path().exists());
        Ok(())
    }

    #[test]
    fn a_failed_start_leaves_what_was_there() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let folder = DataFolder::new(parent.path().to_owned());
        fs::write(folder.database(), "precious")?;
        folder.claim()?.abandon();
        assert!(folder.database().exists());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn rows_and_files_are_for_their_owner_alone() -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir()?;
        let folder = DataFolder::new(parent.path().to_owned());
        let mode = |path: PathBuf| fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
        folder.create_private()?;
        assert_eq!((mode(folder.database())?, mode(folder.blobs())?), (0o600, 0o700));
        // What is there keeps its rights and its content.
        fs::write(folder.database(), "precious")?;
        fs::set_permissions(folder.database(), fs::Permissions::from_mode(0o640))?;
        folder.create_private()?;
        assert_eq!(
            (mode(folder.database())?, fs::read(folder.database())?),
            (0o640, b"precious".into())
        );
        Ok(())
    }

    #[test]
    fn two_servers_on_one_folder_are_refused() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let folder = DataFolder::new(parent.path().to_owned());
        let _first = folder.claim()?;
        let error = folder.claim().expect_err("locked").to_string();
        assert!(error.contains("another server"), "{error}");
        Ok(())
    }

    #[test]
    fn missing_space_is_said_with_both_sizes() -> Result<()> {
        let parent = tempfile::tempdir()?;
        let folder = DataFolder::new(parent.path().join("not-there-yet"));
        let error = folder.require_space(u64::MAX, "the library").expect_err("never enough");
        assert!(error.to_string().contains("free"), "{error}");
        assert!(folder.require_space(0, "nothing").is_ok());
        Ok(())
    }
}

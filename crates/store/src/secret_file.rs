//! Files of 32 random bytes that exist once and are never replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Reads the secret at `path`, or writes a random one there where no file is, for the owner's eyes
/// only. A reader never sees part of one, and of several processes that come first, one writes it.
///
/// # Errors
/// Those of the file, with its name and `what` it is. A file of another length than 32 bytes is
/// [`ErrorKind::InvalidData`]: with a new secret, what was made with the old one would be lost.
pub fn load_or_create(path: impl AsRef<Path>, what: &str) -> io::Result<[u8; 32]> {
    let path = path.as_ref();
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{what} {}: {e}", path.display()));
    match fs::read(path) {
        Ok(bytes) => from_file(&bytes).map_err(named),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            create(path).map_err(named)?;
            // Whoever else created it in the meantime was first: all use the one in the file.
            from_file(&fs::read(path).map_err(named)?).map_err(named)
        }
        Err(e) => Err(named(e)),
    }
}

fn from_file(bytes: &[u8]) -> io::Result<[u8; 32]> {
    bytes.try_into().map_err(|_| {
        let found = format!("must have 32 bytes, has {}; restore it", bytes.len());
        io::Error::new(ErrorKind::InvalidData, found)
    })
}

/// Writes a random secret, unless there is a file by then.
fn create(path: &Path) -> io::Result<()> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let temporary = path.with_extension(format!("new-{}", uuid::Uuid::new_v4().simple()));
    let written = write_private(&temporary, &secret)
        // Unlike renaming, linking refuses to replace.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match written {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
        _ => removed?,
    }
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

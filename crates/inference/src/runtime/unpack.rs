//! Takes from the archive what the CPU needs.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::Progress;
use super::wheel::{LIBRARIES, LICENCES, Wheel};

/// Why unpacking failed.
pub(super) enum Error {
    /// A file could not be written or the archive not be opened.
    Write(io::Error),
    /// The archive is damaged or lacks a file.
    Archive(String),
}

impl From<zip::result::ZipError> for Error {
    fn from(error: zip::result::ZipError) -> Self {
        Error::Archive(error.to_string())
    }
}

/// Unpacks the libraries into `target` and the licence texts into `target/licenses`.
pub(super) fn unpack(
    wheel: &Wheel,
    archive: &Path,
    target: &Path,
    report: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let file = File::open(archive).map_err(Error::Write)?;
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    let (mut wanted, mut total) = (vec![], 0);
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        if let Some(name) = destination(wheel, &entry.name()?) {
            total += entry.size();
            wanted.push((index, name));
        }
    }
    if let Some(missing) =
        wheel.files.iter().find(|file| !wanted.iter().any(|(_, name)| name == Path::new(file)))
    {
        return Err(Error::Archive(format!("{missing} is missing")));
    }
    let mut done = 0;
    for (index, name) in wanted {
        let path = target.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::Write)?;
        }
        let mut written = File::create(path).map_err(Error::Write)?;
        copy(archive.by_index(index)?, &mut written, &mut |bytes| {
            done += bytes;
            report(Progress::Unpacking { done, total });
        })?;
        // What the marker vouches for must be on the disk before the marker is.
        written.sync_all().map_err(Error::Write)?;
    }
    Ok(())
}

/// Where a file of the archive goes, if it is wanted.
fn destination(wheel: &Wheel, name: &str) -> Option<PathBuf> {
    if let Some(file) = name.strip_prefix(LIBRARIES) {
        return wheel.files.contains(&file).then(|| PathBuf::from(file));
    }
    let (_, text) = name.split_once(LICENCES)?;
    let file = Path::new(text).file_name()?;
    Some(Path::new("licenses").join(file))
}

fn copy(mut from: impl Read, to: &mut impl Write, wrote: &mut dyn FnMut(u64)) -> Result<(), Error> {
    let mut piece = vec![0; 1 << 20];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                to.write_all(&piece[..count]).map_err(Error::Write)?;
                wrote(count as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Archive(error.to_string())),
        }
    }
}

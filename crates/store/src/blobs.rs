//! Files, over `object_store`: the pictures of results (`results/…`) and of waiting tasks
//! (`inputs/…`).

mod s3;

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::chunked::ChunkedStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutOptions,
};
use reqwest::Method;

use crate::{BlobSettings, Durability, Millis};

/// Bytes that a stream holds at a time.
const CHUNK: usize = 256 << 10;

/// Longest that a signed URL may be good for.
const LONGEST_LINK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Most bytes of a key.
const KEY_LENGTH: usize = 200;

/// The files of one installation.
///
/// A key is a path of one to four segments of letters, digits, `.`, `_` and `-`, none of which
/// begins with a dot. A file appears under its key whole or not at all.
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The same files, streamed in pieces of [`CHUNK`].
    chunked: ChunkedStore,
    /// Where the files lie on this machine; `None` where they lie elsewhere.
    folder: Option<PathBuf>,
    /// What keys begin with in a store that is shared with others.
    prefix: Path,
    /// The same bucket as clients reach it, where they may read files there by signed URLs.
    links: Option<AmazonS3>,
}

/// What can go wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no file of that key.
    #[error("there is no file {0}")]
    NotFound(String),
    /// The key, or the range of a file, is not acceptable; says why.
    #[error("{0}")]
    Invalid(String),
    /// The disk, or what the user may use of it, is full.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The store of files failed.
    #[error("file store: {0}")]
    Failed(String),
}

/// A file as listings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified_at: Millis,
}

/// A file's bytes as they are read, in pieces of at most 256 KiB.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobError>>;

impl Blobs {
    /// The files in a local folder, which is created where it does not exist.
    pub fn local(folder: impl AsRef<FilePath>) -> Result<Self, BlobError> {
        Self::local_with(folder, Durability::default())
    }

    /// [`Blobs::local`] with a choice of what a file survives once it is written.
    pub fn local_with(
        folder: impl AsRef<FilePath>,
        durability: Durability,
    ) -> Result<Self, BlobError> {
        let folder = folder.as_ref().to_owned();
        std::fs::create_dir_all(&folder)
            .map_err(|e| BlobError::from_io(&e, &format!("{}: {e}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|e| BlobError::of(e, &folder.display().to_string()))?
            .with_fsync(durability == Durability::Power);
        Ok(Self::over(Arc::new(store), Some(folder), Path::default()))
    }

    fn over(store: Arc<dyn ObjectStore>, folder: Option<PathBuf>, prefix: Path) -> Self {
        let chunked = ChunkedStore::new(Arc::clone(&store), CHUNK);
        Self { chunked, store, folder, prefix, links: None }
    }

    /// The files of a bucket, under a prefix.
    ///
    /// # Errors
    /// When the prefix is none, or a key cannot be read.
    pub(crate) fn s3(
        bucket: &str,
        prefix: &str,
        settings: &BlobSettings,
    ) -> Result<Self, BlobError> {
        let prefix = Path::parse(prefix.trim_matches('/'))
            .map_err(|error| BlobError::Invalid(format!("blobs.url: {error}")))?;
        let store = s3::open(bucket, settings.endpoint.as_deref(), settings)?;
        let links = settings.redirect.as_deref();
        let links = links.map(|clients| s3::open(bucket, Some(clients), settings)).transpose()?;
        Ok(Self { links, ..Self::over(Arc::new(store), None, prefix) })
    }

    /// A URL under which a client reads the file from its bucket, for so long (a week at most); `None`
    /// where files are passed on.
    pub async fn link(&self, key: &str, life: Duration) -> Result<Option<String>, BlobError> {
        let Some(links) = &self.links else { return Ok(None) };
        let path = self.path(key)?;
        let signed = links.signed_url(Method::GET, &path, life.min(LONGEST_LINK)).await;
        signed.map(|url| Some(url.to_string())).map_err(|e| BlobError::of(e, key))
    }

    /// Reads a file as a client does: from its [`link`](Self::link).
    pub async fn follow(&self, key: &str) -> Result<Option<Bytes>, BlobError> {
        let Some(link) = self.link(key, Duration::from_secs(60)).await? else { return Ok(None) };
        let failed = |error: reqwest::Error| BlobError::Failed(error.without_url().to_string());
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
        let answer = client.map_err(failed)?.get(link).send().await.map_err(failed)?;
        let answer = answer.error_for_status().map_err(failed)?;
        answer.bytes().await.map(Some).map_err(failed)
    }

    /// Where a key lies in the store.
    fn path(&self, key: &str) -> Result<Path, BlobError> {
        let path = path(key)?;
        Ok(self.prefix.parts().chain(path.parts()).collect())
    }

    /// Writes a file, in place of the one of that key where there is one.
    pub async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Result<(), BlobError> {
        let path = self.path(key)?;
        let bytes: Bytes = bytes.into();
        let mut options = PutOptions::default();
        if let Some(media_type) = media_type(key).filter(|_| self.links.is_some()) {
            options.attributes = Attributes::from_iter([(Attribute::ContentType, media_type)]);
        }
        let put = self.store.put_opts(&path, bytes.into(), options).await;
        put.map(drop).map_err(|e| BlobError::of(e, key))
    }

    /// Reads a whole file.
    pub async fn get(&self, key: &str) -> Result<Bytes, BlobError> {
        let path = self.path(key)?;
        let file = self.store.get(&path).await.map_err(|e| BlobError::of(e, key))?;
        file.bytes().await.map_err(|e| BlobError::of(e, key))
    }

    /// Reads a part of a file, which must lie inside it.
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes, BlobError> {
        let (_, stream) = self.stream(key, Some(range)).await?;
        let pieces: Vec<Bytes> = stream.try_collect().await?;
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([piece]) => piece,
            Err(pieces) => pieces.concat().into(),
        })
    }

    /// Opens a file, or a part that must lie inside it, for reading piece by piece; answers the
    /// whole file's size too.
    pub async fn stream(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<(u64, BlobStream), BlobError> {
        let path = self.path(key)?;
        let options =
            GetOptions { range: range.clone().map(GetRange::Bounded), ..GetOptions::default() };
        let size_of = |e| BlobError::of(e, key);
        let outside = |range: &Range<u64>, size: u64| {
            BlobError::Invalid(format!(
                "bytes {} to {} are not in the {size} bytes of {key}",
                range.start, range.end
            ))
        };
        let file = match (self.chunked.get_opts(&path, options).await, &range) {
            (Ok(file), _) => file,
            // A range outside the file is the caller's mistake, whatever the store calls it.
            (Err(e), Some(range)) if !matches!(e, object_store::Error::NotFound { .. }) => {
                let size = self.head(key).await?;
                let inside = range.start < range.end && range.end <= size;
                return Err(if inside { size_of(e) } else { outside(range, size) });
            }
            (Err(e), _) => return Err(size_of(e)),
        };
        let size = file.meta.size;
        if let Some(range) = range.filter(|range| *range != file.range) {
            return Err(outside(&range, size));
        }
        let key = key.to_owned();
        Ok((size, file.into_stream().map_err(move |e| BlobError::of(e, &key)).boxed()))
    }

    /// The size of a file.
    pub async fn head(&self, key: &str) -> Result<u64, BlobError> {
        let path = self.path(key)?;
        self.store.head(&path).await.map(|meta| meta.size).map_err(|e| BlobError::of(e, key))
    }

    /// Deletes a file; `false` when there was none, as far as the store can tell.
    pub async fn delete(&self, key: &str) -> Result<bool, BlobError> {
        let path = self.path(key)?;
        match self.store.delete(&path).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(BlobError::of(e, key)),
        }
    }

    /// The files under a prefix (`results`, `inputs`), one after the other, in no order.
    pub fn list(
        &self,
        prefix: &str,
    ) -> Result<BoxStream<'static, Result<Blob, BlobError>>, BlobError> {
        let path = self.path(prefix)?;
        let (prefix, before) = (prefix.to_owned(), self.prefix.clone());
        let blobs = self.store.list(Some(&path)).map(move |found| {
            let meta = found.map_err(|e| BlobError::of(e, &prefix))?;
            let key: Path = meta.location.parts().skip(before.parts().count()).collect();
            Ok(Blob {
                key: key.to_string(),
                size: meta.size,
                modified_at: meta.last_modified.timestamp_millis(),
            })
        });
        Ok(blobs.boxed())
    }

    /// Bytes that the file system of the folder has left for this user; without end where the files
    /// lie elsewhere.
    pub fn free_space(&self) -> io::Result<u64> {
        self.folder.as_ref().map_or(Ok(u64::MAX), fs4::available_space)
    }

    /// Deletes what writes left half done that began before `before` and were cut off by the end
    /// of their process; answers how many.
    pub async fn remove_partial(&self, before: Millis) -> Result<u64, BlobError> {
        // Elsewhere a file is there whole or not at all.
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let sweep = tokio::task::spawn_blocking(move || remove_partial(&folder, before));
        let failed = |e: String| BlobError::Failed(format!("sweeping half-written files: {e}"));
        sweep.await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
    }
}

impl BlobError {
    fn of(error: object_store::Error, key: &str) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::NotFound(key.to_owned());
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(inner) = inner.downcast_ref::<io::Error>() {
                return Self::from_io(inner, &format!("{key}: {error}"));
            }
            cause = inner.source();
        }
        Self::Failed(format!("{key}: {error}"))
    }

    fn from_io(cause: &io::Error, message: &str) -> Self {
        match cause.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full(message.to_owned()),
            _ => Self::Failed(message.to_owned()),
        }
    }
}

/// What the bucket says of a file to those who read it there.
fn media_type(key: &str) -> Option<&'static str> {
    match key.rsplit_once('.')?.1 {
        "png" => Some("image/png"),
        "jpg" => Some("image/jpeg"),
        "webp" => Some("image/webp"),
        "mp4" => Some("video/mp4"),
        "json" => Some("application/json"),
        _ => None,
    }
}

/// Accepts no key that a file system could read as anything but a file below the folder.
fn path(key: &str) -> Result<Path, BlobError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let segment = |s: &str| !s.is_empty() && !s.starts_with('.') && s.bytes().all(plain);
    if key.len() > KEY_LENGTH || key.split('/').count() > 4 || !key.split('/').all(segment) {
        let shown: String = key.chars().take(KEY_LENGTH).collect();
        return Err(BlobError::Invalid(format!(
            "`{}` is not a key of a file: at most {KEY_LENGTH} letters, digits, `.`, `_` and `-` \
             in up to 4 segments",
            shown.escape_debug()
        )));
    }
    Path::parse(key).map_err(|e| BlobError::Invalid(e.to_string()))
}

/// A file is written as `<key>#<number>` and renamed when it is whole; listings hide such names.
fn remove_partial(folder: &FilePath, before: Millis) -> io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = match entry.metadata() {
            Ok(meta) => meta,
            // Renamed or deleted since.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        if meta.is_dir() {
            removed += remove_partial(&entry.path(), before)?;
            continue;
        }
        let modified = meta.modified()?.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
        let old = i64::try_from(modified).is_ok_and(|modified| modified < before);
        let name = entry.file_name();
        let partial =
            name.to_str().and_then(|name| name.rsplit_once('#')).is_some_and(|(_, number)| {
                !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            });
        if partial && old && std::fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;

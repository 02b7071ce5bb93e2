//! The one place that names implementations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{BlobError, Blobs, Postgres, Result, Sqlite, Store, StoreError};

/// Where rows are kept, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The database of several processes: `postgres://user@host/database`. Default: none, then a
    /// file in the data folder, which one process serves.
    pub url: Option<String>,
    /// A file with the password for it. Default: none.
    pub password_file: Option<PathBuf>,
    /// The authorities that its certificate must come from, where the URL has `sslmode=verify-full`: a
    /// PEM file. Default: none, then the public ones.
    pub ca_file: Option<PathBuf>,
    /// Connections to it, 1 to 100. Default 8.
    pub connections: u32,
    /// What a change survives that is kept in the data folder. Default `process`.
    pub durability: Durability,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            ca_file: None,
            connections: 8,
            durability: Durability::default(),
        }
    }
}

/// Where files are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobSettings {
    /// `s3://bucket/prefix`, or `file:///folder` for one that all processes share. Default: none,
    /// then a folder in the data folder.
    pub url: Option<String>,
    /// Where the S3 API is reached. Default: none, then Amazon's address for the region.
    pub endpoint: Option<String>,
    /// The region. Default: none, then `us-east-1`.
    pub region: Option<String>,
    /// A file with the id of the access key. Default: none, then AWS_ACCESS_KEY_ID.
    pub access_key_file: Option<PathBuf>,
    /// A file with the secret of the access key. Default: none, then AWS_SECRET_ACCESS_KEY.
    pub secret_key_file: Option<PathBuf>,
    /// Where clients reach the S3 API: results are then answered by redirects to signed URLs there.
    /// Default: none, then results are passed on.
    pub redirect: Option<String>,
}

/// What a change survives once its call has returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, however sudden. A power cut may lose the last instants, though never
    /// part of a transaction, so that the books stay right (`synchronous = NORMAL`).
    #[default]
    Process,
    /// A power cut too, at the price of a disk flush per transaction (`synchronous = FULL`), and of
    /// one for each file and one for its folder.
    Power,
}

impl Settings {
    /// Whether several processes serve the rows.
    pub fn is_shared(&self) -> bool {
        self.url.is_some()
    }

    /// Refuses what contradicts itself.
    ///
    /// # Errors
    /// Names the setting, the value found, and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        if let Some(url) = &self.url
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            // The rest of it may be a password.
            let scheme = url.split("://").next().unwrap_or_default();
            let shown: String = scheme.chars().take(20).collect();
            return Err(format!(
                "store.url begins with `{shown}`, it must be postgres://user@host/database"
            ));
        }
        if !(1..=100).contains(&self.connections) {
            return Err(format!("store.connections is {}, it must be 1 to 100", self.connections));
        }
        Ok(())
    }

    /// Opens the rows: at the URL, else those in the file `database`, which is created where it does
    /// not exist.
    ///
    /// # Errors
    /// When the database cannot be opened, or is of a later release or another program.
    pub async fn open(&self, database: impl AsRef<Path>) -> Result<Arc<dyn Store>> {
        match self.is_shared() {
            true => Ok(Arc::new(self.open_shared().await?)),
            false => Ok(Arc::new(Sqlite::open_with(database, self.durability)?)),
        }
    }

    /// Opens the database that several processes share.
    pub(crate) async fn open_shared(&self) -> Result<Postgres> {
        let none = || StoreError::Invalid("store.url is not set".to_owned());
        let url = self.url.as_ref().ok_or_else(none)?;
        let password = self.password_file.as_deref().map(read).transpose();
        let password = password.map_err(StoreError::Invalid)?;
        Postgres::open_with(url, password, self.ca_file.as_deref(), self.connections).await
    }
}

impl BlobSettings {
    /// Opens the files: at the URL, else those in `folder`, which is created where it does not exist.
    ///
    /// # Errors
    /// When the URL is none of those that are known, a key cannot be read, or a folder cannot be
    /// created.
    pub fn open(
        &self,
        folder: impl AsRef<Path>,
        durability: Durability,
    ) -> Result<Blobs, BlobError> {
        let is_bucket = self.url.as_ref().is_some_and(|url| url.starts_with("s3://"));
        if let Some(redirect) = self.redirect.as_ref().filter(|_| !is_bucket) {
            return Err(BlobError::Invalid(format!(
                "blobs.redirect is `{redirect}`, it is for blobs.url = \"s3://bucket/prefix\" alone"
            )));
        }
        let Some(url) = &self.url else { return Blobs::local_with(folder, durability) };
        if let Some(shared) = url.strip_prefix("file://") {
            return Blobs::local_with(shared, durability);
        }
        let invalid = |why: &str| BlobError::Invalid(format!("blobs.url is `{url}`, {why}"));
        let place = url.strip_prefix("s3://");
        let place = place.ok_or_else(|| invalid("it must be s3://bucket/prefix or file:///folder"));
        let (bucket, prefix) = place.map(|place| place.split_once('/').unwrap_or((place, "")))?;
        if bucket.is_empty() {
            return Err(invalid("which names no bucket"));
        }
        Blobs::s3(bucket, prefix, self)
    }
}

/// The text of a file without the white space around it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_places_are_named() {
        let url = |url: &str| Settings { url: Some(url.to_owned()), ..Settings::default() };
        assert!(url("postgres://ada@host/db").validate().is_ok());
        let why = url("mysql://ada:secret@host/db").validate().expect_err("another database");
        assert!(why.contains("`mysql`") && !why.contains("secret"), "{why}");
        let wrong = BlobSettings { redirect: Some("https://s3".into()), ..BlobSettings::default() };
        let folder = tempfile::tempdir().expect("folder");
        let opened = wrong.open(folder.path(), Durability::Process).map(drop);
        assert!(opened.expect_err("no bucket").to_string().contains("blobs.redirect"));
        let none = Settings { connections: 0, ..Settings::default() };
        assert!(none.validate().expect_err("none").contains("1 to 100"));
        for wrong in ["ftp://host/files", "s3:///prefix"] {
            let settings = BlobSettings { url: Some(wrong.to_owned()), ..BlobSettings::default() };
            let opened = settings.open(folder.path(), Durability::Process).map(drop);
            let why = opened.expect_err(wrong).to_string();
            assert!(why.contains("blobs.url"), "{why}");
        }
    }
}

//! Files that applications upload for later requests.

use std::str::FromStr;

use async_trait::async_trait;
use safelight_contract::Fault;

use crate::{Millis, Result};

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Its bytes are on their way.
    InTransit,
    /// Its bytes are there.
    Ready,
    /// Its bytes did not come.
    Failed,
    /// It was deleted, or its life is over.
    Reclaimed,
}

impl UploadState {
    const ALL: [Self; 4] = [Self::InTransit, Self::Ready, Self::Failed, Self::Reclaimed];

    /// The name in the database and in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InTransit => "in_transit",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Reclaimed => "reclaimed",
        }
    }
}

impl FromStr for UploadState {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| format!("unknown state of an upload `{name}`"))
    }
}

/// An upload to record, whose bytes are on their way.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id, unguessable.
    pub id: String,
    /// Whose it is.
    pub application: i64,
    /// Bytes to reserve: the most that may come.
    pub size: u64,
    /// When its life is over.
    pub expires_at: Millis,
}

/// What an uploaded picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPicture {
    /// Bytes.
    pub size: u64,
    /// Name of its format.
    pub format: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// An upload.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub application: i64,
    /// Where it stands.
    pub state: UploadState,
    /// What it is, while it is ready.
    pub picture: Option<UploadedPicture>,
    /// Why it failed.
    pub fault: Option<Fault>,
    /// When it was recorded.
    pub created_at: Millis,
    /// When its life is over.
    pub expires_at: Millis,
}

/// What the living uploads of one application may take.
#[derive(Clone, Copy, Debug)]
pub struct UploadQuota {
    /// Bytes of all.
    pub bytes: u64,
    /// How many.
    pub files: u64,
}

/// What became of an upload that was to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadAdmission {
    /// It is recorded.
    Added,
    /// The application's quota has no room for it; what it has by now.
    QuotaFull {
        /// Bytes.
        bytes: u64,
        /// Files.
        files: u64,
    },
    /// The disk budget has no room for it.
    DiskFull,
}

/// What became of an upload that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadDeletion {
    /// It is reclaimed: its blob may be deleted.
    Reclaimed,
    /// A task that has not ended works on it.
    InUse,
    /// It is not living, or not of this application.
    Gone,
}

/// Files that applications upload for later requests. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Uploads: Send + Sync + 'static {
    /// Records an upload as in transit, unless the application's quota or the disk budget has no
    /// room for it.
    async fn add_upload(
        &self,
        upload: &NewUpload,
        quota: UploadQuota,
        disk_budget: u64,
        now: Millis,
    ) -> Result<UploadAdmission>;
    /// Ends the transit of an upload: its bytes are there, or they did not come. `false` when it
    /// was not in transit any more.
    async fn end_upload(
        &self,
        id: &str,
        outcome: &std::result::Result<UploadedPicture, Fault>,
    ) -> Result<bool>;
    /// The upload of that id, if it belongs to the application.
    async fn upload(&self, application: i64, id: &str) -> Result<Option<Upload>>;
    /// Reclaims an upload of an application, unless a task that has not ended works on it.
    async fn delete_upload(&self, application: i64, id: &str) -> Result<UploadDeletion>;
    /// Application and id of up to `limit` uploads whose life is over and on which no task works
    /// that has not ended.
    async fn expired_uploads(&self, now: Millis, limit: u32) -> Result<Vec<(i64, String)>>;
    /// Marks an upload reclaimed; its id stays known.
    async fn reclaim_upload(&self, id: &str) -> Result<()>;
}

//! Files that applications upload for later requests: one blob each, under
//! `uploads/<application>/<id>`, beside its row.

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{Format, Rules};
use safelight_operation::{FileField, FilePresence, Media, Picture};
use safelight_store::{
    BlobError, NewUpload, Upload, UploadAdmission, UploadDeletion, UploadState, UploadedPicture,
};
use uuid::Uuid;

use crate::app::{App, Stored, now};
use crate::body::Room;
use crate::disk;
use crate::reply::internal;

/// What all uploads lie under.
pub(crate) const PREFIX: &str = "uploads";

/// The pictures that can be uploaded: whatever some service takes.
pub(crate) const RULES: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 20 * Rules::MB,
    min: (1, 1),
    max: (65_535, 65_535),
    max_aspect: None,
    too_large: Code::FileResolutionExceedsLimits,
    grayscale: true,
};

/// The field of an upload.
pub(crate) const FILE: FileField = FileField {
    name: "file",
    aliases: &[],
    doc: "The picture.",
    presence: FilePresence::Optional,
    media: Media::Picture,
    rules: RULES,
    mask_of: None,
};

/// Where the bytes of an upload lie.
pub(crate) fn blob_key(application: i64, id: &str) -> String {
    format!("{PREFIX}/{application}/{id}")
}

/// The application and the id of an upload's blob.
pub(crate) fn owner(key: &str) -> Option<(i64, &str)> {
    let (application, id) = key.strip_prefix(PREFIX)?.strip_prefix('/')?.split_once('/')?;
    Some((application.parse().ok()?, id))
}

/// Records an upload of at most `size` bytes, and answers its id.
///
/// # Errors
/// `EXCEEDING_LIMITS` over the application's quota, `ERROR_INSUFFICIENT_RESOURCES` over the disk
/// budget.
pub(crate) async fn admit(
    app: &App,
    application: i64,
    size: u64,
    ttl_seconds: u32,
) -> Result<String> {
    let id = format!("f_{}", Uuid::new_v4().simple());
    let expires_at = now() + i64::from(ttl_seconds) * 1000;
    let new = NewUpload { id: id.clone(), application, size, expires_at };
    let (quota, budget) = (app.settings.uploads.quota(), app.settings.results.disk_budget);
    let admitted = app.store.add_upload(&new, quota, budget, now()).await;
    match admitted.or_internal("recording an upload")? {
        UploadAdmission::Added => Ok(id),
        UploadAdmission::QuotaFull { bytes, files } => Err(Fault::new(
            Code::ExceedingLimits,
            format!(
                "the application has {files} uploads of {bytes} bytes, this one has up to {size}; \
                 the limits are {} uploads and {} bytes",
                quota.files, quota.bytes
            ),
        )),
        UploadAdmission::DiskFull => {
            let used = app.store.disk_use().await.or_internal("measuring the disk")?;
            let full = disk::full(used, budget);
            Err(disk::no_room(&format!("the upload has up to {size} bytes; {full}")))
        }
    }
}

/// Writes the bytes of an upload that was recorded, and ends its transit.
///
/// # Errors
/// `ERROR_FILE_UPLOAD_FAILED` where the files cannot take it, `ERROR_RESOURCE_RECLAIMED` where it
/// was deleted meanwhile.
pub(crate) async fn complete(
    app: &App,
    application: i64,
    id: &str,
    picture: &Picture,
    bytes: Bytes,
) -> Result<()> {
    let header = picture.header();
    let kept = UploadedPicture {
        size: bytes.len() as u64,
        format: header.format.name().to_owned(),
        width: header.width,
        height: header.height,
    };
    let key = blob_key(application, id);
    if let Err(error) = app.blobs.put(&key, bytes).await {
        tracing::error!(%error, "an upload could not be written");
        let message = "the upload could not be written to the file store";
        return Err(Fault::new(Code::FileUploadFailed, message));
    }
    let ended = app.store.end_upload(id, &Ok(kept)).await.or_internal("recording an upload");
    if ended? {
        return Ok(());
    }
    delete_blob(app, &key).await;
    Err(Fault::new(
        Code::ResourceReclaimed,
        "the upload was deleted while it was on its way, or its life is over",
    ))
}

/// The upload of an application with this id, if its life is not over. `name` is the parameter that
/// named it.
///
/// # Errors
/// `ERROR_FILE_NOT_FOUND` and `ERROR_RESOURCE_RECLAIMED`.
pub(crate) async fn find(app: &App, application: i64, name: &str, id: &str) -> Result<Upload> {
    let upload = app.store.upload(application, id).await.or_internal("reading an upload")?;
    let upload = upload.ok_or_else(|| unknown(name))?;
    let is_over = upload.state == UploadState::Reclaimed || upload.expires_at <= now();
    if is_over { Err(reclaimed(name)) } else { Ok(upload) }
}

/// Reads an upload into `room`, also past its life where a task holds it.
///
/// # Errors
/// Those of [`find`]; `ERROR_RESOURCE_IN_TRANSIT`; the fault of an upload that failed.
pub(crate) async fn read(
    app: &App,
    application: i64,
    name: &str,
    id: &str,
    room: &Room<'_>,
) -> Result<Bytes> {
    let upload = match room.is_of_a_task() {
        true => {
            let upload =
                app.store.upload(application, id).await.or_internal("reading an upload")?;
            upload.ok_or_else(|| unknown(name))?
        }
        false => find(app, application, name, id).await?,
    };
    match (upload.state, upload.picture) {
        (UploadState::Ready, Some(picture)) => {
            room.take(picture.size).await?;
            let bytes = app.blobs.get(&blob_key(application, id)).await;
            bytes.map_err(|error| match error {
                // It was deleted meanwhile.
                BlobError::NotFound(_) => reclaimed(name),
                error => internal("reading an upload", &error),
            })
        }
        (UploadState::InTransit, _) => Err(Fault::new(
            Code::ResourceInTransit,
            format!("the file that {name} names is still on its way"),
        )
        .retry_after(std::time::Duration::from_secs(2))),
        (UploadState::Failed, _) => Err(upload.fault.unwrap_or_else(|| unknown(name))),
        _ => Err(reclaimed(name)),
    }
}

/// Deletes an upload of an application.
///
/// # Errors
/// Those of [`find`], and `ERROR_RESOURCE_IN_USE`.
pub(crate) async fn delete(app: &App, application: i64, name: &str, id: &str) -> Result<()> {
    find(app, application, name, id).await?;
    let deletion = app.store.delete_upload(application, id).await;
    match deletion.or_internal("deleting an upload")? {
        UploadDeletion::Reclaimed => {
            delete_blob(app, &blob_key(application, id)).await;
            Ok(())
        }
        UploadDeletion::InUse => Err(Fault::new(
            Code::ResourceInUse,
            format!("a task that has not ended works on the file that {name} names"),
        )),
        UploadDeletion::Gone => Err(reclaimed(name)),
    }
}

/// Deletes a blob. What fails is found again by the sweep.
async fn delete_blob(app: &App, key: &str) {
    if let Err(error) = app.blobs.delete(key).await {
        tracing::warn!(%error, "an upload could not be deleted");
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new(Code::FileNotFound, format!("{name} names no upload of this application"))
}

pub(crate) fn reclaimed(name: &str) -> Fault {
    Fault::new(
        Code::ResourceReclaimed,
        format!("the file that {name} names was deleted, or its life is over"),
    )
}

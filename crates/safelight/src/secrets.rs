//! The two secrets of the data folder, and whether they are those that the rows were made with: the
//! database holds their fingerprints. A lost one is not replaced silently, since all that was made with
//! it would be lost, too.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use safelight_library::MasterKey;
use safelight_store::{KeySecret, Store, StoreError, fingerprint};

use crate::data::DataFolder;

/// The name of the secret that keys are hashed under.
pub const KEYS: &str = "secret.key";
/// The name of the key of the libraries of faces.
pub const LIBRARY: &str = "library.key";

/// The secret that keys are hashed under; made where nothing was made with one yet.
///
/// # Errors
/// When it is not there and keys are, when it is not the one that the database knows, or when it cannot
/// be read.
pub async fn of_keys(store: &dyn Store, data: &DataFolder) -> Result<KeySecret> {
    let path = data.secret();
    if !path.exists() {
        refuse_lost(store, KEYS, &path, has_keys(store).await?).await?;
    }
    let secret = KeySecret::load_or_create(&path)?;
    agree(store, data, KEYS, &secret.fingerprint()).await?;
    Ok(secret)
}

/// The key of the libraries of faces; made where there are none yet.
///
/// # Errors
/// As [`of_keys`].
pub async fn of_library(store: &dyn Store, data: &DataFolder) -> Result<MasterKey> {
    let path = data.library_key();
    if !path.exists() {
        refuse_lost(store, LIBRARY, &path, has_groups(store).await?).await?;
    }
    let key = safelight_server::load_or_create_key(&path)?;
    agree(store, data, LIBRARY, &fingerprint(key.bytes())).await?;
    Ok(key)
}

/// Compares a secret with the one that the database knows; does not make any.
///
/// # Errors
/// When it is not there, cannot be read, or is another one.
pub async fn check(store: &dyn Store, data: &DataFolder) -> Result<()> {
    let path = data.secret();
    if !path.exists() {
        bail!("{} is not there; without it no key is known: restore it", path.display());
    }
    let secret = KeySecret::load_or_create(&path)?;
    match store.agreed(KEYS).await? {
        Some(agreed) if agreed != secret.fingerprint() => Err(another(store, data, KEYS)),
        _ => Ok(()),
    }
}

/// Refuses to make a secret anew where the database knows one, or what was made with one.
async fn refuse_lost(store: &dyn Store, name: &str, path: &Path, is_used: bool) -> Result<()> {
    let is_agreed = store.agreed(name).await?.is_some();
    if !is_agreed && !is_used {
        return Ok(());
    }
    let path = path.display();
    if store.is_shared() {
        bail!(
            "the file {path} is not there, and the other processes have one; copy theirs, {name} in the \
             data folder of any server or of the machine that the rows were moved from"
        );
    }
    let (what, command) = match name {
        LIBRARY => ("what the libraries of faces are encrypted under", "library new-key"),
        _ => ("what the API keys are hashed under", "key new-secret"),
    };
    bail!(
        "the file {path}, {what}, is not there; restore it from the same backup as the database, or see \
         `safelight {command} --help` if it is lost"
    )
}

async fn agree(store: &dyn Store, data: &DataFolder, name: &str, fingerprint: &str) -> Result<()> {
    match store.agree(name, fingerprint).await {
        Err(StoreError::Conflict(_)) => Err(another(store, data, name)),
        outcome => Ok(outcome?),
    }
}

fn another(store: &dyn Store, data: &DataFolder, name: &str) -> anyhow::Error {
    let folder = data.path().display();
    match store.is_shared() {
        true => anyhow!(
            "the file {name} in {folder} is not the one that the other processes have; copy theirs"
        ),
        false => anyhow!(
            "the file {name} in {folder} is not the one that the database was used with; restore it from \
             the same backup as the database"
        ),
    }
}

/// Gives a secret up that is lost: the next one to be made takes its place.
///
/// # Errors
/// When it is there, or when a process is at work that may have it.
pub async fn give_up(store: &dyn Store, data: &DataFolder, name: &str) -> Result<()> {
    let path = data.path().join(name);
    if path.try_exists().unwrap_or(true) {
        bail!("{} is there, so nothing was changed", path.display());
    }
    let now = store.clock().await?;
    let mut others = store.instances().await?;
    others.retain(|other| now - other.seen_at <= safelight_store::DEAD_AFTER);
    if data.is_served() || (store.is_shared() && !others.is_empty()) {
        bail!("a process is at work, so nothing was changed; copy its {name}, or stop it first");
    }
    Ok(store.forget_agreement(name).await?)
}

async fn has_keys(store: &dyn Store) -> Result<bool> {
    for application in store.applications().await? {
        if !store.keys(application.id).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn has_groups(store: &dyn Store) -> Result<bool> {
    for application in store.applications().await? {
        if store.face_groups(application.id, 0, 1).await?.0 > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

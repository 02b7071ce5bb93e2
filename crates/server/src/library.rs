//! Libraries of faces: what lies between the rows, which hold sealed embeddings, and the endpoints.
//! Indexes are kept in memory, one for each group, and loaded at a group's first search; each knows
//! the revision of its group that it shows, so that changes of other processes are noticed.

mod indexes;
pub(crate) mod kinds;
pub mod pictures;
mod port;
mod sessions;
mod tokens;
pub mod transfer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_library::{GroupKey, MasterKey, score};
use safelight_services::recognition::{EMBEDDINGS, Scene};
use safelight_store::{
    Act, Blobs, FaceGroup, FaceLimits, FacesChanged, NewFaceGroup, Refused, Store, StoreError,
    secret_file,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::admission::Gate;
use crate::app::{App, Stored, now};
use crate::instance::leads;
use crate::reply::internal;
use crate::settings::LibrarySettings;

pub(crate) use port::{Found, Port, Search, shown};
pub(crate) use sessions::{Session, Sessions};
pub(crate) use tokens::Known;

use indexes::Indexes;
use tokens::Tokens;

/// What the blobs of faces' pictures lie under.
pub(crate) const PREFIX: &str = "faces";

/// The libraries of an installation.
pub(crate) struct Library {
    pub store: Arc<dyn Store>,
    blobs: Arc<Blobs>,
    pub master: MasterKey,
    pub settings: LibrarySettings,
    /// Bytes of the disk that stay free.
    reserve: u64,
    indexes: Indexes,
    tokens: Tokens,
    /// Of action liveness.
    pub sessions: Sessions,
    /// Whether something was deleted that the log of the database may still hold.
    unscrubbed: AtomicBool,
}

impl Library {
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<Blobs>,
        master: MasterKey,
        settings: &LibrarySettings,
        reserve: u64,
        work: Arc<Gate>,
    ) -> Self {
        let life = Duration::from_secs(settings.token_life_seconds.into());
        Self {
            sessions: Sessions::new(&master),
            store,
            blobs,
            master,
            settings: settings.clone(),
            reserve,
            indexes: Indexes::new(work),
            tokens: Tokens::living(life),
            unscrubbed: AtomicBool::new(false),
        }
    }

    /// How many faces there may be.
    pub fn limits(&self) -> FaceLimits {
        FaceLimits {
            user: self.settings.max_faces_per_user.into(),
            group: self.settings.max_faces_per_group.into(),
            application: self.settings.max_faces.into(),
        }
    }

    /// Nothing is done while the operator has paused the libraries.
    pub async fn check_open(&self) -> Result<()> {
        if !self.store.faces_paused().await.or_internal("reading the state of the library")? {
            return Ok(());
        }
        let message = "the operator has paused the libraries of faces";
        Err(Fault::new(Code::ResourceUnavailable, message).retry_after(Duration::from_secs(30)))
    }

    /// The session of action liveness of an identifier, which is used up with this.
    ///
    /// # Errors
    /// `ERROR_RESOURCE_NOT_FOUND` for one that was never begun here by the application,
    /// `ERROR_RESOURCE_RECLAIMED` for one that has expired or was used.
    pub async fn take_session(&self, application: i64, id: &str) -> Result<Session> {
        let session = self.sessions.find(application, id, now())?;
        let used = self.store.use_liveness_session(&session.nonce, session.expires_at).await;
        match used.or_internal("noting a session")? {
            true => Ok(session),
            false => Err(Fault::new(Code::ResourceReclaimed, "the session was used before")),
        }
    }

    /// The key of a group.
    pub fn key(&self, group: &FaceGroup) -> Result<GroupKey> {
        open_key(&self.master, group)
    }

    /// Follows a change: indexes, and pictures that nothing refers to any more.
    pub async fn follow(
        &self,
        changed: &FacesChanged,
        added: &[(i64, safelight_library::Embedding)],
    ) {
        if changed.changes.iter().any(|change| !change.removed.is_empty()) {
            self.unscrubbed.store(true, Ordering::Relaxed);
        }
        self.indexes.follow(changed, added);
        for image in &changed.images {
            if let Err(error) = self.blobs.delete(image).await {
                tracing::error!(%error, "the picture of a deleted face stays");
            }
        }
    }

    /// Forgets the token of a face that lives in memory.
    pub fn forget_token(&self, application: i64, token: &str) {
        self.tokens.forget(application, token);
    }

    /// Forgets all tokens of an application that live in memory.
    pub fn forget_tokens(&self, application: i64) {
        self.tokens.forget_all(application);
    }

    /// Empties the log of the database, so that what was deleted is in no file. Where readers are in
    /// the way, the next sweep tries again.
    pub async fn scrub(&self) {
        self.unscrubbed.store(false, Ordering::Relaxed);
        if let Err(error) = self.store.scrub().await {
            self.unscrubbed.store(true, Ordering::Relaxed);
            tracing::warn!(%error, "what was deleted from a library may still be in the log");
        }
    }

    /// Drops the indexes of groups that are gone, whichever process deleted them.
    async fn drop_indexes(&self) -> Result<()> {
        let groups = self.indexes.groups();
        if groups.is_empty() {
            return Ok(());
        }
        let ready = self.store.ready_face_groups(&groups).await;
        let ready = ready.or_internal("looking for deleted groups")?;
        for group in groups.into_iter().filter(|group| !ready.contains(group)) {
            self.indexes.forget(group);
        }
        Ok(())
    }

    /// Deletes what is past its life, step by step.
    pub async fn clean(&self) -> Result<()> {
        loop {
            let changed = self.store.clean_faces(now()).await.or_internal("cleaning libraries")?;
            if changed == FacesChanged::default() {
                return Ok(());
            }
            self.follow(&changed, &[]).await;
        }
    }
}

/// The identifier of a user whose name may be any text.
pub(crate) fn id_of_name(name: &str) -> String {
    format!("s_{}", &blake3::hash(name.as_bytes()).to_hex()[..40])
}

/// A group that does not exist yet, with a key of its own: for pictures that people show, without a
/// name, kept without an end.
pub(crate) fn new_group(master: &MasterKey, application: i64, id: &str) -> Result<NewFaceGroup> {
    let made = master.new_group(&place_of(application, id));
    let (_, wrapped_key) = made.map_err(|error| internal("making the key of a group", &error))?;
    Ok(NewFaceGroup {
        id: id.to_owned(),
        name: None,
        scene: Scene::Live.word().to_owned(),
        model: EMBEDDINGS.to_owned(),
        wrapped_key,
        retention_days: None,
    })
}

/// The group of this identifier, made where it is not there and `most` allow it.
pub(crate) async fn group_or_new(
    store: &dyn Store,
    master: &MasterKey,
    act: &Act,
    id: &str,
    most: u64,
) -> Result<FaceGroup> {
    match store.face_group(act.application, id, false).await {
        Err(StoreError::Refused(Refused::GroupNotFound(_))) => {}
        found => return found.or_refused("reading a group"),
    }
    let new = new_group(master, act.application, id)?;
    match store.create_face_group(act, &new, most).await {
        // Somebody else was faster.
        Ok(()) | Err(StoreError::Refused(Refused::GroupExists(_))) => {}
        Err(error) => return Err(error).or_refused("creating a group"),
    }
    store.face_group(act.application, id, false).await.or_refused("reading a group")
}

/// What a group's key is wrapped for.
pub(crate) fn place_of(application: i64, group: &str) -> Vec<u8> {
    format!("{application}/{group}").into_bytes()
}

/// What a face's embedding and picture are sealed for.
pub(crate) fn place_in(group_row: i64, token: &str) -> Vec<u8> {
    format!("{group_row}/{token}").into_bytes()
}

/// The key of a group.
///
/// # Errors
/// `SERVICE_INTERNAL_ERROR` where the master key is not the one that it was wrapped with.
pub(crate) fn open_key(master: &MasterKey, group: &FaceGroup) -> Result<GroupKey> {
    let wrapped = group.wrapped_key.as_deref().unwrap_or_default();
    let key = master.unwrap(wrapped, &place_of(group.application, &group.id));
    key.map_err(|_| internal("opening a group", &"library.key does not fit the database"))
}

/// The scale of scores, as answers state it.
pub(crate) fn thresholds() -> Value {
    score::THRESHOLDS.iter().map(|(rate, score)| ((*rate).to_owned(), json!(score))).collect()
}

/// Refusals of the rows, each with its code.
pub(crate) trait Refusable<T> {
    /// The code of a refusal; `SERVICE_INTERNAL_ERROR` for whatever else went wrong.
    fn or_refused(self, what: &str) -> Result<T>;
}

impl<T> Refusable<T> for Result<T, StoreError> {
    fn or_refused(self, what: &str) -> Result<T> {
        self.map_err(|error| match error {
            StoreError::Refused(refused) => refusal(&refused),
            error => internal(what, &error),
        })
    }
}

pub(crate) fn refusal(refused: &Refused) -> Fault {
    let code = match refused {
        Refused::GroupNotFound(_) => Code::UserGroupNotFound,
        Refused::GroupCleaning(_) => Code::CleaningUserGroupData,
        Refused::GroupExists(_) => Code::UserGroupAlreadyExists,
        Refused::NameInUse(_) => Code::DuplicateGroupName,
        Refused::TooManyGroups(_) => Code::DatabaseLimitExceeded,
        Refused::UserNotFound(_) => Code::UserNotFound,
        Refused::UserExists(_) => Code::UserAlreadyExists,
        Refused::FaceNotFound(_) => Code::FaceNotFound,
        Refused::FaceExists(_) => Code::FaceAlreadyExists,
        Refused::Full(_) => Code::FaceTraceLimitExceeded,
        Refused::SceneMismatch(..) => Code::FaceCopySceneMismatch,
        Refused::AlreadyCopied(..) => Code::DataAlreadyExists,
        Refused::ApplicationNotFound(_) => Code::ResourceNotFound,
        Refused::Changed(_) => Code::TaskConflict,
    };
    Fault::new(code, refused.to_string())
}

/// Cleans and drops indexes again and again, until the server closes.
pub(crate) async fn run(app: Arc<App>) {
    let library = &app.library;
    let every = Duration::from_secs(library.settings.sweep_seconds.into());
    let audit = Duration::from_secs(3600).max(every);
    let mut closing = app.closing.subscribe();
    let mut audited = tokio::time::Instant::now();
    while !*closing.borrow_and_update() {
        tokio::select! {
            () = sleep(every) => {}
            _ = closing.changed() => continue,
        }
        // What fails is logged where it fails, and tried again next time.
        if leads(&app, "library").await {
            let _ = library.clean().await;
        }
        let _ = library.drop_indexes().await;
        if library.unscrubbed.load(Ordering::Relaxed) {
            library.scrub().await;
        }
        if audited.elapsed() >= audit {
            audited = tokio::time::Instant::now();
            let days = i64::from(library.settings.audit_days);
            let before = now() - days * 24 * 3_600_000;
            let _ = app.store.forget_face_audit(before).await.or_internal("forgetting the audit");
        }
    }
}

/// Who acts, where a request does.
pub(crate) fn act(application: i64, key: Option<i64>, request_id: &str) -> Act {
    Act { application, key, request_id: request_id.to_owned(), at: now() }
}

/// The scene of a group.
pub(crate) fn scene_of(group: &FaceGroup) -> Scene {
    let scenes = [Scene::Live, Scene::IdCard, Scene::Surveillance];
    scenes.into_iter().find(|scene| scene.word() == group.scene).unwrap_or(Scene::Live)
}

impl LibrarySettings {
    /// Consent must be noted where the operator requires that.
    ///
    /// # Errors
    /// `MISSING_PARAMETERS`.
    pub(crate) fn check_consent(&self, note: Option<&str>) -> Result<()> {
        if !self.require_consent || note.is_some_and(|note| !note.trim().is_empty()) {
            return Ok(());
        }
        let message = "consent_note is missing, which the operator requires";
        Err(Fault::new(Code::MissingParameters, message))
    }
}

/// Reads the master key of the libraries at `path`, or writes a random one there where no file is
/// ([`secret_file`]). A file that others may read is refused.
///
/// # Errors
/// Those of the file, with its name.
pub fn load_or_create_key(path: impl AsRef<Path>) -> io::Result<MasterKey> {
    const WHAT: &str = "key of the libraries of faces";
    let path = path.as_ref();
    let key = secret_file::load_or_create(path, WHAT)?;
    check_readers(path).map_err(|error| {
        io::Error::new(error.kind(), format!("{WHAT} {}: {error}", path.display()))
    })?;
    Ok(MasterKey::new(key))
}

#[cfg(unix)]
fn check_readers(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("others may read it (mode {mode:o}); allow its owner alone: chmod 600");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

#[cfg(not(unix))]
fn check_readers(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use safelight_store::{Limits, NewApplication, Sqlite};

    use super::*;
    use crate::admission::Load;

    #[tokio::test]
    async fn indexes_of_groups_that_another_process_deleted_are_dropped() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Sqlite::open(folder.path().join("db")).expect("database");
        let store: Arc<dyn Store> = Arc::new(store);
        store.create_user("ada", 1).await.expect("user");
        let (user, name) = ("ada".into(), "shop".into());
        let new = NewApplication { user, name, limits: Limits::default(), key: None };
        let application = store.create_application(&new, 1).await.expect("application").id;
        let act = act(application, None, "R");
        let blobs = Arc::new(Blobs::local(folder.path().join("files")).expect("files"));
        let gate = Gate::new(Load { bytes: 1 << 20, pixels: 1, slots: 1 }, 1);
        let (master, settings) = (MasterKey::new([9; 32]), LibrarySettings::default());
        let library = Library::new(store.clone(), blobs, master, &settings, 0, gate);
        let mut groups = Vec::new();
        for id in ["staff", "guests"] {
            let group = group_or_new(&*store, &library.master, &act, id, 9).await;
            groups.push(group.expect("a group"));
        }
        library.indexes.places(&groups).expect("room");
        library.drop_indexes().await.expect("nothing is gone");
        assert_eq!(library.indexes.groups().len(), 2);
        store.delete_face_group(&act, "staff").await.expect("deleted");
        library.drop_indexes().await.expect("dropped");
        assert_eq!(library.indexes.groups(), [groups[1].row]);
    }

    #[test]
    fn the_key_is_made_once_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("library.key");
        let key = load_or_create_key(&path).expect("made");
        assert_eq!(load_or_create_key(&path).expect("read").bytes(), key.bytes());
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
            let error = load_or_create_key(&path).err().expect("refused").to_string();
            assert!(error.contains("chmod 600"), "{error}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        }
        fs::write(&path, [1; 31]).expect("written");
        let error = load_or_create_key(&path).err().expect("refused").to_string();
        assert!(error.contains("31"), "{error}");
    }
}

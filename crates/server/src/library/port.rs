//! What operations reach libraries of faces through, for one request.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_library::{Embedding, Hit, Query, score};
use safelight_operation::{Context, rounded};
use safelight_services::recognition::EMBEDDINGS;
use safelight_store::{
    Act, FaceGroup, FaceMode, FaceUser, FacesChanged, NewFace, Refused, StoreError,
};
use tokio::time::timeout;

use super::indexes::{Growing, PAGE, Place};
use super::transfer::{Exported, export};
use super::{Known, Library, Refusable, act, place_in, refusal};
use crate::app::Stored;
use crate::reply::internal;

/// How long a request waits for an index to be loaded before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a search starts again where its index was dropped under it.
const ATTEMPTS: u32 = 5;

/// How often an index is loaded anew where more faces came meanwhile than there was room for.
const LOADS: u32 = 3;

/// The libraries, for one request of an application.
pub(crate) struct Port {
    pub library: Arc<Library>,
    pub application: i64,
    /// Number of the key of the request.
    pub key: Option<i64>,
    pub request_id: String,
}

/// A user that a search found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Row number of the group.
    pub group: i64,
    pub group_id: String,
    pub user_id: String,
    pub user_info: String,
    /// Row number of the face.
    pub face: i64,
    pub cosine: f32,
}

impl Found {
    /// 0..100, as answers show it.
    pub fn score(&self) -> f64 {
        shown(self.cosine)
    }
}

/// The score of a cosine, as answers show it.
pub(crate) fn shown(cosine: f32) -> f64 {
    rounded(score::of_cosine(f64::from(cosine)) as f32, 2)
}

/// Whom to search for, and where.
pub(crate) struct Search {
    pub groups: Vec<FaceGroup>,
    /// Only these users, where given.
    pub only: Option<Vec<String>>,
    /// Most users.
    pub users: usize,
}

impl Port {
    /// Who acts.
    pub fn act(&self) -> Act {
        act(self.application, self.key, &self.request_id)
    }

    /// Groups that the application may search, in the order of their identifiers here.
    ///
    /// # Errors
    /// Those of the groups; `ERROR_ILLEGAL_OPERATION` for one with embeddings of another model.
    pub async fn groups(&self, ids: &[String]) -> Result<Vec<FaceGroup>> {
        let mut groups = Vec::with_capacity(ids.len());
        for id in ids {
            let group = self.library.store.face_group(self.application, id, true).await;
            groups.push(of_this_model(group.or_refused("reading a group")?)?);
        }
        Ok(groups)
    }

    /// A group of the application itself.
    ///
    /// # Errors
    /// As [`Port::groups`].
    pub async fn own_group(&self, id: &str) -> Result<FaceGroup> {
        let group = self.library.store.face_group(self.application, id, false).await;
        of_this_model(group.or_refused("reading a group")?)
    }

    /// A user of a group.
    ///
    /// # Errors
    /// Those of the group; `ERROR_USER_NOT_FOUND`.
    pub async fn user(&self, owner: i64, group: &str, id: &str) -> Result<FaceUser> {
        let users = self.library.store.face_user(owner, Some(group), id).await;
        let user = users.or_refused("reading a user")?.into_iter().next();
        user.ok_or_else(|| Fault::new(Code::UserNotFound, format!("there is no user {id}")))
    }

    /// The token of a face by its row number, where it is still there.
    pub async fn token_of(&self, group: &str, user: &str, face: i64) -> Result<Option<String>> {
        let faces = self.library.store.faces(self.application, group, user).await;
        let faces = faces.or_refused("reading faces")?;
        Ok(faces.into_iter().find(|other| other.row == face).map(|face| face.token))
    }

    /// The face of a token.
    ///
    /// # Errors
    /// `ERROR_FACE_TOKEN_NOT_FOUND`.
    pub async fn known(&self, token: &str) -> Result<Known> {
        if let Some(known) = self.library.tokens.find(self.application, token) {
            return Ok(known);
        }
        let store = &self.library.store;
        let face =
            store.face_of_token(self.application, token).await.or_internal("reading a face")?;
        let unknown = || {
            let message = "no face has this token; tokens of faces in no group live a while only";
            Fault::new(Code::FaceTokenNotFound, message)
        };
        let face = face.ok_or_else(unknown)?;
        let group = store.face_group_at(face.group_row).await.or_internal("reading a group")?;
        let group = of_this_model(group.ok_or_else(unknown)?)?;
        let key = self.library.key(&group)?;
        let embedding = key.open_embedding(&face.sealed, &place_in(group.row, &face.token));
        let embedding =
            embedding.map_err(|_| internal("opening a face", &"it was altered in the database"))?;
        Ok(Known { embedding, quality: face.quality, size: None, minor: false })
    }

    /// Whether a user of a group has room for one more face.
    pub async fn room(
        &self,
        group: &FaceGroup,
        user: &str,
        mode: FaceMode,
    ) -> Result<(), StoreError> {
        let limits = self.library.limits();
        self.library.store.check_face_room(group, user, mode, 1, limits).await
    }

    /// Adds a face.
    pub async fn add(&self, new: &NewFace) -> Result<FacesChanged, StoreError> {
        self.library.store.add_face(&self.act(), new, self.library.limits()).await
    }

    /// Writes the encrypted picture of a face.
    ///
    /// # Errors
    /// `ERROR_FACE_IMAGE_ADDITION_FAILED`.
    pub async fn keep_image(&self, name: &str, sealed: Vec<u8>) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "the picture of a face could not be written");
            Fault::new(Code::FaceImageAdditionFailed, "the picture could not be written")
        };
        let free = self.library.blobs.free_space().map_err(|error| failed(&error))?;
        if free < self.library.reserve.saturating_add(sealed.len() as u64) {
            return Err(failed(&"the disk has no room beside its reserve"));
        }
        self.library.blobs.put(name, sealed).await.map_err(|error| failed(&error))
    }

    /// The library of the application, or one group of it, as a file, made in so many bytes of memory.
    pub async fn export(&self, group: Option<&str>, most: u64) -> Result<Exported> {
        let library = &self.library;
        export(&*library.store, &library.master, &self.act(), group, Some(most)).await
    }

    /// Lets the token of a face live that is in no group.
    pub fn keep(&self, token: &str, known: Known) {
        self.library.tokens.keep(self.application, token, known);
    }

    /// The places of the indexes of groups, each loaded to the revision of its group here.
    async fn places(&self, groups: &[FaceGroup]) -> Result<Vec<Arc<Place>>> {
        let places = self.library.indexes.places(groups)?;
        for (place, group) in places.iter().zip(groups) {
            if !place.shows(group.revision) {
                let loading = load(self.library.clone(), place.clone(), group.clone());
                // It goes on where this request gives up.
                let loaded = timeout(PATIENCE, tokio::spawn(loading)).await.map_err(|_| {
                    let message = format!("the faces of the group {} are being loaded", group.id);
                    Fault::new(Code::ResourceInTransit, message).retry_after(Duration::from_secs(1))
                })?;
                loaded.map_err(|error| internal("loading a group", &error))??;
            }
        }
        Ok(places)
    }

    /// The most similar users, the most similar first, whatever their score.
    pub async fn search(
        &self,
        context: &Context,
        embedding: Embedding,
        search: &Search,
    ) -> Result<Vec<Found>> {
        let mut only = Vec::new();
        if let Some(users) = &search.only {
            for group in &search.groups {
                let rows = self.library.store.face_user_rows(group.row, users).await;
                only.extend(rows.or_internal("reading users")?);
            }
            only.sort_unstable();
        }
        let only = search.only.is_some().then_some(Arc::new(only));
        let users = search.users;
        for _ in 0..ATTEMPTS {
            let places = self.places(&search.groups).await?;
            let only = only.clone();
            let scan = move |work: &safelight_operation::Work| {
                work.stage("search", || {
                    let only = only.as_ref().map(|only| only.as_slice());
                    Ok(scan(&places, Query { embedding: &embedding, users, least: -1.0, only }))
                })
            };
            if let Some(hits) = context.cpu(scan).await? {
                return self.found(hits, users).await;
            }
        }
        let message = "the groups change too fast to be searched";
        Err(Fault::new(Code::TaskConflict, message))
    }

    /// The users of hits. Those that are gone since are left out.
    async fn found(&self, hits: Vec<Hit>, most: usize) -> Result<Vec<Found>> {
        let rows: Vec<i64> = hits.iter().map(|hit| hit.user).collect();
        let users = self.library.store.face_users_in(&rows).await.or_internal("reading users")?;
        let found = hits.into_iter().filter_map(|hit| {
            let user = users.iter().find(|user| user.row == hit.user)?;
            Some(Found {
                group: user.group_row,
                group_id: user.group.clone(),
                user_id: user.id.clone(),
                user_info: user.info.clone(),
                face: hit.face,
                cosine: hit.cosine,
            })
        });
        Ok(found.take(most).collect())
    }

    /// Notes a search with the users that it answers, each once: for the application, and for the owners
    /// of groups that are shared with it what concerns their groups.
    pub async fn note(&self, action: &str, groups: &[FaceGroup], found: &[Found]) -> Result<()> {
        let mut owners: Vec<i64> = groups.iter().map(|group| group.application).collect();
        owners.push(self.application);
        owners.sort_unstable();
        owners.dedup();
        for owner in owners {
            let mut act = self.act();
            // Neither the key nor the other groups are the business of another owner.
            let is_own = owner == self.application;
            if !is_own {
                act = Act { application: owner, key: None, ..act };
            }
            let groups: Vec<_> =
                groups.iter().filter(|group| is_own || group.application == owner).collect();
            let found = found.iter().filter(|found| groups.iter().any(|g| g.row == found.group));
            let mut users: Vec<&str> = found.map(|found| found.user_id.as_str()).collect();
            let ids: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
            let (ids, count) = (ids.join(","), users.len() as u64);
            let mut named = HashSet::new();
            users.retain(|user| named.insert(*user));
            let noted =
                self.library.store.note_face_act(&act, action, &ids, &users.join(","), count).await;
            noted.or_internal("noting a search")?;
        }
        Ok(())
    }
}

/// The best of all places; `None` where the index of one was dropped.
fn scan(places: &[Arc<Place>], query: Query<'_>) -> Option<Vec<Hit>> {
    let mut hits = Vec::new();
    for place in places {
        hits.extend(place.loaded.read().as_ref()?.index.search(query));
    }
    hits.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    hits.truncate(query.users);
    Some(hits)
}

fn of_this_model(group: FaceGroup) -> Result<FaceGroup> {
    if group.model == EMBEDDINGS {
        return Ok(group);
    }
    let message = format!(
        "the group {} holds embeddings of the model {}, this server makes those of {EMBEDDINGS}",
        group.id, group.model
    );
    Err(Fault::new(Code::IllegalOperation, message))
}

/// Loads the index of a group, unless somebody else has meanwhile.
async fn load(library: Arc<Library>, place: Arc<Place>, mut group: FaceGroup) -> Result<()> {
    let _loading = place.loading.lock().await;
    if place.shows(group.revision) {
        return Ok(());
    }
    for _ in 0..LOADS {
        let memory = library.indexes.room(&group).await?;
        let growing = Arc::new(Growing::of(group.clone(), library.key(&group)?));
        let grown = growing.clone();
        let sink = Arc::new(move |before: usize, faces: Vec<_>| growing.add(before, &faces));
        let read = library.store.read_group_faces(group.row, PAGE, sink).await;
        let revision = read.or_internal("reading the faces of a group")?;
        if let Some(loaded) = grown.whole(revision, memory) {
            let mut slot = place.loaded.write();
            if slot.as_ref().is_none_or(|other| other.revision < loaded.revision) {
                *slot = Some(loaded);
            }
            return Ok(());
        }
        let now = library.store.face_group_at(group.row).await.or_internal("reading a group")?;
        group = now.ok_or_else(|| refusal(&Refused::GroupNotFound(group.id)))?;
    }
    let message = "the group grows faster than its index is loaded; ask again";
    Err(Fault::new(Code::ResourceInTransit, message).retry_after(Duration::from_secs(1)))
}

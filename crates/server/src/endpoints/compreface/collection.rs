//! The rows behind the layer: a subject is a user of the group `compreface`, its name the user's
//! `user_info`. The user's identifier is made of the name, which may be any text.

use std::sync::Arc;

use safelight_contract::{Code, Fault, Result};
use safelight_store::{
    Act, FaceGroup, FaceUser, FacesChanged, NewFaceUser, Refused, StoreError, StoredFace,
};

use crate::app::Stored;
use crate::library::{Library, Port, Refusable, group_or_new, id_of_name, refusal};

/// The group.
pub(super) const GROUP: &str = "compreface";
/// Most bytes of a subject's name.
const MAX_NAME: usize = 256;
/// How many users are listed at a time.
const PAGE: u32 = 1000;

/// The collection of an application.
pub(super) struct Collection {
    pub library: Arc<Library>,
    pub act: Act,
}

/// The name of a subject; that of a user who was added by other calls may be its identifier.
pub(super) fn name_of(user: &FaceUser) -> &str {
    if user.info.is_empty() { &user.id } else { &user.info }
}

/// The identifier of a face: its token, written as a UUID.
pub(super) fn image_id(token: &str) -> String {
    uuid::Uuid::parse_str(token).map_or_else(|_| token.to_owned(), |id| id.hyphenated().to_string())
}

/// The token of an identifier.
fn token_of(image_id: &str) -> Option<String> {
    uuid::Uuid::parse_str(image_id).ok().map(|id| id.simple().to_string())
}

/// `None` where the refusal says that something is not there.
fn found<T>(outcome: std::result::Result<T, StoreError>, what: &str) -> Result<Option<T>> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Refused(Refused::UserNotFound(_) | Refused::GroupNotFound(_))) => Ok(None),
        Err(error) => Err(error).or_refused(what),
    }
}

impl Collection {
    pub fn of(port: &Port) -> Self {
        Self { library: port.library.clone(), act: port.act() }
    }

    /// The group, where it is there.
    pub async fn group(&self) -> Result<Option<FaceGroup>> {
        let group = self.library.store.face_group(self.act.application, GROUP, false).await;
        found(group, "reading a group")
    }

    /// The group, which is made where it is not there.
    pub async fn group_or_new(&self) -> Result<FaceGroup> {
        let Library { store, master, settings, .. } = &*self.library;
        group_or_new(&**store, master, &self.act, GROUP, settings.max_groups.into()).await
    }

    /// A user who does not exist yet, by its name.
    pub fn new_user(&self, subject: &str) -> Result<NewFaceUser> {
        if subject.trim().is_empty() {
            return Err(Fault::new(Code::ParametersCannotEmpty, "subject is empty"));
        }
        if subject.len() > MAX_NAME {
            let length = subject.len();
            let message = format!("subject has {length} bytes, the limit is {MAX_NAME}");
            return Err(Fault::new(Code::ContentTooLong, message));
        }
        if self.library.settings.require_consent {
            let message = "this server asks for a note of consent, which these calls have no place \
                           for (library.require_consent)";
            return Err(Fault::new(Code::IllegalOperation, message));
        }
        let info = Some(subject.to_owned());
        Ok(NewFaceUser { id: id_of_name(subject), info, consent_note: None })
    }

    async fn user(&self, id: &str) -> Result<Option<FaceUser>> {
        let users = self.library.store.face_user(self.act.application, Some(GROUP), id).await;
        Ok(found(users, "reading a user")?.and_then(|users| users.into_iter().next()))
    }

    /// The subject of a name, where it is there.
    pub async fn find(&self, subject: &str) -> Result<Option<FaceUser>> {
        if let Some(user) = self.user(&id_of_name(subject)).await? {
            return Ok(Some(user));
        }
        Ok(self.user(subject).await?.filter(|user| name_of(user) == subject))
    }

    /// The subject of a name.
    ///
    /// # Errors
    /// `ERROR_USER_NOT_FOUND`.
    pub async fn subject(&self, subject: &str) -> Result<FaceUser> {
        let user = self.find(subject).await?;
        user.ok_or_else(|| refusal(&Refused::UserNotFound(subject.to_owned())))
    }

    /// Some of the subjects, in the order of their identifiers; none is the end.
    pub async fn page(&self, start: u32) -> Result<Vec<FaceUser>> {
        let store = &self.library.store;
        let listed = store.face_users(self.act.application, GROUP, start, PAGE).await;
        let Some((_, ids)) = found(listed, "listing users")? else { return Ok(Vec::new()) };
        let mut users = Vec::with_capacity(ids.len());
        for id in ids {
            users.extend(self.user(&id).await?);
        }
        Ok(users)
    }

    /// The faces of a subject, oldest first.
    pub async fn faces(&self, user: &FaceUser) -> Result<Vec<StoredFace>> {
        let faces = self.library.store.faces(self.act.application, GROUP, &user.id).await;
        Ok(found(faces, "reading faces")?.unwrap_or_default())
    }

    /// A face by its identifier, with its subject.
    pub async fn face(&self, image_id: &str) -> Result<Option<(StoredFace, FaceUser)>> {
        let Some(token) = token_of(image_id) else { return Ok(None) };
        let store = &self.library.store;
        let face = store.face_of_token(self.act.application, &token).await;
        let Some(face) = face.or_internal("reading a face")? else { return Ok(None) };
        let users = store.face_users_in(&[face.user_row]).await.or_internal("reading users")?;
        let user = users.into_iter().next().filter(|user| user.group == GROUP);
        Ok(user.map(|user| (face, user)))
    }

    /// Deletes a face.
    pub async fn delete(&self, face: &StoredFace, user: &FaceUser) -> Result<bool> {
        let deleted = self.library.store.delete_face(&self.act, GROUP, &user.id, &face.token).await;
        match deleted {
            Ok(changed) => {
                self.library.follow(&changed, &[]).await;
                Ok(true)
            }
            Err(StoreError::Refused(Refused::FaceNotFound(_))) => Ok(false),
            Err(error) => Err(error).or_refused("deleting a face"),
        }
    }

    /// Deletes subjects with their faces.
    pub async fn delete_users(&self, ids: &[String]) -> Result<u64> {
        let deleted = self.library.store.delete_face_users(&self.act, Some(GROUP), ids).await;
        let changed: FacesChanged = deleted.or_refused("deleting users")?;
        self.library.follow(&changed, &[]).await;
        self.library.forget_tokens(self.act.application);
        Ok(changed.users)
    }

    /// Deletes a subject whose faces were copied; `false` where it has others than these. The pictures
    /// in `kept` stay.
    pub async fn delete_copied(
        &self,
        user: &FaceUser,
        tokens: &[String],
        kept: &[String],
    ) -> Result<bool> {
        let store = &self.library.store;
        let deleted = store.delete_copied_user(&self.act, GROUP, &user.id, tokens).await;
        let Some(mut changed) = deleted.or_refused("deleting a user")? else { return Ok(false) };
        changed.images.retain(|image| !kept.contains(image));
        self.library.follow(&changed, &[]).await;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_are_known_by_their_tokens() {
        let token = "00112233445566778899aabbccddeeff";
        assert_eq!(token_of(&image_id(token)).as_deref(), Some(token));
        assert_eq!(token_of("nobody"), None);
        assert!(id_of_name("Ann Smith").bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        assert_ne!(id_of_name("Ann"), id_of_name("ann"));
    }
}

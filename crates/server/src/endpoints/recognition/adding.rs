//! A face on its way to a user of a group: encrypted, written, and followed in the index.

use safelight_contract::{Code, Fault};
use safelight_library::{Embedding, GroupKey};
use safelight_operation::{Context, Picture, Result};
use safelight_store::{FaceGroup, FaceMode, FacesChanged, NewFace, NewFaceUser, StoreError};
use uuid::Uuid;

use super::Face;
use crate::library::{PREFIX, Port, place_in, refusal};
use crate::reply::internal;

/// Faces on their way to a user of a group.
pub(in crate::endpoints) struct Adding<'a> {
    pub port: &'a Port,
    pub group: &'a FaceGroup,
    pub key: &'a GroupKey,
    pub user: &'a NewFaceUser,
    pub mode: FaceMode,
    pub store_image: bool,
}

impl Adding<'_> {
    /// Writes a face, and its picture where that is kept.
    pub async fn keep(
        &self,
        context: &Context,
        picture: Option<Picture>,
        face: &Face,
    ) -> Result<()> {
        let new = self.sealed(context, picture, face).await?;
        let added = self.port.add(&new).await.map_err(not_added);
        self.kept(added, new.image, face).await
    }

    /// A face to write, encrypted. Its picture is written already where that is kept.
    pub(super) async fn sealed(
        &self,
        context: &Context,
        picture: Option<Picture>,
        face: &Face,
    ) -> Result<NewFace> {
        let place = place_in(self.group.row, &face.token);
        let random = |error: std::io::Error| internal("encrypting a face", &error);
        let sealed = self.key.seal_embedding(&face.known.embedding, &place).map_err(random)?;
        let image = match picture.filter(|_| self.store_image) {
            Some(picture) => Some(self.keep_image(context, picture, place).await?),
            None => None,
        };
        Ok(NewFace {
            group_row: self.group.row,
            user: self.user.clone(),
            token: face.token.clone(),
            sealed,
            quality: face.known.quality,
            image,
            mode: self.mode,
            revision: None,
        })
    }

    /// Follows what became of a face: the picture of one that was not added goes.
    pub(super) async fn kept(
        &self,
        added: Result<FacesChanged>,
        image: Option<String>,
        face: &Face,
    ) -> Result<()> {
        match added {
            Ok(changed) => {
                self.follow(&changed, face.known.embedding).await;
                Ok(())
            }
            Err(fault) => {
                self.withdraw(image).await;
                Err(fault)
            }
        }
    }

    /// Writes the picture, encrypted; answers the key of its blob.
    async fn keep_image(
        &self,
        context: &Context,
        picture: Picture,
        place: Vec<u8>,
    ) -> Result<String> {
        let key = self.key.clone();
        let sealed = context.cpu(move |work| {
            work.stage("encrypt", || {
                let sealed = key.seal(picture.bytes(), &place);
                sealed.map_err(|error| internal("encrypting a picture", &error))
            })
        });
        let name = format!("{PREFIX}/{}/{}", self.port.application, Uuid::new_v4().simple());
        self.port.keep_image(&name, sealed.await?).await?;
        Ok(name)
    }

    async fn withdraw(&self, image: Option<String>) {
        let images = image.into_iter().collect();
        let changed = FacesChanged { images, ..FacesChanged::default() };
        self.port.library.follow(&changed, &[]).await;
    }

    async fn follow(&self, changed: &FacesChanged, embedding: Embedding) {
        let rows = changed.changes.iter().flat_map(|change| &change.added);
        let added: Vec<_> = rows.map(|(face, _)| (*face, embedding)).collect();
        self.port.library.follow(changed, &added).await;
    }
}

/// `ERROR_FACE_IMAGE_ADDITION_FAILED` where the row could not be written.
pub(super) fn not_added(error: StoreError) -> Fault {
    match error {
        StoreError::Refused(refused) => refusal(&refused),
        error => {
            tracing::error!(%error, "a face could not be added");
            Fault::new(Code::FaceImageAdditionFailed, "the face could not be written")
        }
    }
}

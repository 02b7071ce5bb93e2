//! Pictures of people into a group, outside of a server.

use bytes::Bytes;
use safelight_contract::{Code, Fault, Result};
use safelight_library::{GroupKey, MasterKey};
use safelight_operation::{Context, Form, Input, Kind as _, Picture};
use safelight_services::recognition::{Checks, Order, RULES, look};
use safelight_store::{
    Act, FaceGroup, FaceLimits, FaceMode, NewFace, NewFaceUser, Refused, Store, StoreError,
};

use super::kinds::Id;
use super::{Refusable, group_or_new, id_of_name, open_key, place_in, scene_of};
use crate::reply::internal;
use crate::settings::LibrarySettings;

/// Adds pictures to one group. Each must show one face; the pictures are not kept.
pub struct Importer<'a> {
    store: &'a dyn Store,
    master: &'a MasterKey,
    act: Act,
    limits: FaceLimits,
    group: FaceGroup,
    key: GroupKey,
    consent_note: Option<String>,
}

/// What is looked at.
#[derive(Input)]
struct File {
    /// The picture.
    #[picture(RULES)]
    image: Picture,
}

/// The identifier and what is said of a person of this name: the name itself where it may be an
/// identifier.
fn user_of(name: &str, consent_note: Option<String>) -> NewFaceUser {
    let plain = Id.parse("name", name).is_ok();
    let id = match plain {
        true => name.to_owned(),
        false => id_of_name(name),
    };
    NewFaceUser { id, info: Some(name.to_owned()), consent_note }
}

impl<'a> Importer<'a> {
    /// For a group of these, made where there is none and `most` allow it. `consent_note` is that of each
    /// person.
    ///
    /// # Errors
    /// `MISSING_PARAMETERS` without a note of consent where the operator requires one; those of the rows.
    pub async fn open(
        store: &'a dyn Store,
        master: &'a MasterKey,
        act: Act,
        group: &str,
        (settings, limits): (&LibrarySettings, FaceLimits),
        consent_note: Option<String>,
    ) -> Result<Self> {
        settings.check_consent(consent_note.as_deref())?;
        let most = settings.max_groups.into();
        let group = Id.parse("group", group)?;
        let group = group_or_new(store, master, &act, &group, most).await?;
        let key = open_key(master, &group)?;
        Ok(Self { store, master, act, limits, group, key, consent_note })
    }

    /// Adds the face of a picture to the person of a name; `false` where it is there already.
    ///
    /// # Errors
    /// Those of the picture, and of the rows.
    pub async fn add(&self, context: &Context, name: &str, picture: Bytes) -> Result<bool> {
        let mut form = Form::new();
        form.add_file("image", picture);
        let image = File::read(&form)?.image;
        let scene = Some(scene_of(&self.group));
        let checks = Checks { single_face: true, scene, ..Checks::NONE };
        let shown = image.clone();
        let seen = context.cpu(move |work| look(work, &shown, checks, Order::Size, 1)).await?;
        let none = || Fault::new(Code::NoFaceInFile, "no face was found");
        let seen = seen.into_iter().next().ok_or_else(none)?;
        let token = self.master.token(self.act.application, image.bytes(), seen.location);
        let place = place_in(self.group.row, &token);
        let sealed = self.key.seal_embedding(&seen.embedding, &place);
        let new = NewFace {
            group_row: self.group.row,
            user: user_of(name, self.consent_note.clone()),
            token,
            sealed: sealed.map_err(|error| internal("encrypting a face", &error))?,
            quality: seen.quality,
            image: None,
            mode: FaceMode::Append,
            revision: None,
        };
        match self.store.add_face(&self.act, &new, self.limits).await {
            Ok(_) => Ok(true),
            Err(StoreError::Refused(Refused::FaceExists(_))) => Ok(false),
            Err(error) => Err(error).or_refused("adding a face"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_identifiers_where_they_can_be() {
        assert_eq!(user_of("ann_1", None).id, "ann_1");
        let ann = user_of("Ann Smith", None);
        assert!(ann.id.starts_with("s_") && ann.id.len() == 42);
        assert_eq!(ann.info.as_deref(), Some("Ann Smith"));
    }
}

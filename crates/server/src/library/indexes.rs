//! The indexes in memory: one for each group that was searched.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use safelight_contract::Result;
use safelight_library::{Embedding, GroupKey, Index};
use safelight_store::{FaceChange, FaceGroup, FacesChanged, StoredFace};

/// The index of a group, and the revision of the group that it shows.
pub(super) struct Loaded {
    pub revision: i64,
    pub index: Index,
}

/// The place of a group's index.
#[derive(Default)]
pub(super) struct Place {
    /// Held by whoever loads it, so that one does.
    pub loading: tokio::sync::Mutex<()>,
    pub loaded: RwLock<Option<Loaded>>,
}

impl Place {
    /// Whether it shows this revision or a later one.
    pub fn shows(&self, revision: i64) -> bool {
        self.loaded.read().as_ref().is_some_and(|loaded| loaded.revision >= revision)
    }

    fn follow(&self, change: &FaceChange, added: &[(i64, Embedding)]) {
        let mut place = self.loaded.write();
        let Some(loaded) = place.as_mut() else { return };
        if loaded.revision >= change.revision {
            // It was loaded after the change.
            return;
        }
        let known = |face: i64| added.iter().find(|(row, _)| *row == face);
        let complete = change.added.iter().all(|(face, _)| known(*face).is_some());
        if loaded.revision + 1 != change.revision || !complete {
            // Changes came in another order than they happened in: the next search loads it.
            *place = None;
            return;
        }
        for face in &change.removed {
            loaded.index.remove(*face);
        }
        for (face, user) in &change.added {
            if let Some((_, embedding)) = known(*face) {
                loaded.index.add(*face, *user, *embedding);
            }
        }
        loaded.revision = change.revision;
    }
}

/// All of them, by the row number of their group.
#[derive(Default)]
pub(super) struct Indexes(Mutex<HashMap<i64, Arc<Place>>>);

impl Indexes {
    pub fn place(&self, group_row: i64) -> Arc<Place> {
        self.0.lock().entry(group_row).or_default().clone()
    }

    /// Follows changes. `added` has the embeddings of faces that came, by their row numbers.
    pub fn follow(&self, changed: &FacesChanged, added: &[(i64, Embedding)]) {
        for change in &changed.changes {
            let place = self.0.lock().get(&change.group_row).cloned();
            match place {
                // The last change of a group that is gone.
                Some(_) if change.revision == i64::MAX => self.forget(change.group_row),
                Some(place) => place.follow(change, added),
                None => {}
            }
        }
    }

    /// Drops the index of a group.
    pub fn forget(&self, group_row: i64) {
        self.0.lock().remove(&group_row);
    }
}

/// Makes the index of a group's faces. What cannot be opened was altered in the database: it is left out,
/// and the log says so.
pub(super) fn build(
    group: &FaceGroup,
    key: &GroupKey,
    revision: i64,
    faces: &[StoredFace],
) -> Result<Loaded> {
    let mut index = Index::with_capacity(faces.len());
    for face in faces {
        match key.open_embedding(&face.sealed, &super::place_in(group.row, &face.token)) {
            Ok(embedding) => index.add(face.row, face.user_row, embedding),
            Err(_) => tracing::error!(group = %group.id, "a face cannot be opened, it was altered"),
        }
    }
    Ok(Loaded { revision, index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(revision: i64, removed: &[i64], added: &[(i64, i64)]) -> FacesChanged {
        let (removed, added) = (removed.to_vec(), added.to_vec());
        let change = FaceChange { group_row: 1, revision, removed, added };
        FacesChanged { changes: vec![change], ..FacesChanged::default() }
    }

    fn loaded(revision: i64) -> Indexes {
        let indexes = Indexes::default();
        *indexes.place(1).loaded.write() = Some(Loaded { revision, index: Index::default() });
        indexes
    }

    #[test]
    fn changes_are_followed_in_their_order_alone() {
        let face = [(5, [0.5; 128])];
        let indexes = loaded(3);
        indexes.follow(&change(4, &[], &[(5, 9)]), &face);
        assert!(indexes.place(1).shows(4));
        assert_eq!(indexes.place(1).loaded.read().as_ref().map(|l| l.index.len()), Some(1));
        indexes.follow(&change(4, &[5], &[]), &[]);
        assert_eq!(indexes.place(1).loaded.read().as_ref().map(|l| l.index.len()), Some(1), "old");
        indexes.follow(&change(6, &[5], &[]), &[]);
        assert!(indexes.place(1).loaded.read().is_none(), "one is missing between");
        let indexes = loaded(3);
        indexes.follow(&change(4, &[], &[(5, 9)]), &[]);
        assert!(indexes.place(1).loaded.read().is_none(), "its embedding is not known");
    }
}

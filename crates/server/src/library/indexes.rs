//! The indexes in memory: one for each group that was searched. They are part of the memory for jobs, of which
//! they take half at most; those that were searched longest ago make room for others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use safelight_contract::{Code, Fault, Result};
use safelight_library::{Embedding, GroupKey, Index};
use safelight_store::{FaceChange, FaceGroup, FacesChanged, StoredFace};

use crate::admission::{Gate, Load, Patience, Permit};

/// How long loading waits for memory.
const WAIT: Duration = Duration::from_secs(30);

/// In whose name the memory of indexes is taken: no application has this number.
const PROCESS: i64 = 0;

/// Bytes of a face as it comes from the rows: token, sealed embedding and what the database's client keeps of them.
pub(super) const STORED: u64 = 1500;
/// Faces that are read at a time.
pub(super) const PAGE: u32 = 4096;

/// The index of a group, and the revision of the group that it shows.
pub(super) struct Loaded {
    pub revision: i64,
    pub index: Index,
    /// The memory that it takes.
    _memory: Permit,
}

/// The place of a group's index.
#[derive(Default)]
pub(super) struct Place {
    /// Held by whoever loads it, so that one does.
    pub loading: tokio::sync::Mutex<()>,
    pub loaded: RwLock<Option<Loaded>>,
    /// Which search of all asked for it last.
    asked: AtomicU64,
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
        let fits = loaded.index.has_room(change.added.len());
        if loaded.revision + 1 != change.revision || !complete || !fits {
            // Changes came in another order than they happened in, or need more memory: the next search
            // loads it.
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

/// All of them.
pub(super) struct Indexes {
    /// By the row number of their group.
    places: Mutex<HashMap<i64, Arc<Place>>>,
    /// What memory is taken from.
    work: Arc<Gate>,
    searches: AtomicU64,
}

impl Indexes {
    pub fn new(work: Arc<Gate>) -> Self {
        Self { places: Mutex::default(), work, searches: AtomicU64::default() }
    }

    /// The places of groups that are searched together.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_RESOURCES` for groups that do not fit into memory at the same time.
    pub fn places(&self, groups: &[FaceGroup]) -> Result<Vec<Arc<Place>>> {
        let (bytes, most) = (groups.iter().map(to_load).sum::<u64>(), self.most());
        if bytes > most {
            let faces: u64 = groups.iter().map(|group| group.faces).sum();
            let message = format!(
                "the indexes of groups with {faces} faces need {bytes} bytes of memory while they are loaded, \
                 this server is set up for {most}: search fewer groups, or raise limits.memory_budget"
            );
            return Err(Fault::new(Code::InsufficientResources, message));
        }
        let search = self.searches.fetch_add(1, Ordering::Relaxed);
        let mut places = self.places.lock();
        let asked = |group: &FaceGroup| {
            let place = places.entry(group.row).or_default().clone();
            place.asked.store(search, Ordering::Relaxed);
            place
        };
        Ok(groups.iter().map(asked).collect())
    }

    /// Bytes that all indexes may take.
    fn most(&self) -> u64 {
        self.work.capacity().bytes / 2
    }

    /// Memory to load the index of a group in.
    pub async fn room(&self, group: &FaceGroup) -> Result<Permit> {
        let bytes = to_load(group);
        self.keep(self.most().saturating_sub(bytes));
        // The search that waits holds a permit already.
        self.work.acquire(PROCESS, Load::bytes(bytes), Patience::Admitted(WAIT)).await
    }

    /// Drops indexes until they take so many bytes at most, first those that were asked for longest ago.
    fn keep(&self, most: u64) {
        let mut places: Vec<_> = self.places.lock().values().cloned().collect();
        places.sort_by_key(|place| place.asked.load(Ordering::Relaxed));
        let size =
            |place: &Place| place.loaded.read().as_ref().map_or(0, |l| l.index.bytes() as u64);
        let mut sum: u64 = places.iter().map(|place| size(place)).sum();
        for place in places {
            if sum <= most {
                return;
            }
            sum -= size(&place).min(sum);
            *place.loaded.write() = None;
        }
    }

    /// Follows changes. `added` has the embeddings of faces that came, by their row numbers.
    pub fn follow(&self, changed: &FacesChanged, added: &[(i64, Embedding)]) {
        for change in &changed.changes {
            let place = self.places.lock().get(&change.group_row).cloned();
            match place {
                // The last change of a group that is gone.
                Some(_) if change.revision == i64::MAX => self.forget(change.group_row),
                Some(place) => place.follow(change, added),
                None => {}
            }
        }
    }

    /// The groups that have a place here, by row number.
    pub fn groups(&self) -> Vec<i64> {
        self.places.lock().keys().copied().collect()
    }

    /// Drops the index of a group.
    pub fn forget(&self, group_row: i64) {
        self.places.lock().remove(&group_row);
    }
}

/// Faces that an index of so many has room for, so that it need not be loaded anew with each that comes.
fn capacity(faces: usize) -> usize {
    faces + faces / 8 + 64
}

/// Bytes that it takes to load the index of a group: the index, and the rows that are read at a time.
fn to_load(group: &FaceGroup) -> u64 {
    capacity(group.faces as usize) as u64 * Index::FACE as u64
        + group.faces.min(PAGE.into()) * STORED
}

/// The index of a group while its faces are read.
pub(super) struct Growing {
    group: FaceGroup,
    key: GroupKey,
    /// `None` before the first faces, and where more came than there was room for.
    index: Mutex<Option<Index>>,
}

impl Growing {
    /// One with room for the faces that the group counts, and some more.
    pub fn of(group: FaceGroup, key: GroupKey) -> Self {
        Self { group, key, index: Mutex::default() }
    }

    /// Adds faces that so many came before. What cannot be opened was altered in the database: it is left
    /// out, and the log says so.
    pub fn add(&self, before: usize, faces: &[StoredFace]) {
        let mut growing = self.index.lock();
        if before == 0 {
            // The old one goes before the new one comes.
            *growing = None;
            *growing = Some(Index::with_capacity(capacity(self.group.faces as usize)));
        }
        let Some(index) = growing.as_mut().filter(|index| index.has_room(faces.len())) else {
            *growing = None;
            return;
        };
        for face in faces {
            let place = super::place_in(self.group.row, &face.token);
            match self.key.open_embedding(&face.sealed, &place) {
                Ok(embedding) => index.add(face.row, face.user_row, embedding),
                Err(_) => {
                    tracing::error!(group = %self.group.id, "a face cannot be opened, it was altered");
                }
            }
        }
    }

    /// The whole index; `None` where more faces came than there was room for.
    pub fn whole(&self, revision: i64, mut memory: Permit) -> Option<Loaded> {
        let index = self.index.lock().take()?;
        memory.shrink_to_bytes(index.bytes() as u64);
        Some(Loaded { revision, index, _memory: memory })
    }
}

#[cfg(test)]
mod tests {
    use safelight_library::MasterKey;

    use super::*;

    fn change(revision: i64, removed: &[i64], added: &[(i64, i64)]) -> FacesChanged {
        let (removed, added) = (removed.to_vec(), added.to_vec());
        let change = FaceChange { group_row: 1, revision, removed, added };
        FacesChanged { changes: vec![change], ..FacesChanged::default() }
    }

    fn face() -> StoredFace {
        StoredFace {
            row: 0,
            group_row: 0,
            user_row: 0,
            token: String::new(),
            sealed: Vec::new(),
            quality: 50.0,
            image: None,
            created_at: 0,
        }
    }

    fn group(row: i64, faces: u64) -> FaceGroup {
        FaceGroup {
            row,
            application: 1,
            id: format!("g{row}"),
            name: None,
            scene: "LIVE".into(),
            model: "m".into(),
            wrapped_key: None,
            retention_days: None,
            revision: 3,
            users: faces,
            faces,
            created_at: 0,
        }
    }

    fn indexes(bytes: u64) -> Indexes {
        Indexes::new(Gate::new(Load { bytes, pixels: 1, slots: 1 }, 1))
    }

    /// Loads an index without faces, with room for so many more.
    async fn load(indexes: &Indexes, group: &FaceGroup, room: usize) -> Result<Arc<Place>> {
        let place = indexes.places(std::slice::from_ref(group))?.remove(0);
        let mut memory = indexes.room(group).await?;
        let index = Index::with_capacity(room);
        memory.shrink_to_bytes(index.bytes() as u64);
        *place.loaded.write() = Some(Loaded { revision: group.revision, index, _memory: memory });
        Ok(place)
    }

    fn faces(place: &Place) -> Option<usize> {
        place.loaded.read().as_ref().map(|loaded| loaded.index.len())
    }

    #[tokio::test]
    async fn changes_are_followed_in_their_order_alone() {
        let face = [(5, [0.5; 128])];
        let indexes = indexes(1 << 20);
        let group = group(1, 0);
        let place = load(&indexes, &group, 9).await.unwrap();
        indexes.follow(&change(4, &[], &[(5, 9)]), &face);
        assert!(place.shows(4));
        assert_eq!(faces(&place), Some(1));
        indexes.follow(&change(4, &[5], &[]), &[]);
        assert_eq!(faces(&place), Some(1), "old");
        indexes.follow(&change(6, &[5], &[]), &[]);
        assert_eq!(faces(&place), None, "one is missing between");
        let place = load(&indexes, &group, 9).await.unwrap();
        indexes.follow(&change(4, &[], &[(5, 9)]), &[]);
        assert_eq!(faces(&place), None, "its embedding is not known");
        let place = load(&indexes, &group, 0).await.unwrap();
        indexes.follow(&change(4, &[], &[(5, 9)]), &face);
        assert_eq!(faces(&place), None, "there is no room for it");
    }

    #[tokio::test]
    async fn an_index_grows_to_the_room_that_it_was_given() {
        let (key, _) = MasterKey::new([7; 32]).new_group(b"g").unwrap();
        let stored = |number: i64| {
            let token = number.to_string();
            let place = super::super::place_in(1, &token);
            let sealed = key.seal_embedding(&[0.1; 128], &place).unwrap();
            StoredFace { row: number, group_row: 1, user_row: 1, token, sealed, ..face() }
        };
        let room = capacity(2);
        let indexes = indexes(1 << 20);
        let group = group(1, 2);
        let growing = Growing::of(group.clone(), key.clone());
        let some: Vec<_> = (0..room as i64).map(stored).collect();
        growing.add(0, &some[..room - 1]);
        growing.add(room - 1, &some[..2]);
        assert!(growing.whole(3, indexes.room(&group).await.unwrap()).is_none(), "two too many");
        growing.add(0, &some[..1]);
        let altered = StoredFace { token: "other".to_owned(), ..some[1].clone() };
        growing.add(1, &[altered, some[2].clone()]);
        let loaded = growing.whole(3, indexes.room(&group).await.unwrap()).expect("read anew");
        assert_eq!((loaded.revision, loaded.index.len()), (3, 2), "what was altered is left out");
        assert_eq!(indexes.work.occupancy().used.bytes, (room * Index::FACE) as u64);
    }

    #[tokio::test]
    async fn indexes_take_half_of_the_memory_at_most() {
        let need = to_load(&group(1, 100));
        let indexes = indexes(3 * need);
        let room = capacity(100);
        let first = load(&indexes, &group(1, 100), room).await.unwrap();
        let second = load(&indexes, &group(2, 100), room).await.unwrap();
        assert_eq!((faces(&first), faces(&second)), (Some(0), Some(0)));
        let used = indexes.work.occupancy().used.bytes;
        assert_eq!(used, 2 * (room * Index::FACE) as u64);
        // The first is asked for again, so that the second makes room.
        indexes.places(&[group(1, 100)]).unwrap();
        let third = load(&indexes, &group(3, 100), room).await.unwrap();
        assert_eq!((faces(&first), faces(&second), faces(&third)), (Some(0), None, Some(0)));
        assert_eq!(indexes.work.occupancy().used.bytes, used);
        let refused = indexes.places(&[group(1, 100), group(2, 100), group(3, 100)]).err().unwrap();
        assert_eq!(refused.code(), Code::InsufficientResources);
        assert_eq!((faces(&first), faces(&third)), (Some(0), Some(0)), "a refusal drops nothing");
    }
}

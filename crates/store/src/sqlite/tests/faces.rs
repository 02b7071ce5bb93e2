//! Libraries of an older release, and what is deleted from a library, which no file of the database holds.

use super::*;
use crate::{Act, FaceLimits, FaceMode, Faces, NewApplication, NewFace, NewFaceGroup, NewFaceUser};

/// Whether one of the database's files holds these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = std::fs::read(name).unwrap_or_default();
        file.windows(bytes.len()).any(|part| part == bytes)
    })
}

/// Bytes that are nowhere else.
fn bytes(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

struct Library {
    store: Sqlite,
    act: Act,
}

/// A library of three groups with forty faces each.
async fn library(path: &Path) -> Library {
    let store = Sqlite::open(path).unwrap();
    store.create_user("ada", NOW).await.unwrap();
    let new = NewApplication {
        user: "ada".into(),
        name: "shop".into(),
        limits: Limits::default(),
        key: None,
    };
    let application = store.create_application(&new, NOW).await.unwrap().id;
    let act = Act { application, key: None, request_id: "R".into(), at: NOW };
    let limits = FaceLimits { user: 20, group: 1000, application: 1000 };
    for group in ["a", "b", "c"] {
        let new = NewFaceGroup {
            id: group.into(),
            name: None,
            scene: "LIVE".into(),
            model: "sface".into(),
            wrapped_key: bytes(&format!("key {group}"), 72),
            retention_days: None,
        };
        store.create_face_group(&act, &new, 9).await.unwrap();
        let row = store.face_group(application, group, false).await.unwrap().row;
        for face in 0..40 {
            let new = NewFace {
                group_row: row,
                user: NewFaceUser { id: format!("u{}", face / 4), ..NewFaceUser::default() },
                token: format!("{group}{face}"),
                sealed: sealed(group, face),
                quality: 50.0,
                image: None,
                mode: FaceMode::Append,
                revision: None,
            };
            store.add_face(&act, &new, limits).await.unwrap();
        }
    }
    Library { store, act }
}

fn sealed(group: &str, face: u32) -> Vec<u8> {
    bytes(&format!("face {group} {face}"), 552)
}

/// Sweeps until there is nothing left to do, and empties the log.
async fn cleaned(store: &Sqlite) {
    while store.clean_faces(NOW).await.unwrap() != crate::FacesChanged::default() {}
    store.scrub().await.unwrap();
}

#[tokio::test]
async fn a_deleted_group_leaves_no_key_and_an_erased_library_no_embedding() {
    let (_folder, path) = folder();
    let Library { store, act } = library(&path).await;
    store.scrub().await.unwrap();
    // The parts of a face, since a page may divide it.
    let parts = |group: &'static str| {
        (0..40).flat_map(move |face| {
            let sealed = sealed(group, face);
            sealed.chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
    };
    assert!(holds(&path, &bytes("key a", 72)), "the key is there while the group is");
    assert!(parts("a").all(|part| holds(&path, &part)), "so are the faces");

    store.delete_face_group(&act, "a").await.unwrap();
    store.scrub().await.unwrap();
    assert!(
        !bytes("key a", 72).chunks(8).any(|part| holds(&path, part)),
        "the key is gone at once"
    );
    assert!(holds(&path, &bytes("key b", 72)), "that of another group stays");
    cleaned(&store).await;
    assert!(!parts("a").any(|part| holds(&path, &part)), "the faces are gone after the sweep");
    assert!(parts("b").all(|part| holds(&path, &part)), "those of another group stay");

    store.delete_face_users(&act, None, &["u1".into()]).await.unwrap();
    store.scrub().await.unwrap();
    assert!(!(4..8).any(|face| holds(&path, &sealed("b", face)[..64])), "so are those of a user");

    store.erase_faces(&act).await.unwrap();
    cleaned(&store).await;
    for group in ["b", "c"] {
        assert!(!parts(group).any(|part| holds(&path, &part)), "{group}");
    }
    assert_eq!(store.face_groups(act.application, 0, 9).await.unwrap().0, 0);
}

/// The steps before the one that counts what groups have.
const UNCOUNTED: usize = 14;

#[tokio::test]
async fn groups_of_an_older_release_are_counted() {
    let (_folder, path) = folder();
    let db = Connection::open(&path).unwrap();
    for step in &super::super::MIGRATIONS[..UNCOUNTED] {
        db.execute_batch(step).unwrap();
    }
    db.execute_batch(
        "INSERT INTO users (id, name, created_at) VALUES (1, 'ada', 1);
         INSERT INTO applications (id, user_id, name, created_at) VALUES (1, 1, 'shop', 1);
         INSERT INTO face_groups (id, application_id, group_id, scene, model, wrapped_key, created_at)
             VALUES (1, 1, 'empty', '', '', x'00', 1), (2, 1, 'staff', '', '', x'00', 1);
         INSERT INTO face_users (id, group_row, user_id, created_at)
             VALUES (1, 2, 'u1', 1), (2, 2, 'u2', 1);
         INSERT INTO faces (group_row, user_row, token, sealed, quality, created_at)
             VALUES (2, 1, 'a', x'00', 1, 1), (2, 1, 'b', x'00', 1, 1), (2, 2, 'c', x'00', 1, 1);",
    )
    .unwrap();
    db.pragma_update(None, "application_id", i32::from_be_bytes(*b"Safe")).unwrap();
    db.pragma_update(None, "user_version", UNCOUNTED as u32).unwrap();
    drop(db);
    let store = Sqlite::open(&path).unwrap();
    let (_, groups) = store.face_groups(1, 0, 9).await.unwrap();
    let counted: Vec<_> =
        groups.iter().map(|group| (&*group.id, group.users, group.faces)).collect();
    assert_eq!(counted, [("empty", 0, 0), ("staff", 2, 3)]);
}

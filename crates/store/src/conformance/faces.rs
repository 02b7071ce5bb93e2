//! Libraries of faces.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{NOW, another, cases, named, shop};
use crate::{
    Act, Application, CopiedUser, FaceGroup, FaceLimits, FaceMode, FacesChanged, NewFace,
    NewFaceGroup, NewFaceUser, Refused, Result, Store, StoreError, StoredFace,
};

cases![
    groups_have_identifiers_and_names,
    a_deleted_group_is_cleaned_before_it_is_gone,
    groups_are_shared_with_applications_of_the_same_owner,
    users_are_of_a_group,
    faces_come_and_go,
    groups_are_read_in_parts,
    faces_are_limited,
    a_face_is_added_to_the_group_that_was_read,
    copies_are_of_what_was_read,
    faces_past_their_retention_go,
    erasing_leaves_nothing,
    what_is_done_is_noted,
    the_operator_pauses_libraries,
    liveness_sessions_are_used_once,
    a_copied_user_goes_without_losing_a_face,
];

const DAY: i64 = 24 * 3_600_000;
const MANY: FaceLimits = FaceLimits { user: 20, group: 100, application: 1000 };

fn act(application: &Application) -> Act {
    Act { application: application.id, key: Some(7), request_id: "R".into(), at: NOW }
}

fn new_group(id: &str, name: Option<&str>) -> NewFaceGroup {
    NewFaceGroup {
        id: id.into(),
        name: name.map(str::to_owned),
        scene: "LIVE".into(),
        model: "sface".into(),
        wrapped_key: vec![1; 72],
        retention_days: None,
    }
}

/// A group of that identifier.
async fn group(store: &dyn Store, shop: &Application, id: &str) -> FaceGroup {
    store.create_face_group(&act(shop), &new_group(id, None), 10).await.unwrap();
    store.face_group(shop.id, id, false).await.unwrap()
}

fn new_face(group: &FaceGroup, user: &str, token: &str, mode: FaceMode) -> NewFace {
    NewFace {
        group_row: group.row,
        user: NewFaceUser { id: user.into(), ..NewFaceUser::default() },
        token: token.into(),
        sealed: format!("sealed embedding of {token}").into_bytes(),
        quality: 80.0,
        image: Some(format!("faces/{token}")),
        mode,
        revision: None,
    }
}

async fn add(
    store: &dyn Store,
    shop: &Application,
    group: &FaceGroup,
    user: &str,
    token: &str,
) -> FacesChanged {
    let face = new_face(group, user, token, FaceMode::Append);
    store.add_face(&act(shop), &face, MANY).await.unwrap()
}

/// The revision and the faces of a group.
async fn group_faces(store: &dyn Store, group_row: i64) -> (i64, Vec<StoredFace>) {
    let faces = Arc::new(Mutex::new(Vec::new()));
    let all = faces.clone();
    let sink = move |before: usize, faces: Vec<StoredFace>| {
        let mut all = all.lock();
        assert_eq!(all.len(), before, "each once");
        all.extend(faces);
    };
    let revision = store.read_group_faces(group_row, 2, Arc::new(sink)).await.unwrap();
    (revision, std::mem::take(&mut *faces.lock()))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refused {
    match outcome {
        Err(StoreError::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

async fn groups_have_identifiers_and_names(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let create = async |id: &str, name: Option<&str>| {
        store.create_face_group(&act(&shop), &new_group(id, name), 2).await
    };
    create("staff", Some("Staff")).await.unwrap();
    assert_eq!(refused(create("staff", None).await), Refused::GroupExists("staff".into()));
    let taken = Refused::NameInUse("Staff".into());
    assert_eq!(refused(create("guests", Some("Staff")).await), taken);
    create("guests", Some("Guests")).await.unwrap();
    assert_eq!(refused(create("others", None).await), Refused::TooManyGroups(2));
    let rename = async |name: &str| {
        store.change_face_group(&act(&shop), "guests", Some(name.into()), Some(30)).await
    };
    assert_eq!(refused(rename("Staff").await), taken);
    rename("Visitors").await.unwrap();
    let (total, groups) = store.face_groups(shop.id, 0, 1).await.unwrap();
    assert_eq!((total, groups.len()), (2, 1));
    assert_eq!((groups[0].name.as_deref(), groups[0].retention_days), (Some("Visitors"), Some(30)));
    let unknown = store.face_group(shop.id, "none", false).await;
    assert_eq!(refused(unknown), Refused::GroupNotFound("none".into()));
    // Another application has identifiers and names of its own.
    let other = another(&*store, "other").await;
    let new = new_group("staff", Some("Staff"));
    store.create_face_group(&act(&other), &new, 2).await.unwrap();
}

async fn a_deleted_group_is_cleaned_before_it_is_gone(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    let visitors = group(&*store, &shop, "visitors").await;
    let rows = [visitors.row + 100, visitors.row, staff.row];
    let ready = async || store.ready_face_groups(&rows).await.unwrap();
    assert_eq!(ready().await, [visitors.row, staff.row]);
    add(&*store, &shop, &staff, "ada", "t1").await;
    store.delete_face_group(&act(&shop), "staff").await.unwrap();
    assert_eq!(ready().await, [visitors.row]);
    let cleaning = Refused::GroupCleaning("staff".into());
    assert_eq!(refused(store.face_group(shop.id, "staff", false).await), cleaning);
    let again = store.create_face_group(&act(&shop), &new_group("staff", None), 10).await;
    assert_eq!(refused(again), cleaning);
    assert_eq!(store.face_of_token(shop.id, "t1").await.unwrap(), None);
    let (_, groups) = store.face_groups(shop.id, 0, 9).await.unwrap();
    assert_eq!(groups[0].wrapped_key, None, "its key is destroyed");
    let late = new_face(&staff, "ada", "t2", FaceMode::Append);
    refused(store.add_face(&act(&shop), &late, MANY).await);
    let cleaned = clean(&*store, NOW).await;
    assert_eq!((cleaned.users, cleaned.faces), (1, 1));
    assert_eq!(cleaned.images, ["faces/t1"]);
    group(&*store, &shop, "staff").await;
}

/// Sweeps until there is nothing left to do.
async fn clean(store: &dyn Store, now: i64) -> FacesChanged {
    let mut all = FacesChanged::default();
    loop {
        let step = store.clean_faces(now).await.unwrap();
        if step == FacesChanged::default() {
            return all;
        }
        all.users += step.users;
        all.faces += step.faces;
        all.images.extend(step.images);
    }
}

async fn groups_are_shared_with_applications_of_the_same_owner(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let other = another(&*store, "other").await;
    store.create_user("eve", NOW).await.unwrap();
    store.create_application(&named("eve", "foreign", None), NOW).await.unwrap();
    group(&*store, &shop, "staff").await;
    let readable = async || store.face_group(other.id, "staff", true).await;
    refused(readable().await);
    let share = async |with: &[&str]| {
        let with: Vec<_> = with.iter().map(|&name| name.to_owned()).collect();
        store.share_face_group(&act(&shop), "staff", &with).await
    };
    for wrong in ["foreign", "shop", "none"] {
        let unknown = Refused::ApplicationNotFound(wrong.into());
        assert_eq!(refused(share(&[wrong]).await), unknown);
    }
    share(&["other", "other"]).await.unwrap();
    assert_eq!(readable().await.unwrap().application, shop.id);
    refused(store.face_group(other.id, "staff", false).await);
    share(&[]).await.unwrap();
    refused(readable().await);
}

async fn users_are_of_a_group(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    group(&*store, &shop, "guests").await;
    let ada =
        |info: &str| NewFaceUser { id: "ada".into(), info: Some(info.into()), consent_note: None };
    store.create_face_user(&act(&shop), "staff", &ada("first")).await.unwrap();
    let twice = store.create_face_user(&act(&shop), "staff", &ada("first")).await;
    assert_eq!(refused(twice), Refused::UserExists("ada".into()));
    store.create_face_user(&act(&shop), "guests", &ada("guest")).await.unwrap();
    store.change_face_user(&act(&shop), "staff", &ada("second")).await.unwrap();
    let everywhere = store.face_user(shop.id, None, "ada").await.unwrap();
    let infos: Vec<_> = everywhere.iter().map(|user| user.info.as_str()).collect();
    assert_eq!(infos, ["guest", "second"]);
    let unknown = Refused::UserNotFound("eve".into());
    assert_eq!(refused(store.face_user(shop.id, Some("staff"), "eve").await), unknown);
    assert_eq!(refused(store.face_user(shop.id, None, "eve").await), unknown);
    let rows = store.face_user_rows(staff.row, &["eve".into(), "ada".into()]).await.unwrap();
    assert_eq!(store.face_users_in(&rows).await.unwrap()[0].info, "second");
    let listed = store.face_users(shop.id, "staff", 0, 9).await.unwrap();
    assert_eq!(listed, (1, vec!["ada".to_owned()]));
    let gone = store.delete_face_users(&act(&shop), None, &["ada".into()]).await.unwrap();
    assert_eq!(gone.users, 2);
    refused(store.face_user(shop.id, None, "ada").await);
}

async fn faces_come_and_go(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    let first = add(&*store, &shop, &staff, "ada", "t1").await;
    assert_eq!((first.users, first.faces, first.changes[0].revision), (1, 1, 1));
    let twice = new_face(&staff, "ada", "t1", FaceMode::Append);
    let twice = store.add_face(&act(&shop), &twice, MANY).await;
    assert_eq!(refused(twice), Refused::FaceExists("t1".into()));
    add(&*store, &shop, &staff, "ada", "t2").await;
    let update = new_face(&staff, "eve", "t3", FaceMode::Update);
    let update = store.add_face(&act(&shop), &update, MANY).await;
    assert_eq!(refused(update), Refused::UserNotFound("eve".into()));
    assert_eq!(store.face_users(shop.id, "staff", 0, 9).await.unwrap().0, 1);
    let replace = new_face(&staff, "ada", "t1", FaceMode::Replace);
    let replaced = store.add_face(&act(&shop), &replace, MANY).await.unwrap();
    assert_eq!(replaced.changes[0].removed.len(), 2);
    assert_eq!(replaced.images, ["faces/t1", "faces/t2"]);
    let (revision, faces) = group_faces(&*store, staff.row).await;
    assert_eq!((revision, faces.len()), (3, 1));
    assert!(store.has_face_image("faces/t1").await.unwrap());
    assert!(!store.has_face_image("faces/t2").await.unwrap());
    let found = store.face_of_token(shop.id, "t1").await.unwrap().expect("it is there");
    assert_eq!(found, faces[0]);
    let delete = async |token: &str| store.delete_face(&act(&shop), "staff", "ada", token).await;
    assert_eq!(refused(delete("t2").await), Refused::FaceNotFound("t2".into()));
    delete("t1").await.unwrap();
    assert!(store.faces(shop.id, "staff", "ada").await.unwrap().is_empty());
}

async fn groups_are_read_in_parts(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    let guests = group(&*store, &shop, "guests").await;
    for count in 0..5 {
        let (revision, faces) = group_faces(&*store, staff.row).await;
        let tokens: Vec<_> = faces.iter().map(|face| face.token.clone()).collect();
        let all: Vec<_> = (0..count).map(|number| format!("t{number}")).collect();
        assert_eq!((revision, tokens), (count, all));
        add(&*store, &shop, &guests, "eve", &format!("g{count}")).await;
        add(&*store, &shop, &staff, &format!("u{count}"), &format!("t{count}")).await;
    }
}

async fn faces_are_limited(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    add(&*store, &shop, &staff, "ada", "t1").await;
    add(&*store, &shop, &staff, "eve", "t2").await;
    let tight = |user, group, application| FaceLimits { user, group, application };
    for (limits, word) in
        [(tight(1, 9, 9), "the user"), (tight(9, 2, 9), "the group"), (tight(9, 9, 2), "library")]
    {
        let face = new_face(&staff, "ada", "t3", FaceMode::Append);
        let full = refused(store.add_face(&act(&shop), &face, limits).await);
        assert!(matches!(&full, Refused::Full(why) if why.contains(word)), "{full}");
        let now = store.face_group(shop.id, "staff", false).await.unwrap();
        let room = store.check_face_room(&now, "ada", FaceMode::Append, 1, limits).await;
        assert_eq!(refused(room), full);
        // What takes the place of another needs no room.
        store.check_face_room(&now, "ada", FaceMode::Replace, 1, limits).await.unwrap();
    }
}

async fn a_face_is_added_to_the_group_that_was_read(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let old = group(&*store, &shop, "staff").await;
    add(&*store, &shop, &old, "ada", "t1").await;
    let late = async |revision| {
        let face = new_face(&old, "eve", "t2", FaceMode::Append);
        store.add_face(&act(&shop), &NewFace { revision: Some(revision), ..face }, MANY).await
    };
    assert_eq!(refused(late(old.revision).await), Refused::Changed("staff".into()));
    let now = store.face_group(shop.id, "staff", false).await.unwrap();
    assert_eq!((now.users, now.faces), (1, 1), "nothing has happened");
    let added = late(now.revision).await.unwrap();
    assert_eq!((added.users, added.changes[0].revision), (1, now.revision + 1));
}

async fn copies_are_of_what_was_read(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    let guests = group(&*store, &shop, "guests").await;
    add(&*store, &shop, &staff, "ada", "t1").await;
    let read = async || {
        let staff = store.face_group(shop.id, "staff", false).await.unwrap();
        let user = store.face_user(shop.id, Some("staff"), "ada").await.unwrap().remove(0);
        let faces = store.faces(shop.id, "staff", "ada").await.unwrap();
        (staff, [CopiedUser { user, faces }])
    };
    let (old, copies) = read().await;
    add(&*store, &shop, &staff, "ada", "t2").await;
    let stale = store.copy_face_users(&act(&shop), &old, &guests, &copies, MANY).await;
    assert_eq!(refused(stale), Refused::Changed("staff".into()));
    let (now, copies) = read().await;
    let copied = store.copy_face_users(&act(&shop), &now, &guests, &copies, MANY).await.unwrap();
    assert_eq!((copied.users, copied.faces, copied.changes[0].added.len()), (1, 2, 2));
    let again = store.copy_face_users(&act(&shop), &now, &guests, &copies, MANY).await;
    assert_eq!(refused(again), Refused::AlreadyCopied("guests".into(), "ada".into()));
}

async fn faces_past_their_retention_go(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    add(&*store, &shop, &staff, "ada", "t1").await;
    assert_eq!(clean(&*store, NOW + 400 * DAY).await.faces, 0, "no retention, no end");
    store.change_face_group(&act(&shop), "staff", None, Some(30)).await.unwrap();
    assert_eq!(clean(&*store, NOW + 29 * DAY).await.faces, 0);
    let gone = clean(&*store, NOW + 30 * DAY).await;
    assert_eq!((gone.faces, gone.images), (1, vec!["faces/t1".to_owned()]));
    assert_eq!(store.face_users(shop.id, "staff", 0, 9).await.unwrap().0, 1, "the user stays");
}

async fn erasing_leaves_nothing(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    for id in ["staff", "guests"] {
        let group = group(&*store, &shop, id).await;
        add(&*store, &shop, &group, "ada", id).await;
    }
    let other = another(&*store, "other").await;
    let kept = group(&*store, &other, "kept").await;
    add(&*store, &other, &kept, "eve", "t").await;
    let erased = store.erase_faces(&act(&shop)).await.unwrap();
    assert_eq!((erased.groups, erased.users, erased.faces), (2, 2, 2));
    clean(&*store, NOW).await;
    assert_eq!(store.face_groups(shop.id, 0, 9).await.unwrap().0, 0);
    assert_eq!(group_faces(&*store, kept.row).await.1.len(), 1);
    // So does the deletion of an application.
    store.delete_application(other.id, NOW).await.unwrap();
    clean(&*store, NOW).await;
    assert_eq!(group_faces(&*store, kept.row).await.1.len(), 0);
}

async fn what_is_done_is_noted(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    add(&*store, &shop, &staff, "ada", "t1").await;
    store.note_face_act(&act(&shop), "face-search", "staff", "eve,ada", 1).await.unwrap();
    let noted = store.face_audit(shop.id, Some("ada"), 9).await.unwrap();
    let actions: Vec<_> = noted.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["face-search", "face-add"]);
    assert_eq!((noted[0].key, noted[0].count), (Some(7), 1));
    assert_eq!(store.face_audit(shop.id, Some("ad"), 9).await.unwrap(), []);
    assert_eq!(store.face_audit(shop.id, None, 9).await.unwrap().len(), 3);
    assert_eq!(store.forget_face_audit(NOW).await, Ok(0));
    assert_eq!(store.forget_face_audit(NOW + 1).await, Ok(3));
}

async fn the_operator_pauses_libraries(store: Arc<dyn Store>) {
    assert_eq!(store.faces_paused().await, Ok(false));
    store.pause_faces(true).await.unwrap();
    assert_eq!(store.faces_paused().await, Ok(true));
    store.pause_faces(false).await.unwrap();
    assert_eq!(store.faces_paused().await, Ok(false));
    store.scrub().await.unwrap();
}

async fn liveness_sessions_are_used_once(first: Arc<dyn Store>) {
    let second = first.as_another();
    assert!(first.use_liveness_session(&[1; 8], NOW + 5).await.unwrap());
    for store in [&first, &second] {
        assert!(!store.use_liveness_session(&[1; 8], NOW + 5).await.unwrap());
    }
    assert!(second.use_liveness_session(&[2; 8], NOW + 6).await.unwrap());
    assert_eq!(first.forget_liveness_sessions(NOW + 4).await.unwrap(), 0);
    assert_eq!(first.forget_liveness_sessions(NOW + 5).await.unwrap(), 1);
    assert!(!first.use_liveness_session(&[2; 8], NOW + 6).await.unwrap());
}

async fn a_copied_user_goes_without_losing_a_face(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let staff = group(&*store, &shop, "staff").await;
    let mut copied = vec!["t1".to_owned()];
    add(&*store, &shop, &staff, "ada", "t1").await;
    // One more came after the others were copied.
    add(&*store, &shop, &staff, "ada", "t2").await;
    let delete = async |copied: &[String]| {
        store.delete_copied_user(&act(&shop), "staff", "ada", copied).await.unwrap()
    };
    assert_eq!(delete(&copied).await, None);
    assert_eq!(store.faces(shop.id, "staff", "ada").await.unwrap().len(), 2);
    copied.push("t2".to_owned());
    let deleted = delete(&copied).await.expect("nothing is left");
    assert_eq!((deleted.users, deleted.images), (1, vec!["faces/t1".into(), "faces/t2".into()]));
}

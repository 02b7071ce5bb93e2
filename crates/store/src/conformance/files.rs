//! Result files and inputs of tasks.

use super::*;
use crate::{DiskUse, ResultFile};

cases! {
    a_file_lives_and_is_reclaimed,
    the_disk_budget_holds,
    expired_files_are_listed_oldest_first,
    reclaimed_files_are_forgotten,
    parallel_files_keep_the_budget,
    inputs_count_in_the_budget,
    inputs_without_an_open_task_are_orphans,
}

/// A file of a few bytes that lives for a second after `NOW`.
fn file(application: &Application, key: &str, size: u64) -> ResultFile {
    ResultFile {
        key: key.into(),
        application: application.id,
        content_type: "image/png".into(),
        size,
        created_at: NOW,
        expires_at: NOW + 1000,
        reclaimed: false,
    }
}

async fn a_file_lives_and_is_reclaimed(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let mut png = file(&shop, "a.png", 5);
    assert!(store.add_file(&png, 5).await.unwrap());
    assert_eq!(store.file("a.png").await.unwrap(), Some(png.clone()));
    assert_eq!(store.file("b.png").await.unwrap(), None);
    conflict(store.add_file(&png, 100).await);
    not_found(store.add_file(&ResultFile { application: 99, ..file(&shop, "x", 1) }, 100).await);
    assert!(store.expired_files(NOW + 999, 10).await.unwrap().is_empty());
    assert_eq!(store.expired_files(NOW + 1000, 10).await.unwrap(), ["a.png"]);
    for _ in 0..2 {
        store.reclaim_file("a.png").await.unwrap();
    }
    png.reclaimed = true;
    assert_eq!(store.file("a.png").await.unwrap(), Some(png));
    assert!(store.expired_files(NOW + 1000, 10).await.unwrap().is_empty());
    not_found(store.reclaim_file("b.png").await);
}

async fn the_disk_budget_holds(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    assert!(store.add_file(&file(&shop, "a", 60), 100).await.unwrap());
    assert!(!store.add_file(&file(&shop, "b", 41), 100).await.unwrap());
    assert_eq!(store.file("b").await.unwrap(), None);
    assert!(store.add_file(&file(&shop, "c", 40), 100).await.unwrap());
    assert!(!store.add_file(&file(&shop, "b", 1), 100).await.unwrap());
    assert!(store.add_file(&file(&shop, "empty", 0), 100).await.unwrap());
    assert!(!store.add_file(&file(&shop, "huge", u64::MAX), u64::MAX).await.unwrap());
    store.reclaim_file("a").await.unwrap();
    store.reclaim_file("a").await.unwrap();
    assert!(!store.add_file(&file(&shop, "b", 61), 100).await.unwrap());
    assert!(store.add_file(&file(&shop, "b", 60), 100).await.unwrap());
}

async fn expired_files_are_listed_oldest_first(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    for (key, age) in [("young", 1), ("old", 3), ("middle", 2)] {
        let file = ResultFile { expires_at: NOW - age, ..file(&shop, key, 1) };
        store.add_file(&file, 100).await.unwrap();
    }
    assert_eq!(store.expired_files(NOW, 2).await.unwrap(), ["old", "middle"]);
    assert!(store.expired_files(NOW, 0).await.unwrap().is_empty());
}

async fn reclaimed_files_are_forgotten(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    for key in ["gone", "alive"] {
        store.add_file(&file(&shop, key, 1), 100).await.unwrap();
    }
    store.reclaim_file("gone").await.unwrap();
    assert_eq!(store.forget(NOW + 1000).await.unwrap(), 0);
    assert_eq!(store.forget(NOW + 1001).await.unwrap(), 1);
    assert_eq!(store.file("gone").await.unwrap(), None);
    assert!(store.file("alive").await.unwrap().is_some());
}

async fn parallel_files_keep_the_budget(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let mut writes = JoinSet::new();
    for number in 0..40 {
        let (store, file) = (Arc::clone(&store), file(&shop, &format!("{number}"), 3));
        writes.spawn(async move { store.add_file(&file, 50).await.unwrap() });
    }
    let added = writes.join_all().await.into_iter().filter(|added| *added).count();
    // Those that are counted in the same moment do not see each other: at most one on each connection.
    let most = if store.is_shared() { 16 + 4 } else { 16 };
    assert!((16..=most).contains(&added), "{added}");
    assert!(!store.add_file(&file(&shop, "late", 3), 50).await.unwrap());
}

async fn inputs_count_in_the_budget(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    assert_eq!(store.disk_use().await.unwrap(), DiskUse::default());
    assert!(store.add_file(&file(&shop, "a", 60), 100).await.unwrap());
    assert!(!store.add_input("inputs/1/t", 41, 100, NOW).await.unwrap());
    assert!(store.add_input("inputs/1/t", 40, 100, NOW).await.unwrap());
    assert_eq!(store.disk_use().await.unwrap(), DiskUse { results: 60, inputs: 40 });
    assert!(!store.add_file(&file(&shop, "b", 1), 100).await.unwrap());
    conflict(store.add_input("inputs/1/t", 1, 1000, NOW).await);
    assert!(!store.add_input("inputs/1/huge", u64::MAX, u64::MAX, NOW).await.unwrap());
    for _ in 0..2 {
        store.remove_input("inputs/1/t").await.unwrap();
    }
    assert_eq!(store.disk_use().await.unwrap(), DiskUse { results: 60, inputs: 0 });
    assert!(store.add_file(&file(&shop, "b", 40), 100).await.unwrap());
}

async fn inputs_without_an_open_task_are_orphans(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 1).await;
    submit(&*store, &shop, "waiting").await;
    for (path, age) in [("inputs/waiting", 9), ("inputs/1/young", 1), ("inputs/1/old", 3)] {
        assert!(store.add_input(path, 1, 100, NOW - age).await.unwrap());
    }
    assert_eq!(store.orphaned_inputs(NOW, 1).await.unwrap(), ["inputs/1/old"]);
    assert_eq!(store.orphaned_inputs(NOW - 1, 9).await.unwrap(), ["inputs/1/old"]);
    let all = store.orphaned_inputs(NOW, 9).await.unwrap();
    assert_eq!(all, ["inputs/1/old", "inputs/1/young"]);
    store.cancel_task("waiting", NOW).await.unwrap();
    assert_eq!(store.orphaned_inputs(NOW, 1).await.unwrap(), ["inputs/waiting"]);
}

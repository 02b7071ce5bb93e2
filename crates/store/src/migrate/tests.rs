//! Where `SAFELIGHT_TEST_POSTGRES` names a server to use (`tests/postgres/run` starts one).

use super::*;
use crate::postgres::tests::{fresh, server};
use crate::{Accounts as _, Agreements as _};

const NOW: Millis = 1_790_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_in_the_new_database_does_not_come_back() {
    let Some(url) = server() else { return };
    let settings = Settings { url: Some(fresh(&url).await), ..Settings::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("safelight.db");
    let old = Sqlite::open(&path).unwrap();
    for name in ["ada", "eve"] {
        old.create_user(name, NOW).await.unwrap();
    }
    // A process has served from the data folder, too.
    old.agree("secret.key", "its fingerprint").await.unwrap();
    drop(old);

    // Cut off after some rows, and started again.
    let target = settings.open_shared().await.unwrap();
    let source = Sqlite::open(&path).unwrap();
    let users = tables(&source).await.unwrap().into_iter().find(|table| table.name == "users");
    copy(&source, &target, users.expect("the table")).await.unwrap();
    drop(source);
    for _ in 0..2 {
        migrate(&path, &settings, false, NOW).await.expect("goes on");
    }

    // A process serves from it, and ends.
    target.agree("secret.key", "its fingerprint").await.unwrap();
    target.delete_user("eve", NOW).await.unwrap();
    let refused = migrate(&path, &settings, false, NOW).await.expect_err("used");
    assert!(refused.to_string().contains("empty database"), "{refused}");
    let users = target.users().await.unwrap();
    assert!(users.iter().all(|user| user.name != "eve"), "{users:?}");
}

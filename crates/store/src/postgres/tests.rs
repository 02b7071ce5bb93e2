//! The conformance suite in PostgreSQL: where `SAFELIGHT_TEST_POSTGRES` names a server to use (`tests/postgres/run`
//! starts one). Each case has a schema of its own.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use uuid::Uuid;

use super::*;
use crate::{
    Accounts as _, Claiming, Credits, Files as _, HoldOutcome, HoldRequest, Instances as _,
    KeyHash, Ledger as _, Limits, NewApplication, NewTask, NewUpload, Outcome, Sqlite, Store,
    Tasks as _, UploadQuota, UploadState, Uploads as _, conformance,
};

const NOW: Millis = 1_790_000_000_000;

/// The server to test with; where there is none, `None` and a printed notice.
pub(crate) fn server() -> Option<String> {
    let url = std::env::var("SAFELIGHT_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("skipped: SAFELIGHT_TEST_POSTGRES names no server");
    }
    url
}

/// A URL of that server, with a schema of its own.
pub(crate) async fn fresh(url: &str) -> String {
    let name = format!("t{}", Uuid::new_v4().simple());
    let (client, connection) = config(url).unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaves_as_every_store() {
    let Some(url) = server() else { return };
    conformance::all(|| async {
        Arc::new(Postgres::open(&fresh(&url).await, 4).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_create_the_tables_at_once() {
    let Some(url) = server() else { return };
    let url = fresh(&url).await;
    let mut starts = JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        starts.spawn(async move { Postgres::open(&url, 2).await.map(drop) });
    }
    assert!(starts.join_all().await.into_iter().all(|start| start.is_ok()));
}

async fn refusal(url: &str) -> String {
    Postgres::open(url, 2).await.map(drop).expect_err("refused").to_string()
}

#[tokio::test]
async fn what_may_lose_charges_is_refused() {
    let Some(url) = server() else { return };
    let url = format!("{}%20-csynchronous_commit%3Doff", fresh(&url).await);
    let why = refusal(&url).await;
    assert!(why.contains("synchronous_commit = off"), "{why}");
}

/// A URL of the server that asks for encryption, with a schema of its own, and the file with the authority of its certificate; `None`,
/// and a word, where it has no certificate.
async fn encrypted() -> Option<(String, std::path::PathBuf)> {
    let url = server()?;
    let Some(authority) = std::env::var_os("SAFELIGHT_TEST_POSTGRES_CA") else {
        println!("skipped: SAFELIGHT_TEST_POSTGRES_CA names no authority");
        return None;
    };
    let plain = url.split('?').next().unwrap_or_default();
    let url = fresh(&format!("{plain}?sslmode=disable")).await;
    Some((url.replace("disable", "require"), authority.into()))
}

#[tokio::test]
async fn connections_are_encrypted_and_verified() {
    let Some((url, authority)) = encrypted().await else { return };
    let described = |store: Postgres| async move { store.describe().await.unwrap() };
    let store = Postgres::open(&url, 2).await.unwrap();
    let heard = store.listen().await.unwrap();
    let said = described(store).await;
    assert!(said.contains("TLSv1.") && said.contains("not verified"), "{said}");
    drop(heard);

    let verified = url.replace("require", "verify-full");
    let open = async |url: &str, authority: Option<&Path>| {
        Postgres::open_with(url, None, authority, 2).await
    };
    let said = described(open(&verified, Some(&*authority)).await.unwrap()).await;
    assert!(said.contains("the certificate is verified"), "{said}");
    let why = open(&verified, None).await.map(drop).expect_err("no public authority");
    assert!(why.to_string().contains("certificate"), "{why}");
    let other = verified.replace("127.0.0.1", "db.example") + "&hostaddr=127.0.0.1";
    let why = open(&other, Some(&*authority)).await.map(drop).expect_err("another host");
    assert!(why.to_string().contains("certificate"), "{why}");
    let said = described(Postgres::open(&url.replace("require", "disable"), 2).await.unwrap());
    assert!(said.await.contains("not encrypted"));
}

#[tokio::test]
async fn other_tables_are_refused_untouched() {
    let Some(url) = server() else { return };
    let url = fresh(&url).await;
    let (client, connection) = config(&url).unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE songs (name TEXT)").await.unwrap();
    let why = refusal(&url).await;
    assert!(why.contains("another program"), "{why}");
    client.batch_execute("DROP TABLE songs").await.unwrap();
    drop(Postgres::open(&url, 2).await.unwrap());
    client.batch_execute("UPDATE safelight SET version = 99").await.unwrap();
    let why = refusal(&url).await;
    assert!(why.contains("format 99") && why.contains("newer release"), "{why}");
    let why = refusal("postgres://nobody@127.0.0.1:1/none").await;
    assert!(why.contains("connect"), "{why}");
    let why = refusal("postgres://nobody@127.0.0.1:port/none").await;
    assert!(why.contains("store.url"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_moves_with_its_books() {
    let Some(url) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("safelight.db");
    let old = Sqlite::open(&path).unwrap();
    old.create_user("ada", NOW).await.unwrap();
    let new = NewApplication {
        user: "ada".into(),
        name: "shop".into(),
        limits: Limits { concurrency: Some(3), requests_per_second: None },
        key: Some((KeyHash([7; 32]), "sl_7".into())),
    };
    let shop = old.create_application(&new, NOW).await.unwrap();
    old.add_credits(shop.id, "common", Credits::whole(100), NOW).await.unwrap();
    let request = |id: &str| HoldRequest {
        application: shop.id,
        pool: "cutout".into(),
        amount: Credits::whole(2),
        request_id: id.into(),
        expires_at: NOW + 1,
    };
    for number in 0..40 {
        let HoldOutcome::Held(hold) = old.hold(&request(&format!("r{number}")), NOW).await.unwrap()
        else {
            panic!("the credits are there")
        };
        match number % 4 {
            0 => drop(old.release(&hold, NOW).await.unwrap()),
            _ => drop(old.settle(&hold, NOW).await.unwrap()),
        }
    }
    let task = NewTask {
        id: "t".into(),
        application: shop.id,
        service: "/a".into(),
        request_id: "r-t".into(),
        input: "inputs/t".into(),
        ..NewTask::default()
    };
    old.submit_task(&task, &request("r-t"), 9, NOW).await.unwrap();
    old.claim_task(&Claiming::any(NOW + 1, 3), NOW).await.unwrap().expect("a task");
    assert!(old.add_input("inputs/t", 77, 1000, NOW).await.unwrap());
    drop(old);

    let settings = crate::Settings { url: Some(fresh(&url).await), ..crate::Settings::default() };
    let counted = crate::migrate(&path, &settings, true, NOW).await.unwrap();
    assert!(counted.iter().any(|table| table.name == "transfers" && table.rows > 80));
    let first = crate::migrate(&path, &settings, false, NOW).await.unwrap();
    assert!(first.iter().all(|table| table.rows == table.copied), "{first:?}");
    let again = crate::migrate(&path, &settings, false, NOW).await.unwrap();
    let copied: Vec<_> = again.iter().filter(|table| table.copied > 0).map(|t| &t.name).collect();
    assert_eq!(copied, ["face_library", "disk"], "the rest was there");

    let moved = settings.open_shared().await.unwrap();
    let principal = moved.authenticate(&KeyHash([7; 32])).await.unwrap().expect("the key");
    assert_eq!(principal.application, shop);
    assert_eq!(moved.disk_use().await.unwrap().inputs, 77);
    let taken = moved.claim_task(&Claiming::any(NOW + 60_000, 3), NOW).await.unwrap().unwrap();
    let outcome = Outcome::Done { answer: serde_json::json!({}), expires_at: NOW + 9 };
    let ended = moved.finish_task("t", &taken.claim.unwrap(), &outcome, NOW).await.unwrap();
    assert!(ended, "the task that was at work");
    // New rows get numbers of their own.
    let HoldOutcome::Held(hold) = moved.hold(&request("new"), NOW).await.unwrap() else {
        panic!("the credits are there")
    };
    assert!(moved.settle(&hold, NOW).await.unwrap());
    assert_eq!(moved.audit().await.unwrap().errors, Vec::<String>::new());
    moved.beat("serve", "host", "1", NOW).await.unwrap();
    let refused = crate::migrate(&path, &settings, false, NOW).await.expect_err("in use");
    assert!(refused.to_string().contains("at work"), "{refused}");
}

#[tokio::test]
async fn announcements_are_heard_and_a_lost_connection_is_told() {
    let Some(url) = server() else { return };
    let store = Postgres::open(&fresh(&url).await, 2).await.unwrap();
    let mut heard = store.listen().await.unwrap();
    store.announce().await.unwrap();
    heard.recv().await.expect("an announcement");
    let kill = |db: &Connection<'_>| {
        let sql = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE 'LISTEN%' AND datname = current_database()) t";
        Ok(db.prepare_cached(sql)?.query_row((), |row| row.get::<i64>(0))?)
    };
    assert!(store.database.quick(kill).await.unwrap() > 0);
    while heard.recv().await.is_some() {}
}

#[tokio::test]
async fn a_connection_that_was_lost_is_replaced() {
    let Some(url) = server() else { return };
    let store = Postgres::open(&fresh(&url).await, 2).await.unwrap();
    let pid = |db: &Connection<'_>| {
        Ok(db.prepare_cached("SELECT pg_backend_pid()")?.query_row((), |row| row.get::<i64>(0))?)
    };
    let first = store.database.quick(pid).await.unwrap();
    let end = move |db: &Connection<'_>| {
        let sql = "SELECT pg_terminate_backend(CAST(CAST(?1 AS BIGINT) AS INTEGER))";
        Ok(db.prepare_cached(sql)?.exists([first])?)
    };
    // The connection may be its own.
    let _ = store.database.quick(end).await;
    store.check().await.unwrap();
}

/// An upload's owner was slow, is taken for dead, and ends the upload while it is being failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_owner_ends_its_upload_or_it_is_failed() {
    let Some(url) = server() else { return };
    let url = fresh(&url).await;
    let store = Arc::new(Postgres::open(&url, 4).await.unwrap());
    store.create_user("ada", NOW).await.unwrap();
    let limits = Limits::default();
    let new = NewApplication { user: "ada".into(), name: "shop".into(), limits, key: None };
    let application = store.create_application(&new, NOW).await.unwrap().id;
    let quota = UploadQuota { bytes: 1000, files: 9 };
    let upload = NewUpload { id: "u".into(), application, size: 50, expires_at: NOW + 9 };
    store.add_upload(&upload, quota, 1000, NOW).await.unwrap();
    // What `end_upload` does, up to its commit.
    let (mut client, connection) = config(&url).unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let owner = client.transaction().await.unwrap();
    let end = format!(
        "SELECT pg_advisory_xact_lock({application});
         UPDATE uploads SET state = 'ready', size = 20, format = 'PNG', width = 1, height = 1;
         UPDATE disk SET inputs = inputs - 30 WHERE id = (SELECT counter FROM uploads)"
    );
    owner.batch_execute(&end).await.unwrap();
    let recovering = store.clone();
    let recovering = tokio::spawn(async move { recovering.recover(NOW, NOW).await });
    let waits = |db: &Connection<'_>| {
        let sql = "SELECT 1 FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
        Ok(db.prepare_cached(sql)?.exists(())?)
    };
    while !recovering.is_finished() && !store.database.quick(waits).await.unwrap() {}
    owner.commit().await.unwrap();
    recovering.await.unwrap().unwrap();
    let upload = store.upload(application, "u").await.unwrap().unwrap();
    assert_eq!(upload.state, UploadState::Ready);
    assert_eq!(store.disk_use().await.unwrap().inputs, 20);
    assert_eq!(store.audit().await.unwrap().errors, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_stops_frees_its_application() {
    let Some(url) = server() else { return };
    let store = Postgres::open(&fresh(&url).await, 2).await.unwrap();
    let setting = |db: &Connection<'_>| {
        let sql = "SELECT current_setting('idle_in_transaction_session_timeout')";
        Ok(db.prepare_cached(sql)?.query_row((), |row| row.get::<String>(0))?)
    };
    assert_eq!(store.database.quick(setting).await.unwrap(), "10s");
    // The same with a shorter time, which the change itself sets: the server ends its connection, and the
    // change is made again on another.
    let tries = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let tried = tries.clone();
    let stops = move |db: &Connection<'_>| {
        let first = tried.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        db.prepare_cached("SET LOCAL idle_in_transaction_session_timeout = 20")?.execute(())?;
        // Until the server has ended the connection, however long that takes it.
        for _ in 0..if first { 1000 } else { 0 } {
            std::thread::sleep(Duration::from_millis(25));
            db.prepare_cached("SELECT 1")?.exists(())?;
        }
        Ok(db.prepare_cached("SELECT 1")?.exists(())?)
    };
    assert!(store.database.write(Lock::Application(1), stops).await.unwrap());
    assert_eq!(tries.load(std::sync::atomic::Ordering::Relaxed), 2);
}

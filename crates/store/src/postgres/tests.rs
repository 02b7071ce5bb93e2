//! The stories in PostgreSQL: where `SAFELIGHT_TEST_POSTGRES` names a server to use (`tests/postgres/run`
//! starts one). Each story has a schema of its own.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::*;
use crate::{Instances as _, Store, stories};

/// The server to test with; `None`, and a word, where there is none.
fn server() -> Option<String> {
    let url = std::env::var("SAFELIGHT_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("skipped: SAFELIGHT_TEST_POSTGRES names no server");
    }
    url
}

/// A URL of that server, with a schema of its own.
async fn fresh(url: &str) -> String {
    let name = format!("t{}", Uuid::new_v4().simple());
    let (client, connection) = config(url).unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_every_story() {
    let Some(url) = server() else { return };
    stories::all(|| async {
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

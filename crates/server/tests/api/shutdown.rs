//! Shutdown: work is finished within the grace, or put back.

use std::time::Duration;

use crate::common::{Answer, SYNC, TestServer, eventually, form};

#[tokio::test]
async fn requests_at_work_are_finished() {
    let mut server = TestServer::start().await;
    let request = server.request(SYNC).multipart(form([("sleep", "800")])).send();
    let request = tokio::spawn(request);
    eventually(async || (server.credits().await.1 == 3).then_some(())).await;
    server.order_stop();
    let answer = request.await.expect("no panic").expect("answer");
    Answer::of(answer).await.success();
    server.stopped().await;
    server.assert_charges(1).await;
    let refused = server.http.get(server.url("/health/live")).send().await;
    assert!(refused.is_err(), "nothing listens any more");
}

#[tokio::test]
async fn work_beyond_the_grace_is_cut_off_and_free() {
    let mut server = TestServer::with(|settings| settings.shutdown_grace_seconds = 1).await;
    let request = server.request(SYNC).multipart(form([("sleep", "30000")])).send();
    let request = tokio::spawn(request);
    eventually(async || (server.credits().await.1 == 3).then_some(())).await;
    server.order_stop();
    server.stopped().await;
    assert!(request.await.expect("no panic").is_err(), "the connection is closed");
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn tasks_beyond_the_grace_are_put_back_and_done_by_the_next_process() {
    let server = TestServer::with(|settings| {
        settings.shutdown_grace_seconds = 1;
        settings.tasks.workers = 1;
        settings.tasks.max_attempts = 1;
    })
    .await;
    let (at_work, _) = server.submit(form([("sleep", "2500"), ("note", "one")])).await;
    let (waiting, _) = server.submit(form([("note", "two")])).await;
    eventually(async || (server.store.open_tasks().await.expect("count") == (1, 1)).then_some(()))
        .await;
    let server = server.restart().await;
    for (task, note) in [(at_work, "one"), (waiting, "two")] {
        let done = server.wait(&task).await.success();
        assert_eq!(done["data"]["note"], note);
    }
    server.assert_charges(2).await;
    assert_eq!(server.credits().await, (994, 0));
}

#[tokio::test]
async fn a_kept_connection_is_told_that_the_server_goes() {
    let mut server = TestServer::start().await;
    let long = server.request(SYNC).multipart(form([("sleep", "1200")])).send();
    let long = tokio::spawn(long);
    eventually(async || (server.credits().await.1 == 3).then_some(())).await;
    server.order_stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The idle connection of this client was closed, and no new one is taken.
    let late = server.http.get(server.url("/health/ready")).send().await;
    assert!(late.is_err());
    let answer = long.await.expect("no panic").expect("answer");
    assert_eq!(answer.status(), 200);
    server.stopped().await;
}

//! Shutdown: work is finished within the grace, or put back.

use crate::common::{Gate, SYNC, TestServer, answered, eventually, form};

/// Waits until the server takes no connection any more.
async fn closed(server: &TestServer) {
    let live = server.url("/health/live");
    eventually(async || server.http.get(&live).send().await.is_err().then_some(())).await;
}

#[tokio::test]
async fn requests_at_work_are_finished() {
    let mut server = TestServer::start().await;
    let gate = Gate::closed();
    let request = server.post_at(&gate, SYNC).await;
    server.order_stop();
    closed(&server).await;
    gate.open();
    answered(request).await.success();
    server.stopped().await;
    server.assert_charges(1).await;
}

#[tokio::test]
async fn work_beyond_the_grace_is_cut_off_and_free() {
    let mut server = TestServer::with(|settings| settings.shutdown_grace_seconds = 1).await;
    let gate = Gate::closed();
    let request = server.post_at(&gate, SYNC).await;
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
    let gate = Gate::closed();
    let at_work = server.submit_at(&gate, form([("note", "one")])).await;
    let (waiting, _) = server.submit(form([("note", "two")])).await;
    let server = server.restart().await;
    gate.reached(2).await;
    gate.open();
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
    // The client keeps this connection.
    server.post(SYNC, form([])).await.success();
    let gate = Gate::closed();
    let long = server.post_at(&gate, SYNC).await;
    server.order_stop();
    // The idle connection of this client is closed, and no new one is taken.
    closed(&server).await;
    gate.open();
    assert_eq!(answered(long).await.status, 200);
    server.stopped().await;
}

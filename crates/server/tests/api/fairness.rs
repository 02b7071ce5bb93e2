//! Two applications on one server, of which one takes all that it can get.

use reqwest::multipart::Form;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::common::{ASYNC, Answer, Hold, SYNC, TestServer, eventually, file, form, png, started};

const MIB: usize = 1 << 20;

/// A server whose request bodies share 8 MiB.
async fn small() -> TestServer {
    TestServer::with(|settings| {
        settings.limits.memory_budget = 64 << 20;
        settings.limits.max_body_bytes = 8 << 20;
        settings.limits.stall_timeout_seconds = 3600;
        settings.limits.body_timeout_seconds = 3600;
    })
    .await
}

/// The start of a form with one file.
const PART: &str = "--b\r\ncontent-disposition: form-data; name=\"image\"; filename=\"x\"\r\n\r\n";

/// Says that 2 MB come, and sends the start of them.
async fn upload(server: &TestServer) -> TcpStream {
    let address = server.base.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).await.expect("connection");
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\nhost: {address}\r\nailabapi-api-key: {}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 2000000\r\n\r\n{PART}",
        server.key
    );
    stream.write_all(head.as_bytes()).await.expect("head");
    stream
}

async fn gauge(server: &TestServer, name: &str) -> u64 {
    let text = server.http.get(server.url("/metrics")).send().await.expect("metrics");
    let text = text.text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|value| value.parse().ok()).expect("a gauge")
}

async fn post(server: &TestServer, path: &str, key: &str, form: Form) -> Answer {
    let request = server.http.post(server.url(path)).header("ailabapi-api-key", key);
    Answer::of(request.multipart(form).send().await.expect("answer")).await
}

fn picture() -> Form {
    Form::new().part("image", file(png(300, 300)))
}

#[tokio::test]
async fn slow_uploads_keep_nobody_out() {
    let server = small().await;
    let (key, _) = server.another("other").await;
    let mut slow = Vec::new();
    for _ in 0..45 {
        slow.push(upload(&server).await);
    }
    // Each holds what its parser may have unused, not the 2 MB that it may send.
    let held = 45 * (64 << 10);
    eventually(async || (gauge(&server, "safelight_body_bytes").await == held).then_some(())).await;
    for _ in 0..13 {
        post(&server, SYNC, &key, picture()).await.success();
    }
}

#[tokio::test]
async fn memory_for_bodies_is_taken_from_who_has_more_of_it() {
    let server = small().await;
    let (key, _) = server.another("other").await;
    let mut hoard = Vec::new();
    for number in 1..=4 {
        let mut stream = upload(&server).await;
        stream.write_all(&vec![b'x'; 1_900_000]).await.expect("most of the body");
        hoard.push(stream);
        let held = number * 1_900_000;
        eventually(async || (gauge(&server, "safelight_body_bytes").await >= held).then_some(()))
            .await;
    }
    // Of 8 MiB less than one is left.
    for _ in 0..3 {
        let large = Form::new().part("image", file(vec![b'x'; MIB]));
        let answer = post(&server, SYNC, &key, large).await;
        assert_ne!(answer.status, 503, "{}", answer.json());
    }
    // The newest body gave way, the oldest one goes on.
    let mut newest = hoard.pop().expect("four");
    let mut answer = vec![0; 12];
    newest.read_exact(&mut answer).await.expect("an answer before the body's end");
    assert_eq!(answer, b"HTTP/1.1 503");
    let mut oldest = hoard.swap_remove(0);
    oldest.write_all(&vec![b'x'; 100_000 - PART.len()]).await.expect("the rest");
    oldest.read_exact(&mut answer).await.expect("an answer");
    assert_ne!(answer, b"HTTP/1.1 503");
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_given_up() {
    let server = TestServer::with(|settings| settings.limits.stall_timeout_seconds = 1).await;
    let (mut answers, mut body) = upload(&server).await.into_split();
    let dribble = tokio::spawn(async move {
        while body.write_all(b"x").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("the least is 1024") {
        let read = answers.read(&mut piece).await.expect("an answer");
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
    }
    assert!(String::from_utf8_lossy(&answer).contains("ERROR_DATA_TRANSFER_FAILED"));
    dribble.abort();
}

/// Sends a request in the background.
fn send(server: &TestServer, sent: &mut JoinSet<Answer>, path: &str, key: &str, form: Form) {
    let request = server.http.post(server.url(path)).header("ailabapi-api-key", key);
    let request = request.multipart(form);
    sent.spawn(async move { Answer::of(request.send().await.expect("answer")).await });
}

#[tokio::test]
async fn a_flood_of_requests_keeps_nobody_out() {
    let server = TestServer::with(|settings| {
        settings.limits.workers = 1;
        settings.limits.queue = 4;
        settings.limits.queue_wait_seconds = 600;
    })
    .await;
    let (key, _) = server.another("other").await;
    let (hold, mut sent) = (Hold::new("flood"), JoinSet::new());
    let first = form([("note", "flood 0"), ("hold", "flood")]);
    send(&server, &mut sent, SYNC, &server.key, first);
    eventually(async || (started("flood") == ["flood 0"]).then_some(())).await;
    for number in 1..=4 {
        let note = format!("flood {number}");
        send(&server, &mut sent, SYNC, &server.key, form([("note", &note)]));
        eventually(async || (gauge(&server, "safelight_queue").await == number).then_some(()))
            .await;
    }
    server.post(SYNC, form([])).await.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    // Another application has fewer requests: each of its takes a place, and the newest goes.
    for number in 0..2 {
        let note = format!("flood other {number}");
        send(&server, &mut sent, SYNC, &key, form([("note", &note)]));
        let displaced = sent.join_next().await.expect("many").expect("no panic");
        displaced.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    }
    server.post(SYNC, form([])).await.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    hold.release();
    for answer in sent.join_all().await {
        answer.success();
    }
    let expected = ["flood 0", "flood other 0", "flood 1", "flood other 1", "flood 2"];
    assert_eq!(started("flood"), expected);
    server.assert_charges(5).await;
}

#[tokio::test]
async fn tasks_of_one_application_keep_no_other_waiting() {
    let server = TestServer::with(|settings| {
        settings.tasks.workers = 1;
        settings.tasks.max_queued = 30;
    })
    .await;
    let (key, _) = server.another("other").await;
    let hold = Hold::new("crowd");
    server.submit(form([("note", "crowd 0"), ("hold", "crowd")])).await;
    eventually(async || (started("crowd") == ["crowd 0"]).then_some(())).await;
    let mut sent = JoinSet::new();
    for _ in 0..40 {
        send(&server, &mut sent, ASYNC, &server.key, form([("note", "crowd more")]));
    }
    let answers = sent.join_all().await;
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(accepted, 15, "as many as it leaves free");
    let answer = post(&server, ASYNC, &key, form([("note", "crowd other")])).await.success();
    let task = answer["task_id"].as_str().expect("an id").to_owned();
    hold.release();
    let path = format!("/api/common/query-async-task-result?task_id={task}");
    eventually(async || {
        let request = server.http.get(server.url(&path)).header("ailabapi-api-key", &key);
        let answer = Answer::of(request.send().await.expect("answer")).await.success();
        (answer["task_status"] == 2).then_some(())
    })
    .await;
    assert_eq!(started("crowd")[..2], ["crowd 0", "crowd other"]);
}

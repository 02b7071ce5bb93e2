//! Request bodies: their forms, limits and defects.

use reqwest::multipart::Form;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, HEAVY, PATIENCE, SYNC, TestServer, file, form, png};

const MIB: usize = 1 << 20;

/// Sends bytes as they are and reads one whole answer.
async fn raw(server: &TestServer, head: &str, pieces: Vec<Vec<u8>>) -> String {
    let address = server.base.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).await.expect("connection");
    let head = format!("{head}ailabapi-api-key: {}\r\nhost: {address}\r\n\r\n", server.key);
    stream.write_all(head.as_bytes()).await.expect("head");
    for piece in pieces {
        // The server may have answered and closed by now.
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let reading = async {
        while !is_whole(&answer) && stream.read_buf(&mut answer).await.is_ok_and(|got| got > 0) {}
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether this is an answer to its last byte, with or without `100 Continue` before it.
fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let last = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
    let Some((head, body)) = last.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse().ok()) == Some(body.len())
}

#[tokio::test]
async fn parameters_come_from_the_form_then_the_query() {
    let server = TestServer::start().await;
    let path = format!("{SYNC}?note=query&pictures=2");
    let answer = server.post(&path, form([("note", "form"), ("unknown", "x")])).await.success();
    assert_eq!(answer["data"]["note"], "form");
    assert_eq!(answer["data"]["images"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn urlencoded_bodies_and_no_body_at_all_are_forms_too() {
    let server = TestServer::start().await;
    let request = server.request(SYNC).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body("note=a+b%21&x=y").send().await.expect("answer");
    assert_eq!(Answer::of(answer).await.success()["data"]["note"], "a b!");
    let answer = server.request(&format!("{SYNC}?note=alone")).send().await.expect("answer");
    assert_eq!(Answer::of(answer).await.success()["data"]["note"], "alone");
}

#[tokio::test]
async fn other_content_types_are_refused_with_what_to_send() {
    let server = TestServer::start().await;
    for (kind, body) in [
        ("application/xml", "<image/>"),
        ("text/plain", "x"),
        ("multipart/form-data", "no boundary"),
    ] {
        let request = server.request(SYNC).header("content-type", kind).body(body);
        let answer = Answer::of(request.send().await.expect("answer")).await;
        let message = answer.failure(400, "ERROR_PARAMETERS");
        assert!(message.contains("multipart/form-data"), "{message}");
    }
}

#[tokio::test]
async fn broken_multipart_is_refused() {
    let server = TestServer::start().await;
    let part = "--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi";
    for (body, why) in [
        (part.to_owned(), "ends within the field `note`"),
        ("nothing of the kind".to_owned(), "boundary"),
        ("--b\r\nno header".to_owned(), "before its last boundary"),
        (format!("--b\r\nx: {}", "y".repeat(4 * MIB)), "header is too long"),
    ] {
        let request =
            server.request(SYNC).header("content-type", "multipart/form-data; boundary=b");
        let answer = Answer::of(request.body(body).send().await.expect("answer")).await;
        let message = answer.failure(400, "ERROR_PARAMETERS");
        assert!(message.contains(why), "{why} in {message}");
    }
    server.assert_charges(0).await;
}

#[tokio::test]
async fn parts_are_told_apart_leniently() {
    let server = TestServer::start().await;
    // A file as text is refused by name; a parameter sent as a file still is one.
    let message = server.post(SYNC, form([("image", "text")])).await;
    assert!(message.failure(400, "ERROR_PARAMETERS").contains("image is text"));
    let note = file(b"from a file".to_vec());
    let answer = server.post(SYNC, Form::new().part("note", note)).await.success();
    assert_eq!(answer["data"]["note"], "from a file");
    let nameless = reqwest::multipart::Part::bytes(png(9, 9));
    let nameless = nameless.mime_str("application/octet-stream").expect("media type");
    let twice = Form::new().part("image", nameless).part("image", file(png(20, 20)));
    let answer = server.post(SYNC, twice).await.success();
    assert_eq!(answer["data"]["size"], serde_json::json!([9, 9]), "the first counts");
    let not_utf8 = reqwest::multipart::Part::bytes(vec![0xff, 0xfe]);
    let answer = server.post(SYNC, Form::new().part("note", not_utf8)).await;
    assert!(answer.failure(400, "ERROR_PARAMETERS").contains("note"));
    let long = "x".repeat(MIB);
    server.post(SYNC, form([("note", &long)])).await.failure(413, "ERROR_CONTENT_TOO_LONG");
}

#[tokio::test]
async fn a_file_over_its_limit_is_named_with_the_limit() {
    let server = TestServer::start().await;
    let large = Form::new().part("image", file(vec![1; 8 * MIB]));
    let message = server.post(SYNC, large).await.failure(413, "FILE_SIZE_EXCEEDS_LIMIT");
    assert!(message.contains("image") && message.contains("2097152"), "{message}");
    // Unknown files are skipped, whatever their size.
    let unknown = Form::new().part("other", file(vec![1; 8 * MIB]));
    server.post(SYNC, unknown).await.success();
}

#[tokio::test]
async fn an_ordinary_client_sees_the_refusal_of_a_body_far_over_the_limit() {
    let server = TestServer::start().await;
    for _ in 0..3 {
        let large = Form::new().part("image", file(vec![1; 100 * MIB]));
        let answer = server.post(SYNC, large).await;
        let message = answer.failure(413, "ERROR_REQUEST_BODY_TOO_LARGE");
        assert!(message.contains(&(48 * MIB).to_string()), "{message}");
    }
    // The same before the body is looked at.
    let large = Form::new().part("image", file(vec![1; 40 * MIB]));
    let nobody = server.http.post(server.url(SYNC)).multipart(large).send().await;
    let nobody = Answer::of(nobody.expect("answer")).await;
    nobody.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
}

#[tokio::test]
async fn the_refusal_by_content_length_does_not_wait_for_the_body() {
    let server = TestServer::start().await;
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         content-length: 99999999999\r\nconnection: close\r\n"
    );
    let answer = raw(&server, &head, vec![]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("ERROR_REQUEST_BODY_TOO_LARGE"), "{answer}");
}

#[tokio::test]
async fn chunked_bodies_are_counted() {
    let server = TestServer::with(|settings| settings.limits.max_body_bytes = 4 << 20).await;
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         transfer-encoding: chunked\r\n"
    );
    let chunk = |bytes: Vec<u8>| {
        [format!("{:x}\r\n", bytes.len()).into_bytes(), bytes, b"\r\n".to_vec()].concat()
    };
    let mut pieces = vec![chunk(
        b"--b\r\ncontent-disposition: form-data; name=\"x\"; filename=\"x\"\r\n\r\n".to_vec(),
    )];
    pieces.extend((0..6).map(|_| chunk(vec![1; MIB])));
    let answer = raw(&server, &head, pieces).await;
    assert!(answer.contains("ERROR_REQUEST_BODY_TOO_LARGE"), "{answer}");
    let whole = b"--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--b--\r\n";
    let mut pieces: Vec<_> = whole.chunks(7).map(|piece| chunk(piece.to_vec())).collect();
    pieces.push(b"0\r\n\r\n".to_vec());
    let answer = raw(&server, &format!("{head}connection: close\r\n"), pieces).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"note\":\"hi\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let server = TestServer::with(|settings| settings.limits.stall_timeout_seconds = 1).await;
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         content-length: 1000\r\nconnection: close\r\n"
    );
    let answer = raw(&server, &head, vec![b"--b\r\n".to_vec()]).await;
    assert!(
        answer.contains("ERROR_DATA_TRANSFER_FAILED") && answer.contains("in the last 1 s"),
        "{answer}"
    );
}

#[tokio::test]
async fn expect_continue_is_answered_before_the_body() {
    let server = TestServer::start().await;
    let body = "--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--b--\r\n";
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    let answer = raw(&server, &head, vec![body.as_bytes().to_vec()]).await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue"), "{answer}");
    assert!(answer.contains("\"note\":\"hi\""), "{answer}");
}

#[tokio::test]
async fn work_that_can_never_fit_is_refused() {
    let server = TestServer::with(|settings| {
        settings.limits.memory_budget = 64 << 20;
        settings.limits.max_body_bytes = 8 << 20;
    })
    .await;
    let message = server.post(HEAVY, form([])).await;
    message.failure(400, "ERROR_INSUFFICIENT_RESOURCES");
}

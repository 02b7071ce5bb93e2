//! Request bodies that are compressed, broken off, or not what their headers say: each is accepted or
//! refused with the true reason.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, SYNC, TestServer, png};

const MIB: usize = 1 << 20;
const TYPE: &str = "content-type: multipart/form-data; boundary=b\r\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A form of one part with this header.
fn part(header: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\ncontent-disposition: form-data; {header}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--b--\r\n"].concat()
}

fn picture_part() -> Vec<u8> {
    part("name=\"image\"; filename=\"photo.png\"", &png(20, 10))
}

async fn send(server: &TestServer, encoding: &str, body: Vec<u8>) -> Answer {
    let request = server.request(SYNC).header("content-type", "multipart/form-data; boundary=b");
    let request = request.header("content-encoding", encoding);
    Answer::of(request.body(body).send().await.expect("answer")).await
}

/// Sends a request with these headers and this body, ends its side of the connection, and reads the
/// answer to its end.
async fn exchange(server: &TestServer, headers: &str, body: &[u8]) -> String {
    let address = server.base.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).await.expect("connection");
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\nhost: {address}\r\nailabapi-api-key: {}\r\n{headers}\r\n",
        server.key
    );
    stream.write_all(head.as_bytes()).await.expect("head");
    stream.write_all(body).await.expect("body");
    stream.shutdown().await.expect("the end");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Checks that the answer is of this code and says why.
fn refused(answer: &str, code: &str, why: &str) {
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{code} in {answer}");
    assert!(answer.contains(why), "{why} in {answer}");
}

#[tokio::test]
async fn compressed_bodies_are_decoded() {
    let server = TestServer::start().await;
    let body = picture_part();
    for (encoding, body) in [
        ("gzip", gzip(&body)),
        ("x-gzip", gzip(&body)),
        ("deflate", zlib(&body)),
        ("deflate", deflate(&body)),
        ("identity", body.clone()),
    ] {
        let answer = send(&server, encoding, body).await.success();
        assert_eq!(answer["data"]["size"], serde_json::json!([20, 10]), "{encoding}");
    }
    let request = server.request(SYNC).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("content-encoding", "gzip").body(gzip(b"note=compressed"));
    let answer = Answer::of(request.send().await.expect("answer")).await.success();
    assert_eq!(answer["data"]["note"], "compressed");
    server.assert_charges(6).await;
}

#[tokio::test]
async fn compressed_bodies_that_are_none_are_refused_by_the_name_of_the_header() {
    let server = TestServer::start().await;
    let whole = gzip(&picture_part());
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    for (encoding, body, why) in [
        ("br", whole.clone(), "allowed are gzip, deflate and identity"),
        ("gzip, gzip", whole.clone(), "allowed are gzip, deflate and identity"),
        ("gzip", picture_part(), "cannot be decoded"),
        ("deflate", picture_part(), "cannot be decoded"),
        ("gzip", wrong_sum, "cannot be decoded"),
        ("gzip", whole[..whole.len() - 3].to_vec(), "ends within"),
        ("gzip", whole[..whole.len() / 2].to_vec(), "ends within"),
        ("gzip", [&whole[..], &whole].concat(), "goes on after the end"),
    ] {
        let message = send(&server, encoding, body).await.failure(400, "ERROR_PARAMETERS");
        assert!(message.contains("Content-Encoding") && message.contains(why), "{message}");
    }
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_small_body_that_becomes_large_meets_every_limit() {
    let server = TestServer::with(|settings| settings.limits.max_body_bytes = 4 << 20).await;
    let zeros = vec![0; 16 * MIB];
    for (header, status, code) in [
        ("name=\"image\"; filename=\"x\"", 413, "FILE_SIZE_EXCEEDS_LIMIT"),
        ("name=\"note\"", 413, "ERROR_CONTENT_TOO_LONG"),
        ("name=\"unknown\"; filename=\"x\"", 413, "ERROR_REQUEST_BODY_TOO_LARGE"),
    ] {
        let bomb = gzip(&part(header, &zeros));
        assert!(bomb.len() < 64 << 10, "{}", bomb.len());
        send(&server, "gzip", bomb).await.failure(status, code);
    }
    // Also before the first boundary and after the last.
    send(&server, "gzip", gzip(&zeros)).await.failure(400, "ERROR_PARAMETERS");
    let after = gzip(&[picture_part(), zeros].concat());
    send(&server, "gzip", after).await.failure(413, "ERROR_REQUEST_BODY_TOO_LARGE");
    server.assert_charges(0).await;
    let metrics = server.get("/metrics").await;
    let text = String::from_utf8(metrics.body).expect("text");
    assert!(text.lines().any(|line| line == "safelight_body_bytes 0"), "{text}");
}

#[tokio::test]
async fn a_broken_transfer_says_so() {
    let server = TestServer::start().await;
    let chunked = format!("{TYPE}transfer-encoding: chunked\r\n");
    let first = b"--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi";
    let chunk =
        |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let promised = format!("{TYPE}content-length: 1000\r\n");
    for (headers, body) in [
        // A broken first chunk, a broken later one, one that is shorter than its size.
        (&chunked, b"zz\r\nno size\r\n".to_vec()),
        (&chunked, [&chunk(first)[..], b"zz\r\n"].concat()),
        (&chunked, b"ff\r\n--b\r\n".to_vec()),
        // An end between chunks, an end before the promised length, with something and with nothing.
        (&chunked, chunk(first)),
        (&chunked, Vec::new()),
        (&promised, first.to_vec()),
        (&promised, Vec::new()),
    ] {
        let answer = exchange(&server, headers, &body).await;
        refused(&answer, "ERROR_DATA_TRANSFER_FAILED", "the body broke off");
    }
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_broken_form_says_so() {
    let server = TestServer::start().await;
    let other =
        picture_part().iter().map(|&b| if b == b'-' { b'=' } else { b }).collect::<Vec<_>>();
    let large = [b"--other\r\n\r\n".to_vec(), vec![b'x'; 3 * MIB]].concat();
    for (body, why) in [
        (other, "it begins with `==b`, the boundary in Content-Type is `b`"),
        (large, "it begins with `--other`, the boundary in Content-Type is `b`"),
        (b"--b\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhi".to_vec(), "ends within"),
        (b"--b\r\ncontent-disp".to_vec(), "before its last boundary"),
    ] {
        let headers = format!("{TYPE}connection: close\r\ncontent-length: {}\r\n", body.len());
        refused(&exchange(&server, &headers, &body).await, "ERROR_PARAMETERS", why);
    }
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_file_needs_neither_a_name_nor_a_type() {
    let server = TestServer::start().await;
    let plain = "name=\"image\"\r\ncontent-type: text/plain";
    for header in ["name=\"image\"", plain] {
        let answer = send(&server, "identity", part(header, &png(30, 20))).await.success();
        assert_eq!(answer["data"]["size"], serde_json::json!([30, 20]), "{header}");
    }
    let large = vec![0; 3 * MIB];
    let answer = send(&server, "identity", part("name=\"image\"", &large)).await;
    let message = answer.failure(413, "FILE_SIZE_EXCEEDS_LIMIT");
    assert!(message.contains("image") && message.contains("2 MB"), "{message}");
    // What is text all the same is named as such, and nothing at all is no file.
    let url = part("name=\"image\"", b"https://example.com/photo.jpg");
    let message = send(&server, "identity", url).await.failure(400, "ERROR_PARAMETERS");
    assert!(message.contains("image is text"), "{message}");
    send(&server, "identity", part("name=\"image\"", &[7; 100]))
        .await
        .failure(415, "UNSUPPORTED_FILE_TYPES");
}

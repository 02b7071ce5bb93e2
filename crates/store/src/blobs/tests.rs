use super::*;

fn open() -> (tempfile::TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path().join("files")).unwrap();
    (folder, blobs)
}

async fn keys(blobs: &Blobs, prefix: &str) -> Vec<String> {
    let mut keys: Vec<_> =
        blobs.list(prefix).unwrap().map_ok(|blob| blob.key).try_collect().await.unwrap();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_file_is_written_read_listed_and_deleted() {
    let (_folder, blobs) = open();
    let content: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
    blobs.put("results/a.png", content.clone()).await.unwrap();
    blobs.put("results/b.png", Bytes::from_static(b"b")).await.unwrap();
    blobs.put("inputs/c", Bytes::new()).await.unwrap();

    assert_eq!(blobs.get("results/a.png").await.unwrap(), content);
    assert_eq!(blobs.get("inputs/c").await.unwrap().len(), 0);
    assert_eq!(blobs.head("results/a.png").await.unwrap(), 700_000);
    assert_eq!(blobs.get_range("results/a.png", 5..9).await.unwrap(), content[5..9]);
    let large = blobs.get_range("results/a.png", 1..700_000).await.unwrap();
    assert_eq!(large, content[1..]);

    assert_eq!(keys(&blobs, "results").await, ["results/a.png", "results/b.png"]);
    assert_eq!(keys(&blobs, "inputs").await, ["inputs/c"]);
    assert!(keys(&blobs, "nothing").await.is_empty());
    let listed = blobs.list("inputs").unwrap().try_next().await.unwrap().unwrap();
    let age = jiff::Timestamp::now().as_millisecond() - listed.modified_at;
    assert!(listed.size == 0 && (-2_000..60_000).contains(&age), "{listed:?} of age {age}");

    assert!(blobs.delete("results/a.png").await.unwrap());
    assert!(!blobs.delete("results/a.png").await.unwrap());
    for gone in ["results/a.png", "results/never.png"] {
        assert!(matches!(blobs.get(gone).await, Err(BlobError::NotFound(key)) if key == gone));
        assert!(matches!(blobs.head(gone).await, Err(BlobError::NotFound(_))));
        let part = blobs.get_range(gone, 0..1).await;
        assert!(matches!(part, Err(BlobError::NotFound(_))));
    }
}

#[tokio::test]
async fn a_file_is_replaced_whole_under_its_readers() {
    let (folder, blobs) = open();
    blobs.put("results/a", vec![1; 600_000]).await.unwrap();
    let (size, mut stream) = blobs.stream("results/a", None).await.unwrap();
    assert_eq!(size, 600_000);
    let mut read = stream.try_next().await.unwrap().unwrap().to_vec();
    assert!(read.len() <= CHUNK);
    blobs.put("results/a", vec![2; 10]).await.unwrap();
    while let Some(piece) = stream.try_next().await.unwrap() {
        assert!(piece.len() <= CHUNK);
        read.extend(piece);
    }
    assert_eq!(read, vec![1; 600_000]);
    assert_eq!(blobs.get("results/a").await.unwrap(), vec![2; 10]);
    let left = std::fs::read_dir(folder.path().join("files/results")).unwrap().count();
    assert_eq!(left, 1, "temporary files are left");
}

#[tokio::test]
async fn ranges_outside_the_file_are_refused() {
    let (_folder, blobs) = open();
    blobs.put("results/a", vec![0; 10]).await.unwrap();
    #[expect(clippy::reversed_empty_ranges)]
    for range in [0..11, 10..11, 5..5, 7..3, 0..u64::MAX] {
        let refused = blobs.get_range("results/a", range.clone()).await;
        assert!(matches!(refused, Err(BlobError::Invalid(_))), "{range:?}: {refused:?}");
    }
}

#[tokio::test]
async fn keys_never_leave_the_folder() {
    let (folder, blobs) = open();
    std::fs::write(folder.path().join("secret"), b"secret").unwrap();
    let long = "a".repeat(KEY_LENGTH + 1);
    let hostile = [
        "",
        "/",
        "..",
        "../secret",
        "results/../../secret",
        "/etc/passwd",
        "results//a",
        "results/",
        "results/.hidden",
        "results/a#1",
        "results\\a",
        "results/a b",
        "results/ä",
        "results/%2e",
        "results/a\0",
        "C:/a",
        "a/b/c/d/e",
        &long,
    ];
    for key in hostile {
        let refused = |e| matches!(e, Err(BlobError::Invalid(_)));
        assert!(refused(blobs.put(key, vec![1]).await), "put {key:?}");
        assert!(refused(blobs.get(key).await.map(drop)), "get {key:?}");
        assert!(refused(blobs.delete(key).await.map(drop)), "delete {key:?}");
        assert!(refused(blobs.list(key).map(drop)), "list {key:?}");
    }
}

#[tokio::test]
async fn half_written_files_are_hidden_and_swept_when_old() {
    let (folder, blobs) = open();
    blobs.put("results/whole", vec![1]).await.unwrap();
    let results = folder.path().join("files/results");
    std::fs::write(results.join("cut#1"), b"half").unwrap();
    assert_eq!(keys(&blobs, "results").await, ["results/whole"]);
    let now = jiff::Timestamp::now().as_millisecond();
    assert_eq!(blobs.remove_partial(now - 3_600_000).await.unwrap(), 0);
    assert_eq!(blobs.remove_partial(now + 3_600_000).await.unwrap(), 1);
    assert_eq!(std::fs::read_dir(results).unwrap().count(), 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let Err(error) = Blobs::local(file.join("files")) else { panic!("a folder inside a file") };
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn files_are_as_durable_as_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    for (durability, flushed) in [(Durability::Process, "false"), (Durability::Power, "true")] {
        let blobs = BlobSettings::default().open(folder.path(), durability).unwrap();
        let store = format!("{:?}", blobs.store);
        assert!(store.contains(&format!("fsync: {flushed}")), "{store}");
    }
}

#[test]
fn a_full_disk_is_told_apart() {
    let full = || io::Error::from(ErrorKind::StorageFull);
    let wrapped = object_store::Error::Generic { store: "local", source: Box::new(full()) };
    assert!(matches!(BlobError::of(wrapped, "results/a"), BlobError::Full(_)));
    let denied = io::Error::from(ErrorKind::PermissionDenied);
    let wrapped = object_store::Error::Generic { store: "local", source: Box::new(denied) };
    assert!(matches!(BlobError::of(wrapped, "results/a"), BlobError::Failed(_)));
}

fn s3(endpoint: &str, prefix: &str) -> Blobs {
    s3_with(endpoint, prefix, None)
}

fn s3_with(endpoint: &str, prefix: &str, redirect: Option<&str>) -> Blobs {
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "S3RVER\n").unwrap();
        Some(path)
    };
    let settings = BlobSettings {
        url: Some(format!("s3://safelight/{prefix}")),
        endpoint: Some(endpoint.to_owned()),
        access_key_file: key("id"),
        secret_key_file: key("secret"),
        redirect: redirect.map(str::to_owned),
        ..BlobSettings::default()
    };
    settings.open("/nowhere", Durability::Process).unwrap()
}

/// Against the server that `SAFELIGHT_TEST_S3` names (`tests/s3/run` starts one with the bucket
/// `safelight`).
#[tokio::test]
async fn a_bucket_behaves_as_a_folder_does() {
    let Some(endpoint) = std::env::var("SAFELIGHT_TEST_S3").ok().filter(|url| !url.is_empty())
    else {
        println!("skipped: SAFELIGHT_TEST_S3 names no server");
        return;
    };
    let prefix = uuid::Uuid::new_v4().simple().to_string();
    let (one, other) = (s3(&endpoint, &prefix), s3(&endpoint, &format!("{prefix}x/deep")));
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| n as u8).collect();
    one.put("results/a.png", bytes.clone()).await.unwrap();
    one.put("results/b", vec![1]).await.unwrap();
    other.put("results/a.png", vec![2]).await.unwrap();
    assert_eq!(one.get("results/a.png").await.unwrap(), bytes);
    assert_eq!(other.get("results/a.png").await.unwrap(), vec![2], "another prefix");
    one.put("results/b", vec![3, 4]).await.unwrap();
    assert_eq!(one.head("results/b").await.unwrap(), 2, "written in its place");
    let part = one.get_range("results/a.png", 500_000..500_010).await.unwrap();
    assert_eq!(part, bytes[500_000..500_010]);
    let (size, stream) = one.stream("results/a.png", None).await.unwrap();
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert_eq!((size, pieces.concat()), (600_000, bytes));
    for wrong in [600_000..600_001, 599_999..600_001] {
        let outside = one.get_range("results/a.png", wrong).await;
        assert!(matches!(outside, Err(BlobError::Invalid(_))), "{outside:?}");
    }
    let mut listed: Vec<Blob> = one.list("results").unwrap().try_collect().await.unwrap();
    listed.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<_> = listed.iter().map(|blob| (blob.key.as_str(), blob.size)).collect();
    assert_eq!(keys, [("results/a.png", 600_000), ("results/b", 2)]);
    assert!(listed[0].modified_at > 1_700_000_000_000);
    one.delete("results/a.png").await.unwrap();
    let gone = one.get("results/a.png").await;
    assert!(matches!(gone, Err(BlobError::NotFound(_))), "{gone:?}");
    one.delete("results/a.png").await.unwrap();
    assert_eq!(one.free_space().unwrap(), u64::MAX);
    assert_eq!(one.remove_partial(i64::MAX).await.unwrap(), 0);
}

#[tokio::test]
async fn a_bucket_is_read_by_signed_urls() {
    let Some(endpoint) = std::env::var("SAFELIGHT_TEST_S3").ok().filter(|url| !url.is_empty())
    else {
        println!("skipped: SAFELIGHT_TEST_S3 names no server");
        return;
    };
    let prefix = uuid::Uuid::new_v4().simple().to_string();
    let life = Duration::from_secs(60);
    let plain = s3(&endpoint, &prefix);
    assert_eq!(plain.link("results/a.png", life).await.unwrap(), None, "without the setting");
    let blobs = s3_with(&endpoint, &prefix, Some(&endpoint));
    blobs.put("results/a.png", vec![1, 2, 3]).await.unwrap();
    assert_eq!(blobs.follow("results/a.png").await.unwrap().unwrap(), vec![1, 2, 3]);
    let link = blobs.link("results/a.png", life).await.unwrap().unwrap();
    let answer = reqwest::get(&link).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/png");
    let part = reqwest::Client::new().get(&link).header("range", "bytes=1-1").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().to_vec()), (206, vec![2]));
    assert!(link.contains("X-Amz-Signature=") && link.contains("X-Amz-Expires=60"), "{link}");
    // The doctor's way fails where clients cannot reach the bucket.
    let astray = s3_with(&endpoint, &prefix, Some("http://127.0.0.1:1"));
    assert!(astray.follow("results/a.png").await.is_err());
}

#[tokio::test]
async fn a_bucket_that_is_down_is_told_after_few_tries() {
    // Nothing listens on the port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let down = s3(&endpoint, "");
    for outcome in [down.put("results/a", vec![1]).await, down.get("results/a").await.map(drop)] {
        assert!(matches!(outcome, Err(BlobError::Failed(_))), "{outcome:?}");
    }
}

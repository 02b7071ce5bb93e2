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
        let settings = crate::Settings { durability };
        let blobs = settings.open_files(folder.path()).unwrap();
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

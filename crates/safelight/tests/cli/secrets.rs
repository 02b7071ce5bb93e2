//! The two secrets of the data folder: made once, never replaced silently.

use std::fs;

use safelight_store::{Agreements as _, Sqlite};

use crate::harness::{Home, Server};

const SERVE: [&str; 4] = ["serve", "--without-engine", "--listen", "127.0.0.1:0"];

#[test]
fn a_lost_secret_of_keys_is_not_replaced_silently() {
    let home = Home::new();
    home.install();
    let secret = home.data().join("secret.key");
    let kept = fs::read(&secret).expect("made");
    fs::remove_file(&secret).expect("there");
    let add = ["key", "add", "default"];
    for command in [&SERVE[..], &add, &["console"], &["webhook", "secret", "default"]] {
        let why = home.fails(command);
        assert!(why.contains("restore it") && why.contains("key new-secret"), "{why}");
        assert!(!secret.exists());
    }
    let doctor = home.command(&["doctor"]).output().expect("runs");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = doctor.lines().find(|line| line.starts_with("key secret")).expect("a line");
    assert!(line.contains("WRONG"), "{line}");

    // Another one, such as that of another backup.
    fs::write(&secret, [7; 32]).expect("written");
    for command in [&SERVE[..], &add] {
        let why = home.fails(command);
        assert!(why.contains("is not the one that the database was used with"), "{why}");
    }
    assert!(home.fails(&["key", "new-secret", "--yes"]).contains("is there"));
    fs::write(&secret, kept).expect("restored");
    home.ok(&add);

    fs::remove_file(&secret).expect("there");
    assert!(home.fails(&["key", "new-secret"]).contains("--yes"));
    assert_eq!(home.json(&["key", "new-secret", "--yes"])["revoked"], 2);
    assert_eq!(home.json(&["key", "list"]).as_array().map(Vec::len), Some(0));
    home.ok(&add);
    let server = Server::start(home.command(&SERVE));
    assert_eq!(server.key(), None, "{}", server.greeting);
}

#[tokio::test]
async fn an_installation_of_an_earlier_release_notes_its_secrets() {
    let home = Home::new();
    home.install();
    let database = || Sqlite::open(home.data().join("safelight.db")).expect("opens");
    let store = database();
    for name in ["secret.key", "library.key"] {
        assert!(store.agreed(name).await.expect("read").is_some(), "{name}");
        store.forget_agreement(name).await.expect("forgotten");
    }
    drop(store);
    // Without a note, the keys say that there was a secret.
    let secret = home.data().join("secret.key");
    let kept = fs::read(&secret).expect("made");
    fs::remove_file(&secret).expect("there");
    assert!(home.fails(&SERVE).contains("restore it"));
    fs::write(&secret, kept).expect("restored");
    drop(Server::start(home.command(&SERVE)));
    for name in ["secret.key", "library.key"] {
        assert!(database().agreed(name).await.expect("read").is_some(), "{name}");
    }
}

#[test]
fn a_lost_key_of_libraries_is_not_replaced_silently() {
    let home = Home::new();
    home.install();
    let key = home.data().join("library.key");
    fs::remove_file(&key).expect("there");
    let out = home.path("out.ndjson");
    let export = ["library", "export", "default", out.to_str().expect("a name")];
    for command in [&SERVE[..], &export] {
        let why = home.fails(command);
        assert!(why.contains("restore it") && why.contains("library new-key"), "{why}");
    }
    assert!(home.fails(&["library", "new-key"]).contains("--yes"));
    home.ok(&["library", "new-key", "--yes"]);
    home.ok(&export);
    assert!(home.fails(&["library", "new-key", "--yes"]).contains("is there"));
}

#[test]
fn removing_the_only_user_makes_no_first_start() {
    let home = Home::new();
    home.install();
    home.ok(&["user", "remove", "admin"]);
    let server = Server::start(home.command(&SERVE));
    assert_eq!(server.key(), None, "{}", server.greeting);
}

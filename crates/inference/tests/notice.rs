//! NOTICE says what the manifest and the table of the photos say.

use std::fs;

use safelight_inference::manifest::Manifest;
use safelight_inference::notice;
use safelight_testkit as testkit;

/// With `SAFELIGHT_WRITE_NOTICE` in the environment the file is written instead of compared.
#[test]
fn notice_follows_from_the_manifest() {
    let manifest = Manifest::read(&testkit::models()).unwrap_or_else(|error| panic!("{error}"));
    let photos = fs::read_to_string(testkit::workspace().join("photos/ORIGIN.md"));
    let text = notice::render(&manifest, &photos.expect("the table of the photos"));
    let path = testkit::workspace().join("NOTICE");
    if std::env::var_os("SAFELIGHT_WRITE_NOTICE").is_some() {
        fs::write(&path, &text).expect("NOTICE can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "NOTICE is out of date: SAFELIGHT_WRITE_NOTICE=1 cargo test -p safelight-inference --test notice"
    );
}

#[test]
fn every_shipped_model_is_the_declared_one() {
    let registry = testkit::registry();
    assert!(registry.specs().count() > 0);
    for spec in registry.specs() {
        assert_eq!(registry.verify(&spec.name), Ok(()));
    }
}

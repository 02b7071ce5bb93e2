//! A file that is no OpenVINO. Alone in its process, since a process loads the library once.

use safelight_inference::scheduler::Plan;
use safelight_inference::{OpenVino, Settings};

#[test]
fn a_file_that_is_no_library_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("libopenvino_c.so");
    std::fs::write(&file, "not a library").expect("a file");
    let plan = Plan::new(&Settings::default());
    let error = OpenVino::load(&file, dir.path(), plan).map(drop).expect_err("it is refused");
    assert!(error.to_string().contains("libopenvino_c.so cannot be used"), "{error}");
}

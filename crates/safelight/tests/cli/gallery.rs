use std::fs;

use serde_json::Value;

use crate::harness::{Home, ok};

#[test]
fn every_service_shows_what_it_makes() {
    let home = Home::new();
    let folder = home.path("gallery");
    let out = folder.to_str().expect("Unicode");
    let chosen = ["--service", "image-exposure-score", "--service", "universal-background-removal"];
    let arguments = [&["gallery", "photos/coffee.png", "photos/text.png", "-o", out][..], &chosen];
    let said = ok(&mut home.with_library(&arguments.concat()));
    assert!(said.contains("results") && said.contains("index.html"), "{said}");
    let page = fs::read_to_string(folder.join("index.html")).expect("a page");
    for link in ["photos/coffee.png", "universal-background-removal/coffee.png", "exposure"] {
        assert!(page.contains(link), "{link}");
    }
    let mask = "universal-background-removal/return_form=mask/coffee.png";
    assert!(folder.join(mask).is_file() && page.contains(&mask.replace('=', "%3D")));

    let again = [&arguments.concat()[..], &["--json"]].concat();
    let strips: Value =
        serde_json::from_str(&ok(&mut home.with_library(&again))).expect("a list of strips");
    let scored = strips.as_array().expect("a list").iter().find(|strip| {
        strip["service"].as_str().is_some_and(|path| path.ends_with("image-exposure-score"))
    });
    assert!(scored.expect("asked for")["reports"][0]["answer"]["data"]["exposure"].is_number());
}

#[test]
fn a_folder_of_something_else_is_kept() {
    let home = Home::new();
    let folder = home.path("mine");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("letter.txt"), "mine").expect("written");
    let out = folder.to_str().expect("Unicode");
    let said = home.fails(&["gallery", "photos/coffee.png", "-o", out]);
    assert!(said.contains("choose another -o"), "{said}");
    assert!(folder.join("letter.txt").exists() && !home.data().exists());
}

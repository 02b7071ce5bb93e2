use serde_json::json;

use crate::harness::Home;

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_of_a_folder_is_counted_and_the_rest_comes() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    home.install();
    let people = home.path("people");
    for person in [&b"ada"[..], b"eve\xff"] {
        let folder = people.join(std::ffi::OsStr::from_bytes(person));
        std::fs::create_dir_all(folder).expect("made");
    }
    // A file that fails to be read, whoever reads it.
    std::os::unix::fs::symlink("/proc/self/mem", people.join("ada/a.png")).expect("made");
    let ada = people.join("ada/grace.jpg");
    std::fs::write(ada, safelight_testkit::photo("grace_hopper.jpg")).expect("written");
    let folder = people.to_str().expect("a name");
    let import = ["library", "import", "default", folder, "--group", "staff", "--json"];
    let import = home.with_library(&import).output().expect("runs");
    assert_eq!(import.status.code(), Some(1));
    let come: serde_json::Value = serde_json::from_slice(&import.stdout).expect("JSON");
    assert_eq!((&come["people"], &come["faces"]), (&json!(1), &json!(1)), "{come}");
    let said: Vec<_> = come["failed"].as_array().expect("a list").iter().collect();
    assert!(
        said[0]["message"].as_str().is_some_and(|why| why.contains("cannot be read")),
        "{come}"
    );
    assert!(said[1]["message"].as_str().is_some_and(|why| why.contains("not Unicode")), "{come}");
    assert_eq!(said.len(), 2);
}

#[test]
fn libraries_go_out_come_in_and_are_erased() {
    let home = Home::new();
    home.install();
    home.ok(&["app", "add", "shop"]);
    assert!(home.ok(&["library", "list", "shop"]).contains("no groups"));
    assert!(home.fails(&["library", "list", "none"]).contains("app list"));

    // A file as a server writes it, with one face of length one.
    let mut numbers = [0_u8; 512];
    numbers[..4].copy_from_slice(&1.0_f32.to_le_bytes());
    let embedding = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, numbers);
    let lines = [
        json!({"library": {"format": "safelight-faces-1", "model": "sface-2021dec"}}),
        json!({"group": {
            "group_id": "staff", "name": "Staff", "scene_type": "LIVE", "retention_days": null,
        }}),
        json!({"user": {
            "group_id": "staff", "user_id": "u1", "user_info": "", "consent_note": "signed",
        }}),
        json!({"face": {
            "group_id": "staff", "user_id": "u1", "face_token": "t1", "quality_score": 80.0,
            "embedding": embedding,
        }}),
    ];
    let text = lines.map(|line| line.to_string()).join("\n");
    let file = home.path("faces.ndjson");
    std::fs::write(&file, &text).expect("written");
    let file = file.to_str().expect("a name");
    let come = home.json(&["library", "import", "shop", file]);
    assert_eq!(come, json!({"groups": 1, "users": 1, "faces": 1, "skipped": 0}));
    let listed = home.json(&["library", "list", "shop"]);
    assert_eq!((&listed[0]["group_id"], &listed[0]["faces"]), (&json!("staff"), &json!(1)));

    let out = home.path("out.ndjson");
    let out = out.to_str().expect("a name");
    let gone = home.json(&["library", "export", "shop", out]);
    assert_eq!(gone, json!({"groups": 1, "users": 1, "faces": 1}));
    assert!(home.fails(&["library", "export", "shop", out]).contains("out.ndjson"), "it is there");
    let exported = std::fs::read_to_string(out).expect("read");
    assert_eq!(exported.lines().count(), 4);
    assert!(exported.contains(&embedding));
    std::fs::write(file, text.replace("sface-2021dec", "other")).expect("written");
    assert!(home.fails(&["library", "import", "shop", file]).contains("line 1"));

    let folder = home.path("people");
    std::fs::create_dir(&folder).expect("made");
    let folder = folder.to_str().expect("a name");
    assert!(home.fails(&["library", "import", "shop", folder]).contains("--group"));
    assert!(home.fails(&["library", "import", "shop", file, "--group", "g"]).contains("--group"));

    let audit = home.json(&["library", "audit", "shop", "--user", "u1"]);
    let actions: Vec<_> = audit.as_array().expect("a list").iter().map(|e| &e["action"]).collect();
    assert_eq!(actions, [&json!("face-add"), &json!("user-create")]);
    assert_eq!(home.json(&["library", "pause"])["paused"], true);
    assert_eq!(home.json(&["library", "resume"])["paused"], false);

    assert!(home.fails(&["library", "erase", "shop"]).contains("--yes"));
    let erased = home.json(&["library", "erase", "shop", "--yes"]);
    assert_eq!(erased, json!({"groups": 1, "users": 1, "faces": 1}));
    assert!(home.ok(&["library", "list", "shop"]).contains("no groups"));
}

use crate::harness::Home;

#[test]
fn the_help_of_every_command_has_an_example() {
    let home = Home::new();
    let commands = [
        "",
        "serve",
        "run",
        "mcp",
        "services",
        "errors",
        "models",
        "doctor",
        "ready",
        "user",
        "user add",
        "user list",
        "user lock",
        "user unlock",
        "user remove",
        "app",
        "app add",
        "app list",
        "app limits",
        "app service",
        "app remove",
        "key",
        "key add",
        "key list",
        "key revoke",
        "key rotate",
        "webhook",
        "webhook secret",
        "webhook list",
        "credits",
        "credits show",
        "credits add",
        "credits warn",
        "credits audit",
        "config",
        "completions",
        "man",
        "config check",
        "config show",
        "config default",
    ];
    for command in commands {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = home.ok(&arguments);
        assert!(help.contains("Example"), "{command}: {help}");
        assert!(help.contains(&format!("safelight {command}")), "{command}: {help}");
    }
}

#[test]
fn errors_are_listed_with_status_and_coarse_code() {
    let home = Home::new();
    let errors = home.json(&["errors"]);
    let errors = errors.as_array().expect("a list");
    assert_eq!(errors.len(), 123);
    let face = errors.iter().find(|e| e["code"] == "ERROR_NO_FACE_IN_FILE").expect("known");
    assert_eq!(face["status"], 422);
    assert_eq!(face["coarse"], "FILE_CONTENT_NON_COMPLIANCE");
    assert_eq!(face["message"], "No face detected in the file.");
    let later = home.json(&["errors", "--edition", "2026"]);
    assert_eq!(later.as_array().map(Vec::len), Some(126));
    let table = home.ok(&["errors", "credits"]);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(home.fails(&["errors", "nonsense"]).contains("NONSENSE"));
}

#[test]
fn services_are_listed_with_price_and_availability() {
    let home = Home::new();
    let services = home.json(&["services"]);
    let services = services.as_array().expect("a list");
    let find = |path: &str| services.iter().find(|service| service["path"] == path);
    let cutout = find("/api/cutout/general/universal-background-removal").expect("known");
    assert_eq!(cutout["mode"], "sync");
    assert_eq!(cutout["price"], 1);
    assert_eq!(cutout["available"], false, "nothing is unpacked yet");
    let contrast = find("/api/image/enhance/image-contrast-enhancement").expect("known");
    assert_eq!(contrast["available"], true, "needs no model");
    let described = home.ok(&["services", "universal-background-removal"]);
    assert!(described.contains("return_form") && described.contains("whiteBK"), "{described}");
    assert!(home.fails(&["services", "no-such"]).contains("`no-such` is no service"));
}

#[test]
fn models_are_listed_before_anything_is_installed() {
    let home = Home::new();
    let models = home.json(&["models"]);
    let models = models.as_array().expect("a list");
    let saliency = models.iter().find(|model| model["name"] == "u2net").expect("ships");
    assert_eq!(saliency["licence"], "Apache-2.0");
    assert_eq!(saliency["available"], false);
    assert!(!home.data().exists(), "a listing leaves no trace");
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_is_right() {
    let home = Home::new();
    let before = home.command(&["doctor", "--json"]).output().expect("runs");
    assert!(!before.status.success(), "nothing is installed");
    let findings: serde_json::Value = serde_json::from_slice(&before.stdout).expect("JSON");
    let folder = &findings.as_array().expect("a list")[1];
    assert_eq!((&folder["check"], &folder["ok"]), (&"data folder".into(), &false.into()));
    home.install();
    let port = "--set=listen=127.0.0.1:0";
    let after = crate::harness::ok(&mut home.with_library(&["doctor", port]));
    assert!(!after.contains("WRONG"), "{after}");
    assert!(after.contains("OpenVINO"), "{after}");
    assert!(!after.contains("public_url"), "only this machine: {after}");
    let open = crate::harness::ok(&mut home.with_library(&["doctor", "--set=listen=0.0.0.0:0"]));
    assert!(open.contains("recommended is public_url"), "{open}");
    let url = "--set=public_url=https://images.example.com";
    let set = home.with_library(&["doctor", "--set=listen=0.0.0.0:0", url]);
    let set = crate::harness::ok(&mut { set });
    assert!(set.contains("https://images.example.com") && !set.contains("public_url"), "{set}");

    let model = std::fs::read_dir(home.data().join("models"))
        .expect("unpacked")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .expect("a model");
    let mut bytes = std::fs::read(&model).expect("readable");
    bytes[1000] ^= 1;
    std::fs::write(&model, bytes).expect("writable");
    let damaged = home.with_library(&["doctor", port]).output().expect("runs");
    assert!(!damaged.status.success());
    assert!(String::from_utf8_lossy(&damaged.stdout).contains("SHA-256"));
}

#[test]
fn shells_and_the_manual_know_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.ok(&["completions", shell]);
        assert!(script.contains("universal") || script.contains("gallery"), "{shell}");
    }
    let page = home.ok(&["man"]);
    assert!(page.starts_with(".ie") && page.contains("safelight\\-serve"), "{page}");
    assert!(home.ok(&["man", "serve"]).contains("\\-\\-twin"));
    assert!(home.fails(&["man", "dance"]).contains("`dance`"));
}

#[test]
fn the_version_tells_edition_engine_and_models() {
    let home = Home::new();
    let version = home.ok(&["--version"]);
    for part in ["2025", "OpenVINO 2026", " models, set "] {
        assert!(version.contains(part), "{part} in {version}");
    }
    assert_eq!(home.ok(&["-V"]).lines().count(), 1);
}

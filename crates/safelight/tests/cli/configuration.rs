use std::fs;

use crate::harness::{Home, fails, ok};

fn queue(home: &Home, arguments: &[&str], variable: Option<&str>) -> i64 {
    let mut command = home.command(&[&["config", "show", "--json"], arguments].concat());
    if let Some(value) = variable {
        command.env("SAFELIGHT_LIMITS__QUEUE", value);
    }
    let config: serde_json::Value = serde_json::from_str(&ok(&mut command)).expect("JSON");
    config["limits"]["queue"].as_i64().expect("a number")
}

#[test]
fn file_then_environment_then_flags() {
    let home = Home::new();
    assert_eq!(queue(&home, &[], None), 32, "the default");
    fs::create_dir_all(home.data()).expect("a folder");
    fs::write(home.data().join("safelight.toml"), "[limits]\nqueue = 1").expect("written");
    assert_eq!(queue(&home, &[], None), 1, "the file in the data folder");
    let other = home.path("other.toml");
    fs::write(&other, "[limits]\nqueue = 2").expect("written");
    let other = other.to_str().expect("Unicode");
    assert_eq!(queue(&home, &["--config", other], None), 2, "the file that is named");
    assert_eq!(queue(&home, &[], Some("3")), 3, "the environment");
    assert_eq!(queue(&home, &["--set", "limits.queue=4"], Some("3")), 4, "a flag");
}

#[test]
fn check_says_where_values_come_from() {
    let home = Home::new();
    let mut command = home.command(&["config", "check", "--set", "log.level=debug"]);
    let table = ok(command.env("SAFELIGHT_CONTRACT__EDITION", "2026"));
    let line =
        |key: &str| table.lines().find(|l| l.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("contract.edition").contains("SAFELIGHT_CONTRACT__EDITION"), "{table}");
    assert!(line("log.level").contains("flag"), "{table}");
    assert!(line("limits.queue ").contains("default"), "{table}");
    assert!(table.contains("ok; the data folder is"), "{table}");
}

#[test]
fn what_is_unknown_or_wrong_is_named_with_its_place() {
    let home = Home::new();
    let file = home.path("mistaken.toml");
    let check = |text: &str| {
        fs::write(&file, text).expect("written");
        home.fails(&["config", "check", "--config", file.to_str().expect("Unicode")])
    };
    for (text, words) in [
        ("[limits]\nqueu = 1", ["`limits.queu`", "queue_wait_seconds"]),
        ("quantum = 1", ["`quantum`", "listen"]),
        ("[limits]\nqueue = \"many\"", ["`limits.queue`", "many"]),
        ("listen = \"here\"", ["`listen`", "address"]),
        ("[contract]\nedition = \"2027\"", ["`contract.edition`", "2027"]),
        ("[limits]\nmemory_budget = 1", ["limits.memory_budget", "67108864"]),
        ("[models]\nthreads = 0", ["`threads`", "1024"]),
        ("[store]\ndurability = \"disk\"", ["process", "power"]),
        ("[log]\nlevel = \"a=b=c\"", ["log.level", "a=b=c"]),
        ("[limits\n", ["not valid TOML", "line 1"]),
    ] {
        let error = check(text);
        assert!(words.iter().all(|word| error.contains(word)), "{text:?}: {error}");
        let from_file =
            !text.contains("budget") && !text.contains("threads") && !text.contains("log");
        assert!(!from_file || error.contains("mistaken.toml"), "{text:?}: {error}");
    }
    let mut command = home.command(&["config", "check"]);
    let error = fails(command.env("SAFELIGHT_LIMIT__QUEUE", "1"));
    assert!(error.contains("SAFELIGHT_LIMIT__QUEUE"), "{error}");
    assert!(home.fails(&["config", "show", "--set", "limits.nope=1"]).contains("`limits.nope`"));
    let missing = home.fails(&["config", "show", "--config", "/no/such/file.toml"]);
    assert!(missing.contains("/no/such/file.toml"), "{missing}");
}

#[test]
fn the_printed_default_is_a_valid_file() {
    let home = Home::new();
    let file = home.path("safelight.toml");
    fs::write(&file, home.ok(&["config", "default"])).expect("written");
    let file = file.to_str().expect("Unicode");
    assert_eq!(home.ok(&["config", "show", "--config", file]), home.ok(&["config", "show"]));
}

#[test]
fn engines_are_named_where_they_are_wrong_or_gone() {
    let home = Home::new();
    let file = home.path("engines.toml");
    let path = file.to_str().expect("Unicode").to_owned();
    let engine = |rest: &str| {
        let head =
            "[[engine]]\nname = \"x\"\nkind = \"openai-images\"\nurl = \"http://127.0.0.1:9\"";
        fs::write(&file, format!("{head}\n{rest}")).expect("written");
    };
    for (rest, words) in [
        ("serves = [\"try-on\"]", ["`try-on`", "try-on-clothes-pro"]),
        ("serves = [\"*\"]\nmax_parallel = 0", ["max_parallel", "is 0"]),
        ("serves = [\"*\"]\n[effects]\n\"try-on-clothes\" = \"y\"", ["`y`", "try-on-clothes"]),
        ("serves = [\"*\"]\n[effects]\n\"no-such\" = \"x\"", ["`no-such`", "ai-hair-color"]),
        ("serves = [\"*\"]\nwork = 1", ["work", "workflow"]),
    ] {
        engine(rest);
        let error = home.fails(&["config", "check", "--config", &path]);
        assert!(words.iter().all(|word| error.contains(word)), "{rest}: {error}");
    }
    let off = |services: &serde_json::Value| {
        let all = services.as_array().expect("a list").iter();
        let mut found = all.filter(|service| {
            service["path"].as_str().expect("a path").ends_with("/try-on-clothes")
        });
        found.next().expect("it is listed")["why_not"].as_str().unwrap_or_default().to_owned()
    };
    engine("serves = [\"try-on-clothes\"]\n[effects]\n\"try-on-clothes\" = \"x\"");
    home.ok(&["config", "check", "--config", &path]);
    assert!(!off(&home.json(&["services", "--config", &path])).contains("[[engine]]"));
    let doctor = home.command(&["doctor", "--config", &path]).output().expect("it runs");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = doctor.lines().find(|line| line.starts_with("engine x")).unwrap_or_default();
    assert!(line.contains("WRONG") && line.contains("cannot be reached"), "{doctor}");
}

use std::fs;

use safelight_imaging::probe;
use serde_json::Value;

use crate::harness::{Home, ok};

const CONTRAST: &str = "image-contrast-enhancement";
const CUTOUT: &str = "universal-background-removal";

#[test]
fn a_photo_becomes_a_cutout() {
    let home = Home::new();
    let result = home.path("cutout.png");
    let result = result.to_str().expect("Unicode");
    let mut command = home.with_library(&["run", CUTOUT, "photos/astronaut.png", "-o", result]);
    let line = ok(&mut command);
    assert!(line.contains("cutout.png"), "{line}");
    let header = probe(&fs::read(result).expect("written")).expect("a picture");
    assert_eq!((header.width, header.height), (512, 512));
}

#[cfg(unix)]
#[test]
fn results_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let run = home.command(&["run", CONTRAST, "photos/coffee.png", "-o"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
    let result = home.path("result.jpg");
    shell.arg(&result).current_dir(crate::harness::workspace()).env("SAFELIGHT_DATA", home.data());
    ok(&mut shell);
    assert_eq!(fs::metadata(result).expect("written").permissions().mode() & 0o777, 0o600);
}

#[test]
fn bad_files_are_reported_and_the_others_done() {
    let home = Home::new();
    let (inputs, results) = (home.path("in"), home.path("out"));
    fs::create_dir_all(&inputs).expect("a folder");
    for name in ["coffee.png", "chelsea.png"] {
        fs::write(inputs.join(name), safelight_testkit::photo(name)).expect("written");
    }
    fs::write(inputs.join("bad.jpg"), "no picture").expect("written");
    let (inputs, results) = (inputs.to_str().expect("Unicode"), results.to_str().expect("Unicode"));
    let arguments = ["run", CONTRAST, inputs, "missing.png", "-o", results];
    let output = home.command(&arguments).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    let (said, failed) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("2 done, 2 failed"), "{said}");
    assert!(failed.contains("UNSUPPORTED_FILE_TYPES"), "{failed}");
    assert!(failed.contains("missing.png"), "{failed}");
    assert_eq!(fs::read_dir(results).expect("made").count(), 2);

    let again = home.command(&[&arguments[..], &["--json"]].concat()).output().expect("runs");
    let lines: Vec<Value> = String::from_utf8_lossy(&again.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object on each line"))
        .collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line["code"].is_string()), "results are kept: {lines:?}");
    let forced = ok(&mut home.command(&[
        "run",
        CONTRAST,
        "photos/coffee.png",
        "-o",
        results,
        "--force",
        "--json",
    ]));
    let forced: Value = serde_json::from_str(&forced).expect("JSON");
    assert!(forced["outputs"][0].as_str().is_some_and(|path| path.contains("coffee")), "{forced}");
    assert!(forced["stages"].as_object().is_some_and(|stages| !stages.is_empty()), "{forced}");
}

#[test]
fn mistakes_are_refused_before_anything_runs() {
    let home = Home::new();
    let photo = "photos/coffee.png";
    let out = home.path("out");
    let out = out.to_str().expect("Unicode");
    assert!(home.fails(&["run", "no-such", photo, "-o", out]).contains("safelight services"));
    assert!(home.fails(&["run", CUTOUT, photo]).contains("-o"));
    let unknown = home.fails(&["run", CUTOUT, photo, "-p", "retrun_form=mask", "-o", out]);
    assert!(unknown.contains("`retrun_form`") && unknown.contains("return_form"), "{unknown}");
    let wrong = home.fails(&["run", CUTOUT, photo, "-p", "return_form=gif", "-o", out]);
    assert!(wrong.contains("whiteBK"), "{wrong}");
    assert!(home.fails(&["run", CUTOUT, "photos/*.gif", "-o", out]).contains("matches no file"));
    let two = home.fails(&["run", CUTOUT, photo, "photos/chelsea.png", "-o", "one.png"]);
    assert!(two.contains("name a folder"), "{two}");
    assert!(!home.data().exists());
}

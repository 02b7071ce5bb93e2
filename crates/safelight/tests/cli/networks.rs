//! Networks that an operator adds.

use safelight_testkit::graph;

use crate::harness::{Home, fails, ok};

#[test]
fn a_network_is_added_listed_used_and_removed() {
    let home = Home::new();
    home.install();
    let file = |name: &str| {
        let path = home.path(&format!("{name}.onnx"));
        std::fs::write(&path, graph::network(name)).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let (isnet, lama) = (file("isnet-general-use"), file("lama"));
    let networks = home.json(&["models", "networks"]);
    let listed = networks.as_array().expect("a list").iter();
    let isnet_row = listed.clone().find(|row| row["name"] == "isnet-general-use").expect("known");
    assert_eq!(isnet_row["used_for"], "cutout");
    assert_eq!(listed.count(), 9);

    // What does not fit is refused with what was found and what is wanted.
    let add = |name: &str, file: &str| home.with_library(&["models", "add", name, file]);
    let why = fails(&mut add("isnet-general-use", &lama));
    assert!(why.contains("its inputs are `image` f32 [1, 3, 512, 512]"), "{why}");
    assert!(why.contains("wanted are `image` f32 [1, 3, 1024, 1024]"), "{why}");
    let why = fails(&mut add("u2net", &isnet));
    assert!(why.contains("`u2net` is not a network") && why.contains("birefnet-general"), "{why}");
    let text = home.path("text.onnx");
    std::fs::write(&text, "no graph").expect("written");
    let why = fails(&mut add("lama", text.to_str().expect("a path")));
    assert!(why.contains("is not a graph that can be run here"), "{why}");
    let chosen = "--set=models.use.cutout=isnet-general-use";
    let doctor = home.with_library(&["doctor", chosen]).output().expect("runs");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("`safelight models add isnet-general-use <file>`"), "{doctor}");

    let said = ok(&mut add("isnet-general-use", &isnet));
    assert!(said.contains("none of the files that are known"), "{said}");
    assert!(said.contains("cutout = \"isnet-general-use\""), "{said}");
    let models = ok(&mut home.with_library(&["models", "list", "--json"]));
    let models: serde_json::Value = serde_json::from_str(&models).expect("JSON");
    let row = |name: &str| {
        models.as_array().expect("a list").iter().find(|row| row["name"] == name).expect("listed")
    };
    let added = row("isnet-general-use");
    assert_eq!((&added["added"], &added["available"]), (&true.into(), &true.into()), "{added}");
    assert_eq!(row("u2net")["added"], false);

    // The cut-out of a dark disc is what is bright.
    let scene = home.path("scene.png");
    let picture = image::RgbImage::from_fn(300, 200, |x, y| {
        let far = (x as f32 - 150.0).hypot(y as f32 - 100.0);
        image::Rgb(if far < 50.0 { [30, 20, 20] } else { [230, 228, 220] })
    });
    picture.save(&scene).expect("saved");
    let out = home.path("out");
    let run = ["run", "universal-background-removal", scene.to_str().expect("a path"), "-o"];
    let out_name = out.to_str().expect("a path");
    ok(&mut home.with_library(&[&run[..], &[out_name, chosen]].concat()));
    let made = std::fs::read_dir(&out).expect("made").flatten().next().expect("a file").path();
    let made = image::open(made).expect("a picture").to_rgba8();
    assert!(made.get_pixel(150, 100).0[3] < 50 && made.get_pixel(10, 10).0[3] > 200);

    let why = fails(&mut home.with_library(&["models", "remove", "isnet-general-use", chosen]));
    assert!(why.contains("`models.use.cutout`"), "{why}");
    // What the console decided counts after the configuration.
    let choices = home.data().join("models-added/choices.toml");
    let decided = "refuse = [\"licence:BSD-2-Clause\", \"gone\"]\n[use]\ncutout = \"isnet-general-use\"\n\
                   removal = \"lama\"\n";
    std::fs::write(&choices, decided).expect("written");
    let refused = || {
        let models = home.json(&["models", "list"]);
        let models = models.as_array().expect("a list").iter();
        let reasons = models.filter_map(|row| row["why_not"].as_str().map(str::to_owned));
        reasons.filter(|why| why.contains("licence:BSD-2-Clause")).count()
    };
    assert_eq!(refused(), 1);
    let origins = home.json(&["config", "check", "--set=models.refuse=data:non-commercial"]);
    let origins = origins["values"].as_array().expect("a list").iter();
    let origin = |key: &str| {
        let of_key = origins.clone().filter(|row| row["key"] == key);
        of_key.map(|row| row["source"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(origin("models.refuse"), ["the flag that sets `models.refuse`", "the console"]);
    assert_eq!(origin("models.use.cutout"), ["the console"]);
    let why = fails(&mut home.with_library(&["models", "remove", "isnet-general-use"]));
    assert!(why.contains("the console gives cutout to isnet-general-use"), "{why}");
    std::fs::write(&choices, "refuse = 7").expect("written");
    assert!(home.fails(&["models"]).contains("choices.toml is not valid"));
    std::fs::remove_file(&choices).expect("there");

    let stored = home.data().join("models-added/isnet-general-use.onnx");
    std::fs::remove_file(&stored).expect("it is there");
    let doctor = home.with_library(&["doctor", chosen]).output().expect("runs");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = doctor.lines().find(|line| line.starts_with("model isnet-general-use"));
    assert!(line.is_some_and(|line| line.contains("WRONG")), "{doctor}");
    ok(&mut home.with_library(&["models", "remove", "isnet-general-use"]));
    let json = |arguments: &[&str]| -> serde_json::Value {
        let text = ok(&mut home.with_library(&[arguments, &["--json"]].concat()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let added = json(&["models", "add", "isnet-general-use", &isnet]);
    assert_eq!((&added["used_for"], &added["published"]), (&"cutout".into(), &().into()));
    assert_eq!(json(&["models", "remove", "isnet-general-use"])["removed"], true);
    let why = fails(&mut home.with_library(&["models", "remove", "isnet-general-use"]));
    assert!(why.contains("was not added"), "{why}");
}

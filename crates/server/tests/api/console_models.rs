//! Models in the console: refused and allowed, networks added from files and given their work, and what
//! an attack meets.

use std::path::PathBuf;

use reqwest::Method;
use reqwest::header::ORIGIN;
use reqwest::multipart::{Form, Part};
use safelight_inference::{Added, Choices, Installation, Settings};
use safelight_server::moderation::settings::Action;
use safelight_testkit::graph;
use tempfile::TempDir;

use crate::common::TestServer;
use crate::console::{Browser, Page};

/// Longest file in these tests.
const MAX: usize = 100_000;

/// The models that ship, and a folder for others.
fn installation(settings: Settings) -> (Installation, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let added = Added::new(folder.path().join("added")).with_max_bytes(MAX as u64);
    (Installation { shipped: safelight_testkit::models(), added, settings }, folder)
}

fn in_folder(installation: &Installation) -> Vec<String> {
    let entries = std::fs::read_dir(installation.added.folder()).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(name).filter(|name| !name.ends_with("lock")).collect();
    names.sort();
    names
}

fn form(csrf: &str, network: &str, file: &str, bytes: Vec<u8>) -> Form {
    let file = Part::bytes(bytes).file_name(file.to_owned());
    let text = |text: &str| Part::text(text.to_owned());
    Form::new().part("csrf", text(csrf)).part("network", text(network)).part("file", file)
}

async fn send(browser: &Browser<'_>, origin: &str, form: Form) -> Page {
    let request = browser.request(Method::POST, "/console/models/add").header(ORIGIN, origin);
    Page::of(request.multipart(form)).await
}

#[tokio::test]
async fn a_model_is_refused_and_allowed_from_the_next_start() {
    let settings = Settings { refuse: vec!["licence:BSD-2-Clause".into()], ..Settings::default() };
    let (installation, _folder) = installation(settings);
    let server = TestServer::of_installation(installation.clone()).await;
    let operator = Browser::operator(&server).await;
    let refuse =
        async |entry: &str| operator.post("/console/models/refuse", &[("entry", entry)]).await;
    let page = operator.get("/console/models").await.text;
    assert!(
        page.contains("Adapter tested by contract only") && page.contains("licence:BSD-2-Clause")
    );

    for (entry, why) in [
        ("nothing", "covers no model"),
        ("../u2net", "covers no model"),
        ("data:secret", "covers no model"),
        ("licence:", "covers no model"),
        ("", "entry is missing"),
    ] {
        let page = refuse(entry).await;
        assert!(page.text.contains(why), "{entry}: {}", page.text);
    }
    assert_eq!(installation.added.choices().expect("none"), Choices::default());

    let page = refuse("u2net").await.text;
    assert!(page.contains("From the next start on u2net is refused"), "{page}");
    assert!(page.contains("refused from the next start"), "{page}");
    assert_eq!(installation.next().expect("opens").refusal("u2net"), Some("u2net"));
    assert!(server.get("/health/ready").await.status == 200, "nothing changed yet");
    let allow =
        async |entry: &str| operator.post("/console/models/allow", &[("entry", entry)]).await;
    let page = allow("licence:BSD-2-Clause").await.text;
    assert!(page.contains("which counts first"), "{page}");
    assert!(allow("u2net").await.text.contains("no longer refused"));
    assert!(allow("u2net").await.text.contains("is not refused here"));
    assert_eq!(installation.next().expect("opens").refusal("u2net"), None);
    let changes = operator.get("/console/audit").await.text;
    assert!(changes.contains("model refused") && changes.contains("model allowed"), "{changes}");
}

#[tokio::test]
async fn nobody_else_changes_models() {
    let (installation, _folder) = installation(Settings::default());
    let server = TestServer::of_installation(installation.clone()).await;
    let operator = Browser::operator(&server).await;
    let other = Browser::operator(&server).await;
    let owner = Browser::owner(&server, &server.key).await;
    let (own, evil) = (server.base.as_str(), "https://evil.example");
    let graph = || graph::network("lama");
    for (browser, csrf, origin, status) in [
        (&operator, "", own, 403),
        (&operator, "0", own, 403),
        (&operator, other.csrf.as_str(), own, 403),
        (&operator, &operator.csrf, evil, 403),
        (&owner, &operator.csrf, own, 403),
        (&owner, &owner.csrf, own, 404),
    ] {
        let page = send(browser, origin, form(csrf, "lama", "lama.onnx", graph())).await;
        assert_eq!(page.status, status, "{csrf} {origin}");
    }
    // The token comes first, so that nothing is written before it is known.
    let file = Part::bytes(graph()).file_name("lama.onnx");
    let late = Form::new().part("file", file).text("network", "lama");
    let page = send(&operator, own, late.text("csrf", operator.csrf.clone())).await;
    assert_eq!(page.status, 403);
    let visitor = Browser::new(&server);
    assert_eq!(send(&visitor, own, form("", "lama", "lama.onnx", graph())).await.status, 401);
    for act in ["refuse", "allow", "use", "remove"] {
        let path = format!("/console/models/{act}");
        let fields = [("entry", "u2net"), ("work", "cutout"), ("network", "")];
        assert_eq!(owner.post(&path, &fields).await.status, 404, "{act}");
        let unsigned = operator.request(Method::POST, &path).header(ORIGIN, own);
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        let encoded = encoded.extend_pairs(fields).finish();
        assert_eq!(Page::of(unsigned.body(encoded)).await.status, 403, "{act}");
    }
    assert_eq!(in_folder(&installation), Vec::<String>::new());
}

#[tokio::test]
async fn a_network_is_added_given_its_work_and_removed() {
    let (installation, folder) = installation(Settings::default());
    let server = TestServer::of_installation(installation.clone()).await;
    let operator = Browser::operator(&server).await;
    let add = async |network: &str, file: &str, bytes: Vec<u8>| {
        send(&operator, &server.base, form(&operator.csrf, network, file, bytes)).await.text
    };
    let lama = || graph::network("lama");
    for (network, file, bytes, why) in [
        ("../../lama", "lama.onnx", lama(), "`../../lama` is no network that can be added"),
        ("u2net", "u2net.onnx", lama(), "`u2net` is no network that can be added"),
        ("lama", "lama.onnx", b"no graph".to_vec(), "is not a graph that can be run here"),
        ("lama", "lama.onnx", vec![], "the file is empty"),
        ("lama", "lama.onnx", vec![7; MAX + 1], "more than 100000 bytes"),
        ("gfpgan", "lama.onnx", lama(), "the file is not gfpgan: its inputs are"),
    ] {
        let page = add(network, file, bytes).await;
        assert!(page.contains(why), "{network}: {page}");
        assert_eq!(in_folder(&installation), Vec::<String>::new(), "{network}");
    }
    let give = async |work: &str, network: &str| {
        operator.post("/console/models/use", &[("work", work), ("network", network)]).await.text
    };
    assert!(give("removal", "lama").await.contains("is no network for removal that is here"));

    // However the browser calls the file, it lies under the network's name.
    let page = add("lama", "../../../evil/x.onnx", lama()).await;
    assert!(page.contains("it is none of the published files"), "{page}");
    assert_eq!(in_folder(&installation), ["lama.onnx", "manifest.toml"]);
    assert!(!folder.path().join("evil").exists());
    let stored = std::fs::read(installation.added.folder().join("lama.onnx")).expect("kept");
    assert_eq!(stored, lama());

    assert!(give("faces", "lama").await.contains("is no network for faces that is here"));
    assert!(give("../faces", "lama").await.contains("is no work for networks"));
    let page = give("removal", "lama").await;
    assert!(page.contains("From the next start on removal is done by lama"), "{page}");
    assert_eq!(installation.next().expect("opens").chosen("removal"), Some("lama"));
    let remove =
        async || operator.post("/console/models/remove", &[("network", "lama")]).await.text;
    assert!(remove().await.contains("choose another first"));
    assert!(add("lama", "x.onnx", lama()).await.contains("choose another first"));
    give("removal", "").await;
    assert_eq!(installation.next().expect("opens").chosen("removal"), None);
    assert!(remove().await.contains("lama is removed"));
    assert_eq!(in_folder(&installation), ["choices.toml", "manifest.toml"]);
    assert!(remove().await.contains("was not added"));
    let changes = operator.get("/console/audit").await.text;
    for change in ["network added", "network chosen", "network removed"] {
        assert!(changes.contains(change), "{change}");
    }
}

#[tokio::test]
async fn what_the_next_start_would_fail_on_is_not_kept() {
    let (installation, _folder) = installation(Settings::default());
    let registry = safelight_testkit::registry();
    let models = registry.memory(registry.specs().map(|spec| &*spec.name)) / (1 << 20);
    let server = TestServer::of_installation_with(installation.clone(), |settings| {
        settings.moderation.inputs = Action::Block;
        settings.limits.memory_budget = (models + 700) << 20;
    })
    .await;
    let operator = Browser::operator(&server).await;
    let page = operator.post("/console/models/refuse", &[("entry", "open_nsfw")]).await.text;
    assert!(page.contains("The next start would fail, so nothing was changed"), "{page}");
    // A network as large as what is left for jobs.
    let file = installation.added.folder().join("lama.onnx");
    let send =
        send(&operator, &server.base, form(&operator.csrf, "lama", "x", graph::network("lama")));
    assert!(send.await.text.contains("lama is added"));
    let manifest: PathBuf = installation.added.folder().join("manifest.toml");
    let text = std::fs::read_to_string(&manifest).expect("read");
    let length = file.metadata().expect("there").len();
    let large = 300_u64 << 20;
    let text = text.replace(&format!("bytes = {length}"), &format!("bytes = {large}"));
    std::fs::write(&manifest, text).expect("written");
    std::fs::File::options()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_len(large))
        .expect("long");
    let fields = [("work", "removal"), ("network", "lama")];
    let page = operator.post("/console/models/use", &fields).await.text;
    assert!(page.contains("which leaves too little for jobs"), "{page}");
    assert_eq!(installation.added.choices().expect("none"), Choices::default());
}

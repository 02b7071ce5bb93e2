//! What readiness tells of models, disk and database, and what is refused meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use safelight_inference::manifest::ModelSpec;
use safelight_inference::{Engine, EngineError, Outputs, Registry, Session, Settings, Tensor};
use tempfile::TempDir;

use crate::common::{
    ASYNC, MODELLESS, NO_SUCH_MODEL, SYNC, TestServer, eventually, file, files_below, form,
};

/// Names of the parts that are not well; the status must agree.
async fn unwell(server: &TestServer) -> Vec<String> {
    let live = server.get("/health/live").await;
    assert_eq!(live.status, 200);
    let answer = server.get("/health/ready").await;
    let json = answer.json();
    let parts = json["parts"].as_object().expect("parts");
    let names = parts.iter().filter(|(_, part)| part["ok"] != true);
    let names: Vec<_> = names
        .map(|(name, part)| {
            assert!(part["why"].as_str().is_some_and(|why| !why.is_empty()), "{json}");
            name.clone()
        })
        .collect();
    let expected = if names.is_empty() { (200, "ready") } else { (503, "not ready") };
    assert_eq!((answer.status, json["status"].as_str()), (expected.0, Some(expected.1)), "{json}");
    assert_eq!(parts.len(), 4, "{json}");
    names
}

#[tokio::test]
async fn a_disk_below_its_reserve_is_told_and_nothing_is_begun() {
    let server = TestServer::with(|settings| settings.results.disk_reserve = u64::MAX).await;
    assert_eq!(unwell(&server).await, ["disk"]);
    for path in [SYNC, ASYNC, "/api/common/upload-file", "/api/common/submit-batch-tasks"] {
        let refused = server.post(path, form([])).await;
        let message = refused.failure(400, "ERROR_INSUFFICIENT_RESOURCES");
        assert!(message.contains("results.disk_reserve"), "{message}");
        assert_eq!(refused.header("retry-after"), "60");
    }
    server.assert_charges(0).await;
    assert_eq!(server.credits().await, (1000, 0));
    assert!(files_below(&server.files()).is_empty());
}

#[tokio::test]
async fn waiting_inputs_and_results_share_the_budget() {
    let budget = 1 << 20;
    let server = TestServer::with(|settings| settings.results.disk_budget = budget).await;
    assert_eq!(unwell(&server).await, Vec::<String>::new());
    // Of this moment: the sweep deletes an older input that belongs to no task.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let waiting = server.store.add_input("inputs/1/waiting", budget - 100, budget, now).await;
    assert_eq!(waiting, Ok(true));
    // There is room left, but for no result and no input of this size.
    assert_eq!(unwell(&server).await, Vec::<String>::new());
    server.post(SYNC, form([("bytes", "101")])).await.failure(500, "FILE_SERVICE_ERROR");
    let long = "x".repeat(90);
    let refused = server.post(ASYNC, form([("note", &long)])).await;
    let message = refused.failure(400, "ERROR_INSUFFICIENT_RESOURCES");
    assert!(message.contains("inputs of tasks 1048476"), "{message}");
    let rest = server.store.add_input("inputs/1/rest", 100, budget, now).await;
    assert_eq!(rest, Ok(true));
    assert_eq!(unwell(&server).await, ["disk"]);
    let refused = server.post(SYNC, form([("bytes", "1")])).await;
    let message = refused.failure(400, "ERROR_INSUFFICIENT_RESOURCES");
    assert!(message.contains("results.disk_budget"), "{message}");
    server.assert_charges(0).await;
    server.store.remove_input("inputs/1/waiting").await.expect("removed");
    assert_eq!(unwell(&server).await, Vec::<String>::new());
    server.post(SYNC, form([("bytes", "101")])).await.success();
    assert_eq!(server.credits().await, (997, 0));
}

#[tokio::test]
async fn an_ended_task_gives_its_room_back() {
    let server = TestServer::start().await;
    let (task, _) = server.submit(form([("note", "kept")])).await;
    server.wait(&task).await.success();
    eventually(async || (server.store.disk_use().await.expect("store").inputs == 0).then_some(()))
        .await;
}

/// An engine that lacks files for its first loads.
struct Recovering {
    failures: AtomicUsize,
    last: fn(String) -> EngineError,
}

struct Idle;

impl Engine for Recovering {
    fn describe(&self) -> String {
        "recovering".into()
    }

    fn load(&self, _: &ModelSpec, _: &Path) -> Result<Box<dyn Session>, EngineError> {
        let left = self.failures.load(Ordering::SeqCst);
        self.failures.store(left.saturating_sub(1), Ordering::SeqCst);
        if left > 0 { Err((self.last)("too many open files".into())) } else { Ok(Box::new(Idle)) }
    }
}

impl Session for Idle {
    fn run(&self, _: &[(&str, &Tensor)]) -> Result<Outputs, EngineError> {
        Ok(Outputs::default())
    }
}

/// SHA-256 of `weights`.
const DIGEST: &str = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";

/// The model that a service of the tests needs, on an engine that fails so often, and the seconds of
/// its clock.
fn models(
    failures: usize,
    last: fn(String) -> EngineError,
) -> (TempDir, Arc<Registry>, Arc<AtomicU64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = format!(
        "[[model]]\nname = '{NO_SUCH_MODEL}'\nfile = 'm.onnx'\nsha256 = '{DIGEST}'\nbytes = 7\n\
         task = 't'\nprecision = 'f32'\nlicence = 'MIT'\nauthor = 'a'\n\
         [[model.input]]\nname = 'x'\ndtype = 'f32'\nshape = [1]\nlayout = 'N'\nmeaning = 'm'\n\
         [[model.output]]\nname = 'y'\ndtype = 'f32'\nshape = [1]\nlayout = 'N'\nmeaning = 'm'\n\
         [model.origin]\npackage = 'p'\nversion = '1'\narchive_sha256 = '{DIGEST}'\npath = 'p'\n\
         conversion = 'none'\n[model.training]\ndata = 'd'\nterms = 'open'\n"
    );
    std::fs::write(folder.path().join("manifest.toml"), manifest).expect("a manifest");
    std::fs::write(folder.path().join("m.onnx"), "weights").expect("a model");
    let engine = Recovering { failures: AtomicUsize::new(failures), last };
    let folders = [folder.path().to_owned()];
    let registry = Registry::open(Arc::new(engine), &folders, &Settings::default());
    let (start, seconds) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let clock = seconds.clone();
    let registry = registry
        .expect("a registry")
        .with_clock(move || start + Duration::from_secs(clock.load(Ordering::SeqCst)));
    (folder, Arc::new(registry), seconds)
}

#[tokio::test]
async fn a_model_that_failed_for_a_while_comes_back_by_itself() {
    let (_folder, registry, seconds) = models(2, EngineError::Unavailable);
    let server = TestServer::with_models(registry.clone()).await;
    assert_eq!(unwell(&server).await, Vec::<String>::new(), "not tried yet");
    assert!(registry.get(NO_SUCH_MODEL).is_err());
    assert_eq!(unwell(&server).await, ["models"]);
    let refused = server.post(MODELLESS, form([])).await;
    let message = refused.failure(400, "ERROR_RESOURCE_UNAVAILABLE");
    assert!(message.contains(NO_SUCH_MODEL), "{message}");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(
        String::from_utf8(server.get("/metrics").await.body)
            .is_ok_and(|text| text.contains("safelight_models_failed 1"))
    );
    server.post(SYNC, form([])).await.success();
    // The second try fails too, the third does not; nobody asks for the model.
    eventually(async || {
        seconds.fetch_add(1, Ordering::SeqCst);
        unwell(&server).await.is_empty().then_some(())
    })
    .await;
    server.post(MODELLESS, form([])).await.success();
    server.assert_charges(2).await;
}

#[tokio::test]
async fn a_broken_model_is_told_and_stays_off() {
    let (_folder, registry, seconds) = models(1, EngineError::Failed);
    let server = TestServer::with_models(registry.clone()).await;
    assert!(registry.get(NO_SUCH_MODEL).is_err());
    seconds.fetch_add(3600, Ordering::SeqCst);
    assert_eq!(unwell(&server).await, ["models"]);
    let refused = server.post(MODELLESS, form([])).await;
    refused.failure(404, "ERROR_AI_NOT_EXISTS");
    assert_eq!(refused.header("retry-after"), "");
}

#[tokio::test]
async fn a_chosen_network_whose_file_is_gone_takes_its_services_with_it() {
    const CUTOUT: &str = "/api/cutout/general/universal-background-removal";
    const REMOVE: &str = "/api/image/editing/remove-objects";
    const CONTRAST: &str = "/api/image/enhance/image-contrast-enhancement";
    for (network, gone, kept) in [("isnet-general-use", CUTOUT, CONTRAST), ("lama", REMOVE, CUTOUT)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = safelight_testkit::registry_with(network, folder.path());
        std::fs::remove_file(folder.path().join(format!("{network}.onnx"))).expect("it is there");
        let server = TestServer::shipping_on(std::sync::Arc::new(registry)).await;
        let ready = server.get("/health/ready").await;
        assert_eq!(ready.status, 503, "{network}");
        let why = ready.json()["parts"]["models"]["why"].to_string();
        assert!(why.contains(network), "{why}");
        let unavailable = ready.json()["unavailable"].to_string();
        assert!(unavailable.contains(gone) && !unavailable.contains(kept), "{unavailable}");
        let photo = || file(safelight_testkit::photo("coffee.png"));
        let form = || reqwest::multipart::Form::new().part("image", photo()).part("mask", photo());
        server.post(gone, form()).await.failure(404, "ERROR_AI_NOT_EXISTS");
        server.post(kept, form()).await.success();
    }
}

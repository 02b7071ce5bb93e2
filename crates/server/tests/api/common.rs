//! A server on a free port with a folder of its own, and what the tests send to it.

mod contract;
mod gate;
mod play;
mod remote;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use safelight_inference::{Installation, Registry};
use safelight_operation::Endpoint;
use safelight_server::{Parts, Settings, serve_catalog};
use safelight_store::{
    Application, Blobs, Credits, KeyKind, KeySecret, Limits, NewApplication, Sqlite, Store,
};
use safelight_vision::Vision;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use contract::Contract;
pub use gate::Gate;
pub use play::{ASYNC, CATALOG, HEAVY, Hold, MODELLESS, NO_SUCH_MODEL, SLOW, SYNC, started};
pub use remote::{Received, Remote};

/// Longest wait for what must happen: far more than the slowest machine needs.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// A running server. Dropping it ends it without ceremony.
pub struct TestServer {
    pub base: String,
    pub key: String,
    pub application: Application,
    pub store: Arc<dyn Store>,
    pub http: reqwest::Client,
    secret: KeySecret,
    folder: Arc<TempDir>,
    settings: Settings,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// What a server serves, and with which models.
struct Services {
    catalog: &'static [Endpoint],
    registry: Arc<Registry>,
    installation: Result<Installation, String>,
}

impl Services {
    fn new(catalog: &'static [Endpoint], registry: Arc<Registry>) -> Self {
        Self { catalog, registry, installation: Err("this is a test".to_owned()) }
    }

    fn play() -> Self {
        Self::new(CATALOG, Arc::new(Registry::empty()))
    }

    fn shipping() -> Self {
        Self::new(safelight_services::CATALOG, safelight_testkit::registry())
    }
}

/// Settings under which a slow machine is slow and nothing else.
fn patient() -> Settings {
    let mut settings = Settings { shutdown_grace_seconds: 3600, ..Settings::default() };
    let limits = &mut settings.limits;
    for seconds in [
        &mut limits.queue_wait_seconds,
        &mut limits.header_timeout_seconds,
        &mut limits.body_timeout_seconds,
        &mut limits.stall_timeout_seconds,
    ] {
        *seconds = 3600;
    }
    settings
}

/// Name of the database in a server's folder.
const DATABASE: &str = "safelight.db";

/// The file of an empty database with today's tables, which are made once: whoever closes it last folds its
/// log.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(DATABASE);
    drop(Sqlite::open(&path).expect("database"));
    std::fs::read(path).expect("a file")
});

/// A folder with an empty database.
fn fresh_folder() -> Arc<TempDir> {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join(DATABASE), &*EMPTY).expect("database");
    Arc::new(folder)
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_millis() as i64
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A fresh server with changed settings. No limit of time strikes unless a test sets it.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = patient();
        settings.limits.memory_budget = 512 << 20;
        settings.limits.workers = 4;
        settings.tasks.workers = 2;
        // What looks at faces needs models, which these servers have none of.
        settings.library.enabled = false;
        change(&mut settings);
        Self::open(fresh_folder(), settings, Services::play(), None).await
    }

    /// A fresh server with the services of the tests and models of their own.
    pub async fn with_models(registry: Arc<Registry>) -> Self {
        let services = Services::new(CATALOG, registry);
        let mut settings = patient();
        settings.library.enabled = false;
        Self::open(fresh_folder(), settings, services, None).await
    }

    /// A fresh server with the services and models that ship.
    pub async fn shipping() -> Self {
        Self::shipping_with(|_| {}).await
    }

    /// A fresh twin of the services that ship.
    pub async fn twin() -> Self {
        let mut settings = patient();
        settings.twin = true;
        let registry = Arc::new(Registry::empty());
        let services = Services::new(safelight_services::CATALOG, registry);
        Self::open(fresh_folder(), settings, services, None).await
    }

    /// The same with changed settings.
    pub async fn shipping_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = patient();
        settings.limits.work_timeout_seconds = Some(3600);
        change(&mut settings);
        Self::open(fresh_folder(), settings, Services::shipping(), None).await
    }

    /// A fresh server with the services that ship and models of another registry.
    pub async fn shipping_on(registry: Arc<Registry>) -> Self {
        let services = Services::new(safelight_services::CATALOG, registry);
        Self::open(fresh_folder(), patient(), services, None).await
    }

    /// A fresh server with the services and models that ship, and a console that may change these models.
    pub async fn of_installation(installation: Installation) -> Self {
        Self::of_installation_with(installation, |_| {}).await
    }

    /// The same with changed settings.
    pub async fn of_installation_with(
        installation: Installation,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = patient();
        change(&mut settings);
        let services = Services { installation: Ok(installation), ..Services::shipping() };
        Self::open(fresh_folder(), settings, services, None).await
    }

    async fn open(
        folder: Arc<TempDir>,
        settings: Settings,
        services: Services,
        old: Option<(String, Application)>,
    ) -> Self {
        let store: Arc<dyn Store> =
            Arc::new(Sqlite::open(folder.path().join(DATABASE)).expect("database"));
        let secret = KeySecret::new([7; 32]);
        let (key, application) = match old {
            Some(old) => old,
            None => {
                store.create_user("admin", now()).await.expect("user");
                add_application(&*store, &secret, "default").await
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let Services { catalog, registry, installation } = services;
        let port = listener.local_addr().expect("address").port();
        contract::hold(port, catalog, settings.contract.edition);
        let parts = Parts {
            settings: settings.clone(),
            store: store.clone(),
            blobs: Blobs::local(folder.path().join("files")).expect("files"),
            secret: KeySecret::new([7; 32]),
            library_key: safelight_library::MasterKey::new([7; 32]),
            vision: Vision::new(registry.clone()),
            registry,
            installation,
            configuration: Vec::new(),
            role: safelight_server::Role::Serve,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let serving = tokio::spawn(serve_catalog(catalog, listener, parts, shutdown));
        safelight_testkit::prepare_http();
        let http = reqwest::Client::new();
        Self {
            base,
            key,
            application,
            store,
            http,
            secret,
            folder,
            settings,
            stop: Some(stop),
            serving,
        }
    }

    /// Orders the server to shut down, without waiting.
    pub fn order_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until the server has shut down.
    pub async fn stopped(&mut self) {
        let stopping = tokio::time::timeout(PATIENCE, &mut self.serving);
        stopping.await.expect("in time").expect("no panic").expect("no error");
    }

    /// Shuts down and starts again on the same folder.
    pub async fn restart(mut self) -> Self {
        self.order_stop();
        self.stopped().await;
        let old = (self.key.clone(), self.application.clone());
        Self::open(self.folder.clone(), self.settings.clone(), Services::play(), Some(old)).await
    }

    /// Ends like a process that is killed: nothing is finished or put back. Starts again on the same
    /// folder.
    pub async fn crash(self) -> Self {
        self.serving.abort();
        while !self.serving.is_finished() {
            tokio::task::yield_now().await;
        }
        let old = (self.key.clone(), self.application.clone());
        Self::open(self.folder.clone(), self.settings.clone(), Services::play(), Some(old)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Another application of the same user, and its key.
    pub async fn another(&self, name: &str) -> (String, Application) {
        add_application(&*self.store, &self.secret, name).await
    }

    /// A sandbox key of the application.
    pub async fn sandbox_key(&self) -> String {
        let (key, kind) = ("key-of-the-sandbox", KeyKind::Sandbox);
        let hash = self.secret.hash(key);
        let added = self.store.add_key(self.application.id, &hash, "sandbox", kind, now());
        added.await.expect("added");
        key.to_owned()
    }

    pub async fn set_limits(&self, concurrency: Option<u32>, requests_per_second: Option<u32>) {
        let limits = Limits { concurrency, requests_per_second };
        self.store.set_limits(self.application.id, limits).await.expect("limits");
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = self.http.get(self.url(path)).header("ailabapi-api-key", &self.key);
        Answer::of(request.send().await.expect("answer")).await
    }

    pub async fn post(&self, path: &str, form: Form) -> Answer {
        Answer::of(self.request(path).multipart(form).send().await.expect("answer")).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(path).json(body).send().await.expect("answer")).await
    }

    /// A request of another application, by its key.
    pub async fn post_as(&self, key: &str, path: &str, form: Form) -> Answer {
        let request = self.http.post(self.url(path)).header("ailabapi-api-key", key);
        Answer::of(request.multipart(form).send().await.expect("answer")).await
    }

    /// The same without a body.
    pub async fn get_as(&self, key: &str, path: &str) -> Answer {
        let request = self.http.get(self.url(path)).header("ailabapi-api-key", key);
        Answer::of(request.send().await.expect("answer")).await
    }

    /// Uploads a picture of this size, and answers its identifier.
    pub async fn upload(&self, width: u32, height: u32) -> String {
        let form = Form::new().part("file", file(png(width, height)));
        let answer = self.post("/api/common/upload-file", form).await.success();
        text(&answer["data"]["file_id"])
    }

    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path)).header("ailabapi-api-key", &self.key)
    }

    /// Submits a task and answers its id and the id of the request.
    pub async fn submit(&self, form: Form) -> (String, String) {
        let answer = self.post(ASYNC, form).await.success();
        assert_eq!(answer["task_type"], "async");
        (text(&answer["task_id"]), text(&answer["request_id"]))
    }

    /// Submits a task that stands at the gate when this returns, and answers its id.
    pub async fn submit_at(&self, gate: &Gate, fields: Form) -> String {
        let (task, _) = self.submit(fields.text("gate", gate.name())).await;
        gate.reached(1).await;
        task
    }

    /// Posts a form in the background; the request stands at the gate when this returns.
    pub async fn post_at(&self, gate: &Gate, path: &str) -> JoinHandle<reqwest::Result<Response>> {
        let form = Form::new().text("gate", gate.name());
        let posted = tokio::spawn(self.request(path).multipart(form).send());
        gate.reached(1).await;
        posted
    }

    pub async fn poll(&self, task: &str) -> Answer {
        self.get(&format!("/api/common/query-async-task-result?task_id={task}")).await
    }

    /// Polls until the task is not pending.
    pub async fn wait(&self, task: &str) -> Answer {
        eventually(async || {
            let answer = self.poll(task).await;
            (answer.json()["task_status"] != 1).then_some(answer)
        })
        .await
    }

    /// Waits until a gauge of the metrics has this value.
    pub async fn gauge(&self, name: &str, value: u64) {
        let line = format!("{name} {value}");
        eventually(async || {
            let metrics = String::from_utf8(self.get("/metrics").await.body).expect("text");
            metrics.lines().any(|found| found == line).then_some(())
        })
        .await;
    }

    /// Balance of the pool `common` and what is held in it, in whole credits.
    pub async fn credits(&self) -> (i64, i64) {
        let pools = self.store.pools(self.application.id).await.expect("pools");
        let common = pools.iter().find(|pool| pool.sign == "common").expect("common");
        (common.balance.0 / 1000, common.held.0 / 1000)
    }

    /// The folder of the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the server's files.
    pub fn files(&self) -> std::path::PathBuf {
        self.folder.path().join("files")
    }

    /// The books are right, and this many requests were charged.
    pub async fn assert_charges(&self, count: u64) {
        let audit = self.store.audit().await.expect("audit");
        assert!(audit.errors.is_empty(), "{:?}", audit.errors);
        assert_eq!(audit.charges, count);
    }
}

async fn add_application(
    store: &dyn Store,
    secret: &KeySecret,
    name: &str,
) -> (String, Application) {
    let key = format!("key-of-{name}");
    let new = NewApplication {
        user: "admin".to_owned(),
        name: name.to_owned(),
        limits: Limits::default(),
        key: Some((secret.hash(&key), "key".to_owned())),
    };
    let application = store.create_application(&new, now()).await.expect("application");
    let credits = store.add_credits(application.id, "common", Credits::whole(1000), now());
    credits.await.expect("credits");
    (key, application)
}

/// An answer, read to its end, and as `/openapi.json` says.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let url = response.url().clone();
        let body = response.bytes().await.expect("body").to_vec();
        contract::check(&url, status, &headers, &body);
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// A success in the envelope.
    pub fn success(&self) -> Value {
        let json = self.json();
        assert_eq!(self.status, StatusCode::OK, "{json}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(json["error_code"], 0);
        assert_eq!(json["error_detail"]["status_code"], 200);
        assert!(json.get("error_code_str").is_none() && json.get("error_msg").is_none());
        assert_ids(&json);
        json
    }

    /// A failure in the envelope, of this status and code; answers its message.
    pub fn failure(&self, status: u16, code: &str) -> String {
        let json = self.json();
        assert_eq!(
            (self.status, json["error_detail"]["code"].as_str()),
            (status, Some(code)),
            "{json}"
        );
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(json["error_code"], status);
        assert_eq!(json["error_detail"]["status_code"], status);
        assert!(json["error_code_str"].as_str().is_some_and(|coarse| !coarse.is_empty()));
        assert_ids(&json);
        let message = text(&json["error_detail"]["message"]);
        assert!(!message.is_empty() && text(&json["error_msg"]).contains(&message), "{json}");
        message
    }
}

fn assert_ids(json: &Value) {
    let (request, log) = (text(&json["request_id"]), text(&json["log_id"]));
    assert!(request.len() == 36 && request == request.to_uppercase(), "{json}");
    assert!(log.parse::<i64>().is_ok(), "{json}");
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Tries until there is something.
pub async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let trying = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.expect("it never happened")
}

/// The answer to a request in the background.
pub async fn answered(request: JoinHandle<reqwest::Result<Response>>) -> Answer {
    Answer::of(request.await.expect("no panic").expect("answer")).await
}

/// A form of text fields.
pub fn form<const N: usize>(fields: [(&'static str, &str); N]) -> Form {
    let add = |form: Form, (name, value): (&'static str, &str)| form.text(name, value.to_owned());
    fields.into_iter().fold(Form::new(), add)
}

/// A file part.
pub fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("image.bin")
}

/// A PNG of this size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let pixels = (0..width * height * 3).map(|at| (at * 7) as u8).collect();
    play::encode(width, height, pixels)
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

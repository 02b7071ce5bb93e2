//! The console: who may see and change what, and what an attack meets.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use safelight_server::console_link;
use safelight_store::{Credits, KeySecret, ServiceState};

use crate::common::{ASYNC, Answer, Gate, SYNC, TestServer, eventually, form, now};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const SCRIPT: &str = "<script>alert(1)<!--";

/// A browser: keeps its cookie, follows no redirect, and says where its requests come from.
pub struct Browser<'a> {
    server: &'a TestServer,
    client: Client,
    cookie: String,
    pub csrf: String,
}

/// A page as it came.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a TestServer) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("client");
        Self { server, client, cookie: String::new(), csrf: String::new() }
    }

    pub async fn operator(server: &'a TestServer) -> Self {
        let mut browser = Self::new(server);
        let link = one_time_link(server).await;
        assert_eq!(browser.enter("link", &link).await.status, 303);
        browser
    }

    pub async fn owner(server: &'a TestServer, key: &str) -> Self {
        let mut browser = Self::new(server);
        assert_eq!(browser.enter("key", key).await.status, 303);
        browser
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.server.url(path));
        match self.cookie.is_empty() {
            true => request,
            false => request.header("cookie", &self.cookie),
        }
    }

    pub async fn enter(&mut self, field: &str, value: &str) -> Page {
        let page = self.send("/console/enter", &[(field, value)], &self.server.base).await;
        if let Some(cookie) = page.headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            self.cookie = cookie.split(';').next().expect("a pair").to_owned();
            let shown = self.get("/console/playground").await.text;
            self.csrf = between(&shown, "data-csrf=\"", "\"").to_owned();
        }
        page
    }

    pub async fn get(&self, path: &str) -> Page {
        Page::of(self.request(Method::GET, path)).await
    }

    /// Posts a form as a page of this origin does.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)], origin: &str) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, FORM).body(body);
        Page::of(request.header(ORIGIN, origin)).await
    }

    /// Posts a form of a page of the session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        self.send(path, &all, &self.server.base).await
    }

    /// A call of the API as the playground makes it.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &format!("/console{path}"))
            .header("x-csrf-token", &self.csrf)
            .header("x-console-application", self.server.application.id)
    }
}

impl Page {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("text") }
    }
}

async fn one_time_link(server: &TestServer) -> String {
    let secret = KeySecret::new([7; 32]);
    let url = console_link(&*server.store, &secret, &server.base).await.expect("a link");
    assert!(url.starts_with(&format!("{}/console/enter?link=", server.base)), "{url}");
    url.split_once("link=").expect("a token").1.to_owned()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).expect("its end").0
}

#[tokio::test]
async fn a_link_signs_in_once_and_for_ten_minutes() {
    let server = TestServer::start().await;
    let link = one_time_link(&server).await;
    let mut browser = Browser::new(&server);
    let opened = browser.get(&format!("/console/enter?link={link}")).await;
    assert!(opened.status == 200 && opened.text.contains("Sign in as operator"));
    let entered = browser.enter("link", &link).await;
    assert_eq!(
        (entered.status, entered.headers[LOCATION].as_bytes()),
        (303, &b"/console/playground"[..])
    );
    let cookie = entered.headers[SET_COOKIE].to_str().expect("text");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/;"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(browser.get("/console/playground").await.text.contains("Signed in as operator"));

    let mut thief = Browser::new(&server);
    let stolen = thief.enter("link", &link).await;
    assert_eq!(stolen.status, 403);
    assert!(stolen.text.contains("used before or has expired") && thief.cookie.is_empty());
    assert_eq!(thief.get("/console/playground").await.status, 401);

    // The same link, made eleven minutes ago.
    let old = "0".repeat(64);
    let hash = KeySecret::new([7; 32]).hash(&format!("console link {old}"));
    let made = now() - 11 * 60_000;
    server.store.add_console_link(&hash, made + 10 * 60_000, made).await.expect("a link");
    assert_eq!(thief.enter("link", &old).await.status, 403);
}

#[tokio::test]
async fn a_session_ends_with_its_key_its_user_or_its_end() {
    let server = TestServer::start().await;
    let mut stranger = Browser::new(&server);
    assert_eq!(stranger.enter("key", "nobody's").await.status, 403);

    let owner = Browser::owner(&server, &server.key).await;
    assert_eq!(owner.get("/console/tasks").await.status, 200);
    server.store.lock_user("admin", true).await.expect("locked");
    assert_eq!(owner.get("/console/tasks").await.status, 401);
    server.store.lock_user("admin", false).await.expect("unlocked");
    assert_eq!(owner.post("/console/leave", &[]).await.status, 303);
    assert_eq!(owner.get("/console/tasks").await.status, 401, "the cookie alone is worth nothing");

    let owner = Browser::owner(&server, &server.key).await;
    let key = server.store.keys(server.application.id).await.expect("keys")[0].id;
    server.store.revoke_key(key, now()).await.expect("revoked");
    assert_eq!(owner.get("/console/tasks").await.status, 401);
}

#[tokio::test]
async fn a_form_of_another_origin_or_session_changes_nothing() {
    let server = TestServer::start().await;
    let operator = Browser::operator(&server).await;
    let path = "/console/users/create";
    let count = async || server.store.users().await.expect("users").len();
    let evil = "https://evil.example";
    let own = server.base.clone();
    let other = Browser::operator(&server).await;
    for (csrf, origin) in [
        ("", own.as_str()),
        ("0", &own),
        (&other.csrf, &own),
        (&operator.csrf, evil),
        (&operator.csrf, "null"),
    ] {
        let page = operator.send(path, &[("csrf", csrf), ("name", "eve")], origin).await;
        assert_eq!(page.status, 403, "{csrf} {origin}");
    }
    assert_eq!(count().await, 1);
    // Nor does a call of the API, which also needs the token.
    let call = operator.call(Method::POST, SYNC).multipart(form([])).header(ORIGIN, evil);
    Answer::of(call.send().await.expect("answer"))
        .await
        .failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    let call = operator.request(Method::POST, &format!("/console{SYNC}")).multipart(form([]));
    let refused = Answer::of(call.send().await.expect("answer")).await;
    refused.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    assert!(refused.header("access-control-allow-origin").is_empty());
    server.assert_charges(0).await;
    assert_eq!(operator.post(path, &[("name", "ada")]).await.status, 200);
    assert_eq!(count().await, 2);
    // Signing in cannot be forced from elsewhere either.
    let link = one_time_link(&server).await;
    assert_eq!(
        Browser::new(&server).send("/console/enter", &[("link", &link)], evil).await.status,
        403
    );
}

#[tokio::test]
async fn an_owner_sees_and_changes_its_own_application_alone() {
    let server = TestServer::start().await;
    let (key, other) = server.another("other").await;
    let (task, _) = server.submit(form([])).await;
    let owner = Browser::owner(&server, &key).await;
    let own = server.application.id;
    for path in ["tasks", "webhooks", "uploads", "usage", "audit", "accounts"] {
        for query in [String::new(), format!("?application={own}")] {
            let page = owner.get(&format!("/console/{path}{query}")).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.text.contains(&task) && !page.text.contains("admin/default"), "{path}");
        }
    }
    for path in ["server", "server/live", "models", "engines", "configuration"] {
        assert_eq!(owner.get(&format!("/console/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(owner.get(&format!("/console/applications/{own}")).await.status, 404);
    let (own, id) = (own.to_string(), other.id);
    for (path, fields) in [
        ("/console/users/create".to_owned(), vec![("name", "eve")]),
        ("/console/applications/create".into(), vec![("name", "x"), ("user", "admin")]),
        (format!("/console/applications/{own}/keys/rotate"), vec![]),
        (format!("/console/applications/{own}/keys/add"), vec![]),
        (format!("/console/applications/{id}/credits"), vec![("amount", "5"), ("pool", "common")]),
        (format!("/console/applications/{id}/limits"), vec![("concurrency", "9")]),
        (format!("/console/applications/{id}/delete"), vec![]),
        ("/console/tasks/stop".into(), vec![("application", &own), ("task", &task)]),
        ("/console/uploads/delete".into(), vec![("application", &own), ("file", "x")]),
    ] {
        assert_eq!(owner.post(&path, &fields).await.status, 404, "{path}");
    }
    // A task of another application is unknown, whoever is named as the caller.
    let stop = owner
        .post("/console/tasks/stop", &[("application", &id.to_string()), ("task", &task)])
        .await;
    assert!(stop.text.contains("no task of yours"), "{}", stop.text);
    let call =
        owner.call(Method::GET, &format!("/api/common/query-async-task-result?task_id={task}"));
    Answer::of(call.send().await.expect("answer")).await.failure(404, "ERROR_RESOURCE_NOT_FOUND");
    assert_eq!(server.store.keys(server.application.id).await.expect("keys").len(), 1);
}

#[tokio::test]
async fn the_playground_runs_through_the_same_books() {
    let server = TestServer::start().await;
    let operator = Browser::operator(&server).await;
    let page = operator.get("/console/playground/sync").await.text;
    assert!(page.contains("data-path=\"/api/test/sync\"") && page.contains("name=\"gate\""));
    let call = operator.call(Method::POST, SYNC).multipart(form([("note", "hi")]));
    let answer = Answer::of(call.send().await.expect("answer")).await;
    assert_eq!(answer.success()["data"]["note"], "hi");
    assert_eq!(answer.header("x-safelight-charged"), "3");
    assert!(answer.header("server-timing").contains("total"));
    let call =
        operator.call(Method::POST, SYNC).multipart(form([("fail", "ERROR_NO_FACE_IN_FILE")]));
    Answer::of(call.send().await.expect("answer")).await.failure(422, "ERROR_NO_FACE_IN_FILE");
    server.assert_charges(1).await;
    assert_eq!(server.credits().await, (997, 0));
    let call = operator.call(Method::POST, ASYNC).multipart(form([]));
    let task = Answer::of(call.send().await.expect("answer")).await.success();
    let task = task["task_id"].as_str().expect("an id");
    assert_eq!(server.wait(task).await.header("x-safelight-charged"), "", "for the console alone");
    let poll = format!("/api/common/query-async-task-result?task_id={task}");
    let polled = Answer::of(operator.call(Method::GET, &poll).send().await.expect("answer")).await;
    assert_eq!(polled.header("x-safelight-charged"), "3");
    // The price is that of the application that is chosen.
    let (_, other) = server.another("other").await;
    let state = ServiceState { enabled: true, price: Some(Credits::whole(7)) };
    server.store.set_service(other.id, SYNC, state).await.expect("set");
    let page = operator.get("/console/playground/sync").await.text;
    assert!(page.contains("data-price=\"3 credits\"") && page.contains("data-price=\"7 credits\""));
    // What is charged and refused shows in the sums.
    eventually(async || {
        let page = operator.get("/console/usage?days=1").await.text;
        (page.contains("ERROR_NO_FACE_IN_FILE") && page.contains("<dd>6</dd>")).then_some(())
    })
    .await;
    let advice = operator.get("/console/remedy/ERROR_NO_FACE_IN_FILE").await;
    assert!(advice.status == 200 && advice.text.contains("Remedy."));
}

#[tokio::test]
async fn the_operator_administers() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let operator = Browser::operator(&server).await;
    let made = operator
        .post(
            "/console/applications/create",
            &[("user", "admin"), ("name", "shop"), ("credits", "7")],
        )
        .await;
    let key = between(&made.text, "<code id=\"secret\">", "<").to_owned();
    let shop = server.store.application("shop").await.expect("the application");
    let answer = server.post_as(&key, SYNC, form([])).await;
    answer.success();
    let base = format!("/console/applications/{}", shop.id);
    operator.post(&format!("{base}/credits"), &[("amount", "2.5"), ("pool", "common")]).await;
    assert_eq!(server.store.pools(shop.id).await.expect("pools")[0].balance, Credits(6_500));
    let wrong =
        operator.post(&format!("{base}/credits"), &[("amount", "much"), ("pool", "common")]).await;
    assert!(wrong.text.contains("`much` is not a number"), "{}", wrong.text);
    operator
        .post(&format!("{base}/limits"), &[("concurrency", "3"), ("requests_per_second", "")])
        .await;
    let limits = server.store.application("shop").await.expect("there").limits;
    assert_eq!((limits.concurrency, limits.requests_per_second), (Some(3), None));
    operator.post(&format!("{base}/services"), &[("path", SYNC), ("enabled", "false")]).await;
    server.post_as(&key, SYNC, form([])).await.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(operator.get(&base).await.text.contains(">off</span>"));
    let usual = [("path", SYNC), ("enabled", "true"), ("price", "")];
    operator.post(&format!("{base}/services"), &usual).await;
    server.post_as(&key, SYNC, form([])).await.success();
    let page = operator.get(&base).await.text;
    assert!(page.contains("at their usual prices"), "{page}");
    assert!(page.contains("Ledger") && page.contains("charged"), "{page}");

    let rotated = operator.post(&format!("{base}/keys/rotate"), &[]).await;
    let fresh = between(&rotated.text, "<code id=\"secret\">", "<");
    server
        .get_as(&key, "/api/common/query-credits")
        .await
        .failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    server.get_as(fresh, "/api/common/query-credits").await.success();

    let gate = Gate::closed();
    let task = server.submit_at(&gate, form([])).await;
    let id = server.application.id.to_string();
    assert!(operator.get("/console/tasks").await.text.contains(&task));
    let stopped =
        operator.post("/console/tasks/stop", &[("application", &id), ("task", &task)]).await;
    assert!(stopped.text.contains("is stopped"), "{}", stopped.text);
    server.poll(&task).await.failure(422, "ERROR_TASK_STOPPED_PROCESSING");
    let upload = server.upload(16, 16).await;
    assert!(operator.get("/console/uploads").await.text.contains(&upload));
    operator.post("/console/uploads/delete", &[("application", &id), ("file", &upload)]).await;
    assert!(!operator.get("/console/uploads").await.text.contains(&upload));

    let changes = operator.get("/console/audit").await.text;
    for change in [
        "application created",
        "credits added",
        "limits set",
        "service set",
        "keys rotated",
        "task stopped",
        "upload deleted",
    ] {
        assert!(changes.contains(change), "{change}");
    }
    for path in ["server", "server/live", "models", "engines", "configuration", "webhooks"] {
        assert_eq!(operator.get(&format!("/console/{path}")).await.status, 200, "{path}");
    }
    // A refresh that fails leaves what is there, so that the next one is tried.
    for path in ["server/live", "tasks/rows"] {
        let page = operator.get(&format!("/console/{path}")).await.text;
        assert!(page.contains("hx-status:5xx=\"swap:none\""), "{page}");
    }
    server.store.audit().await.expect("audit");
}

#[tokio::test]
async fn an_owner_goes_on_after_rotating_its_key() {
    let server = TestServer::start().await;
    let owner = Browser::owner(&server, &server.key).await;
    let path = format!("/console/applications/{}/keys/rotate", server.application.id);
    let rotated = owner.post(&path, &[]).await;
    let fresh = between(&rotated.text, "<code id=\"secret\">", "<");
    server.get_as(fresh, "/api/common/query-credits").await.success();
    server.get("/api/common/query-credits").await.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
    assert_eq!(owner.get("/console/tasks").await.status, 200);
}

#[tokio::test]
async fn a_script_in_any_text_is_text() {
    let server = TestServer::start().await;
    server.store.create_user(SCRIPT, now()).await.expect("a user");
    let (key, evil) = server.another(SCRIPT).await;
    server.submit(form([])).await;
    let fails = form([("fail", SCRIPT)]);
    server.post_as(&key, ASYNC, fails).await.success();
    let operator = Browser::operator(&server).await;
    let owner = Browser::owner(&server, &key).await;
    operator.post("/console/users/lock", &[("name", SCRIPT)]).await;
    let application = format!("/console/applications/{}", evil.id);
    let query = format!("/console/playground?q={}", "%3Cscript%3Ealert(1)%3C!--");
    let mut pages = Vec::new();
    for path in ["accounts", "tasks", "usage", "audit", "playground/sync", "webhooks", "uploads"] {
        pages.push(operator.get(&format!("/console/{path}")).await);
        pages.push(owner.get(&format!("/console/{path}")).await);
    }
    pages.push(operator.get(&application).await);
    pages.push(operator.get(&query).await);
    pages.push(operator.get(&query.replace("/console/playground", "/docs")).await);
    pages.push(operator.get(&query.replace("playground?q", "enter?link")).await);
    pages.push(operator.post("/console/users/create", &[("name", SCRIPT)]).await);
    pages.push(
        operator
            .post(&format!("{application}/credits"), &[("amount", SCRIPT), ("pool", "x")])
            .await,
    );
    assert!(pages.iter().any(|page| page.text.contains("&lt;script&gt;alert(1)")));
    for page in &pages {
        assert!(!page.text.contains(SCRIPT), "{}", page.text);
    }
}

#[tokio::test]
async fn pages_may_load_their_own_files_only() {
    let server = TestServer::start().await;
    let operator = Browser::operator(&server).await;
    for path in [
        "/console/playground/sync",
        "/console",
        "/docs",
        "/docs/errors",
        "/docs/sync",
        "/console/none",
    ] {
        let page = operator.get(path).await;
        if page.status == 303 {
            continue;
        }
        let policy = page.headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"),
            "{policy}"
        );
        for part in [
            "script-src 'self';",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(page.headers["x-frame-options"], "DENY");
        for inline in [" style=", " onclick=", "javascript:", "<style"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
    }
    let page = operator.get("/console/playground/sync").await.text;
    let mut weight = page.len();
    for part in page.split(['"']).filter(|part| part.starts_with("/assets/")) {
        let file = operator.get(part).await;
        assert_eq!(file.status, 200, "{part}");
        assert!(file.headers["cache-control"].to_str().expect("text").contains("immutable"));
        weight += file.text.len();
    }
    assert!(weight < 150_000, "{weight} bytes");
}

#[tokio::test]
async fn without_a_console_the_reference_stays() {
    let server = TestServer::with(|settings| settings.console.enabled = false).await;
    let visitor = Browser::new(&server);
    for path in ["/console", "/console/enter", "/console/playground"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
    let page = visitor.get("/docs").await;
    assert!(page.status == 200 && !page.text.contains("href=\"/console"), "{}", page.text);
    assert_eq!(visitor.get("/docs/errors").await.status, 200);
    assert_eq!(visitor.get("/docs/none").await.status, 404);
}

#[tokio::test]
async fn a_console_may_have_an_address_of_its_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let server = TestServer::with(|settings| settings.console.listen = Some(address)).await;
    let visitor = Browser::new(&server);
    assert_eq!(visitor.get("/console").await.status, 404);
    let url = format!("http://{address}/console");
    let page = eventually(async || visitor.client.get(&url).send().await.ok()).await;
    assert_eq!(page.status(), 200);
}

//! Who is signed in: links that work once, sessions, and what proves that a form is from a page of
//! the session.
//!
//! The browser holds a random token in a cookie that no script and no other site sees; the store
//! holds its keyed hash. Another hash of it, of a domain of its own, is the token of forms.

use std::io;

use axum::http::header::{COOKIE, HeaderName, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use safelight_console::{Notice, Who, sign_in};
use safelight_contract::Result as ApiResult;
use safelight_store::{
    ConsoleSession, KeyHash, KeyKind, KeySecret, Millis, Principal, Store, StoreError,
};
use uuid::Uuid;

use super::{Outcome, Refusal, Visit, html, see};
use crate::app::{App, Stored, now};
use crate::urls::{FETCH_SITE, SAME_ORIGIN};
use crate::{auth, urls};

/// An earlier release had another, for the pages under `/console` alone.
const COOKIE_NAME: &str = "safelight_console";
/// The life of a session.
const SESSION: Millis = 12 * 3_600_000;
/// The life of a link.
const LINK: Millis = 10 * 60_000;
/// Who is signed in.
pub(crate) enum Signed {
    Operator,
    Owner(Box<Principal>),
}

impl Signed {
    /// As pages show it.
    pub fn shown(&self) -> Who {
        match self {
            Self::Operator => Who::Operator,
            Self::Owner(principal) => Who::Owner {
                user: principal.application.user.clone(),
                application: principal.application.name.clone(),
            },
        }
    }

    /// As the list of changes names it.
    pub fn name(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Owner(principal) => {
                format!("{}/{}", principal.application.user, principal.application.name)
            }
        }
    }
}

/// A session that is not over.
pub(crate) struct Session {
    pub who: Signed,
    /// The token that forms send back.
    pub csrf: String,
    stored: ConsoleSession,
}

/// 244 random bits.
fn token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The hash of a token for one purpose; no API key has the same.
fn hash(secret: &KeySecret, purpose: &str, token: &str) -> KeyHash {
    secret.hash(&format!("console {purpose} {token}"))
}

fn form_token(app: &App, token: &str) -> String {
    blake3::Hash::from_bytes(hash(&app.secret, "form", token).0).to_hex().to_string()
}

/// Makes a link that signs an operator in, once, within ten minutes. `base_url` is where the console
/// is reached, without a slash at the end.
///
/// # Errors
/// Those of the store.
pub async fn link(
    store: &dyn Store,
    secret: &KeySecret,
    base_url: &str,
) -> Result<String, StoreError> {
    let (token, now) = (token(), now());
    store.add_console_link(&hash(secret, "link", &token), now + LINK, now).await?;
    Ok(format!("{base_url}/console/enter?link={token}"))
}

/// The session of a request's cookie. An owner's ends with the key that signed in.
pub(super) async fn of(app: &App, headers: &HeaderMap) -> ApiResult<Option<Session>> {
    let Some(token) = cookie(headers) else { return Ok(None) };
    let stored = app.store.console_session(&hash(&app.secret, "session", token), now()).await;
    let Some(stored) = stored.or_internal("reading a session")? else { return Ok(None) };
    let who = match &stored.key {
        None => Signed::Operator,
        Some(key) => {
            let principal = auth::principal_of_key(app, key).await?;
            match principal.filter(|principal| check_owner(app, principal).is_ok()) {
                Some(principal) => Signed::Owner(Box::new(principal)),
                None => return Ok(None),
            }
        }
    };
    Ok(Some(Session { who, csrf: form_token(app, token), stored }))
}

/// Refuses who may not sign in with a key, and says why. Sandbox keys lie where others see them, and
/// a session could make live ones; in a twin every key is one.
fn check_owner(app: &App, principal: &Principal) -> Result<(), &'static str> {
    if principal.kind == KeyKind::Sandbox && !app.settings.twin {
        return Err("This is a sandbox key. The console takes a live key of the application.");
    }
    let gone = "The user of this application is locked or deleted.";
    auth::check_user(principal).map_err(|_| gone)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

/// Refuses what does not come from a page of the session.
pub(super) fn check(app: &App, parts: &Parts, session: &Session, sent: &str) -> Outcome<()> {
    same_origin(app, parts)?;
    let expected = blake3::Hash::from_hex(&session.csrf);
    // Hashes are compared in a time that says nothing.
    match (expected, blake3::Hash::from_hex(sent)) {
        (Ok(expected), Ok(sent)) if expected == sent => Ok(()),
        _ => Err(Refusal::Forged),
    }
}

/// Refuses what a page of another origin sends.
fn same_origin(app: &App, parts: &Parts) -> Outcome<()> {
    let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if text(&FETCH_SITE).is_some_and(|site| site != SAME_ORIGIN) {
        return Err(Refusal::Forged);
    }
    let Some(origin) = parts.headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
    let host = urls::host(parts.version, &parts.uri, &parts.headers).ok().flatten();
    let public = app.settings.public_url.as_deref().and_then(|url| Some(url.split_once("://")?.1));
    let public = public.map(|rest| rest.split('/').next().unwrap_or_default());
    match origin {
        Some(origin) if [host, public].contains(&Some(origin)) => Ok(()),
        _ => Err(Refusal::Forged),
    }
}

/// The page that a link opens.
pub(super) fn entrance(parts: &Parts) -> Outcome<Response> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let link = pairs.find(|(name, _)| name == "link").map(|(_, value)| value.into_owned());
    Ok(match link {
        Some(link) => html(StatusCode::OK, sign_in::by_link(&link)),
        None => see("/console"),
    })
}

/// Signs in, by a link or by an API key.
pub(super) async fn enter(
    app: &App,
    parts: &Parts,
    form: &[(String, String)],
) -> Outcome<Response> {
    same_origin(app, parts)?;
    let field =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let key = match (field("link"), field("key")) {
        (Some(link), _) => {
            let link = hash(&app.secret, "link", link);
            let taken = app.store.take_console_link(&link, now()).await;
            if !taken.or_internal("reading a link")? {
                return Ok(again(
                    "The link was used before or has expired. `safelight console` makes another.",
                ));
            }
            None
        }
        (None, Some(key)) => {
            let hash = app.secret.hash(key);
            let Some(principal) = auth::principal_of_key(app, &hash).await? else {
                return Ok(again("No application has this key."));
            };
            if let Err(why) = check_owner(app, &principal) {
                return Ok(again(why));
            }
            Some(hash)
        }
        (None, None) => return Ok(again("Enter a key.")),
    };
    let token = token();
    let (hash, now) = (hash(&app.secret, "session", &token), now());
    let session = ConsoleSession { hash, key, expires_at: now + SESSION };
    app.store.add_console_session(&session, now).await.or_internal("signing in")?;
    let mut response = see("/console/playground");
    set_cookie(app, parts, &mut response, &token, SESSION / 1000);
    Ok(response)
}

fn again(why: &str) -> Response {
    html(StatusCode::FORBIDDEN, sign_in::by_key(Some(Notice::Refused(why.to_owned()))))
}

fn set_cookie(app: &App, parts: &Parts, response: &mut Response, token: &str, seconds: i64) {
    let secure = if is_encrypted(app, parts) { "; Secure" } else { "" };
    // The reference under `/docs` shows who is signed in. Only pages and the playground's calls, which
    // prove where they come from, act for the session.
    let cookie = format!(
        "{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// Whether the browser sent this form over HTTPS. The console may be reached elsewhere than the API, so that
/// the origin of the form counts before `public_url`.
fn is_encrypted(app: &App, parts: &Parts) -> bool {
    let origin = parts.headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let scheme = |url: &str| url.starts_with("https://");
    origin
        .filter(|origin| *origin != "null")
        .map_or_else(|| scheme(&urls::base(app, parts)), scheme)
}

/// Signs out.
pub(super) async fn leave(visit: &Visit) -> Outcome<Response> {
    let ended = visit.app.store.end_console_session(&visit.session.stored.hash).await;
    ended.or_internal("signing out")?;
    let mut response = see("/console");
    set_cookie(&visit.app, &visit.parts, &mut response, "", 0);
    Ok(response)
}

/// Lets an owner's session go on with another key of the application.
pub(super) async fn go_on_with(visit: &Visit, key: KeyHash) -> Outcome<()> {
    if matches!(visit.session.who, Signed::Owner(_)) {
        let session = ConsoleSession { key: Some(key), ..visit.session.stored.clone() };
        let kept = visit.app.store.add_console_session(&session, now()).await;
        kept.or_internal("keeping the session")?;
    }
    Ok(())
}

/// Makes a key of an application: its text, which is shown once, its hash and its hint.
pub(super) fn new_key(app: &App) -> Outcome<(String, KeyHash, String)> {
    let made: io::Result<_> = app.secret.generate();
    Ok(made.map_err(|error| crate::reply::internal("making a key", &error))?)
}

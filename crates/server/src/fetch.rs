//! Files from URLs that requests name, and the posts of webhooks.
//!
//! What a request names must not lead into the operator's network. Every address is judged twice:
//! when a name is resolved, and when the connection stands, so that a resolver that changes its mind
//! gains nothing. Redirects are judged anew. The client sends no cookies, uses no proxy from the
//! environment, and every refused address is answered with the same words. Nothing that the remote
//! server says goes into an answer but its status.

mod connection;
mod guard;
mod target;
mod trusted;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Rules;
use safelight_operation::MAX_URL;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::admission::busy;
use crate::body::Room;
use crate::settings::FetchSettings;
use connection::{Connector, Network, System};
use guard::Guard;
use target::Target;
pub(crate) use trusted::{Answer as TrustedAnswer, Call, Client, is_address};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

const AGENT: &str = concat!("safelight/", env!("CARGO_PKG_VERSION"));

/// Fetches files and posts webhooks.
pub(crate) struct Fetcher {
    enabled: bool,
    parallel: usize,
    whole: Duration,
    connector: Connector,
    /// The fetches of each application.
    slots: Mutex<HashMap<i64, Arc<Semaphore>>>,
}

/// A file that a request names.
pub(crate) struct Wanted<'a> {
    /// The name of the field that holds the URL.
    pub name: &'a str,
    pub url: &'a str,
    /// What the file may be.
    pub rules: &'a Rules,
}

/// Why a fetch or a post failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is no URL, or it leads where nothing may be fetched from.
    Refused,
    /// The name is unknown, or the connection failed or broke.
    Broken(&'static str),
    /// The server answered something else than was asked for.
    Status(u16),
    /// It took too long.
    Slow,
    /// The file is too large.
    TooLarge,
    /// There is no memory for it.
    NoRoom(Fault),
}

impl Fetcher {
    /// A client that obeys these settings.
    ///
    /// # Errors
    /// When the file with further certificates cannot be used.
    pub fn new(settings: &FetchSettings) -> std::io::Result<Self> {
        Self::over(settings, Arc::new(System))
    }

    /// The same over another network than the system's.
    fn over(settings: &FetchSettings, network: Arc<dyn Network>) -> std::io::Result<Self> {
        let guard = Guard::new(settings);
        let wait = Duration::from_secs(settings.connect_timeout_seconds);
        let connector = Connector::new(network, guard, wait, settings.ca_file.as_deref())?;
        Ok(Self {
            enabled: settings.enabled,
            parallel: settings.parallel as usize,
            whole: Duration::from_secs(settings.timeout_seconds),
            connector,
            slots: Mutex::default(),
        })
    }

    /// Fetches a file for an application into `room`.
    ///
    /// # Errors
    /// `ERROR_INVALID_URL` for what is no URL and for every address that is refused,
    /// `ERROR_CONTENT_TOO_LONG` for more than [`MAX_URL`] characters, `ERROR_FILE_DOWNLOAD_FAILED`,
    /// `ERROR_FILE_DOWNLOAD_TIMEOUT`, `FILE_SIZE_EXCEEDS_LIMIT`; `AI_SERVICE_FLOW_RESTRICTION` where
    /// there is no memory, or the application fetches too many files already.
    pub async fn fetch(
        &self,
        application: i64,
        wanted: Wanted<'_>,
        room: &Room<'_>,
    ) -> Result<Bytes> {
        let Wanted { name, url, rules } = wanted;
        self.check_form(name, url)?;
        let _slot = self.enter(application, room.wait()).await?;
        let limit = rules.max_bytes;
        let fetching = timeout(self.whole, self.download(url, limit, room)).await;
        fetching.unwrap_or(Err(Failure::Slow)).map_err(|failure| self.fault(name, failure, rules))
    }

    /// Whether a webhook may be posted there, as far as can be told now: a name that is unknown may
    /// become known.
    ///
    /// # Errors
    /// `ERROR_INVALID_URL`, `ERROR_CONTENT_TOO_LONG` and `AI_SERVICE_FLOW_RESTRICTION`, as those of
    /// [`Self::fetch`].
    pub async fn check(&self, application: i64, name: &str, url: &str) -> Result<()> {
        self.check_form(name, url)?;
        // A lookup has a thread of the process, also when nobody waits for it any more.
        let _slot = self.enter(application, self.connector.wait()).await?;
        let judged = match Target::parse(url) {
            Ok(target) => self.connector.judge(&target).await,
            Err(failure) => Err(failure),
        };
        match judged {
            Err(Failure::Refused) => Err(self.refused(name)),
            _ => Ok(()),
        }
    }

    /// Posts `body`, and answers the status. No redirect is followed.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<u16, Failure> {
        let posting = async {
            let target = Target::parse(url)?;
            let answer = send(&self.connector, &target, Method::POST, headers, body).await?;
            Ok(answer.response.status().as_u16())
        };
        timeout(self.whole, posting).await.unwrap_or(Err(Failure::Slow))
    }

    fn check_form(&self, name: &str, url: &str) -> Result<()> {
        if !self.enabled {
            let message =
                format!("{name} cannot be used: URLs are switched off here (fetch.enabled)");
            return Err(Fault::new(Code::InvalidUrl, message));
        }
        let length = url.chars().count();
        if length > MAX_URL {
            let message = format!("{name} has {length} characters, the limit is {MAX_URL}");
            return Err(Fault::new(Code::ContentTooLong, message));
        }
        Ok(())
    }

    /// Takes one of the application's places, after a wait where there is none.
    async fn enter(&self, application: i64, wait: Duration) -> Result<OwnedSemaphorePermit> {
        let fresh = || Arc::new(Semaphore::new(self.parallel));
        let slots = self.slots.lock().entry(application).or_insert_with(fresh).clone();
        match timeout(wait, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => {
                let most = self.parallel;
                Err(busy(&format!("the application fetches {most} files already")))
            }
        }
    }

    async fn download(&self, url: &str, limit: u64, room: &Room<'_>) -> Result<Bytes, Failure> {
        let mut target = Target::parse(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let (get, none) = (Method::GET, HeaderMap::new());
            let answer = send(&self.connector, &target, get, none, Bytes::new()).await?;
            let status = answer.response.status();
            if status == StatusCode::OK {
                return read(answer.response.into_body(), limit, room).await;
            }
            let location = answer.response.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| is_redirect(status)) else {
                return Err(Failure::Status(status.as_u16()));
            };
            target = target.redirected(location)?;
        }
        Err(Failure::Broken("it redirects too often"))
    }

    fn refused(&self, name: &str) -> Fault {
        let ports: Vec<_> = self.connector.ports().iter().map(u16::to_string).collect();
        let ports = ports.join(" or ");
        let message = format!(
            "{name} is not a URL that this server reads: allowed are http and https at port {ports} \
             of public addresses, without user name"
        );
        Fault::new(Code::InvalidUrl, message)
    }

    fn fault(&self, name: &str, failure: Failure, rules: &Rules) -> Fault {
        let failed = |why: String| {
            Fault::new(Code::FileDownloadFailed, format!("{name} could not be fetched: {why}"))
        };
        match failure {
            Failure::Refused => self.refused(name),
            Failure::Broken(why) => failed(why.to_owned()),
            Failure::Status(status) => {
                failed(format!("the server answered with the status {status}"))
            }
            Failure::Slow => Fault::new(
                Code::FileDownloadTimeout,
                format!(
                    "{name} could not be fetched in time: the limit is {} s, of them {} s for the \
                     connection",
                    self.whole.as_secs(),
                    self.connector.wait().as_secs()
                ),
            ),
            Failure::TooLarge => Fault::new(
                Code::FileSizeExceedsLimit,
                format!(
                    "{name} leads to a file of more than {} bytes ({} MB), which is the limit",
                    rules.max_bytes,
                    rules.max_megabytes()
                ),
            ),
            Failure::NoRoom(fault) => fault,
        }
    }
}

/// A response, and the connection that its body comes over.
struct Answer {
    response: Response<Incoming>,
    _connection: connection::Connection,
}

/// Sends a request over a connection of its own.
async fn send(
    connector: &Connector,
    target: &Target,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Failure> {
    let mut connection = connector.open(target).await?;
    let request = Request::builder()
        .method(method)
        .uri(target.path())
        .header(HOST, target.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, HeaderValue::from_static("*/*"))
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        .body(Full::new(body));
    let mut request = request.map_err(|_| Failure::Refused)?;
    request.headers_mut().extend(headers);
    let response = connection.send(request).await;
    let response = response.map_err(|_| Failure::Broken("the server broke off"))?;
    Ok(Answer { response, _connection: connection })
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Reads a body of at most `limit` bytes.
async fn read(mut body: Incoming, limit: u64, room: &Room<'_>) -> Result<Bytes, Failure> {
    if body.size_hint().lower() > limit {
        return Err(Failure::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::Broken("the server broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        if (bytes.len() + data.len()) as u64 > limit {
            return Err(Failure::TooLarge);
        }
        room.append(&mut bytes, data, limit).await.map_err(Failure::NoRoom)?;
    }
    bytes.shrink_to_fit();
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;

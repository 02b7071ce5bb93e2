//! The way to one engine: its base, its key, and the connections.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::failure::Failure;
use super::settings::EngineSettings;
use crate::fetch::{Call, Client, TrustedAnswer};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Most bytes of an answer that is no picture.
pub(crate) const MOST_WORDS: u64 = 4 << 20;

/// The way to an engine.
pub(crate) struct Link {
    client: Client,
    base: String,
    key: Option<HeaderValue>,
}

impl Link {
    /// # Errors
    /// When the key or the further authorities cannot be read.
    pub fn new(settings: &EngineSettings, ca_file: Option<&Path>) -> Result<Self, String> {
        let key = settings.key_file.as_deref().map(|path| key(&settings.name, path)).transpose()?;
        let client = Client::new(CONNECT, ca_file).map_err(|error| error.to_string())?;
        Ok(Self { client, base: settings.url.trim_end_matches('/').to_owned(), key })
    }

    /// The base without this ending, which some write and some do not.
    pub fn without(mut self, ending: &str) -> Self {
        if let Some(base) = self.base.strip_suffix(ending) {
            self.base = base.to_owned();
        }
        self
    }

    /// Whether a URL leads to this engine.
    pub fn own_path<'a>(&self, url: &'a str) -> Option<&'a str> {
        if url.starts_with('/') && !url.starts_with("//") {
            return Some(url);
        }
        url.strip_prefix(&self.base).filter(|path| path.starts_with('/'))
    }

    /// Asks for a path.
    pub async fn get(&self, path: &str, limit: u64) -> Result<TrustedAnswer, Failure> {
        self.send(Method::GET, path, None, Bytes::new(), limit).await
    }

    /// Posts a body of this type.
    pub async fn post(
        &self,
        path: &str,
        kind: &str,
        body: Bytes,
        limit: u64,
    ) -> Result<TrustedAnswer, Failure> {
        self.send(Method::POST, path, Some(kind), body, limit).await
    }

    /// Posts JSON.
    pub async fn post_json(
        &self,
        path: &str,
        body: &Value,
        limit: u64,
    ) -> Result<TrustedAnswer, Failure> {
        self.post(path, "application/json", body.to_string().into(), limit).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Bytes,
        limit: u64,
    ) -> Result<TrustedAnswer, Failure> {
        let mut headers = HeaderMap::new();
        headers.extend(self.key.clone().map(|key| (AUTHORIZATION, key)));
        let kind = kind.and_then(|kind| HeaderValue::from_str(kind).ok());
        headers.extend(kind.map(|kind| (CONTENT_TYPE, kind)));
        let url = format!("{}{path}", self.base);
        let answer = self.client.send(Call { method, url: &url, headers, body, limit }).await?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(Failure::of_status(&answer)),
        }
    }
}

/// The header of the key in a file.
fn key(engine: &str, path: &Path) -> Result<HeaderValue, String> {
    let place = || format!("key_file {} of the engine `{engine}`", path.display());
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", place()))?;
    let key = HeaderValue::from_str(&format!("Bearer {}", text.trim()));
    let mut key = key.map_err(|_| format!("{} holds no key of one line", place()))?;
    key.set_sensitive(true);
    Ok(key)
}

/// The JSON of an answer.
pub(crate) fn json(answer: &TrustedAnswer) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.body).map_err(|error| Failure::Garbage(error.to_string()))
}

//! The URLs of result files.
//!
//! A file's key is `<date>/<unguessable>.<extension>`, its URL `<base>/results/<key>`. The base
//! depends on who asks, so the stored answer of a task keeps the key behind a mark, and the URL is
//! made when the task is polled.

use axum::http::header::HOST;
use axum::http::request::Parts;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;

/// The path that result files lie under.
pub(crate) const RESULTS: &str = "/results/";

/// Stands before the key of a result file in a stored answer.
const MARK: &str = "result-file:";

/// A fresh key: the day in UTC, 122 random bits, and the extension.
pub(crate) fn new_key(extension: &str) -> String {
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    format!("{day}/{}.{extension}", Uuid::new_v4().simple())
}

/// Where the bytes of a key lie.
pub(crate) fn blob_key(key: &str) -> String {
    format!("results/{key}")
}

/// The key in a path below `/results/`, if it has the form of one.
pub(crate) fn key_of_path(rest: &str) -> Option<&str> {
    let (day, file) = rest.split_once('/')?;
    let (stem, extension) = file.split_once('.')?;
    let day_fits = day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let stem_fits = stem.len() == 32 && stem.bytes().all(|b| b.is_ascii_hexdigit());
    let extension_fits =
        (1..=8).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    (day_fits && stem_fits && extension_fits).then_some(rest)
}

/// The key as it stands in a stored answer.
pub(crate) fn marked(key: &str) -> String {
    format!("{MARK}{key}")
}

/// The URL of a key.
pub(crate) fn url(base: &str, key: &str) -> String {
    format!("{base}{RESULTS}{key}")
}

/// Replaces every marked key in an answer by its URL, and answers the URLs in order.
pub(crate) fn resolve(answer: &mut Value, base: &str) -> Vec<String> {
    let mut urls = Vec::new();
    walk(answer, base, &mut urls);
    urls
}

fn walk(value: &mut Value, base: &str, urls: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(key) = text.strip_prefix(MARK).and_then(key_of_path) {
                let url = url(base, key);
                text.clone_from(&url);
                urls.push(url);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, base, urls)),
        Value::Object(fields) => fields.values_mut().for_each(|item| walk(item, base, urls)),
        _ => {}
    }
}

/// The base of URLs for whoever made this request: as configured, else the host that the request
/// named, else the address that the server listens on.
pub(crate) fn base(app: &App, parts: &Parts) -> String {
    if let Some(url) = &app.settings.public_url {
        return url.clone();
    }
    let named = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    match host.filter(|host| is_host(host)) {
        Some(host) => format!("http://{host}"),
        None => format!("http://{}", app.address),
    }
}

/// Letters, digits and what else a name, an address and a port are made of.
fn is_host(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b);
    (1..=255).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_recognised() {
        let key = new_key("png");
        assert_eq!(key_of_path(&key), Some(key.as_str()));
        for other in ["", "2026-01-01", "2026-01-01/x.png", "../../etc/passwd", "2026-01-01/..png"]
        {
            assert_eq!(key_of_path(other), None, "{other}");
        }
        let upward = key.replace("/", "/../");
        assert_eq!(key_of_path(&upward), None);
    }

    #[test]
    fn marked_keys_become_urls_wherever_they_stand() {
        let (one, two) = (new_key("png"), new_key("jpg"));
        let mut answer = json!({
            "data": { "image_url": marked(&one), "more": [marked(&two), "result-file:nothing"] },
            "note": "text",
        });
        let urls = resolve(&mut answer, "http://host:1");
        assert_eq!(urls, [format!("http://host:1/results/{one}"), url("http://host:1", &two)]);
        assert_eq!(answer["data"]["image_url"], urls[0]);
        assert_eq!(answer["data"]["more"], json!([urls[1], "result-file:nothing"]));
    }

    #[test]
    fn hosts_are_validated() {
        for host in ["localhost", "127.0.0.1:80", "[::1]:8080", "my-host.example"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "a b", "evil\"", "a/b", "user@host", &"x".repeat(300)] {
            assert!(!is_host(host), "{host}");
        }
    }
}

//! The URLs of result files, and the host that a request is for.
//!
//! A file's key is `<date>/<unguessable>.<extension>`, its URL `<base>/results/<key>`. The base
//! depends on who asks, so the stored answer of a task keeps the key behind a mark, and the URL is
//! made when the task is polled.

use std::net::Ipv6Addr;

use axum::extract::Request;
use axum::http::header::{HOST, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, Version};
use safelight_contract::{Code, Fault, Result, shortened};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;

/// The path that result files lie under.
pub(crate) const RESULTS: &str = "/results/";

/// What browsers say about where a request comes from.
pub(crate) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// From a page of this server.
pub(crate) const SAME_ORIGIN: &str = "same-origin";

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
    match host(parts.version, &parts.uri, &parts.headers) {
        Ok(Some(host)) => format!("http://{host}"),
        Ok(None) | Err(_) => format!("http://{}", app.address),
    }
}

/// Refuses a request that does not say for which host it is, or says it wrongly.
///
/// # Errors
/// `ERROR_PARAMETERS` for more than one header `Host`, for a host that is none, for two that
/// differ, and for none at all since HTTP/1.1.
pub(crate) fn check_host(request: &Request) -> Result<()> {
    host(request.version(), request.uri(), request.headers()).map(drop)
}

/// The host that a request is for: that of its target, else its header `Host`.
pub(crate) fn host<'a>(
    version: Version,
    uri: &'a Uri,
    headers: &'a HeaderMap,
) -> Result<Option<&'a str>> {
    let refused = |message| Fault::new(Code::ErrorParameters, message);
    let mut values = headers.get_all(HOST).iter();
    let header = values.next().map(valid).transpose()?;
    if values.next().is_some() {
        return Err(refused("the header Host comes more than once".to_owned()));
    }
    let target = uri.authority().map(|authority| authority.as_str());
    if let Some(target) = target.filter(|target| !is_host(target)) {
        return Err(refused(format!(
            "the request's target names the host {}, {HOST_FORM}",
            shortened(target)
        )));
    }
    let missing = header.is_none() && (version == Version::HTTP_11 || target.is_none());
    if missing && version >= Version::HTTP_11 {
        return Err(refused(format!("the header Host is missing, {HOST_FORM}")));
    }
    match (target, header) {
        (Some(target), Some(header))
            if version >= Version::HTTP_2 && !target.eq_ignore_ascii_case(header) =>
        {
            Err(refused(format!("the header Host names {header}, the target {target}")))
        }
        (target, header) => Ok(target.or(header)),
    }
}

const HOST_FORM: &str = "it must be a name or an address, with a port or without";

fn valid(value: &HeaderValue) -> Result<&str> {
    let host = value.to_str().ok().filter(|text| is_host(text));
    host.ok_or_else(|| {
        let found = String::from_utf8_lossy(value.as_bytes());
        Fault::new(
            Code::ErrorParameters,
            format!("the header Host is {}, {HOST_FORM}", shortened(&found)),
        )
    })
}

/// A name, an IPv4 address or an IPv6 address in brackets, with a port or without.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            match port.strip_prefix(':') {
                None => return port.is_empty(),
                Some(port) => (None, Some(port)),
            }
        }
        None => match text.split_once(':') {
            Some((name, port)) => (Some(name), Some(port)),
            None => (Some(text), None),
        },
    };
    host.is_none_or(is_name) && port.is_none_or(is_port)
}

/// Labels of letters, digits, `-` and `_`; the dot at the end is allowed.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.strip_suffix('.').unwrap_or(name).split('.').all(label)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
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
        for host in [
            "localhost",
            "127.0.0.1:80",
            "[::1]:8080",
            "[2001:db8::1]",
            "my-host.example",
            "my_service:9000",
            "example.com.",
            "xn--bcher-kva.example:65535",
        ] {
            assert!(is_host(host), "{host}");
        }
        let long = "x".repeat(64);
        for host in [
            "",
            ":80",
            "a b",
            "evil\"",
            "a/b",
            "user@host",
            "a..b",
            ".a",
            "-a",
            "a-.b",
            "a:",
            "a:x",
            "a:+80",
            "a:0",
            "a:65536",
            "a:80:80",
            "::1",
            "[::1",
            "[::1]80",
            "[a]",
            "[]",
            "bücher.example",
            "a%2eb",
            "a,b",
            &long,
        ] {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn a_request_is_for_one_host() {
        let host = |version, target: &'static str, hosts: &[&'static str]| {
            let uri = Uri::from_static(target);
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            let found = host(version, &uri, &headers);
            found.map(|host| host.map(str::to_owned)).map_err(|fault| fault.code())
        };
        let (old, current) = (Version::HTTP_10, Version::HTTP_11);
        let is = |host: &str| Ok(Some(host.to_owned()));
        assert_eq!(host(current, "/", &["a"]), is("a"));
        assert_eq!(host(old, "/", &[]), Ok(None));
        assert_eq!(
            host(current, "http://a/", &["b"]),
            is("a"),
            "the target counts, as the standard has it"
        );
        assert_eq!(host(Version::HTTP_2, "http://a/", &[]), is("a"));
        assert_eq!(host(Version::HTTP_2, "http://a/", &["a"]), is("a"));
        for (version, target, hosts) in [
            (current, "/", &[][..]),
            (current, "/", &["a", "a"]),
            (old, "/", &["a", "b"]),
            (current, "/", &["user@a"]),
            (current, "http://a/", &[]),
            (current, "http://user@a/", &["a"]),
            (Version::HTTP_2, "/", &[]),
            (Version::HTTP_2, "http://a/", &["b"]),
        ] {
            let refused = host(version, target, hosts);
            assert_eq!(refused, Err(Code::ErrorParameters), "{version:?} {target} {hosts:?}");
        }
    }
}

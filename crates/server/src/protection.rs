//! Headers of every answer that tell a browser what not to do with it: guess its type, run or load
//! anything from it, show it in a frame, tell where its reader comes from.

use std::sync::LazyLock;

use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::openapi::DOCS_PAGE;

/// Which sites may embed an answer.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds the headers that an answer does not have yet.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Lets pages of other sites show a picture.
pub(crate) fn allow_embedding(headers: &mut HeaderMap) {
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// Lets the documentation page use its own style and script, known by their digests, and read the
/// OpenAPI document.
pub(crate) fn allow_documentation(headers: &mut HeaderMap) {
    static DOCS_POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
        let (style, script) = (digest("style")?, digest("script")?);
        let policy = format!(
            "{POLICY}; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'"
        );
        HeaderValue::try_from(policy).ok()
    });
    if let Some(policy) = &*DOCS_POLICY {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
}

/// The digest of the page's only element of this name.
fn digest(element: &str) -> Option<String> {
    let (_, rest) = DOCS_PAGE.split_once(&format!("<{element}>"))?;
    let (content, _) = rest.split_once(&format!("</{element}>"))?;
    Some(BASE64_STANDARD.encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_page_has_one_style_and_one_script_and_nothing_inline() {
        for element in ["style", "script"] {
            assert_eq!(DOCS_PAGE.matches(&format!("<{element}")).count(), 1);
            assert!(digest(element).is_some());
        }
        for inline in [" style=", " onclick=", " src=", "javascript:", "eval("] {
            assert!(!DOCS_PAGE.contains(inline), "the page's policy forbids {inline}");
        }
    }

    #[test]
    fn what_an_answer_says_itself_stays() {
        let mut headers = HeaderMap::new();
        allow_embedding(&mut headers);
        protect(&mut headers);
        assert_eq!(headers[RESOURCE_POLICY], "cross-origin");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

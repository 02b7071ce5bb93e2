//! What the header `Accept` allows an answer to be.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// Whether `Accept` is absent, names nothing, or has a range that JSON is in.
pub(crate) fn json(headers: &HeaderMap) -> bool {
    let fits = ["*/*", "application/*", "application/json"];
    elements(headers).next().is_none() || ranges(headers).any(|range| is_one_of(range, &fits))
}

/// Whether `Accept` names HTML, as browsers do for pages; programs accept everything instead.
pub(crate) fn html(headers: &HeaderMap) -> bool {
    ranges(headers).any(|range| is_one_of(range, &["text/html"]))
}

fn is_one_of(range: &str, media: &[&str]) -> bool {
    media.iter().any(|media| media.eq_ignore_ascii_case(range))
}

/// The ranges of media types that are not refused by `q=0`.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    elements(headers).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let refused =
            parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0)));
        (!refused).then_some(media)
    })
}

/// What the header lists; empty elements of a list are none, as the standard has it.
fn elements(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).filter(|element| !element.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accept(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))])
    }

    #[test]
    fn accept_is_read_as_the_standard_has_it() {
        assert!(json(&HeaderMap::new()));
        for value in
            ["*/*", "application/json", "text/html, Application/*;q=0.2", "", ",", "a/b,*/*"]
        {
            assert!(json(&accept(value)), "{value}");
        }
        for value in
            ["text/html", "text/html,", "image/*", "application/json;q=0", "application/xml;q=0.9"]
        {
            assert!(!json(&accept(value)), "{value}");
        }
    }

    #[test]
    fn browsers_are_told_from_programs() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(html(&accept(browser)) && html(&accept("Text/HTML")));
        for value in ["*/*", "application/json, text/plain, */*", "text/html;q=0", ""] {
            assert!(!html(&accept(value)), "{value}");
        }
        assert!(!html(&HeaderMap::new()));
    }
}

//! Paths as clients join them: with doubled slashes, and a slash at the end.

use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;

/// Takes `//api/x/` for `/api/x`.
pub(crate) async fn tidy(mut request: Request, next: Next) -> Response {
    if let Some(uri) = tidied(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// The URI without superfluous slashes; `None` where there are none.
fn tidied(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let ends = path.len() > 1 && path.ends_with('/');
    if !ends && !path.contains("//") {
        return None;
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut text: String = segments.flat_map(|segment| ["/", segment]).collect();
    if text.is_empty() {
        text.push('/');
    }
    if let Some(query) = uri.query() {
        text = format!("{text}?{query}");
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn superfluous_slashes_go_and_nothing_else() {
        for (sent, meant) in [
            ("//api/a/b", "/api/a/b"),
            ("/api//a///b/?x=//&y=/", "/api/a/b?x=//&y=/"),
            ("http://host:1//api/", "http://host:1/api"),
            ("//", "/"),
        ] {
            let sent: Uri = sent.parse().expect("a URI");
            assert_eq!(tidied(&sent).map(|uri| uri.to_string()).as_deref(), Some(meant));
        }
        for kept in ["/", "/api/a", "/a?b=//", "*", "/%2F%2Fa"] {
            assert_eq!(tidied(&kept.parse().expect("a URI")), None, "{kept}");
        }
    }
}

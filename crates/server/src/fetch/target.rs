//! Where a URL leads.

use url::{Host, Url};

use super::Failure;

/// A URL of `http` or `https` with a host and without a user.
#[derive(Debug)]
pub(super) struct Target(Url);

impl Target {
    /// Reads a URL as the WHATWG's standard has it, so that `0x7f.1` is `127.0.0.1`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let is_ascii = text.split(['/', '?', '#', '\\']).take(3).all(str::is_ascii);
        let url = Url::parse(text).map_err(|_| Failure::Refused)?;
        if !is_ascii {
            return Err(Failure::Refused);
        }
        Self::check(url)
    }

    fn check(mut url: Url) -> Result<Self, Failure> {
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || has_user || url.host().is_none() {
            return Err(Failure::Refused);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Where a redirect leads; never from `https` to `http`.
    pub fn redirected(&self, location: &str) -> Result<Self, Failure> {
        let url = self.0.join(location).map_err(|_| Failure::Refused)?;
        if self.is_secure() && url.scheme() != "https" {
            return Err(Failure::Refused);
        }
        Self::check(url)
    }

    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn host(&self) -> Option<Host<&str>> {
        self.0.host()
    }

    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Host and port as the header `Host` has them.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Path and query.
    pub fn path(&self) -> String {
        let query = self.0.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.0.path())
    }
}

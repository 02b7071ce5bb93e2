//! Bodies of `multipart/form-data` (RFC 7578).

use bytes::Bytes;
use uuid::Uuid;

/// A body that grows by its parts.
pub(crate) struct Multipart {
    boundary: String,
    body: Vec<u8>,
}

impl Multipart {
    pub fn new() -> Self {
        Self { boundary: format!("safelight-{}", Uuid::new_v4().simple()), body: Vec::new() }
    }

    /// A text field.
    pub fn text(&mut self, name: &str, value: &str) {
        self.part(&format!("name=\"{name}\""), "", value.as_bytes());
    }

    /// A PNG.
    pub fn png(&mut self, name: &str, file: &str, bytes: &[u8]) {
        let disposition = format!("name=\"{name}\"; filename=\"{file}\"");
        self.part(&disposition, "Content-Type: image/png\r\n", bytes);
    }

    fn part(&mut self, disposition: &str, header: &str, content: &[u8]) {
        let boundary = &self.boundary;
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{header}\r\n"
        );
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }

    /// Content type and body.
    pub fn end(mut self) -> (String, Bytes) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body.into())
    }
}

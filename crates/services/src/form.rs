//! A request's fields, as sent.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The fields of a request: text from the form or the query string, and files. Fields that no
/// service declares are kept but never looked at.
#[derive(Clone, Debug, Default)]
pub struct Form {
    texts: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    files: BTreeMap<String, Bytes>,
}

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field of the body. The first of several of one name counts.
    pub fn add_text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.texts.entry(name.into()).or_insert(value.into());
    }

    /// Adds a parameter of the query string, which counts where the body has no such field.
    pub fn add_query(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.query.entry(name.into()).or_insert(value.into());
    }

    /// Adds a file. The first of several of one name counts.
    pub fn add_file(&mut self, name: impl Into<String>, bytes: Bytes) {
        self.files.entry(name.into()).or_insert(bytes);
    }

    /// A text value: body first, then query string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).or_else(|| self.query.get(name)).map(String::as_str)
    }

    /// A file's content.
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }

    /// All text values that count, by name.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let hidden = self.query.iter().filter(|(name, _)| !self.texts.contains_key(*name));
        self.texts.iter().chain(hidden).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All files, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes))
    }
}

//! A request's fields, as sent.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::source::Reference;

/// The fields of a request: text from the form or the query string, files, and references to files.
/// Fields that no endpoint declares are kept but not read.
#[derive(Clone, Debug, Default)]
pub struct Form {
    texts: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    files: BTreeMap<String, Vec<Bytes>>,
    references: BTreeMap<String, Vec<Reference>>,
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

    /// Sets a parameter, whatever the body and the query string say.
    pub fn set_text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.texts.insert(name.into(), value.into());
    }

    /// Adds a file, after others of its name. Of a field that takes one file the first counts.
    pub fn add_file(&mut self, name: impl Into<String>, bytes: Bytes) {
        self.files.entry(name.into()).or_default().push(bytes);
    }

    /// Adds a reference to a file of the field `name`, after others of that field.
    pub fn add_reference(&mut self, name: impl Into<String>, reference: Reference) {
        self.references.entry(name.into()).or_default().push(reference);
    }

    /// Takes the references to files of a field out of the form.
    pub fn take_references(&mut self, name: &str) -> Vec<Reference> {
        self.references.remove(name).unwrap_or_default()
    }

    /// A text value: body first, then query string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).or_else(|| self.query.get(name)).map(String::as_str)
    }

    /// A file's content, the first of its name.
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        self.files_of(name).first()
    }

    /// The files of a name, in the order that they were sent in.
    pub fn files_of(&self, name: &str) -> &[Bytes] {
        self.files.get(name).map_or(&[], Vec::as_slice)
    }

    /// The references to files of a field, in the order that they were sent in.
    pub fn references_of(&self, name: &str) -> &[Reference] {
        self.references.get(name).map_or(&[], Vec::as_slice)
    }

    /// All references to files, by the name of their field.
    pub fn references(&self) -> impl Iterator<Item = (&str, &Reference)> {
        let named = |(name, all)| std::iter::repeat(name).zip(all);
        let references = self.references.iter().flat_map(named);
        references.map(|(name, reference): (&String, _)| (name.as_str(), reference))
    }

    /// All text values that count, by name.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let hidden = self.query.iter().filter(|(name, _)| !self.texts.contains_key(*name));
        self.texts.iter().chain(hidden).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All files, by name; those of one name in the order that they were sent in.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        let named = |(name, files)| std::iter::repeat(name).zip(files);
        self.files.iter().flat_map(named).map(|(name, bytes): (&String, _)| (name.as_str(), bytes))
    }
}

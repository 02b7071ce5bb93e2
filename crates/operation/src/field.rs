//! What is declared of the fields of a request.

use safelight_imaging::Rules;

use crate::param::Parameter;
use crate::source::Source;

/// A field that an endpoint takes.
#[derive(Clone, Copy)]
pub enum InputField {
    /// A picture or several.
    File(&'static FileField),
    /// A parameter, sent as text.
    Text(&'static dyn Parameter),
}

impl InputField {
    /// Field name in the form.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File(file) => file.name,
            Self::Text(parameter) => parameter.name(),
        }
    }

    /// Further names that it is sent under.
    pub fn aliases(&self) -> &'static [&'static str] {
        match self {
            Self::File(file) => file.aliases,
            Self::Text(parameter) => parameter.aliases(),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&'static FileField> {
        match self {
            Self::File(file) => Some(file),
            Self::Text(_) => None,
        }
    }

    /// Whether it is sent under this name.
    pub fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.aliases().contains(&name)
    }
}

/// All fields of a request to one endpoint: its own, and those that it shares with others.
#[derive(Clone, Copy)]
pub struct Fields {
    own: &'static [InputField],
    shared: &'static [&'static dyn Parameter],
}

/// What a name in a request stands for.
#[derive(Clone, Copy)]
pub enum Named {
    /// A file.
    File(&'static FileField),
    /// A reference to a file of this field.
    Reference(&'static FileField, Source),
    /// A parameter, sent as text.
    Text(&'static dyn Parameter),
}

impl Fields {
    /// These fields.
    pub const fn new(
        own: &'static [InputField],
        shared: &'static [&'static dyn Parameter],
    ) -> Self {
        Self { own, shared }
    }

    /// The files, in the order that they are read in.
    pub fn files(&self) -> impl Iterator<Item = &'static FileField> {
        self.own.iter().filter_map(InputField::file)
    }

    /// What a name stands for; `None` where no field has it.
    pub fn find(&self, name: &str) -> Option<Named> {
        let own = self.own.iter().find(|field| field.is_called(name)).map(|field| match field {
            InputField::File(file) => Named::File(file),
            InputField::Text(parameter) => Named::Text(*parameter),
        });
        let shared = || self.shared.iter().find(|parameter| parameter.name() == name);
        let reference = || {
            self.files().find_map(|file| Some(Named::Reference(file, file.source_called(name)?)))
        };
        own.or_else(|| shared().map(|parameter| Named::Text(*parameter))).or_else(reference)
    }
}

/// A file that an endpoint takes.
pub struct FileField {
    /// Field name in the form.
    pub name: &'static str,
    /// Further names that clients send it under.
    pub aliases: &'static [&'static str],
    /// What it is, for the documentation.
    pub doc: &'static str,
    /// How many there must be.
    pub presence: FilePresence,
    /// What it holds.
    pub media: Media,
    /// What pictures are accepted; of videos, the size of the file counts alone.
    pub rules: Rules,
    /// For a mask the name of the picture whose size it must have.
    pub mask_of: Option<&'static str>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// A picture, whose header is checked against the rules of its field.
    Picture,
    /// An MP4, of which nothing is read before the work.
    Video,
}

/// How many files are sent under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilePresence {
    /// One.
    Required,
    /// None or one.
    Optional,
    /// So many.
    Several(std::ops::RangeInclusive<usize>),
}

impl FileField {
    /// A file that every request needs.
    pub const fn required(name: &'static str, doc: &'static str, rules: Rules) -> Self {
        let (media, presence) = (Media::Picture, FilePresence::Required);
        Self { name, aliases: &[], doc, presence, media, rules, mask_of: None }
    }

    /// Whether a request without it is refused.
    pub fn is_required(&self) -> bool {
        match &self.presence {
            FilePresence::Required => true,
            FilePresence::Optional => false,
            FilePresence::Several(counts) => *counts.start() > 0,
        }
    }

    /// How many files of this name a request may hold.
    pub fn most(&self) -> usize {
        match &self.presence {
            FilePresence::Required | FilePresence::Optional => 1,
            FilePresence::Several(counts) => *counts.end(),
        }
    }
}

//! Where a file comes from that is not sent as a file of the form.

/// How a request names a file instead of sending it: as a text under the name of the file's field
/// with a suffix, such as `image_url` for the field `image`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The file itself in Base64, with or without a `data:` prefix.
    Base64,
    /// The URL that the file is fetched from.
    Url,
    /// The identifier of a file that was uploaded before.
    FileId,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Base64, Self::Url, Self::FileId];

    /// What follows the name of the file's field.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Base64 => "_base64",
            Self::Url => "_url",
            Self::FileId => "_file_id",
        }
    }
}

/// The field of requests for a list of pictures that are judged one by one, and the parameter that says what
/// the client calls each.
pub const TASKS: &str = "tasks";
/// See [`TASKS`].
pub const DATA_IDS: &str = "data_ids";

/// What every endpoint with files says of them, for the documentation.
pub const SOURCES: &str = "A file, say `image`, comes from one of four sources: the file itself as \
    `image`, Base64 as `image_base64` (with or without `data:` prefix), a URL as `image_url`, or the \
    identifier that upload-file answered as `image_file_id`. A video comes from the first three, as \
    upload-file keeps pictures alone. A body is `multipart/form-data`, \
    `application/x-www-form-urlencoded`, or `application/json` with the fields as members of one \
    object; only the first can hold files themselves. In JSON a file may also be an \
    object with one of `url`, `base64` and `file_id`, and several files a list of such objects.";

/// A file that is named instead of sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// How it is named.
    pub source: Source,
    /// The Base64, the URL or the identifier.
    pub text: String,
}

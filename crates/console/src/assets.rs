//! The files that pages load, embedded. Their paths hold a digest of their content, so that browsers
//! keep them until they change.

use std::sync::LazyLock;

/// A file.
pub struct Asset {
    /// Path under which it is served.
    pub path: String,
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($name:ident = $file:literal, $media_type:expr;)*) => {
        $(pub(crate) static $name: LazyLock<Asset> = LazyLock::new(|| {
            Asset::new($file, $media_type, include_bytes!(concat!("../assets/", $file)))
        });)*

        static ALL: &[&LazyLock<Asset>] = &[$(&$name,)*];
    };
}

assets! {
    STYLE = "console.css", "text/css; charset=utf-8";
    SCRIPT = "console.js", JAVASCRIPT;
    PLAYGROUND = "playground.js", JAVASCRIPT;
    MASK = "mask.js", JAVASCRIPT;
    SNIPPETS = "snippets.js", JAVASCRIPT;
    ZIP = "zip.js", JAVASCRIPT;
    HTMX = "htmx.min.js", JAVASCRIPT;
    ICON = "icon.svg", "image/svg+xml";
}

impl Asset {
    fn new(file: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = blake3::hash(bytes).to_hex();
        Self { path: format!("/assets/{}/{file}", &digest[..12]), media_type, bytes }
    }
}

/// The file at a path.
pub fn find(path: &str) -> Option<&'static Asset> {
    ALL.iter().map(|asset| &***asset).find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_path_alone() {
        assert_eq!(find(&STYLE.path).map(|asset| asset.media_type), Some(STYLE.media_type));
        assert!(find("/assets/console.css").is_none());
    }

    /// What a page loads beside its HTML and photos; the HTML of the largest service is below 40 kB.
    #[test]
    fn all_files_together_are_small() {
        let total: usize = ALL.iter().map(|asset| asset.bytes.len()).sum();
        assert!(total <= 110_000, "{total} bytes");
    }
}

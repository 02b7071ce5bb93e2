//! Manifests of C2PA: boxes of JUMBF with claims and assertions in CBOR. Texts of CBOR lie in the file as
//! they are, so that the source types of actions can be found without reading the rest.

use memchr::memmem;

use crate::{Declared, Kind, text};

/// Most bytes of a manifest that are looked at.
const MOST: usize = 4 << 20;
/// Most places that are looked at.
const MOST_PLACES: usize = 256;

/// Adds a piece of the manifest store to those before it.
pub(crate) fn collect(manifest: &mut Vec<u8>, piece: &[u8]) {
    let room = MOST.saturating_sub(manifest.len());
    manifest.extend_from_slice(&piece[..piece.len().min(room)]);
}

/// Reads a manifest store.
pub(crate) fn read(manifest: &[u8], declared: &mut Declared) {
    if memmem::find(manifest, b"c2pa").is_none() {
        return;
    }
    declared.has_c2pa_manifest = true;
    for at in memmem::find_iter(manifest, b"digitalsourcetype/").take(MOST_PLACES) {
        if let Some(source) = text::source_type(&manifest[at..]) {
            declared.add(Kind::C2pa, source);
        }
    }
}

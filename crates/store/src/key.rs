//! API keys: 256 random bits, shown once, stored as a keyed hash.

use serde::Serialize;

use crate::Millis;

/// The installation's secret that keys are hashed under; lives beside the database, never in it.
pub struct KeySecret([u8; 32]);

/// The keyed BLAKE3 hash of an API key. Keys are looked up by it, so that the time a look-up takes
/// says nothing about how much of a guess was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

/// A key as listings show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Number, to revoke it by.
    pub id: i64,
    /// Its first characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Millis,
}

impl KeySecret {
    /// Takes the 32 bytes read from the secret's file.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Hashes a key as sent, whatever it is.
    pub fn hash(&self, key: &str) -> KeyHash {
        KeyHash(*blake3::keyed_hash(&self.0, key.as_bytes()).as_bytes())
    }
}

impl std::fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

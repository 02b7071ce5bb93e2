//! API keys: 256 random bits, shown once, stored as a keyed hash.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::{Millis, WebhookNonce, secret_file};

/// What tells a secret from another one, and nothing else of it.
pub fn fingerprint(secret: &[u8; 32]) -> String {
    let derived = blake3::derive_key("safelight fingerprint of a secret", secret);
    blake3::Hash::from_bytes(derived).to_hex()[..16].to_owned()
}

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
    /// What requests with it get.
    pub kind: KeyKind,
    /// When it was made.
    pub created_at: Millis,
}

/// What requests with a key get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// The work itself, for its price.
    #[default]
    Live,
    /// The same checks, then sample answers or the failures that they ask for; no credits move.
    Sandbox,
}

impl KeyKind {
    /// The name in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }
}

/// What every generated key begins with, so that people and scanners recognise one.
const PREFIX: &str = "sl_";

/// What the rest of a key is made of.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random characters of a key: 43 of 62 symbols carry 256 bits.
const LENGTH: usize = 43;

/// Random characters of a key that its hint shows.
const SHOWN: usize = 6;

impl KeySecret {
    /// Takes the 32 bytes read from the secret's file.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the secret at `path`, or writes a random one there where no file is, for the owner's
    /// eyes only ([`secret_file`]).
    pub fn load_or_create(path: impl AsRef<Path>) -> io::Result<Self> {
        secret_file::load_or_create(path, "secret of the API keys").map(Self)
    }

    /// Hashes a key as sent, whatever it is.
    pub fn hash(&self, key: &str) -> KeyHash {
        KeyHash(*blake3::keyed_hash(&self.0, key.as_bytes()).as_bytes())
    }

    /// What tells it from another one, and nothing else of it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.0)
    }

    /// What an application's webhooks are signed with, derived from `nonce`, so that the database
    /// alone tells nobody.
    pub fn webhook_secret(&self, application: i64, nonce: &WebhookNonce) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"webhook").update(&application.to_le_bytes()).update(nonce);
        *hasher.finalize().as_bytes()
    }

    /// A fresh nonce for [`KeySecret::webhook_secret`]. Fails when the system has no random
    /// numbers.
    pub fn webhook_nonce() -> io::Result<WebhookNonce> {
        let mut nonce = WebhookNonce::default();
        getrandom::fill(&mut nonce)?;
        Ok(nonce)
    }

    /// Makes a key: the text to show once, its hash, and the hint for listings. Fails when the
    /// system has no random numbers.
    pub fn generate(&self) -> io::Result<(String, KeyHash, String)> {
        let mut key = String::from(PREFIX);
        let mut random = [0; 64];
        while key.len() < PREFIX.len() + LENGTH {
            getrandom::fill(&mut random)?;
            // Bytes past the last whole multiple of 62 would favour some symbols.
            let fair = random.iter().filter(|byte| **byte < 248);
            let symbols = fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            key.extend(symbols.take(PREFIX.len() + LENGTH - key.len()));
        }
        let hint = key.chars().take(PREFIX.len() + SHOWN).collect();
        let hash = self.hash(&key);
        Ok((key, hash, hint))
    }
}

impl std::fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn keys_are_recognisable_unique_and_hashed() {
        let secret = KeySecret::new([7; 32]);
        let keys: Vec<_> = (0..100).map(|_| secret.generate().unwrap()).collect();
        for (key, hash, hint) in &keys {
            assert_eq!(key.len(), 46);
            assert!(key[3..].bytes().all(|b| b.is_ascii_alphanumeric()));
            assert!(key.starts_with(hint.as_str()) && hint.starts_with("sl_") && hint.len() == 9);
            assert_eq!(secret.hash(key), *hash);
            assert_ne!(KeySecret::new([8; 32]).hash(key), *hash);
        }
        assert_eq!(keys.iter().map(|(key, ..)| key).collect::<HashSet<_>>().len(), keys.len());
        // Each symbol has its chance: 4300 draws miss one of 62 with a probability below 1e-28.
        let symbols: HashSet<_> = keys.iter().flat_map(|(key, ..)| key[3..].bytes()).collect();
        assert_eq!(symbols.len(), 62);
    }

    #[test]
    fn the_secret_is_created_once_and_read_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.secret");
        let created: Vec<_> = std::thread::scope(|scope| {
            let open = || KeySecret::load_or_create(&path).unwrap().0;
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(created.iter().all(|secret| *secret == created[0] && *secret != [0; 32]));
        assert_eq!(KeySecret::load_or_create(&path).unwrap().0, created[0]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "temporary files are left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_secret_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.secret");
        fs::write(&path, [1; 31]).unwrap();
        let error = KeySecret::load_or_create(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("32 bytes, has 31"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), [1; 31]);
        let nowhere = folder.path().join("missing").join("key.secret");
        assert_eq!(KeySecret::load_or_create(nowhere).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

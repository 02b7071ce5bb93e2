//! Encryption at rest: every group has a key of its own, which is stored wrapped by the
//! installation's master key. Without its wrapped key nothing of a group can be opened, so that
//! destroying it destroys the group, also in every copy of the database made afterwards.
//!
//! XChaCha20-Poly1305, with a random nonce of 24 bytes before each ciphertext. What a ciphertext
//! belongs to is authenticated with it, so that none can be moved to another place.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

const NONCE: usize = 24;

/// A ciphertext that does not open: it was altered or moved, or the key is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealed;

/// The installation's key, which lies beside the database and never in it.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

/// The key of a group.
#[derive(Clone)]
pub struct GroupKey([u8; 32]);

impl MasterKey {
    /// Takes the 32 bytes read from the key's file.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be kept in its file.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of a new group, and what to store of it. `place` says which group it is.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new_group(&self, place: &[u8]) -> std::io::Result<(GroupKey, Vec<u8>)> {
        let key: [u8; 32] = random()?;
        let wrapped = seal(&self.0, &key, place)?;
        Ok((GroupKey(key), wrapped))
    }

    /// The key that was stored for a group.
    ///
    /// # Errors
    /// [`Unsealed`].
    pub fn unwrap(&self, wrapped: &[u8], place: &[u8]) -> Result<GroupKey, Unsealed> {
        let key = open(&self.0, wrapped, place)?;
        key.try_into().map(GroupKey).map_err(|_| Unsealed)
    }

    /// The token of a face of a picture for an application: the same picture has the same token,
    /// and tokens of two applications never coincide. 32 hexadecimal digits.
    pub fn token(&self, application: i64, picture: &[u8], face: [i64; 4]) -> String {
        let secret = blake3::derive_key("safelight face token", &self.0);
        let mut hasher = blake3::Hasher::new_keyed(&secret);
        hasher.update(&application.to_le_bytes());
        face.iter().for_each(|edge| {
            hasher.update(&edge.to_le_bytes());
        });
        hasher.update(picture);
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

impl GroupKey {
    /// Encrypts `plain`, which belongs to `place`.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, plain: &[u8], place: &[u8]) -> std::io::Result<Vec<u8>> {
        seal(&self.0, plain, place)
    }

    /// Decrypts what was sealed for `place`.
    ///
    /// # Errors
    /// [`Unsealed`].
    pub fn open(&self, sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, Unsealed> {
        open(&self.0, sealed, place)
    }

    /// [`seal`](Self::seal) for an embedding: little-endian numbers of 32 bits.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal_embedding(
        &self,
        embedding: &crate::Embedding,
        place: &[u8],
    ) -> std::io::Result<Vec<u8>> {
        let plain: Vec<u8> = embedding.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.seal(&plain, place)
    }

    /// The embedding that was sealed for `place`.
    ///
    /// # Errors
    /// [`Unsealed`].
    pub fn open_embedding(
        &self,
        sealed: &[u8],
        place: &[u8],
    ) -> Result<crate::Embedding, Unsealed> {
        let plain = self.open(sealed, place)?;
        let numbers: Vec<f32> =
            plain.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        numbers.try_into().map_err(|_| Unsealed)
    }
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn seal(key: &[u8; 32], plain: &[u8], place: &[u8]) -> std::io::Result<Vec<u8>> {
    let nonce: [u8; NONCE] = random()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let payload = Payload { msg: plain, aad: place };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| std::io::Error::other("too long to be encrypted"))?;
    Ok([&nonce[..], &sealed].concat())
}

fn open(key: &[u8; 32], sealed: &[u8], place: &[u8]) -> Result<Vec<u8>, Unsealed> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Unsealed)?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let payload = Payload { msg: sealed, aad: place };
    cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unsealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_alone() {
        let master = MasterKey::new(random().expect("random numbers"));
        let (key, wrapped) = master.new_group(b"1/staff").expect("random numbers");
        let embedding = std::array::from_fn(|i| i as f32 / 128.0);
        let sealed = key.seal_embedding(&embedding, b"face").expect("random numbers");
        let same = master.unwrap(&wrapped, b"1/staff").expect("it is the key's");
        assert_eq!(same.open_embedding(&sealed, b"face"), Ok(embedding));
        assert_eq!(same.open(&sealed, b"other"), Err(Unsealed), "moved");
        let mut altered = sealed.clone();
        altered[40] ^= 1;
        assert_eq!(same.open(&altered, b"face"), Err(Unsealed), "altered");
        assert_eq!(same.open(&sealed[..10], b"face"), Err(Unsealed), "cut");
        assert!(master.unwrap(&wrapped, b"2/staff").is_err(), "another group");
        let stranger = MasterKey::new(random().expect("random numbers"));
        assert!(stranger.unwrap(&wrapped, b"1/staff").is_err(), "another installation");
        let (other, _) = master.new_group(b"1/staff").expect("random numbers");
        assert_eq!(other.open(&sealed, b"face"), Err(Unsealed), "another key");
        let plain: Vec<u8> = embedding.iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
        assert!(!sealed.windows(16).any(|part| part == &plain[64..80]), "it is not plain");
    }

    #[test]
    fn tokens_are_of_a_picture_a_face_and_an_application() {
        let master = MasterKey::new([3; 32]);
        let token = master.token(1, b"picture", [1, 2, 3, 4]);
        assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(token, master.token(1, b"picture", [1, 2, 3, 4]));
        assert_ne!(token, master.token(2, b"picture", [1, 2, 3, 4]));
        assert_ne!(token, master.token(1, b"pictures", [1, 2, 3, 4]));
        assert_ne!(token, master.token(1, b"picture", [1, 2, 3, 5]));
        assert_ne!(token, MasterKey::new([4; 32]).token(1, b"picture", [1, 2, 3, 4]));
    }
}

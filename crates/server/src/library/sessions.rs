//! Sessions of action liveness. A session is what its identifier says, sealed with a key of this
//! installation, so that every process on it knows it; that it was used is a row of the store.

use safelight_contract::{Code, Fault, Result};
use safelight_library::MasterKey;
use safelight_store::Millis;
use serde::{Deserialize, Serialize};

/// How long a session may be used, in milliseconds.
pub const LIFE: Millis = 5 * 60 * 1000;

/// What a session is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    application: i64,
    /// The digits of the actions, in their order.
    pub code: String,
    /// When it ends, in Unix milliseconds.
    pub expires_at: Millis,
    /// Tells it from others.
    pub nonce: [u8; 8],
}

/// The sessions of an installation.
pub struct Sessions {
    key: [u8; 32],
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|byte| (*byte as char).to_digit(16));
    if text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| Some((digit(at)? * 16 + digit(at + 1)?) as u8)).collect()
}

impl Sessions {
    /// Those that this key seals.
    pub fn new(master: &MasterKey) -> Self {
        let key = blake3::derive_key("safelight action session", master.bytes());
        Self { key }
    }

    /// A session of an application for a code, and its identifier.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn begin(
        &self,
        application: i64,
        code: String,
        now: Millis,
    ) -> std::io::Result<(Session, String)> {
        let nonce = *uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap_or(&[0; 8]);
        let session = Session { application, code, expires_at: now + LIFE, nonce };
        let text = serde_json::to_vec(&session)?;
        let id = format!("{}_{}", hex(&text), self.seal(&text));
        Ok((session, id))
    }

    fn seal(&self, text: &[u8]) -> String {
        blake3::keyed_hash(&self.key, text).to_hex()[..32].to_owned()
    }

    /// The session of an identifier. That it is used is for the caller to note, by its nonce.
    ///
    /// # Errors
    /// `ERROR_RESOURCE_NOT_FOUND` for one that was never begun here by the application,
    /// `ERROR_RESOURCE_RECLAIMED` for one that has expired.
    pub fn find(&self, application: i64, id: &str, now: Millis) -> Result<Session> {
        let unknown =
            || Fault::new(Code::ResourceNotFound, "there is no session of this session_id");
        let (text, seal) = id.split_once('_').ok_or_else(unknown)?;
        let text = unhex(text).ok_or_else(unknown)?;
        // Hashes compare in constant time; texts would not.
        if blake3::hash(self.seal(&text).as_bytes()) != blake3::hash(seal.as_bytes()) {
            return Err(unknown());
        }
        let session: Session = serde_json::from_slice(&text).map_err(|_| unknown())?;
        if session.application != application {
            return Err(unknown());
        }
        if now >= session.expires_at {
            return Err(Fault::new(Code::ResourceReclaimed, "the session has expired"));
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_for_their_application_in_time() {
        let sessions = Sessions::new(&MasterKey::new([3; 32]));
        let (session, id) = sessions.begin(7, "04".to_owned(), 1000).expect("begun");
        assert!(id.len() <= 512 && session.expires_at == 1000 + LIFE);
        let code = |outcome: Result<Session>| outcome.expect_err("refused").code();
        assert_eq!(code(sessions.find(8, &id, 2000)), Code::ResourceNotFound);
        for wrong in ["", "_", "7b_00", &id[1..], &id.replace('_', ""), &format!("{id}0")] {
            assert_eq!(code(sessions.find(7, wrong, 2000)), Code::ResourceNotFound, "{wrong}");
        }
        assert_eq!(sessions.find(7, &id, 2000), Ok(session));
        let (_, late) = sessions.begin(7, "7".to_owned(), 1000).expect("begun");
        assert_eq!(code(sessions.find(7, &late, 1000 + LIFE)), Code::ResourceReclaimed);
        // Another process on the installation knows it; another installation does not.
        let (_, fresh) = sessions.begin(7, "7".to_owned(), 1000).expect("begun");
        assert!(Sessions::new(&MasterKey::new([3; 32])).find(7, &fresh, 2000).is_ok());
        let other = Sessions::new(&MasterKey::new([4; 32]));
        assert_eq!(code(other.find(7, &fresh, 2000)), Code::ResourceNotFound);
    }
}

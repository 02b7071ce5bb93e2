//! Tokens of faces that are in no library: they live in memory, for a while.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use safelight_library::Embedding;

/// Most tokens at a time; of more, the oldest go before their time.
const MOST: usize = 20_000;

/// What is known of a face by its token alone.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub embedding: Embedding,
    pub quality: f64,
    /// Shorter side in pixels; none for faces of a library.
    pub size: Option<f32>,
    pub minor: bool,
}

type Key = (i64, String);

/// The tokens, each of an application.
pub(crate) struct Tokens {
    life: Duration,
    living: Mutex<Living>,
}

#[derive(Default)]
struct Living {
    faces: HashMap<Key, (Instant, Known)>,
    /// In the order of their ends; a token that was made again stands here more than once.
    ends: VecDeque<(Instant, Key)>,
}

impl Tokens {
    /// None yet; each will live so long.
    pub fn living(life: Duration) -> Self {
        Self { life, living: Mutex::default() }
    }

    /// Lets a token live.
    pub fn keep(&self, application: i64, token: &str, known: Known) {
        self.keep_at(application, token, known, Instant::now());
    }

    fn keep_at(&self, application: i64, token: &str, known: Known, now: Instant) {
        let (key, end) = ((application, token.to_owned()), now + self.life);
        let mut living = self.living.lock();
        living.faces.insert(key.clone(), (end, known));
        living.ends.push_back((end, key));
        while living.ends.front().is_some_and(|(end, _)| *end <= now) || living.ends.len() > MOST {
            let Some((end, key)) = living.ends.pop_front() else { return };
            if living.faces.get(&key).is_some_and(|(last, _)| *last == end) {
                living.faces.remove(&key);
            }
        }
    }

    /// The face of a token that lives.
    pub fn find(&self, application: i64, token: &str) -> Option<Known> {
        self.find_at(application, token, Instant::now())
    }

    fn find_at(&self, application: i64, token: &str, now: Instant) -> Option<Known> {
        let living = self.living.lock();
        let (end, known) = living.faces.get(&(application, token.to_owned()))?;
        (*end > now).then(|| known.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_live_so_long_and_belong_to_an_application() {
        let tokens = Tokens::living(Duration::from_secs(10));
        let known = |quality| Known { embedding: [0.0; 128], quality, size: None, minor: false };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        tokens.keep_at(1, "a", known(1.0), at(0));
        assert!(tokens.find_at(2, "a", at(1)).is_none());
        tokens.keep_at(1, "a", known(2.0), at(5));
        tokens.keep_at(1, "b", known(3.0), at(11));
        assert_eq!(tokens.find_at(1, "a", at(12)).map(|known| known.quality), Some(2.0));
        assert!(tokens.find_at(1, "a", at(15)).is_none());
        for number in 0..MOST as u64 + 5 {
            tokens.keep_at(1, &number.to_string(), known(0.0), at(12));
        }
        assert!(tokens.living.lock().faces.len() <= MOST);
        assert!(tokens.find_at(1, "b", at(12)).is_none(), "the oldest went");
    }
}

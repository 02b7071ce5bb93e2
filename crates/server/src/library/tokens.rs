//! Tokens of faces that are in no library: they live in memory, for a while.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use safelight_library::Embedding;

/// Most tokens at a time; of more, the oldest of the application with the most go before their time.
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

/// The tokens, each of an application.
pub(crate) struct Tokens {
    life: Duration,
    living: Mutex<Living>,
}

/// Those of each application.
type Living = HashMap<i64, Own>;

#[derive(Default)]
struct Own {
    faces: HashMap<String, (Instant, Known)>,
    /// In the order of their ends; a token that was made again stands here more than once.
    ends: VecDeque<(Instant, String)>,
}

impl Own {
    /// Forgets the token whose time is over first.
    fn forget_first(&mut self) {
        let Some((end, token)) = self.ends.pop_front() else { return };
        if self.faces.get(&token).is_some_and(|(last, _)| *last == end) {
            self.faces.remove(&token);
        }
    }
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
        let end = now + self.life;
        let mut living = self.living.lock();
        let own = living.entry(application).or_default();
        own.faces.insert(token.to_owned(), (end, known));
        own.ends.push_back((end, token.to_owned()));
        living.retain(|_, own| {
            while own.ends.front().is_some_and(|(end, _)| *end <= now) {
                own.forget_first();
            }
            !own.ends.is_empty()
        });
        while living.values().map(|own| own.ends.len()).sum::<usize>() > MOST {
            let most = living.values_mut().max_by_key(|own| own.ends.len());
            most.into_iter().for_each(Own::forget_first);
        }
    }

    /// Forgets a token of an application.
    pub fn forget(&self, application: i64, token: &str) {
        if let Some(own) = self.living.lock().get_mut(&application) {
            own.faces.remove(token);
        }
    }

    /// Forgets all tokens of an application.
    pub fn forget_all(&self, application: i64) {
        self.living.lock().remove(&application);
    }

    /// The face of a token that lives.
    pub fn find(&self, application: i64, token: &str) -> Option<Known> {
        self.find_at(application, token, Instant::now())
    }

    fn find_at(&self, application: i64, token: &str, now: Instant) -> Option<Known> {
        let living = self.living.lock();
        let (end, known) = living.get(&application)?.faces.get(token)?;
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
        assert!(tokens.find_at(1, "b", at(12)).is_none(), "the oldest went");
        tokens.keep_at(2, "c", known(4.0), at(12));
        for number in 0..MOST as u64 + 5 {
            tokens.keep_at(1, &number.to_string(), known(0.0), at(13));
        }
        assert_eq!(tokens.living.lock().values().map(|own| own.ends.len()).sum::<usize>(), MOST);
        assert!(tokens.find_at(2, "c", at(13)).is_some(), "another application took nothing of it");
        tokens.keep_at(2, "d", known(5.0), at(13));
        tokens.forget(2, "c");
        assert!(
            tokens.find_at(2, "c", at(13)).is_none() && tokens.find_at(2, "d", at(13)).is_some()
        );
        tokens.forget_all(2);
        assert!(tokens.find_at(2, "d", at(13)).is_none());
        assert!(tokens.find_at(1, "7", at(13)).is_some());
    }
}

//! The targets, from their seeds: as they are, and changed at random.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use super::*;

/// Changed seeds that each target reads in every run.
const ROUNDS: usize = 300;
/// How long each target runs instead, in seconds.
const SECONDS: &str = "SAFELIGHT_FUZZ_SECONDS";

/// The files to start from: those of the target, and of pictures also the right ones.
fn seeds(folder: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = files(&root.join("fuzz/seeds").join(folder));
    if folder == "pictures" {
        paths.extend(files(&root.join("crates/imaging/tests/fixtures")));
    }
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths
}

thread_local! {
    /// Whether code of this workspace panicked, though what called it caught that.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a target. Panics of a decoder of others are expected, and become a refusal; what is of this
/// workspace has a relative path.
fn is_unharmed(target: Target, bytes: &[u8]) -> bool {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.location().is_some_and(|place| Path::new(place.file()).is_relative()) {
                PANICKED.set(true);
            }
            report(info);
        }));
    });
    PANICKED.set(false);
    std::panic::catch_unwind(|| target(bytes)).is_ok() && !PANICKED.get()
}

#[test]
fn no_seed_breaks_its_target() {
    for (folder, target) in TARGETS {
        let seeds = seeds(folder);
        assert!(seeds.len() > 2, "{folder} has {} seeds", seeds.len());
        assert!(seeds.iter().all(|seed| is_unharmed(target, seed)), "{folder}");
    }
}

/// The same in every run, but where `SAFELIGHT_FUZZ_SECONDS` lets each target run for so long. What breaks
/// one is written to the folder of temporary files.
#[test]
fn no_changed_seed_breaks_its_target() {
    let seconds = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok());
    for (at, (folder, target)) in TARGETS.into_iter().enumerate() {
        let seeds = seeds(folder);
        let start = seconds.map_or(0, |_: u64| u64::from(std::process::id()));
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ start ^ (at as u64) << 32);
        let (begin, mut rounds) = (Instant::now(), 0_usize);
        while seconds.map_or(rounds < ROUNDS, |s| begin.elapsed() < Duration::from_secs(s)) {
            let bytes = random.changed(&seeds);
            let unharmed = is_unharmed(target, &bytes);
            let place = std::env::temp_dir().join(format!("safelight-fuzz-{folder}-{rounds}"));
            if !unharmed {
                fs::write(&place, &bytes).expect("the temporary folder can be written");
            }
            assert!(unharmed, "{folder}: {} breaks it", place.display());
            rounds += 1;
        }
        println!("{folder} ({at}): {rounds} in {:.1} s", begin.elapsed().as_secs_f64());
    }
}

#[test]
#[should_panic(expected = "of 5")]
fn a_broken_promise_is_noticed() {
    promised(&(0..6), 5);
}

/// A generator of numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    /// A seed with a few changes.
    fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(7) {
                _ if bytes.is_empty() => bytes.push(self.below(256) as u8),
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes[at] = [0, 1, 127, 128, 255][self.below(5)],
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                5 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    bytes.splice(at.., other[from..].iter().copied());
                }
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}

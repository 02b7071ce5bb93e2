//! How long a search takes, how much memory an index needs, and how many of the best faces the scan
//! in bytes finds that a scan of 32-bit numbers finds.
//!
//!     cargo run --release -p safelight-library --example search -- 10000 100000 1000000
//!
//! The faces are random vectors; for each query one face of the index lies at a cosine of 0.3 to 0.72,
//! as other photos of one person do.

use std::hint::black_box;
use std::time::{Duration, Instant};

use safelight_library::{Embedding, Index, LENGTH, Query};

const QUERIES: usize = 200;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000] } else { sizes };
    println!(
        "| faces | fastest ms | median ms | 99 % ms | MB | off by | found at 1 | found at 10 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for size in sizes {
        measure(size);
    }
}

fn measure(size: usize) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut index = Index::with_capacity(size);
    let mut faces: Vec<Embedding> = Vec::with_capacity(size);
    for face in 0..size {
        let vector = random.vector();
        index.add(face as i64, face as i64, vector);
        faces.push(vector);
    }
    let mut took: Vec<Duration> = Vec::with_capacity(QUERIES);
    let (mut first, mut ten, mut off) = (0, 0, 0.0_f32);
    for number in 0..QUERIES {
        let near = faces[number * 7919 % size];
        let query = random.near(&near, 0.3 + 0.42 * number as f32 / QUERIES as f32);
        let start = Instant::now();
        let query = Query { embedding: &query, users: 10, least: -1.0, only: None };
        let hits = black_box(index.search(query));
        took.push(start.elapsed());
        let truth = exact(&faces, query.embedding);
        first += usize::from(hits[0].face == truth[0].1);
        ten +=
            hits.iter().filter(|hit| truth[..10].iter().any(|(_, face)| *face == hit.face)).count();
        off = off.max((hits[0].cosine - truth[0].0).abs());
    }
    took.sort();
    let ms = |share: usize| took[(QUERIES - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "| {size} | {:.2} | {:.2} | {:.2} | {:.1} | {off:.1e} | {:.4} | {:.4} |",
        ms(0),
        ms(50),
        ms(99),
        index.bytes() as f64 / 1e6,
        first as f64 / QUERIES as f64,
        ten as f64 / (10 * QUERIES) as f64,
    );
}

/// The ten best by 32-bit numbers.
fn exact(faces: &[Embedding], query: &Embedding) -> Vec<(f32, i64)> {
    let cosine = |face: &Embedding| face.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let mut all: Vec<_> = (0..).zip(faces).map(|(at, face)| (cosine(face), at)).collect();
    all.select_nth_unstable_by(10.min(faces.len() - 1), |a, b| b.0.total_cmp(&a.0));
    all.truncate(10);
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// A small generator (xorshift), so that figures can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// A direction, uniformly distributed: sums of uniform numbers are nearly normal.
    fn vector(&mut self) -> Embedding {
        let numbers = [(); LENGTH].map(|()| (0..6).map(|_| self.next()).sum::<f32>() - 3.0);
        scaled(numbers)
    }

    /// A vector at this cosine to another.
    fn near(&mut self, other: &Embedding, cosine: f32) -> Embedding {
        let away = self.vector();
        let along: f32 = away.iter().zip(other).map(|(a, b)| a * b).sum();
        let away = scaled(std::array::from_fn(|i| away[i] - along * other[i]));
        let sine = (1.0 - cosine * cosine).sqrt();
        scaled(std::array::from_fn(|i| cosine * other[i] + sine * away[i]))
    }
}

fn scaled(numbers: Embedding) -> Embedding {
    let length = numbers.iter().map(|value| value * value).sum::<f32>().sqrt();
    numbers.map(|value| value / length)
}

//! An exact scan: each face is kept as 128 signed bytes and a scale, which are compared with the
//! query one after the other, and the best are compared again by their 32-bit numbers. No face is
//! left out by an approximate structure, and adding and removing one costs nothing else.

use rayon::prelude::*;

use crate::{Embedding, LENGTH};

/// What is kept for each user asked for after the scan; no user may have more faces than this, or
/// the best users might not all be found.
const PER_USER: usize = 64;
/// Faces that one thread looks at before it takes others: a millisecond's work.
const PART: usize = 1 << 15;

/// The faces of one group.
#[derive(Clone, Debug, Default)]
pub struct Index {
    faces: Vec<i64>,
    users: Vec<i64>,
    codes: Vec<[i8; LENGTH]>,
    scales: Vec<f32>,
    numbers: Vec<Embedding>,
}

/// A face that a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Number of the face.
    pub face: i64,
    /// Number of its user.
    pub user: i64,
    /// Cosine of the angle between it and the query, -1..1.
    pub cosine: f32,
}

/// What to search for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Of length one.
    pub embedding: &'a Embedding,
    /// Most users to find.
    pub users: usize,
    /// Faces below this cosine are not found.
    pub least: f32,
    /// Numbers of the users to look at, sorted; `None` for all.
    pub only: Option<&'a [i64]>,
}

/// An embedding in bytes, and what one of them stands for.
fn code(embedding: &Embedding) -> ([i8; LENGTH], f32) {
    let largest = embedding.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    // Rounding to nearest stays within ±127.
    (embedding.map(|value| (value / scale).round() as i8), scale)
}

/// Keeps the best `kept`; the last of them is the worst.
fn keep_best(found: &mut Vec<(f32, u32)>, kept: usize) {
    if found.len() > kept {
        found.select_nth_unstable_by(kept - 1, |a, b| b.0.total_cmp(&a.0));
        found.truncate(kept);
    }
}

/// The sum of products. Widened first, it becomes vector instructions that multiply and add pairs.
fn product(a: &[i8; LENGTH], b: &[i16; LENGTH]) -> i32 {
    let a = a.map(i16::from);
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

fn cosine(a: &Embedding, b: &Embedding) -> f32 {
    let (mut lanes, (a, b)) = ([0.0_f32; 8], (a.as_chunks::<8>().0, b.as_chunks::<8>().0));
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>().clamp(-1.0, 1.0)
}

impl Index {
    /// Bytes that a face takes.
    pub const FACE: usize =
        2 * size_of::<i64>() + size_of::<f32>() + LENGTH + size_of::<Embedding>();

    /// An empty index with room for so many faces.
    pub fn with_capacity(faces: usize) -> Self {
        Self {
            faces: Vec::with_capacity(faces),
            users: Vec::with_capacity(faces),
            codes: Vec::with_capacity(faces),
            scales: Vec::with_capacity(faces),
            numbers: Vec::with_capacity(faces),
        }
    }

    /// How many faces there are.
    pub fn len(&self) -> usize {
        self.faces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.faces.is_empty()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.faces.capacity() * Self::FACE
    }

    /// Whether so many more faces can be added without taking more memory.
    pub fn has_room(&self, faces: usize) -> bool {
        self.faces.capacity() - self.len() >= faces
    }

    /// Adds a face, whose number must be new. `embedding` has length one.
    pub fn add(&mut self, face: i64, user: i64, embedding: Embedding) {
        let (code, scale) = code(&embedding);
        self.faces.push(face);
        self.users.push(user);
        self.codes.push(code);
        self.scales.push(scale);
        self.numbers.push(embedding);
    }

    /// Removes a face; `false` where there is none of this number.
    pub fn remove(&mut self, face: i64) -> bool {
        let Some(at) = self.faces.iter().position(|other| *other == face) else { return false };
        self.faces.swap_remove(at);
        self.users.swap_remove(at);
        self.codes.swap_remove(at);
        self.scales.swap_remove(at);
        self.numbers.swap_remove(at);
        true
    }

    /// The numbers of a face.
    pub fn embedding(&self, face: i64) -> Option<&Embedding> {
        self.faces.iter().position(|other| *other == face).map(|at| &self.numbers[at])
    }

    /// The best face of each of the best users, the most similar first.
    pub fn search(&self, query: Query<'_>) -> Vec<Hit> {
        let mut best: Vec<Hit> = Vec::new();
        for hit in self.candidates(query).into_iter().filter(|hit| hit.cosine >= query.least) {
            if best.len() < query.users && best.iter().all(|other| other.user != hit.user) {
                best.push(hit);
            }
        }
        best
    }

    /// The faces that may be among the best, by their 32-bit numbers, the most similar first. A
    /// better user has at most [`PER_USER`] faces, so no face of the best users is missed.
    fn candidates(&self, query: Query<'_>) -> Vec<Hit> {
        let kept = query.users.max(1) * PER_USER;
        let mut found = match self.len() > PART {
            false => self.scan(0, query, kept),
            true => {
                let starts = (0..self.len()).into_par_iter().step_by(PART);
                starts.flat_map_iter(|start| self.scan(start, query, kept)).collect()
            }
        };
        keep_best(&mut found, kept);
        let mut hits: Vec<Hit> =
            found.into_iter().map(|(_, at)| self.hit(at as usize, query)).collect();
        hits.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.face.cmp(&b.face)));
        hits
    }

    /// Of [`PART`] faces from `start` on, the best by their bytes, with their similarity and place: the best
    /// `kept` and perhaps as many others.
    fn scan(&self, start: usize, query: Query<'_>, kept: usize) -> Vec<(f32, u32)> {
        let (code, scale) = code(query.embedding);
        let code = code.map(i16::from);
        let mut found: Vec<(f32, u32)> = Vec::with_capacity(2 * kept);
        let mut floor = f32::NEG_INFINITY;
        let part = start..self.len().min(start + PART);
        let faces = self.codes[part.clone()].iter().zip(&self.scales[part.clone()]);
        for (at, (face, own)) in part.zip(faces) {
            let similar = product(face, &code) as f32 * own * scale;
            if similar <= floor || query.only.is_some_and(|only| !self.is_of(at, only)) {
                continue;
            }
            found.push((similar, at as u32));
            if found.len() == 2 * kept {
                keep_best(&mut found, kept);
                floor = found[kept - 1].0;
            }
        }
        found
    }

    fn is_of(&self, at: usize, users: &[i64]) -> bool {
        users.binary_search(&self.users[at]).is_ok()
    }

    fn hit(&self, at: usize, query: Query<'_>) -> Hit {
        let cosine = cosine(&self.numbers[at], query.embedding);
        Hit { face: self.faces[at], user: self.users[at], cosine }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A vector of length one that a seed decides.
    fn vector(seed: u64) -> Embedding {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let numbers: Embedding = std::array::from_fn(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        });
        let length = numbers.iter().map(|value| value * value).sum::<f32>().sqrt();
        numbers.map(|value| value / length)
    }

    /// The best face of each user in a plain map, the most similar first.
    fn plainly(faces: &BTreeMap<i64, (i64, Embedding)>, query: Query<'_>) -> Vec<(i64, f32)> {
        let mut users: BTreeMap<i64, f32> = BTreeMap::new();
        for (user, embedding) in faces.values() {
            if query.only.is_none_or(|only| only.contains(user)) {
                let similar = cosine(embedding, query.embedding);
                let best = users.entry(*user).or_insert(similar);
                *best = best.max(similar);
            }
        }
        let mut users: Vec<_> = users.into_iter().filter(|(_, c)| *c >= query.least).collect();
        users.sort_by(|a, b| b.1.total_cmp(&a.1));
        users.truncate(query.users);
        users
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add(i64, i64),
        Remove(i64),
        Search(u64, usize, bool),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..60_i64, 0..9_i64).prop_map(|(face, user)| Step::Add(face, user)),
            2 => (0..60_i64).prop_map(Step::Remove),
            1 => (0..1000_u64, 1..6_usize, any::<bool>())
                .prop_map(|(seed, users, some)| Step::Search(seed, users, some)),
        ]
    }

    proptest! {
        /// Whatever is added and removed, a search finds what a plain map holds.
        #[test]
        fn the_index_is_a_map(steps in proptest::collection::vec(step(), 1..200)) {
            let (mut index, mut plain) = (Index::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Add(face, user) if !plain.contains_key(&face) => {
                        index.add(face, user, vector(face as u64 + 1));
                        plain.insert(face, (user, vector(face as u64 + 1)));
                    }
                    Step::Add(..) => {}
                    Step::Remove(face) => {
                        prop_assert_eq!(index.remove(face), plain.remove(&face).is_some());
                    }
                    Step::Search(seed, users, some) => {
                        let (embedding, only) = (vector(seed), [1, 4, 7]);
                        let query = Query {
                            embedding: &embedding,
                            users,
                            least: -0.1,
                            only: some.then_some(&only),
                        };
                        let found = index.search(query);
                        let found: Vec<_> = found.iter().map(|hit| (hit.user, hit.cosine)).collect();
                        prop_assert_eq!(found, plainly(&plain, query));
                    }
                }
                prop_assert_eq!(index.len(), plain.len());
            }
        }
    }

    /// Users with as many faces as are allowed do not hide the next best.
    #[test]
    fn users_with_many_faces_hide_nobody() {
        let (mut index, query) = (Index::default(), vector(1));
        let near = |share: f32, seed| {
            let other = vector(seed);
            let mixed: Embedding =
                std::array::from_fn(|i| query[i] * share + other[i] * (1.0 - share));
            let length = mixed.iter().map(|value| value * value).sum::<f32>().sqrt();
            mixed.map(|value| value / length)
        };
        for face in 0..200 {
            index.add(face, 1000 + face, vector(face as u64 + 9000));
        }
        for user in 0..5 {
            for face in 0..PER_USER as i64 {
                let number = 1000 + user * 100 + face;
                index.add(number, user, near(0.9 - user as f32 * 0.05, number as u64));
            }
        }
        let found = index.search(Query { embedding: &query, users: 5, least: 0.0, only: None });
        let users: Vec<_> = found.iter().map(|hit| hit.user).collect();
        assert_eq!(users, [0, 1, 2, 3, 4]);
    }

    /// Several parts find what one would.
    #[test]
    fn parts_are_searched_as_one() {
        let mut index = Index::default();
        let faces = PART as i64 * 2 + 9;
        for face in 0..faces {
            index.add(face, face, vector(face as u64 + 1));
        }
        for wanted in [0, PART as i64 - 1, PART as i64, faces - 1] {
            let embedding = vector(wanted as u64 + 1);
            let found =
                index.search(Query { embedding: &embedding, users: 3, least: -1.0, only: None });
            assert_eq!((found.len(), found[0].face), (3, wanted));
            let mut all: Vec<f32> = index.numbers.iter().map(|n| cosine(n, &embedding)).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            let cosines: Vec<f32> = found.iter().map(|hit| hit.cosine).collect();
            assert_eq!(cosines, all[..3]);
        }
    }

    /// In bytes, cosines are off by less than a hundredth.
    #[test]
    fn codes_are_close() {
        for seed in 0..200 {
            let (a, b) = (vector(seed), vector(seed + 1000));
            let ((code_a, scale_a), (code_b, scale_b)) = (code(&a), code(&b));
            let similar = product(&code_a, &code_b.map(i16::from)) as f32 * scale_a * scale_b;
            assert!((similar - cosine(&a, &b)).abs() < 0.01, "{seed}");
        }
    }
}

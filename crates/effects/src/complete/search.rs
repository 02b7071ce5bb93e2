//! The nearest patch of what is known for every patch around the hole: PatchMatch (Barnes, Shechtman,
//! Finkelstein and Goldman 2009) with dominant offsets as further candidates (He and Sun 2012).

use super::level::{FEATURES, Level, REACH};

/// A place in a level: column and row.
pub type Place = [u16; 2];

/// No source.
pub const NONE: Place = [u16::MAX; 2];

/// For every pixel of a level that is the middle of a target: its source, and the distance of both.
pub struct Field {
    pub sources: Vec<Place>,
    pub distances: Vec<u32>,
}

/// How far a source may lie from its target.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Farthest in rows.
    pub rows: usize,
    /// Nearest along one of the axes.
    pub nearest: usize,
}

impl Limits {
    fn allow(&self, [x, y]: Place, [sx, sy]: Place) -> bool {
        let (across, down) = (x.abs_diff(sx), y.abs_diff(sy));
        usize::from(down) <= self.rows && usize::from(across.max(down)) >= self.nearest
    }
}

/// Candidates that are tried beside those of a target's neighbours.
pub struct Hints<'a> {
    /// Offsets that many patches of the picture share, in pixels of this level.
    pub offsets: &'a [[i32; 2]],
    /// How far around them.
    pub jitter: i32,
    /// Whether each is tried, once, rather than two of them in each pass.
    pub all: bool,
}

/// The generator of Marsaglia (2003).
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A whole number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u64::from(self.next()) * end as u64) >> 32) as usize
    }

    /// A whole number from `from` to `to`, both included.
    fn within(&mut self, from: i32, to: i32) -> i32 {
        let span = (to - from).max(0) as u64 + 1;
        from + ((u64::from(self.next()) * span) >> 32) as i32
    }
}

/// Searches in one level.
pub struct Search<'a> {
    pub level: &'a Level,
    pub limits: Limits,
    pub targets: &'a [u32],
}

impl Search<'_> {
    /// A field of random sources.
    pub fn random(&self, random: &mut Random) -> Field {
        let pixels = self.level.width * self.level.height;
        let mut field = Field { sources: vec![NONE; pixels], distances: vec![u32::MAX; pixels] };
        self.fill_gaps(&mut field, random);
        field
    }

    /// Gives a random source to each target that has none.
    fn fill_gaps(&self, field: &mut Field, random: &mut Random) {
        let (width, height) = (self.level.width as i32, self.level.height as i32);
        for &target in self.targets {
            if field.sources[target as usize] != NONE {
                continue;
            }
            let [x, y] = self.place(target);
            let rows = self.limits.rows.min(self.level.height) as i32;
            for _ in 0..60 {
                let column = random.within(0, width - 1);
                let row = random
                    .within((i32::from(y) - rows).max(0), (i32::from(y) + rows).min(height - 1));
                if self.consider(field, [x, y], [column, row]) {
                    break;
                }
            }
        }
    }

    /// The field of a level of half the size, taken over.
    pub fn enlarged(&self, coarse: &Field, coarse_level: &Level, random: &mut Random) -> Field {
        let pixels = self.level.width * self.level.height;
        let mut field = Field { sources: vec![NONE; pixels], distances: vec![u32::MAX; pixels] };
        for &target in self.targets {
            let [x, y] = self.place(target);
            let (column, row) = (usize::from(x) / 2, usize::from(y) / 2);
            let column = column.clamp(REACH, coarse_level.width - 1 - REACH);
            let row = row.clamp(REACH, coarse_level.height - 1 - REACH);
            let source = coarse.sources[row * coarse_level.width + column];
            if source != NONE {
                let moved = |at: u16, from: usize, to: u16| {
                    2 * (i32::from(at) - from as i32) + i32::from(to)
                };
                let place = [moved(source[0], column, x), moved(source[1], row, y)];
                self.consider(&mut field, [x, y], place);
            }
        }
        self.fill_gaps(&mut field, random);
        field
    }

    /// Computes all distances anew, after the colours of the hole changed.
    pub fn measure(&self, field: &mut Field) {
        for &target in self.targets {
            let source = field.sources[target as usize];
            if source != NONE {
                field.distances[target as usize] =
                    distance(self.level, self.place(target), source, u32::MAX);
            }
        }
    }

    /// Betters the field in this many passes.
    pub fn improve(&self, field: &mut Field, passes: usize, hints: &Hints, random: &mut Random) {
        for pass in 0..passes {
            let forward = pass % 2 == 0;
            for i in 0..self.targets.len() {
                let i = if forward { i } else { self.targets.len() - 1 - i };
                let target = self.targets[i];
                self.propagate(field, target, forward);
                self.hint(field, target, hints, pass == 0, random);
                self.wander(field, target, random);
            }
        }
    }

    fn place(&self, target: u32) -> Place {
        let (at, width) = (target as usize, self.level.width);
        [(at % width) as u16, (at / width) as u16]
    }

    /// What the two neighbours that were just seen point to, moved along.
    fn propagate(&self, field: &mut Field, target: u32, forward: bool) {
        let (at, step) = (target as usize, if forward { -1 } else { 1 });
        let place = self.place(target);
        for [dx, dy] in [[step, 0], [0, step]] {
            let neighbour = at.checked_add_signed(dy * self.level.width as isize + dx);
            let Some(&source) = neighbour.and_then(|at| field.sources.get(at)) else { continue };
            if source != NONE {
                let candidate =
                    [i32::from(source[0]) - dx as i32, i32::from(source[1]) - dy as i32];
                self.consider(field, place, candidate);
            }
        }
    }

    fn hint(
        &self,
        field: &mut Field,
        target: u32,
        hints: &Hints,
        first: bool,
        random: &mut Random,
    ) {
        let [x, y] = self.place(target);
        let at = |[dx, dy]: [i32; 2]| [i32::from(x) + dx, i32::from(y) + dy];
        if hints.all && first {
            for &offset in hints.offsets {
                self.consider(field, [x, y], at(offset));
            }
        }
        if hints.offsets.is_empty() {
            return;
        }
        for _ in 0..2 {
            let offset = hints.offsets[random.within(0, hints.offsets.len() as i32 - 1) as usize];
            let jitter = offset.map(|way| way + random.within(-hints.jitter, hints.jitter));
            self.consider(field, [x, y], at(jitter));
        }
    }

    /// Places around the source so far, from the whole picture down to its neighbours.
    fn wander(&self, field: &mut Field, target: u32, random: &mut Random) {
        let [x, y] = self.place(target);
        let rows = self.limits.rows.min(self.level.height) as i32;
        let mut radius = self.level.width.max(self.level.height) as i32;
        while radius >= 1 {
            let source = field.sources[target as usize];
            let [sx, sy] = if source == NONE { [x, y] } else { source }.map(i32::from);
            let column = random.within(sx - radius, sx + radius);
            let (top, bottom) = (i32::from(y) - rows, i32::from(y) + rows);
            let row = random.within((sy - radius).max(top), (sy + radius).min(bottom));
            self.consider(field, [x, y], [column, row]);
            radius /= 2;
        }
    }

    /// Takes a candidate where it is a source and nearer; answers whether it is a source.
    fn consider(&self, field: &mut Field, target: Place, [column, row]: [i32; 2]) -> bool {
        let level = self.level;
        let (Ok(column), Ok(row)) = (u16::try_from(column), u16::try_from(row)) else {
            return false;
        };
        if usize::from(column) >= level.width || usize::from(row) >= level.height {
            return false;
        }
        let source = usize::from(row) * level.width + usize::from(column);
        if !level.sources[source] || !self.limits.allow(target, [column, row]) {
            return false;
        }
        let at = usize::from(target[1]) * level.width + usize::from(target[0]);
        let best = field.distances[at];
        let found = distance(level, target, [column, row], best);
        if found < best {
            field.distances[at] = found;
            field.sources[at] = [column, row];
        }
        true
    }
}

/// Sum of the squared differences of two patches; stops where it reaches `bound`.
fn distance(level: &Level, target: Place, source: Place, bound: u32) -> u32 {
    const ROW: usize = (2 * REACH + 1) * FEATURES;
    let start = |[x, y]: Place| {
        ((usize::from(y) - REACH) * level.width + usize::from(x) - REACH) * FEATURES
    };
    let (a, b) = (start(target), start(source));
    let mut sum = 0;
    for row in 0..=2 * REACH {
        let skip = row * level.width * FEATURES;
        let a = &level.features[a + skip..][..ROW];
        let b = &level.features[b + skip..][..ROW];
        let squares = a.iter().zip(b).map(|(&a, &b)| {
            let difference = i16::from(a) - i16::from(b);
            i32::from(difference) * i32::from(difference)
        });
        sum += squares.sum::<i32>() as u32;
        if sum >= bound {
            break;
        }
    }
    sum
}

/// How many dominant offsets are kept.
const OFFSETS: usize = 60;

/// The offsets at which many patches of a level find their like elsewhere (He and Sun 2012).
pub fn dominant_offsets(level: &Level, limits: Limits, random: &mut Random) -> Vec<[i32; 2]> {
    let all = 0..(level.width * level.height) as u32;
    let targets: Vec<u32> = all.filter(|&at| level.sources[at as usize]).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let nearest = (level.width.max(level.height) / 15).max(1);
    let search = Search { level, limits: Limits { nearest, ..limits }, targets: &targets };
    let mut field = search.random(random);
    search.improve(&mut field, 4, &Hints { offsets: &[], jitter: 0, all: false }, random);
    let (columns, rows) = (2 * level.width + 1, 2 * level.height + 1);
    let mut counts = vec![0_u32; columns * rows];
    for &target in &targets {
        let source = field.sources[target as usize];
        if source != NONE {
            let [x, y] = search.place(target);
            let across = usize::from(source[0]) + level.width - usize::from(x);
            let down = usize::from(source[1]) + level.height - usize::from(y);
            counts[down * columns + across] += 1;
        }
    }
    let smooth = smoothed(&counts, columns);
    peaks(smooth, columns)
        .into_iter()
        .map(|at| {
            let (across, down) = ((at % columns) as i32, (at / columns) as i32);
            [across - level.width as i32, down - level.height as i32]
        })
        .collect()
}

/// A histogram smoothed by 1-2-1 along both axes.
fn smoothed(counts: &[u32], columns: usize) -> Vec<u32> {
    let pass = |counts: &[u32], step: usize| -> Vec<u32> {
        let at = |i: Option<usize>| i.and_then(|i| counts.get(i)).copied().unwrap_or(0);
        (0..counts.len())
            .map(|i| at(i.checked_sub(step)) + 2 * counts[i] + at(Some(i + step)))
            .collect()
    };
    pass(&pass(counts, 1), columns)
}

/// The highest cells, each the only one within two cells.
fn peaks(mut counts: Vec<u32>, columns: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..counts.len()).filter(|&i| counts[i] > 0).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
    let mut found = Vec::new();
    for at in order {
        if counts[at] == 0 {
            continue;
        }
        found.push(at);
        if found.len() == OFFSETS {
            break;
        }
        for row in (at / columns).saturating_sub(2)..=at / columns + 2 {
            for column in (at % columns).saturating_sub(2)..=at % columns + 2 {
                if let Some(count) = counts.get_mut(row * columns + column) {
                    *count = 0;
                }
            }
        }
    }
    found
}

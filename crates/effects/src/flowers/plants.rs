//! Flowers and leaves: how their petals are shaped, set and coloured.

use super::canvas::{Canvas, Point, Wash};
use super::random::Random;

/// Red, green and blue, 0 to 1.
type Color = [f32; 3];

/// A ring of petals.
#[derive(Clone, Copy)]
struct Ring {
    petals: usize,
    /// Length of a petal, as a share of the flower's radius, and its greatest half width by its length.
    length: f32,
    width: f32,
    /// Where along the petal it is widest, 0 to 1.
    widest: f32,
    /// How pointed (positive) or notched (negative) the tip is.
    tip: f32,
    /// How wavy the rim is.
    ruffle: f32,
}

/// What the middle of a flower shows.
#[derive(Clone, Copy, PartialEq)]
enum Heart {
    Nothing,
    /// A disc of small dots.
    Disc(f32, Color),
    /// Threads with dots at their ends.
    Stamens(f32, Color),
}

/// A kind of flower.
pub struct Species {
    /// Words that name it.
    pub names: &'static [&'static str],
    rings: &'static [Ring],
    heart: Heart,
    /// Colours of the petals: at their base and at their tip, a pair for each variety.
    colors: &'static [[Color; 2]],
    /// Size beside others.
    pub size: f32,
}

const fn ring(petals: usize, length: f32, width: f32, widest: f32, tip: f32, ruffle: f32) -> Ring {
    Ring { petals, length, width, widest, tip, ruffle }
}

const YELLOW: Color = [0.93, 0.72, 0.22];
const DARK: Color = [0.22, 0.14, 0.2];

/// Every kind of flower.
pub const SPECIES: &[Species] = &[
    Species {
        names: &["rose", "roses"],
        rings: &[
            ring(6, 1.0, 0.5, 0.68, 0.1, 0.05),
            ring(6, 0.82, 0.52, 0.68, 0.1, 0.05),
            ring(5, 0.62, 0.56, 0.66, 0.05, 0.05),
            ring(4, 0.44, 0.6, 0.62, 0.0, 0.04),
            ring(3, 0.27, 0.65, 0.6, 0.0, 0.03),
        ],
        heart: Heart::Nothing,
        colors: &[
            [[0.75, 0.25, 0.36], [0.95, 0.66, 0.7]],
            [[0.85, 0.5, 0.4], [0.98, 0.83, 0.74]],
            [[0.86, 0.7, 0.5], [0.99, 0.94, 0.84]],
        ],
        size: 1.0,
    },
    Species {
        names: &["peony", "peonies", "ranunculus", "camellia"],
        rings: &[
            ring(9, 1.0, 0.42, 0.7, -0.1, 0.12),
            ring(9, 0.86, 0.42, 0.7, -0.1, 0.12),
            ring(8, 0.7, 0.42, 0.7, -0.08, 0.12),
            ring(7, 0.53, 0.44, 0.68, -0.05, 0.1),
            ring(6, 0.36, 0.46, 0.66, 0.0, 0.08),
        ],
        heart: Heart::Stamens(0.16, YELLOW),
        colors: &[[[0.83, 0.4, 0.56], [0.97, 0.8, 0.86]], [[0.9, 0.6, 0.62], [0.99, 0.91, 0.9]]],
        size: 1.15,
    },
    Species {
        names: &["daisy", "daisies", "chamomile", "marguerite"],
        rings: &[ring(17, 1.0, 0.13, 0.65, -0.05, 0.03), ring(15, 0.9, 0.12, 0.65, -0.05, 0.03)],
        heart: Heart::Disc(0.26, YELLOW),
        colors: &[
            [[0.86, 0.87, 0.93], [0.98, 0.97, 0.96]],
            [[0.9, 0.74, 0.83], [0.98, 0.93, 0.95]],
        ],
        size: 0.62,
    },
    Species {
        names: &["cherry", "blossom", "blossoms", "sakura", "apple"],
        rings: &[ring(5, 1.0, 0.42, 0.62, -0.35, 0.05)],
        heart: Heart::Stamens(0.42, [0.8, 0.36, 0.46]),
        colors: &[[[0.9, 0.52, 0.63], [0.99, 0.87, 0.9]]],
        size: 0.6,
    },
    Species {
        names: &["sunflower", "sunflowers"],
        rings: &[ring(19, 1.0, 0.15, 0.5, 0.5, 0.03), ring(17, 0.88, 0.15, 0.5, 0.5, 0.03)],
        heart: Heart::Disc(0.42, [0.36, 0.22, 0.13]),
        colors: &[[[0.87, 0.5, 0.1], [0.97, 0.8, 0.28]]],
        size: 1.1,
    },
    Species {
        names: &["poppy", "poppies", "anemone"],
        rings: &[ring(4, 1.0, 0.62, 0.66, -0.08, 0.1), ring(3, 0.8, 0.6, 0.66, -0.06, 0.1)],
        heart: Heart::Disc(0.17, DARK),
        colors: &[[[0.72, 0.16, 0.14], [0.93, 0.42, 0.3]], [[0.45, 0.42, 0.66], [0.8, 0.8, 0.93]]],
        size: 0.95,
    },
    Species {
        names: &["lily", "lilies", "orchid", "magnolia"],
        rings: &[ring(3, 1.0, 0.26, 0.48, 0.75, 0.04), ring(3, 0.96, 0.3, 0.5, 0.6, 0.04)],
        heart: Heart::Stamens(0.45, [0.72, 0.42, 0.14]),
        colors: &[
            [[0.86, 0.62, 0.66], [0.99, 0.94, 0.93]],
            [[0.72, 0.52, 0.76], [0.95, 0.88, 0.96]],
        ],
        size: 1.0,
    },
    Species {
        names: &["hydrangea", "hydrangeas", "forget-me-not", "cornflower", "violet", "violets"],
        rings: &[ring(5, 1.0, 0.5, 0.6, -0.05, 0.05)],
        heart: Heart::Disc(0.18, [0.95, 0.88, 0.55]),
        colors: &[
            [[0.38, 0.46, 0.78], [0.75, 0.82, 0.96]],
            [[0.52, 0.38, 0.7], [0.83, 0.76, 0.93]],
        ],
        size: 0.45,
    },
    Species {
        names: &["dahlia", "dahlias", "chrysanthemum", "aster", "zinnia", "carnation", "lotus"],
        rings: &[
            ring(15, 1.0, 0.19, 0.55, 0.4, 0.03),
            ring(14, 0.82, 0.2, 0.55, 0.4, 0.03),
            ring(12, 0.64, 0.21, 0.55, 0.4, 0.03),
            ring(10, 0.46, 0.22, 0.55, 0.4, 0.03),
            ring(8, 0.3, 0.24, 0.55, 0.4, 0.03),
        ],
        heart: Heart::Nothing,
        colors: &[
            [[0.7, 0.26, 0.3], [0.93, 0.6, 0.52]],
            [[0.85, 0.45, 0.24], [0.98, 0.78, 0.5]],
            [[0.5, 0.28, 0.56], [0.82, 0.64, 0.86]],
        ],
        size: 1.0,
    },
];

/// Colours of leaves: at the stalk and at the tip.
const LEAVES: [[Color; 2]; 4] = [
    [[0.32, 0.45, 0.28], [0.6, 0.7, 0.48]],
    [[0.28, 0.42, 0.36], [0.58, 0.7, 0.62]],
    [[0.4, 0.48, 0.26], [0.7, 0.74, 0.48]],
    [[0.34, 0.44, 0.42], [0.68, 0.76, 0.72]],
];

/// Where a flower stands, how large it is, and how far it is turned away.
#[derive(Clone, Copy)]
pub struct Stand {
    pub centre: Point,
    pub radius: f32,
    /// Direction in which it is foreshortened, and by how much, 0.6 to 1.
    pub tilt: f32,
    pub squash: f32,
}

impl Species {
    /// A colour of the species, or `wanted` with its lighter tone.
    pub fn variety(&self, wanted: Option<Color>, random: &mut Random) -> [Color; 2] {
        match wanted {
            Some(color) => [color.map(|v| v * 0.82), color.map(|v| v + (1.0 - v) * 0.6)],
            None => *random.one(self.colors),
        }
    }

    /// Paints a flower; what lies below it was left out.
    pub fn paint(
        &self,
        canvas: &mut Canvas,
        stand: &Stand,
        [base, tip]: [Color; 2],
        random: &mut Random,
    ) {
        let mut petals = Vec::new();
        for (number, ring) in self.rings.iter().enumerate() {
            let start = random.within(0.0, std::f32::consts::TAU);
            // Inner petals are deeper in colour.
            let depth = number as f32 / self.rings.len().max(2) as f32;
            for petal in 0..ring.petals {
                // Every other petal first, so that the rest lies on them.
                let second = usize::from(ring.petals % 2 == 0 && petal * 2 >= ring.petals);
                let order = (petal * 2 % ring.petals + second) as f32;
                let angle = start + std::f32::consts::TAU * order / ring.petals as f32;
                let angle = angle + random.within(-0.12, 0.12);
                let length = stand.radius * ring.length * random.within(0.92, 1.06);
                let shape = petal_shape(ring, length, random);
                let placed: Vec<Point> = shape.iter().map(|&p| stand.place(p, angle)).collect();
                let way = [stand.place([0.0, 0.0], angle), stand.place([length, 0.0], angle)];
                let mixed =
                    |share: f32| std::array::from_fn(|c| base[c] + (tip[c] - base[c]) * share);
                let light = random.within(-0.12, 0.12);
                let color = mixed((0.12 - 0.1 * depth + light).clamp(0.0, 1.0));
                let end = mixed((1.0 - 0.4 * depth + light).clamp(0.0, 1.0));
                petals.push((placed, Wash { color, end, way, strength: 0.8 }));
            }
        }
        petals.iter().for_each(|(shape, _)| canvas.lift(shape));
        petals.iter().for_each(|(shape, wash)| canvas.paint(shape, wash, random));
        self.paint_heart(canvas, stand, random);
    }

    fn paint_heart(&self, canvas: &mut Canvas, stand: &Stand, random: &mut Random) {
        let (reach, color, threads) = match self.heart {
            Heart::Nothing => return,
            Heart::Disc(reach, color) => (reach, color, false),
            Heart::Stamens(reach, color) => (reach, color, true),
        };
        let dark = color.map(|value| value * 0.75);
        if !threads {
            let disc = blob(stand.place([0.0, 0.0], 0.0), stand.radius * reach, random);
            canvas.paint(&disc, &plain(color, 0.95, stand), random);
        }
        let dots = if threads { 16 } else { 40 };
        for _ in 0..dots {
            let angle = random.within(0.0, std::f32::consts::TAU);
            let out =
                if threads { random.within(0.55, 1.0) } else { random.within(0.0, 1.0_f32).sqrt() };
            let end = stand.place([stand.radius * reach * out, 0.0], angle);
            if threads {
                let start = stand.place([0.0, 0.0], angle);
                canvas.paint(
                    &thread(start, end, stand.radius * 0.008),
                    &plain(dark, 0.7, stand),
                    random,
                );
            }
            let size = stand.radius * random.within(0.018, 0.034);
            canvas.paint(&blob(end, size, random), &plain(dark, 0.9, stand), random);
        }
    }
}

fn plain(color: Color, strength: f32, stand: &Stand) -> Wash {
    Wash {
        color,
        end: color.map(|v| v + (1.0 - v) * 0.15),
        way: [stand.centre, stand.centre],
        strength,
    }
}

impl Stand {
    /// A point of the flower (x along a petal at `angle`) on the canvas.
    fn place(&self, [x, y]: Point, angle: f32) -> Point {
        let (sin, cos) = angle.sin_cos();
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        let (sin, cos) = self.tilt.sin_cos();
        let along = (x * cos + y * sin) * self.squash;
        let across = -x * sin + y * cos;
        [self.centre[0] + along * cos - across * sin, self.centre[1] + along * sin + across * cos]
    }
}

/// The outline of a petal along the x axis.
fn petal_shape(ring: &Ring, length: f32, random: &mut Random) -> Vec<Point> {
    const STEPS: usize = 22;
    let phase = random.within(0.0, 6.0);
    let side = |t: f32, sign: f32| {
        // Rises to the widest place and falls from there; a round tip falls late.
        let power = (0.5_f32).ln() / ring.widest.ln();
        let body = (std::f32::consts::PI * t.powf(power)).sin().max(0.0);
        let body = body.powf(0.75 + 0.5 * ring.tip.max(0.0));
        let wave = 1.0 + ring.ruffle * (t * 17.0 + phase * sign).sin();
        let notch = -ring.tip.min(0.0) * 0.22 * (1.0 - (1.0 - t) * 5.0).max(0.0);
        [length * (t - notch * (1.0 - body)), sign * length * ring.width * body * wave]
    };
    let steps = |i: usize| i as f32 / STEPS as f32;
    let upper = (0..=STEPS).map(|i| side(steps(i), 1.0));
    let lower = (1..STEPS).rev().map(|i| side(steps(i), -1.0));
    upper.chain(lower).collect()
}

/// A round spot.
fn blob([x, y]: Point, radius: f32, random: &mut Random) -> Vec<Point> {
    const STEPS: usize = 18;
    (0..STEPS)
        .map(|i| {
            let angle = std::f32::consts::TAU * i as f32 / STEPS as f32;
            let radius = radius * random.within(0.92, 1.08);
            [x + radius * angle.cos(), y + radius * angle.sin()]
        })
        .collect()
}

/// A thin stroke.
fn thread(a: Point, b: Point, half: f32) -> Vec<Point> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy).max(1e-3);
    let half = half.max(0.6);
    let (nx, ny) = (-dy / length * half, dx / length * half);
    vec![
        [a[0] + nx, a[1] + ny],
        [b[0] + nx, b[1] + ny],
        [b[0] - nx, b[1] - ny],
        [a[0] - nx, a[1] - ny],
    ]
}

/// Paints a twig with leaves from `root` in a direction.
pub fn twig(canvas: &mut Canvas, root: Point, direction: f32, length: f32, random: &mut Random) {
    let colors = *random.one(&LEAVES);
    let bend = random.within(-0.5, 0.5);
    let pairs = 3 + (random.within(0.0, 3.0) as usize);
    let wide = random.within(0.2, 0.36);
    let at = |t: f32| {
        let angle = direction + bend * t;
        [root[0] + length * t * angle.cos(), root[1] + length * t * angle.sin()]
    };
    let stem = Wash { color: colors[0], end: colors[1], way: [at(0.0), at(1.0)], strength: 0.8 };
    for step in 0..8 {
        let (from, to) = (at(step as f32 / 8.0), at((step + 1) as f32 / 8.0));
        canvas.paint(&thread(from, to, length * 0.008), &stem, random);
    }
    for pair in 0..=pairs {
        let t = 0.25 + 0.75 * pair as f32 / pairs as f32;
        let angle = direction + bend * t * 1.6;
        let turns: &[f32] = if pair == pairs { &[0.0] } else { &[0.75, -0.75] };
        for turn in turns {
            let size = length * random.within(0.26, 0.36) * (1.1 - 0.35 * t);
            leaf(
                canvas,
                at(t),
                angle + turn + random.within(-0.15, 0.15),
                size,
                wide,
                colors,
                random,
            );
        }
    }
}

fn leaf(
    canvas: &mut Canvas,
    root: Point,
    direction: f32,
    length: f32,
    width: f32,
    [base, tip]: [Color; 2],
    random: &mut Random,
) {
    let shape = petal_shape(&ring(1, 1.0, width, 0.45, 0.8, 0.02), length, random);
    let stand = Stand { centre: root, radius: length, tilt: 0.0, squash: 1.0 };
    let placed: Vec<Point> = shape.iter().map(|&p| stand.place(p, direction)).collect();
    let way = [root, stand.place([length, 0.0], direction)];
    canvas.paint(&placed, &Wash { color: base, end: tip, way, strength: 0.75 }, random);
    let vein = thread(way[0], stand.place([length * 0.85, 0.0], direction), length * 0.006);
    let light = Wash { color: tip, end: tip, way, strength: 0.35 };
    canvas.paint(&vein, &light, random);
}

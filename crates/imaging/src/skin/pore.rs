//! Pores and blackheads: small round dark spots, found in scale space.

use super::chip::Skin;
use super::line::{Window, eigen, hessian};
use super::zone::Zone;
use crate::map::Map;

/// Standard deviations in pixels of the dots looked for: diameters of about 0.5 to 1.2 mm.
const PORES: [f32; 4] = [1.4, 1.9, 2.6, 3.4];
const BLACKHEADS: [f32; 4] = [1.7, 2.3, 3.2, 4.4];
/// Depth in L* of an enlarged pore, and of a blackhead: darker than pores are.
const PORE_DEPTH: f32 = 2.6;
const BLACKHEAD_DEPTH: f32 = 7.0;
/// Of the two bends of a round dot the smaller has at least this share of the larger; lines have none.
const ROUND: f32 = 0.4;
/// Dots must stand out of what the zone's noise answers by this factor.
const ABOVE_NOISE: f32 = 6.0;
/// Pixels from what is no skin within which nothing counts: hair and its shadow make dots.
const CLEAR: usize = 9;
/// A dot that is smaller than this share of a photo's pixel is not seen by it but made by resizing.
const RESOLVED: f32 = 0.75;

/// A dot: a pore or a blackhead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Its middle in chip pixels.
    pub centre: [f32; 2],
    /// Its radius in chip pixels.
    pub radius: f32,
    /// How much darker it is than the skin around, in L*.
    pub depth: f32,
}

/// The enlarged pores of a zone. A heuristic; a face of less than some 500 px does not show any.
pub fn pores(skin: &Skin, zone: Zone) -> Vec<Dot> {
    dots(skin, zone, &PORES, PORE_DEPTH)
}

/// The blackheads of the nose. A heuristic; told from pores by how dark they are.
pub fn blackheads(skin: &Skin) -> Vec<Dot> {
    dots(skin, Zone::Nose, &BLACKHEADS, BLACKHEAD_DEPTH)
}

fn dots(skin: &Skin, zone: Zone, scales: &[f32], least: f32) -> Vec<Dot> {
    let mask = skin.zone(zone).and(&skin.mask.eroded(CLEAR));
    let resolved = RESOLVED * skin.chip.upright.magnification();
    let scales: Vec<f32> = scales.iter().copied().filter(|&scale| scale >= resolved).collect();
    let (Some(window), false) = (Window::around(&mask), scales.is_empty()) else {
        return Vec::new();
    };
    let lightness = window.cut(&skin.layers().lightness);
    let mask = window.cut_mask(&mask);
    let depths: Vec<Map> = scales.iter().map(|&scale| depths(&lightness, scale)).collect();
    // Half of a mask is at most dots, so its median answer is that of the skin between.
    let limit = least.max(ABOVE_NOISE * depths[0].rank_in(&mask, 0.5));
    let mut found = Vec::new();
    for i in mask.indices() {
        let (x, y) = (i % mask.width, i / mask.width);
        let best = (0..scales.len())
            .max_by(|&a, &b| depths[a].values[i].total_cmp(&depths[b].values[i]))
            .unwrap_or(0);
        let depth = depths[best].values[i];
        if depth >= limit && is_peak(&depths[best], x, y) {
            // The best answer of a Gaussian dot comes at its own size.
            let radius = scales[best] * std::f32::consts::SQRT_2;
            found.push(Dot { centre: window.place(x, y), radius, depth });
        }
    }
    without_doubles(found)
}

/// The depth in L* of the round dark dot of one scale around every pixel, 0 where none is.
fn depths(lightness: &Map, scale: f32) -> Map {
    let blurred = lightness.gaussian(scale);
    let depth = |i: usize| {
        let (x, y) = ((i % blurred.width) as isize, (i / blurred.width) as isize);
        let (larger, smaller, _) = eigen(hessian(&blurred, x, y));
        let round = smaller > ROUND * larger && larger > 0.0;
        // A Gaussian dot answers with half its depth at its own scale.
        if round { 2.0 * scale * scale * (larger + smaller) } else { 0.0 }
    };
    let values = (0..blurred.values.len()).map(depth).collect();
    Map { values, ..blurred }
}

fn is_peak(map: &Map, x: usize, y: usize) -> bool {
    let (x, y) = (x as isize, y as isize);
    let value = map.near(x, y);
    (-2..=2).all(|dy| {
        (-2..=2).all(|dx| {
            let other = map.near(x + dx, y + dy);
            // Of two equal neighbours the first is the peak.
            other < value || (other == value && (dy, dx) >= (0, 0))
        })
    })
}

/// The deepest of those that lie within each other's radius.
fn without_doubles(mut dots: Vec<Dot>) -> Vec<Dot> {
    dots.sort_by(|a, b| b.depth.total_cmp(&a.depth));
    let mut kept: Vec<Dot> = Vec::with_capacity(dots.len());
    for dot in dots {
        let [x, y] = dot.centre;
        let near = |other: &Dot| {
            (other.centre[0] - x).hypot(other.centre[1] - y) < other.radius.max(dot.radius) * 1.4
        };
        if !kept.iter().any(near) {
            kept.push(dot);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::super::zone::Side;
    use super::*;

    const ZONES: [Zone; 4] =
        [Zone::Forehead, Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Chin];

    #[test]
    fn clean_skin_has_none() {
        let skin = Phantom::clean().skin();
        ZONES.into_iter().for_each(|zone| assert_eq!(pores(&skin, zone), [], "{zone:?}"));
        assert_eq!(blackheads(&skin), []);
    }

    #[test]
    fn pores_are_counted_in_their_zone_alone() {
        for zone in ZONES {
            let counts = [40.0, 28.0, 20.0].map(|spacing| {
                let mut phantom = Phantom::clean();
                let painted = phantom.dots(zone, spacing, 2.2, [0.2; 3]);
                let skin = phantom.skin();
                let found = pores(&skin, zone).len();
                let share = found as f32 / painted as f32;
                assert!((0.8..=1.15).contains(&share), "{zone:?}: {found} of {painted}");
                let others = ZONES.into_iter().filter(|&other| other != zone);
                others.for_each(|other| assert_eq!(pores(&skin, other), [], "{other:?}"));
                found
            });
            assert!(counts.is_sorted() && counts[0] < counts[2], "{counts:?}");
        }
    }

    #[test]
    fn deeper_pores_are_deeper_and_faint_ones_are_no_enlarged_pores() {
        let depth = |strength: f32| {
            let mut phantom = Phantom::clean();
            phantom.dots(Zone::Chin, 30.0, 2.2, [strength; 3]);
            let found = pores(&phantom.skin(), Zone::Chin);
            found.iter().map(|dot| dot.depth).sum::<f32>() / found.len().max(1) as f32
        };
        let ladder = [0.02, 0.15, 0.3, 0.6].map(depth);
        assert!(ladder[0] == 0.0 && ladder.windows(2).all(|pair| pair[0] < pair[1]), "{ladder:?}");
    }

    #[test]
    fn blackheads_are_the_dark_ones() {
        let count = |strength: f32| {
            let mut phantom = Phantom::clean();
            let painted = phantom.dots(Zone::Nose, 24.0, 2.8, [strength; 3]);
            (blackheads(&phantom.skin()).len(), painted)
        };
        assert_eq!(count(0.15).0, 0);
        let (found, painted) = count(0.8);
        assert!((0.8..=1.1).contains(&(found as f32 / painted as f32)), "{found} of {painted}");
    }

    #[test]
    fn a_wrinkle_is_no_row_of_pores() {
        let mut phantom = Phantom::clean();
        let [x, y] = phantom.centre(Zone::Forehead);
        phantom.groove([x - 100.0, y], [x + 100.0, y + 9.0], 2.2, 0.3);
        assert!(pores(&phantom.skin(), Zone::Forehead).len() < 3);
    }
}

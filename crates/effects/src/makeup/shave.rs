//! A beard taken away: stubble and short beards, by the cheek's own skin.

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::Part as Seen;

use super::beard::contour;
use super::{Canvas, step};
use crate::atlas::OVAL;
use crate::canonical::{Chart, Grid};
use crate::kit::Kit;
use crate::lab::Lab;
use crate::path::{distance, lerp};
use crate::pull;
use crate::region;

/// Beards that are darker than the cheek by more L* than this in the median are too dense.
const MOST_DARKNESS: f32 = 40.0;
/// So are beards that hang below the chin by more than this.
const MOST_LENGTH: f32 = 0.06;
/// A face whose region, chin and upper lip are darker than the cheek by less than this has no beard.
const LEAST_DARKNESS: f32 = 7.5;
/// Hair before chin and upper lip from this share on is a beard.
const MOST_HAIR: f32 = 0.2;
/// The middles of the discs of bare cheek, and their radius.
const CHEEKS: [usize; 4] = [50, 280, 205, 425];
const CHEEK: f32 = 0.05;

/// What can be done about a beard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beard {
    /// There is none.
    None,
    /// It can be taken away.
    Short,
    /// It is too long or too dense: its median darkness against the cheek in L*.
    Long(f32),
}

/// Takes the beard of a face away where that can be done; what was found.
pub fn paint(kit: &Kit, photo: &mut RgbImage) -> Beard {
    let Some(mut canvas) = canvas(kit, photo) else { return Beard::None };
    let (region, cheek, found) = looked(&canvas);
    if let (Beard::Short, Some(cheek)) = (found, cheek) {
        remove(&mut canvas, &region, &cheek);
        canvas.paint(photo);
    }
    found
}

/// What beard a face has.
pub fn look(kit: &Kit, photo: &RgbImage) -> Beard {
    canvas(kit, photo).map_or(Beard::None, |canvas| looked(&canvas).2)
}

fn canvas<'a>(kit: &'a Kit, photo: &RgbImage) -> Option<Canvas<'a>> {
    Canvas::around(kit, photo, &OVAL, 0.14)
}

fn looked(canvas: &Canvas) -> (Map, Option<Cheek>, Beard) {
    let grid = Chart::of(&canvas.points).grid(canvas.window.width, canvas.window.height);
    let region = region(canvas, &grid);
    let is_hair = is_hair(canvas, &grid, &region);
    let region = if is_hair { region } else { without_head_hair(canvas, &region) };
    let cheek = cheek(canvas, &region);
    let found =
        cheek.as_ref().map_or(Beard::None, |cheek| judged(canvas, &grid, &region, cheek, is_hair));
    (region, cheek, found)
}

/// Bare skin of the cheeks.
struct Cheek {
    colour: Lab,
    /// L* without what is coarse, mirror-tiled over the face.
    texture: Map,
}

/// Where beards grow: as a full one, wider around the mouth.
fn region(canvas: &Canvas, grid: &Grid) -> Map {
    let fall = |from, to, value| 1.0 - step(from, to, value);
    let at = |x: f32, y: f32| {
        let ax = x.abs();
        let top = lerp(ax, &[0.0, 1.0, 1.8, 2.6, 3.2], &[-2.15, -2.05, -2.0, -2.4, -3.2]);
        let moustache = fall(top - 0.2, top + 0.15, y) * step(-4.9, -4.5, y) * fall(2.9, 3.3, ax);
        let beside =
            step(2.0, 2.3, ax) * fall(3.7, 4.0, ax) * step(-7.0, -6.6, y) * fall(-4.0, -3.7, y);
        let below = fall(2.8, 3.1, ax) * step(-7.4, -7.1, y) * fall(-5.9, -5.6, y);
        let chin = fall(0.9, 1.1, (ax / 3.4).hypot((y + 8.5) / 2.2)) * fall(-6.6, -6.1, y);
        let line = lerp(
            ax,
            &[2.6, 3.2, 4.0, 5.0, 6.0, 6.8, 7.4],
            &[-4.3, -4.2, -4.0, -3.3, -2.0, -0.2, 1.8],
        );
        let jaw = fall(line - 0.7, line + 0.25, y)
            * step(2.3, 2.9, ax + 3.0 * (-6.6 - y).clamp(0.0, 2.0));
        let inside = step(-1.2, -0.4, y - contour(ax));
        [moustache, beside, below, chin, jaw].into_iter().fold(0.0, f32::max) * inside
    };
    let own = grid.x.join(&grid.y, |x, y| if x.is_nan() { 0.0 } else { at(x, y) });
    let lips = canvas.kit.lips(&canvas.window);
    let mouth = canvas.filled(&mouth(canvas));
    let lips = canvas.blurred(&region::union(&lips, &mouth), 0.004);
    let parsed = canvas.likely(&[Seen::UpperLip, Seen::LowerLip, Seen::Mouth]);
    let away = canvas.likely(&[Seen::Background, Seen::Cloth, Seen::Necklace]);
    let facing = grid.facing.each(|x, y| step(-0.04, 0.12, grid.facing.values[y * own.width + x]));
    let taken = [lips, parsed, away];
    let free = taken.iter().fold(own, |own, taken| region::without(&own, taken));
    region::common(&free, &facing)
}

/// Whether the parser takes a beard for hair: then chin and upper lip are hair, too.
fn is_hair(canvas: &Canvas, grid: &Grid, region: &Map) -> bool {
    let front = grid.x.join(region, |x, own| if x.abs() < 2.0 { own } else { 0.0 });
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    sum(&region::common(&front, &canvas.likely(&[Seen::Hair]))) > MOST_HAIR * sum(&front)
}

/// Without the hair of the head that hangs before cheeks and jaw.
fn without_head_hair(canvas: &Canvas, region: &Map) -> Map {
    let hair = canvas.likely(&[Seen::Hair]);
    let seen = hair.each(|x, y| step(0.15, 0.4, hair.values[y * hair.width + x]));
    region::without(region, &canvas.grown(&seen, 0.01))
}

fn mouth(canvas: &Canvas) -> Vec<crate::strokes::Place> {
    crate::atlas::MOUTH.iter().map(|&index| canvas.point(index)).collect()
}

fn cheek(canvas: &Canvas, region: &Map) -> Option<Cheek> {
    let radius = CHEEK * canvas.fw;
    let middles = CHEEKS.map(|index| canvas.point(index));
    let bare = region.each(|x, y| {
        let near = middles.iter().any(|&m| distance(m, [x as f32, y as f32]) < radius);
        f32::from(near && region.values[y * region.width + x] < 0.05)
    });
    let colour = canvas.before.median(&bare, 0.5)?;
    let light = canvas.before.plane(0);
    let coarse = canvas.blurred(&light, 0.012);
    let fine = light.join(&coarse, |light, coarse| light - coarse);
    // The disc with the most bare skin gives its texture.
    let sum = |middle: [f32; 2]| {
        let near = |i: usize| distance(middle, [(i % bare.width) as f32, (i / bare.width) as f32]);
        let inside = bare.values.iter().enumerate().filter(|(i, _)| near(*i) < radius);
        inside.map(|(_, value)| value).sum::<f32>()
    };
    let middle = middles.into_iter().max_by(|&a, &b| sum(a).total_cmp(&sum(b)))?;
    let half = (0.7 * radius).max(1.0);
    let mirrored = |at: f32, middle: f32| {
        let along = (at - middle + half).rem_euclid(4.0 * half);
        middle - half + if along > 2.0 * half { 4.0 * half - along } else { along }
    };
    let texture = fine
        .each(|x, y| fine.between(mirrored(x as f32, middle[0]), mirrored(y as f32, middle[1])));
    Some(Cheek { colour, texture })
}

fn judged(canvas: &Canvas, grid: &Grid, region: &Map, cheek: &Cheek, is_hair: bool) -> Beard {
    let mut light: Vec<f32> = canvas.before.chosen(region, 0.7).map(|c| c[0]).collect();
    if light.len() < 20 {
        return Beard::None;
    }
    let darkness = cheek.colour[0] - percentile(&mut light, 0.5);
    // Hair below the chin.
    let likely = canvas.kit.parsing.likely(&[Seen::Hair]);
    let chin = canvas.point(152);
    let [_, up] = canvas.axes();
    let hangs = (0..6).any(|i| {
        let by = -(MOST_LENGTH + 0.02 * i as f32) * canvas.fw;
        let cell =
            safelight_vision::face::Point { x: chin[0] + up[0] * by, y: chin[1] + up[1] * by };
        likely(canvas.window.place(cell)) > 0.5
    });
    // Chin and upper lip face the light as the cheeks do; the jaw lies in shadow anyway.
    let front = [[-9.0, -6.9], [-3.3, -2.5]].map(|range| {
        let zone =
            grid.y.join(region, |y, own| f32::from(y > range[0] && y < range[1] && own > 0.7));
        let zone = zone.join(&grid.x, |zone, x| if x.abs() < 2.0 { zone } else { 0.0 });
        canvas.before.median(&zone, 0.5).map_or(0.0, |[l, ..]| cheek.colour[0] - l)
    });
    let front = front.into_iter().fold(0.0, f32::max);
    verdict(hangs, is_hair, darkness, front)
}

/// What beard it is: whether hair `hangs` below the chin, whether chin and upper lip are hair, too, and how
/// much darker than the cheek the region is, and chin or upper lip.
fn verdict(hangs: bool, is_hair: bool, darkness: f32, front: f32) -> Beard {
    // Hair of the head may lie below a bare chin.
    let hangs = hangs && (is_hair || front >= LEAST_DARKNESS);
    if hangs || darkness > MOST_DARKNESS {
        Beard::Long(darkness)
    } else if darkness < LEAST_DARKNESS && front < LEAST_DARKNESS {
        Beard::None
    } else {
        Beard::Short
    }
}

/// How much beard there is: by what is darker or greyer than the cheek.
fn strength(canvas: &Canvas, region: &Map, cheek: &Cheek) -> Map {
    let [l, a, b] = [0, 1, 2].map(|i| canvas.blurred(&canvas.before.plane(i), 0.012));
    let chroma = cheek.colour[1].hypot(cheek.colour[2]);
    let found = region.each(|x, y| {
        let i = y * region.width + x;
        let dark = ((cheek.colour[0] - 4.0 - l.values[i]) / 14.0).clamp(0.0, 1.0);
        let grey = ((chroma - a.values[i].hypot(b.values[i])) / 6.0 - 0.5).clamp(0.0, 1.0);
        region.values[i] * (1.3 * dark.max(grey)).min(1.0)
    });
    canvas.blurred(&found, 0.012)
}

/// Skin beyond the region, by its colour.
fn bare(canvas: &Canvas, region: &Map) -> Map {
    let likely = canvas.kit.parsing.likely(&[Seen::Skin, Seen::Nose, Seen::Neck]);
    let skin = canvas.window.map(|place| f32::from(likely(place) > 0.6));
    let lips = canvas.grown(&canvas.kit.lips(&canvas.window), 0.015);
    let taken = region::union(&canvas.grown(region, 0.01), &lips);
    let free = region::without(&skin, &taken);
    free.each(|x, y| {
        let i = y * free.width + x;
        free.values[i] * canvas.kit.skin.likeness(canvas.before.colours[i])
    })
}

fn remove(canvas: &mut Canvas, region: &Map, cheek: &Cheek) {
    let strength = strength(canvas, region, cheek);
    let light = canvas.before.plane(0);
    let radius = (0.012 * canvas.fw).round().max(1.0) as usize;
    // Dark hairs are closed: the maximum, then the minimum.
    let negative = light.each(|x, y| -light.values[y * light.width + x]);
    let lightest = negative.erode(radius);
    let lightest = lightest.each(|x, y| -lightest.values[y * light.width + x]);
    let closed = canvas.blurred(&lightest.erode(radius), 0.012);
    let known = bare(canvas, region);
    let around =
        [1, 2].map(|i| canvas.blurred(&pull::filled(&canvas.before.plane(i), &known), 0.03));
    let [own, red, yellow] = cheek.colour;
    for (index, &share) in strength.values.iter().enumerate() {
        if share <= 0.002 {
            continue;
        }
        let base = closed.values[index];
        let lifted = base + 0.65 * (own - 4.0 - base).clamp(0.0, 40.0) * share;
        let colour = [
            lifted + cheek.texture.values[index],
            0.3 * red + 0.7 * around[0].values[index],
            0.3 * yellow + 0.7 * around[1].values[index],
        ];
        canvas.replace(index, colour, share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hair_below_a_bare_chin_is_no_beard() {
        assert_eq!(verdict(true, false, 3.0, 2.0), Beard::None);
        assert_eq!(verdict(true, false, 12.0, 10.0), Beard::Long(12.0), "below a dark chin it is");
        assert_eq!(verdict(true, true, 3.0, 2.0), Beard::Long(3.0), "and so is a white one");
        assert_eq!(verdict(false, false, 12.0, 10.0), Beard::Short);
    }
}

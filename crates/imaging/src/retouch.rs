//! Retouching after an example: the tones and colours of a reference picture carried over to a photo.
//!
//! Lightness by matching the distribution of values along a curve of bounded slope; colour by the
//! linear map of Monge and Kantorovich between the two clouds of Oklab's colour axes (Pitié and Kokaram
//! 2007), and by what the reference's shadows, middle tones and lights are tinted. Everything is one
//! smooth change of colour that does not depend on the place, applied with dithering: no bands, no
//! halos.

use image::{GrayImage, RgbImage};

use crate::color::{Rgb, in_gamut, oklab, smoothstep, to_linear, to_srgb, unit};
use crate::lut::Lut;
use crate::map::samples;

/// Peak bytes of [`retouch`], whatever the photos.
pub const BASE_BYTES: u64 = 8 << 20;

/// Pixels along each side that the statistics look at.
const SIDE: u32 = 200;
/// How far the photo's lightness moves towards that of the reference.
const TONE: f32 = 0.85;
/// Least and greatest slope of the tone curve: beyond them detail is lost or noise is seen.
const SLOPES: (f32, f32) = (0.4, 2.0);
/// Least and greatest gain of colour along any axis.
const GAINS: (f32, f32) = (0.35, 2.2);
/// The hue of skin in Oklab, in degrees, and how far from it a colour is surely and hardly skin.
const SKIN_HUE: f32 = 48.0;
const SKIN_HUES: [f32; 2] = [22.0, 38.0];
/// How far the hue of skin may turn, in degrees.
const SKIN_TURN: f32 = 2.0;
/// Share of its chroma that skin keeps at least.
const SKIN_CHROMA: f32 = 0.6;
/// Points of the tone curve and of the tints.
const NODES: usize = 17;

/// Gives a photo the look of `reference` in place. Hidden parts of either do not count. Where it shows
/// people, what has the hue of skin nearly keeps it.
pub fn retouch(
    photo: &mut RgbImage,
    alpha: Option<&GrayImage>,
    reference: &RgbImage,
    reference_alpha: Option<&GrayImage>,
    people: bool,
) {
    let looks = rayon::join(|| Look::of(photo, alpha), || Look::of(reference, reference_alpha));
    let (Some(own), Some(wanted)) = looks else { return };
    let change = Change::between(&own, &wanted, people);
    Lut::bake(|color| change.color(color)).apply(photo);
}

/// How the tones and colours of a picture are distributed.
struct Look {
    /// Lightness at so many equal steps of rank.
    quantiles: [f32; NODES],
    /// Mean colour (a, b) of the pixels around each of these ranks.
    tints: [[f32; 2]; NODES],
    /// Covariance of colour around the tints: aa, ab, bb.
    spread: [f32; 3],
}

impl Look {
    fn of(photo: &RgbImage, alpha: Option<&GrayImage>) -> Option<Self> {
        let mut colors: Vec<[f32; 3]> = samples(photo, alpha, SIDE)
            .into_iter()
            .map(|pixel| oklab(unit(pixel).map(to_linear)))
            .collect();
        if colors.is_empty() {
            return None;
        }
        colors.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        let last = colors.len() - 1;
        let place = |node: usize| node * last / (NODES - 1);
        let quantiles = std::array::from_fn(|node| colors[place(node)][0]);
        let reach = colors.len().div_ceil(8);
        let tints = std::array::from_fn(|node| {
            let around = place(node).saturating_sub(reach)..(place(node) + reach + 1).min(last + 1);
            mean(&colors[around])
        });
        let middle = mean(&colors);
        let spread = colors.iter().fold([0.0; 3], |sum, color| {
            let [a, b] = [color[1] - middle[0], color[2] - middle[1]];
            [sum[0] + a * a, sum[1] + a * b, sum[2] + b * b]
        });
        Some(Self { quantiles, tints, spread: spread.map(|sum| sum / colors.len() as f32) })
    }

    /// The tint of a lightness, by its rank.
    fn tint(&self, rank: f32) -> [f32; 2] {
        let (node, way) = node(rank);
        std::array::from_fn(|i| {
            self.tints[node][i] + (self.tints[node + 1][i] - self.tints[node][i]) * way
        })
    }

    /// The share of the picture that is darker than a lightness.
    fn rank(&self, lightness: f32) -> f32 {
        let above = self.quantiles.iter().position(|&q| q > lightness).unwrap_or(NODES);
        let (low, high) = (above.saturating_sub(1), above.min(NODES - 1));
        let range = self.quantiles[high] - self.quantiles[low];
        let way = if range > 1e-6 { (lightness - self.quantiles[low]) / range } else { 0.0 };
        (low as f32 + way.clamp(0.0, 1.0)).min((NODES - 1) as f32) / (NODES - 1) as f32
    }
}

fn mean(colors: &[[f32; 3]]) -> [f32; 2] {
    let sum = colors.iter().fold([0.0; 2], |sum, color| [sum[0] + color[1], sum[1] + color[2]]);
    sum.map(|sum| sum / colors.len().max(1) as f32)
}

/// A changed colour (a, b) turned back so far that skin stays skin; other colours as they are.
fn kept_skin(lightness: f32, before: [f32; 2], after: [f32; 2]) -> [f32; 2] {
    let polar = |[a, b]: [f32; 2]| (b.atan2(a).to_degrees(), a.hypot(b));
    let ((hue, chroma), (new_hue, new_chroma)) = (polar(before), polar(after));
    let off = (hue - SKIN_HUE).abs();
    let skin = (1.0 - smoothstep(SKIN_HUES[0], SKIN_HUES[1], off))
        * smoothstep(0.008, 0.02, chroma)
        * smoothstep(0.2, 0.3, lightness);
    let turn = (new_hue - hue + 540.0).rem_euclid(360.0) - 180.0;
    let allowed = turn.clamp(-SKIN_TURN, SKIN_TURN);
    let kept = (hue + turn + (allowed - turn) * skin).to_radians();
    // Nor is it drained: little chroma has no hue.
    let chroma = new_chroma.max(SKIN_CHROMA * chroma * skin);
    [chroma * kept.cos(), chroma * kept.sin()]
}

/// The node below a place from 0 to 1, and the way to the next.
fn node(place: f32) -> (usize, f32) {
    let place = place.clamp(0.0, 1.0) * (NODES - 1) as f32;
    let node = (place as usize).min(NODES - 2);
    (node, place - node as f32)
}

/// What turns one look into another.
struct Change {
    /// Lightness for equal steps of lightness.
    curve: [f32; NODES],
    own: [[f32; 2]; NODES],
    wanted: [[f32; 2]; NODES],
    /// The map of colour around the tints: aa, ab, bb of a symmetric matrix.
    matrix: [f32; 3],
    /// Whether there is skin to spare.
    people: bool,
}

impl Change {
    fn between(own: &Look, wanted: &Look, people: bool) -> Self {
        let at = |i: usize| i as f32 / (NODES - 1) as f32;
        let ranks: [f32; NODES] = std::array::from_fn(|i| own.rank(at(i)));
        Self {
            curve: curve(own, wanted),
            own: ranks.map(|rank| own.tint(rank)),
            wanted: ranks.map(|rank| wanted.tint(rank)),
            matrix: bounded(transport(own.spread, wanted.spread)),
            people,
        }
    }

    fn color(&self, color: Rgb) -> Rgb {
        let [lightness, a, b] = oklab(color.map(to_linear));
        let (low, way) = node(lightness);
        let mix = |values: [f32; 2]| values[0] + (values[1] - values[0]) * way;
        let tint =
            |all: &[[f32; 2]; NODES]| [0, 1].map(|axis| mix([all[low][axis], all[low + 1][axis]]));
        let (own, wanted) = (tint(&self.own), tint(&self.wanted));
        let [x, y] = [a - own[0], b - own[1]];
        let [aa, ab, bb] = self.matrix;
        let moved = [wanted[0] + aa * x + ab * y, wanted[1] + ab * x + bb * y];
        let moved = if self.people { kept_skin(lightness, [a, b], moved) } else { moved };
        let bright = mix([self.curve[low], self.curve[low + 1]]);
        // Black and white hold no colour.
        let room = smoothstep(0.0, 0.12, bright) * (1.0 - smoothstep(0.93, 1.0, bright));
        let light = in_gamut([bright, moved[0] * room, moved[1] * room], -1e-4..=1.0001);
        light.map(|value| to_srgb(value.clamp(0.0, 1.0)))
    }
}

/// The tone curve: from the photo's distribution to that of the reference, with bounded slopes.
fn curve(own: &Look, wanted: &Look) -> [f32; NODES] {
    let step = 1.0 / (NODES - 1) as f32;
    let target: [f32; NODES] = std::array::from_fn(|i| {
        let lightness = i as f32 * step;
        let (low, way) = node(own.rank(lightness));
        let found =
            wanted.quantiles[low] + (wanted.quantiles[low + 1] - wanted.quantiles[low]) * way;
        lightness + (found - lightness) * TONE
    });
    // Slopes are bounded going out from the photo's middle tone, which lands where it should.
    let middle = (own.quantiles[NODES / 2] / step).round() as usize;
    let mut curve = target;
    for i in middle + 1..NODES {
        let slope = ((target[i] - curve[i - 1]) / step).clamp(SLOPES.0, SLOPES.1);
        curve[i] = curve[i - 1] + slope * step;
    }
    for i in (0..middle).rev() {
        let slope = ((curve[i + 1] - target[i]) / step).clamp(SLOPES.0, SLOPES.1);
        curve[i] = curve[i + 1] - slope * step;
    }
    rounded(rounded(curve)).map(|lightness| lightness.clamp(0.0, 1.0))
}

/// The curve with its corners taken off.
fn rounded(curve: [f32; NODES]) -> [f32; NODES] {
    std::array::from_fn(|i| {
        let (before, after) = (curve[i.saturating_sub(1)], curve[(i + 1).min(NODES - 1)]);
        if i == 0 || i == NODES - 1 { curve[i] } else { (before + 2.0 * curve[i] + after) / 4.0 }
    })
}

/// A symmetric two by two matrix: aa, ab, bb.
type Symmetric = [f32; 3];

/// The symmetric map that gives a cloud of covariance `from` the covariance `to` and moves it least:
/// `from^-½ (from^½ to from^½)^½ from^-½`.
fn transport(from: Symmetric, to: Symmetric) -> Symmetric {
    // Gray pictures have no spread; this much keeps the inverse finite.
    const FLOOR: f32 = 4e-5;
    let floor = |[aa, ab, bb]: Symmetric| [aa + FLOOR, ab, bb + FLOOR];
    let (from, to) = (floor(from), floor(to));
    let root = with_values(from, f32::sqrt);
    let inverse = with_values(from, |v| 1.0 / v.sqrt());
    sandwich(inverse, with_values(sandwich(root, to), f32::sqrt))
}

/// The map with its gains bounded.
fn bounded(map: Symmetric) -> Symmetric {
    with_values(map, |gain| gain.clamp(GAINS.0, GAINS.1))
}

/// The matrix with `change` done to its eigenvalues.
fn with_values([aa, ab, bb]: Symmetric, change: impl Fn(f32) -> f32) -> Symmetric {
    let (half, root) = ((aa + bb) / 2.0, ((aa - bb).powi(2) / 4.0 + ab * ab).sqrt());
    let angle = 0.5 * (2.0 * ab).atan2(aa - bb);
    let (sin, cos) = angle.sin_cos();
    let (large, small) = (change((half + root).max(1e-9)), change((half - root).max(1e-9)));
    [
        large * cos * cos + small * sin * sin,
        (large - small) * sin * cos,
        large * sin * sin + small * cos * cos,
    ]
}

/// `outer inner outer`, which is symmetric too.
fn sandwich([a, b, c]: Symmetric, [x, y, z]: Symmetric) -> Symmetric {
    let (ax, ay, bx, by) = (a * x + b * y, a * y + b * z, b * x + c * y, b * y + c * z);
    [ax * a + ay * b, ax * b + ay * c, bx * b + by * c]
}

#[cfg(test)]
mod tests {
    use image::{Rgb as Pixel, imageops};

    use super::*;
    use crate::testing::{mean_difference, newly_clipped, scene};

    fn toned(photo: &RgbImage, tone: impl Fn([f32; 3]) -> [f32; 3]) -> RgbImage {
        let mut photo = photo.clone();
        for pixel in photo.pixels_mut() {
            pixel.0 = tone(unit(pixel.0)).map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8);
        }
        photo
    }

    #[test]
    fn its_own_look_changes_hardly_anything() {
        let photo = scene(300, 200);
        let mut after = photo.clone();
        retouch(&mut after, None, &photo, None, false);
        let difference = mean_difference(&photo, &after);
        assert!(difference < 1.0, "{difference}");
    }

    #[test]
    fn the_look_of_a_toned_copy_is_found() {
        let photo = scene(300, 200);
        for tone in [
            |[r, g, b]: [f32; 3]| [r * 0.9 + 0.08, g * 0.8, b * 0.6],
            |c: [f32; 3]| c.map(|v| 0.25 + 0.5 * v),
            |c: [f32; 3]| c.map(|v| v.powf(1.6)),
            |[r, g, b]: [f32; 3]| {
                let gray = 0.3 * r + 0.6 * g + 0.1 * b;
                [r, g, b].map(|v| gray + 0.4 * (v - gray))
            },
        ] {
            let reference = toned(&photo, tone);
            let mut after = photo.clone();
            retouch(&mut after, None, &reference, None, false);
            let (before, after) =
                (mean_difference(&photo, &reference), mean_difference(&after, &reference));
            assert!(after < before * 0.5, "{before} became {after}");
        }
    }

    #[test]
    fn skin_stays_skin_under_a_strong_reference() {
        let skins = [[241, 200, 178], [198, 134, 104], [141, 85, 60], [96, 62, 48]];
        let photo = RgbImage::from_fn(160, 120, |x, y| match y {
            0..60 => Pixel(skins[(x / 40) as usize]),
            _ => Pixel([(x + 40) as u8, 120, (200 - x) as u8]),
        });
        let reference = toned(&scene(200, 200), |[r, g, b]| [r * 0.3, g * 0.5, 0.4 + b * 0.6]);
        let mut after = photo.clone();
        retouch(&mut after, None, &reference, None, true);
        // Of the mean around a place, which dithering keeps.
        let hue = |x: u32, y: u32, photo: &RgbImage| {
            let near = imageops::crop_imm(photo, x - 10, y - 10, 20, 20).to_image();
            let sum = near.pixels().fold([0.0; 3], |sum, pixel| {
                std::array::from_fn(|c| sum[c] + f32::from(pixel.0[c]) / 255.0 / 400.0)
            });
            let [_, a, b] = oklab(sum.map(to_linear));
            b.atan2(a).to_degrees()
        };
        let mut free = photo.clone();
        retouch(&mut free, None, &reference, None, false);
        for x in [20, 60, 100, 140] {
            let turn = (hue(x, 30, &after) - hue(x, 30, &photo) + 540.0).rem_euclid(360.0) - 180.0;
            let freely = (hue(x, 30, &free) - hue(x, 30, &photo) + 540.0).rem_euclid(360.0) - 180.0;
            assert!(turn.abs() < 8.0, "{turn} degrees at {x}");
            assert!(turn.abs() < 0.5 * freely.abs(), "{turn} degrees at {x}, else {freely}");
        }
        let turned = (hue(20, 90, &after) - hue(20, 90, &photo)).abs();
        assert!(turned > 15.0, "what is no skin takes the look: {turned}");
    }

    #[test]
    fn gradients_stay_gradients_and_hardly_anything_clips() {
        let photo =
            RgbImage::from_fn(512, 64, |x, y| Pixel([(x / 2) as u8, (x / 3 + y) as u8, 120]));
        let reference = toned(&scene(200, 200), |[r, g, b]| [r.powf(0.5), g * 0.7, b * 0.4]);
        let mut after = photo.clone();
        retouch(&mut after, None, &reference, None, false);
        // The mean over columns is free of dithering; it must rise without jumps.
        let light: Vec<f32> = (0..512)
            .map(|x| (0..64).map(|y| f32::from(after.get_pixel(x, y).0[1])).sum::<f32>() / 64.0)
            .collect();
        let steps = light.windows(5).map(|w| w[4] - w[0]);
        assert!(steps.clone().all(|s| s > -2.0 && s < 9.0), "{:?}", steps.fold(0.0, f32::max));
        assert!(newly_clipped(&photo, &after) < 0.005);
    }

    #[test]
    fn gray_and_hidden_references_and_any_size_pass() {
        let mut photo = scene(100, 80);
        let before = photo.clone();
        let hidden = GrayImage::new(60, 60);
        retouch(&mut photo, None, &scene(60, 60), Some(&hidden), false);
        assert!(photo == before, "a reference without visible pixels");
        let gray = RgbImage::from_fn(60, 60, |x, _| Pixel([(x * 4) as u8; 3]));
        retouch(&mut photo, None, &gray, None, false);
        let chroma =
            |p: &RgbImage| p.pixels().map(|p| u64::from(p.0[0].abs_diff(p.0[2]))).sum::<u64>();
        assert!(chroma(&photo) * 2 < chroma(&before));
        for color in [[0; 3], [255; 3], [9, 80, 200]] {
            let mut flat = RgbImage::from_pixel(32, 32, Pixel(color));
            let rose = RgbImage::from_pixel(1, 1, Pixel([200, 20, 90]));
            retouch(&mut flat, None, &rose, None, true);
        }
    }
}

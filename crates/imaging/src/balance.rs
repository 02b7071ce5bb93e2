//! White balance: the colour of the light, and the gains that take it away.
//!
//! The white patch (Land and McCann 1971), here the 99.7th percentile of each channel, says which
//! colour the light has. Three further estimates only vote on whether it is a cast at all: the least
//! saturated of the brightest pixels, shades of gray (Finlayson and Trezzi 2004) and gray edge (van de
//! Weijer, Gevers and Gijsenij 2007). Skin neither votes nor may leave the hues of skin. Limits are
//! heuristics of our own, set so that photos without a cast keep every pixel.

use image::{GrayImage, RgbImage};

use crate::color::{Rgb, lab_of, unit};
use crate::map::{Map, percentile, thumbnail};

/// Long side of the copy that is measured.
const SIDE: u32 = 320;
/// Largest gain of a channel.
const MOST: f32 = 2.2;
/// The hue of skin in CIE L*a*b*, in degrees, and how far from it a cheek may end.
const SKIN_HUE: f32 = 48.0;
const SKIN_HUE_SPREAD: f32 = 20.0;
/// Distance in a*b* from a cheek within which a pixel counts as skin.
const SKIN_DISTANCE: f32 = 9.0;
/// A darker half whose colour lies this far on the other side, in sizes of the cast, denies it.
const OPPOSED: f32 = -2.0;
/// Minkowski norm of shades of gray and of gray edge.
const NORM: i32 = 6;

/// Skin that the balance must not take for the light's colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skin {
    /// The face's box in the photo: left, top, width, height in pixels.
    pub face: [f32; 4],
    /// The median colour of its cheeks.
    pub cheek: [u8; 3],
}

/// Gains on the encoded channels (1 and more) that make the light of the photo neutral; ones where it
/// shows no cast. Pixels that `alpha`, of any size over the photo, hides are not measured.
pub fn gains(photo: &RgbImage, alpha: Option<&GrayImage>, skins: &[Skin]) -> Rgb {
    let Some(measured) = Measured::of(photo, alpha, skins) else { return [1.0; 3] };
    let white = measured.white_patch();
    let Some(neutral) = measured.least_saturated() else { return [1.0; 3] };
    let cast = log_ratios(white);
    let size = cast[0].hypot(cast[1]);
    if size < 1e-3 {
        return [1.0; 3];
    }
    let vote = |light: Rgb| {
        let other = log_ratios(light);
        let share = (other[0] * cast[0] + other[1] * cast[1]) / (size * size);
        ((share - 0.35) / 0.3).clamp(0.0, 1.0)
    };
    // Something warm before something cool is no light: the darker half would show it too.
    let rest = log_ratios(measured.darker_half());
    if rest[0] * cast[0] + rest[1] * cast[1] < OPPOSED * size * size {
        return [1.0; 3];
    }
    let mut votes = [vote(neutral), vote(measured.shades_of_gray()), vote(measured.gray_edge())];
    if votes[0] == 0.0 {
        return [1.0; 3];
    }
    votes.sort_by(f32::total_cmp);
    let highest = highest(white);
    let saturation = 1.0 - neutral.into_iter().fold(1.0, f32::min) / highest_of(neutral);
    let bright = ((highest * 255.0 - 150.0) / 40.0).clamp(0.0, 1.0);
    let pale = ((0.62 - saturation) / 0.12).clamp(0.0, 1.0);
    // A small cast is not seen, and good photos have one.
    let seen = ((size - 0.13) / 0.09).clamp(0.0, 1.0);
    let sure = votes[1] * bright * pale * seen * lamp(cast, size, !skins.is_empty());
    guarded(white, sure, skins)
}

/// Whether light has this colour: lamps, shade and sky do, red and magenta light hardly ever, but red
/// and magenta things do. Orange counts only where it is strong and nobody's skin can be the cause.
fn lamp(cast: [f32; 2], size: f32, people: bool) -> f32 {
    let direction = cast[1].atan2(cast[0]).to_degrees();
    match direction {
        0.0..100.0 => 0.0,
        -40.0..0.0 if people || size <= 0.2 => 0.0,
        -40.0..0.0 => 0.8,
        _ => 1.0,
    }
}

/// The gains for this much of the cast, weakened until every cheek stays skin.
fn guarded(white: Rgb, sure: f32, skins: &[Skin]) -> Rgb {
    let highest = highest(white);
    let gains = |share: f32| white.map(|v| (highest / v.max(1e-3)).powf(share).min(MOST));
    let large = |skin: &&Skin| skin.face[2].min(skin.face[3]) >= 20.0;
    let mut share = sure;
    for skin in skins.iter().filter(large) {
        while share > 0.05 && !natural(skin.cheek, gains(share)) {
            share *= 0.7;
        }
    }
    if share > 0.05 { gains(share) } else { [1.0; 3] }
}

/// Whether a cheek with these gains is as much like skin as before, or enough.
fn natural(cheek: [u8; 3], gains: Rgb) -> bool {
    let polar = |[_, a, b]: [f32; 3]| (b.atan2(a).to_degrees(), a.hypot(b));
    let (hue, chroma) = polar(lab_of(cheek));
    let changed = std::array::from_fn(|c| (f32::from(cheek[c]) * gains[c]).min(255.0) as u8);
    let (new_hue, new_chroma) = polar(lab_of(changed));
    let off = |hue: f32| {
        let away = (hue - SKIN_HUE).abs() % 360.0;
        away.min(360.0 - away)
    };
    (off(new_hue) <= SKIN_HUE_SPREAD || off(new_hue) <= off(hue))
        && new_chroma <= chroma.max(30.0)
        && new_chroma >= chroma.min(9.0)
}

/// Natural logarithms of red and blue over green.
fn log_ratios([r, g, b]: Rgb) -> [f32; 2] {
    let green = g.max(1e-3);
    [(r.max(1e-3) / green).ln(), (b.max(1e-3) / green).ln()]
}

fn highest(color: Rgb) -> f32 {
    color.into_iter().fold(0.0, f32::max)
}

fn highest_of(color: Rgb) -> f32 {
    highest(color).max(1e-3)
}

/// The pixels that count.
struct Measured {
    small: RgbImage,
    counted: Vec<bool>,
}

impl Measured {
    fn of(photo: &RgbImage, alpha: Option<&GrayImage>, skins: &[Skin]) -> Option<Self> {
        let small = thumbnail(photo, SIDE);
        let (width, height) = small.dimensions();
        let opaque = |x: u32, y: u32| {
            let at = |i: u32, length: u32, cells: u32| (i * length / cells.max(1)).min(length - 1);
            alpha.is_none_or(|alpha| {
                let place = (at(x, alpha.width(), width), at(y, alpha.height(), height));
                alpha.get_pixel(place.0, place.1).0[0] > 127
            })
        };
        let visible: Vec<bool> = small.enumerate_pixels().map(|(x, y, _)| opaque(x, y)).collect();
        let scale = width as f32 / photo.width().max(1) as f32;
        let skin = |x: u32, y: u32, pixel: [u8; 3]| {
            skins.iter().any(|skin| skin.holds(x as f32 / scale, y as f32 / scale, pixel))
        };
        let mut counted = visible.clone();
        for ((x, y, pixel), counted) in small.enumerate_pixels().zip(&mut counted) {
            *counted &= !skin(x, y, pixel.0);
        }
        let count = |cells: &[bool]| cells.iter().filter(|cell| **cell).count();
        // A close-up has nothing else to tell the light by.
        if (count(&counted) as f32) < 0.15 * count(&visible) as f32 {
            counted = visible;
        }
        (count(&counted) > 0).then_some(Self { small, counted })
    }

    fn colors(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        let pairs = self.small.pixels().zip(&self.counted);
        pairs.filter(|(_, counted)| **counted).map(|(pixel, _)| pixel.0)
    }

    fn white_patch(&self) -> Rgb {
        std::array::from_fn(|c| {
            let mut values: Vec<f32> = self.colors().map(|p| f32::from(p[c]) / 255.0).collect();
            percentile(&mut values, 0.997)
        })
    }

    /// The mean of the least saturated quarter of the brightest twelfth.
    fn least_saturated(&self) -> Option<Rgb> {
        let mut colors: Vec<Rgb> = self.colors().map(unit).collect();
        colors.sort_unstable_by(|a, b| highest(*b).total_cmp(&highest(*a)));
        colors.truncate((colors.len() * 2 / 25).max(1));
        let saturation = |c: &Rgb| 1.0 - c.iter().copied().fold(1.0, f32::min) / highest_of(*c);
        colors.sort_unstable_by(|a, b| saturation(a).total_cmp(&saturation(b)));
        colors.truncate((colors.len() / 4).max(1));
        let count = colors.len() as f32;
        let sum = colors.iter().fold([0.0; 3], |sum, c| std::array::from_fn(|i| sum[i] + c[i]));
        Some(sum.map(|sum: f32| sum / count)).filter(|mean| highest(*mean) > 0.02)
    }

    /// The mean of what has a tenth to a half of the brightest level; gray where nothing has.
    fn darker_half(&self) -> Rgb {
        let brightest = highest(self.white_patch());
        let range = 0.1 * brightest..0.5 * brightest;
        let colors = self.colors().map(unit).filter(|color| range.contains(&highest(*color)));
        let (sum, count) = colors.fold(([0.0; 3], 0.0), |(sum, count), color| {
            (std::array::from_fn(|c| sum[c] + color[c]), count + 1.0)
        });
        if count > 0.0 { sum.map(|sum: f32| sum / count) } else { [0.5; 3] }
    }

    fn shades_of_gray(&self) -> Rgb {
        let colors = self.colors().filter(|pixel| exposed(*pixel)).map(unit);
        minkowski(colors)
    }

    fn gray_edge(&self) -> Rgb {
        let planes: [Map; 3] =
            std::array::from_fn(|c| Map::of(&self.small, |color| color[c]).gaussian(1.0));
        let (width, height) = (self.small.width() as usize, self.small.height() as usize);
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let inside = |&(x, y): &(usize, usize)| {
            self.counted[y * width + x] && exposed(self.small.get_pixel(x as u32, y as u32).0)
        };
        let edges = places.filter(inside).map(|(x, y)| {
            let (x, y) = (x as isize, y as isize);
            std::array::from_fn(|c| {
                let plane = &planes[c];
                let across = plane.near(x + 1, y) - plane.near(x - 1, y);
                let down = plane.near(x, y + 1) - plane.near(x, y - 1);
                across.hypot(down)
            })
        });
        minkowski(edges)
    }
}

impl Skin {
    /// Whether a place of the photo belongs to the head, or has the colour of the cheek.
    fn holds(&self, x: f32, y: f32, pixel: [u8; 3]) -> bool {
        let [left, top, width, height] = self.face;
        let across = left - 0.15 * width..left + 1.15 * width;
        let down = top - 0.25 * height..top + 1.35 * height;
        let [one, two] = [lab_of(pixel), lab_of(self.cheek)];
        across.contains(&x) && down.contains(&y)
            || (one[1] - two[1]).hypot(one[2] - two[2]) < SKIN_DISTANCE
    }
}

/// Neither clipped nor black.
fn exposed(pixel: [u8; 3]) -> bool {
    pixel.iter().all(|&value| value < 253) && pixel.iter().any(|&value| value > 12)
}

/// The Minkowski mean of each channel; gray for none.
fn minkowski(colors: impl Iterator<Item = Rgb>) -> Rgb {
    let (mut sum, mut count) = ([0.0_f64; 3], 0.0);
    for color in colors {
        sum = std::array::from_fn(|c| sum[c] + f64::from(color[c]).powi(NORM));
        count += 1.0;
    }
    if count == 0.0 {
        return [0.5; 3];
    }
    sum.map(|sum| (sum / count).powf(1.0 / f64::from(NORM)) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{good_photos, psnr, scene};

    fn photos() -> impl Iterator<Item = RgbImage> {
        good_photos().map(|photo| thumbnail(&photo, 480))
    }

    fn times(photo: &RgbImage, gains: Rgb) -> RgbImage {
        let mut photo = photo.clone();
        for pixel in photo.pixels_mut() {
            pixel.0 = std::array::from_fn(|c| (f32::from(pixel.0[c]) * gains[c]).min(255.0) as u8);
        }
        photo
    }

    #[test]
    fn photos_without_a_cast_keep_their_colours() {
        for photo in photos() {
            assert_eq!(gains(&photo, None, &[]), [1.0; 3]);
        }
    }

    #[test]
    fn a_cast_goes() {
        let (mut gained, mut count) = (0.0, 0.0);
        for photo in photos().chain([scene(320, 240)]) {
            for cast in [[1.0, 0.85, 0.6], [0.7, 0.9, 1.0]] {
                let tinted = times(&photo, cast);
                let found = times(&tinted, gains(&tinted, None, &[]));
                let (before, after) = (psnr(&photo, &tinted), psnr(&photo, &found));
                println!("{cast:?}: {before:.1} dB became {after:.1} dB");
                assert!(after > before - 0.1, "{cast:?}: {before:.1} dB became {after:.1} dB");
                gained += after - before;
                count += 1.0;
            }
        }
        assert!(gained / count > 8.0, "{:.1} dB gained on average", gained / count);
    }

    #[test]
    fn skin_is_no_light_and_stays_skin() {
        // A brown cheek fills the picture: its colour is not taken for that of a lamp.
        let cheek = [198, 134, 104];
        let photo = RgbImage::from_fn(200, 200, |x, y| {
            image::Rgb(if (x + y) % 9 == 0 { [120, 80, 60] } else { cheek })
        });
        let skin = Skin { face: [20.0, 20.0, 160.0, 160.0], cheek };
        let gains = gains(&photo, None, &[skin]);
        assert!(natural(cheek, gains), "{gains:?}");
        assert!(!natural(cheek, [1.0, 1.5, 2.2]), "gray skin is not natural");
    }

    #[test]
    fn any_picture_passes() {
        for (width, height) in [(1, 1), (3, 500)] {
            for color in [[0; 3], [255; 3], [255, 0, 0], [3, 200, 90]] {
                let photo = RgbImage::from_pixel(width, height, image::Rgb(color));
                let found = gains(&photo, None, &[]);
                assert!(found.iter().all(|gain| (1.0..=MOST).contains(gain)), "{found:?}");
            }
        }
        let photo = scene(40, 30);
        let hidden = GrayImage::new(40, 30);
        assert_eq!(gains(&photo, Some(&hidden), &[]), [1.0; 3]);
    }
}

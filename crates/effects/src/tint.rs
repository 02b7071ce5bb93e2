//! Hand-tinting: colours for the people of a picture without colour.
//!
//! Skin, hair, lips and eyes get the hues that go with their lightness; everything else stays gray. It is
//! what colourists of prints do, and it knows nothing of what the colours were.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::color::smoothstep;
use safelight_imaging::lab_of;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::Part;

use crate::change::pixel_of;
use crate::kit::Kit;
use crate::lab::LabMap;
use crate::path::lerp;
use crate::window::Window;
use crate::{atlas, region};

/// Skin: a* and b* by the median lightness of the face.
const SKIN: [[f32; 5]; 3] =
    [[40.0, 55.0, 68.0, 76.0, 88.0], [16.0, 15.0, 14.0, 9.0, 4.0], [18.0, 20.0, 21.0, 17.0, 8.0]];
/// Hair: the same by its own median lightness.
const HAIR: [[f32; 4]; 3] =
    [[20.0, 26.0, 62.0, 68.0], [1.5, 4.0, 4.0, 1.0], [3.0, 11.0, 11.0, 4.0]];
const LIPS: [f32; 2] = [22.0, 13.0];
/// How much of the skin's hue eyes have.
const EYES: f32 = 0.2;
/// Where the parser finds less of the face's skin than this, it does not understand the picture.
const COVERAGE: f32 = 0.6;
/// Colours farther than this from those that go with their lightness are colours of their own; in so many
/// cells of a hundred they make a picture in colour.
const OWN_COLOUR: f32 = 9.0;
const COLOURED: f32 = 0.03;
/// How long the side of the picture is on which that is judged.
const SIDE: u32 = 192;
/// Steps of lightness by which tones of paper and toner are told.
const TONES: usize = 12;

/// Whether a picture has colours beyond one tone for each lightness: gray ones, sepia and other toned prints
/// have none.
pub fn has_colour(photo: &RgbImage) -> bool {
    let small = LabMap::of(&safelight_imaging::map::thumbnail(photo, SIDE));
    let tone = |l: f32| ((l / 100.0 * TONES as f32) as usize).min(TONES - 1);
    let mut tones = vec![[vec![], vec![]]; TONES];
    for &[l, a, b] in &small.colours {
        tones[tone(l)][0].push(a);
        tones[tone(l)][1].push(b);
    }
    let medians: Vec<[f32; 2]> =
        tones.into_iter().map(|pair| pair.map(|mut values| percentile(&mut values, 0.5))).collect();
    let far = small.colours.iter().filter(|&&[l, a, b]| {
        let [own_a, own_b] = medians[tone(l)];
        (a - own_a).hypot(b - own_b) > OWN_COLOUR
    });
    far.count() as f32 > COLOURED * small.colours.len() as f32
}

/// Takes the tone from a picture; lightness stays.
pub fn gray(photo: &mut RgbImage) {
    photo.as_chunks_mut::<3>().0.par_iter_mut().with_min_len(4096).for_each(|pixel| {
        let [r, g, b] = *pixel;
        if r != g || g != b {
            *pixel = pixel_of([lab_of(*pixel)[0], 0.0, 0.0]);
        }
    });
}

/// Gives a gray picture colours: a* and b*, each a map that is stretched over it. Lightness stays as far as
/// sRGB shows it at all; colours beyond sRGB lose chroma.
pub fn colour(photo: &mut RgbImage, [a, b]: &[Map; 2]) {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let place = |at: usize, all: usize, cells: usize| {
        (at as f32 + 0.5) / all.max(1) as f32 * cells as f32 - 0.5
    };
    let rows = photo.par_chunks_exact_mut((width * 3).max(1)).enumerate().with_min_len(16);
    rows.for_each(|(y, row)| {
        let down = place(y, height, a.height);
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let across = place(x, width, a.width);
            let lightness = lab_of(*pixel)[0];
            *pixel = in_gamut([lightness, a.between(across, down), b.between(across, down)]);
        }
    });
}

/// Where the parts of a face with its hair and neck lie, and what they get.
struct Areas {
    window: Window,
    skin: (Map, f32),
    hair: (Map, f32),
    lips: Map,
    eyes: Map,
}

/// Tints a face with its hair and neck; `strength` from 0 to 1.
pub fn paint(photo: &mut RgbImage, kit: &Kit, strength: f32) {
    if strength <= 0.0 {
        return;
    }
    let Some(areas) = Areas::of(photo, kit) else { return };
    let height = areas.window.region.height;
    areas.window.rows(photo, |y, pixels| {
        let line = |map: &Map| {
            let mut line = vec![0.0; pixels.len()];
            map.stretched_row(y, height, &mut line);
            line
        };
        let [skin, hair, lips, eyes] =
            [&areas.skin.0, &areas.hair.0, &areas.lips, &areas.eyes].map(line);
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let weights = [skin[x], hair[x], lips[x], eyes[x]];
            if weights.iter().any(|&weight| weight > 0.004) {
                *pixel = areas.tinted(*pixel, weights, strength);
            }
        }
    });
}

impl Areas {
    fn of(photo: &RgbImage, kit: &Kit) -> Option<Self> {
        let window = kit.window_around(kit.parsing.bounds(), 0.0)?;
        let light = LabMap::of(&window.cut(photo)).plane(0);
        let guide = light.each(|x, y| light.values[y * light.width + x] / 100.0);
        let radius = |length: f32| (kit.cells(&window, length).round() as usize).max(1);
        let parsed = |parts: &[Part]| {
            let raw = region::parts(&window, &kit.parsing, parts);
            region::refined(&raw, &guide, radius(0.04))
        };
        let oval = kit.region(&window, &atlas::OVAL, 0.01);
        let openings = [&atlas::EYES[0][..], &atlas::EYES[1], &atlas::MOUTH];
        let openings = openings
            .map(|indices| kit.region(&window, indices, 0.004))
            .into_iter()
            .reduce(|a, b| region::union(&a, &b))?;
        let inside = region::without(&oval, &openings);
        let own = region::parts(
            &window,
            &kit.parsing,
            &[
                Part::Skin,
                Part::Nose,
                Part::LeftBrow,
                Part::RightBrow,
                Part::UpperLip,
                Part::LowerLip,
            ],
        );
        let sum = |map: &Map| map.values.iter().sum::<f32>();
        let seen = sum(&region::common(&own, &inside)) / sum(&inside).max(1.0);
        let (mut skin, hair) = match seen >= COVERAGE {
            true => (
                parsed(&[Part::Skin, Part::Nose, Part::LeftEar, Part::RightEar, Part::Neck]),
                parsed(&[Part::Hair, Part::LeftBrow, Part::RightBrow]),
            ),
            false => (inside.clone(), window.filled(0.0)),
        };
        let lips = region::feathered(&kit.lips(&window), kit.cells(&window, 0.004));
        let eyes = [0, 1].map(|side| kit.region(&window, &atlas::EYES[side], 0.004));
        let eyes = region::union(&eyes[0], &eyes[1]);
        skin = region::without(&region::without(&region::without(&skin, &lips), &eyes), &hair);
        let median = |mask: &Map, usual: f32| {
            let pairs = light.values.iter().zip(&mask.values);
            let mut chosen: Vec<f32> = pairs.filter(|(_, w)| **w > 0.6).map(|(l, _)| *l).collect();
            if chosen.is_empty() { usual } else { percentile(&mut chosen, 0.5) }
        };
        let of_face = median(&region::common(&skin, &inside), 65.0);
        if kit.glasses {
            // Skin is seen through lenses, but not through their rims.
            let lens = region::parts(&window, &kit.parsing, &[Part::Glasses]);
            let lens = region::without(&region::common(&lens, &inside), &eyes);
            let lens = lens.join(&light, |lens, l| lens * smoothstep(0.45, 0.7, l / of_face));
            skin = region::union(&skin, &lens);
        }
        let of_hair = median(&hair, 30.0);
        Some(Self { window, skin: (skin, of_face), hair: (hair, of_hair), lips, eyes })
    }

    fn tinted(&self, pixel: [u8; 3], [skin, hair, lips, eyes]: [f32; 4], strength: f32) -> [u8; 3] {
        let l = lab_of(pixel)[0];
        let ends = ((100.0 - l) / 22.0).clamp(0.0, 1.0) * (l / 14.0).clamp(0.0, 1.0);
        let face = self.skin.1;
        let near = (1.12 - 0.5 * (l / face.max(1.0) - 0.95).abs()).clamp(0.25, 1.1) * ends;
        let [at, red, yellow] = SKIN;
        let own = [lerp(face, &at, &red) * near, lerp(face, &at, &yellow) * near];
        let [at, red, yellow] = HAIR;
        let strand = (l / self.hair.1.max(1.0)).clamp(0.4, 1.3);
        let strands = [lerp(self.hair.1, &at, &red), lerp(self.hair.1, &at, &yellow) * strand];
        let hue = |i: usize| {
            let sum = skin * own[i] + hair * strands[i] * ends.max(0.3) + lips * LIPS[i] * ends;
            let total = (skin + hair + lips + eyes).max(1.0);
            (sum + eyes * EYES * own[i]) / total * strength
        };
        in_gamut([l, hue(0), hue(1)])
    }
}

/// The pixel of a colour; where sRGB has none so colourful, one of the same lightness and less chroma.
fn in_gamut([l, a, b]: [f32; 3]) -> [u8; 3] {
    let mut chroma = 1.0;
    for _ in 0..6 {
        let pixel = pixel_of([l, a * chroma, b * chroma]);
        if (lab_of(pixel)[0] - l).abs() < 0.7 {
            return pixel;
        }
        chroma *= 0.75;
    }
    pixel_of([l, 0.0, 0.0])
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn toned_prints_have_no_colour_and_photos_have() {
        let ramp = |tone: fn(u8) -> [u8; 3]| {
            RgbImage::from_fn(200, 100, |x, y| Rgb(tone((x + y / 2) as u8)))
        };
        assert!(!has_colour(&ramp(|v| [v; 3])));
        let sepia = |v: u8| [v.saturating_add(18), v, v.saturating_sub(22)];
        assert!(!has_colour(&ramp(sepia)), "sepia");
        let mut photo = ramp(|v| [v; 3]);
        for y in 20..60 {
            for x in 20..60 {
                photo.put_pixel(x, y, Rgb([170, 60, 60]));
            }
        }
        assert!(has_colour(&photo));
    }

    #[test]
    fn a_map_of_colours_is_stretched_over_the_picture() {
        let mut picture = RgbImage::from_fn(60, 30, |x, _| Rgb([100 + x as u8; 3]));
        let before = picture.clone();
        let map = |values: [f32; 2]| Map { width: 2, height: 1, values: values.to_vec() };
        colour(&mut picture, &[map([30.0, -30.0]), map([0.0, 20.0])]);
        for (now, was) in picture.pixels().zip(before.pixels()) {
            assert!((lab_of(now.0)[0] - lab_of(was.0)[0]).abs() < 1.0, "{now:?}");
        }
        let at = |x: u32| lab_of(picture.get_pixel(x, 15).0);
        assert!((at(2)[1] - 30.0).abs() < 2.0 && at(2)[2].abs() < 2.0, "{:?}", at(2));
        assert!((at(57)[1] + 30.0).abs() < 2.0 && (at(57)[2] - 20.0).abs() < 2.0);
        assert!(at(30)[1].abs() < 3.0, "half way");
    }

    #[test]
    fn a_tone_is_taken_and_lightness_stays() {
        let mut print = RgbImage::from_fn(64, 4, |x, _| {
            let v = (x * 3 + 30) as u8;
            Rgb([v.saturating_add(20), v, v - 25])
        });
        let before: Vec<f32> = print.pixels().map(|pixel| lab_of(pixel.0)[0]).collect();
        gray(&mut print);
        for (pixel, l) in print.pixels().zip(before) {
            assert!(pixel.0[0].abs_diff(pixel.0[2]) <= 1 && (lab_of(pixel.0)[0] - l).abs() < 0.5);
        }
    }

    #[test]
    fn colours_beyond_srgb_lose_chroma_and_no_lightness() {
        for l in [4.0, 30.0, 60.0, 97.0] {
            let found = lab_of(in_gamut([l, 40.0, 60.0]));
            assert!((found[0] - l).abs() < 1.0, "{l}: {found:?}");
        }
    }
}

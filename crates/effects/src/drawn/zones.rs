//! What is never drawn as one: the subject and what is behind it; hair, skin, neck, hat and glasses of
//! each head.

use image::GrayImage;
use safelight_imaging::areas::{Rule, Zones};
use safelight_imaging::components::components;
use safelight_imaging::map::Map;
use safelight_vision::face::{Part, Point, Rect};

use super::{Fineness, Sitter, matte_at};
use crate::kit::Kit;
use crate::region;
use crate::window::Window;

/// What is behind the subject.
pub(super) const BACKGROUND: u8 = 0;
/// The subject without the heads that are taken apart.
const SUBJECT: u8 = 1;
/// Heads that are taken apart at most, and their least width in cells.
const HEADS: usize = 8;
const LEAST_HEAD: f32 = 24.0;
/// The groups of parts, one zone each in every head.
const GROUPS: [&[Part]; 5] = [
    &[
        Part::Skin,
        Part::LeftEar,
        Part::RightEar,
        Part::Nose,
        Part::LeftBrow,
        Part::RightBrow,
        Part::LeftEye,
        Part::RightEye,
        Part::UpperLip,
        Part::LowerLip,
        Part::Mouth,
    ],
    &[Part::Neck, Part::Necklace],
    &[Part::Hat],
    &[Part::Hair],
    &[Part::Glasses],
];
const SKIN: usize = 0;
const HAT: usize = 2;
const HAIR: usize = 3;
const GLASSES: usize = 4;
/// A part that reaches this band along the edge of the parsed square, as a share of its side, goes on
/// beyond it.
const BAND: f32 = 0.03;
/// What is left of the slope in hair that goes on beyond the square, or the square's edge is drawn.
const DAMPED: f32 = 0.45;

/// Whether a zone is the hair of a head.
pub(super) fn is_hair(zone: u8) -> bool {
    usize::from(zone) > usize::from(SUBJECT) && (usize::from(zone) - 2) % GROUPS.len() == HAIR
}

/// The zones, and by what the slope of the colours is multiplied.
pub(super) struct Found {
    pub zones: Zones,
    pub damp: Map,
}

/// The zones of a picture whose lightness is given, with `scale` cells for each pixel of the photo.
pub(super) fn of(sitter: &Sitter, light: &Map, scale: f32, fineness: Fineness) -> Found {
    let (width, height) = (light.width, light.height);
    let mut of = vec![SUBJECT; width * height];
    if let Some(matte) = sitter.matte {
        let matte = matte_at(matte, width, height);
        for (zone, value) in of.iter_mut().zip(&matte.values) {
            *zone = if *value > 0.5 { SUBJECT } else { BACKGROUND };
        }
    }
    let limit = |limit| Rule { limit, least: 0.0 };
    let background = Rule { limit: fineness.background, least: fineness.least_background };
    let mut rules = vec![background, limit(fineness.subject)];
    let mut damp = light.each(|_, _| 1.0);
    let seen = sitter.kits.iter().filter(|kit| kit.fw * scale >= LEAST_HEAD);
    for kit in seen.take(HEADS) {
        let first = rules.len() as u8;
        rules.extend((0..GROUPS.len()).map(|group| {
            limit(match group {
                HAT => fineness.subject * 1.2,
                HAIR => fineness.hair,
                _ => 60.0,
            })
        }));
        head(kit, light, scale, first, &mut of, &mut damp);
    }
    Found { zones: Zones { of, rules }, damp }
}

/// Marks the groups of one head with the zones from `first` on.
fn head(kit: &Kit, light: &Map, scale: f32, first: u8, of: &mut [u8], damp: &mut Map) {
    let bounds = kit.parsing.bounds();
    let around = Rect {
        x: bounds.x * scale,
        y: bounds.y * scale,
        width: bounds.width * scale,
        height: bounds.height * scale,
    };
    let size = (light.width as u32, light.height as u32);
    let Some(window) = Window::of(around, 1.0, size) else { return };
    let at = |x: usize, y: usize| {
        (window.region.y as usize + y) * light.width + window.region.x as usize + x
    };
    let in_photo = |place: Point| Point { x: place.x / scale, y: place.y / scale };
    let guide = window.filled(0.0).each(|x, y| light.values[at(x, y)] / 100.0);
    let radius = (0.04 * kit.fw * scale).round().max(1.0) as usize;
    let likely = GROUPS.map(|parts| {
        let likely = kit.parsing.likely(parts);
        region::refined(&window.map(|place| likely(in_photo(place))), &guide, radius)
    });
    let best = |i: usize| {
        let values = likely.each_ref().map(|map| map.values[i]);
        let best = (0..GROUPS.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0);
        (values[best] > 0.5).then_some(best)
    };
    for group in 0..GROUPS.len() {
        let mask = GrayImage::from_fn(window.width as u32, window.height as u32, |x, y| {
            image::Luma([u8::from(best(y as usize * window.width + x as usize) == Some(group))])
        });
        for piece in components(&mask, |value| value > 0) {
            let places = piece
                .cells
                .iter()
                .map(|&cell| ((cell as usize) % window.width, (cell as usize) / window.width));
            let goes_on = group != SKIN
                && group != GLASSES
                && places.clone().filter(|&(x, y)| is_cut(kit, &window, scale, x, y)).count() > 2;
            for (x, y) in places {
                match goes_on {
                    true if group == HAIR => damp.values[at(x, y)] = DAMPED,
                    true => {}
                    false if of[at(x, y)] != BACKGROUND => of[at(x, y)] = first + group as u8,
                    false => {}
                }
            }
        }
    }
}

/// Whether a cell lies in the band along the edge of the parsed square.
fn is_cut(kit: &Kit, window: &Window, scale: f32, x: usize, y: usize) -> bool {
    let place = window.place(Point { x: x as f32, y: y as f32 });
    let cell = kit.parsing.cell(Point { x: place.x / scale, y: place.y / scale });
    let side = safelight_vision::face::parsing::SIDE as f32;
    let band = BAND * side..(1.0 - BAND) * side;
    !band.contains(&cell.x) || !band.contains(&cell.y)
}

//! One person's face in another's picture.
//!
//! The giver's face is laid on the points of the receiver's, takes the receiver's light and complexion, and
//! is blended into the skin that is left (membrane after Pérez, Gangnet and Blake 2003). Hair, hats and
//! glasses of the receiver stay on top; what covers the giver's face is left out.

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::{Openness, Part, Point};

use crate::atlas::{BROWS, MOUTH, OVAL};
use crate::canonical::{COUNT, cells, delaunay};
use crate::change::{labs, pixel_of};
use crate::field::bicubic;
use crate::kit::Kit;
use crate::makeup::Canvas;
use crate::pull;
use crate::region;
use crate::window::Window;

/// Of the receiver's face at least this share must be replaced.
pub const LEAST_COVERED: f32 = 0.6;
/// Of what is replaced at least this share must be bare skin of both.
const LEAST_BARE: f32 = 0.1;
/// Triangles that turn over may take this share of the face.
pub const MOST_FOLDED: f32 = 0.04;
/// Peak bytes of the work, whatever the pictures.
pub const BASE_BYTES: u64 = 192 << 20;

/// How far around the mesh the window reaches.
const AROUND: f32 = 0.12;
/// Light is what a Gaussian of this standard deviation leaves.
const LIGHT: f32 = 0.16;
/// How much more or less contrast the receiver's light may have.
const GAIN: [f32; 2] = [0.6, 1.25];
const CONTRAST: [f32; 2] = [0.75, 1.25];
/// From this L* on highlights are rolled off, over this much.
const SHOULDER: [f32; 2] = [88.0, 10.0];
/// The share of the giver's skin above which its shine is held back.
const SHINE: f32 = 0.93;
/// The mask's distance from the outline of the face, and its softness.
const INSET: f32 = 0.03;
const SOFT: f32 = 0.02;
/// The membrane: how far differences are averaged at the rim, their limit, and how smooth it is.
const RIM: f32 = 0.012;
const MOST_DIFFERENCE: f32 = 10.0;
const SMOOTH: f32 = 0.03;
/// Mouths whose openings differ by more than this keep the receiver's inside.
const OPENNESS: f32 = 0.15;
/// Where hair covers more of the giver's forehead than this, the receiver's forehead stays; it begins
/// so far above the brows.
const FRINGE: f32 = 0.15;
const ABOVE_BROWS: f32 = 0.06;
/// The most detail that the result may have, by the receiver's.
const SHARPER: f32 = 1.25;

/// How far around a mouth and glasses that stay the receiver is seen.
const CLOSE: f32 = 0.012;

/// What of the receiver stays on top; of glasses all but the eyes.
const COVERS: [Part; 5] = [Part::Hair, Part::Hat, Part::Cloth, Part::Background, Part::Earring];
/// What lies over a face.
const OVER: [Part; 6] =
    [Part::Hair, Part::Hat, Part::Glasses, Part::Cloth, Part::Background, Part::Earring];

/// Why two faces do not fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Misfit {
    /// This share of the face turns over: the heads are turned too differently.
    Folded(f32),
    /// Only this share of the receiver's face would be replaced.
    Covered(f32),
}

/// Where a face was replaced.
#[derive(Clone, Debug)]
pub struct Blend {
    /// The part of the picture.
    pub window: Window,
    /// How much of each cell was replaced, 0 to 1.
    pub mask: Map,
}

/// The giver's face under the cells of the receiver's.
struct Laid {
    /// L*, a*, b*.
    lab: [Map; 3],
    /// Its bare skin.
    skin: Map,
    /// What lies over it, and what it does not have.
    over: Map,
}

/// Replaces the face of `receiver` in `photo` by that of `giver` in its own picture. `similarity` is how
/// much of the giver is seen, 0 (nothing changes) to 1.
pub fn paint(
    giver: (&Kit, &RgbImage),
    receiver: &Kit,
    photo: &mut RgbImage,
    similarity: f32,
) -> Result<Option<Blend>, Misfit> {
    let Some(canvas) = Canvas::around(receiver, photo, &OVAL, AROUND) else { return Ok(None) };
    let window = canvas.window;
    let laid = lay(giver, receiver, &window)?;
    let cut = window.cut(photo);
    let own = labs(&cut);
    let mask = mask(giver.0, &canvas, &laid)?;
    if similarity <= 0.0 {
        return Ok(None);
    }
    let skin = receiver.face_skin(&window, &cut);
    let common = region::common(&region::common(&laid.skin, &skin), &mask);
    // Light and complexion are read from skin that both show.
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    let bare = sum(&common) / sum(&mask).max(1.0);
    if bare < LEAST_BARE {
        return Err(Misfit::Covered(bare));
    }
    let mut lab = lit(&canvas, &laid, &own, &common);
    seam(&canvas, &mut lab, &own, &mask, &region::common(&laid.skin, &skin));
    soften(&mut lab[0], &own[0], &mask);
    let share = mask.each(|x, y| mask.values[y * mask.width + x] * similarity.min(1.0));
    blend(photo, &window, &lab, &share);
    Ok(Some(Blend { window, mask }))
}

/// Lays the giver's face on the receiver's points.
fn lay((kit, photo): (&Kit, &RgbImage), receiver: &Kit, window: &Window) -> Result<Laid, Misfit> {
    // As large as it will be seen, so that nothing is left out.
    let step = kit.fw / receiver.cells(window, 1.0).max(1.0);
    let rect = kit.mesh.rect();
    let around = rect.grown(1.2);
    let empty = || Misfit::Covered(0.0);
    let from = Window::of(around, step, kit.photo_size).ok_or_else(empty)?;
    let cut = from.cut(photo);
    let skin = kit.face_skin(&from, &cut);
    let over = region::parts(&from, &kit.parsing, &OVER);
    let places = places(kit, receiver, window, &from)?;
    // What the frame cuts off is not known.
    let is_seen = |x: f32, y: f32| {
        let within = |at: f32, cells: usize| (-0.5..=cells as f32 - 0.5).contains(&at);
        within(x, from.width) && within(y, from.height)
    };
    let sampled = |map: &Map, outside: f32| {
        places[0].join(&places[1], |x, y| if is_seen(x, y) { map.between(x, y) } else { outside })
    };
    let mut lab = [0, 1, 2].map(|_| window.filled(0.0));
    for (i, (&x, &y)) in places[0].values.iter().zip(&places[1].values).enumerate() {
        if !x.is_nan() {
            let colour = safelight_imaging::lab_of(bicubic(&cut, x, y));
            lab.iter_mut().zip(colour).for_each(|(map, value)| map.values[i] = value);
        }
    }
    Ok(Laid { lab, skin: sampled(&skin, 0.0), over: sampled(&over, 1.0) })
}

/// The cell of the giver's window under each cell of the receiver's; not a number outside the face.
fn places(kit: &Kit, receiver: &Kit, window: &Window, from: &Window) -> Result<[Map; 2], Misfit> {
    let flat: Vec<[f64; 2]> = (0..COUNT)
        .map(|index| {
            let Point { x, y } = receiver.mesh.point(index);
            [x, -y].map(|value| f64::from(value / receiver.fw))
        })
        .collect();
    let [mut x, mut y] = [window.filled(f32::NAN), window.filled(f32::NAN)];
    let (mut folded, mut all) = (0.0_f32, 0.0_f32);
    for corners in delaunay(&flat) {
        let there = corners.map(|index| from.cell(kit.mesh.point(index)));
        let here = corners.map(|index| window.cell(receiver.mesh.point(index)));
        let area =
            |[a, b, c]: [Point; 3]| ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2.0;
        let (own, other) = (area(here), area(there));
        all += own.abs();
        if own * other < 0.0 {
            folded += own.abs();
        }
        cells(here.map(|p| [p.x, p.y]), window.width, window.height, |at, weights| {
            let sum = |value: [f32; 3]| (0..3).map(|i| value[i] * weights[i]).sum::<f32>();
            x.values[at] = sum(there.map(|p| p.x));
            y.values[at] = sum(there.map(|p| p.y));
        });
    }
    let share = folded / all.max(1e-3);
    if share > MOST_FOLDED { Err(Misfit::Folded(share)) } else { Ok([x, y]) }
}

/// Where the face is replaced: its outline without what lies over either face, softly.
fn mask(giver: &Kit, canvas: &Canvas, laid: &Laid) -> Result<Map, Misfit> {
    let (kit, window) = (canvas.kit, &canvas.window);
    let oval = region::fill(window, &kit.polygon(&OVAL));
    let own = region::parts(window, &kit.parsing, &COVERS);
    let mut free = region::without(&region::without(&oval, &own), &laid.over);
    let forehead = forehead(kit, window);
    let sum = |map: &Map| map.values.iter().sum::<f32>();
    let brow = region::common(&oval, &forehead);
    if sum(&region::common(&brow, &laid.over)) > FRINGE * sum(&brow) {
        free = region::without(&free, &forehead);
    }
    let covered = sum(&free) / sum(&oval).max(1.0);
    if covered < LEAST_COVERED {
        return Err(Misfit::Covered(covered));
    }
    let inner = free.erode(((INSET * canvas.fw).round() as usize).max(1));
    let mut soft = canvas.blurred(&inner, SOFT);
    // What lies in the face has a closer edge.
    let [one, two] = [&giver.mesh, &kit.mesh].map(|mesh| Openness::of(mesh).mouth);
    if (one - two).abs() > OPENNESS {
        let mouth = canvas.grown(&region::fill(window, &kit.polygon(&MOUTH)), CLOSE);
        soft = region::without(&soft, &canvas.blurred(&mouth, CLOSE / 2.0));
    }
    if kit.glasses {
        let eyes = canvas.grown(&region::union(&canvas.eye(0), &canvas.eye(1)), 2.0 * CLOSE);
        let glasses = region::parts(window, &kit.parsing, &[Part::Glasses]);
        let glasses = region::without(&canvas.grown(&glasses, CLOSE), &eyes);
        soft = region::without(&soft, &canvas.blurred(&glasses, CLOSE / 2.0));
    }
    Ok(soft.join(&free, |soft, free| if free == 0.0 { 0.0 } else { soft }))
}

/// What lies above the brows, with a soft edge.
fn forehead(kit: &Kit, window: &Window) -> Map {
    let [_, down] = kit.axes();
    let depth = |Point { x, y }: Point| (x * down.x + y * down.y) / kit.fw;
    let brows = BROWS.iter().flatten().map(|&index| depth(kit.mesh.point(index)));
    let edge = brows.fold(f32::INFINITY, f32::min) - ABOVE_BROWS;
    window.map(|place| smoothstep(edge + 0.02, edge - 0.02, depth(place)))
}

/// A map's light: its Gaussian over a mask alone.
fn light(canvas: &Canvas, map: &Map, mask: &Map, own: f32) -> Map {
    let weighed = map.join(mask, |value, mask| (value - own) * mask);
    let [sum, weight] = [&weighed, mask].map(|map| canvas.blurred(map, LIGHT));
    sum.join(&weight, |sum, weight| own + sum / weight.max(1e-3))
}

/// The giver's colours in the receiver's light and complexion.
fn lit(canvas: &Canvas, laid: &Laid, own: &[Map; 3], common: &Map) -> [Map; 3] {
    let inside = |map: &Map| -> Vec<f32> {
        let pairs = map.values.iter().zip(&common.values);
        pairs.filter(|(_, mask)| **mask > 0.5).map(|(value, _)| *value).collect()
    };
    let middle = |map: &Map| percentile(&mut inside(map), 0.5);
    // Shine is the giver's surroundings, not the giver.
    let shine = percentile(&mut inside(&laid.lab[0]), SHINE);
    let held = laid.lab[0].each(|x, y| {
        let over = laid.lab[0].values[y * common.width + x] - shine;
        if over > 0.0 { shine + 6.0 * (over / 12.0).tanh() } else { shine + over }
    });
    let given = [&held, &laid.lab[1], &laid.lab[2]];
    let coarse = given.map(|map| light(canvas, map, common, middle(map)));
    let wanted = own.each_ref().map(|map| light(canvas, map, common, middle(map)));
    let spread = |map: &Map, light: &Map| {
        let detail = inside(&map.join(light, |value, light| value - light));
        let squares = detail.iter().map(|value| value * value).sum::<f32>();
        (squares / (detail.len().max(1) as f32)).sqrt()
    };
    let ratio = spread(&own[0], &wanted[0]) / spread(&held, &coarse[0]).max(0.3);
    let contrast = ratio.clamp(CONTRAST[0], CONTRAST[1]);
    let [from, reach] = SHOULDER;
    let l = held.each(|x, y| {
        let i = y * common.width + x;
        let gain = (wanted[0].values[i] / coarse[0].values[i].max(1.0)).clamp(GAIN[0], GAIN[1]);
        let l = (held.values[i] - coarse[0].values[i]) * contrast * gain + wanted[0].values[i];
        if l > from { from + reach * ((l - from) / reach).tanh() } else { l }
    });
    // Teeth and the whites of eyes have no complexion to exchange.
    let share = held.each(|x, y| {
        let i = y * common.width + x;
        let [a, b] = [1, 2].map(|channel| laid.lab[channel].values[i]);
        let [own_a, own_b] = [1, 2].map(|channel| coarse[channel].values[i]);
        ((a * own_a + b * own_b) / (own_a * own_a + own_b * own_b).max(1.0)).clamp(0.0, 1.0)
    });
    let tone = |channel: usize| {
        let shift = wanted[channel].join(&coarse[channel], |wanted, given| wanted - given);
        laid.lab[channel].join(&region::common(&shift, &share), |value, shift| value + shift)
    };
    [l, tone(1), tone(2)]
}

/// Adds what is missing at the rim, where both show skin, smoothly all over the face.
fn seam(canvas: &Canvas, lab: &mut [Map; 3], own: &[Map; 3], mask: &Map, both: &Map) {
    let rim = mask.join(both, |mask, both| f32::from((0.02..0.6).contains(&mask)) * both);
    if region::is_empty(&rim) {
        return;
    }
    for (new, own) in lab.iter_mut().zip(own) {
        let [new_near, own_near] = [&*new, own].map(|map| {
            let weighed = region::common(map, both);
            let [sum, weight] = [&weighed, both].map(|map| canvas.blurred(map, RIM));
            sum.join(&weight, |sum, weight| sum / weight.max(1e-3))
        });
        let missing = own_near
            .join(&new_near, |own, new| (own - new).clamp(-MOST_DIFFERENCE, MOST_DIFFERENCE));
        let all = canvas.blurred(&pull::filled(&missing, &rim), SMOOTH);
        *new = new.join(&all, |new, missing| new + missing);
    }
}

/// Blurs a face that has more detail than the receiver's.
fn soften(new: &mut Map, own: &Map, mask: &Map) {
    let most = SHARPER * detail(own, mask);
    let sharp = new.clone();
    for sigma in [0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2] {
        if detail(new, mask) <= most {
            return;
        }
        *new = region::feathered(&sharp, sigma);
    }
}

/// The mean of the Laplacian's size inside a mask.
fn detail(map: &Map, mask: &Map) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 1..map.height.saturating_sub(1) {
        for x in 1..map.width.saturating_sub(1) {
            let i = y * map.width + x;
            if mask.values[i] > 0.9 {
                let around = map.values[i - 1]
                    + map.values[i + 1]
                    + map.values[i - map.width]
                    + map.values[i + map.width];
                sum += (around - 4.0 * map.values[i]).abs();
                count += 1.0;
            }
        }
    }
    sum / f32::max(count, 1.0)
}

/// Mixes the new colours into the photo.
fn blend(photo: &mut RgbImage, window: &Window, lab: &[Map; 3], share: &Map) {
    let height = window.region.height;
    window.rows(photo, |y, pixels| {
        let line = |map: &Map| {
            let mut line = vec![0.0; pixels.len()];
            map.stretched_row(y, height, &mut line);
            line
        };
        let (shares, colours) = (line(share), lab.each_ref().map(line));
        for (x, pixel) in pixels.iter_mut().enumerate() {
            if shares[x] < 1.0 / 255.0 {
                continue;
            }
            let new = pixel_of([0, 1, 2].map(|i| colours[i][x])).map(f32::from);
            for (own, new) in pixel.iter_mut().zip(new) {
                let mixed = f32::from(*own) + (new - f32::from(*own)) * shares[x];
                *own = (mixed + 0.5).clamp(0.0, 255.0) as u8;
            }
        }
    });
}

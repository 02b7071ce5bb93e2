//! Hair that recedes and thins: from the temples and the front for men, along the parting for women.

use std::f32::consts::FRAC_PI_2;

use image::RgbImage;
use safelight_imaging::color::smoothstep;
use safelight_imaging::map::Map;
use safelight_vision::face::Parsing;

use crate::dice::Dice;
use crate::kit::Kit;
use crate::lab::Lab;
use crate::region;
use crate::scalp::{LEAST_PARTING, Refusal, Scalp};
use crate::strokes::{Place, Stroke};

/// How far hair has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the forehead backwards, 1 to 5.
    Man(usize),
    /// From the parting outwards, 1 to 4.
    Woman(usize),
}

/// What a stage of men is: how far the temples go back, where they are and how wide, how far the front goes
/// back, and how thin the rest becomes.
struct Recession {
    temples: f32,
    at: f32,
    width: f32,
    front: f32,
    thin: f32,
}

const fn stage(temples: f32, at: f32, width: f32, front: f32, thin: f32) -> Recession {
    Recession { temples, at, width, front, thin }
}

const MEN: [Recession; 5] = [
    stage(0.05, 0.30, 0.14, 0.0, 0.0),
    stage(0.11, 0.29, 0.15, 0.015, 0.1),
    stage(0.19, 0.27, 0.17, 0.035, 0.25),
    stage(0.24, 0.26, 0.20, 0.085, 0.6),
    stage(0.30, 0.24, 0.24, 0.19, 0.8),
];
/// Half the bare width of a parting, and how thin the hair beside it becomes.
const WOMEN: [[f32; 2]; 4] = [[0.012, 0.15], [0.030, 0.30], [0.055, 0.48], [0.085, 0.62]];
/// How far hair goes back at most, by its depth.
const MOST: f32 = 0.8;
/// Partings lie this near the middle.
const PARTING: f32 = 0.15;
/// How much of the height of the hair a parting is looked for and widened in.
const PARTED: f32 = 0.6;

/// Shows hair loss on a face: `head` is the parsing of a square that is wide enough for its hair.
pub fn paint(kit: &Kit, photo: &mut RgbImage, head: &Parsing, stage: Stage) -> Result<(), Refusal> {
    let mut scalp = Scalp::of(kit, photo, head)?;
    let mut dice = Dice::of(photo, "hair loss");
    match stage {
        Stage::Man(number) => {
            scalp.check_forehead()?;
            recede(&mut scalp, &MEN[number.clamp(1, MEN.len()) - 1], &mut dice);
        }
        Stage::Woman(number) => {
            let parting = parting(&scalp)?;
            part(&mut scalp, parting, WOMEN[number.clamp(1, WOMEN.len()) - 1]);
        }
    }
    scalp.canvas.paint(photo);
    Ok(())
}

impl Recession {
    /// How far the hairline goes back at a place, where the hair is `deep`.
    fn at(&self, x: f32, deep: f32) -> f32 {
        let front = self.front * (-(x / 0.30).powi(4)).exp();
        let off = (x.abs() - self.at) / self.width;
        let temples = self.temples * (-1.6 * off * off).exp();
        (front + temples).min(MOST * deep.max(0.0))
    }
}

fn recede(scalp: &mut Scalp, recession: &Recession, dice: &mut Dice) {
    let (rough, strands) = (dice.noise(), dice.noise());
    let back = |x: f32| recession.at(x, scalp.upper(x) - scalp.lower(x));
    let around = scalp.around_hair(0.03);
    let bare = scalp.map(|[x, y], index| {
        let (line, gone) = (scalp.lower(x), back(x));
        let wob = 0.012 * rough.at(14.0 * x, 14.0 * y) + 0.016 * strands.at(78.0 * x, 13.0 * y);
        let below = smoothstep(-0.055, -0.025, y - line);
        let above = smoothstep(0.035, -0.045, y - line - gone + wob);
        let side = smoothstep(0.50, 0.40, x.abs());
        below * above * side * smoothstep(0.0, 0.03, gone) * around.values[index]
    });
    let zone = scalp.map(|[x, y], index| {
        let far = (y - scalp.lower(x) - back(x)).max(0.0);
        let side = smoothstep(0.46, 0.36, x.abs());
        side * (1.0 - 0.6 * smoothstep(0.0, 0.35, far)) * (1.0 - bare.values[index])
    });
    let skin = scalp.skin();
    thin(scalp, &zone, recession.thin, &skin);
    bald(scalp, &bare, &skin);
    let strokes = strokes(scalp, recession, dice);
    let free = scalp.canvas.window.filled(1.0);
    let colour = scalp.colour;
    scalp.canvas.stroke(&strokes, colour, &free);
}

/// Mixes skin in where hair is gone.
fn bald(scalp: &mut Scalp, bare: &Map, skin: &[Lab]) {
    for (index, &share) in bare.values.iter().enumerate() {
        scalp.canvas.replace(index, skin[index], share);
    }
}

/// Lets skin shine through the dark gaps between strands.
fn thin(scalp: &mut Scalp, zone: &Map, amount: f32, skin: &[Lab]) {
    if amount <= 0.0 {
        return;
    }
    let light = scalp.canvas.before.plane(0);
    let coarse = scalp.canvas.blurred(&light, 0.006);
    let fine = light.join(&coarse, |light, coarse| light - coarse);
    let hair: Vec<usize> = (0..fine.values.len()).filter(|&i| scalp.hair.values[i] > 0.7).collect();
    let square: f32 = hair.iter().map(|&i| fine.values[i] * fine.values[i]).sum();
    let spread = (square / hair.len().max(1) as f32).sqrt().max(0.3);
    for (index, &zone) in zone.values.iter().enumerate() {
        let own = ((scalp.hair.values[index] - 0.3) * 4.0).clamp(0.0, 1.0);
        if zone * own > 0.0 {
            let gap = smoothstep(-0.6, 1.0, -fine.values[index] / spread);
            let share = amount * zone * own * (0.25 + 0.6 * gap);
            scalp.canvas.now.mix(index, skin[index], share);
        }
    }
}

/// Single hairs across the new line, so that it is none of a razor.
fn strokes(scalp: &Scalp, recession: &Recession, dice: &mut Dice) -> Vec<Stroke> {
    let count = 420 + (600.0 * recession.thin) as usize;
    let fw = scalp.canvas.fw;
    let hair = |place: Place| {
        let [x, y] = scalp.cell(place);
        scalp.hair.between(x, y)
    };
    let mut strokes = vec![];
    for _ in 0..count {
        let x = dice.even(-0.44, 0.44);
        let gone = recession.at(x, scalp.upper(x) - scalp.lower(x));
        let root = [x, scalp.lower(x) + gone + dice.normal(-0.004, 0.02)];
        let angle = FRAC_PI_2 - 1.1 * x + dice.normal(0.0, 0.28);
        let length = dice.even(0.02, 0.055);
        let (light, alpha) = (scalp.colour[0] + dice.normal(0.0, 4.0), dice.even(0.28, 0.55));
        let bend = dice.normal(0.0, 0.35);
        if gone < 0.012 || hair([root[0], root[1] + 0.05]) < 0.5 {
            continue;
        }
        let at = |share: f32, turn: f32| {
            let (sin, cos) = (angle + turn).sin_cos();
            scalp.cell([root[0] + cos * length * share, root[1] + sin * length * share])
        };
        strokes.push(Stroke {
            points: [scalp.cell(root), at(0.5, 0.0), at(1.0, bend)],
            width: [0.0022 * fw, 0.0006 * fw],
            alpha,
            value: light.clamp(2.0, 95.0),
            soft_root: true,
        });
    }
    strokes
}

/// Where the parting lies: the column of the lower part of the hair that is lightest against its neighbours.
fn parting(scalp: &Scalp) -> Result<f32, Refusal> {
    let light = scalp.canvas.blurred(&scalp.canvas.before.plane(0), 0.004);
    let column = |x: f32| {
        let (from, to) = (scalp.lower(x) + 0.02, scalp.lower(x) + PARTED * deep(scalp, x));
        let heights = (0..24).map(|i| from + (to - from) * i as f32 / 23.0);
        let cells = heights.map(|y| scalp.cell([x, y]));
        cells.map(|[x, y]| light.between(x, y)).sum::<f32>() / 24.0
    };
    let contrast = |x: f32| {
        let beside = [-0.08, -0.06, 0.06, 0.08].map(|by| column(x + by));
        column(x) - beside.iter().sum::<f32>() / 4.0
    };
    let count = (2.0 * PARTING / 0.01) as usize;
    let columns = (0..=count).map(|i| i as f32 * 0.01 - PARTING).map(|x| (x, contrast(x)));
    let (x, found) = columns.max_by(|a, b| a.1.total_cmp(&b.1)).ok_or(Refusal::NoHair)?;
    if found < LEAST_PARTING { Err(Refusal::NoParting(found)) } else { Ok(x) }
}

fn deep(scalp: &Scalp, x: f32) -> f32 {
    (scalp.upper(x) - scalp.lower(x)).max(0.0)
}

fn part(scalp: &mut Scalp, middle: f32, [half, amount]: [f32; 2]) {
    let (low, deep) = (scalp.lower(middle), deep(scalp, middle));
    let along = |y: f32| (y - low) / deep.max(0.05);
    let bare = scalp.map(|[x, y], index| {
        let t = along(y);
        let width = half * (1.15 - 0.75 * t.clamp(0.0, 1.0));
        let inside = smoothstep(1.35 * width, 0.55 * width, (x - middle).abs());
        let ends = smoothstep(-0.06, 0.04, t) * smoothstep(0.95, 0.75, t);
        inside * ends * ((scalp.hair.values[index] - 0.2) * 3.0).clamp(0.0, 1.0)
    });
    let zone = scalp.map(|[x, y], _| {
        let t = along(y);
        (-((x - middle) / 0.20).powi(2)).exp() * smoothstep(-0.05, 0.1, t) * smoothstep(1.0, 0.7, t)
    });
    let skin = scalp.skin();
    let zone = region::without(&zone, &bare);
    thin(scalp, &zone, amount, &skin);
    bald(scalp, &bare, &skin);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_goes_further_than_the_one_before() {
        for x in [0.0, 0.1, 0.2, 0.27, 0.3] {
            let back: Vec<f32> = MEN.iter().map(|stage| stage.at(x, 0.5)).collect();
            assert!(back.windows(2).all(|pair| pair[1] >= pair[0]), "{x}: {back:?}");
        }
        assert!(MEN[4].at(0.0, 0.5) > 0.15 && MEN[0].at(0.0, 0.5) < 0.01, "the front");
        assert!(MEN[4].at(0.25, 0.1) <= 0.08 + 1e-6, "no further than there is hair");
    }
}

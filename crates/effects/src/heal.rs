//! Marks, lines and shadows of the skin taken away: light and colour come from the skin around, texture
//! from the nearest clean skin.

use image::RgbImage;
use safelight_imaging::map::{Map, percentile};
use safelight_vision::face::Point;

use crate::atlas;
use crate::change::{Change, labs};
use crate::kit::Kit;
use crate::region;
use crate::retouch::filled;
use crate::window::Window;

/// How far the skin around a mark reaches.
const AROUND: f32 = 0.035;
/// How far around a brow.
const AROUND_BROW: f32 = 0.07;
/// How much wider than what is measured of it a mark is healed.
const GROWN: f32 = 0.006;
/// Width of a line of the skin.
const LINE: f32 = 0.016;
/// Shares of its depth that are taken from a line, from circles below the eyes, from pores and from
/// gloss.
const LINE_LESS: f32 = 0.6;
const UNDER_EYE_LESS: f32 = 0.7;
const PORE_LESS: f32 = 0.5;
const GLOSS_LESS: f32 = 0.55;
/// Texture is taken from so far away.
const PATCH: f32 = 0.09;
/// What stands out of the texture by so many median deviations is a scar.
const SCAR: f32 = 6.0;

/// Skin under treatment: colours of the cells before and after.
pub struct Heal<'a> {
    kit: &'a Kit,
    window: Window,
    before: [Map; 3],
    after: [Map; 3],
    skin: &'a Map,
}

impl<'a> Heal<'a> {
    /// Of the photo under a window, `cut`, and where that shows skin.
    pub fn new(kit: &'a Kit, window: Window, cut: &RgbImage, skin: &'a Map) -> Self {
        let before = labs(cut);
        Self { kit, window, after: before.clone(), before, skin }
    }

    /// What was done to the colours.
    pub fn change(&self) -> Change {
        let everywhere = self.window.filled(1.0);
        Change::between(self.window, &self.before, &self.after, &everywhere)
    }

    fn cells(&self, length: f32) -> f32 {
        self.kit.cells(&self.window, length)
    }

    /// The channels without what a hole has, from the clean skin around it.
    fn around(&self, hole: &Map, reach: f32) -> [Map; 3] {
        let clean = region::without(self.skin, hole);
        [0, 1, 2].map(|i| {
            let own = self.kit.skin.lab[i];
            let near = filled(&self.after[i], &clean, own, self.cells(reach));
            region::feathered(&near, self.cells(reach * 0.25))
        })
    }

    /// Replaces what marks with these outlines (places of the photo) cover.
    pub fn marks(&mut self, outlines: &[Vec<Point>], amount: f32) {
        if outlines.is_empty() {
            return;
        }
        let marked = region::fill_all(&self.window, outlines.iter().map(Vec::as_slice));
        let hole = region::grown(&marked, self.cells(GROWN).max(1.0));
        let hole = hole.join(self.skin, |hole, skin| hole * skin.sqrt());
        self.replace(&hole, AROUND, amount);
    }

    /// Replaces what a hole covers by the skin around, with the texture of a clean place.
    fn replace(&mut self, hole: &Map, reach: f32, amount: f32) {
        let around = self.around(hole, reach);
        let offset = self.clean_offset(hole);
        let (width, height) = (self.window.width, self.window.height);
        for (channel, around) in self.after.iter_mut().zip(&around) {
            let texture = |x: usize, y: usize| {
                let Some([right, down]) = offset else { return 0.0 };
                let (x, y) = (x as isize + right, y as isize + down);
                let inside = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
                let i = (y.max(0) as usize).min(height - 1) * width
                    + (x.max(0) as usize).min(width - 1);
                let clean = inside && self.skin.values[i] > 0.95 && hole.values[i] < 0.05;
                if clean { channel.values[i] - around.values[i] } else { 0.0 }
            };
            *channel = channel.each(|x, y| {
                let i = y * width + x;
                let share = hole.values[i] * amount;
                if share == 0.0 {
                    return channel.values[i];
                }
                let wanted = around.values[i] + texture(x, y);
                channel.values[i] + (wanted - channel.values[i]) * share
            });
        }
    }

    /// The step, in cells, that leads from a hole to the most clean skin.
    fn clean_offset(&self, hole: &Map) -> Option<[isize; 2]> {
        let reach = self.cells(PATCH).max(2.0);
        let steps = (0..8).map(|turn| {
            let angle = turn as f32 * std::f32::consts::FRAC_PI_4;
            [(angle.cos() * reach) as isize, (angle.sin() * reach) as isize]
        });
        let (width, height) = (self.window.width as isize, self.window.height as isize);
        let cleanness = |[right, down]: [isize; 2]| -> f32 {
            let marked = hole.values.iter().enumerate().filter(|(_, value)| **value > 0.5);
            let there = marked.step_by(7).map(|(i, _)| {
                let (x, y) = (i as isize % width + right, i as isize / width + down);
                if !(0..width).contains(&x) || !(0..height).contains(&y) {
                    return 0.0;
                }
                let i = (y * width + x) as usize;
                self.skin.values[i] * (1.0 - hole.values[i])
            });
            there.sum()
        };
        steps.map(|step| (cleanness(step), step)).max_by(|a, b| a.0.total_cmp(&b.0)).map(|b| b.1)
    }

    /// Brings what is darker than the skin around nearer to it, as far as `mask` says. Where it is lighter
    /// nothing changes, and detail below `texture` stays.
    fn lift(&mut self, mask: &Map, [reach, texture]: [f32; 2], amount: f32) {
        let mask = region::common(mask, self.skin);
        let around = self.around(&mask, reach);
        let sigma = self.cells(texture);
        let calm = self.after.each_ref().map(|map| region::feathered(map, sigma));
        let dark = around[0].join(&calm[0], |around, here| (around - here).max(0.0));
        for (channel, (around, calm)) in self.after.iter_mut().zip(around.iter().zip(&calm)) {
            *channel = channel.each(|x, y| {
                let i = y * channel.width + x;
                // Colour follows where there is a shadow to take.
                let share = mask.values[i] * amount * (dark.values[i] / 2.0).min(1.0);
                channel.values[i] + (around.values[i] - calm.values[i]) * share
            });
        }
    }

    /// Lines of the skin, as paths in the photo, at four tenths of their depth.
    pub fn lines(&mut self, paths: &[Vec<Point>], amount: f32) {
        let width = (LINE * self.kit.fw).max(1.5);
        let strokes = paths.iter().map(|path| region::stroke(&self.window, path, width));
        let Some(all) = strokes.reduce(|all, one| region::union(&all, &one)) else { return };
        let soft = region::feathered(&all, self.cells(LINE * 0.3));
        self.lift(&soft, [AROUND, 0.0025], LINE_LESS * amount);
    }

    /// Pores, as discs in the photo: half as deep.
    pub fn pores(&mut self, discs: &[(Point, f32)], amount: f32) {
        let octagon = |&(centre, radius): &(Point, f32)| -> Vec<Point> {
            let corner = |turn: u8| {
                let angle = f32::from(turn) * std::f32::consts::FRAC_PI_4;
                Point { x: centre.x + radius * angle.cos(), y: centre.y + radius * angle.sin() }
            };
            (0..8).map(corner).collect()
        };
        let outlines: Vec<Vec<Point>> = discs.iter().map(octagon).collect();
        let all = region::fill_all(&self.window, outlines.iter().map(Vec::as_slice));
        let soft = region::feathered(&all, self.cells(0.002));
        self.lift(&soft, [AROUND, 0.0], PORE_LESS * amount);
    }

    /// Circles and bags below the eyes: seven tenths of the way to the upper cheek, where they are darker.
    pub fn under_eyes(&mut self, amount: f32) {
        for side in [0, 1] {
            let soft = self.kit.region(&self.window, &atlas::UNDER_EYES[side], 0.025);
            let soft = region::common(&soft, self.skin);
            let cheek = self.kit.region(&self.window, &atlas::UPPER_CHEEKS[side], 0.0);
            let cheek = region::common(&cheek, self.skin);
            let median = |map: &Map| {
                let pairs = map.values.iter().zip(&cheek.values);
                let mut all: Vec<f32> =
                    pairs.filter(|(_, mask)| **mask > 0.5).map(|(value, _)| *value).collect();
                (all.len() > 20).then(|| percentile(&mut all, 0.5))
            };
            let [Some(l), Some(a), Some(b)] = self.after.each_ref().map(median) else { continue };
            let calm = self.after.each_ref().map(|map| region::feathered(map, self.cells(0.015)));
            for (i, wanted) in [l, a, b].into_iter().enumerate() {
                let channel = &self.after[i];
                let changed = channel.each(|x, y| {
                    let at = y * channel.width + x;
                    let dark = ((l - calm[0].values[at]) / 3.0).clamp(0.0, 1.0);
                    let share = soft.values[at] * UNDER_EYE_LESS * amount * dark;
                    channel.values[at] + (wanted - calm[i].values[at]) * share
                });
                self.after[i] = changed;
            }
        }
    }

    /// Gloss: highlights nearer to the skin around, by how oily `gloss` says a place of the photo is, 0
    /// to 1.
    pub fn gloss(&mut self, gloss: impl Fn(Point) -> f32 + Sync, amount: f32) {
        let mask = region::common(&self.window.map(gloss), self.skin);
        let mask = region::feathered(&mask, self.cells(0.01));
        let around = self.around(&mask, 0.08);
        for (channel, around) in self.after.iter_mut().zip(&around).take(1) {
            *channel = channel.each(|x, y| {
                let i = y * channel.width + x;
                let over = (channel.values[i] - around.values[i]).max(0.0);
                channel.values[i] - over * mask.values[i] * GLOSS_LESS * amount
            });
        }
    }

    /// Brown areas, by how brown `brown` says a place of the photo is, 0 to 1.
    pub fn areas(&mut self, brown: impl Fn(Point) -> f32 + Sync, amount: f32) {
        let mask = region::feathered(&self.window.map(brown), self.cells(0.008));
        self.lift(&mask, [0.08, 0.012], 0.7 * amount);
    }

    /// Scars: what stands out of the skin's own relief.
    pub fn scars(&mut self, amount: f32) {
        let nothing = self.window.filled(0.0);
        let [around, ..] = self.around(&nothing, AROUND);
        let calm = region::feathered(&self.after[0], self.cells(0.006));
        let excess = calm.join(&around, |calm, around| (calm - around).abs());
        let inside = excess.values.iter().zip(&self.skin.values).filter(|(_, mask)| **mask > 0.95);
        let mut sizes: Vec<f32> = inside.map(|(value, _)| *value).collect();
        let limit = (SCAR * percentile(&mut sizes, 0.5)).max(2.0);
        let outside = excess.join(self.skin, |excess, skin| {
            ((excess / limit - 1.0) * 2.0).clamp(0.0, 1.0) * ((skin - 0.9) * 10.0).max(0.0)
        });
        let hole = region::grown(&outside, self.cells(0.008).max(1.0));
        let hole = region::common(&hole, self.skin);
        if !region::is_empty(&hole) {
            self.replace(&hole, AROUND, 0.8 * amount);
        }
    }

    /// Eyebrows: up to one half only stray hairs around them go, beyond that the brows fade into skin.
    pub fn brows(&mut self, amount: f32) {
        let brows = atlas::BROWS.map(|indices| self.kit.polygon(&indices));
        let core = region::fill_all(&self.window, brows.iter().map(Vec::as_slice));
        let core = region::grown(&core, self.cells(0.012).max(0.5));
        let wide = region::grown(&core, self.cells(0.035).max(1.0));
        let lids = atlas::LIDS.map(|indices| self.kit.polygon(&indices));
        let lids = region::fill_all(&self.window, lids.iter().map(Vec::as_slice));
        let ring = region::without(&region::without(&wide, &core), &lids);
        self.lift(&ring, [AROUND, 0.0], 0.8 * (2.0 * amount).min(1.0));
        let fade = (2.0 * amount - 1.0).max(0.0);
        if fade > 0.0 {
            let brow = region::without(&region::feathered(&core, self.cells(0.008)), &lids);
            let free = region::without(&brow, &self.kit.occluders(&self.window));
            self.replace(&free, AROUND_BROW, fade);
        }
    }
}

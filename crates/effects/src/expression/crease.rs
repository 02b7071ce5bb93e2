//! What an expression does to the skin: folds beside the mouth, dimples, redness.

use image::RgbImage;
use safelight_vision::face::{Point, Rect};

use super::Motion;
use crate::atlas::{CHEEKS, OVAL};
use crate::change::{Change, labs};
use crate::kit::Kit;
use crate::region;

/// The folds between nose and mouth.
const FOLDS: [[usize; 5]; 2] = [[129, 203, 206, 216, 212], [358, 423, 426, 436, 432]];
/// Between which points dimples lie.
const DIMPLES: [[usize; 4]; 2] = [[216, 207, 212, 214], [436, 427, 432, 434]];
/// Width of a fold, and how softly it is drawn.
const WIDTH: f32 = 0.008;
const SOFT: f32 = 0.012;
/// What plain redness adds to L*, a* and b*, and how soft its edge is.
const RED: [f32; 3] = [-2.5, 11.0, 2.0];
const RED_SOFT: f32 = 0.05;

/// Draws folds and dimples of these depths, as shares of the lightness.
pub(super) fn draw(motion: &Motion, photo: &mut RgbImage, [crease, dimple]: [f32; 2]) {
    let kit = motion.kit;
    if crease <= 0.0 && dimple <= 0.0 {
        return;
    }
    let Some(window) = kit.window_around(Rect::around(motion.all_after(&OVAL)), 0.0) else {
        return;
    };
    let folds = FOLDS.map(|indices| motion.all_after(&indices));
    let dimples = DIMPLES.map(|indices| {
        let [a, b, c, d] = indices.map(|index| motion.after(index));
        vec![a.middle(b), c.middle(d)]
    });
    let [l, ..] = labs(&window.cut(photo));
    let mut change = Change::none(window);
    for (lines, depth) in [(folds, crease), (dimples, dimple)] {
        if depth <= 0.0 {
            continue;
        }
        let lines =
            lines.map(|line: Vec<Point>| region::stroke(&window, &line, (WIDTH * kit.fw).max(1.0)));
        let soft =
            region::feathered(&region::union(&lines[0], &lines[1]), kit.cells(&window, SOFT));
        let most = soft.values.iter().copied().fold(1e-3, f32::max);
        let pairs = change.lab[0].values.iter_mut().zip(&soft.values).zip(&l.values);
        pairs.for_each(|((change, line), l)| *change -= l * depth * line / most);
    }
    change.apply(photo);
}

/// Reddens the cheeks.
pub(super) fn blush(kit: &Kit, photo: &mut RgbImage, amount: f32) {
    let Some(window) = kit.window(0.0).filter(|_| amount > 0.0) else { return };
    let skin = kit.face_skin(&window, &window.cut(photo));
    let [left, right] = CHEEKS.map(|indices| kit.region(&window, &indices, RED_SOFT));
    let cheeks = region::common(&region::union(&left, &right), &skin);
    let mut change = Change::none(window);
    for (map, by) in change.lab.iter_mut().zip(RED) {
        *map = cheeks.join(map, |cheek, _| cheek * by * amount);
    }
    change.apply(photo);
}

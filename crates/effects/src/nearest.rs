//! Whose a place is where several people are treated: that of the face which is nearest by its own width. A
//! heuristic: an arm may reach to another person.

use safelight_imaging::Region;
use safelight_imaging::map::Map;
use safelight_vision::face::Point;

use crate::kit::Kit;
use crate::region;
use crate::window::Window;

/// The strip between two faces in which a place goes over from one to the other, by their widths.
const STRIP: f32 = 0.08;

/// Each of several people with all the others.
pub fn with_others(kits: &[Kit]) -> impl Iterator<Item = (&Kit, Vec<&Kit>)> {
    kits.iter().enumerate().map(move |(own, kit)| {
        let others = kits.iter().enumerate().filter(|(index, _)| *index != own);
        let others: Vec<&Kit> = others.map(|(_, other)| other).collect();
        (kit, others)
    })
}

/// What of a mask over a window belongs to a person, and to none of the others.
pub fn own(mask: Map, window: &Window, kit: &Kit, others: &[&Kit]) -> Map {
    let face = Position::of(kit);
    let others: Vec<Position> = others.iter().map(|other| Position::of(other)).collect();
    let near = face.rivals(&others, window.region);
    if near.is_empty() {
        return mask;
    }
    region::common(&mask, &window.map(|place| face.share(place, &near)))
}

/// Where a face is, and how wide.
#[derive(Clone, Copy, Debug)]
struct Position {
    centre: Point,
    fw: f32,
}

impl Position {
    fn of(kit: &Kit) -> Self {
        Self { centre: kit.mesh.rect().centre(), fw: kit.fw }
    }

    /// How far a place is, by the width of the face.
    fn distance(&self, place: Point) -> f32 {
        place.distance(self.centre) / self.fw
    }

    /// Those of the others that any place of a region may belong to.
    fn rivals(&self, others: &[Position], region: Region) -> Vec<Position> {
        let [left, top] = [region.x, region.y].map(|at| at as f32);
        let (right, bottom) = (left + region.width as f32, top + region.height as f32);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let reach = corners.iter().map(|&(x, y)| self.distance(Point { x, y }));
        let reach = reach.fold(0.0, f32::max) + STRIP;
        let closest = |to: Point| Point { x: to.x.clamp(left, right), y: to.y.clamp(top, bottom) };
        let near = others.iter().filter(|other| other.distance(closest(other.centre)) < reach);
        near.copied().collect()
    }

    /// How far a place belongs to this face and not to the others, 0 to 1; the shares of two faces sum to 1.
    fn share(&self, place: Point, others: &[Position]) -> f32 {
        let nearest =
            others.iter().map(|other| other.distance(place)).fold(f32::INFINITY, f32::min);
        ((nearest - self.distance(place)) / STRIP + 0.5).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(x: f32, fw: f32) -> Position {
        Position { centre: Point { x, y: 50.0 }, fw }
    }

    #[test]
    fn cheeks_that_touch_part_two_faces_of_any_size() {
        // Half of 100 and half of 60 lie between the centres.
        let (large, small) = (position(100.0, 100.0), position(180.0, 60.0));
        let at = |x: f32| {
            let place = Point { x, y: 50.0 };
            [large.share(place, &[small]), small.share(place, &[large])]
        };
        assert_eq!([at(130.0), at(170.0)], [[1.0, 0.0], [0.0, 1.0]]);
        assert!((at(150.0)[0] - 0.5).abs() < 1e-3, "{:?}", at(150.0));
        assert!((0..60).all(|x| (at(120.0 + x as f32).iter().sum::<f32>() - 1.0).abs() < 1e-4));
        assert_eq!(large.share(Point { x: 900.0, y: 0.0 }, &[]), 1.0, "nobody else is there");
    }

    #[test]
    fn faces_that_are_far_from_a_region_are_not_asked() {
        let region = Region { x: 50, y: 0, width: 100, height: 100 };
        let near =
            position(100.0, 100.0).rivals(&[position(180.0, 60.0), position(2000.0, 80.0)], region);
        assert_eq!(near.len(), 1);
        assert_eq!(near[0].fw, 60.0);
    }
}

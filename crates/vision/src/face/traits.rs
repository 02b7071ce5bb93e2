//! What a face looks like, part by part. No model tells any of this: each trait is a plain measure on
//! the mesh, the parsing or the colours, put between limits. All are heuristics, and each comes with
//! the chance that the class is right if the measure is as uncertain as it was seen to be between
//! photos of one face.

mod beauty;
mod brow;
mod hair;
mod shape;
mod wear;

pub use beauty::Beauty;
pub use brow::Brows;
pub use hair::{Hair, HairColour, HairLength};
pub use shape::{FaceShape, NoseShape};
pub use wear::{Eyewear, HatColour, MaskWear};

use image::Rgb;
use safelight_contract::Result;
use safelight_imaging::lab_of;
use safelight_imaging::map::median;
use safelight_imaging::skin::chance;

use super::hull::Hull;
use super::parsing::SIDE;
use super::quality::Region;
use super::{Face, Mesh, Openness, Parsing, Part, Point};

/// A class, and the chance that it is the right one, 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trait<T> {
    /// The class.
    pub class: T,
    /// The chance, 0..1.
    pub probability: f32,
}

impl<T: Copy> Trait<T> {
    /// The class of a measure among `classes`, which rising `limits` divide; `softness` is how
    /// uncertain the measure is.
    fn graded(measure: f32, limits: &[f32], softness: f32, classes: &[T]) -> Self {
        let index = limits.iter().filter(|&&limit| measure >= limit).count();
        let above = |i: usize| limits.get(i).map_or(0.0, |&limit| chance(measure, limit, softness));
        let below = index.checked_sub(1).map_or(1.0, above);
        let class = classes[index.min(classes.len() - 1)];
        Self { class, probability: (below - above(index)).clamp(0.0, 1.0) }
    }
}

impl Trait<bool> {
    /// Whether a measure is above a limit.
    fn above(measure: f32, limit: f32, softness: f32) -> Self {
        Self::graded(measure, &[limit], softness, &[false, true])
    }
}

/// How large eyes are for their face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EyeSize {
    /// Smaller than most.
    Small,
    /// As most.
    Ordinary,
    /// Larger than most.
    Large,
}

/// A face prepared for measuring.
pub struct Traits<'a> {
    mesh: &'a Mesh,
    parsing: &'a Parsing,
    /// Median colour of the skin, L*a*b*.
    skin: [f32; 3],
}

impl<'a> Traits<'a> {
    /// Of a face.
    pub fn of(face: &'a Face<'a>) -> Result<Self> {
        let (mesh, parsing) = (face.mesh()?, face.parsing()?);
        let mut traits = Self { mesh, parsing, skin: [60.0, 12.0, 16.0] };
        if let Some(skin) = traits.median(|part| part == Part::Skin) {
            traits.skin = skin;
        }
        Ok(traits)
    }

    /// Whether the eyes are open, by their height to width.
    pub fn eyes_open(&self) -> Trait<bool> {
        let Openness { left_eye, right_eye, .. } = Openness::of(self.mesh);
        Trait::above((left_eye + right_eye) / 2.0, 0.17, 0.03)
    }

    /// Whether the mouth is open, by the gap between the lips to the mouth's width.
    pub fn mouth_open(&self) -> Trait<bool> {
        Trait::above(Openness::of(self.mesh).mouth, 0.08, 0.025)
    }

    /// The opening of the eyes by the size of the face.
    pub fn eye_size(&self) -> Trait<EyeSize> {
        let eye = |outer: usize, inner: usize| self.length(outer, inner);
        let width = (eye(33, 133) + eye(263, 362)) / 2.0 / self.length(234, 454);
        let Openness { left_eye, right_eye, .. } = Openness::of(self.mesh);
        let open = (left_eye + right_eye) / 2.0;
        // Width times height, in thousandths of the squared width of the face.
        let area = width * width * open * 1000.0;
        let classes = [EyeSize::Small, EyeSize::Ordinary, EyeSize::Large];
        Trait::graded(area, &[9.0, 16.0], 1.5, &classes)
    }

    /// Whether there is hair on the upper lip or the chin: they are darker than the cheeks there, as
    /// skin in the shade is not.
    pub fn facial_hair(&self) -> Trait<bool> {
        let light = |points: &[usize]| self.median_in(points).map(|lab| lab[0]);
        let cheeks = [Region::LeftCheek, Region::RightCheek].map(|r| light(r.points()));
        let cheek = cheeks.into_iter().flatten().reduce(f32::max);
        let beard = [&UPPER_LIP[..], &CHIN[..]].map(light).into_iter().flatten().reduce(f32::min);
        match (cheek, beard) {
            (Some(cheek), Some(beard)) => Trait::above(1.0 - beard / cheek.max(1.0), 0.24, 0.05),
            _ => Trait { class: false, probability: 0.5 },
        }
    }

    /// The straight distance between two points of the mesh, depth included.
    fn length(&self, a: usize, b: usize) -> f32 {
        let (a, b) = (self.mesh.points[a], self.mesh.points[b]);
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    }

    /// The median colour of the cells inside a polygon of the mesh, L*a*b*.
    fn median_in(&self, points: &[usize]) -> Option<[f32; 3]> {
        self.median_of(self.hull(points).cells(SIDE))
    }

    /// The median colour of the cells for which `wanted` says so, L*a*b*.
    fn median(&self, wanted: impl Fn(Part) -> bool) -> Option<[f32; 3]> {
        let all = (0..SIDE).step_by(2).flat_map(|y| (0..SIDE).step_by(2).map(move |x| (x, y)));
        self.median_of(all.filter(|&(x, y)| wanted(self.parsing.label(x, y))))
    }

    /// The median colour of every second row and column of some cells, L*a*b*; None for too few of
    /// them.
    fn median_of(&self, cells: impl Iterator<Item = (u32, u32)>) -> Option<[f32; 3]> {
        let mut channels: [Vec<f32>; 3] = Default::default();
        for (x, y) in cells.filter(|(x, y)| (x % 2, y % 2) == (0, 0)) {
            let Rgb(pixel) = *self.parsing.pixels().get_pixel(x, y);
            channels.iter_mut().zip(lab_of(pixel)).for_each(|(all, value)| all.push(value));
        }
        if channels[0].len() < 12 {
            return None;
        }
        Some(channels.map(|mut all| median(&mut all)))
    }

    /// The hull of points of the mesh, in cells.
    fn hull(&self, points: &[usize]) -> Hull {
        Hull::of(points.iter().map(|&i| self.cell(i)))
    }

    /// Where a point of the mesh lies, in cells.
    fn cell(&self, index: usize) -> Point {
        self.parsing.cell(self.mesh.point(index))
    }

    /// The lightness of the cells inside a polygon of the mesh.
    fn lights(&self, points: &[usize]) -> Vec<f32> {
        let hull = self.hull(points);
        let light = |(x, y)| lab_of(self.parsing.pixels().get_pixel(x, y).0)[0];
        hull.cells(SIDE).map(light).collect()
    }

    /// Share of some parts in a polygon of the mesh.
    fn share_in(&self, points: &[usize], parts: &[Part]) -> f32 {
        let (mut all, mut own) = (0_u32, 0_u32);
        for (x, y) in self.hull(points).cells(SIDE) {
            all += 1;
            own += u32::from(parts.contains(&self.parsing.label(x, y)));
        }
        own as f32 / all.max(1) as f32
    }

    /// Cells of a part by those of the face itself.
    fn share_of_face(&self, part: Part) -> f32 {
        const FACE: [Part; 10] = [
            Part::Skin,
            Part::LeftBrow,
            Part::RightBrow,
            Part::LeftEye,
            Part::RightEye,
            Part::Glasses,
            Part::Nose,
            Part::Mouth,
            Part::UpperLip,
            Part::LowerLip,
        ];
        let face: f32 = FACE.iter().map(|&part| self.parsing.share(part)).sum();
        self.parsing.share(part) / face.max(1e-6)
    }
}

/// The skin between nose and upper lip.
const UPPER_LIP: [usize; 8] = [165, 167, 164, 393, 391, 322, 92, 97];
/// The chin below the lower lip.
const CHIN: [usize; 8] = [201, 200, 421, 428, 199, 208, 396, 171];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_between_limits_are_classes_with_a_chance() {
        let graded = |measure| Trait::graded(measure, &[1.0, 2.0], 0.1, &['a', 'b', 'c']);
        assert_eq!([0.0, 1.5, 3.0].map(|measure| graded(measure).class), ['a', 'b', 'c']);
        assert!(graded(1.5).probability > 0.9 && graded(0.99).probability < 0.6);
        assert!(Trait::above(2.0, 1.0, 0.1).class && !Trait::above(0.0, 1.0, 0.1).class);
    }
}

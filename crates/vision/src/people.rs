//! The people of a photo with what they wear and hold, freed from bystanders and things behind
//! them: what is salient, steered by what shows a person.
//!
//! U²-Net knows edges, bags and held things but not people; the person mask knows people but not
//! their edges, and takes animals and flowers for them. So a photo shows a person where the
//! mask is borne out by a face or by joints of a body; salient pieces without either go, and so does
//! what is salient beside a person with little confidence or is much larger than all people. These
//! rules are a heuristic: a thing behind a person that is as salient as the person and no larger stays
//! where it touches the person; of people apart, one who shows no face may be missed, since the joints
//! are those of one person.

use image::{GrayImage, Luma, RgbImage};
use safelight_contract::Result;
use safelight_imaging::Region;
use safelight_imaging::components::{Component, components, count_from, grown};
use safelight_imaging::resize::{self, Filter};

use crate::Vision;
use crate::body::Body;
use crate::face::{Detection, Point, Rect};
use crate::saliency::{SIDE, Saliency};

/// Joints of a body this sure count.
const JOINT: f32 = 0.3;
/// So many of them, one of them sure, bear out a person.
const JOINTS: usize = 3;
const SURE_JOINT: f32 = 0.4;
/// From here on the person mask shows a person, is sure of it, and most sure.
const PERSON: u8 = 128;
const SURE: u8 = 204;
const SUREST: u8 = 250;
/// Saliency below this is the background's, and from this on surely the subject's.
const SALIENT: u8 = 64;
const SURELY_SALIENT: u8 = 230;
/// What is salient farther than this from what surely shows a person, in cells of the mask, is
/// beside the person: farther than hair flies.
const BESIDE: usize = 6;
/// Held things are salient with this mean, their edges left out; less is something behind the person.
const HELD: f32 = 250.0;
/// What is larger than the people by this factor is not held: a bus that they walk past.
const LARGER: f32 = 1.5;
/// Something behind a person borders on background along this share of its outline; what the person
/// encloses is the person's. A gap of less than this share of the mask is no background.
const OPEN: f32 = 0.05;
const SMALLEST_BACKGROUND: f32 = 0.02;
/// A gap in the saliency that surely shows a person is filled where it is no larger than this share
/// of the person; a larger one where it is faintly salient: a dark sleeve on dark ground.
const LARGEST_GAP: f32 = 0.15;
const LARGEST_FAINT_GAP: f32 = 0.5;
const FAINT: u8 = 12;
/// A gap is narrow up to twice this, in cells of the mask.
const NARROW: usize = 10;

/// The people of a photo, and what bears out that they are people.
#[derive(Clone, Debug)]
pub struct People {
    /// The people with what they hold, as a mask like that of [`salient`](Vision::salient).
    pub subject: Saliency,
    /// The faces of the whole photo, largest first.
    pub faces: Vec<Detection>,
    /// The joints of the body that is seen best in the subject's region.
    pub body: Body,
}

impl Vision {
    /// The people of the photo. None where it shows no person.
    pub fn people(&self, photo: &RgbImage) -> Result<Option<People>> {
        self.people_among(photo, None)
    }

    /// The same where the faces of the photo are known, as [`detect_faces`](Vision::detect_faces) finds them.
    pub fn people_among(
        &self,
        photo: &RgbImage,
        faces: Option<Vec<Detection>>,
    ) -> Result<Option<People>> {
        let mut search = Search { vision: self, photo, faces };
        let salient = self.salient(photo)?;
        let (region, whole) = (salient.region, Region::whole(photo));
        let found = search.among(&salient)?;
        if found.is_some() || region == whole {
            return Ok(found);
        }
        // What is most salient is no person, but there may be one elsewhere.
        let person = self.person_mask(photo, whole)?;
        if search.evidence(whole, &person)?.is_none() {
            return Ok(None);
        }
        let Some(region) = box_of(&person, whole) else { return Ok(None) };
        search.among(&self.salient_in(photo, region)?)
    }

    /// 255 where a region of the photo shows those whose faces are surely seen, over a mask of [`SIDE`] x
    /// [`SIDE`]: heads, and what the person mask finds around and below each face. None where there is
    /// nobody.
    pub(crate) fn people_with_faces(
        &self,
        photo: &RgbImage,
        region: Region,
    ) -> Result<Option<GrayImage>> {
        let mut people = GrayImage::new(SIDE, SIDE);
        let mut seen = 0;
        for face in self.detect_large_faces(photo)? {
            if seen < MOST_PEOPLE && self.is_sure_face(photo, &face)? {
                let figure = figure(face.rect, Region::whole(photo));
                let person = self.person_mask(photo, figure)?;
                paint_person(&mut people, region, &person, figure, face.rect);
                seen += 1;
            }
        }
        Ok((seen > 0).then(|| grown(&people, FRINGE)))
    }
}

/// Faces and joints, as cells of a mask of [`SIDE`] x [`SIDE`] over a region, and the body of the joints.
type Evidence = (Vec<(u32, u32)>, Body);

/// A search for the people of one photo.
struct Search<'a> {
    vision: &'a Vision,
    photo: &'a RgbImage,
    /// The faces, once they are known.
    faces: Option<Vec<Detection>>,
}

impl Search<'_> {
    /// The people among what is salient.
    fn among(&mut self, salient: &Saliency) -> Result<Option<People>> {
        let person = self.vision.person_mask(self.photo, salient.region)?;
        let Some((cells, body)) = self.evidence(salient.region, &person)? else { return Ok(None) };
        let subject = steered(salient, &person, &cells);
        let faces = self.faces.clone().unwrap_or_default();
        Ok(subject.map(|subject| People { subject, faces, body }))
    }

    /// The faces and the joints of a body that lie where the mask shows a person. None where they are too few
    /// to bear the mask out.
    fn evidence(&mut self, region: Region, person: &GrayImage) -> Result<Option<Evidence>> {
        if !person.iter().any(|&value| value >= PERSON) {
            return Ok(None);
        }
        let Self { vision, photo, faces } = self;
        let on_person = |place: Point| {
            let cell = |at: f32, start: u32, length: u32| {
                let cell = (at - start as f32) / length as f32 * SIDE as f32;
                (0.0..SIDE as f32).contains(&cell).then_some(cell as u32)
            };
            let column = cell(place.x, region.x, region.width)?;
            let row = cell(place.y, region.y, region.height)?;
            let scaled = |at: u32, cells: u32| at * cells / SIDE;
            let (x, y) = (scaled(column, person.width()), scaled(row, person.height()));
            (person.get_pixel(x, y).0[0] >= PERSON).then_some((column, row))
        };
        let body = vision.body(photo, region)?;
        let seen = body.joints().iter().filter(|joint| joint.score > JOINT);
        let best = seen.clone().map(|joint| joint.score).fold(0.0, f32::max);
        let mut evidence: Vec<_> = seen.filter_map(|joint| on_person(joint.place)).collect();
        if evidence.len() < JOINTS || best < SURE_JOINT {
            evidence.clear();
        }
        if faces.is_none() {
            *faces = Some(vision.detect_faces(photo)?);
        }
        for face in faces.iter().flatten() {
            match on_person(face.rect.centre()) {
                Some(cell) if vision.is_sure_face(photo, face)? => evidence.push(cell),
                _ => {}
            }
        }
        Ok((!evidence.is_empty()).then_some((evidence, body)))
    }
}

/// People whose figures are looked for, largest faces first.
const MOST_PEOPLE: usize = 8;
/// Cells of the mask by which a person's edge is taken along.
const FRINGE: usize = 2;
/// Widths and heights of a face's box by which the head is larger, at the sides, above and below, and the
/// figure.
const HEAD: [f32; 3] = [0.3, 0.4, 0.3];
const FIGURE: [f32; 3] = [1.5, 0.7, 4.0];

fn around(face: Rect, [sides, above, below]: [f32; 3]) -> Rect {
    let (width, height) = (face.width * (1.0 + 2.0 * sides), face.height * (1.0 + above + below));
    let (x, y) = (face.x - sides * face.width, face.y - above * face.height);
    Rect { x, y, width, height }
}

/// The part of the photo that shows the figure below a face.
fn figure(face: Rect, photo: Region) -> Region {
    let around = around(face, FIGURE);
    let span = |from: f32, to: f32, length: u32| {
        let start = (from.max(0.0) as u32).min(length - 1);
        (start, (to.max(0.0) as u32).clamp(start + 1, length) - start)
    };
    let (x, width) = span(around.x, around.right(), photo.width);
    let (y, height) = span(around.y, around.bottom(), photo.height);
    Region { x, y, width, height }
}

/// Paints a head and the piece of the person mask of its figure that holds it into a mask over a region.
fn paint_person(
    mask: &mut GrayImage,
    region: Region,
    person: &GrayImage,
    figure: Region,
    face: Rect,
) {
    let head = around(face, HEAD);
    let cell = |at: f32, start: u32, length: u32, cells: u32| {
        let cell = (at - start as f32) / length as f32 * cells as f32;
        (0.0..cells as f32).contains(&cell).then_some(cell as u32)
    };
    let of_figure = |place: Point| {
        let x = cell(place.x, figure.x, figure.width, person.width())?;
        Some((x, cell(place.y, figure.y, figure.height, person.height())?))
    };
    let own = of_figure(face.centre()).map(|(x, y)| y * person.width() + x);
    let pieces = components(person, |value| value >= SURE).into_iter();
    let holds = |piece: &Component| own.is_some_and(|own| piece.cells.contains(&own));
    let piece = pieces.into_iter().find(holds).map(|piece| piece.alone(person.dimensions()));
    for (x, y, value) in mask.enumerate_pixels_mut() {
        let place = |cell: u32, start: u32, length: u32| {
            start as f32 + (cell as f32 + 0.5) / SIDE as f32 * length as f32
        };
        let place =
            Point { x: place(x, region.x, region.width), y: place(y, region.y, region.height) };
        let shown = piece.as_ref().zip(of_figure(place));
        if head.contains(place)
            || shown.is_some_and(|(piece, (x, y))| piece.get_pixel(x, y).0[0] > 0)
        {
            value.0[0] = 255;
        }
    }
}

/// The part of the photo around all that a mask shows, with a margin.
fn box_of(person: &GrayImage, photo: Region) -> Option<Region> {
    const MARGIN: f64 = 0.15;
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, _) in person.enumerate_pixels().filter(|(_, _, value)| value.0[0] >= PERSON) {
        (left, right) = (left.min(x), right.max(x + 1));
        (top, bottom) = (top.min(y), bottom.max(y + 1));
    }
    if left >= right {
        return None;
    }
    let span = |from: u32, to: u32, cells: u32, length: u32| {
        let scale = f64::from(length) / f64::from(cells);
        let (from, to) = (f64::from(from) * scale, f64::from(to) * scale);
        let margin = MARGIN * (to - from);
        let start = (from - margin).max(0.0) as u32;
        let end = ((to + margin).ceil() as u32).min(length);
        (start, end.saturating_sub(start).max(1))
    };
    let (x, width) = span(left, right, person.width(), photo.width);
    let (y, height) = span(top, bottom, person.height(), photo.height);
    Some(Region { x, y, width, height })
}

/// What is left of a salient mask; None where nothing of it is borne out as a person.
fn steered(salient: &Saliency, person: &GrayImage, evidence: &[(u32, u32)]) -> Option<Saliency> {
    let person = resize::gray(person, SIDE, SIDE, Filter::Bilinear);
    let mut mask = salient.mask.clone();
    let evidence: Vec<u32> = evidence.iter().map(|&(x, y)| y * SIDE + x).collect();
    for piece in components(&mask, |value| value >= SALIENT) {
        if !piece.cells.iter().any(|cell| evidence.contains(cell)) {
            clear(&mut mask, &piece.cells);
        }
    }
    fill_gaps(&mut mask, &person);
    drop_what_is_behind(&mut mask, &person);
    let found = mask.iter().any(|&value| value >= PERSON);
    found.then_some(Saliency { mask, region: salient.region })
}

fn clear(mask: &mut GrayImage, cells: &[u32]) {
    cells.iter().for_each(|&at| mask.as_mut()[at as usize] = 0);
}

/// Fills the gaps of the mask that surely show a person: dark clothes on dark ground.
fn fill_gaps(mask: &mut GrayImage, person: &GrayImage) {
    fill_gaps_of(mask, person, FAINT, LARGEST_FAINT_GAP);
    bridge(mask, person);
    fill_gaps_of(mask, person, 0, LARGEST_GAP);
}

/// Fills gaps with values from `least` on, up to this share of the person.
fn fill_gaps_of(mask: &mut GrayImage, person: &GrayImage, least: u8, largest: f32) {
    let size = count_from(mask, PERSON);
    let mut gaps = mask.clone();
    for (gap, &person) in gaps.iter_mut().zip(person.iter()) {
        *gap = if (least..PERSON).contains(gap) && person >= SUREST { 255 } else { 0 };
    }
    let near = grown(mask, 2);
    for gap in components(&gaps, |value| value > 0) {
        let touches = gap.cells.iter().any(|&at| near.as_raw()[at as usize] >= PERSON);
        if touches && (gap.cells.len() as f32) < largest * size {
            gap.paint(mask);
        }
    }
}

/// Fills narrow gaps between parts of a person (morphological closing).
fn bridge(mask: &mut GrayImage, person: &GrayImage) {
    let wide = grown(mask, NARROW);
    let around = GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([255 - wide.get_pixel(x, y).0[0]]));
    let open = grown(&around, NARROW);
    for ((value, &open), &person) in mask.iter_mut().zip(open.iter()).zip(person.iter()) {
        if open < PERSON && person >= SUREST {
            *value = 255;
        }
    }
}

/// Erases what is salient beside a person with little confidence, or is no person's by its size.
fn drop_what_is_behind(mask: &mut GrayImage, person: &GrayImage) {
    let mut core = mask.clone();
    for (core, &person) in core.iter_mut().zip(person.iter()) {
        *core = if *core >= SURELY_SALIENT && person >= SURE { 255 } else { 0 };
    }
    let people = count_from(&core, 1);
    let near = grown(&core, BESIDE);
    let mut beside = mask.clone();
    for ((beside, &near), &person) in beside.iter_mut().zip(near.iter()).zip(person.iter()) {
        *beside = if near > 0 || person >= SURE { 0 } else { *beside };
    }
    let mut background = GrayImage::new(SIDE, SIDE);
    let least = SMALLEST_BACKGROUND * (SIDE * SIDE) as f32;
    let wide = components(mask, |value| value < SALIENT).into_iter();
    for piece in wide.filter(|piece| piece.cells.len() as f32 >= least) {
        piece.paint(&mut background);
    }
    let mut behind = GrayImage::new(SIDE, SIDE);
    for piece in components(&beside, |value| value >= SALIENT) {
        let held = surest_half(&piece, mask) >= HELD && piece.cells.len() as f32 <= LARGER * people;
        if !held && is_open(&piece, &background, &core) {
            piece.paint(&mut behind);
        }
    }
    // With the seam between it and the person.
    let seam = grown(&behind, BESIDE + 1);
    let kept = grown(&core, 1);
    for ((value, &seam), &kept) in mask.iter_mut().zip(seam.iter()).zip(kept.iter()) {
        if seam > 0 && kept == 0 {
            *value = 0;
        }
    }
}

/// Mean of the higher half of a piece's values: what it is away from its edges.
fn surest_half(piece: &Component, mask: &GrayImage) -> f32 {
    let mut values: Vec<u8> = piece.cells.iter().map(|&at| mask.as_raw()[at as usize]).collect();
    values.sort_unstable();
    let half = &values[values.len() / 2..];
    half.iter().map(|&value| f32::from(value)).sum::<f32>() / half.len().max(1) as f32
}

/// Whether a piece beside the core of a person borders on background and not on the person alone.
fn is_open(piece: &Component, background: &GrayImage, core: &GrayImage) -> bool {
    let near = grown(&piece.alone((SIDE, SIDE)), BESIDE + 4);
    let count = |mask: &GrayImage| {
        near.iter().zip(mask.iter()).filter(|(near, value)| **near > 0 && **value > 0).count()
            as f32
    };
    let (outside, person) = (count(background), count(core));
    outside > OPEN * (outside + person)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(boxes: &[(u32, u32, u32, u32, u8)]) -> GrayImage {
        GrayImage::from_fn(SIDE, SIDE, |x, y| {
            let hit = |b: &&(u32, u32, u32, u32, u8)| {
                (b.0..b.0 + b.2).contains(&x) && (b.1..b.1 + b.3).contains(&y)
            };
            Luma([boxes.iter().rfind(hit).map_or(0, |b| b.4)])
        })
    }

    fn steer(
        salient: &[(u32, u32, u32, u32, u8)],
        person: &[(u32, u32, u32, u32, u8)],
    ) -> GrayImage {
        let region = Region { x: 0, y: 0, width: 640, height: 640 };
        let salient = Saliency { mask: painted(salient), region };
        steered(&salient, &painted(person), &[(150, 100)]).expect("a person").mask
    }

    const BODY: (u32, u32, u32, u32, u8) = (100, 60, 100, 220, 255);

    #[test]
    fn held_things_stay_and_things_behind_go() {
        let bag = (200, 180, 50, 50, 255);
        let flag = (40, 60, 60, 120, 190);
        let car = (270, 10, 40, 40, 255);
        let mask = steer(&[BODY, bag, flag, car], &[BODY]);
        let at = |x, y| mask.get_pixel(x, y).0[0];
        assert_eq!([at(150, 100), at(230, 200)], [255, 255], "the body and the bag");
        assert_eq!([at(60, 100), at(95, 100), at(290, 30)], [0; 3], "the flag and the car");
    }

    #[test]
    fn gaps_in_a_person_are_filled_and_bystanders_are_not_added() {
        let hole = (120, 150, 40, 30, 20);
        let bystander = (250, 100, 50, 150, 255);
        let mask = steer(&[BODY, hole], &[BODY, bystander]);
        assert_eq!(mask.get_pixel(130, 160).0[0], 255);
        assert_eq!(mask.get_pixel(270, 150).0[0], 0);
    }

    #[test]
    fn what_is_much_larger_than_the_people_goes() {
        let bus = (20, 40, 290, 180, 255);
        let mask = steer(&[bus, BODY], &[BODY]);
        let at = |x, y| mask.get_pixel(x, y).0[0];
        assert_eq!([at(150, 100), at(40, 100), at(290, 200)], [255, 0, 0]);
    }

    #[test]
    fn a_faint_sleeve_is_filled_and_a_lectern_is_not_added() {
        let (shoulder, sleeve) = ((50, 120, 50, 20, 40), (50, 140, 45, 140, 40));
        let lectern = (50, 280, 220, 40, 0);
        let person = [BODY, (50, 120, 50, 160, 255), (50, 280, 220, 40, 255)];
        let mask = steer(&[shoulder, sleeve, lectern, BODY], &person);
        let at = |x, y| mask.get_pixel(x, y).0[0];
        assert_eq!([at(60, 200), at(97, 200)], [255, 255], "the sleeve, and the seam beside it");
        assert_eq!(at(240, 310), 0, "the lectern");
    }

    #[test]
    fn an_ear_that_only_the_saliency_sees_stays() {
        let (ear, edge) = ((200, 70, 14, 24, 255), (214, 70, 3, 24, 120));
        let mask = steer(&[BODY, edge, ear], &[BODY]);
        assert_eq!([mask.get_pixel(212, 80).0[0], mask.get_pixel(215, 80).0[0]], [255, 120]);
    }

    #[test]
    fn what_a_person_encloses_stays() {
        let lap = (130, 180, 30, 40, 150);
        let mask = steer(&[BODY, lap], &[BODY, (130, 180, 30, 40, 60)]);
        assert_eq!(mask.get_pixel(145, 200).0[0], 150);
    }

    #[test]
    fn nobody_is_nobody() {
        let region = Region { x: 0, y: 0, width: 640, height: 640 };
        let thing = Saliency { mask: painted(&[BODY]), region };
        assert_eq!(steered(&thing, &painted(&[BODY]), &[]), None, "nothing bears it out");
        assert_eq!(steered(&thing, &painted(&[BODY]), &[(10, 10)]), None, "it lies elsewhere");
        assert_eq!(box_of(&GrayImage::new(9, 9), region), None);
    }

    #[test]
    fn the_box_of_a_person_has_a_margin_and_stays_inside() {
        let photo = Region { x: 0, y: 0, width: 640, height: 320 };
        let found = box_of(&painted(&[(100, 0, 100, 100, 255)]), photo);
        assert_eq!(found, Some(Region { x: 170, y: 0, width: 260, height: 115 }));
    }
}

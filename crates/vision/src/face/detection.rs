//! Where the faces are: YuNet (Wu, Peng and Yu 2023) over the whole photo, and closer where it is
//! large or crowded.

use image::{RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::{Model, Models, Tensor};

use super::frame::angle_of;
use super::{Point, Rect, mesh};
use crate::model::{check_photo, mismatch, output};

pub(super) const MODEL: &str = "yunet";
/// More faces than this are not told apart; the smallest are left out.
pub const MOST_FACES: usize = 120;
/// More places than this are not looked at where every face is searched: each is compared with all others.
pub const MOST_PLACES: usize = 4000;
/// The photo's longest side at the first look and at the second, closer one.
const LOOKS: [u32; 2] = [640, 1280];
/// Photos with a longer side than this get the second look.
const LARGE: u32 = 960;
/// So do photos with as many faces as this.
const CROWD: usize = 6;
/// The second look is trusted with faces up to this size as it sees them; larger ones the first look
/// sees at the size that the model was trained for.
const LARGEST_CLOSE: f32 = 160.0;
/// The photo's longest side at a look at faces that fill it: the first sees them larger than any that the
/// model was trained with. They are at least this share of it.
const CLOSE_UP: u32 = 160;
const FILLS: f32 = 0.45;
/// The model's own threshold.
const LEAST_SCORE: f32 = 0.6;
/// In a view turned against the rest of the photo, nothing below this is taken for a face.
const LEAST_SCORE_ASIDE: f32 = 0.85;
/// Boxes that overlap by more than this show one face.
const MOST_OVERLAP: f32 = 0.3;
/// The model halves the photo five times, so its sides are multiples of this.
const STEP: u32 = 32;
/// The distances in pixels of the grids of places that the model judges.
const STRIDES: [u32; 3] = [8, 16, 32];

/// A face in the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// From the chin to the middle of the forehead. May reach outside the photo.
    pub rect: Rect,
    /// The eye on the left of an upright picture, the eye on its right, the tip of the nose, the
    /// left and the right corner of the mouth. Where the face is turned, so are they.
    pub points: [Point; 5],
    /// How sure the model is, 0.6..1.
    pub score: f32,
}

/// Every face of the photo, largest first, up to [`MOST_PLACES`].
pub(crate) fn detect(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    check_photo(photo)?;
    Ok(ordered(upright(&*models.get(MODEL)?, photo)?, MOST_PLACES))
}

/// The [`MOST_FACES`] largest faces of the photo, largest first.
pub(crate) fn detect_largest(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    Ok(ordered(detect(models, photo)?, MOST_FACES))
}

/// What the first look at the photo finds, largest first.
pub(crate) fn detect_large(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    check_photo(photo)?;
    let found = View::of(photo, LOOKS[0])?.faces(&*models.get(MODEL)?)?;
    Ok(ordered(distinct(found), MOST_FACES))
}

/// The faces of the photo whichever way up it is, largest first. The view with the most evidence says
/// which way that is; of the others only what is plainly a face elsewhere counts, since upside-down
/// faces and folds of cloth pass for faces more often in a wrong view.
pub(crate) fn detect_any_way_up(models: &Models, photo: &RgbImage) -> Result<Vec<Detection>> {
    check_photo(photo)?;
    let mut views = vec![upright(&*models.get(MODEL)?, photo)?];
    views.extend(turned_views(models, photo)?);
    let evidence = |faces: &[Detection]| -> f32 {
        faces.iter().map(|face| (face.score - LEAST_SCORE).powi(2)).sum()
    };
    views.sort_by(|a, b| evidence(b).total_cmp(&evidence(a)));
    let mut views = views.into_iter();
    let mut found = views.next().unwrap_or_default();
    // Each costs a look by another model.
    let aside = views.flatten().filter(|face| face.score >= LEAST_SCORE_ASIDE).collect();
    for face in ordered(aside, MOST_FACES) {
        let elsewhere = found.iter().all(|other| other.rect.shared(&face.rect) <= MOST_OVERLAP);
        if elsewhere && mesh::is_face(models, photo, &face)? {
            found.push(face);
        }
    }
    Ok(ordered(found, MOST_FACES))
}

/// What is found in the photo turned by a quarter, a half and three quarters, in its own coordinates.
pub(super) fn turned_views(models: &Models, photo: &RgbImage) -> Result<Vec<Vec<Detection>>> {
    let model = models.get(MODEL)?;
    // The last pixel of a row and of a column.
    let (right, bottom) = ((photo.width() - 1) as f32, (photo.height() - 1) as f32);
    type Turn = fn(&RgbImage) -> RgbImage;
    // Where a point of the turned photo lies in the original.
    type Back = fn(Point, f32, f32) -> Point;
    let turned: [(Turn, Back); 3] = [
        (|p| imageops::rotate90(p), |p, _, bottom| Point { x: p.y, y: bottom - p.x }),
        (|p| imageops::rotate180(p), |p, right, bottom| Point { x: right - p.x, y: bottom - p.y }),
        (|p| imageops::rotate270(p), |p, right, _| Point { x: right - p.y, y: p.x }),
    ];
    let look = |(turn, back): (Turn, Back)| {
        let faces = all_scales(&model, &turn(photo))?.into_iter();
        Ok(faces.map(|face| face.mapped(|p| back(p, right, bottom))).collect())
    };
    turned.into_iter().map(look).collect()
}

/// What one look at a picture as large as it is finds.
pub(super) fn once(models: &Models, picture: &RgbImage) -> Result<Vec<Detection>> {
    let longest = picture.width().max(picture.height());
    Ok(distinct(View::of(picture, longest)?.faces(&*models.get(MODEL)?)?))
}

/// Largest first, and no more than `most`.
pub(super) fn ordered(mut faces: Vec<Detection>, most: usize) -> Vec<Detection> {
    faces.sort_by(|a, b| b.rect.area().total_cmp(&a.rect.area()));
    faces.truncate(most);
    faces
}

fn all_scales(model: &Model, photo: &RgbImage) -> Result<Vec<Detection>> {
    let [near, close] = LOOKS;
    let longest = photo.width().max(photo.height());
    let limit = LARGEST_CLOSE * longest as f32 / close as f32;
    let small = |face: &Detection| face.rect.longer_side() <= limit;
    if longest > LARGE {
        let (near, close) = rayon::join(|| View::of(photo, near), || View::of(photo, close));
        let mut all = near?.faces(model)?;
        all.extend(close?.faces(model)?.into_iter().filter(small));
        return Ok(distinct(all));
    }
    let mut all = View::of(photo, near)?.faces(model)?;
    if all.len() >= CROWD && longest > near {
        all.extend(View::of(photo, close)?.faces(model)?.into_iter().filter(small));
    }
    Ok(distinct(all))
}

/// The faces of the photo as it is, with those that fill it where no sure face was found in their place.
/// Upside down, the head of an animal passes for such a face, so turned views go without.
fn upright(model: &Model, photo: &RgbImage) -> Result<Vec<Detection>> {
    let (found, close) = rayon::join(|| all_scales(model, photo), || View::of(photo, CLOSE_UP));
    let mut found = found?;
    let sure = |face: &Detection| face.score >= LEAST_SCORE_ASIDE;
    let least = FILLS * photo.width().max(photo.height()) as f32;
    for face in distinct(close?.faces(model)?) {
        let same = |other: &Detection| other.rect.overlap(&face.rect) > MOST_OVERLAP;
        let seen = found.iter().any(|other| same(other) && sure(other));
        if sure(&face) && face.rect.longer_side() >= least && !seen {
            found.retain(|other| !same(other));
            found.push(face);
        }
    }
    Ok(found)
}

/// A photo as the model takes it.
struct View {
    input: Tensor,
    columns: u32,
    rows: u32,
    /// Its pixels for one of the photo.
    scale: f64,
}

impl View {
    /// With its longest side at `side`, filled up with black on the right and below.
    fn of(photo: &RgbImage, side: u32) -> Result<Self> {
        let scale = f64::from(side) / f64::from(photo.width().max(photo.height()));
        let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let (width, height) = (scaled(photo.width()), scaled(photo.height()));
        let pixels = resize::rgb(photo, width, height, Filter::Bilinear);
        let (columns, rows) = (width.next_multiple_of(STEP), height.next_multiple_of(STEP));
        let line = columns as usize * 3;
        let mut bytes = Vec::with_capacity(line * rows as usize);
        for own in pixels.chunks_exact(width as usize * 3) {
            bytes.extend_from_slice(own);
            bytes.resize(bytes.len().next_multiple_of(line), 0);
        }
        bytes.resize(line * rows as usize, 0);
        let shape = [1, rows as usize, columns as usize, 3];
        let input = Tensor::new(shape, bytes).map_err(mismatch)?;
        Ok(Self { input, columns, rows, scale })
    }

    /// What the model finds in it, in pixels of the photo, with all duplicates.
    fn faces(&self, model: &Model) -> Result<Vec<Detection>> {
        let outputs = model.run(&[("input", &self.input)])?;
        let mut found = vec![];
        for stride in STRIDES {
            let (across, down) = ((self.columns / stride) as usize, (self.rows / stride) as usize);
            let read = |name: &str, each: usize| {
                output(&outputs, MODEL, &format!("{name}_{stride}"), across * down * each)
            };
            let grid = Grid {
                across,
                stride: stride as f32,
                class: read("cls", 1)?,
                object: read("obj", 1)?,
                boxes: read("bbox", 4)?,
                points: read("kps", 10)?,
            };
            found.extend((0..across * down).filter_map(|cell| grid.face(cell)));
        }
        let back = (1.0 / self.scale) as f32;
        let back = |p: Point| Point { x: p.x * back, y: p.y * back };
        Ok(found.into_iter().map(|face| face.mapped(back)).collect())
    }
}

/// What the model says of each place of one grid, row by row.
struct Grid<'a> {
    across: usize,
    stride: f32,
    class: &'a [f32],
    object: &'a [f32],
    boxes: &'a [f32],
    points: &'a [f32],
}

impl Grid<'_> {
    fn face(&self, cell: usize) -> Option<Detection> {
        let score = (self.class[cell].clamp(0.0, 1.0) * self.object[cell].clamp(0.0, 1.0)).sqrt();
        if score <= LEAST_SCORE {
            return None;
        }
        let (row, column) = ((cell / self.across) as f32, (cell % self.across) as f32);
        let place = |dx: f32, dy: f32| Point {
            x: (column + dx) * self.stride,
            y: (row + dy) * self.stride,
        };
        let [dx, dy, width, height] = *self.boxes.as_chunks::<4>().0.get(cell)?;
        let (centre, width, height) =
            (place(dx, dy), width.exp() * self.stride, height.exp() * self.stride);
        let rect = Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height };
        let offsets = self.points.as_chunks::<10>().0.get(cell)?.as_chunks::<2>().0;
        let points = std::array::from_fn(|i| place(offsets[i][0], offsets[i][1]));
        (width.is_finite() && height.is_finite()).then_some(Detection { rect, points, score })
    }
}

impl Detection {
    /// How far the line through the eyes is turned clockwise from level, in radians.
    pub fn angle(&self) -> f32 {
        angle_of(self.points[0], self.points[1])
    }

    /// With every point mapped, and the upright box around the mapped corners of its own.
    pub(super) fn mapped(&self, map: impl Fn(Point) -> Point) -> Self {
        let Rect { x, y, .. } = self.rect;
        let corners = [Point { x, y }, Point { x: self.rect.right(), y: self.rect.bottom() }];
        let rect = Rect::around(corners.map(&map));
        Self { rect, points: self.points.map(map), score: self.score }
    }
}

/// The best of those that show one face (greedy non-maximum suppression), up to [`MOST_PLACES`].
pub(super) fn distinct(mut faces: Vec<Detection>) -> Vec<Detection> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = vec![];
    for face in faces {
        if kept.len() == MOST_PLACES {
            break;
        }
        if kept.iter().all(|other| other.rect.overlap(&face.rect) <= MOST_OVERLAP) {
            kept.push(face);
        }
    }
    kept
}

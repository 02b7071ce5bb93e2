//! The face whose skin is measured.

use safelight_imaging::Photo;
use safelight_imaging::skin::{Chip, Light, Skin, Zone};
use safelight_operation::{Code, Fault, Result, Work};
use safelight_vision::face::{Face, Part, Point, Pose, QualityControl, Rect};

use crate::portrait::faces::named;

/// A mesh that is less sure than this is of no face.
const LEAST_PRESENCE: f32 = 0.5;
/// Of the mesh's points at least this share must lie in the picture.
const LEAST_INSIDE: f32 = 0.8;
/// Of the face's zones at least this share must be skin that can be seen.
const LEAST_VISIBLE: f32 = 0.2;
/// Share of the glasses in the square around the head from which a face wears some.
const GLASSES: f32 = 0.004;

/// What a service asks of the face.
pub(in super::super) struct FaceRules {
    /// The field of the picture.
    pub field: &'static str,
    /// Smallest side of the square box around the face, in pixels.
    pub least_side: f32,
    /// Smallest side of that box as a share of the picture's shorter side.
    pub least_share: f32,
}

/// What wrinkles are judged by beside the skin.
#[derive(Clone, Copy)]
pub(in super::super) struct Looks {
    /// How old the face looks, 0 to 100 years.
    pub age: u8,
    /// How much it smiles, 0 to 1.
    pub smile: f32,
}

/// The largest face of a photo, prepared for measuring.
pub(in super::super) struct Subject<'a> {
    /// What the models see in it.
    pub face: Face<'a>,
    /// The square box around the face.
    pub rect: Rect,
    /// Which way it looks.
    pub pose: Pose,
    /// Whether it wears glasses.
    pub glasses: bool,
    /// Share of the forehead that hair covers, 0 to 1.
    pub hair_occlusion: f32,
    /// Its skin.
    pub skin: Skin,
}

impl<'a> Subject<'a> {
    /// Finds the largest face of a photo and checks it, in this order: `ERROR_NO_FACE_IN_FILE`,
    /// `ERROR_SMALL_FACE_SIZE`, `ERROR_FACE_SIZE_RATIO_NOT_MET`, `ERROR_FACE_UNRECOGNIZABLE`,
    /// `ERROR_INCOMPLETE_FACE`, what `control` finds, `ERROR_OBSTRUCTED_FACE`.
    pub fn find(
        photo: &'a Photo,
        rules: &FaceRules,
        control: QualityControl,
        work: &'a Work,
    ) -> Result<Self> {
        let subject = Self::seen(photo, rules, work)
            .or_else(|fault| named(fault, control, work, &photo.rgb))?;
        if control != QualityControl::None {
            work.stage("quality", || control.check(subject.face.quality()?))?;
        }
        let visible = Zone::FACE.map(|zone| subject.skin.visible(zone));
        let visible = visible.iter().sum::<f32>() / visible.len() as f32;
        if visible < LEAST_VISIBLE {
            return Err(Fault::new(
                Code::ObstructedFace,
                format!(
                    "{}: {:.0} % of the face is skin that can be seen, at least {:.0} % is needed",
                    rules.field,
                    visible * 100.0,
                    LEAST_VISIBLE * 100.0
                ),
            ));
        }
        Ok(subject)
    }

    /// As [`Self::find`], without a look at how much of the face is covered: of a side view half is
    /// turned away.
    fn seen(photo: &'a Photo, rules: &FaceRules, work: &'a Work) -> Result<Self> {
        Self::of(Self::largest(photo, rules, work)?, rules, work)
    }

    /// The largest face of a photo and its mesh, checked up to `ERROR_FACE_SIZE_RATIO_NOT_MET`.
    pub fn largest(photo: &'a Photo, rules: &FaceRules, work: &'a Work) -> Result<Face<'a>> {
        let field = rules.field;
        let mut faces = work.stage("detect", || work.vision.detect_faces(&photo.rgb))?;
        if faces.is_empty() {
            return Err(Fault::new(Code::NoFaceInFile, format!("{field}: no face was found")));
        }
        let face = Face::new(&work.vision, &photo.rgb, faces.swap_remove(0));
        let rect = square(&face.detection.rect);
        check_size(rules, rect.width, photo.rgb.width().min(photo.rgb.height()))?;
        work.stage("mesh", || face.mesh().map(drop))?;
        Ok(face)
    }

    /// Whether the mesh is sure of a face. It is of none that is turned by more than some 75°.
    pub fn has_mesh(face: &Face) -> Result<bool> {
        Ok(face.mesh()?.presence >= LEAST_PRESENCE)
    }

    /// Prepares a face, checked from `ERROR_FACE_UNRECOGNIZABLE` to `ERROR_INCOMPLETE_FACE`.
    pub fn of(face: Face<'a>, rules: &FaceRules, work: &'a Work) -> Result<Self> {
        let field = rules.field;
        let (photo, rect) = (face.photo(), square(&face.detection.rect));
        let mesh = face.mesh()?;
        if !Self::has_mesh(&face)? {
            return Err(Fault::new(
                Code::FaceUnrecognizable,
                format!(
                    "{field}: the points of the face are found with a certainty of {:.2}, at least \
                     {LEAST_PRESENCE} is needed",
                    mesh.presence
                ),
            ));
        }
        check_complete(field, &mesh.outline(), photo.dimensions())?;
        work.stage("parse", || face.parsing().map(drop))?;
        let parsing = face.parsing()?;
        let skin = work.stage("prepare", || {
            let chip = Chip::cut(photo, &mesh.points).ok_or_else(|| {
                Fault::new(
                    Code::FaceUnrecognizable,
                    format!("{field}: the points found do not span a face"),
                )
            })?;
            let light = Light::estimate(photo, &chip.upright);
            Ok(chip.skin(light, |[x, y]| {
                matches!(parsing.part(Point { x, y }), Part::Skin | Part::Nose)
            }))
        })?;
        let (pose, glasses) = (face.pose()?, parsing.share(Part::Glasses) > GLASSES);
        let hair = |place| parsing.part(place) == Part::Hair;
        let hair_occlusion = share_within(&skin.outline(Zone::Forehead), hair);
        Ok(Self { face, rect, pose, glasses, hair_occlusion, skin })
    }

    /// How old the face looks, and how much it smiles.
    pub fn looks(&self, work: &Work) -> Result<Looks> {
        let found = work.stage("age", || self.face.age_and_gender())?;
        let smile = work.stage("smile", || Ok(self.face.blendshapes()?.smile()))?;
        Ok(Looks { age: found.age.round().clamp(0.0, 100.0) as u8, smile })
    }
}

/// Share of the places inside a polygon that are so, 0 to 1, by a grid of them.
fn share_within(polygon: &[[f32; 2]], is_so: impl Fn(Point) -> bool) -> f32 {
    let rect = Rect::around(polygon.iter().map(|&[x, y]| Point { x, y }));
    let (mut all, mut found) = (0_u32, 0_u32);
    const STEPS: u8 = 60;
    for (row, column) in (0..STEPS).flat_map(|row| (0..STEPS).map(move |column| (row, column))) {
        let along = |step: u8| (f32::from(step) + 0.5) / f32::from(STEPS);
        let (x, y) = (rect.x + rect.width * along(column), rect.y + rect.height * along(row));
        let next = polygon.iter().cycle().skip(1);
        let crossings = polygon.iter().zip(next).filter(|&(&[x1, y1], &[x2, y2])| {
            (y1 <= y) != (y2 <= y) && x < x1 + (x2 - x1) * (y - y1) / (y2 - y1)
        });
        if crossings.count() % 2 == 1 {
            all += 1;
            found += u32::from(is_so(Point { x, y }));
        }
    }
    found as f32 / all.max(1) as f32
}

/// The square of the longer side around a box's middle.
fn square(rect: &Rect) -> Rect {
    let side = rect.longer_side();
    let Point { x, y } = rect.centre();
    Rect { x: x - side / 2.0, y: y - side / 2.0, width: side, height: side }
}

fn check_size(rules: &FaceRules, side: f32, picture: u32) -> Result<()> {
    let field = rules.field;
    if side < rules.least_side {
        return Err(Fault::new(
            Code::SmallFaceSize,
            format!(
                "{field}: the face has {side:.0} px, the smallest is {:.0} px",
                rules.least_side
            ),
        ));
    }
    let share = side / picture.max(1) as f32;
    if share < rules.least_share {
        return Err(Fault::new(
            Code::FaceSizeRatioNotMet,
            format!(
                "{field}: the face has {:.1} % of the picture's shorter side, the smallest share \
                 is {:.0} %",
                share * 100.0,
                rules.least_share * 100.0
            ),
        ));
    }
    Ok(())
}

/// Checks that most of a box around a face lies in the picture: `ERROR_INCOMPLETE_FACE`.
pub(in super::super) fn check_inside(
    field: &str,
    rect: &Rect,
    (width, height): (u32, u32),
) -> Result<()> {
    let picture = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    check_share(field, rect.common(&picture).area() / rect.area().max(f32::MIN_POSITIVE))
}

fn check_complete(field: &str, outline: &[Point], (width, height): (u32, u32)) -> Result<()> {
    let inside = outline.iter().filter(|point| {
        (0.0..width as f32).contains(&point.x) && (0.0..height as f32).contains(&point.y)
    });
    check_share(field, inside.count() as f32 / outline.len() as f32)
}

fn check_share(field: &str, share: f32) -> Result<()> {
    if share >= LEAST_INSIDE {
        return Ok(());
    }
    Err(Fault::new(
        Code::IncompleteFace,
        format!(
            "{field}: {:.0} % of the face lies in the picture, at least {:.0} % is needed",
            share * 100.0,
            LEAST_INSIDE * 100.0
        ),
    ))
}

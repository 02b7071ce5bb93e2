//! What `quality_control` asks of a face: limits by level, and the checks in their fixed order, each
//! with its own code.

use safelight_contract::{Code, Fault, Result};

use super::{Pose, Quality, Region};

/// How good a face must be; the stricter is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QualityControl {
    /// Any face will do.
    None,
    /// Recognisable to people.
    Low,
    /// Good enough for most uses.
    Normal,
    /// As for a passport.
    High,
}

/// What a level allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Least shorter side of the face's box, in pixels.
    pub size: f32,
    /// Least share of the face inside the photo.
    pub completeness: f32,
    /// Largest yaw, pitch and roll either way, in degrees.
    pub angle: f32,
    /// Largest hidden share of each of the seven regions.
    pub occlusion: f32,
    /// Most blur.
    pub blur: f32,
    /// Least mean luma of the skin, 0..255.
    pub illumination: f32,
    /// Most compression.
    pub compression: f32,
    /// Least fitness for recognition.
    pub fitness: f32,
}

/// Below this the mesh sees no face, whatever the level.
const LEAST_PRESENCE: f32 = 0.5;
/// Of a face that the mesh does not see for being cut off, less than this is in the photo.
const CUT_OFF: f32 = 0.9;

impl QualityControl {
    /// The limits of the level; None where it has none.
    pub const fn limits(self) -> Option<Limits> {
        let (size, completeness, angle) = match self {
            QualityControl::None => return None,
            QualityControl::Low => (20.0, 0.0, 45.0),
            QualityControl::Normal => (40.0, 0.0, 30.0),
            QualityControl::High => (80.0, 1.0, 20.0),
        };
        let (worst, illumination, fitness) = match self {
            QualityControl::Low => (0.8, 20.0, 0.2),
            QualityControl::Normal => (0.6, 40.0, 0.3),
            _ => (0.2, 100.0, 0.4),
        };
        Some(Limits {
            size,
            completeness,
            angle,
            occlusion: worst,
            blur: worst,
            illumination,
            compression: worst,
            fitness,
        })
    }

    /// Passes a face that is good enough, or says by its code what is wrong first, in this order:
    /// a face at all, completeness, pose, occlusion of the region that is hidden most (the first of
    /// equals), blur, light, size, compression, fitness for recognition. A face that cannot be seen for
    /// being cut off or blurred is refused for that. The message has the value found and the limit.
    pub fn check(self, quality: &Quality) -> Result<()> {
        let Some(limits) = self.limits() else { return Ok(()) };
        let least = |code, what: &str, found: f32, limit: f32| {
            if found >= limit { Ok(()) } else { self.fail(code, what, found, "less", limit) }
        };
        let most = |code, what: &str, found: f32, limit: f32| {
            if found <= limit { Ok(()) } else { self.fail(code, what, found, "more", limit) }
        };
        if quality.presence < LEAST_PRESENCE {
            least(Code::IncompleteFace, "completeness", quality.completeness, CUT_OFF)?;
            most(Code::BlurryFace, "blur", quality.blur, limits.blur)?;
        }
        least(Code::FaceUnrecognizable, "presence", quality.presence, LEAST_PRESENCE)?;
        // An outline that touches the edge by less than a hundredth is complete.
        let complete = if quality.completeness >= 0.99 { 1.0 } else { quality.completeness };
        least(Code::IncompleteFace, "completeness", complete, limits.completeness)?;
        self.check_pose(quality.pose)?;
        let hidden = |region: Region| quality.occlusion.of_region(region);
        let worse = |worst, next| if hidden(next) > hidden(worst) { next } else { worst };
        if let Some(region) = Region::ALL.into_iter().reduce(worse) {
            let what = format!("occlusion of {}", region.name());
            most(region.too_hidden(), &what, hidden(region), limits.occlusion)?;
        }
        most(Code::BlurryFace, "blur", quality.blur, limits.blur)?;
        least(Code::PoorFaceLighting, "illumination", quality.illumination, limits.illumination)?;
        least(Code::SmallFaceSize, "shorter side in pixels", quality.size, limits.size)?;
        most(Code::PoorFaceQuality, "compression", quality.compression, limits.compression)?;
        least(Code::PoorFaceQuality, "fitness", quality.fitness, limits.fitness)
    }

    /// Passes a face that looks near enough into the camera.
    ///
    /// # Errors
    /// `ERROR_FACE_NOT_FACING_FORWARD`.
    pub fn check_pose(self, pose: Pose) -> Result<()> {
        let Some(limits) = self.limits() else { return Ok(()) };
        for (what, angle) in [("yaw", pose.yaw), ("pitch", pose.pitch), ("roll", pose.roll)] {
            let (what, angle) = (format!("{what} in degrees, without its sign,"), angle.abs());
            if angle > limits.angle {
                return self.fail(Code::FaceNotFacingForward, &what, angle, "more", limits.angle);
            }
        }
        Ok(())
    }

    fn fail(self, code: Code, what: &str, found: f32, side: &str, limit: f32) -> Result<()> {
        let level = format!("{self:?}").to_uppercase();
        let allowed = format!("quality_control {level} allows no {side} than {limit}");
        Err(Fault::new(code, format!("the face's {what} is {found:.2}, {allowed}")))
    }
}

impl Region {
    /// The code of a region that is hidden too much.
    pub const fn too_hidden(self) -> Code {
        match self {
            Region::LeftEye => Code::LeftEyeOcclusionTooHigh,
            Region::RightEye => Code::RightEyeOcclusionTooHigh,
            Region::Nose => Code::NoseOcclusionTooHigh,
            Region::Mouth => Code::MouthOcclusionTooHigh,
            Region::LeftCheek => Code::LeftFaceOcclusionTooHigh,
            Region::RightCheek => Code::RightFaceOcclusionTooHigh,
            Region::Chin => Code::ChinOcclusionTooHigh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Occlusion;
    use super::*;

    fn perfect() -> Quality {
        Quality {
            presence: 1.0,
            size: 200.0,
            completeness: 1.0,
            pose: Pose::default(),
            occlusion: Occlusion::default(),
            seen: Occlusion::default(),
            blur: 0.0,
            illumination: 150.0,
            unevenness: 0.0,
            compression: 0.0,
            noise: 0.0,
            fitness: 0.9,
        }
    }

    /// Each damage fails with its code at every level that it is too much for, and one that comes
    /// earlier in the order hides those behind it.
    #[test]
    fn each_cause_has_its_code_in_its_order() {
        type Damage = fn(&mut Quality);
        let mut causes: Vec<(Code, Damage)> = vec![
            (Code::IncompleteFace, |q| q.completeness = 0.9),
            (Code::FaceNotFacingForward, |q| q.pose.pitch = -50.0),
            (Code::LeftEyeOcclusionTooHigh, |q| q.occlusion.0[0] = 0.9),
            (Code::RightEyeOcclusionTooHigh, |q| q.occlusion.0[1] = 0.9),
            (Code::NoseOcclusionTooHigh, |q| q.occlusion.0[2] = 0.9),
            (Code::MouthOcclusionTooHigh, |q| q.occlusion.0[3] = 0.9),
            (Code::LeftFaceOcclusionTooHigh, |q| q.occlusion.0[4] = 0.9),
            (Code::RightFaceOcclusionTooHigh, |q| q.occlusion.0[5] = 0.9),
            (Code::ChinOcclusionTooHigh, |q| q.occlusion.0[6] = 0.9),
            (Code::BlurryFace, |q| q.blur = 0.9),
            (Code::PoorFaceLighting, |q| q.illumination = 10.0),
            (Code::SmallFaceSize, |q| q.size = 10.0),
            (Code::PoorFaceQuality, |q| q.compression = 0.9),
            (Code::PoorFaceQuality, |q| q.fitness = 0.1),
        ];
        let mut quality = perfect();
        for level in [QualityControl::Low, QualityControl::Normal, QualityControl::High] {
            assert_eq!(level.check(&quality), Ok(()));
        }
        causes.reverse();
        for (code, damage) in causes {
            damage(&mut quality);
            let fault = QualityControl::High.check(&quality).expect_err("damaged");
            assert_eq!(fault.code(), code, "{fault}");
            assert!(fault.message().contains("HIGH"), "{fault}");
            let mut alone = perfect();
            damage(&mut alone);
            let low = QualityControl::Low.check(&alone);
            // LOW and NORMAL ask nothing of completeness.
            assert_eq!(low.is_ok(), code == Code::IncompleteFace, "{code}");
            assert_eq!(QualityControl::None.check(&quality), Ok(()));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_for_what_keeps_it_from_being_seen() {
        let refused = |damage: fn(&mut Quality)| {
            let mut quality = Quality { presence: 0.1, ..perfect() };
            damage(&mut quality);
            QualityControl::Low.check(&quality).expect_err("not seen").code()
        };
        assert_eq!(refused(|_| ()), Code::FaceUnrecognizable);
        assert_eq!(refused(|quality| quality.completeness = 0.6), Code::IncompleteFace);
        assert_eq!(refused(|quality| quality.blur = 0.9), Code::BlurryFace);
    }

    #[test]
    fn levels_grow_stricter() {
        let all = [QualityControl::Low, QualityControl::Normal, QualityControl::High];
        let limits = all.map(|level| level.limits().expect("limits"));
        assert!(limits.is_sorted_by(|a, b| {
            a.size < b.size
                && a.completeness <= b.completeness
                && a.angle > b.angle
                && a.occlusion > b.occlusion
                && a.blur > b.blur
                && a.illumination < b.illumination
                && a.fitness < b.fitness
        }));
    }
}

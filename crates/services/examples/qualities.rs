//! What is seen of the largest face of each photo, as JSON objects a line: every measure of its quality, its
//! box, points and regions, what it wears, whether it is drawn, and the code that each level of
//! `quality_control` refuses it with, also where no face is found upright.
//!
//! ```sh
//! cargo run -p safelight-services --example qualities -- photos/astronaut.png photos/grace_hopper.jpg
//! ```

use std::error::Error;
use std::fs;

use safelight_contract::Fault;
use safelight_imaging::{decode, probe};
use safelight_testkit as testkit;
use safelight_vision::Vision;
use safelight_vision::face::quality::Region;
use safelight_vision::face::traits::MaskWear;
use safelight_vision::face::{Face, Pose, QualityControl, Rect, Traits};
use serde_json::{Map, Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

const LEVELS: [(&str, QualityControl); 3] = [
    ("LOW", QualityControl::Low),
    ("NORMAL", QualityControl::Normal),
    ("HIGH", QualityControl::High),
];

fn main() -> Outcome<()> {
    let vision = Vision::new(testkit::registry());
    for path in std::env::args().skip(1) {
        let bytes = fs::read(&path)?;
        let photo = decode(&bytes, &probe(&bytes)?)?.rgb;
        let mut line = json!({ "photo": path });
        if let Some(&found) = vision.detect_faces(&photo)?.first() {
            describe(&vision, &Face::new(&vision, &photo, found), &mut line)?;
        } else if let Some(turned) = vision.detect_faces_any_way_up(&photo)?.first() {
            let pose = Pose { roll: turned.angle().to_degrees(), ..Pose::default() };
            line["refused"] = refused(|level| level.check_pose(pose));
        }
        println!("{line}");
    }
    Ok(())
}

fn describe(vision: &Vision, face: &Face, line: &mut Value) -> Outcome<()> {
    let (quality, mesh) = (face.quality()?, face.mesh()?);
    let region = |region: Region| {
        let Rect { x, y, width, height } =
            Rect::around(region.points().iter().map(|&i| mesh.point(i)));
        (region.name().to_owned(), json!([x, y, width, height]))
    };
    let regions: Map<_, _> = Region::ALL.into_iter().map(region).collect();
    let hidden =
        |region: Region| (region.name().to_owned(), quality.occlusion.of_region(region).into());
    let occlusion: Map<_, _> = Region::ALL.into_iter().map(hidden).collect();
    let Rect { x, y, width, height } = mesh.rect();
    let (mask, glasses) = (MaskWear::of(face)?, Traits::of(face)?.eyewear());
    for (name, value) in [
        ("score", json!(face.detection.score)),
        ("box", json!([x, y, width, height])),
        ("regions", regions.into()),
        ("points", json!(mesh.outline().iter().map(|p| [p.x, p.y]).collect::<Vec<_>>())),
        ("drawn", json!(vision.is_drawn_face(face.photo(), &face.detection))),
        ("presence", json!(quality.presence)),
        ("completeness", json!(quality.completeness)),
        ("pose", json!([quality.pose.yaw, quality.pose.pitch, quality.pose.roll])),
        ("occlusion", occlusion.into()),
        ("blur", json!(quality.blur)),
        ("illumination", json!(quality.illumination)),
        ("size", json!(quality.size)),
        ("fitness", json!(quality.fitness)),
        ("compression", json!(quality.compression)),
        ("noise", json!(quality.noise)),
        ("mask", json!([format!("{:?}", mask.class), mask.probability])),
        ("glasses", json!([format!("{:?}", glasses.class), glasses.probability])),
        ("refused", refused(|level| level.check(quality))),
    ] {
        line[name] = value;
    }
    Ok(())
}

/// The code that each level refuses a face with.
fn refused(check: impl Fn(QualityControl) -> Result<(), Fault>) -> Value {
    let codes = LEVELS.map(|(name, level)| {
        let code = check(level).err().map(|fault| fault.code().name());
        (name.to_owned(), json!(code))
    });
    Map::from_iter(codes).into()
}

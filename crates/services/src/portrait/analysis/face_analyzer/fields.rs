//! The fields of the answer.

use crate::{Field, FieldKind};

use FieldKind::{Integer, Number};

pub const FIELDS: &[Field] = &[
    Field::new("image_width", Integer, "Width of the photo, upright."),
    Field::new("image_height", Integer, "Height of the photo, upright."),
    Field::new(
        "face_detail_infos[].face_rect.x",
        Integer,
        "Left edge of the box; below 0 where the face leaves the photo.",
    ),
    Field::new(
        "face_detail_infos[].face_rect.y",
        Integer,
        "Upper edge of the box; below 0 where the face leaves the photo.",
    ),
    Field::new("face_detail_infos[].face_rect.width", Integer, "Width of the box."),
    Field::new("face_detail_infos[].face_rect.height", Integer, "Height of the box."),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.age",
        Integer,
        "Age in years by a model, 65 for 65 and older.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.beauty",
        Integer,
        "Attractiveness, 0 to 100: a heuristic, 40 % symmetry, 35 % nearness to five neoclassical canons, 25 % even skin.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.emotion.type",
        Integer,
        "Mood: 0 neutral, 1 happy, 2 surprised, 3 angry, 4 sad, 5 disgusted, 6 afraid; the mean of two models, of which disgust and fear are weak.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.emotion.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.glass.type",
        Integer,
        "Before the eyes: 0 nothing, 1 glasses, 2 dark glasses, by the share of the parser's glasses and how dark the lenses are; a heuristic that misses thin rims.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.glass.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eye_open.type",
        Integer,
        "Whether the eyes are open, 1 yes: the eye aspect ratio against 0.17; a heuristic.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eye_open.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eyelid_type.type",
        Integer,
        "Whether the upper lids have a fold, 1 yes: the mean of both eyes; a heuristic on the shading between lid and brow, less sure where the photo does not resolve it.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eyelid_type.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eye_size.type",
        Integer,
        "Size of the eyes for their face: 0 small, 1 ordinary, 2 large; a heuristic on the mesh.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eye.eye_size.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_density.type",
        Integer,
        "0 sparse, 1 thick: how much darker than skin they are; a heuristic.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_density.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_curve.type",
        Integer,
        "0 straight, 1 curved: the rise of the upper edge; a heuristic on the mesh.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_curve.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_length.type",
        Integer,
        "0 short, 1 long, by the width of the eye; a heuristic on the mesh.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.eyebrow.eyebrow_length.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.gender.type",
        Integer,
        "0 male, 1 female: the mean of twelve looks of a model, right for 97 % of those from 15 years on (UTKFace), less for children.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.gender.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.length.type",
        Integer,
        "0 bald, 1 short, 2 medium, 3 long, by how far down hair reaches beside the face; a heuristic. 4 (tied up) is never told.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.length.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.bang.type",
        Integer,
        "Whether hair covers the forehead, 1 yes; a heuristic on the parser.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.bang.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.color.type",
        Integer,
        "0 black, 1 blond, 2 brown, 3 grey or white, by the median colour of the parser's hair; a heuristic.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hair.color.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hat.style.type",
        Integer,
        "0 none, 1 ordinary, by the share of the parser's hat; helmets and security caps are not told from other hats.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hat.style.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hat.color.type",
        Integer,
        "0 no hat, 1 reddish, 2 yellowish, 3 bluish, 4 dark, 5 grey or white, by its median colour; a heuristic. 6 (mixed) is never told.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.hat.color.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.mask.type",
        Integer,
        "Face mask: 0 none, 1 covering neither chin nor mouth, 2 covers the chin, 3 covers the mouth, 4 worn correctly: a model says whether, the hidden regions say how.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.mask.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.mouth.mouth_open.type",
        Integer,
        "Whether the mouth is open, 1 yes: the gap between the lips against 0.08 of their width; a heuristic.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.mouth.mouth_open.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.moustache.type",
        Integer,
        "Whether there is hair on lip or chin, 1 yes: how much darker than the cheeks they are; a heuristic that deep shadow misleads.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.moustache.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.nose.type",
        Integer,
        "0 upturned, 1 hooked, 2 ordinary, 3 round tip; a heuristic on the depth of the mesh.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.nose.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.shape.type",
        Integer,
        "Outline of the face: 0 square, 1 triangular, 2 oval, 3 heart, 4 round; a heuristic on the mesh.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.shape.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.skin.type",
        Integer,
        "Colour of the skin: 0 yellow, 1 brown, 2 black, 3 white, by its typology and hue angles with the light's colour taken away; a heuristic.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.skin.probability",
        Number,
        "How sure that is, 0 to 1.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.head_pose.pitch",
        Integer,
        "Degrees, -30 to 30: negative up, positive down.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.head_pose.yaw",
        Integer,
        "Degrees, -30 to 30: negative to the left of the photo, positive to its right.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.head_pose.roll",
        Integer,
        "Degrees, -180 to 180: positive clockwise.",
    ),
    Field::new(
        "face_detail_infos[].face_detail_attributes_info.smile",
        Integer,
        "Strength of the smile, 0 to 100, by MediaPipe's blendshapes.",
    ),
];

//! The regions of a face, as polygons of mesh points.
//!
//! "Left" and "right" are those of the picture, as in the answers of the API. Each polygon was drawn
//! on a smiling and on an aged portrait and looked at.

/// A side of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The picture's left: the person's right.
    Left,
    /// The picture's right: the person's left.
    Right,
}

impl Side {
    /// Both.
    pub const BOTH: [Side; 2] = [Side::Left, Side::Right];
}

/// A region of the face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// From the hairline to the brows.
    Forehead,
    /// Between the brows and above.
    Glabella,
    /// Bridge, sides and tip of the nose, above the nostrils.
    Nose,
    /// Below the lower lip, to the jaw.
    Chin,
    /// Lower lid and the skin below it, from corner to corner.
    UnderEye(Side),
    /// The middle of it, where dark circles lie.
    TearTrough(Side),
    /// Beside the outer corner of the eye.
    CrowsFeet(Side),
    /// The cheek.
    Cheek(Side),
    /// Around the fold from the wing of the nose to the corner of the mouth.
    Nasolabial(Side),
    /// Below the corner of the mouth.
    MouthCorner(Side),
    /// The outer cheek, away from the fold.
    OuterCheek(Side),
    /// The apple of the cheek.
    Apple(Side),
    /// The cheek just below the eye's hollow, which under-eye skin is compared with.
    UpperCheek(Side),
}

impl Zone {
    /// The outline of the face.
    pub(super) const OVAL: &'static [u16] = &[
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ];
    /// What is not measured as skin on any face: eyes with their upper lids, brows, mouth and
    /// nostrils.
    pub(super) const HOLES: [&'static [u16]; 7] = [
        &[226, 113, 225, 224, 223, 222, 221, 243, 133, 155, 154, 153, 145, 144, 163, 7, 33, 130],
        &[446, 342, 445, 444, 443, 442, 441, 463, 362, 382, 381, 380, 374, 373, 390, 249, 263, 359],
        &[70, 63, 105, 66, 107, 55, 65, 52, 53, 46],
        &[300, 293, 334, 296, 336, 285, 295, 282, 283, 276],
        &[61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91],
        &[64, 240, 99, 2, 97, 98],
        &[294, 460, 328, 2, 326, 327],
    ];
    /// The openings of the eyes.
    pub(super) const EYES: [&'static [u16]; 2] = [
        &[33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7],
        &[263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249],
    ];
    /// The middle of each iris, and the points around it.
    pub(super) const IRISES: [[u16; 5]; 2] = [[468, 469, 470, 471, 472], [473, 474, 475, 476, 477]];
    /// The zones that skin as a whole is judged by.
    pub const FACE: [Zone; 5] =
        [Zone::Forehead, Zone::Nose, Zone::Cheek(Side::Left), Zone::Cheek(Side::Right), Zone::Chin];
    /// Forehead and nose.
    pub const T_ZONE: [Zone; 2] = [Zone::Forehead, Zone::Nose];

    /// The mesh points around it, in order.
    pub fn indices(self) -> &'static [u16] {
        use Side::{Left, Right};
        match self {
            Zone::Forehead => &[
                68, 54, 103, 67, 109, 10, 338, 297, 332, 284, 298, 293, 334, 296, 336, 9, 107, 66,
                105, 63,
            ],
            Zone::Glabella => &[107, 108, 151, 337, 336, 285, 417, 168, 193, 55],
            Zone::Nose => &[
                193, 168, 417, 412, 437, 420, 360, 344, 440, 275, 4, 45, 220, 115, 131, 198, 217,
                188,
            ],
            Zone::Chin => &[
                182, 83, 18, 313, 406, 424, 430, 394, 379, 378, 400, 377, 152, 148, 176, 149, 150,
                169, 210, 204,
            ],
            Zone::UnderEye(Left) => {
                &[130, 25, 110, 24, 23, 22, 26, 112, 243, 128, 121, 120, 119, 118, 117, 111, 35]
            }
            Zone::UnderEye(Right) => &[
                359, 255, 339, 254, 253, 252, 256, 341, 463, 357, 350, 349, 348, 347, 346, 340, 265,
            ],
            Zone::TearTrough(Left) => &[110, 24, 23, 22, 26, 232, 121, 120, 119, 118, 117, 228],
            Zone::TearTrough(Right) => {
                &[339, 254, 253, 252, 256, 452, 350, 349, 348, 347, 346, 448]
            }
            Zone::CrowsFeet(Left) => &[226, 113, 156, 139, 127, 234, 116, 111, 31],
            Zone::CrowsFeet(Right) => &[446, 342, 383, 368, 356, 454, 345, 340, 261],
            Zone::Cheek(Left) => &[117, 118, 119, 100, 142, 36, 205, 207, 192, 147, 123, 116],
            Zone::Cheek(Right) => &[346, 347, 348, 329, 371, 266, 425, 427, 416, 376, 352, 345],
            Zone::Nasolabial(Left) => {
                &[49, 129, 98, 165, 92, 186, 57, 212, 216, 207, 205, 36, 142, 126]
            }
            Zone::Nasolabial(Right) => {
                &[279, 358, 327, 391, 322, 410, 287, 432, 436, 427, 425, 266, 371, 355]
            }
            Zone::MouthCorner(Left) => &[57, 212, 202, 210, 169, 194, 182, 43],
            Zone::MouthCorner(Right) => &[287, 432, 422, 430, 394, 418, 406, 273],
            Zone::OuterCheek(Left) => &[117, 118, 50, 205, 207, 214, 192, 213, 147, 123, 116],
            Zone::OuterCheek(Right) => &[346, 347, 280, 425, 427, 434, 416, 433, 376, 352, 345],
            Zone::Apple(Left) => &[117, 118, 101, 36, 205, 187, 123, 50],
            Zone::Apple(Right) => &[346, 347, 330, 266, 425, 411, 352, 280],
            Zone::UpperCheek(Left) => &[118, 119, 100, 101, 36, 205, 50],
            Zone::UpperCheek(Right) => &[347, 348, 329, 330, 266, 425, 280],
        }
    }
}

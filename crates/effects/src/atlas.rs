//! The parts of a face as polygons of mesh points (MediaPipe face mesh with irises). Left and right are
//! those of the picture.

/// The outline of the face, from the forehead clockwise.
pub const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
/// The lower outline, from the left ear over the chin to the right ear.
pub const JAW: [usize; 21] = [
    234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361,
    323, 454,
];
/// The outer edge of the lips.
pub const LIPS: [usize; 20] =
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146];
/// The inner edge of the lips: the opening of the mouth.
pub const MOUTH: [usize; 20] =
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95];
/// The openings of the eyes.
pub const EYES: [[usize; 16]; 2] = [
    [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7],
    [263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249],
];
/// The openings of the eyes with their upper lids up to the crease.
pub const LIDS: [[usize; 18]; 2] = [
    [226, 113, 225, 224, 223, 222, 221, 243, 133, 155, 154, 153, 145, 144, 163, 7, 33, 130],
    [446, 342, 445, 444, 443, 442, 441, 463, 362, 382, 381, 380, 374, 373, 390, 249, 263, 359],
];
/// Lower lids and the skin below, where circles and bags lie.
pub const UNDER_EYES: [[usize; 12]; 2] = [
    [110, 24, 23, 22, 26, 232, 121, 120, 119, 118, 117, 228],
    [339, 254, 253, 252, 256, 452, 350, 349, 348, 347, 346, 448],
];
/// The cheeks just below the hollows of the eyes.
pub const UPPER_CHEEKS: [[usize; 7]; 2] =
    [[118, 119, 100, 101, 36, 205, 50], [347, 348, 329, 330, 266, 425, 280]];
/// The outer and the inner corner of each eye.
pub const EYE_CORNERS: [[usize; 2]; 2] = [[33, 133], [263, 362]];
/// The middle of each iris, then four points of its edge.
pub const IRISES: [[usize; 5]; 2] = [[468, 469, 470, 471, 472], [473, 474, 475, 476, 477]];
/// The eyebrows.
pub const BROWS: [[usize; 10]; 2] = [
    [70, 63, 105, 66, 107, 55, 65, 52, 53, 46],
    [300, 293, 334, 296, 336, 285, 295, 282, 283, 276],
];
/// The nostrils with the rim below them.
pub const NOSTRILS: [[usize; 6]; 2] = [[64, 240, 99, 2, 97, 98], [294, 460, 328, 2, 326, 327]];
/// The cheeks.
pub const CHEEKS: [[usize; 12]; 2] = [
    [117, 118, 119, 100, 142, 36, 205, 207, 192, 147, 123, 116],
    [346, 347, 348, 329, 371, 266, 425, 427, 416, 376, 352, 345],
];
/// The middles of the discs that a face's own skin is measured in: apples and hollows of the cheeks.
pub const CHEEK_DISCS: [usize; 4] = [50, 205, 280, 425];
/// The outermost points before the ears; their distance in space is the width of the face.
pub const EARS: [usize; 2] = [234, 454];
/// The tip of the chin.
pub const CHIN: usize = 152;

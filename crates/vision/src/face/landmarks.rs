//! The landmark schemes of the API as data: each point is a mixture of points of the mesh. "Right" and
//! "left" in names are the person's own.
//!
//! The schemes of 72 and 150 points are parts of that of 201. Points between those of the mesh lie on
//! the straight line between two of them; those on an iris on the ellipse through four. The schemes'
//! makers publish names and pictures, no definitions: where each point lies is our reading of them.

use super::{Mesh, Point};

/// Weights of points of the mesh; they add up to one.
pub type Blend = &'static [(u16, f32)];

/// Where a mixture lies in a mesh.
pub fn place(mesh: &Mesh, blend: Blend) -> Point {
    blend.iter().fold(Point::default(), |sum, &(index, weight)| {
        let Point { x, y } = mesh.point(usize::from(index));
        Point { x: sum.x + x * weight, y: sum.y + y * weight }
    })
}

/// The scheme of 4 points: the eyes on the left and on the right of the picture, the tip of the nose,
/// the middle of the mouth.
pub const POINTS_4: [Blend; 4] =
    [&[(468, 1.0)], &[(473, 1.0)], &[(4, 1.0)], &[(13, 0.5), (14, 0.5)]];

/// How many points of [`POINTS_201`], from the first, are the scheme of 72.
pub const COUNT_72: usize = 72;

/// How many of them are the scheme of 150.
pub const COUNT_150: usize = 150;

/// The scheme of 105 points: brows 24, eyes 32, nose 6, mouth 34, outline 9, each loop from the left of
/// the picture over the top.
#[rustfmt::skip]
pub const POINTS_105: [Blend; 105] = [
    &[(70, 1.0)], &[(70, 0.2), (63, 0.8)], &[(63, 0.4), (105, 0.6)],
    &[(105, 0.6), (66, 0.4)], &[(66, 0.8), (107, 0.2)], &[(107, 1.0)],
    &[(55, 1.0)], &[(65, 0.8), (55, 0.2)], &[(52, 0.6), (65, 0.4)],
    &[(53, 0.4), (52, 0.6)], &[(46, 0.2), (53, 0.8)], &[(46, 1.0)],
    &[(336, 1.0)], &[(336, 0.2), (296, 0.8)], &[(296, 0.4), (334, 0.6)],
    &[(334, 0.6), (293, 0.4)], &[(293, 0.8), (300, 0.2)], &[(300, 1.0)],
    &[(276, 1.0)], &[(283, 0.8), (276, 0.2)], &[(282, 0.6), (283, 0.4)],
    &[(295, 0.4), (282, 0.6)], &[(285, 0.2), (295, 0.8)], &[(285, 1.0)],
    &[(33, 1.0)], &[(246, 1.0)], &[(161, 1.0)],
    &[(160, 1.0)], &[(159, 1.0)], &[(158, 1.0)],
    &[(157, 1.0)], &[(173, 1.0)], &[(133, 1.0)],
    &[(155, 1.0)], &[(154, 1.0)], &[(153, 1.0)],
    &[(145, 1.0)], &[(144, 1.0)], &[(163, 1.0)],
    &[(7, 1.0)], &[(362, 1.0)], &[(398, 1.0)],
    &[(384, 1.0)], &[(385, 1.0)], &[(386, 1.0)],
    &[(387, 1.0)], &[(388, 1.0)], &[(466, 1.0)],
    &[(263, 1.0)], &[(249, 1.0)], &[(390, 1.0)],
    &[(373, 1.0)], &[(374, 1.0)], &[(380, 1.0)],
    &[(381, 1.0)], &[(382, 1.0)], &[(168, 1.0)],
    &[(197, 1.0)], &[(4, 1.0)], &[(129, 1.0)],
    &[(2, 1.0)], &[(358, 1.0)], &[(61, 1.0)],
    &[(185, 1.0)], &[(40, 1.0)], &[(39, 1.0)],
    &[(37, 1.0)], &[(0, 1.0)], &[(267, 1.0)],
    &[(269, 1.0)], &[(270, 1.0)], &[(409, 1.0)],
    &[(291, 1.0)], &[(375, 1.0)], &[(321, 1.0)],
    &[(405, 1.0)], &[(314, 1.0)], &[(17, 1.0)],
    &[(84, 1.0)], &[(181, 1.0)], &[(91, 1.0)],
    &[(146, 1.0)], &[(78, 1.0)], &[(191, 0.5714), (80, 0.4286)],
    &[(80, 0.1429), (81, 0.8571)], &[(82, 0.7143), (13, 0.2857)], &[(13, 0.2857), (312, 0.7143)],
    &[(311, 0.8571), (310, 0.1429)], &[(310, 0.4286), (415, 0.5714)], &[(308, 1.0)],
    &[(318, 0.4286), (324, 0.5714)], &[(402, 0.8571), (318, 0.1429)], &[(14, 0.2857), (317, 0.7143)],
    &[(87, 0.7143), (14, 0.2857)], &[(88, 0.1429), (178, 0.8571)], &[(95, 0.5714), (88, 0.4286)],
    &[(234, 1.0)], &[(132, 0.5), (58, 0.5)], &[(136, 1.0)],
    &[(149, 0.5), (176, 0.5)], &[(152, 1.0)], &[(378, 0.5), (400, 0.5)],
    &[(365, 1.0)], &[(361, 0.5), (288, 0.5)], &[(454, 1.0)],
];

/// The scheme of 201 points by name.
#[rustfmt::skip]
pub const POINTS_201: [(&str, Blend); 201] = [
    ("cheek_right_1", &[(234, 1.0)]),
    ("cheek_right_3", &[(93, 0.3333), (132, 0.6667)]),
    ("cheek_right_5", &[(58, 0.6667), (172, 0.3333)]),
    ("cheek_right_7", &[(136, 1.0)]),
    ("cheek_right_9", &[(150, 0.3333), (149, 0.6667)]),
    ("cheek_right_11", &[(176, 0.6667), (148, 0.3333)]),
    ("chin_2", &[(152, 1.0)]),
    ("cheek_left_11", &[(400, 0.6667), (377, 0.3333)]),
    ("cheek_left_9", &[(379, 0.3333), (378, 0.6667)]),
    ("cheek_left_7", &[(365, 1.0)]),
    ("cheek_left_5", &[(288, 0.6667), (397, 0.3333)]),
    ("cheek_left_3", &[(323, 0.3333), (361, 0.6667)]),
    ("cheek_left_1", &[(454, 1.0)]),
    ("eye_right_corner_right", &[(33, 1.0)]),
    ("eye_right_eyelid_upper_2", &[(161, 1.0)]),
    ("eye_right_eyelid_upper_4", &[(159, 1.0)]),
    ("eye_right_eyelid_upper_6", &[(157, 1.0)]),
    ("eye_right_corner_left", &[(133, 1.0)]),
    ("eye_right_eyelid_lower_6", &[(154, 1.0)]),
    ("eye_right_eyelid_lower_4", &[(145, 1.0)]),
    ("eye_right_eyelid_lower_2", &[(163, 1.0)]),
    ("eye_right_eyeball_center", &[(468, 1.0)]),
    ("eyebrow_right_corner_right", &[(70, 0.5), (46, 0.5)]),
    ("eyebrow_right_upper_2", &[(63, 0.6667), (105, 0.3333)]),
    ("eyebrow_right_upper_3", &[(105, 1.0)]),
    ("eyebrow_right_upper_4", &[(105, 0.3333), (66, 0.6667)]),
    ("eyebrow_right_corner_left", &[(107, 0.5), (55, 0.5)]),
    ("eyebrow_right_lower_3", &[(65, 1.0)]),
    ("eyebrow_right_lower_2", &[(52, 1.0)]),
    ("eyebrow_right_lower_1", &[(53, 1.0)]),
    ("eye_left_corner_right", &[(362, 1.0)]),
    ("eye_left_eyelid_upper_2", &[(384, 1.0)]),
    ("eye_left_eyelid_upper_4", &[(386, 1.0)]),
    ("eye_left_eyelid_upper_6", &[(388, 1.0)]),
    ("eye_left_corner_left", &[(263, 1.0)]),
    ("eye_left_eyelid_lower_6", &[(390, 1.0)]),
    ("eye_left_eyelid_lower_4", &[(374, 1.0)]),
    ("eye_left_eyelid_lower_2", &[(381, 1.0)]),
    ("eye_left_eyeball_center", &[(473, 1.0)]),
    ("eyebrow_left_corner_right", &[(336, 0.5), (285, 0.5)]),
    ("eyebrow_left_upper_2", &[(296, 0.6667), (334, 0.3333)]),
    ("eyebrow_left_upper_3", &[(334, 1.0)]),
    ("eyebrow_left_upper_4", &[(334, 0.3333), (293, 0.6667)]),
    ("eyebrow_left_corner_left", &[(300, 0.5), (276, 0.5)]),
    ("eyebrow_left_lower_3", &[(283, 1.0)]),
    ("eyebrow_left_lower_2", &[(282, 1.0)]),
    ("eyebrow_left_lower_1", &[(295, 1.0)]),
    ("nose_right_contour_1", &[(193, 1.0)]),
    ("nose_right_contour_2", &[(174, 1.0)]),
    ("nose_right_contour_3", &[(198, 1.0)]),
    ("nose_right_contour_4", &[(129, 1.0)]),
    ("nose_right_contour_6", &[(98, 1.0)]),
    ("nose_left_contour_6", &[(327, 1.0)]),
    ("nose_left_contour_4", &[(358, 1.0)]),
    ("nose_left_contour_3", &[(420, 1.0)]),
    ("nose_left_contour_2", &[(399, 1.0)]),
    ("nose_left_contour_1", &[(417, 1.0)]),
    ("nose_tip", &[(4, 1.0)]),
    ("mouth_corner_right_outer", &[(61, 1.0)]),
    ("mouth_lip_upper_outer_3", &[(40, 0.5), (39, 0.5)]),
    ("mouth_lip_upper_outer_6", &[(0, 1.0)]),
    ("mouth_lip_upper_outer_9", &[(269, 0.5), (270, 0.5)]),
    ("mouth_corner_left_outer", &[(291, 1.0)]),
    ("mouth_lip_lower_outer_9", &[(405, 0.5), (321, 0.5)]),
    ("mouth_lip_lower_outer_6", &[(17, 1.0)]),
    ("mouth_lip_lower_outer_3", &[(91, 0.5), (181, 0.5)]),
    ("mouth_lip_upper_inner_3", &[(80, 0.5), (81, 0.5)]),
    ("mouth_lip_upper_inner_6", &[(13, 1.0)]),
    ("mouth_lip_upper_inner_9", &[(311, 0.5), (310, 0.5)]),
    ("mouth_lip_lower_inner_9", &[(402, 0.5), (318, 0.5)]),
    ("mouth_lip_lower_inner_6", &[(14, 1.0)]),
    ("mouth_lip_lower_inner_3", &[(88, 0.5), (178, 0.5)]),
    ("cheek_right_2", &[(234, 0.1667), (93, 0.8333)]),
    ("cheek_right_4", &[(132, 0.5), (58, 0.5)]),
    ("cheek_right_6", &[(172, 0.8333), (136, 0.1667)]),
    ("cheek_right_8", &[(136, 0.1667), (150, 0.8333)]),
    ("cheek_right_10", &[(149, 0.5), (176, 0.5)]),
    ("chin_1", &[(148, 0.8333), (152, 0.1667)]),
    ("chin_3", &[(377, 0.8333), (152, 0.1667)]),
    ("cheek_left_10", &[(378, 0.5), (400, 0.5)]),
    ("cheek_left_8", &[(365, 0.1667), (379, 0.8333)]),
    ("cheek_left_6", &[(397, 0.8333), (365, 0.1667)]),
    ("cheek_left_4", &[(361, 0.5), (288, 0.5)]),
    ("cheek_left_2", &[(454, 0.1667), (323, 0.8333)]),
    ("eyebrow_right_upper_1", &[(70, 0.3333), (63, 0.6667)]),
    ("eyebrow_right_upper_5", &[(66, 0.6667), (107, 0.3333)]),
    ("eyebrow_left_upper_1", &[(336, 0.3333), (296, 0.6667)]),
    ("eyebrow_left_upper_5", &[(293, 0.6667), (300, 0.3333)]),
    ("eye_right_eyelid_upper_1", &[(246, 1.0)]),
    ("eye_right_eyelid_upper_3", &[(160, 1.0)]),
    ("eye_right_eyelid_upper_5", &[(158, 1.0)]),
    ("eye_right_eyelid_upper_7", &[(173, 1.0)]),
    ("eye_right_eyelid_lower_7", &[(155, 1.0)]),
    ("eye_right_eyelid_lower_5", &[(153, 1.0)]),
    ("eye_right_eyelid_lower_3", &[(144, 1.0)]),
    ("eye_right_eyelid_lower_1", &[(7, 1.0)]),
    ("eye_right_eyeball_right", &[(471, 1.0)]),
    ("eye_right_eyeball_left", &[(469, 1.0)]),
    ("eye_left_eyelid_upper_1", &[(398, 1.0)]),
    ("eye_left_eyelid_upper_3", &[(385, 1.0)]),
    ("eye_left_eyelid_upper_5", &[(387, 1.0)]),
    ("eye_left_eyelid_upper_7", &[(466, 1.0)]),
    ("eye_left_eyelid_lower_7", &[(249, 1.0)]),
    ("eye_left_eyelid_lower_5", &[(373, 1.0)]),
    ("eye_left_eyelid_lower_3", &[(380, 1.0)]),
    ("eye_left_eyelid_lower_1", &[(382, 1.0)]),
    ("eye_left_eyeball_right", &[(476, 1.0)]),
    ("eye_left_eyeball_left", &[(474, 1.0)]),
    ("nose_bridge_1", &[(6, 1.0)]),
    ("nose_bridge_2", &[(197, 1.0)]),
    ("nose_bridge_3", &[(195, 1.0)]),
    ("nose_right_contour_5", &[(64, 1.0)]),
    ("nose_right_contour_7", &[(97, 1.0)]),
    ("nose_left_contour_7", &[(326, 1.0)]),
    ("nose_left_contour_5", &[(294, 1.0)]),
    ("nose_middle_contour", &[(2, 1.0)]),
    ("mouth_corner_right_inner", &[(78, 1.0)]),
    ("mouth_corner_left_inner", &[(308, 1.0)]),
    ("mouth_lip_upper_outer_1", &[(61, 0.1667), (185, 0.8333)]),
    ("mouth_lip_upper_outer_2", &[(185, 0.3333), (40, 0.6667)]),
    ("mouth_lip_upper_outer_4", &[(39, 0.6667), (37, 0.3333)]),
    ("mouth_lip_upper_outer_5", &[(37, 0.8333), (0, 0.1667)]),
    ("mouth_lip_upper_outer_7", &[(0, 0.1667), (267, 0.8333)]),
    ("mouth_lip_upper_outer_8", &[(267, 0.3333), (269, 0.6667)]),
    ("mouth_lip_upper_outer_10", &[(270, 0.6667), (409, 0.3333)]),
    ("mouth_lip_upper_outer_11", &[(409, 0.8333), (291, 0.1667)]),
    ("mouth_lip_lower_outer_11", &[(375, 0.8333), (291, 0.1667)]),
    ("mouth_lip_lower_outer_10", &[(321, 0.6667), (375, 0.3333)]),
    ("mouth_lip_lower_outer_8", &[(314, 0.3333), (405, 0.6667)]),
    ("mouth_lip_lower_outer_7", &[(17, 0.1667), (314, 0.8333)]),
    ("mouth_lip_lower_outer_5", &[(84, 0.8333), (17, 0.1667)]),
    ("mouth_lip_lower_outer_4", &[(181, 0.6667), (84, 0.3333)]),
    ("mouth_lip_lower_outer_2", &[(146, 0.3333), (91, 0.6667)]),
    ("mouth_lip_lower_outer_1", &[(61, 0.1667), (146, 0.8333)]),
    ("mouth_lip_upper_inner_1", &[(78, 0.1667), (191, 0.8333)]),
    ("mouth_lip_upper_inner_2", &[(191, 0.3333), (80, 0.6667)]),
    ("mouth_lip_upper_inner_4", &[(81, 0.6667), (82, 0.3333)]),
    ("mouth_lip_upper_inner_5", &[(82, 0.8333), (13, 0.1667)]),
    ("mouth_lip_upper_inner_7", &[(13, 0.1667), (312, 0.8333)]),
    ("mouth_lip_upper_inner_8", &[(312, 0.3333), (311, 0.6667)]),
    ("mouth_lip_upper_inner_10", &[(310, 0.6667), (415, 0.3333)]),
    ("mouth_lip_upper_inner_11", &[(415, 0.8333), (308, 0.1667)]),
    ("mouth_lip_lower_inner_11", &[(324, 0.8333), (308, 0.1667)]),
    ("mouth_lip_lower_inner_10", &[(318, 0.6667), (324, 0.3333)]),
    ("mouth_lip_lower_inner_8", &[(317, 0.3333), (402, 0.6667)]),
    ("mouth_lip_lower_inner_7", &[(14, 0.1667), (317, 0.8333)]),
    ("mouth_lip_lower_inner_5", &[(87, 0.8333), (14, 0.1667)]),
    ("mouth_lip_lower_inner_4", &[(178, 0.6667), (87, 0.3333)]),
    ("mouth_lip_lower_inner_2", &[(95, 0.3333), (88, 0.6667)]),
    ("mouth_lip_lower_inner_1", &[(78, 0.1667), (95, 0.8333)]),
    ("iris_left_1", &[(476, 1.0)]),
    ("iris_left_2", &[(476, 0.9511), (475, 0.309), (473, -0.2601)]),
    ("iris_left_3", &[(476, 0.809), (475, 0.5878), (473, -0.3968)]),
    ("iris_left_4", &[(476, 0.5878), (475, 0.809), (473, -0.3968)]),
    ("iris_left_5", &[(476, 0.309), (475, 0.9511), (473, -0.2601)]),
    ("iris_left_6", &[(475, 1.0)]),
    ("iris_left_7", &[(474, 0.309), (475, 0.9511), (473, -0.2601)]),
    ("iris_left_8", &[(474, 0.5878), (475, 0.809), (473, -0.3968)]),
    ("iris_left_9", &[(474, 0.809), (475, 0.5878), (473, -0.3968)]),
    ("iris_left_10", &[(474, 0.9511), (475, 0.309), (473, -0.2601)]),
    ("iris_left_11", &[(474, 1.0)]),
    ("iris_left_12", &[(474, 0.9511), (477, 0.309), (473, -0.2601)]),
    ("iris_left_13", &[(474, 0.809), (477, 0.5878), (473, -0.3968)]),
    ("iris_left_14", &[(474, 0.5878), (477, 0.809), (473, -0.3968)]),
    ("iris_left_15", &[(474, 0.309), (477, 0.9511), (473, -0.2601)]),
    ("iris_left_16", &[(477, 1.0)]),
    ("iris_left_17", &[(476, 0.309), (477, 0.9511), (473, -0.2601)]),
    ("iris_left_18", &[(476, 0.5878), (477, 0.809), (473, -0.3968)]),
    ("iris_left_19", &[(476, 0.809), (477, 0.5878), (473, -0.3968)]),
    ("iris_left_20", &[(476, 0.9511), (477, 0.309), (473, -0.2601)]),
    ("iris_right_1", &[(471, 1.0)]),
    ("iris_right_2", &[(471, 0.9511), (470, 0.309), (468, -0.2601)]),
    ("iris_right_3", &[(471, 0.809), (470, 0.5878), (468, -0.3968)]),
    ("iris_right_4", &[(471, 0.5878), (470, 0.809), (468, -0.3968)]),
    ("iris_right_5", &[(471, 0.309), (470, 0.9511), (468, -0.2601)]),
    ("iris_right_6", &[(470, 1.0)]),
    ("iris_right_7", &[(469, 0.309), (470, 0.9511), (468, -0.2601)]),
    ("iris_right_8", &[(469, 0.5878), (470, 0.809), (468, -0.3968)]),
    ("iris_right_9", &[(469, 0.809), (470, 0.5878), (468, -0.3968)]),
    ("iris_right_10", &[(469, 0.9511), (470, 0.309), (468, -0.2601)]),
    ("iris_right_11", &[(469, 1.0)]),
    ("iris_right_12", &[(469, 0.9511), (472, 0.309), (468, -0.2601)]),
    ("iris_right_13", &[(469, 0.809), (472, 0.5878), (468, -0.3968)]),
    ("iris_right_14", &[(469, 0.5878), (472, 0.809), (468, -0.3968)]),
    ("iris_right_15", &[(469, 0.309), (472, 0.9511), (468, -0.2601)]),
    ("iris_right_16", &[(472, 1.0)]),
    ("iris_right_17", &[(471, 0.309), (472, 0.9511), (468, -0.2601)]),
    ("iris_right_18", &[(471, 0.5878), (472, 0.809), (468, -0.3968)]),
    ("iris_right_19", &[(471, 0.809), (472, 0.5878), (468, -0.3968)]),
    ("iris_right_20", &[(471, 0.9511), (472, 0.309), (468, -0.2601)]),
    ("forehead_center", &[(10, 1.0)]),
    ("forehead_right_1", &[(109, 1.0)]),
    ("forehead_right_2", &[(67, 1.0)]),
    ("forehead_right_3", &[(103, 1.0)]),
    ("forehead_right_4", &[(54, 1.0)]),
    ("forehead_right_5", &[(21, 1.0)]),
    ("forehead_left_1", &[(338, 1.0)]),
    ("forehead_left_2", &[(297, 1.0)]),
    ("forehead_left_3", &[(332, 1.0)]),
    ("forehead_left_4", &[(284, 1.0)]),
    ("forehead_left_5", &[(251, 1.0)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_and_names_are_unique() {
        let blends = POINTS_4.iter().chain(&POINTS_105).chain(POINTS_201.iter().map(|(_, b)| b));
        for blend in blends {
            let sum: f32 = blend.iter().map(|(_, weight)| weight).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{blend:?}");
            assert!(blend.iter().all(|&(index, _)| index < 478));
        }
        let mut names: Vec<_> = POINTS_201.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 201);
    }
}

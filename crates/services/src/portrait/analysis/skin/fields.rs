//! Declares the fields of the answers, a group at a time: the answers about skin have hundreds.

/// A list of [`Field`](crate::Field)s. Each entry is a kind, a path and what it means:
/// `integer`, `number`, `text` are leaves; `sign` a class with its confidence, `grade` a class
/// alone, `rect` and `whole_rect` a box, `rects` a list of boxes, `marks` a list of boxes with outlines, `points` a path,
/// `polygons` a list of paths, `picture` a picture in Base64. After `maybe` an entry is not in every
/// answer.
macro_rules! fields {
    (@done $($field:expr,)*) => { &[$($field,)*] };
    (@munch [$($out:tt)*]) => { fields!(@done $($out)*) };
    (@munch [$($out:tt)*] maybe $kind:ident $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@$kind [$($out)*] [.optional()] $path $doc; $($rest)*)
    };
    (@munch [$($out:tt)*] $kind:ident $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@$kind [$($out)*] [] $path $doc; $($rest)*)
    };
    (@integer [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)* $crate::Field::new($path, $crate::FieldKind::Integer, $doc)$($opt)*,] $($rest)*)
    };
    (@number [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)* $crate::Field::new($path, $crate::FieldKind::Number, $doc)$($opt)*,] $($rest)*)
    };
    (@text [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)* $crate::Field::new($path, $crate::FieldKind::Text, $doc)$($opt)*,] $($rest)*)
    };
    (@picture [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)* $crate::Field::new($path, $crate::FieldKind::Base64, $doc)$($opt)*,] $($rest)*)
    };
    (@sign [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".value"), $crate::FieldKind::Integer, $doc)$($opt)*,
            $crate::Field::new(concat!($path, ".confidence"), $crate::FieldKind::Number,
                "How likely the value is right, 0 to 1. A heuristic.")$($opt)*,
        ] $($rest)*)
    };
    (@grade [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".value"), $crate::FieldKind::Integer, $doc)$($opt)*,
        ] $($rest)*)
    };
    (@rect [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".top"), $crate::FieldKind::Number, concat!($doc, " Upper edge in pixels."))$($opt)*,
            $crate::Field::new(concat!($path, ".left"), $crate::FieldKind::Number, "Left edge in pixels.")$($opt)*,
            $crate::Field::new(concat!($path, ".width"), $crate::FieldKind::Number, "Width in pixels.")$($opt)*,
            $crate::Field::new(concat!($path, ".height"), $crate::FieldKind::Number, "Height in pixels.")$($opt)*,
        ] $($rest)*)
    };
    (@whole_rect [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".left"), $crate::FieldKind::Integer, concat!($doc, " Left edge in pixels."))$($opt)*,
            $crate::Field::new(concat!($path, ".top"), $crate::FieldKind::Integer, "Upper edge in pixels.")$($opt)*,
            $crate::Field::new(concat!($path, ".width"), $crate::FieldKind::Integer, "Width in pixels.")$($opt)*,
            $crate::Field::new(concat!($path, ".height"), $crate::FieldKind::Integer, "Height in pixels.")$($opt)*,
        ] $($rest)*)
    };
    (@rects [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".rectangle[].left"), $crate::FieldKind::Number, concat!($doc, " Left edge of the box in pixels.")).optional(),
            $crate::Field::new(concat!($path, ".rectangle[].top"), $crate::FieldKind::Number, "Upper edge of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".rectangle[].width"), $crate::FieldKind::Number, "Width of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".rectangle[].height"), $crate::FieldKind::Number, "Height of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".confidence[]"), $crate::FieldKind::Number,
                "For each box how likely it is right, 0.5 to 1, where it was asked for. A heuristic.").optional(),
        ] $($rest)*)
    };
    (@marks [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".rectangle[].left"), $crate::FieldKind::Integer, concat!($doc, " Left edge of the box in pixels.")).optional(),
            $crate::Field::new(concat!($path, ".rectangle[].top"), $crate::FieldKind::Integer, "Upper edge of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".rectangle[].width"), $crate::FieldKind::Integer, "Width of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".rectangle[].height"), $crate::FieldKind::Integer, "Height of the box in pixels.").optional(),
            $crate::Field::new(concat!($path, ".confidence[]"), $crate::FieldKind::Number,
                "For each box how likely it is right, 0.5 to 1. A heuristic.").optional(),
            $crate::Field::new(concat!($path, ".polygon[][].x"), $crate::FieldKind::Integer, "For each box its outline, in pixels.").optional(),
            $crate::Field::new(concat!($path, ".polygon[][].y"), $crate::FieldKind::Integer, "For each box its outline, in pixels.").optional(),
            $crate::Field::new(concat!($path, ".count"), $crate::FieldKind::Integer, "How many boxes there are.")$($opt)*,
        ] $($rest)*)
    };
    (@points [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, "[].x"), $crate::FieldKind::Integer, $doc).optional(),
            $crate::Field::new(concat!($path, "[].y"), $crate::FieldKind::Integer, $doc).optional(),
        ] $($rest)*)
    };
    (@polygons [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".polygon[][].x"), $crate::FieldKind::Integer, $doc).optional(),
            $crate::Field::new(concat!($path, ".polygon[][].y"), $crate::FieldKind::Integer, $doc).optional(),
        ] $($rest)*)
    };
    (@lines [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".wrinkle_score"), $crate::FieldKind::Integer, concat!($doc, " How lined, 0 to 100: mean depth, less where the lines are short."))$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_severity_level"), $crate::FieldKind::Integer, "0 none, 1 mild, 2 moderate, 3 severe: by scores from 9, 32 and 55.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_norm_length"), $crate::FieldKind::Number, "Length of all lines over the region's circumference.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_norm_depth"), $crate::FieldKind::Number, "Mean depth, 0 to 1 for the deepest folds (18 of CIE L*).")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_pixel_density"), $crate::FieldKind::Number, "Length of all lines in pixels over a tenth of the region's pixels.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_area_ratio"), $crate::FieldKind::Number, "Share of the region that lines cover, 0 to 1.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_deep_ratio"), $crate::FieldKind::Number, "Share of the lines' length that is wrinkles rather than fine lines, 0 to 1.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_deep_num"), $crate::FieldKind::Integer, "How many wrinkles.")$($opt)*,
            $crate::Field::new(concat!($path, ".wrinkle_shallow_num"), $crate::FieldKind::Integer, "How many fine lines.")$($opt)*,
        ] $($rest)*)
    };
    (@line_list [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, "[].wrinkle_coord[].x"), $crate::FieldKind::Integer, concat!($doc, " The line's path in pixels.")).optional(),
            $crate::Field::new(concat!($path, "[].wrinkle_coord[].y"), $crate::FieldKind::Integer, "The line's path in pixels.").optional(),
            $crate::Field::new(concat!($path, "[].wrinkle_depth"), $crate::FieldKind::Number, "Depth, 0 to 1 for the deepest folds.").optional(),
            $crate::Field::new(concat!($path, "[].wrinkle_length"), $crate::FieldKind::Number, "Length in pixels.").optional(),
        ] $($rest)*)
    };
    (@shares [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".area"), $crate::FieldKind::Number, $doc)$($opt)*,
        ] $($rest)*)
    };
    (@shine [$($out:tt)*] [$($opt:tt)*] $path:literal $doc:literal; $($rest:tt)*) => {
        fields!(@munch [$($out)*
            $crate::Field::new(concat!($path, ".area"), $crate::FieldKind::Number, concat!($doc, " Share that shines, 0 to 1."))$($opt)*,
            $crate::Field::new(concat!($path, ".intensity"), $crate::FieldKind::Integer, "0 none or slight, 1 medium, 2 strong. A heuristic.")$($opt)*,
        ] $($rest)*)
    };
    ($($entries:tt)*) => { fields!(@munch [] $($entries)*) };
}

pub(in super::super) use fields;

//! One table of what each service asks engines for.
//!
//! A row is all that a service with an engine path needs beside its own mask and words; its blanks `{}` are
//! filled from [`Edit::words`](super::Edit). Words in it are a start, not measured: engines differ.

use safelight_operation::Given;

use super::{KEPT, plain};

/// What a service asks for.
pub struct Recipe {
    /// Last segment of the service's path.
    pub service: &'static str,
    /// What the engine is given.
    pub given: Given,
    /// What the mask shows, for the documentation.
    pub mask: &'static str,
    /// What shall be seen, with a blank `{}` for each of the words.
    pub prompt: &'static str,
    /// How far the picture may change, 0 to 1.
    pub strength: f32,
    /// The least cosine of the faces before and after (SFace), where the face stays.
    pub likeness: Option<f32>,
    /// Whether it is something else than the same person in the same light.
    pub drawing: bool,
}

const PHOTO: Recipe = Recipe {
    service: "",
    given: Given::Mask,
    mask: "",
    prompt: "",
    strength: 0.7,
    likeness: None,
    drawing: false,
};

const REMOVAL: Recipe = Recipe {
    mask: "the caller's mask, grown",
    prompt: "empty background, same surroundings, nothing added",
    strength: 1.0,
    drawing: true,
    ..PHOTO
};

const FIGURE: Recipe = Recipe {
    given: Given::Picture,
    mask: "none, the whole picture",
    prompt: "turn into {}, keep likeness and pose",
    strength: 0.75,
    drawing: true,
    ..PHOTO
};

/// Every recipe, in the order of its service.
pub const RECIPES: &[Recipe] = &[
    Recipe { service: "ai-anime-generator", ..FIGURE },
    Recipe {
        service: "ai-beard-removal",
        mask: "the lower face",
        prompt: "clean-shaven smooth skin",
        strength: 0.75,
        ..PHOTO
    },
    Recipe {
        service: "ai-beard-styling",
        mask: "the lower face, with room for a beard",
        prompt: "{}, single hairs, in the colour of the brows",
        strength: 0.75,
        ..PHOTO
    },
    Recipe {
        service: "ai-colored-contacts",
        mask: "the irises",
        prompt: "coloured contact lenses {}, round pupil",
        strength: 0.55,
        ..PHOTO
    },
    Recipe {
        service: "ai-eyebrows",
        given: Given::References,
        mask: "the brows",
        prompt: "eyebrows shaped like those of image 2, in the person's own hair colour",
        strength: 0.7,
        ..PHOTO
    },
    Recipe {
        service: "ai-eyelashes",
        mask: "the eyes with their lids",
        prompt: "false eyelashes, {}",
        strength: 0.55,
        ..PHOTO
    },
    Recipe {
        service: "ai-eyeshadow",
        mask: "the eyes with their lids",
        prompt: "eyeshadow on the lids, {}",
        strength: 0.55,
        ..PHOTO
    },
    Recipe {
        service: "ai-hair-color",
        mask: "the hair",
        prompt: "hair dyed {}, natural strands and highlights",
        strength: 0.6,
        likeness: Some(0.6),
        ..PHOTO
    },
    Recipe {
        service: "ai-hair-loss-simulation",
        mask: "the hair",
        prompt: "the same person with {}, natural skin of the scalp",
        strength: 0.9,
        ..PHOTO
    },
    Recipe {
        service: "ai-lip-bite-expressions",
        given: Given::Picture,
        mask: "none, the whole picture",
        prompt: "turn into a sticker sheet of {} playful lip-biting expressions of this person in a grid of \
                 {}, white outlines, plain background, keep likeness",
        strength: 0.8,
        drawing: true,
        ..PHOTO
    },
    Recipe {
        service: "ai-lip-enhancement",
        mask: "the lips",
        prompt: "fuller natural lips",
        strength: 0.5,
        ..PHOTO
    },
    Recipe {
        service: "ai-object-replacer",
        mask: "the caller's mask",
        prompt: "{}, photo, matching light and perspective",
        strength: 1.0,
        drawing: true,
        ..PHOTO
    },
    Recipe {
        service: "ai-photography",
        given: Given::Picture,
        mask: "none, the whole picture",
        prompt: "{}. {}, photo of the same person, keep likeness",
        strength: 0.7,
        drawing: true,
        ..PHOTO
    },
    Recipe {
        service: "ai-red-lip-gloss",
        mask: "the lips",
        prompt: "glossy red lipstick",
        strength: 0.5,
        ..PHOTO
    },
    Recipe {
        service: "emotion-editor-advanced",
        mask: "the face",
        prompt: "{} facial expression",
        strength: 0.65,
        ..PHOTO
    },
    Recipe {
        service: "face-attribute-editing",
        mask: "the head",
        prompt: "the same person as {}, same pose, same light",
        strength: 0.7,
        likeness: Some(0.45),
        drawing: true,
        ..PHOTO
    },
    Recipe {
        service: "hairstyle-editor",
        mask: "around the head, without the face below the brows",
        prompt: "hairstyle with {}, {}",
        strength: 0.85,
        likeness: Some(0.6),
        ..PHOTO
    },
    Recipe {
        service: "hairstyle-editor-premium",
        mask: "around the head, without the face below the brows",
        prompt: "{} hairstyle, {}",
        strength: 0.9,
        likeness: Some(0.6),
        ..PHOTO
    },
    Recipe {
        service: "hairstyle-editor-pro",
        mask: "around the head, without the face below the brows",
        prompt: "{} hairstyle, {}",
        strength: 0.9,
        likeness: Some(0.6),
        ..PHOTO
    },
    Recipe { service: "image-erase", ..REMOVAL },
    Recipe {
        service: "photo-to-emoji-grid",
        given: Given::Picture,
        mask: "none, the whole picture",
        prompt: "turn into a sticker sheet of this person in a grid of three columns and three rows, {}, {} \
                 and other expressions, {}{}, white outlines, keep likeness",
        strength: 0.8,
        drawing: true,
        ..PHOTO
    },
    Recipe { service: "portrait-animation", ..FIGURE },
    Recipe { service: "remove-objects", ..REMOVAL },
    Recipe { service: "remove-objects-advanced", ..REMOVAL },
    Recipe { service: "remove-objects-pro", ..REMOVAL },
    Recipe {
        service: "try-on-clothes",
        given: Given::References,
        mask: "the garment that is worn, and arms near it",
        prompt: "the person of image 1 wears the {} of image 2; same face, hair, hands and background",
        strength: 0.95,
        ..PHOTO
    },
    Recipe {
        service: "try-on-clothes-premium",
        given: Given::References,
        mask: "the garments that are worn, and arms near them",
        prompt: "the person of image 1 wears the garment of image 2{}; same hands and background{}",
        strength: 0.95,
        ..PHOTO
    },
    Recipe {
        service: "try-on-clothes-pro",
        given: Given::References,
        mask: "the garments that are worn, and arms near them",
        prompt: "the person of image 1 wears the garment of image 2{}; same hands and background{}",
        strength: 0.95,
        ..PHOTO
    },
    Recipe {
        service: "try-on-clothes-refiner",
        given: Given::References,
        mask: "the garments that are worn, and arms near them",
        prompt: "the {} of image 1 wears the garment of image 3{}, fine texture and seams of the fabric; \
                 face, hands and pose of image 2",
        strength: 0.3,
        ..PHOTO
    },
];

/// The row of a service.
///
/// # Panics
/// Where there is none: as a constant is made of it, such a service does not compile.
pub const fn of(service: &str) -> &'static Recipe {
    let mut index = 0;
    while index < RECIPES.len() {
        if same(RECIPES[index].service, service) {
            return &RECIPES[index];
        }
        index += 1;
    }
    panic!("the service has no recipe")
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

impl Recipe {
    /// The order's words, the blanks filled.
    pub fn prompt(&self, words: &[String]) -> String {
        let mut words = words.iter();
        let mut pieces = self.prompt.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            text += &plain_kept(words.next().map_or("", String::as_str));
            text += piece;
        }
        if self.drawing { text } else { format!("{text}, {KEPT}") }
    }
}

/// [`plain`], with a space at the start where there was one.
fn plain_kept(text: &str) -> String {
    let plain = plain(text);
    if text.starts_with(' ') && !plain.is_empty() { format!(" {plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_in_their_order() {
        let text = of("hairstyle-editor-pro").prompt(&["buzz cut".into(), "<blonde> hair".into()]);
        assert!(text.starts_with("buzz cut hairstyle, blonde hair, photorealistic"), "{text}");
        let text = of("try-on-clothes-pro").prompt(&[" and the trousers of image 3".into()]);
        assert!(text.contains("image 2 and the trousers of image 3; same hands"), "{text}");
        assert!(!of("ai-object-replacer").prompt(&["a cat".into()]).contains("same person"));
    }
}

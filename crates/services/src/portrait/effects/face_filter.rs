//! Colour filters: 78 looks of our own under the names that callers know.

use safelight_effects::looks;
use safelight_operation::{
    Code, CpuOperation, Example, Fault, Input, Memory, Needs, Number, Output, Picture, Result,
    Rules, Spec, Url, Work,
};

use crate::image::{bled, encoded};

/// The service.
pub struct FaceFilter;

/// The words of `resource_type`, each with the look that it stands for and its name.
const FILTERS: &[(&str, &str, &str)] = &[
    ("10001", "white-tea", "White Tea"),
    ("10002", "fair-skin", "Fair Skin"),
    ("10003", "early-summer", "Early Summer"),
    ("10004", "tokyo", "Tokyo"),
    ("10005", "confession", "Confession"),
    ("10006", "warm-sunshine", "Warm Sunshine"),
    ("10007", "rose", "Rose"),
    ("10008", "clarity", "Clarity"),
    ("10009", "crystal-clear", "Crystal Clear"),
    ("10010", "sweet-mint", "Sweet Mint"),
    ("10011", "basic", "Basic"),
    ("10012", "heartbeat", "Heartbeat"),
    ("10013", "muted-gray", "Muted Gray"),
    ("10014", "cherry-pudding", "Cherry Pudding"),
    ("10015", "natural", "Natural"),
    ("10016", "elegance", "Elegance"),
    ("10017", "black-and-white", "Black and White"),
    ("10018", "fruit", "Fruit"),
    ("10019", "love", "Love"),
    ("10020", "winter", "Winter"),
    ("10021", "photo", "Photo"),
    ("10022", "summer", "Summer"),
    ("10023", "fragrance", "Fragrance"),
    ("10024", "charm", "Charm"),
    ("10025", "throb", "Throb"),
    ("10026", "beach", "Beach"),
    ("10027", "street-snap", "Street Snap"),
    ("10028", "sweet", "Sweet"),
    ("10029", "first-kiss", "First Kiss"),
    ("10030", "afternoon", "Afternoon"),
    ("10031", "vitality", "Vitality"),
    ("10032", "hazy", "Hazy"),
    ("10033", "joyful", "Joyful"),
    ("10034", "fashion", "Fashion"),
    ("10035", "bubbles", "Bubbles"),
    ("10036", "lemon", "Lemon"),
    ("10037", "cotton-candy", "Cotton Candy"),
    ("10038", "brook", "Brook"),
    ("10039", "beauty", "Beauty"),
    ("10040", "coffee", "Coffee"),
    ("10041", "tender-bud", "Tender Bud"),
    ("10042", "passion", "Passion"),
    ("10043", "gradual-warmth", "Gradual Warmth"),
    ("10044", "breakfast", "Breakfast"),
    ("10045", "white-tea", "White Tea"),
    ("10046", "fair", "Fair"),
    ("10047", "holy", "Holy"),
    ("10048", "forest", "Forest"),
    ("10049", "surfing", "Surfing"),
    ("10050", "milk-coffee", "Milk Coffee"),
    ("10051", "clear", "Clear"),
    ("10052", "breeze", "Breeze"),
    ("10053", "sunset", "Sunset"),
    ("10054", "water-glow", "Water Glow"),
    ("10055", "japanese-style", "Japanese Style"),
    ("10056", "starlight", "Starlight"),
    ("10057", "sunshine", "Sunshine"),
    ("10058", "falling-leaves", "Falling Leaves"),
    ("10059", "vitality", "Vitality"),
    ("10060", "sweetheart", "Sweetheart"),
    ("10061", "elegance", "Elegance"),
    ("10062", "spring", "Spring"),
    ("10063", "rome", "Rome"),
    ("10064", "green", "Green"),
    ("10065", "gentle-breeze", "Gentle Breeze"),
    ("10066", "warm-heart", "Warm Heart"),
    ("10067", "seawater", "Seawater"),
    ("10068", "mysterious", "Mysterious"),
    ("10069", "vintage-1", "Vintage 1"),
    ("10070", "vintage-2", "Vintage 2"),
    ("10071", "snowy-peak", "Snowy Peak"),
    ("10072", "sunlight", "Sunlight"),
    ("10073", "floating-clouds", "Floating Clouds"),
    ("10074", "flowing-colors", "Flowing Colors"),
    ("10075", "film", "Film"),
    ("10076", "nostalgia", "Nostalgia"),
    ("10077", "cheese", "Cheese"),
    ("10078", "butterfly", "Butterfly"),
];

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. It need not show a face.
    #[picture(Rules { max_bytes: 3 * Rules::MB, min: (10, 10), max: (2000, 2000), ..Rules::ORDINARY })]
    image: Picture,
    /// The filter.
    #[choice(FILTERS)]
    resource_type: &'static str,
    /// How much of the filter is mixed with the photo, linear in Oklab: 0 leaves the photo as it is.
    #[kind(Example(Number(0.0..=1.0), "0.8"))]
    strength: f64,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The toned photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.image_url")]
    image_url: Url,
}

impl CpuOperation for FaceFilter {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-filter",
        name: "Face Filters",
        sign: "portrait_face_filter",
        pool: "portrait_facial_filters",
        price: 1,
        summary: "Tones and colours a photo with one of 78 looks: curve, split tone, colour by hue, some \
                  with grain, vignette or a glow around lights.",
        limitations: "The looks are named as the vendor's are, and are Safelight's own. Three names occur \
                      twice (White Tea, Vitality, Elegance), each time with the same look.",
        // The encoded result beside what a look takes.
        memory: Memory { base: looks::BASE_BYTES, per_pixel: 8 + looks::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let look = looks::find(input.resource_type).ok_or_else(|| {
            Fault::new(
                Code::ProcessingFailure,
                format!("the look {} is missing", input.resource_type),
            )
        })?;
        let mut photo = bled(input.image.decode(work)?);
        work.stage("look", || {
            look.apply(&mut photo.rgb, input.strength as f32);
            Ok(())
        })?;
        Ok(Answer { image_url: Url(encoded(&photo, work)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_has_a_look() {
        FILTERS.iter().for_each(|(word, id, _)| assert!(looks::find(id).is_some(), "{word}: {id}"));
    }
}

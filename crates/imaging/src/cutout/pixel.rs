//! Alpha and the subject's colour of one pixel, from what was found around it.

/// What is interpolated for each pixel.
#[derive(Clone, Copy)]
pub(super) struct Node([f32; NODE]);

/// The linear model of alpha (0..4), the subject's colour (4..7), the background's colour (7..10), by
/// how much contrast is raised against haze (10), the mask (11) and how much it counts (12); the rest
/// fills a vector.
const NODE: usize = 16;

/// Alpha this close to 0 and 1 along crisp edges is taken as such: the haze that a linear model leaves.
const HAZE: f32 = 0.05;
/// Colours this far apart (0 to 255) tell subject from background as well as not.
const APART: f32 = 40.0;
/// A colour this far off the way from one to the other tells half as much.
const OFF: f32 = 30.0;

impl Node {
    /// Of a linear model of alpha, the colours of subject and background, the share of the haze that
    /// alpha has, the mask and how much the mask counts; all 0 to 1.
    pub fn new(
        model: [f32; 4],
        subject: [f32; 3],
        background: [f32; 3],
        haze: f32,
        mask: f32,
        ramp: f32,
    ) -> Self {
        let [r, g, b, rest] = model;
        let [r, g, b] = [r, g, b].map(|coefficient| coefficient / 255.0);
        let ([sr, sg, sb], [br, bg, bb]) =
            (subject.map(|value| value * 255.0), background.map(|value| value * 255.0));
        let contrast = 1.0 / (1.0 - 2.0 * HAZE * haze);
        Self([r, g, b, rest, sr, sg, sb, br, bg, bb, contrast, mask, ramp, 0.0, 0.0, 0.0])
    }

    /// What lies between this and `other`, by the share of `other`.
    #[inline(always)]
    pub fn mixed(&self, other: &Self, share: f32) -> Self {
        let mut node = [0.0; NODE];
        for (c, value) in node.iter_mut().enumerate() {
            *value = self.0[c] + share * (other.0[c] - self.0[c]);
        }
        Self(node)
    }

    /// The subject's colour in a pixel of this colour, and its alpha.
    #[inline(always)]
    pub fn pixel(&self, colour: [u8; 3]) -> ([u8; 3], u8) {
        let [r, g, b, rest, .., contrast, mask, ramp, _, _, _] = self.0;
        let seen = colour.map(f32::from);
        let linear = r * seen[0] + g * seen[1] + b * seen[2] + rest;
        let linear = (0.5 + contrast * (linear - 0.5)).clamp(0.0, 1.0);
        if linear >= 1.0 && ramp <= 0.0 {
            return (colour, 255);
        }
        let alpha = self.decided(seen, linear);
        let alpha = alpha + ramp * (mask - alpha);
        let scale = alpha / (0.02 + alpha * alpha + (1.0 - alpha) * (1.0 - alpha));
        let own = std::array::from_fn(|c| {
            let (subject, background) = (self.0[4 + c], self.0[7 + c]);
            let short = seen[c] - alpha * subject - (1.0 - alpha) * background;
            (subject + scale * short + 0.5).clamp(0.0, 255.0) as u8
        });
        (own, (alpha * 255.0 + 0.5) as u8)
    }

    /// Where the linear model is undecided: how far the colour seen lies on the way from the
    /// background's colour to the subject's, as far as these two differ and it does lie between them.
    #[inline(always)]
    fn decided(&self, seen: [f32; 3], linear: f32) -> f32 {
        let (mut apart, mut along, mut off) = (0.0, 0.0, 0.0);
        for (c, seen) in seen.into_iter().enumerate() {
            let (way, step) = (self.0[4 + c] - self.0[7 + c], seen - self.0[7 + c]);
            apart += way * way;
            along += way * step;
            off += step * step;
        }
        let share = (along / (apart + 1.0)).clamp(0.0, 1.0);
        let off = (off - 2.0 * share * along + share * share * apart).max(0.0);
        let trust = apart * (OFF * OFF) / ((apart + APART * APART) * (OFF * OFF + off));
        let undecided = 1.0 - (2.0 * linear - 1.0).powi(4);
        linear + undecided * trust * (share - linear)
    }
}

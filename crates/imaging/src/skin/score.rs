//! From measures to classes.

/// How strong a sign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Not there.
    None,
    /// Seen by who looks for it.
    Mild,
    /// Seen at once.
    Moderate,
    /// The first thing one sees.
    Severe,
}

impl Severity {
    /// The class of a measure between the lower limits of the three.
    pub fn of(measure: f32, limits: [f32; 3]) -> Self {
        match measure {
            m if m >= limits[2] => Self::Severe,
            m if m >= limits[1] => Self::Moderate,
            m if m >= limits[0] => Self::Mild,
            _ => Self::None,
        }
    }

    /// 0 for none to 3 for severe.
    pub fn level(self) -> u8 {
        self as u8
    }
}

/// How likely it is that a measure that is uncertain by about `softness` lies above `limit`: the
/// logistic function, 0 to 1, 0.5 at the limit.
pub fn chance(measure: f32, limit: f32, softness: f32) -> f32 {
    1.0 / (1.0 + (-(measure - limit) / softness).exp())
}

/// Severity from 0 to 100 of something that covers the share `area` of the skin with a mean
/// `strength` (0 to 1). The area decides the band of the API's table (its limits: the shares where
/// mild, moderate and severe begin, for severities from 10, 30 and 50), area and strength in equal
/// parts the place within it. More of either never lowers it.
pub fn band(area: f32, limits: [f32; 3], strength: f32) -> f32 {
    if area <= 0.0 {
        return 0.0;
    }
    let bands = [
        (0.0, limits[0], 0.0, 10.0),
        (limits[0], limits[1], 10.0, 30.0),
        (limits[1], limits[2], 30.0, 50.0),
        (limits[2], 1.0, 50.0, 70.0),
    ];
    let found = bands.into_iter().rev().find(|&(from, ..)| area >= from);
    let (from, to, low, high) = found.unwrap_or(bands[0]);
    let place = ((area - from) / (to - from)).clamp(0.0, 1.0);
    low + (high - low) * (place + strength.clamp(0.0, 1.0)) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_and_more_never_lowers() {
        let limits = [0.1, 0.31, 0.61];
        assert_eq!(band(0.0, limits, 1.0), 0.0);
        for strength in [0.0, 0.3, 1.0] {
            for (area, low, high) in
                [(0.05, 0.0, 10.0), (0.2, 10.0, 30.0), (0.5, 30.0, 50.0), (0.9, 50.0, 70.0)]
            {
                assert!((low..=high).contains(&band(area, limits, strength)));
            }
            let ladder: Vec<_> =
                (0..=100).map(|i| band(i as f32 / 100.0, limits, strength)).collect();
            assert!(ladder.is_sorted());
        }
        assert!(band(0.2, limits, 0.8) > band(0.2, limits, 0.4));
    }

    #[test]
    fn classes_and_chances() {
        let classes = [0.5, 1.0, 2.5, 9.0].map(|m| Severity::of(m, [1.0, 2.0, 3.0]).level());
        assert_eq!(classes, [0, 1, 2, 3]);
        assert_eq!(chance(3.0, 3.0, 1.0), 0.5);
        assert!(chance(9.0, 3.0, 1.0) > 0.99 && chance(-9.0, 3.0, 1.0) < 0.01);
    }
}

//! Holes filled from what is around them, smoothly: a membrane by a pyramid of means (push and pull,
//! Gortler et al. 1996).

use safelight_imaging::map::Map;

/// The map where `known` is 1, and a smooth continuation of it where `known` is 0.
pub fn filled(map: &Map, known: &Map) -> Map {
    if map.width <= 1 && map.height <= 1 {
        return map.clone();
    }
    let (width, height) = (map.width.div_ceil(2), map.height.div_ceil(2));
    let empty = Map { width, height, values: vec![0.0; width * height] };
    let gathered = |value: &dyn Fn(usize) -> f32| {
        let mut sums = empty.clone();
        for y in 0..map.height {
            for x in 0..map.width {
                sums.values[y / 2 * width + x / 2] += value(y * map.width + x);
            }
        }
        sums
    };
    let weights = gathered(&|i| known.values[i]);
    let sums = gathered(&|i| known.values[i] * map.values[i]);
    let means = sums.join(&weights, |sum, weight| if weight > 1e-6 { sum / weight } else { 0.0 });
    let certain = weights.each(|x, y| weights.values[y * width + x].min(1.0));
    let coarse = filled(&means, &certain);
    map.each(|x, y| {
        let i = y * map.width + x;
        let share = known.values[i].clamp(0.0, 1.0);
        let place = |at: usize| (at as f32 - 0.5) / 2.0;
        let around = coarse.between(place(x), place(y));
        map.values[i] * share + around * (1.0 - share)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_a_slope_is_closed_and_the_rest_stays() {
        let (width, height) = (60, 40);
        let slope: Vec<f32> =
            (0..width * height).map(|i| (i % width) as f32 + 2.0 * (i / width) as f32).collect();
        let map = Map { width, height, values: slope.clone() };
        let hole = |i: usize| (20..32).contains(&(i % width)) && (15..25).contains(&(i / width));
        let known: Vec<f32> = (0..slope.len()).map(|i| f32::from(u8::from(!hole(i)))).collect();
        let mut broken = map.clone();
        (0..slope.len()).filter(|&i| hole(i)).for_each(|i| broken.values[i] = -500.0);
        let mended = filled(&broken, &Map { width, height, values: known });
        for (i, (&found, &wanted)) in mended.values.iter().zip(&slope).enumerate() {
            let most = if hole(i) { 8.0 } else { 1e-3 };
            assert!((found - wanted).abs() <= most, "{i}: {found} {wanted}");
        }
    }
}

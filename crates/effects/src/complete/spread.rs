//! Values that are known at some pixels, spread smoothly over the others (push-pull, Gortler 1996).

/// Values of three channels on a plane, each with a weight from 0 (unknown) to 1.
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<[f32; 3]>,
    pub weights: Vec<f32>,
}

/// Fills in what has no weight from what has.
pub fn spread(plane: &mut Plane) {
    if plane.width <= 1 && plane.height <= 1 || plane.weights.iter().all(|&weight| weight >= 1.0) {
        return;
    }
    let mut coarse = pushed(plane);
    spread(&mut coarse);
    for y in 0..plane.height {
        for x in 0..plane.width {
            let at = y * plane.width + x;
            let weight = plane.weights[at];
            if weight < 1.0 {
                let under = coarse.between((x as f32 - 0.5) / 2.0, (y as f32 - 0.5) / 2.0);
                let own = plane.values[at];
                plane.values[at] =
                    std::array::from_fn(|c| own[c] * weight + under[c] * (1.0 - weight));
            }
        }
    }
}

/// The plane at half the size: means by weight.
fn pushed(plane: &Plane) -> Plane {
    let (width, height) = (plane.width.div_ceil(2), plane.height.div_ceil(2));
    let mut coarse = Plane {
        width,
        height,
        values: vec![[0.0; 3]; width * height],
        weights: vec![0.0; width * height],
    };
    for y in 0..plane.height {
        for x in 0..plane.width {
            let (at, to) = (y * plane.width + x, y / 2 * width + x / 2);
            let weight = plane.weights[at];
            (0..3).for_each(|c| coarse.values[to][c] += weight * plane.values[at][c]);
            coarse.weights[to] += weight;
        }
    }
    for (value, weight) in coarse.values.iter_mut().zip(&mut coarse.weights) {
        if *weight > 0.0 {
            *value = value.map(|value| value / *weight);
            *weight = weight.min(1.0);
        }
    }
    coarse
}

impl Plane {
    /// The value at a place between pixels, linear.
    pub fn between(&self, x: f32, y: f32) -> [f32; 3] {
        let cells = |at: f32, length: usize| {
            let at = at.clamp(0.0, (length - 1) as f32);
            let low = at as usize;
            (low, (low + 1).min(length - 1), at - low as f32)
        };
        let (left, right, across) = cells(x, self.width);
        let (upper, lower, down) = cells(y, self.height);
        std::array::from_fn(|c| {
            let row = |row: usize| {
                let (a, b) = (
                    self.values[row * self.width + left][c],
                    self.values[row * self.width + right][c],
                );
                a + (b - a) * across
            };
            row(upper) + (row(lower) - row(upper)) * down
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_lies_between() {
        let mut plane =
            Plane { width: 9, height: 5, values: vec![[0.0; 3]; 45], weights: vec![0.0; 45] };
        for y in 0..5 {
            for (x, value) in [(0, 1.0), (8, 3.0)] {
                plane.values[y * 9 + x] = [value; 3];
                plane.weights[y * 9 + x] = 1.0;
            }
        }
        spread(&mut plane);
        let row: Vec<f32> = (0..9).map(|x| plane.values[18 + x][0]).collect();
        assert_eq!((row[0], row[8]), (1.0, 3.0));
        assert!(row.is_sorted() && (1.1..2.9).contains(&row[4]), "{row:?}");
    }
}

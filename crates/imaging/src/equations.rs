//! Linear equations.

/// The solution of `N` linear equations: row by row the factors of the unknowns, and the right sides. Gaussian
/// elimination with partial pivoting. `None` where they have no single solution.
pub fn solved<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for at in 0..N {
        let size = |row: usize| matrix[row][at].abs();
        let pivot = (at..N).max_by(|&a, &b| size(a).total_cmp(&size(b)))?;
        matrix.swap(at, pivot);
        right.swap(at, pivot);
        let row = matrix[at];
        if row[at].is_nan() || row[at].abs() < 1e-9 {
            return None;
        }
        for other in (0..N).filter(|&other| other != at) {
            let factor = matrix[other][at] / row[at];
            matrix[other].iter_mut().zip(row).for_each(|(value, own)| *value -= factor * own);
            right[other] -= factor * right[at];
        }
    }
    Some(std::array::from_fn(|at| right[at] / matrix[at][at]))
}

/// The factors of the terms that come nearest to the values by least squares, for `M` values of each sample: its
/// terms, then its values. `None` where the samples do not determine them.
pub fn least_squares<const N: usize, const M: usize>(
    samples: impl Iterator<Item = ([f64; N], [f64; M])>,
) -> Option<[[f64; N]; M]> {
    let (mut matrix, mut right) = ([[0.0; N]; N], [[0.0; N]; M]);
    for (terms, values) in samples {
        for (row, factor) in terms.into_iter().enumerate() {
            matrix[row].iter_mut().zip(terms).for_each(|(sum, term)| *sum += factor * term);
            right.iter_mut().zip(values).for_each(|(sums, value)| sums[row] += factor * value);
        }
    }
    let mut found = [[0.0; N]; M];
    for (found, right) in found.iter_mut().zip(right) {
        *found = solved(matrix, right)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_finds_lines_through_noise() {
        let samples = |slope: f64| {
            (0..10).map(move |i| {
                let (x, noise) = (f64::from(i), if i % 4 % 3 == 0 { 0.1 } else { -0.1 });
                ([1.0, x], [2.0 + slope * x, 5.0 - x + noise])
            })
        };
        let [exact, noisy] = least_squares(samples(0.5)).expect("two lines");
        assert!((exact[0] - 2.0).abs() < 1e-9 && (exact[1] - 0.5).abs() < 1e-9, "{exact:?}");
        assert!((noisy[0] - 5.0).abs() < 0.1 && (noisy[1] + 1.0).abs() < 0.02, "{noisy:?}");
        assert_eq!(
            least_squares(samples(1.0).take(1)),
            None,
            "one sample does not determine a line"
        );
    }

    #[test]
    fn what_is_found_solves_them() {
        let matrix = [[0.0, 2.0, 1.0], [3.0, -1.0, 0.5], [1.0, 1.0, -2.0]];
        let unknown = [2.0, -3.0, 0.25];
        let right = matrix.map(|row| row.iter().zip(unknown).map(|(a, b)| a * b).sum());
        let found = solved(matrix, right).expect("one solution");
        assert!(found.iter().zip(unknown).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(solved([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0]), None);
    }
}

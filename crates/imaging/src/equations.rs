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

#[cfg(test)]
mod tests {
    use super::*;

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

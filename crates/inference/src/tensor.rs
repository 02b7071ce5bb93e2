//! Tensors: a shape, and numbers in row-major order.

use serde::{Deserialize, Serialize};

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// 32-bit floats.
    F32,
    /// Bytes.
    U8,
    /// 32-bit integers.
    I32,
}

impl DType {
    /// The name in manifests and messages.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::U8 => "u8",
            DType::I32 => "i32",
        }
    }
}

/// The elements of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Bytes.
    U8(Vec<u8>),
    /// 32-bit integers.
    I32(Vec<i32>),
}

impl Elements {
    fn len(&self) -> usize {
        match self {
            Elements::F32(v) => v.len(),
            Elements::U8(v) => v.len(),
            Elements::I32(v) => v.len(),
        }
    }
}

impl From<Vec<f32>> for Elements {
    fn from(elements: Vec<f32>) -> Self {
        Elements::F32(elements)
    }
}

impl From<Vec<u8>> for Elements {
    fn from(elements: Vec<u8>) -> Self {
        Elements::U8(elements)
    }
}

impl From<Vec<i32>> for Elements {
    fn from(elements: Vec<i32>) -> Self {
        Elements::I32(elements)
    }
}

/// A dense tensor in row-major order, whose shape always fits its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    elements: Elements,
}

impl Tensor {
    /// A tensor of this shape. Fails with [`ShapeError`] where the elements are more or fewer than
    /// the shape holds.
    pub fn new(
        shape: impl Into<Vec<usize>>,
        elements: impl Into<Elements>,
    ) -> Result<Self, ShapeError> {
        let (shape, elements) = (shape.into(), elements.into());
        let holds = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        if holds != Some(elements.len()) {
            return Err(ShapeError { shape, elements: elements.len() });
        }
        Ok(Self { shape, elements })
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// What the elements are.
    pub fn dtype(&self) -> DType {
        match self.elements {
            Elements::F32(_) => DType::F32,
            Elements::U8(_) => DType::U8,
            Elements::I32(_) => DType::I32,
        }
    }

    /// The floats, where it has floats.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.elements {
            Elements::F32(floats) => Some(floats),
            _ => None,
        }
    }
}

/// The elements do not fill the shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tensor of shape {shape:?} cannot be made of {elements} elements")]
pub struct ShapeError {
    /// The shape asked for.
    pub shape: Vec<usize>,
    /// How many elements there were.
    pub elements: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_holds_exactly_its_elements() {
        let tensor = Tensor::new([2, 3], vec![0_u8; 6]).expect("six elements");
        assert_eq!((tensor.shape(), tensor.dtype()), (&[2, 3][..], DType::U8));
        assert!(Tensor::new([2, 3], vec![0.0_f32; 5]).is_err());
        assert!(Tensor::new([usize::MAX, 2], vec![0_i32; 2]).is_err(), "the product overflows");
    }
}

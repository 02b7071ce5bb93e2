//! Pictures of people made better.

mod try_on_clothes_refiner;

pub use try_on_clothes_refiner::TryOnClothesRefiner;

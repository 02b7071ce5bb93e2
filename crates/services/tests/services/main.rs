//! The services, through their declarations: what a caller sends and what it gets.

mod apparel;
mod atlas;
mod beauty;
mod catalog;
mod compose;
mod contrast;
mod cutouts;
mod documents;
mod drawn;
mod editing;
mod effects;
mod engines;
mod enhance;
mod expressions;
mod faces;
mod gallery;
mod goods;
mod heads;
mod inputs;
mod ocr;
mod painted;
mod portraits;
mod shapes;
mod skin;
mod support;
mod swaps;

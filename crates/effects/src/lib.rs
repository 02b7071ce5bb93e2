//! What is done to a face or a scene: skin, shape, colour, strokes, looks, completion, marks.
//!
//! One building block per file; a service puts blocks together. Blocks know pixels and the geometry of
//! a face, and neither requests nor models. Lengths on a face are in `fw`, the distance in space of the
//! mesh points 234 and 454, so that every number holds at any size.

#![forbid(unsafe_code)]

pub mod alive;
pub mod atlas;
pub mod bald;
pub mod body;
pub mod canonical;
pub mod change;
pub mod complete;
pub mod deblur;
pub mod describe;
pub mod dice;
pub mod drawn;
pub mod expression;
pub mod extend;
pub mod face_paint;
pub mod features;
pub mod field;
pub mod figure;
pub mod flowers;
pub mod fuller;
pub mod hair;
pub mod hair_loss;
pub mod head;
pub mod heal;
pub mod kit;
pub mod lab;
pub mod layers;
pub mod looks;
pub mod makeup;
pub mod mark;
pub mod nails;
pub mod nearest;
pub mod patch;
pub mod path;
pub mod photograph;
pub mod portrait;
pub mod pull;
pub mod recolour;
pub mod region;
pub mod retouch;
pub mod scalp;
pub mod shape;
pub mod stickers;
pub mod strokes;
pub mod swap;
pub mod tint;
pub mod treatment;
pub mod window;

pub use change::Change;
pub use expression::Expression;
pub use features::Features;
pub use field::Field;
pub use figure::Figure;
pub use heal::Heal;
pub use kit::Kit;
pub use portrait::Beauty;
pub use retouch::Retouch;
pub use shape::Shape;
pub use treatment::Treatment;
pub use window::Window;

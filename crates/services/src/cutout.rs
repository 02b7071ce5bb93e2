//! Cut-outs: the subject freed from its background.

pub mod general;

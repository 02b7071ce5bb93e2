//! Operations per second of the store.

fn main() {}

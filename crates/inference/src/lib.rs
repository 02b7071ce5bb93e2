//! The inference engine behind one trait, the model registry, and the native runtime.

/// The models that this process may use.
pub struct Registry;

//! Stories that every store must tell alike.

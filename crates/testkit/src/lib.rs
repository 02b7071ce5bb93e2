//! What the tests of several crates share: photos, the native runtime, a running server.

//! Collecting: sources, and the one supervisor that runs them.

pub mod source;

//! (skeleton)

mod query;

//! (skeleton)

mod agreement;
mod query;

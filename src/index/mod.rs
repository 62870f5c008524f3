//! (skeleton)

pub mod compile;
pub mod near;
pub mod scan;
pub mod schema;

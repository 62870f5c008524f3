//! Resonanz.

pub mod classify;
pub mod clock;
pub mod collect;
pub mod desk;
pub mod index;
pub mod matching;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod privacy;
pub mod query;
pub mod serve;
pub mod store;
pub mod text;

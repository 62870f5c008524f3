//! Resonanz.

pub mod app;
pub mod classify;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod config;
pub mod desk;
pub mod index;
pub mod matching;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod pipeline;
pub mod privacy;
pub mod query;
pub mod serve;
pub mod store;
pub mod text;

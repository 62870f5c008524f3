//! One integration binary.

mod erasure;
mod house;
mod index;
mod query;
mod sweep;

//! One integration binary.

mod agreement;
mod erasure;
mod house;
mod index;
mod query;
mod search;
mod sweep;

//! One integration binary.

mod erasure;
mod house;
mod index;
mod sweep;

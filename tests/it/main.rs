//! The one integration binary. Each module says what it proves.

mod classify;
mod desk;
mod erasure;
mod house;
mod index;
mod peer_smtp;
mod query;
mod store;
mod sweep;
mod tidy;

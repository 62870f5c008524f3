//! The one integration binary. Each module says what it proves.

mod classify;
mod desk;
mod peer_smtp;
mod query;
mod store;
mod tidy;

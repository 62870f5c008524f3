//! The one integration binary. Each module says what it proves.

mod query;
mod store;
mod tidy;

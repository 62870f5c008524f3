//! The one integration binary. Each module says what it proves.

mod store;
mod tidy;

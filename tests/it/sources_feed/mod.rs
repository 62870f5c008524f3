//! Feeds: what their bytes become, that no bytes do harm, and how the source behaves on a network
//! of servers that do everything wrong.

mod bytes;
mod network;
pub mod websub;

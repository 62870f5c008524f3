//! Neighbours with faults to order.

pub mod http;
pub mod mastodon;
pub mod websocket;

//! Neighbours with faults to order.

pub mod websocket;

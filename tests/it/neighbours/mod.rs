//! Other people's servers, with faults to order.

pub mod http;

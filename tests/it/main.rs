//! The one integration binary. Each module says what it proves.

mod dashboards;
mod peer_browser;
mod peer_prometheus;
mod serve;
mod serve_house;

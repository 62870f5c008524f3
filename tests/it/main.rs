//! The one integration binary. Each module says what it proves.

mod agreement;
mod classify;
mod dashboards;
mod desk;
mod erasure;
mod fixtures;
mod house;
mod index;
mod neighbours;
mod peer_bluesky;
mod peer_browser;
mod peer_prometheus;
mod peer_smtp;
mod query;
mod recorded;
mod search;
mod serve;
mod serve_house;
mod sources_bluesky;
mod sources_replay;
mod store;
mod supervise;
mod sweep;
mod tidy;

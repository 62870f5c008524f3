//! The one integration binary. Each module says what it proves.

mod agreement;
mod classify;
mod cli;
mod config;
mod dashboards;
mod desk;
mod erasure;
mod fixtures;
mod house;
mod http;
mod index;
mod neighbours;
mod peer_bluesky;
mod peer_browser;
mod peer_jetstream;
mod peer_prometheus;
mod peer_smtp;
mod query;
mod search;
mod serve;
mod serve_access;
mod serve_house;
mod sources_bluesky;
mod store;
mod sweep;
mod tidy;

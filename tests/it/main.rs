//! The one integration binary. Each module says what it proves.

// In a test a panic is the message, and printing is for whoever reads along.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]
// A golden text is as long as it is.
#![allow(clippy::too_many_lines)]

mod aggregate;
mod agreement;
mod archive;
mod bulk_erasure;
mod classify;
mod cli;
mod coding;
mod collect_http;
mod compliance;
mod config;
mod damage;
mod dashboards;
mod demo;
mod desk;
mod disk;
mod elastic;
mod erasure;
mod fixtures;
mod frames;
#[path = "../fuzz/checks.rs"]
mod fuzz_checks;
mod hearing;
mod house;
mod house_erasure;
mod http;
mod index;
mod judgements;
mod kill;
mod messages;
mod neighbours;
mod normalise;
mod peer_bluesky;
mod peer_browser;
mod peer_jetstream;
mod peer_mastodon;
mod peer_prism;
mod peer_prometheus;
mod peer_smtp;
mod push_down;
mod query;
mod query_import;
mod query_killers;
mod query_vectors;
mod rebuild;
mod recorded;
mod refresh;
mod reload;
mod retention;
mod robots;
mod search;
mod second;
mod serve;
mod serve_access;
mod serve_draft;
mod serve_house;
mod serve_limits;
mod serve_reader;
mod serve_saved;
mod skipped;
mod sources_bluesky;
mod sources_feed;
mod sources_mastodon;
mod sources_meta;
mod sources_registers;
mod sources_replay;
mod sources_search;
mod sources_telegram;
mod sources_web;
mod sources_wikipedia;
mod sources_x;
mod sources_youtube;
mod sources_youtube_push;
mod store;
mod stories;
mod supervise;
mod sweep;
mod tidy;
mod tiny_transformer;
mod vocabulary;

//! Facebook, Instagram and Threads. The Graph API is a neighbour on loopback; that the fields we ask
//! for exist, Meta's own library says.

mod fields;
mod fixtures;
mod letters;
mod looks;
mod peers;
mod pushes;
mod recorded;

use resonanz::clock::Clock;
use resonanz::collect::hosts::{Hosts, Rate};
use resonanz::collect::http::Limits;
use resonanz::collect::meta::{Meta, MetaConfig, Network};
use resonanz::collect::source::Source;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const ACCOUNT: &str = "900";

/// A file with a token that opens nothing.
pub fn token_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/meta-token.txt")
}

/// An account whose API stands at this address, with a permission.
pub fn settings(address: &str) -> MetaConfig {
    MetaConfig {
        account: ACCOUNT.to_owned(),
        token_file: token_file(),
        permission_by: "Referat Presse".to_owned(),
        permission_on: "2026-11-20".to_owned(),
        permission_link: "https://intranet.example/app-review/17".to_owned(),
        url: Some(address.to_owned()),
        allow_private: vec!["127.0.0.1".to_owned()],
        ..MetaConfig::default()
    }
}

/// The source at a test's pace: a host may be asked as often as one likes, and has time.
pub fn source(network: Network, config: &MetaConfig) -> Meta {
    let limits = Limits {
        header: Duration::from_secs(20),
        total: Duration::from_secs(40),
        grace: Duration::from_secs(20),
        ..Limits::default()
    };
    let clock = Clock::system();
    let mut source = Meta::with_limits("meta", network, config, &clock, limits).unwrap();
    let every = Duration::from_micros(10);
    source.share(&Hosts::new(Rate {
        every,
        burst: 10_000,
    }));
    source
}

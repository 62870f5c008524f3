//! Fixture folders of these sources.

use crate::fixtures::{check_folder, input};
use resonanz::collect::{Recorded, sitemap};
use std::path::Path;

#[test]
fn sitemaps() {
    check_folder(Recorded::Sitemap, "sitemap");
}

#[test]
fn pages() {
    check_folder(Recorded::Page, "site");
}

#[test]
fn mails() {
    check_folder(Recorded::Mail, "maildir");
}

#[test]
fn bodies_of_webhooks() {
    check_folder(Recorded::Replay, "webhook");
}

#[test]
fn packed_and_spoilt_sitemaps() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sitemap/news");
    let plain = input(&case);
    let packed = crate::neighbours::http::gzip_stored(&plain);
    assert_eq!(sitemap::read_bytes(&packed), sitemap::read_bytes(&plain));
    let bomb = crate::neighbours::http::gzip_bomb(100_000);
    assert!(matches!(sitemap::read_bytes(&bomb)[..], [Err(_)]));
    for end in 0..plain.len() {
        sitemap::read_bytes(&plain[..end]);
        let mut spoilt = plain.clone();
        spoilt[end] ^= 0x11;
        sitemap::read_bytes(&spoilt);
    }
    for end in 0..packed.len() {
        sitemap::read_bytes(&packed[..end]);
    }
}

//! What the web says beside feeds: pages of articles, sitemaps, named pages, and what other programs
//! bring. The network is a neighbour on loopback; real pages come from a package of the registry.

mod articles;
mod fixtures;
mod list;
mod maildir;
mod peers;
mod real_pages;
mod site;
mod sitemap;
mod webhook;
mod whole_house;

use crate::neighbours::http::Neighbour;
use futures_util::StreamExt;
use resonanz::collect::feed::FeedConfig;
use resonanz::collect::hosts::{Hosts, Rate};
use resonanz::collect::http::Limits;
use resonanz::collect::source::{Event, Source, SourceError};
use resonanz::model::{Change, Cursor, Item};
use std::time::Duration;

/// Short enough for a test, long enough for a busy machine.
const PATIENT: Limits = Limits {
    header: Duration::from_secs(20),
    total: Duration::from_secs(40),
    grace: Duration::from_secs(20),
    min_bytes_per_sec: 1024,
    max_body_bytes: 0,
};

fn config(url: &str, extra: &str) -> FeedConfig {
    let text = format!("{{\"url\": \"{url}\", \"allow_private\": [\"127.0.0.1\"]{extra}}}");
    serde_json::from_str(&text).unwrap()
}

/// The source at a test's pace: a host may be asked as often as one likes.
fn hurried<S: Source>(mut source: S) -> S {
    let every = Duration::from_micros(10);
    source.share(&Hosts::new(Rate {
        every,
        burst: 10_000,
    }));
    source
}

/// What a server was asked for, but for the publisher's wishes.
fn asked(server: &Neighbour) -> Vec<String> {
    let paths = server.requests().into_iter().map(|request| request.path);
    let wishes = ["/robots.txt", "/.well-known/tdmrep.json"];
    paths
        .filter(|path| !wishes.contains(&path.as_str()))
        .collect()
}

/// What one look brought.
struct Look {
    items: Vec<Item>,
    rejected: usize,
    /// Signs of life; the last one is the end of the look.
    quiet: usize,
    cursor: Option<Cursor>,
    error: Option<SourceError>,
}

/// Everything that one look brings, until its end or its first error.
async fn look(source: &dyn Source, cursor: Option<&Cursor>) -> Look {
    let mut stream = source.open(cursor.cloned());
    let mut look = Look {
        items: Vec::new(),
        rejected: 0,
        quiet: 0,
        cursor: None,
        error: None,
    };
    while let Some(step) = stream.next().await {
        match step {
            Ok(collected) => {
                look.cursor = collected.cursor.or(look.cursor);
                match collected.event {
                    Event::Change(Change::Upsert(item)) => look.items.push(*item),
                    Event::Rejected(_) => look.rejected += 1,
                    Event::Nothing => look.quiet += 1,
                    _ => {}
                }
            }
            Err(error) => {
                look.error = Some(error);
                break;
            }
        }
    }
    look
}

/// A page with one article of some length around these words.
fn page(head: &str, words: &str) -> Vec<u8> {
    let filler = "Der Ausschuss hat am Montag lange beraten, und es ging um vieles. ".repeat(12);
    format!(
        "<html lang=\"de\"><head><title>Aus dem Ausschuss</title>{head}</head><body><nav><a href=\"/\">Start</a>\
         </nav><article><h1>Aus dem Ausschuss</h1><p>{filler}</p><p>{words}</p><p>{filler}</p></article>\
         <footer>Impressum</footer></body></html>"
    )
    .into_bytes()
}

//! What every source must stand, whatever its protocol: one test, run by each kind of source against
//! its own neighbour.
//!
//! The neighbour holds some numbered items and commits one fault, on the first connection; the
//! later ones are good. Under the supervisor the source must bring every item, count what went wrong,
//! be up in the end, stop at once at any moment, and go on from whatever position was saved.
//!
//! **How a kind joins:** write a file `compliance/<kind>.rs` of about thirty lines with an
//! `impl Kind`: `start` starts a neighbour that holds the items `1..=count` and commits the fault in
//! the words of its protocol (`list` and `stream` know how most do; `None` where the protocol knows
//! nothing like it), `source` makes the source that asks it, `number` reads an item's number back. Then one test line at the end of this
//! file. A fault that a kind answers `None` to is said aloud in its file.

mod bluesky;
mod list;
mod maildir;
mod mastodon;
mod meta;
mod register;
mod stream;
mod telegram;
mod web;
mod wikipedia;
mod x;
mod youtube;

use crate::supervise::{Running, fast};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use resonanz::clock::Clock;
use resonanz::collect::Timing;
use resonanz::collect::hosts::{Hosts, Rate};
use resonanz::collect::source::{Collected, Event, Pace, Source, SourceError, Standing};
use resonanz::collect::supervise::Outcome;
use resonanz::model::{Change, Cursor};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
/// Items that a neighbour holds.
const COUNT: i64 = 12;

/// What goes wrong on the first connection; a number says after how many items, where the protocol
/// hands them out one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Gone without a word.
    Drop(usize),
    /// A clean end where none should be.
    Close(usize),
    /// Open, and nothing comes any more.
    Stall(usize),
    /// A body or frame that comes drop by drop.
    Slow,
    /// Bytes of another protocol.
    Garbage(usize),
    /// One frame, line or body over the cap.
    Huge(usize),
    /// One item that is none, the others are good.
    Unreadable(usize),
    Duplicates,
    Reordered,
    Unauthorised,
    /// 429, to come back in a second.
    TooMany,
}

impl Fault {
    const ALL: [Fault; 17] = [
        Fault::None,
        Fault::Drop(0),
        Fault::Drop(5),
        Fault::Close(0),
        Fault::Close(5),
        Fault::Stall(0),
        Fault::Stall(5),
        Fault::Slow,
        Fault::Garbage(0),
        Fault::Garbage(5),
        Fault::Huge(0),
        Fault::Huge(5),
        Fault::Unreadable(5),
        Fault::Duplicates,
        Fault::Reordered,
        Fault::Unauthorised,
        Fault::TooMany,
    ];

    /// How it must be counted: any of these counters has risen. None: nothing went wrong.
    fn counted_as(self) -> &'static [&'static str] {
        match self {
            Fault::None | Fault::Duplicates | Fault::Reordered => &[],
            Fault::Drop(_) | Fault::Close(_) | Fault::Garbage(_) => &["transient"],
            Fault::Stall(_) | Fault::Slow => &["transient", "idle"],
            Fault::Huge(_) => &["too_large", "refused"],
            Fault::Unreadable(_) => &["malformed", "incomplete"],
            Fault::Unauthorised => &["refused"],
            Fault::TooMany => &["rate_limited"],
        }
    }
}

/// A neighbour at work; gone when dropped.
pub trait Neighbour: Send {
    /// Connections or requests so far.
    fn asked(&self) -> usize;
}

/// What the shared test has to know of a kind of source.
pub trait Kind {
    /// A neighbour that holds `1..=count` and commits this fault; `None` where there is no such one.
    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn Neighbour>, String)>;
    /// The source that asks at this address. It may give up a silent answer after `patience`.
    fn source(address: &str, patience: Duration) -> Box<dyn Source>;
    /// Number of an item.
    fn number(change: &Change) -> i64;
    /// Whether it asks over the one HTTP client, which takes turns with all others.
    const TAKES_TURNS: bool;
}

/// The source at a test's pace: looks follow each other, and silence is short.
struct Hurried {
    source: Box<dyn Source>,
    patience: Duration,
}

impl Source for Hurried {
    fn name(&self) -> &str {
        "script"
    }

    fn pace(&self) -> Pace {
        match self.source.pace() {
            Pace::Stream { .. } => Pace::Stream {
                idle: self.patience,
            },
            Pace::Poll { .. } => Pace::Poll {
                every: Duration::from_millis(20),
            },
            Pace::Once => Pace::Once,
        }
    }

    fn catches_up(&self) -> bool {
        self.source.catches_up()
    }

    fn time_of(&self, cursor: &Cursor) -> Option<jiff::Timestamp> {
        self.source.time_of(cursor)
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        self.source.open(resume)
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        self.source.check()
    }
}

/// Starts a source at this address. Only where silence is the fault, patience is short.
fn run<K: Kind>(fault: Fault, address: &str, resume: Option<Cursor>, hosts: &Hosts) -> Running {
    let patience = match fault {
        Fault::Stall(_) | Fault::Slow => Duration::from_millis(400),
        _ => Duration::from_secs(20),
    };
    let mut source = K::source(address, patience);
    source.share(hosts);
    let hurried = Hurried { source, patience };
    let timing = Timing {
        look: patience,
        ..fast()
    };
    Running::of(Box::new(hurried), resume, timing, Clock::system(), 8)
}

fn hurried_hosts() -> Hosts {
    Hosts::new(Rate {
        every: Duration::from_micros(1),
        burst: 1000,
    })
}

/// Numbers that were brought, and the position behind them, until `enough`.
async fn hear<K: Kind>(
    running: &mut Running,
    enough: impl Fn(&BTreeSet<i64>) -> bool,
) -> (BTreeSet<i64>, Option<Cursor>) {
    let (mut numbers, mut cursor) = (BTreeSet::new(), None);
    while !enough(&numbers) {
        let delivery = running.next().await;
        cursor = delivery.cursor.or(cursor);
        match delivery.outcome {
            Outcome::Event(Event::Change(change)) => {
                numbers.insert(K::number(&change));
            }
            Outcome::Event(Event::Gap(gap)) => panic!("no time was lost: {gap:?}"),
            Outcome::Event(_) => {}
            Outcome::Finished => panic!("a live source does not finish"),
        }
    }
    (numbers, cursor)
}

fn all() -> BTreeSet<i64> {
    (1..=COUNT).collect()
}

/// Everything comes, what went wrong is counted, and in the end it is up.
async fn recovers<K: Kind>(fault: Fault) {
    let Some((_neighbour, address)) = K::start(fault, COUNT).await else {
        return;
    };
    let mut running = run::<K>(fault, &address, None, &hurried_hosts());
    let told = timeout(
        PATIENCE,
        hear::<K>(&mut running, |numbers| *numbers == all()),
    );
    let told = told
        .await
        .unwrap_or_else(|_| panic!("{fault:?}: items were lost"));
    assert_eq!(told.0, all(), "{fault:?}");
    let expected = fault.counted_as();
    if expected.is_empty() {
        assert_eq!(running.trouble(), [], "{fault:?}");
    } else {
        let known = |(kind, _): &&(&'static str, u64)| expected.contains(kind);
        let trouble = running.trouble();
        assert!(
            trouble.iter().any(|told| known(&told)),
            "{fault:?}: {trouble:?}"
        );
    }
    assert_eq!(running.up(), 1, "{fault:?}");
    running.stops().await;
}

/// It stops at once in the middle of the fault, and whoever goes on from the position that was
/// reached misses nothing.
async fn stops_and_goes_on<K: Kind>(fault: Fault) {
    let Some((neighbour, address)) = K::start(fault, COUNT).await else {
        return;
    };
    let hosts = hurried_hosts();
    let running = run::<K>(fault, &address, None, &hosts);
    running.until("asked", |_| neighbour.asked() > 0).await;
    running.stops().await;
    for stop_after in [1, 4, 9] {
        let (_neighbour, address) = K::start(fault, COUNT).await.unwrap();
        let mut running = run::<K>(fault, &address, None, &hosts);
        let first = hear::<K>(&mut running, |numbers| numbers.len() >= stop_after);
        let (mut numbers, cursor) = timeout(PATIENCE, first).await.expect("in time");
        running.stops().await;
        let mut running = run::<K>(fault, &address, cursor, &hosts);
        let rest = hear::<K>(&mut running, |more| {
            more.union(&numbers).count() as i64 == COUNT
        });
        let (more, _) = timeout(PATIENCE, rest)
            .await
            .unwrap_or_else(|_| panic!("{fault:?}, stopped after {stop_after}: items were lost"));
        numbers.extend(more);
        assert_eq!(numbers, all(), "{fault:?}, stopped after {stop_after}");
        running.stops().await;
    }
}

/// A host that asked for patience through another source is not asked by this one.
async fn takes_turns<K: Kind>() {
    let (neighbour, address) = K::start(Fault::None, COUNT).await.unwrap();
    let hosts = hurried_hosts();
    hosts.close("127.0.0.1", Duration::from_secs(3600));
    let running = run::<K>(Fault::None, &address, None, &hosts);
    let limited = |running: &Running| running.trouble().contains(&("rate_limited", 1));
    running.until("limited", limited).await;
    assert_eq!(neighbour.asked(), 0);
    running.stops().await;
}

async fn complies<K: Kind>() {
    for fault in Fault::ALL {
        recovers::<K>(fault).await;
        stops_and_goes_on::<K>(fault).await;
    }
    if K::TAKES_TURNS {
        takes_turns::<K>().await;
    }
}

#[tokio::test]
async fn bluesky() {
    complies::<bluesky::Bluesky>().await;
}

#[tokio::test]
async fn bluesky_messages() {
    complies::<bluesky::Messages>().await;
}

#[tokio::test]
async fn bluesky_search() {
    complies::<bluesky::Search>().await;
}

#[tokio::test]
async fn feed() {
    complies::<web::Feed>().await;
}

#[tokio::test]
async fn brought_feed() {
    complies::<web::Brought>().await;
}

#[tokio::test]
async fn register() {
    complies::<register::Register>().await;
}

#[tokio::test]
async fn sitemap() {
    complies::<web::Sitemap>().await;
}

#[tokio::test]
async fn maildir() {
    complies::<maildir::Mails>().await;
}

#[tokio::test]
async fn mastodon_by_websocket() {
    complies::<mastodon::Websocket>().await;
}

#[tokio::test]
async fn mastodon_by_events() {
    complies::<mastodon::Events>().await;
}

#[tokio::test]
async fn mastodon_timelines() {
    complies::<mastodon::Timeline>().await;
}

#[tokio::test]
async fn facebook() {
    complies::<meta::Facebook>().await;
}

#[tokio::test]
async fn facebook_messages() {
    complies::<meta::Letters>().await;
}

#[tokio::test]
async fn instagram() {
    complies::<meta::Instagram>().await;
}

#[tokio::test]
async fn telegram() {
    complies::<telegram::Telegram>().await;
}

#[tokio::test]
async fn wikipedia() {
    complies::<wikipedia::Wikipedia>().await;
}

#[tokio::test]
async fn threads() {
    complies::<meta::Threads>().await;
}

#[tokio::test]
async fn x() {
    complies::<x::X>().await;
}

#[tokio::test]
async fn x_messages() {
    complies::<x::Messages>().await;
}

#[tokio::test]
async fn x_compliance() {
    complies::<x::Compliance>().await;
}

#[tokio::test]
async fn youtube() {
    complies::<youtube::Youtube>().await;
}

//! What became of posts and accounts on X, by its compliance streams: `kind = "x"` with
//! `stream = "compliance"`.
//!
//! <https://docs.x.com/x-api/compliance/streams/introduction>. Two streams of four partitions each, one
//! connection a partition, and all of them or none: with one missing, some deletions would be. Enterprise
//! only. Costs nothing a post. Whoever has no Enterprise plan asks in batches (compliance jobs), whose
//! results `resonanz source read --kind x` turns into deletions for `resonanz replay`.
//!
//! After an interruption the streams go on from the last event on, as far back as a day; a longer one
//! is told as a gap. What they bring may come twice.

use super::hosts::Hosts;
use super::http::Limits;
use super::lines::Line;
use super::source::{
    Collected, Comebacks, Event, Gap, GapReason, Pace, RejectReason, Rejection, Source,
    SourceError, Standing,
};
use super::x::{Api, COMEBACKS, ComplianceLine, IDLE, PATIENCE, XConfig, read_compliance};
use crate::clock::Clock;
use crate::model::{Change, Cursor};
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, select_all};
use futures_util::{FutureExt, StreamExt};
use jiff::{Timestamp, ToSpan};

/// The two streams, by their paths.
const STREAMS: [&str; 2] = ["tweets", "users"];
const PARTITIONS: std::ops::RangeInclusive<u8> = 1..=4;
/// How far back a stream can begin: a day; a few minutes less, for clocks differ.
const REACH_MINUTES: i64 = 24 * 60 - 10;
/// Events of different partitions come in no order: resuming goes back a little.
const BACK_MINUTES: i64 = 5;

/// All compliance streams as one.
#[derive(Debug, Clone)]
pub struct XCompliance {
    name: String,
    api: Api,
    clock: Clock,
}

impl XCompliance {
    /// # Errors
    /// No recorded approval; settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &XConfig) -> Result<Self, String> {
        Self::with_limits(name, config, Limits::default())
    }

    /// The same with other bounds of time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_limits(name: &str, config: &XConfig, limits: Limits) -> Result<Self, String> {
        config.check()?;
        Ok(Self {
            name: name.to_owned(),
            api: config.api(limits)?,
            clock: Clock::system(),
        })
    }

    /// From when on it asks, by what was heard last, and what lies too far back to be asked for.
    fn since(&self, heard: Timestamp) -> (String, Option<Gap>) {
        let now = self.clock.now();
        let reach = now.saturating_sub(REACH_MINUTES.minutes()).unwrap_or(now);
        let since = heard
            .saturating_sub(BACK_MINUTES.minutes())
            .unwrap_or(heard);
        let since = since.max(reach).min(now);
        let gap = Gap {
            from: heard,
            to: reach,
            reason: GapReason::CursorTooOld,
        };
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        (since, Some(gap).filter(|gap| gap.from < gap.to))
    }

    /// Connects to everything. Each line has the number of its partition.
    async fn connect(&self, since: Option<&str>) -> Result<Lines, SourceError> {
        let mut partitions = Vec::new();
        for of in STREAMS {
            for partition in PARTITIONS {
                let lines = self.api.compliance(of, partition, since, IDLE).await?;
                // One that ends is a lost connection, and the others go with it.
                let ended = SourceError::Transient(format!("partition {partition} of {of} ended"));
                let end = futures_util::stream::iter([Err(ended)]);
                let place = partitions.len();
                // The first line only says that the connection was made.
                let lines = lines.skip(1).chain(end);
                partitions.push(lines.map(move |line| Ok((place, line?))).boxed());
            }
        }
        Ok(select_all(partitions).boxed())
    }

    /// What a line says, and until when its partition has been heard: a blank line is sent when
    /// there is nothing else to send.
    fn read(&self, line: &Line) -> Result<(Vec<Event>, Option<Timestamp>), SourceError> {
        let now = self.clock.now();
        Ok(match line {
            Line::Alive => (vec![Event::Nothing], Some(now)),
            Line::TooLarge => {
                let why = Rejection::new(RejectReason::TooLarge, "a line over 1 MiB");
                (vec![Event::Rejected(why)], None)
            }
            Line::Text(line) => match read_compliance(line) {
                ComplianceLine::Changes(changes) => {
                    let at = changes.iter().filter_map(happened).max();
                    let changes = changes.into_iter().map(Event::Change);
                    let events = changes.chain([Event::Nothing]).collect();
                    (events, at.map(|at| at.min(now)))
                }
                ComplianceLine::Rejected(why) => (vec![Event::Rejected(why)], None),
                ComplianceLine::Ends(error) => return Err(error),
            },
        })
    }
}

type Lines = BoxStream<'static, Result<(usize, Line), SourceError>>;

fn happened(change: &Change) -> Option<Timestamp> {
    match change {
        Change::Delete(deletion) => deletion.at,
        Change::AuthorGone(author) | Change::AuthorBack(author) => author.at,
        Change::Upsert(_) => None,
    }
}

impl Source for XCompliance {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream { idle: PATIENCE }
    }

    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.api.client = self.api.client.clone().sharing(hosts);
    }

    fn comebacks(&self) -> Comebacks {
        COMEBACKS
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        cursor.0.parse().ok()
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let source = self.clone();
        let heard = resume.and_then(|cursor| self.time_of(&cursor));
        Box::pin(async_stream::try_stream! {
            let (since, gap) = heard.map(|heard| source.since(heard)).unzip();
            let gap = gap.flatten();
            let reached = gap.as_ref().map(|gap| gap.to);
            let begin = reached.or(heard).unwrap_or_else(|| source.clock.now());
            let mut lines = source.connect(since.as_deref()).await?;
            // Connected. A gap is told once.
            let told = gap.map_or(Event::Nothing, Event::Gap);
            yield Collected::now(told, reached.map(|at| Cursor(at.to_string())));
            // The position is that of the partition which is furthest behind.
            let mut until = vec![begin; STREAMS.len() * PARTITIONS.count()];
            while let Some(line) = lines.next().await {
                let (place, line) = line?;
                let (events, at) = source.read(&line)?;
                if let (Some(until), Some(at)) = (until.get_mut(place), at) {
                    *until = at.max(*until);
                }
                let last = events.len();
                for (nth, event) in (1..).zip(events) {
                    let position = until.iter().min().filter(|_| nth == last);
                    let cursor = position.map(|at| Cursor(at.to_string()));
                    yield Collected::now(event, cursor);
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let api = self.api.clone();
        async move { api.standing().await }.boxed()
    }
}

//! X: the filtered stream, by the watches' own rules.
//!
//! Documentation: <https://docs.x.com/x-api/posts/filtered-stream/introduction>, and beside it
//! `consuming-streaming-data` and `handling-disconnections`. JSON in lines; a blank line every 20 s;
//! posts in no order, some of them twice; deletions are not told here (`x_compliance`).
//!
//! **Off until somebody has the right.** X's agreements want an Enterprise plan for whatever a
//! government entity is shown, and to be told of it; they forbid the surveillance of people, the
//! monitoring of protests and guessing at political beliefs. So there is no source without a recorded
//! approval (`approval_*`, `government_end_user_declared`), and whether a watch is within it, the office
//! has to judge.
//!
//! * Rules are made of the watches (`query/push_down`) and brought into force at each connection and
//!   whenever the watches are read anew (`rules`).
//! * Posts that were missed are searched for, soon after the stream lives again (`catch_up`).
//! * What is read is counted at its price; at the budget's end nothing is read until the next day or
//!   month, and that time is a gap (`ledger`).
//! * Direct messages need the account's own keys (`messages`). Not collected: reposts, places, counts.

mod api;
mod catch_up;
mod compliance;
mod ledger;
pub mod messages;
mod oauth;
mod rules;
mod settings;
mod state;
mod wire;

use super::http::Limits;
use super::lines::Line;
use super::source::{
    Allowance, Collected, Comeback, Comebacks, Event, Gap, GapReason, Growth, Pace, RejectReason,
    Rejection, Sought, Soughts, Source, SourceError, Standing,
};
use crate::clock::Clock;
use crate::model::{Change, Cursor};
use crate::query::push_down::{Options, Spellings};
pub(super) use api::Api;
use catch_up::{Bounds, Caught, asks, catch_up};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use ledger::{Budget, Ledger};
use rules::Wanted;
pub use settings::{Stream, XConfig};
use state::State;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use wire::Said;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "x";
/// X sends something every 20 s; a little more, for a line that is late is not lost.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// A connection notices silence by itself; this is for rules and searches, which may take minutes.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Milliseconds since 1970 at which X's ids begin; the lower 22 bits are no time.
const IDS_BEGIN_MS: i64 = 1_288_834_974_657;
const ID_BITS: u32 = 22;
/// Search leaves out the last half minute, so that it is asked this long after the stream lives.
const CATCH_UP_AFTER: Duration = Duration::from_secs(45);
/// Attempts to catch up on one connection, and the time between them.
const MAX_ATTEMPTS: u32 = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(120);
/// How X wants to be come back to (`handling-disconnections`). That it names no end of the last is
/// its quarter of an hour for a limit.
pub(super) const COMEBACKS: Comebacks = Comebacks {
    lost: Some(Comeback {
        first: Duration::from_millis(250),
        longest: Duration::from_secs(16),
        growth: Growth::Linear,
    }),
    server: Some(Comeback {
        first: Duration::from_secs(5),
        longest: Duration::from_secs(320),
        growth: Growth::Double,
    }),
    limited: Some(Comeback {
        first: Duration::from_secs(60),
        longest: Duration::from_secs(15 * 60),
        growth: Growth::Double,
    }),
};

/// The lowest id that a post of this time has.
fn id_at(at: Timestamp) -> u64 {
    let ms = at.as_millisecond().saturating_sub(IDS_BEGIN_MS).max(0);
    u64::try_from(ms).unwrap_or(0) << ID_BITS
}

/// When a post of this id was written.
fn time_of_id(id: u64) -> Timestamp {
    let ms = i64::try_from(id >> ID_BITS).unwrap_or(0);
    Timestamp::from_millisecond(IDS_BEGIN_MS.saturating_add(ms)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What lines mean: of the stream, of a search, of the compliance streams and jobs.
///
/// # Errors
/// A line that is none of these.
pub fn read_line(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    if let Some(read) = compliance::job_result(line) {
        return read;
    }
    match wire::adapt(line)? {
        Said::Changes { changes, .. } => Ok(changes),
        Said::Ends(_) => Ok(Vec::new()),
    }
}

/// What a line of a compliance stream says.
pub(super) enum ComplianceLine {
    Changes(Vec<Change>),
    Rejected(Rejection),
    /// X says why it ends.
    Ends(SourceError),
}

pub(super) fn read_compliance(line: &[u8]) -> ComplianceLine {
    match wire::adapt(line) {
        Ok(Said::Changes { changes, .. }) => ComplianceLine::Changes(changes),
        Ok(Said::Ends(word)) => ComplianceLine::Ends(ended(&word)),
        Err(rejection) => ComplianceLine::Rejected(rejection),
    }
}

/// The posts that the watches want.
#[derive(Debug, Clone)]
pub struct X {
    name: String,
    api: Api,
    budget: Budget,
    rules: Options,
    searches: Options,
    own_accounts: Vec<String>,
    catch_up_posts: usize,
    catch_up_after: Duration,
    sought: Option<Soughts>,
    clock: Clock,
}

impl X {
    /// # Errors
    /// No recorded approval; settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &XConfig) -> Result<Self, String> {
        Self::with(
            name,
            config,
            &Clock::system(),
            Limits::default(),
            CATCH_UP_AFTER,
        )
    }

    /// The same with another clock, other bounds of time, and another time until it catches up.
    ///
    /// # Errors
    /// As [`X::new`].
    pub fn with(
        name: &str,
        config: &XConfig,
        clock: &Clock,
        limits: Limits,
        catch_up_after: Duration,
    ) -> Result<Self, String> {
        config.check()?;
        let options = |max_length| Options {
            max_length,
            spellings: match config.spellings {
                settings::Spelled::All => Spellings::All,
                settings::Spelled::Written => Spellings::Written,
            },
        };
        Ok(Self {
            name: name.to_owned(),
            api: config.api(limits)?,
            budget: config.budget(),
            rules: options(config.plan.rule_length()),
            // In brackets beside others.
            searches: options(config.plan.query_length() - "()".len()),
            own_accounts: config.own_accounts.clone(),
            catch_up_posts: config.catch_up_posts,
            catch_up_after,
            sought: None,
            clock: clock.clone(),
        })
    }

    fn sought(&self) -> Arc<Vec<Sought>> {
        let sought = self.sought.as_ref();
        sought.map_or_else(Arc::default, |sought| Arc::clone(&sought.borrow()))
    }

    /// The end of the budget, where it is reached.
    fn closed(&self, state: &mut State) -> Option<SourceError> {
        let now = self.clock.now();
        let wait = state.ledger.closed(&self.budget, now)?;
        state.silenced = state.silenced.or(Some(now));
        Some(SourceError::Exhausted { wait })
    }

    /// Brings the rules into force; what could not be is told.
    async fn sync(&self) -> Result<Vec<Event>, SourceError> {
        let told = rules::sync(&self.api, &self.sought(), self.rules).await?;
        Ok(told.into_iter().map(Event::Rejected).collect())
    }

    async fn catch_up(&self, since: u64, ledger: &Ledger) -> Caught {
        let wanted = Wanted::new(&self.sought(), self.searches);
        let asks = asks(&wanted, &self.own_accounts, self.searches.max_length);
        let bounds = Bounds {
            budget: self.budget,
            max_posts: self.catch_up_posts,
        };
        catch_up(&self.api, &asks, since, &bounds, ledger, &self.clock).await
    }

    /// What follows from an attempt to catch up: what it brought, and how to go on.
    fn caught(&self, caught: Caught, state: &mut State, attempts: &mut Attempts) -> Vec<Event> {
        let Caught {
            mut events,
            ledger,
            failure,
        } = caught;
        state.ledger = ledger;
        attempts.made += 1;
        attempts.next = Instant::now() + BETWEEN_ATTEMPTS;
        let refused = matches!(failure, Some(SourceError::Refused(_)));
        if failure.is_some() && !refused && attempts.made < MAX_ATTEMPTS {
            return events;
        }
        if let Some(since) = state.since.take()
            && failure.is_some()
        {
            events.push(Event::Gap(Gap {
                from: time_of_id(since),
                to: attempts.connected,
                reason: GapReason::Disconnected,
            }));
        }
        events
    }

    /// What one line brings. Everything that came is in `state` behind it.
    fn read(&self, line: Line, state: &mut State) -> Result<Vec<Event>, SourceError> {
        let now = self.clock.now();
        let line = match line {
            Line::Text(line) => line,
            Line::Alive => {
                state.newest = state.newest.max(id_at(now));
                return Ok(vec![Event::Nothing]);
            }
            Line::TooLarge => {
                let why = Rejection::new(RejectReason::TooLarge, "a line over 1 MiB");
                return Ok(vec![Event::Rejected(why)]);
            }
        };
        match wire::adapt(&line) {
            Ok(Said::Changes {
                changes,
                newest,
                posts,
                users,
            }) => {
                // By its time: the cursor lies open in the store, and an id may be a person's.
                state.newest = state.newest.max(id_at(time_of_id(newest)));
                state.ledger.count(posts, users, &self.budget, now);
                let events = changes.into_iter().map(Event::Change);
                Ok(events.chain([Event::Nothing]).collect())
            }
            Ok(Said::Ends(word)) => Err(ended(&word)),
            Err(rejection) => {
                // It was sent, and is paid for.
                state.ledger.count(1, 0, &self.budget, now);
                Ok(vec![Event::Rejected(rejection)])
            }
        }
    }
}

/// Why X ended the stream: too many connections is a matter of patience, everything else of trying.
fn ended(word: &str) -> SourceError {
    match word {
        "TooManyConnections" => SourceError::RateLimited { retry_after: None },
        _ => SourceError::Transient(format!("X ends the stream: {word}")),
    }
}

/// Attempts to catch up on one connection.
struct Attempts {
    connected: Timestamp,
    made: u32,
    next: Instant,
}

impl Source for X {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream { idle: PATIENCE }
    }

    /// By search, as far as it reaches and the budget allows; the rest it tells.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &super::hosts::Hosts) {
        self.api.client = self.api.client.clone().sharing(hosts);
    }

    fn listen_for(&mut self, sought: Soughts) {
        self.sought = Some(sought);
    }

    fn comebacks(&self) -> Comebacks {
        COMEBACKS
    }

    fn used(&self, cursor: &Cursor) -> Vec<(Allowance, f64)> {
        let mut ledger = State::read(Some(cursor)).ledger;
        ledger.used(&self.budget, self.clock.now())
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        let newest = State::read(Some(cursor)).newest;
        (newest > 0).then(|| time_of_id(newest))
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let x = self.clone();
        let mut state = State::read(resume.as_ref());
        let mut sought = self.sought.clone();
        Box::pin(async_stream::try_stream! {
            if let Some(end) = x.closed(&mut state) {
                yield Collected::now(Event::Nothing, state.write());
                Err(end)?;
            }
            sought.as_mut().map(|sought| sought.borrow_and_update());
            let told = x.sync().await?;
            let mut lines = x.api.stream(IDLE).await?;
            let (connected, since) = (x.clock.now(), Instant::now());
            let gap = state.connect(connected).map(Event::Gap);
            for event in told.into_iter().chain(gap) {
                yield Collected::now(event, None);
            }
            let mut attempts = Attempts { connected, made: 0, next: since + x.catch_up_after };
            loop {
                let line = tokio::select! {
                    () = changed(&mut sought) => None,
                    line = lines.next() => Some(line),
                };
                let events = match line {
                    None => x.sync().await?,
                    Some(None) => break,
                    Some(Some(line)) => x.read(line?, &mut state)?,
                };
                let last = events.len();
                for (nth, event) in (1..).zip(events) {
                    // Behind all of a line's events, not between them.
                    let cursor = state.write().filter(|_| nth == last);
                    yield Collected::now(event, cursor);
                }
                if let Some(behind) = state.since && Instant::now() >= attempts.next {
                    let caught = x.catch_up(behind, &state.ledger).await;
                    for event in x.caught(caught, &mut state, &mut attempts) {
                        yield Collected::now(event, None);
                    }
                    yield Collected::now(Event::Nothing, state.write());
                }
                if let Some(end) = x.closed(&mut state) {
                    yield Collected::now(Event::Nothing, state.write());
                    Err(end)?;
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let api = self.api.clone();
        async move { api.standing().await }.boxed()
    }
}

/// Waits until there are other watches.
async fn changed(sought: &mut Option<Soughts>) {
    if let Some(sought) = sought
        && sought.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ids_tell_their_time() {
        // A post of X's documentation.
        let written = at("2020-06-24T16:28:14.496Z");
        assert_eq!(time_of_id(1_275_828_087_666_679_809), written);
        assert_eq!(id_at(written), 1_275_828_087_666_679_809 >> 22 << 22);
        assert_eq!(id_at(Timestamp::UNIX_EPOCH), 0);
    }
}

//! A source that does what a script says, and the supervisor that runs it.

use futures_util::{StreamExt, future::BoxFuture, stream::BoxStream};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::Timing;
use resonanz::collect::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use resonanz::collect::supervise::{Delivery, Outcome, Surroundings, run_after};
use resonanz::metrics::{Metrics, Series};
use resonanz::model::{Change, Cursor, Deletion};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const FOREVER: Duration = Duration::from_secs(3600);

pub fn at(minutes: i64) -> Timestamp {
    "2026-11-20T06:00:00Z".parse::<Timestamp>().unwrap() + minutes.minutes()
}

#[derive(Debug, Clone)]
pub enum Step {
    /// The n-th change; its cursor is its number.
    Change(i64),
    /// Not before so many minutes after the start.
    Due(i64),
    Rejected,
    Fail(SourceError),
    Panic,
    /// Nothing before this is cancelled, then a heartbeat.
    Gate(CancellationToken),
    /// Open, and nothing comes any more.
    Hang,
}

/// One list of steps an opening; a further opening hangs.
#[derive(Clone)]
pub struct Script {
    pub pace: Pace,
    openings: Arc<Mutex<VecDeque<Vec<Step>>>>,
    /// The cursors that it was opened with.
    opened: Arc<Mutex<Vec<Option<String>>>>,
    /// Steps that were asked for.
    pub asked: Arc<AtomicUsize>,
    pub catches_up: bool,
    /// Ends the pause before the next look.
    pub wake: Arc<tokio::sync::Notify>,
}

impl Script {
    pub fn new(pace: Pace, openings: Vec<Vec<Step>>) -> Self {
        Self {
            pace,
            openings: Arc::new(Mutex::new(openings.into())),
            opened: Arc::default(),
            asked: Arc::default(),
            catches_up: false,
            wake: Arc::default(),
        }
    }

    pub fn stream(openings: Vec<Vec<Step>>) -> Self {
        Self::new(Pace::Stream { idle: FOREVER }, openings)
    }

    pub fn opened(&self) -> Vec<Option<String>> {
        self.opened.lock().unwrap().clone()
    }
}

pub fn change(number: i64) -> Event {
    let id = number.to_string();
    Event::Change(Change::Delete(Deletion {
        platform: "test".into(),
        id,
        at: None,
    }))
}

async fn play(step: Step) -> Result<Collected, SourceError> {
    match step {
        Step::Change(number) => Ok(Collected::now(
            change(number),
            Some(Cursor(number.to_string())),
        )),
        Step::Due(minutes) => Ok(Collected {
            due: Some(at(minutes)),
            ..Collected::now(change(minutes), None)
        }),
        Step::Rejected => {
            let event = Event::Rejected(Rejection::new(RejectReason::Malformed, "test"));
            Ok(Collected::now(event, None))
        }
        Step::Fail(error) => Err(error),
        Step::Panic => panic!("the script says so"),
        Step::Gate(gate) => {
            gate.cancelled().await;
            Ok(Collected::now(Event::Nothing, None))
        }
        Step::Hang => std::future::pending().await,
    }
}

impl Source for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn catches_up(&self) -> bool {
        self.catches_up
    }

    fn woken(&self) -> BoxFuture<'static, ()> {
        let wake = Arc::clone(&self.wake);
        Box::pin(async move { wake.notified().await })
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        Some(at(cursor.0.parse().unwrap()))
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        self.opened
            .lock()
            .unwrap()
            .push(resume.map(|cursor| cursor.0));
        let steps = self
            .openings
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(vec![Step::Hang]);
        let asked = self.asked.clone();
        futures_util::stream::iter(steps)
            .inspect(move |_| {
                asked.fetch_add(1, Ordering::SeqCst);
            })
            .then(play)
            .boxed()
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(async { Standing::Works })
    }
}

/// The house's order of times in milliseconds.
pub fn fast() -> Timing {
    Timing {
        min_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(8),
        refused: Duration::from_millis(40),
        spread: Duration::ZERO,
        look: Duration::from_millis(50),
        ..Timing::default()
    }
}

pub struct Running {
    pub deliveries: mpsc::Receiver<Delivery>,
    pub metrics: Metrics,
    stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Running {
    pub fn start(script: &Script, resume: Option<&str>, timing: Timing) -> Self {
        let resume = resume.map(|cursor| Cursor(cursor.to_owned()));
        Self::of(Box::new(script.clone()), resume, timing, Clock::system(), 8)
    }

    pub fn of(
        source: Box<dyn Source>,
        resume: Option<Cursor>,
        timing: Timing,
        clock: Clock,
        queue: usize,
    ) -> Self {
        Self::after(source, resume, None, timing, clock, queue)
    }

    pub fn after(
        source: Box<dyn Source>,
        resume: Option<Cursor>,
        heard_last: Option<Timestamp>,
        timing: Timing,
        clock: Clock,
        queue: usize,
    ) -> Self {
        let (out, deliveries) = mpsc::channel(queue);
        let series = Series {
            sources: vec![source.name().into()],
            ..Series::default()
        };
        let metrics = Metrics::new(&series).unwrap();
        let stop = CancellationToken::new();
        let around = Surroundings {
            out,
            clock,
            metrics: metrics.clone(),
            stop: stop.clone(),
            speed: None,
        };
        let task = tokio::spawn(run_after(source, resume, heard_last, around, timing));
        Self {
            deliveries,
            metrics,
            stop,
            task,
        }
    }

    pub async fn next(&mut self) -> Delivery {
        timeout(PATIENCE, self.deliveries.recv())
            .await
            .expect("in time")
            .expect("a delivery")
    }

    pub async fn event(&mut self) -> Event {
        let Outcome::Event(event) = self.next().await.outcome else {
            panic!("finished")
        };
        event
    }

    pub async fn changes(&mut self, numbers: std::ops::RangeInclusive<i64>) {
        for number in numbers {
            assert_eq!(self.event().await, change(number));
        }
    }

    /// What went wrong: kinds of errors and reasons of refused items, with their counts.
    pub fn trouble(&self) -> Vec<(&'static str, u64)> {
        let errors = [
            "transient",
            "rate_limited",
            "refused",
            "cursor_too_old",
            "idle",
        ];
        let errors = errors.map(|kind| (kind, self.errors(kind)));
        let rejected = RejectReason::ALL.map(|reason| {
            let counter = &self.metrics.source_rejected;
            let labels = ["script", reason.as_str()];
            (reason.as_str(), counter.with_label_values(&labels).get())
        });
        let all = errors.into_iter().chain(rejected);
        all.filter(|(_, count)| *count > 0).collect()
    }

    pub fn up(&self) -> i64 {
        self.metrics.source_up.with_label_values(&["script"]).get()
    }

    pub fn errors(&self, kind: &str) -> u64 {
        let counter = &self.metrics.source_errors;
        counter.with_label_values(&["script", kind]).get()
    }

    /// Lets everything run until the condition holds.
    pub async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let reached = async {
            while !condition(self) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("never: {what}"));
    }

    pub async fn ends(self) {
        timeout(PATIENCE, self.task)
            .await
            .expect("stops at once")
            .unwrap();
    }

    pub async fn stops(self) {
        self.stop.cancel();
        self.ends().await;
    }
}

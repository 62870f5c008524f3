//! The supervisor against sources that do what a script says.

mod gaps;
mod script;

pub use script::{Running, at, fast};

use resonanz::clock::Clock;
use resonanz::collect::Timing;
use resonanz::collect::source::{Event, Gap, GapReason, Pace, SourceError};
use resonanz::collect::supervise::Outcome;
use script::Step::{self, Change as C, Due, Fail, Hang, Panic, Rejected};
use script::{FOREVER, Script};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub fn lost() -> Step {
    Fail(SourceError::Transient("lost".into()))
}

#[tokio::test]
async fn goes_on_behind_the_last_event_through_every_failure() {
    let script = Script::stream(vec![
        vec![C(1), C(2), lost()],
        vec![lost()],
        vec![C(3), Panic],
        vec![C(4)],
        vec![C(5), Fail(SourceError::RateLimited { retry_after: None })],
        vec![C(6)],
    ]);
    let mut running = Running::start(&script, Some("0"), fast());
    running.changes(1..=6).await;
    running
        .until("the last opening", |_| script.opened().len() == 7)
        .await;
    let cursors: Vec<String> = script.opened().into_iter().flatten().collect();
    assert_eq!(cursors, ["0", "2", "2", "3", "4", "5", "6"]);
    assert_eq!(running.errors("transient"), 5);
    assert_eq!(running.errors("rate_limited"), 1);
    running.stops().await;
}

#[tokio::test]
async fn a_silent_stream_is_opened_again() {
    let idle = Duration::from_millis(20);
    let script = Script::new(
        Pace::Stream { idle },
        vec![vec![C(1), Hang], vec![C(2), Hang]],
    );
    let mut running = Running::start(&script, None, fast());
    running.changes(1..=2).await;
    assert_eq!(running.errors("idle"), 1);
    running.stops().await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let retry_after = Some(Duration::from_millis(60));
    let limited = Fail(SourceError::RateLimited { retry_after });
    let script = Script::stream(vec![vec![limited], vec![C(1)]]);
    let began = Instant::now();
    let mut running = Running::start(&script, None, fast());
    running.changes(1..=1).await;
    assert!(began.elapsed() >= Duration::from_millis(60));
    running.stops().await;
}

#[tokio::test]
async fn a_refused_source_is_down_and_asked_again_later() {
    let refused = Fail(SourceError::Refused("401".into()));
    let script = Script::stream(vec![vec![C(1), refused], vec![C(2), Hang]]);
    let began = Instant::now();
    let mut running = Running::start(&script, None, fast());
    running.changes(1..=1).await;
    running
        .until("refused", |running| running.errors("refused") == 1)
        .await;
    assert_eq!(running.up(), 0);
    running.changes(2..=2).await;
    assert!(began.elapsed() >= fast().refused);
    assert_eq!(running.up(), 1);
    running.stops().await;
}

#[tokio::test]
async fn a_stop_ends_every_wait_at_once() {
    let slow = Timing {
        min_backoff: FOREVER,
        max_backoff: FOREVER,
        refused: FOREVER,
        ..fast()
    };
    let patient = SourceError::RateLimited {
        retry_after: Some(FOREVER),
    };
    let poll = Pace::Poll { every: FOREVER };
    let waits = [
        ("a silent stream", Script::stream(vec![vec![Hang]])),
        ("a back-off", Script::stream(vec![vec![lost()]])),
        ("a rate limit", Script::stream(vec![vec![Fail(patient)]])),
        (
            "a refusal",
            Script::stream(vec![vec![Fail(SourceError::Refused("401".into()))]]),
        ),
        ("a distance", Script::stream(vec![vec![Due(0), Due(600)]])),
        (
            "a full queue",
            Script::stream(vec![(1..=100).map(C).collect()]),
        ),
        ("the next look", Script::new(poll, vec![vec![]])),
    ];
    for (wait, script) in waits {
        let running = Running::start(&script, None, slow.clone());
        running.until(wait, |_| script.opened().len() == 1).await;
        // Whatever could still happen without waiting has happened.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert!(!running.task.is_finished(), "{wait}");
        assert_eq!(script.opened().len(), 1, "{wait}");
        running.stops().await;
    }
    let spread = Timing {
        spread: FOREVER,
        ..fast()
    };
    let script = Script::new(poll, vec![]);
    Running::start(&script, None, spread).stops().await;
}

#[tokio::test]
async fn what_is_brought_ends_the_pause_before_the_next_look() {
    let every = Pace::Poll { every: FOREVER };
    let refused = Fail(SourceError::Refused("403".into()));
    let script = Script::new(every, vec![vec![C(1)], vec![C(2), refused], vec![C(3)]]);
    let slow = Timing {
        refused: FOREVER,
        ..fast()
    };
    let mut running = Running::start(&script, None, slow);
    for number in 1..=3 {
        running.changes(number..=number).await;
        script.wake.notify_one();
    }
    running.stops().await;
}

#[tokio::test]
async fn a_house_that_is_gone_ends_it() {
    let script = Script::stream(vec![vec![C(1), C(2)]]);
    let mut running = Running::start(&script, None, fast());
    running.deliveries.close();
    running.ends().await;
}

#[tokio::test]
async fn a_full_queue_slows_the_source_down_and_loses_nothing() {
    let script = Script::stream(vec![(1..=100).map(C).collect()]);
    let source = Box::new(script.clone());
    let mut running = Running::of(source, None, fast(), Clock::system(), 1);
    running
        .until("the first", |_| script.asked.load(Ordering::SeqCst) > 0)
        .await;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    // One waits in the queue, one in the supervisor's hand.
    assert_eq!(script.asked.load(Ordering::SeqCst), 2);
    running.changes(1..=100).await;
    running.stops().await;
}

#[tokio::test]
async fn a_polling_source_looks_again_with_its_newest_cursor() {
    let every = Duration::from_millis(5);
    let script = Script::new(
        Pace::Poll { every },
        vec![
            vec![C(1), C(2)],
            vec![],
            vec![C(3), lost()],
            vec![C(4), Hang],
            vec![C(5)],
        ],
    );
    let mut running = Running::start(&script, None, fast());
    running.changes(1..=5).await;
    let cursors: Vec<Option<String>> = script.opened().into_iter().take(5).collect();
    let expected = [None, Some("2"), Some("2"), Some("3"), Some("4")];
    assert_eq!(cursors, expected.map(|cursor| cursor.map(str::to_owned)));
    // The look that hung was given up.
    assert_eq!(
        (running.errors("transient"), running.errors("idle")),
        (1, 1)
    );
    running.stops().await;
}

#[tokio::test]
async fn a_source_that_ends_says_so_once() {
    let script = Script::new(Pace::Once, vec![vec![C(1), lost()], vec![C(2)]]);
    let mut running = Running::start(&script, None, fast());
    running.changes(1..=2).await;
    assert_eq!(running.next().await.outcome, Outcome::Finished);
    assert_eq!(running.up(), 1);
    assert!(running.deliveries.recv().await.is_none());
    running.ends().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_does_not_hold_an_import_up() {
    let refused = Fail(SourceError::Refused("not there".into()));
    let script = Script::new(Pace::Once, vec![vec![refused]]);
    let mut running = Running::start(&script, None, Timing::default());
    assert_eq!(running.next().await.outcome, Outcome::Finished);
    assert_eq!((running.up(), running.errors("refused")), (0, 1));
    running.ends().await;
}

#[tokio::test]
async fn a_cursor_that_is_too_old_is_dropped_and_the_gap_told() {
    let too_old = Fail(SourceError::CursorTooOld("floor".into()));
    let script = Script::stream(vec![vec![too_old], vec![lost()], vec![C(30)]]);
    let mut running = Running::start(&script, Some("10"), fast());
    let gap = Gap {
        from: at(10),
        to: at(30),
        reason: GapReason::CursorTooOld,
    };
    assert_eq!(running.event().await, Event::Gap(gap));
    running.changes(30..=30).await;
    assert_eq!(script.opened()[..3], [Some("10".to_owned()), None, None]);
    assert_eq!(
        running
            .metrics
            .source_gaps
            .with_label_values(&["script"])
            .get(),
        1
    );
    running.stops().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_handed_on() {
    let script = Script::stream(vec![vec![Rejected, C(1), Rejected, C(2), Hang]]);
    let mut running = Running::start(&script, None, fast());
    assert!(matches!(running.event().await, Event::Rejected(_)));
    running.changes(1..=1).await;
    assert!(matches!(running.event().await, Event::Rejected(_)));
    running.changes(2..=2).await;
    let count = |outcome| {
        running
            .metrics
            .source_events
            .with_label_values(&["script", outcome])
            .get()
    };
    let rejected = running
        .metrics
        .source_rejected
        .with_label_values(&["script", "malformed"]);
    assert_eq!((count("change"), rejected.get()), (2, 2));
    running.stops().await;
}

#[tokio::test]
async fn a_simulated_clock_stands_where_the_replay_is() {
    let script = Script::new(Pace::Once, vec![vec![Due(0), Due(90), Due(60)]]);
    let clock = Clock::simulated(at(-1));
    let source = Box::new(script.clone());
    let mut running = Running::of(source, None, fast(), clock.clone(), 8);
    let times = [
        running.next().await,
        running.next().await,
        running.next().await,
    ];
    assert_eq!(
        times.map(|delivery| delivery.collected),
        [at(0), at(90), at(90)]
    );
    assert_eq!(clock.now(), at(90));
    running.stops().await;
}

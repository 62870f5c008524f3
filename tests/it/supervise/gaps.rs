//! What a time without a connection leaves: a gap where the source does not catch up.

use super::script::{PATIENCE, Running, Script, Step, at, change, fast};
use super::{C, Hang, lost};
use resonanz::clock::Clock;
use resonanz::collect::source::{Event, Gap, GapReason, Pace};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_time_in_which_the_house_was_down() {
    let check = async |script: Script, down_since, expected: Option<Gap>| {
        let clock = Clock::simulated(at(10));
        let source = Box::new(script.clone());
        let heard_last = Some(at(down_since));
        let mut running = Running::after(source, None, heard_last, fast(), clock, 8);
        let first = running.event().await;
        match expected {
            Some(gap) => assert_eq!(first, Event::Gap(gap)),
            None => assert_eq!(first, change(1)),
        }
        running.stops().await;
    };
    let live = || Script::stream(vec![vec![C(1), Hang]]);
    let reason = GapReason::HouseDown;
    let (from, to) = (at(7), at(10));
    check(live(), 7, Some(Gap { from, to, reason })).await;
    // Too short to matter, or the clock was set back.
    check(live(), 9, None).await;
    check(live(), 60, None).await;
    let mut catching_up = live();
    catching_up.catches_up = true;
    check(catching_up, 7, None).await;
    check(Script::new(Pace::Once, vec![vec![C(1)]]), 7, None).await;
}

#[tokio::test]
async fn a_lost_connection_from_the_last_word_on() {
    let gate = CancellationToken::new();
    let again = vec![Step::Gate(gate.clone()), C(2), Hang];
    let script = Script::stream(vec![vec![C(1), lost()], vec![lost()], again]);
    let clock = Clock::simulated(at(10));
    let source = Box::new(script.clone());
    let mut running = Running::of(source, None, fast(), clock.clone(), 8);
    running.changes(1..=1).await;
    running
        .until("asked again", |_| script.opened().len() == 3)
        .await;
    clock.advance_to(at(20));
    gate.cancel();
    let (from, to) = (at(10), at(20));
    let reason = GapReason::Disconnected;
    assert_eq!(running.event().await, Event::Gap(Gap { from, to, reason }));
    assert_eq!(running.event().await, Event::Nothing);
    running.changes(2..=2).await;
    let metrics = &running.metrics;
    let gaps = metrics.source_gaps.with_label_values(&["script"]);
    let seconds = metrics.source_gap_seconds.with_label_values(&["script"]);
    assert_eq!((gaps.get(), seconds.get()), (1, 600));
    running.stops().await;
}

#[tokio::test]
async fn a_look_that_brings_nothing_new_is_a_sign_of_life() {
    let every = std::time::Duration::from_millis(1);
    let script = Script::new(Pace::Poll { every }, vec![vec![lost()], vec![], vec![C(1)]]);
    let clock = Clock::simulated(at(10));
    let source = Box::new(script.clone());
    let heard_last = Some(at(0));
    let mut running = Running::after(source, None, heard_last, fast(), clock, 8);
    let first = timeout(PATIENCE, running.event()).await.unwrap();
    let (from, to) = (at(0), at(10));
    let reason = GapReason::HouseDown;
    assert_eq!(first, Event::Gap(Gap { from, to, reason }));
    running.changes(1..=1).await;
    running.stops().await;
}

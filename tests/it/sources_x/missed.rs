//! What was not heard: for want of money, or because nobody listened. It is searched for, or told.

use super::*;

#[tokio::test]
async fn the_budget_ends_the_reading_and_the_next_day_tells_the_gap() {
    let noon: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let clock = Clock::simulated(noon);
    let posts: String = (1..=9)
        .map(|n| post(n, noon.as_millisecond() + n))
        .collect();
    let neighbour = Neighbour::start(move |request| match path(request).as_str() {
        RULES => Kept::default().answer(request),
        STREAM => stream(&posts),
        _ => response(404, &[], b""),
    })
    .await;
    // A post and its author: half a dollar.
    let dear = json!({"post_micro_usd": 300_000, "user_micro_usd": 200_000, "budget_day_usd": 2});
    let config = config(&neighbour.url(""), dear);
    let (_sender, sought) = soughts(&[("border", "Grenze")]);
    let mut running = start(&config, &clock, sought.clone(), None);
    running
        .until("exhausted", |running| running.errors("exhausted") == 1)
        .await;
    let used = |running: &Running, allowance: Allowance| {
        let labels = ["script", allowance.as_str()];
        running.metrics.source_used.with_label_values(&labels).get()
    };
    assert_eq!(
        (
            used(&running, Allowance::Day),
            used(&running, Allowance::Month)
        ),
        (1.0, 0.002)
    );
    assert_eq!(running.up(), 0);
    let (events, cursor) = hear(&mut running, |events| {
        texts(events).len() == 4 && events.last() == Some(&Event::Nothing)
    })
    .await;
    assert_eq!(texts(&events), ["post 1", "post 2", "post 3", "post 4"]);
    let cursor = running
        .deliveries
        .try_recv()
        .map_or(cursor, |delivery| delivery.cursor);
    running.stops().await;

    // After a restart nothing is asked for …
    let asked = neighbour.requests().len();
    let running = start(&config, &clock, sought.clone(), cursor.clone());
    running
        .until("exhausted", |running| running.errors("exhausted") == 1)
        .await;
    assert_eq!(neighbour.requests().len(), asked);
    running.stops().await;
    // … and on the next day it goes on, and says what was not heard.
    clock.advance_to(noon + 12.hours());
    let mut running = start(&config, &clock, sought, cursor);
    let (events, _) = hear(&mut running, |events| !texts(events).is_empty()).await;
    assert_eq!(gaps(&events), [GapReason::Budget]);
    assert!(
        neighbour
            .requests()
            .iter()
            .all(|request| path(request) != RECENT)
    );
    running.stops().await;
}

/// A stream that was open before, and what the search says about the time between.
async fn after_a_gap(
    more: Value,
    search: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (Vec<Event>, Vec<Request>) {
    let now = Clock::system().now();
    let last = id_of(now.as_millisecond() - 3_600_000);
    let neighbour = Neighbour::start(move |request| match path(request).as_str() {
        RULES => Kept::default().answer(request),
        STREAM => stream("\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
        _ => search(request),
    })
    .await;
    let (_sender, sought) = soughts(&[("border", "Grenze"), ("toll", "Zoll")]);
    let config = config(&neighbour.url(""), more);
    let resume = Some(Cursor(json!({"newest": last}).to_string()));
    let mut running = start(&config, &Clock::system(), sought, resume);
    let done = |cursor: &Option<Cursor>| {
        cursor
            .as_ref()
            .is_some_and(|cursor| cursor.0.contains("\"since\":null"))
    };
    let (mut events, mut cursor) = (Vec::new(), None);
    while !done(&cursor) {
        let delivery = running.next().await;
        cursor = delivery.cursor.or(cursor);
        if let resonanz::collect::supervise::Outcome::Event(event) = delivery.outcome {
            events.push(event);
        }
    }
    running.stops().await;
    (events, neighbour.requests())
}

pub fn page(numbers: &[i64], next: Option<&str>) -> Reply {
    let begin = Clock::system().now().as_millisecond() - 1_800_000;
    let posts: Vec<Value> = numbers
        .iter()
        .map(|n| json!({"id": id_of(begin + n).to_string(), "text": format!("post {n}"), "author_id": "1"}))
        .collect();
    let mut body = json!({"data": posts, "meta": {}});
    if let Some(next) = next {
        body["meta"]["next_token"] = json!(next);
    }
    response(200, &[], body.to_string().as_bytes())
}

#[tokio::test]
async fn what_was_missed_is_searched_for_page_by_page() {
    let (events, asked) = after_a_gap(json!({"own_accounts": ["77"]}), |request| {
        match (
            path(request).as_str(),
            parameter(request, "pagination_token").as_str(),
        ) {
            (RECENT, "") => page(&[4, 3], Some("more")),
            (RECENT, "more") => page(&[2], None),
            ("/2/users/77/mentions", _) => page(&[5], None),
            _ => response(404, &[], b""),
        }
    })
    .await;
    let mut heard = texts(&events);
    heard.sort_unstable();
    assert_eq!(heard, ["post 2", "post 3", "post 4", "post 5"]);
    assert_eq!(gaps(&events), []);
    let recent = asked
        .iter()
        .find(|request| path(request) == RECENT)
        .unwrap();
    let query = parameter(recent, "query");
    assert_eq!(query, "((grenze) -is:retweet) OR ((zoll) -is:retweet)");
}

#[tokio::test]
async fn what_would_cost_too_much_to_catch_up_is_told() {
    let (events, asked) = after_a_gap(json!({"catch_up_posts": 2}), |_| {
        page(&[9, 8], Some("more"))
    })
    .await;
    assert_eq!(texts(&events), ["post 8", "post 9"]);
    assert_eq!(gaps(&events), [GapReason::Budget]);
    assert_eq!(
        asked
            .iter()
            .filter(|request| path(request) == RECENT)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_search_that_was_not_bought_leaves_a_gap() {
    let (events, _) = after_a_gap(json!({}), |_| response(403, &[], b"{}")).await;
    assert_eq!(gaps(&events), [GapReason::Disconnected]);
}

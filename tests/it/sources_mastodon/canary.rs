//! The ministry's own account as a canary.

use super::{Listening, config, now};
use crate::neighbours::http;
use crate::neighbours::mastodon::{Instance, status};
use resonanz::collect::mastodon::MastodonConfig;
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn an_own_post_that_does_not_come_is_blindness() {
    let instance = Instance::start().await;
    let listed = Arc::new(Mutex::new(Vec::new()));
    let served = Arc::clone(&listed);
    let own = http::Neighbour::start(move |request| match request.path.contains("/lookup?") {
        true => http::response(200, &[], br#"{"id":"7"}"#),
        false => {
            let statuses = serde_json::json!(*served.lock().unwrap());
            http::response(200, &[], statuses.to_string().as_bytes())
        }
    })
    .await;
    let config = MastodonConfig {
        compare_every_secs: 1,
        canary_url: Some(own.url("/@house")),
        canary_late_secs: 0,
        ..config(&instance)
    };
    let mut listening = Listening::start(&config, None);
    listening
        .until("a position", |this| this.cursor.is_some())
        .await;
    let mut posts = [
        status(11, "kommt an", now()),
        status(12, "geht verloren", now()),
    ];
    for post in &mut posts {
        post["account"]["url"] = "https://instance.example/@house".into();
        post["tags"] = serde_json::json!([{"name": "BMI"}]);
    }
    instance.tell("hashtag/bmi", "update", &posts[0].to_string());
    assert_eq!(listening.change().await, "<p>kommt an</p>");
    // What the timeline of the hashtag need not tell.
    let mut untagged = status(13, "ohne Schlagwort", now());
    untagged["account"]["url"] = own.url("/@house").into();
    listed.lock().unwrap().extend(posts);
    listed.lock().unwrap().push(untagged);
    let canaries = |this: &Listening, outcome| {
        let counter = &this.metrics.source_canaries;
        counter.with_label_values(&["mastodon", outcome]).get()
    };
    listening
        .until("a canary", |this| canaries(this, "missed") > 0)
        .await;
    assert_eq!(
        (canaries(&listening, "seen"), canaries(&listening, "missed")),
        (1, 1)
    );
    listening.end().await;
}

//! Sending, trying again, giving up.

use super::*;

async fn waiting_mail() -> (House, Arc<Scripted>) {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    house.take(&hits, 3).await;
    (house, Arc::new(Scripted::default()))
}

fn later(times: usize) -> VecDeque<NotifyError> {
    (0..times)
        .map(|_| NotifyError::Retry("the mail server answered 451".into()))
        .collect()
}

#[tokio::test]
async fn a_refused_mail_is_tried_again_with_the_same_bytes() {
    let (house, notifier) = waiting_mail().await;
    *notifier.script.lock().unwrap() = later(2);
    let mut sender = house.sender(notifier.clone());
    let stop = CancellationToken::new();
    let mut tried_at = Vec::new();
    for second in 0..120 {
        house
            .clock
            .advance_to(start() + SignedDuration::from_secs(second));
        let before = notifier.taken.lock().unwrap().len();
        sender.step(&stop).await.unwrap();
        if notifier.taken.lock().unwrap().len() > before {
            tried_at.push(second);
        }
        if second == 0 {
            assert!(house.metric("resonanz_outbox_pending 1"));
        }
    }
    assert_eq!(tried_at, [0, 30, 90]);
    let taken = notifier.taken.lock().unwrap().clone();
    assert!(taken.iter().all(|mail| *mail == taken[0]));
    let mail = house.store.mails(1).await.unwrap().remove(0);
    assert_eq!((mail.state.as_str(), mail.attempts), ("sent", 3));
    assert_eq!(mail.last_error, None);
    assert!(house.metric("resonanz_mails_total{outcome=\"retried\"} 2"));
    assert!(house.metric("resonanz_mails_total{outcome=\"accepted\"} 1"));
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up_after_three_days_aloud() {
    let (house, notifier) = waiting_mail().await;
    *notifier.script.lock().unwrap() = later(1_000);
    let mut sender = house.sender(notifier.clone());
    let stop = CancellationToken::new();
    for quarter in 0..(4 * 80) {
        house.clock.advance_to(start() + minutes(15 * quarter));
        sender.step(&stop).await.unwrap();
        let state = house.store.mails(1).await.unwrap().remove(0).state;
        assert_eq!(
            state == "failed",
            quarter >= 4 * 72,
            "after {quarter} quarters"
        );
    }
    assert!(house.metric("resonanz_mails_total{outcome=\"failed\"} 1"));
    assert!(house.metric("resonanz_outbox_pending 0"));
}

#[tokio::test]
async fn a_mail_refused_for_good_is_not_sent_again() {
    let (house, notifier) = waiting_mail().await;
    notifier
        .script
        .lock()
        .unwrap()
        .push_back(NotifyError::Permanent(
            "the mail server answered 550".into(),
        ));
    let mut sender = house.sender(notifier.clone());
    for day in 0..3 {
        house
            .clock
            .advance_to(start() + SignedDuration::from_hours(24 * day));
        sender.step(&CancellationToken::new()).await.unwrap();
    }
    assert_eq!(notifier.taken.lock().unwrap().len(), 1);
    let mail = house.store.mails(1).await.unwrap().remove(0);
    assert_eq!(mail.state, "failed");
    assert_eq!(
        mail.last_error.as_deref(),
        Some("the mail server answered 550")
    );
}

#[tokio::test]
async fn one_bad_recipient_does_not_keep_the_others_waiting() {
    let recipients = vec!["kaputt".to_owned(), "b@localhost".to_owned()];
    let house = House::new(Config {
        recipients,
        ..config()
    })
    .await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    house.take(&hits, 3).await;
    house.deliver().await;
    let states: Vec<String> = house
        .store
        .mails(2)
        .await
        .unwrap()
        .into_iter()
        .map(|mail| mail.state)
        .collect();
    assert_eq!(states, ["failed", "sent"]);
}

#[tokio::test]
async fn a_crash_between_sending_and_noting_it_leaves_one_file() {
    let (house, _) = waiting_mail().await;
    let recorder = Arc::new(Scripted::default());
    *recorder.script.lock().unwrap() = later(1);
    let mut sender = house.sender(recorder.clone());
    sender.step(&CancellationToken::new()).await.unwrap();
    // What the crashed process had handed over before it could note it:
    let composed = recorder.taken.lock().unwrap().remove(0);
    house.maildir().send(&composed).await.unwrap();
    house.clock.advance_to(start() + minutes(1));
    house.deliver().await;
    assert_eq!(delivered(house.dir.path()).len(), 1);
    assert_eq!(house.store.mails(1).await.unwrap()[0].state, "sent");
}

#[tokio::test]
async fn the_sender_stops_when_told() {
    let (house, notifier) = waiting_mail().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(house.sender(notifier.clone()).run(stop.clone()));
    while notifier.taken.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(notifier.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_due_when_the_house_closes_still_leaves_it() {
    let (house, notifier) = waiting_mail().await;
    let stop = CancellationToken::new();
    stop.cancel();
    house.sender(notifier.clone()).run(stop).await;
    assert_eq!(house.store.mails(1).await.unwrap()[0].state, "sent");
}

//! When a mention opens a case.

use super::*;

#[tokio::test]
async fn three_askers_open_one_case_and_mail_each_recipient_once() {
    let recipients = vec!["a@localhost".to_owned(), "b@localhost".to_owned()];
    let house = House::new(Config {
        recipients,
        ..config()
    })
    .await;
    let hits: Vec<Hit> = (0..5)
        .map(|n| enquiry(n, n as u8, 10 * i64::from(n)))
        .collect();
    let opened = house.take(&hits, 1).await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].mails, 2);
    let mails = house.store.mails(10).await.unwrap();
    let ids: Vec<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "<case-1.alert.1@resonanz.localhost>",
            "<case-1.alert.2@resonanz.localhost>"
        ]
    );
    // The later two joined the case in silence.
    assert_eq!(house.store.case_mentions(1).await.unwrap(), [1, 2, 3, 4, 5]);
    let facts = house.store.case(1).await.unwrap().unwrap().facts;
    assert_eq!(facts["authors"], 3);
    assert_eq!(facts["enquiries"], 3);
}

#[tokio::test]
async fn one_account_is_no_crowd() {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..9).map(|n| enquiry(n, 1, i64::from(n))).collect();
    assert!(house.take(&hits, 1).await.is_empty());
}

#[tokio::test]
async fn a_single_question_pages_only_where_that_is_configured() {
    let mut config = config();
    config.rules.flagged_min_mentions = 1;
    let house = House::new(config).await;
    assert_eq!(house.take(&[enquiry(1, 1, 0)], 1).await.len(), 1);
}

#[tokio::test]
async fn questions_far_apart_open_nothing() {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..6)
        .map(|n| enquiry(n, n as u8, 31 * i64::from(n)))
        .collect();
    assert!(house.take(&hits, 1).await.is_empty());
}

#[tokio::test]
async fn imports_and_old_news_open_nothing_and_count_for_nothing() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..8).map(|n| enquiry(n, n as u8, i64::from(n))).collect();
    for import in &mut hits[..4] {
        import.backfill = true;
    }
    for old in &mut hits[4..] {
        old.mention.published = old.mention.collected - SignedDuration::from_hours(24);
    }
    assert!(house.take(&hits, 3).await.is_empty());
    let two = [enquiry(20, 20, 9), enquiry(21, 21, 9)];
    assert!(house.take(&two, 1).await.is_empty());
    assert_eq!(house.take(&[enquiry(22, 22, 9)], 1).await.len(), 1);
    assert_eq!(house.store.case_mentions(1).await.unwrap(), [9, 10, 11]);
}

#[tokio::test]
async fn hours_that_arrive_at_once_are_no_wave() {
    // After an outage, thirty posts of ten hours are collected within a minute.
    let mut late: Vec<Hit> = (0..30)
        .map(|n| toward(n, n as u8, 0, Stance::Critical))
        .collect();
    for (n, hit) in late.iter_mut().enumerate() {
        hit.mention.published -= minutes(600 - 20 * n as i64);
    }
    let house = House::new(config()).await;
    assert!(house.take(&late, 7).await.is_empty());
    // Twenty more that were said within one of these hours are a wave, whatever order they come in.
    let mut wave: Vec<Hit> = (40..60)
        .map(|n| toward(n, n as u8, 1, Stance::Critical))
        .collect();
    for (n, hit) in wave.iter_mut().enumerate() {
        hit.mention.published -= minutes(300 + 2 * n as i64);
    }
    assert_eq!(house.take(&wave, 7).await.len(), 1);
    wave.reverse();
    let house = House::new(config()).await;
    assert_eq!(house.take(&wave, 1).await.len(), 1);
}

#[tokio::test]
async fn support_and_criticism_are_treated_alike() {
    for (stance, rule) in [
        (Stance::Critical, "critical_wave"),
        (Stance::Supportive, "supportive_wave"),
    ] {
        let house = House::new(config()).await;
        let hits: Vec<Hit> = (0..16).map(|n| toward(n, n as u8, 2, stance)).collect();
        assert!(house.take(&hits[..14], 1).await.is_empty());
        let opened = house.take(&hits[14..], 1).await;
        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0].rule.as_str(), rule);
    }
    let house = House::new(config()).await;
    let neutral: Vec<Hit> = (0..40)
        .map(|n| toward(n, n as u8, 2, Stance::Neutral))
        .collect();
    assert!(house.take(&neutral, 7).await.is_empty());
}

#[tokio::test]
async fn decisions_do_not_depend_on_where_a_batch_ends() {
    // Two busy hours with equal times, several accounts, a silence and a second outbreak.
    let mut hits: Vec<Hit> = (0..40)
        .map(|n| enquiry(n, (n % 11) as u8, i64::from(n / 3) * 17))
        .collect();
    hits.extend((40..80).map(|n| toward(n, n as u8, 400 + i64::from(n / 9), Stance::Critical)));
    hits.extend((80..90).map(|n| enquiry(n, n as u8, 900)));
    let mut outcomes = Vec::new();
    for size in [1, 2, 7, 90] {
        let house = House::new(config()).await;
        let opened = house.take(&hits, size).await;
        let mut members = Vec::new();
        for case in &opened {
            members.push(house.store.case_mentions(case.id).await.unwrap());
        }
        outcomes.push((opened, members, house.store.cases(10).await.unwrap()));
    }
    assert!(outcomes[0].0.len() >= 3, "{:?}", outcomes[0].0);
    for outcome in &outcomes[1..] {
        assert_eq!(*outcome, outcomes[0]);
    }
}

#[tokio::test]
async fn a_case_goes_cold_after_two_silent_hours() {
    let house = House::new(config()).await;
    let outbreak = |first: u32, minute: i64| -> Vec<Hit> {
        (first..first + 3)
            .map(|n| enquiry(n, n as u8, minute))
            .collect()
    };
    assert_eq!(house.take(&outbreak(0, 0), 1).await.len(), 1);
    assert_eq!(house.take(&outbreak(3, 119), 1).await.len(), 0);
    assert_eq!(house.take(&outbreak(6, 119 + 119), 1).await.len(), 0);
    assert_eq!(house.take(&outbreak(9, 119 + 119 + 120), 1).await.len(), 1);
}

#[tokio::test]
async fn a_case_that_never_falls_silent_pages_again_after_half_a_day() {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..80)
        .map(|n| enquiry(n, n as u8, 10 * i64::from(n)))
        .collect();
    let opened = house.take(&hits, 5).await;
    assert_eq!(opened.len(), 2);
    let second = house.store.case(2).await.unwrap().unwrap();
    assert_eq!(second.opened, start() + minutes(20 + 720));
}

#[tokio::test]
async fn without_recipients_a_case_is_opened_all_the_same() {
    let without = Config {
        recipients: Vec::new(),
        ..config()
    };
    let house = House::new(without).await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    let opened = house.take(&hits, 1).await;
    assert_eq!((opened.len(), opened[0].mails), (1, 0));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_orders_no_mail() {
    let house = House::new(config()).await;
    let mut tx = house.store.begin().await.unwrap();
    let desk = Desk::new(&config());
    for n in 0..3 {
        let hit = enquiry(n, n as u8, 0);
        let Put::New { id } = tx.put(&hit).await.unwrap() else {
            panic!("not new");
        };
        desk.apply(&mut tx, &[(id, &hit)]).await.unwrap();
    }
    drop(tx);
    assert!(house.store.mails(10).await.unwrap().is_empty());
    assert!(house.store.cases(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_flood_of_one_account_opens_nothing_and_hides_nothing_of_the_others() {
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..1_100).map(|n| enquiry(n, 1, 0)).collect();
    assert!(house.take(&hits, 100).await.is_empty());
    hits = (2_000..2_002)
        .map(|n| enquiry(n, (n % 100) as u8 + 2, 1))
        .collect();
    let opened = house.take(&hits, 1).await;
    assert_eq!(opened.len(), 1);
    assert_eq!(house.store.mails(1).await.unwrap()[0].mention_ids.len(), 3);
    // The latest 200, and the flood's first one, which the mail shows.
    assert_eq!(house.store.case_mentions(1).await.unwrap().len(), 201);
}

//! What searches find, in which order, and how many.

use crate::house::{House, all, asking, edited, hit, nth, of_site, published, time};
use resonanz::index::{CursorKey, Facets, IndexError, Order, Search};
use resonanz::model::{FlagKind, FlagLabel, Stance, WatchMatch};

#[tokio::test(flavor = "multi_thread")]
async fn pages_cover_every_result_once_newest_first() {
    let house = House::new().await;
    let hits: Vec<_> = (0..150).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    for order in [Order::Newest, Order::Relevance] {
        let mut seen = Vec::new();
        let mut after: Option<CursorKey> = None;
        loop {
            let page = house
                .search(Search {
                    order,
                    after,
                    limit: 7,
                    ..of_site("x.example")
                })
                .await;
            assert_eq!(page.total, 150);
            assert!(page.ids.len() <= 7);
            seen.extend(page.ids);
            match page.next {
                Some(next) => after = Some(next.parse().unwrap()),
                None => break,
            }
        }
        if order == Order::Newest {
            let mentions = house.store.mentions(&seen).await.unwrap();
            let keys: Vec<_> = mentions.iter().map(|m| (m.published, m.id)).collect();
            let mut sorted = keys.clone();
            sorted.sort();
            sorted.reverse();
            assert_eq!(keys, sorted);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 150, "{order:?}");
    }
    for bad in ["", "1", "1_2", "x_2_3", "1_2_3_4", "-1_2_3"] {
        assert!(bad.parse::<CursorKey>().is_err(), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_ranges_hold_to_the_millisecond() {
    let house = House::new().await;
    let times = [
        "1969-12-31T00:00:00Z",
        "2026-11-15T23:59:59.999Z",
        "2026-11-16T00:00:00Z",
        "2026-11-18T12:00:00Z",
        "2026-11-18T12:00:00.001Z",
        "9998-01-01T00:00:00Z",
    ];
    let hits: Vec<_> = (0..)
        .zip(times)
        .map(|(number, at)| published(hit(number, "x"), at))
        .collect();
    house.put(&hits).await;
    house.settle().await;
    let bounds: Vec<_> = times.iter().map(|at| time(at)).collect();
    for since in std::iter::once(None).chain(bounds.iter().copied().map(Some)) {
        for until in std::iter::once(None).chain(bounds.iter().copied().map(Some)) {
            let expected = bounds
                .iter()
                .filter(|at| since.is_none_or(|since| since <= **at))
                .filter(|at| until.is_none_or(|until| **at < until))
                .count();
            for limit in [0, 1, 200] {
                let page = house
                    .search(Search {
                        since,
                        until,
                        limit,
                        ..Search::default()
                    })
                    .await;
                assert_eq!(page.total, expected as u64, "{since:?} {until:?}");
                assert_eq!(page.ids.len(), expected.min(limit));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_for_the_page_agree_with_the_total() {
    let house = House::new().await;
    let mut flagged = nth(1, "");
    flagged.labels.stances[0].stance = Stance::Critical;
    flagged.labels.flags.push(FlagLabel {
        flag: FlagKind::Enquiry,
        reasons: Vec::new(),
    });
    let mut second_watch = flagged.matches[0].clone();
    second_watch.watch = "minister".to_owned();
    second_watch.target = "minister".to_owned();
    let mut second_stance = flagged.labels.stances[0].clone();
    second_stance.target = "minister".to_owned();
    flagged.matches.push(second_watch);
    flagged.labels.stances.push(second_stance);
    house.put(&[flagged, nth(2, ""), nth(20, "")]).await;
    house.settle().await;
    let page = house
        .search(Search {
            aggregations: Some(Facets::ask().unwrap()),
            ..all()
        })
        .await;
    let facets = Facets::read(&page.aggregated.unwrap());
    let entry = |name: &str, count| (name.to_owned(), count);
    assert_eq!(page.total, 3);
    assert_eq!(facets.watch, [entry("bmi", 3), entry("minister", 1)]);
    assert_eq!(facets.source, [entry("bluesky", 3)]);
    assert_eq!(facets.stance, [entry("neutral", 2), entry("critical", 1)]);
    assert_eq!(facets.flag, [entry("enquiry", 1)]);
    let critical = Search {
        stance: Some(Stance::Critical),
        flag: Some(FlagKind::Enquiry),
        target: Some("minister".to_owned()),
        ..all()
    };
    assert_eq!(house.search(critical).await.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_as_they_are_now() {
    let house = House::new().await;
    let mut first = hit(1, "Die Grenzkontrollen in Köln werden verlängert");
    first.mention.title = "Bundesinnenministerium".to_owned();
    first.mention.site = "nachrichten.example.de".to_owned();
    house.put(&[first.clone(), hit(2, "Köln feiert")]).await;
    house.settle().await;
    let expected = [
        ("grenzkontrollen", 1),
        ("koeln", 2),
        ("*ministerium", 1),
        ("title:köln", 0),
        ("\"in köln\"", 1),
        ("grenzkontrollen NEAR/3 verlängert", 1),
        ("grenzkontrollen NEAR/2 verlängert", 0),
        ("site:example.de", 1),
        ("köln NOT feiert", 1),
    ];
    for (query, total) in expected {
        assert_eq!(house.search(asking(query)).await.total, total, "{query}");
    }
    assert_eq!(house.search(of_site("www.Example.de")).await.total, 1);
    let newer = edited(first, "2026-11-19T00:00:00Z", "Keine Kontrollen mehr");
    house.put(&[newer]).await;
    house.settle().await;
    for (query, total) in [
        ("grenzkontrollen", 0),
        ("\"keine kontrollen\"", 1),
        ("köln", 1),
    ] {
        assert_eq!(house.search(asking(query)).await.total, total, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stance_is_toward_a_target() {
    let house = House::new().await;
    let mut both = hit(1, "Gute Ministerin, schlechtes Ministerium");
    both.matches.push(WatchMatch {
        watch: "minister".to_owned(),
        target: "minister".to_owned(),
        spans: Vec::new(),
    });
    let mut toward_minister = both.labels.stances[0].clone();
    toward_minister.target = "minister".to_owned();
    toward_minister.stance = Stance::Supportive;
    both.labels.stances[0].stance = Stance::Critical;
    both.labels.stances.push(toward_minister);
    house.put(&[both]).await;
    house.settle().await;
    let total = async |target: Option<&str>, stance| {
        let search = Search {
            target: target.map(str::to_owned),
            stance: Some(stance),
            ..all()
        };
        house.search(search).await.total
    };
    assert_eq!(total(None, Stance::Critical).await, 1);
    assert_eq!(total(Some("ministry"), Stance::Critical).await, 1);
    assert_eq!(total(Some("minister"), Stance::Critical).await, 0);
    assert_eq!(total(Some("minister"), Stance::Supportive).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_without_time_is_stopped() {
    let mut house = House::new().await;
    house.put(&[nth(1, "")]).await;
    house.settle().await;
    house.stop().await;
    house.config.search_timeout_ms = 0;
    house.start().await;
    let stopped = house.index().search(all()).await;
    assert!(matches!(stopped, Err(IndexError::TimedOut)));
}

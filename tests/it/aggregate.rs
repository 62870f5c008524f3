//! Counts against counting by hand, asked again after every change: nothing remembered is old, and
//! nothing is told of fewer than five people.

use crate::house::{House, all, edited, hit, published};
use proptest::prelude::*;
use resonanz::index::{Aggregations, MIN_PEOPLE, Search};
use resonanz::model::{Author, Hit, Kind};
use resonanz::privacy::Pseudonym;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const WEEK_MS: i64 = 7 * 86_400_000;

/// What was said: on which of 40 days, by whom (nobody: a publication), and what it is.
type Said = (u8, Option<u8>, u8);

fn said() -> impl Strategy<Value = Said> {
    (0..40_u8, proptest::option::weighted(0.8, 0..8_u8), 0..3_u8)
}

fn made(number: u32, (day, person, kind): Said) -> Hit {
    let at = format!("2026-{:02}-{:02}T12:00:00Z", 10 + day / 20, 1 + day % 20);
    let mut made = published(hit(number, "ein Text"), &at);
    made.mention.kind = [Kind::Post, Kind::Reply, Kind::Article][usize::from(kind)];
    made.mention.author = person.map(|person| Author::Private {
        pseudonym: Pseudonym([person + 1; 16]),
    });
    made
}

fn asked() -> Aggregations {
    let weeks =
        json!({ "histogram": { "field": "published", "interval": WEEK_MS, "min_doc_count": 1 } });
    let asked = json!({
        "kinds": { "terms": { "field": "kind" }, "aggs": { "weeks": weeks } },
        "all": { "value_count": { "field": "id" } },
    });
    serde_json::from_value(asked).unwrap()
}

/// Mentions and people.
#[derive(Default)]
struct Tally {
    mentions: u64,
    people: BTreeSet<[u8; 16]>,
}

impl Tally {
    fn add(&mut self, hit: &Hit) {
        self.mentions += 1;
        if let Some(Author::Private { pseudonym }) = &hit.mention.author {
            self.people.insert(pseudonym.0);
        }
    }

    fn told(&self) -> Option<u64> {
        let people = self.people.len() as u64;
        (people == 0 || people >= MIN_PEOPLE).then_some(self.mentions)
    }
}

type Counts = BTreeMap<String, (u64, BTreeMap<i64, u64>)>;

/// By kind and week, as it may be told; `None` where nothing may be.
fn by_hand(hits: &[Hit]) -> (Option<u64>, Counts) {
    let mut whole = Tally::default();
    let mut kinds: BTreeMap<String, (Tally, BTreeMap<i64, Tally>)> = BTreeMap::new();
    for hit in hits {
        let kind = kinds
            .entry(hit.mention.kind.as_str().to_owned())
            .or_default();
        let week = hit.mention.published.as_millisecond().div_euclid(WEEK_MS) * WEEK_MS;
        whole.add(hit);
        kind.0.add(hit);
        kind.1.entry(week).or_default().add(hit);
    }
    if whole.told().is_none() {
        return (None, Counts::new());
    }
    let told = kinds.into_iter().filter_map(|(kind, (tally, weeks))| {
        let weeks = weeks
            .into_iter()
            .filter_map(|(week, tally)| Some((week, tally.told()?)));
        Some((kind, (tally.told()?, weeks.collect())))
    });
    (whole.told(), told.collect())
}

fn counted(aggregated: &Value) -> (Option<u64>, Counts) {
    let list = |value: &Value| value["buckets"].as_array().unwrap().clone();
    let count = |bucket: &Value| bucket["doc_count"].as_u64().unwrap();
    let kinds = list(&aggregated["kinds"]).into_iter().map(|kind| {
        let weeks = list(&kind["weeks"])
            .into_iter()
            .map(|week| (week["key"].as_f64().unwrap() as i64, count(&week)));
        let name = kind["key"].as_str().unwrap().to_owned();
        (name, (count(&kind), weeks.collect()))
    });
    let all = aggregated["all"]["value"].as_f64().map(|all| all as u64);
    (all, kinds.collect())
}

async fn compare(house: &House, hits: &[Hit]) {
    house.settle().await;
    let expected = by_hand(hits);
    // The second answer is the remembered one.
    for _ in 0..2 {
        let search = Search {
            aggregations: Some(asked()),
            ..all()
        };
        let page = house.search(search).await;
        assert_eq!(page.total, hits.len() as u64);
        assert_eq!(page.ids.len(), hits.len());
        assert_eq!(counted(&page.aggregated.unwrap()), expected);
    }
}

async fn check(first: &[Said], later: &[Said], gone: &[prop::sample::Index]) {
    let house = House::new().await;
    let mut hits: Vec<Hit> = (0..)
        .zip(first)
        .map(|(number, said)| made(number, *said))
        .collect();
    house.put(&hits).await;
    compare(&house, &hits).await;
    let more: Vec<Hit> = (1_000..)
        .zip(later)
        .map(|(number, said)| made(number, *said))
        .collect();
    house.put(&more).await;
    hits.extend(more);
    compare(&house, &hits).await;
    // Each takes one away, if not all are gone already.
    for index in gone.iter().take(hits.len().saturating_sub(1)) {
        let number = index.index(hits.len());
        let hit = hits.swap_remove(number);
        match number % 2 {
            0 => house.delete(&hit).await,
            _ => {
                let newer = edited(hit, "2026-11-30T00:00:00Z", "andere Worte");
                house.put(std::slice::from_ref(&newer)).await;
                hits.push(newer);
            }
        }
    }
    compare(&house, &hits).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn counts_are_those_of_counting_by_hand_and_tell_nothing_of_few(
        first in proptest::collection::vec(said(), 1..60),
        later in proptest::collection::vec(said(), 0..20),
        gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(&first, &later, &gone));
    }
}

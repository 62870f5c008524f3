//! Copies are one result with a count: in searches page by page, through the whole house, after a
//! restart, and over pages, API and command line.

use crate::archive::{resonanz, succeeds};
use crate::house::{House, hit, published, time};
use proptest::prelude::*;
use resonanz::index::{CursorKey, Order, Search};
use resonanz::model::{Hit, Placement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

/// Of each story, page by page: number and count.
async fn listed(house: &House, search: &Search) -> Vec<(i64, u64)> {
    let mut all = Vec::new();
    let mut after: Option<CursorKey> = None;
    loop {
        let asked = Search {
            after,
            ..search.clone()
        };
        let page = house.search(asked).await;
        assert_eq!(page.ids.len(), page.in_story.len());
        assert!(page.ids.len() <= search.limit);
        all.extend(page.ids.into_iter().zip(page.in_story));
        match page.next {
            Some(next) => after = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

fn placed(number: u32, day: i64, story: i64, text: &str) -> Hit {
    let at = time("2026-10-30T12:00:00Z") + jiff::SignedDuration::from_hours(24 * day);
    let mut hit = published(hit(number, text), &at.to_string());
    hit.placement = Some(Placement::alone(story));
    hit
}

fn made() -> impl Strategy<Value = Vec<(i64, i64, bool)>> {
    proptest::collection::vec((0_i64..30, 1_i64..12, any::<bool>()), 1..60)
}

#[test]
fn every_story_is_listed_once_with_its_count() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(12));
    runner
        .run(
            &(made(), 1_usize..9, any::<bool>()),
            |(made, limit, oldest)| {
                runtime.block_on(async {
                    let house = House::new().await;
                    let hits: Vec<Hit> = (0..)
                        .zip(&made)
                        .map(|(number, (day, story, asked))| {
                            placed(
                                number,
                                *day,
                                *story,
                                if *asked { "grenze" } else { "haushalt" },
                            )
                        })
                        .collect();
                    let ids = house.put(&hits).await;
                    house.settle().await;
                    let order = if oldest { Order::Oldest } else { Order::Newest };
                    let search = Search {
                        order,
                        limit,
                        one_of_each_story: true,
                        ..crate::house::asking("grenze")
                    };
                    let mut matching: Vec<(i64, i64, i64)> = made
                        .iter()
                        .zip(&ids)
                        .filter(|((_, _, asked), _)| *asked)
                        .map(|((day, story, _), id)| (*day, *id, *story))
                        .collect();
                    matching.sort_unstable();
                    if !oldest {
                        matching.reverse();
                    }
                    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
                    for (_, _, story) in &matching {
                        *counts.entry(*story).or_default() += 1;
                    }
                    let mut seen = HashSet::new();
                    let expected: Vec<(i64, u64)> = matching
                        .iter()
                        .filter(|(_, _, story)| seen.insert(*story))
                        .map(|(_, id, story)| (*id, counts[story]))
                        .collect();
                    assert_eq!(listed(&house, &search).await, expected);
                    for (story, count) in counts {
                        let of_story = Search {
                            story: Some(story),
                            one_of_each_story: false,
                            ..search.clone()
                        };
                        assert_eq!(house.search(of_story).await.total, count);
                    }
                });
                Ok(())
            },
        )
        .unwrap();
}

const AGENCY: &str = "Berlin - Das Bundesinnenministerium verlängert die Grenzkontrollen an allen \
    deutschen Landgrenzen bis März. Das teilte ein Sprecher am Freitag in Berlin mit. Zur Begründung \
    hieß es, die Lage an den Außengrenzen lasse noch keine andere Entscheidung zu.";

const OWN: [&str; 5] = [
    "Pendler stehen wegen der Grenzkontrollen morgens bis zu vierzig Minuten auf der Brücke im Stau.",
    "Der Handelsverband klagt: Seit den Grenzkontrollen bleiben Kunden aus dem Nachbarland aus.",
    "Die Gewerkschaft der Polizei hält die Grenzkontrollen auf Dauer für personell nicht leistbar.",
    "Städtetag fordert Geld vom Bund, weil Grenzkontrollen allein keine Unterkunft schaffen.",
    "Eine Spedition rechnet vor, was Grenzkontrollen sie im Monat kosten: achtzehntausend Euro.",
];

fn line(number: u32, kind: &str, title: &str, text: &str, site: &str) -> String {
    let at = time("2026-11-20T08:00:00Z") + jiff::SignedDuration::from_mins(i64::from(number));
    json!({
        "source": "web", "id": format!("https://{site}/{number}"), "kind": kind, "published": at,
        "title": title, "text": text, "lang": "de", "url": format!("https://{site}/{number}"),
        "site": site,
    })
    .to_string()
}

/// Forty newspapers with one agency's words, each in its own way, and five with words of their own.
fn weekend() -> String {
    let mut lines = String::new();
    for number in 0..40 {
        let title = format!("Grenzkontrollen: Fassung {number} der Meldung");
        let text = match number % 4 {
            0 => AGENCY.to_owned(),
            1 => format!("{AGENCY} Mehr dazu in unserem Newsblog."),
            2 => AGENCY.replace("am Freitag in Berlin ", ""),
            _ => AGENCY.replace("Bundesinnenministerium", "Innenministerium in Berlin"),
        };
        let site = format!("blatt{number}.example");
        writeln!(lines, "{}", line(number, "article", &title, &text, &site)).unwrap();
    }
    for (number, text) in (40..).zip(OWN) {
        let site = format!("lokal{number}.example");
        writeln!(
            lines,
            "{}",
            line(number, "article", "Aus der Region", text, &site)
        )
        .unwrap();
    }
    lines
}

fn found(arguments: &[&str]) -> Vec<Value> {
    let told = succeeds(arguments);
    told.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn forty_agency_copies_are_one_result_with_a_count() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("weekend.ndjson");
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let weekend = weekend();
    // In two halves, so that the second meets what a restarted house knows of the first.
    let lines: Vec<&str> = weekend.lines().collect();
    for half in lines.chunks(23) {
        std::fs::write(&file, half.join("\n")).unwrap();
        succeeds(&["replay", file.to_str().unwrap(), "--dir", data]);
    }
    let all = [
        "search",
        "Grenzkontroll*",
        "--dir",
        data,
        "--format",
        "jsonl",
        "--limit",
        "100",
    ];
    assert_eq!(found(&all).len(), 45);
    let mut of_each = all.to_vec();
    of_each.push("--one-of-each-story");
    let stories = found(&of_each);
    let mut counts: Vec<u64> = stories
        .iter()
        .map(|one| one["in_story"].as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 1, 1, 40], "{stories:#?}");
    let copied = stories.iter().find(|one| one["in_story"] == 40).unwrap();
    let story = copied["story"].to_string();
    let mut of_it = all.to_vec();
    of_it.extend(["--story", &story]);
    assert_eq!(found(&of_it).len(), 40);
    let wrong = resonanz(&["search", "", "--dir", data, "--story", "x"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

//! What was taken back is in no file: neither in the store, nor in its log, nor in the index.

use crate::house::{House, edited, hit};
use crate::sweep::{assert_absent, holding};
use resonanz::index::Search;
use resonanz::model::Hit;
use std::path::Path;

const WORD: &str = "kaffeefahrtministerium";

/// The partitions whose dictionaries hold the word or a good part of it. A dictionary is a
/// compressed automaton, which a search of bytes cannot read.
fn dictionaries_holding(dir: &Path, word: &str) -> Vec<String> {
    let part = &word[..word.len() * 2 / 3];
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir.join("index")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let index = tantivy::Index::open_in_dir(&path).unwrap();
        let files = crate::sweep::files(&path);
        let segments = index.searchable_segment_ids().unwrap();
        for file in &files {
            let name = file.file_name().unwrap().to_string_lossy();
            let living = segments
                .iter()
                .any(|id| name.starts_with(&id.uuid_string()));
            let known = name == "meta.json" || name.starts_with('.');
            assert!(living || known, "{name} belongs to no living segment");
        }
        let searcher = index.reader().unwrap().searcher();
        for segment in searcher.segment_readers() {
            for (field, entry) in index.schema().fields() {
                if !entry.is_indexed() {
                    continue;
                }
                let terms = segment.inverted_index(field).unwrap();
                let mut stream = terms.terms().stream().unwrap();
                while stream.advance() {
                    let term = String::from_utf8_lossy(stream.key()).to_lowercase();
                    if term.contains(part) {
                        found.push(format!("{}: {term}", entry.name()));
                    }
                }
            }
        }
    }
    found
}

fn with_word(number: u32) -> Hit {
    let mut hit = hit(number, "Das KaffeefahrtMinisterium hat wieder eingeladen");
    hit.mention.title = "Neues aus dem Kaffeefahrtministerium".to_owned();
    hit.mention.site = "kaffeefahrtministerium.example".to_owned();
    hit.mention.url = Some("https://kaffeefahrtministerium.example/1".to_owned());
    hit.mention.links = vec!["https://example.org/kaffeefahrtministerium".to_owned()];
    hit
}

/// Fails where the test could not fail: while the mention is there, the sweep must see it.
async fn assert_present(house: &House) {
    assert!(!holding(house.dir(), WORD).is_empty());
    assert!(!dictionaries_holding(house.dir(), WORD).is_empty());
}

async fn assert_gone(house: &House) {
    house.settle().await;
    // Else the partition was made again from the store, which hides that purging it failed.
    assert_eq!(house.metrics.index_failures.get(), 0);
    assert_absent(house.dir(), WORD);
    assert_eq!(
        dictionaries_holding(house.dir(), WORD),
        Vec::<String>::new()
    );
}

/// Some mentions around the one that goes: alone in its partition, it would go with it.
fn others(from: u32, count: u32) -> Vec<Hit> {
    (from..from + count)
        .map(|number| hit(number, "Das Ministerium lädt zum Kaffee, Fahrt inbegriffen"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_mention_is_in_no_file() {
    let house = House::new().await;
    house.put(&others(0, 50)).await;
    house.put(&[with_word(50)]).await;
    house.put(&others(51, 50)).await;
    house.settle().await;
    assert_present(&house).await;
    house.delete(&with_word(50)).await;
    assert_gone(&house).await;
    let page = house.search(Search::default()).await;
    assert_eq!(page.total, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_before_an_edit_are_in_no_file() {
    let house = House::new().await;
    house.put(&others(0, 20)).await;
    let mut first = with_word(50);
    // The store keeps the site of a publication, which an edit does not change.
    first.mention.site = "ministerium.example".to_owned();
    house.put(&[first.clone()]).await;
    house.settle().await;
    assert_present(&house).await;
    let mut newer = edited(first, "2026-11-19T00:00:00Z", "Das Ministerium lädt ein");
    newer.mention.title = "Neues".to_owned();
    newer.mention.url = None;
    newer.mention.links.clear();
    house.put(&[newer]).await;
    assert_gone(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_mention_of_a_week_takes_its_partition_along() {
    let house = House::new().await;
    house.put(&[with_word(1)]).await;
    house.settle().await;
    assert_present(&house).await;
    house.delete(&with_word(1)).await;
    assert_gone(&house).await;
    assert_eq!(house.partitions(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_gone_while_a_search_still_holds_the_old_files() {
    let house = House::new().await;
    house.put(&others(0, 20)).await;
    house.put(&[with_word(50)]).await;
    house.settle().await;
    assert_present(&house).await;
    let path = house.dir().join("index/2026-W47");
    let reader = tantivy::Index::open_in_dir(&path)
        .unwrap()
        .reader()
        .unwrap();
    let held = reader.searcher();
    house.delete(&with_word(50)).await;
    assert_gone(&house).await;
    assert_eq!(held.num_docs(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_behind_is_purged_at_the_start() {
    let mut house = House::new().await;
    house.put(&others(0, 20)).await;
    house.put(&[with_word(50)]).await;
    house.settle().await;
    let partition = house.dir().join("index/2026-W47");
    let term = house
        .word_files("2026-W47")
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "term"))
        .unwrap();
    house.stop().await;
    // A segment that was written and never committed, and a file half written.
    std::fs::copy(&term, partition.join(format!("{:032x}.term", 7))).unwrap();
    std::fs::write(partition.join(".tmpAb3"), WORD).unwrap();
    house.delete(&with_word(50)).await;
    house.start().await;
    assert_gone(&house).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_removals_among_many_commits() {
    let house = House::new().await;
    for round in 0..12 {
        house.put(&others(round * 100, 30)).await;
        house.put(&[with_word(round * 100 + 50)]).await;
        house.settle().await;
    }
    assert_present(&house).await;
    for round in 0..12 {
        house.delete(&with_word(round * 100 + 50)).await;
    }
    assert_gone(&house).await;
    assert_eq!(house.search(Search::default()).await.total, 360);
}

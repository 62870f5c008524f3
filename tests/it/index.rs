//! The index converges to the store, whatever happens on the way.

use crate::house::{House, all, asking, edited, hit, nth, published, soon};
use resonanz::index::{Differences, Index, IndexError, Search, rebuild};
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn converges_under_new_changed_and_removed_mentions() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..120).map(|number| nth(number, "alt.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 120);
    assert_eq!(house.partitions().len(), 5);

    for number in (0..120).step_by(3) {
        let mut newer = edited(nth(number, "neu.example"), "2026-12-24T18:00:00Z", "anders");
        newer.mention.published = hits[number as usize].mention.published;
        // The store keeps the site of the first version, so the language tells them apart.
        newer.mention.lang = "en".to_owned();
        house.put(&[newer]).await;
    }
    for number in (0..120).step_by(4) {
        house.delete(&hits[number]).await;
    }
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 90);
    let english = Search {
        lang: Some("en".to_owned()),
        ..all()
    };
    assert_eq!(house.search(english.clone()).await.total, 30);

    // A restart finds everything, and goes on from there.
    house.stop().await;
    house.delete(&hits[3]).await;
    house.put(&[nth(500, "alt.example")]).await;
    house.start().await;
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 90);
    assert_eq!(house.search(english).await.total, 29);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_nothing_is_written_to_any_more_becomes_one_segment() {
    let mut house = House::new().await;
    house.stop().await;
    house.config.idle_writer_secs = 0;
    house.start().await;
    let (old, newest) = ("2026-11-10T12:00:00Z", "2026-11-20T12:00:00Z");
    for number in 0..4 {
        for (more, at) in [(0, old), (10, newest)] {
            let hit = published(hit(number + more, "ein Text"), at);
            house.put(&[hit]).await;
            let newest = house.store.newest_seq().await.unwrap();
            house.index().wake();
            soon("following", house.index().until_reached(newest)).await;
        }
    }
    let segments = |week: &str| {
        let files = house.word_files(week);
        let dictionaries = files
            .iter()
            .filter(|path| path.extension().unwrap() == "term");
        dictionaries.count()
    };
    soon("compaction", async {
        while segments("2026-W46") > 1 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(segments("2026-W47"), 4);
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 8);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_position_is_followed_again_without_harm() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..40).map(|number| nth(number, "x.example")).collect();
    house.put(&hits[..20]).await;
    house.settle().await;
    let position = house.dir().join("index/position");
    let older = fs::read(&position).unwrap();
    house.put(&hits[20..]).await;
    house.delete(&hits[0]).await;
    house.delete(&hits[39]).await;
    house.settle().await;
    house.stop().await;
    // What a crash between the partitions' commits and the position's leaves behind.
    fs::write(&position, older).unwrap();
    house.start().await;
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 38);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_garbled_position_or_another_schema_makes_the_index_again() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..10).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    let position = house.dir().join("index/position");
    let written = fs::read_to_string(&position).unwrap();
    for (more, damaged) in (1..).zip([
        None,
        Some(String::new()),
        Some("\0\0\0\0".to_owned()),
        Some(written.replace("\"schema\":\"", "\"schema\":\"0")),
        // Of another store, which had more changes.
        Some(written.replace("\"seq\":10", "\"seq\":9999")),
    ]) {
        house.stop().await;
        assert_ne!(damaged.as_ref(), Some(&written));
        match &damaged {
            None => fs::remove_file(&position).unwrap(),
            Some(text) => fs::write(&position, text).unwrap(),
        }
        house.start().await;
        house.put(&[nth(100 + more, "x.example")]).await;
        house.settle().await;
        let total = house.search(all()).await.total;
        assert_eq!(total, u64::from(10 + more), "{damaged:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_partition_is_made_again_and_a_foreign_one_removed() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..56).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    house.stop().await;
    let before = house.partitions();
    let index = house.dir().join("index");
    fs::remove_dir_all(index.join("2026-W46")).unwrap();
    fs::create_dir(index.join("2026-W02")).unwrap();
    fs::write(index.join("2026-W02/meta.json"), "{}").unwrap();
    // What is not indexed yet belongs to the lost week too.
    house
        .put(&[published(hit(900, "neu"), "2026-11-10T00:00:00Z")])
        .await;
    house.start().await;
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 57);
    assert_eq!(house.partitions(), before);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_made_again() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..28).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    house.stop().await;
    let names: Vec<String> = ["term", "idx", "pos", "fast", "store", "fieldnorm", "json"]
        .iter()
        .map(|ending| format!(".{ending}"))
        .collect();
    for ending in &names {
        for kept in [0, 3, 40] {
            let dir = house.dir().join("index/2026-W47");
            let file = crate::sweep::files(&dir)
                .into_iter()
                .find(|path| path.to_string_lossy().ends_with(ending))
                .unwrap_or_else(|| panic!("no file *{ending}"));
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..kept.min(bytes.len() - 1)]).unwrap();
            house.start().await;
            house.settle().await;
            assert_eq!(
                house.search(all()).await.total,
                28,
                "*{ending}, {kept} bytes"
            );
            house.stop().await;
        }
    }
}

/// Changes bytes in the midst of a partition's file, as a failing disk does; its end, which is all
/// that opening it checks, stays.
fn rot(house: &House, partition: &str, ending: &str) {
    let files = house.word_files(partition);
    let file = files
        .iter()
        .find(|path| path.extension().is_some_and(|known| known == ending))
        .unwrap();
    let mut bytes = fs::read(file).unwrap();
    let body = bytes.len() - 80;
    bytes[..body].fill(0xa5);
    // In place: the running index has the file mapped.
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.write_all(&bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_search_meets_is_repaired_while_the_rest_is_served() {
    let house = House::new().await;
    let hits: Vec<_> = (0..56).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    rot(&house, "2026-W46", "fast");
    let differences = house.index().verify(&house.store).await;
    assert!(!differences.is_ok_and(|differences| differences.is_empty()));
    let page = house.search(asking("text")).await;
    assert!(page.total > 0 && page.total < 56, "{}", page.total);
    assert!(!page.whole);
    soon("repair", async {
        let mut page = page;
        while (page.total, page.whole) != (56, true) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            page = house.search(asking("text")).await;
        }
    })
    .await;
    house.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_names_what_differs() {
    let house = House::new().await;
    house.put(&[nth(1, ""), nth(2, ""), nth(3, "")]).await;
    house.settle().await;
    let mut other = House::new().await;
    other.stop().await;
    let mut second = nth(2, "");
    second.mention.text = "ein anderer Text".to_owned();
    other
        .put(&[nth(1, ""), second, nth(3, ""), nth(20, "")])
        .await;
    other.delete(&nth(3, "")).await;
    let differences = house.index().verify(&other.store).await.unwrap();
    let expected = Differences {
        mentions: 3,
        missing: vec![4],
        extra: vec![3],
        stale: vec![2],
        ..Differences::default()
    };
    assert_eq!(differences, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_same_index() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..60).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.delete(&hits[7]).await;
    house.settle().await;
    let before = house.search(all()).await;
    let files_before = house.word_files("2026-W47");
    let refused = rebuild(house.dir(), &house.config, house.follow()).await;
    assert!(matches!(refused, Err(IndexError::InUse)));
    let refused = house.open().await;
    assert!(matches!(refused, Err(IndexError::InUse)));
    house.stop().await;
    rebuild(house.dir(), &house.config, house.follow())
        .await
        .unwrap();
    house.start().await;
    house.settle().await;
    assert_eq!(house.search(all()).await, before);
    assert_ne!(house.word_files("2026-W47"), files_before);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_can_search_meanwhile() {
    let house = House::new().await;
    let nothing = tempfile::tempdir().unwrap();
    let absent = Index::open_to_search(nothing.path(), &house.config)
        .await
        .unwrap();
    let page = absent.search(all()).await.unwrap();
    assert_eq!((page.total, page.whole), (0, false));
    house
        .put(&[nth(1, "x.example"), nth(20, "x.example")])
        .await;
    house.settle().await;
    let second = Index::open_to_search(house.dir(), &house.config)
        .await
        .unwrap();
    let page = second.search(all()).await.unwrap();
    assert_eq!((page.total, page.whole), (2, true));
    assert_eq!(second.reached(), house.index().reached());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_searchable_is_measured() {
    let house = House::new().await;
    let arrived = Instant::now();
    house.put(&[nth(1, "")]).await;
    house
        .arrivals
        .note(house.store.newest_seq().await.unwrap(), arrived);
    house.put(&[nth(2, "")]).await;
    house.settle().await;
    let text = house.metrics.encode().unwrap();
    assert!(
        text.contains("resonanz_searchable_seconds_count 1"),
        "{text}"
    );
    assert!(text.contains("resonanz_follower_sequence{follower=\"index\"} 2"));
    assert!(text.contains("resonanz_index_failures_total 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_disk_is_survived() {
    let mut house = House::new().await;
    house.put(&[nth(1, "")]).await;
    house.settle().await;
    // A file where a partition's directory has to be: creating it fails, for root too.
    let in_the_way = house.dir().join("index/2026-W48");
    fs::write(&in_the_way, "").unwrap();
    house.put(&[nth(23, "")]).await;
    house.index().wake();
    soon("a failure", async {
        while house.metrics.index_failures.get() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(house.search(all()).await.total, 1);
    fs::remove_file(&in_the_way).unwrap();
    house.settle().await;
    assert_eq!(house.search(all()).await.total, 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_commits_stay_few_segments() {
    let mut house = House::new().await;
    house.config.batch_changes = 1;
    house.stop().await;
    house.start().await;
    let hits: Vec<_> = (0..60).map(|number| hit(number, "ein Text")).collect();
    house.put(&hits).await;
    house.settle().await;
    let files = house.word_files("2026-W47");
    let segments = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "term"))
        .count();
    assert!((1..8).contains(&segments), "{segments} segments");
    house.stop().await;
}

//! Bytes that turn or go missing: found at the start, by a round over the checksums or by `fsck`,
//! and made again. No search ever gives a wrong hit afterwards, and the house goes on.

use crate::house::{House, all, asking, nth, soon};
use crate::sweep::files;
use resonanz::index::Index;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Places in each file, from its first byte to its last.
const PLACES: usize = 6;
const WEEK: &str = "2026-W47";
const MENTIONS: u32 = 56;

async fn filled() -> House {
    let house = House::new().await;
    let hits: Vec<_> = (0..MENTIONS)
        .map(|number| nth(number, "x.example"))
        .collect();
    house.put(&hits).await;
    house.settle().await;
    house
}

#[derive(Debug, Clone, Copy)]
enum Harm {
    Flip,
    Cut,
}

fn harmed(bytes: &[u8], harm: Harm, place: usize) -> Vec<u8> {
    let at = (bytes.len() - 1) * place / (PLACES - 1);
    let mut harmed = bytes.to_vec();
    match harm {
        Harm::Flip => harmed[at] ^= 1 << (place % 8),
        Harm::Cut => harmed.truncate(at),
    }
    harmed
}

/// Every kind of file that an index has: one of each.
fn kinds(house: &House) -> Vec<PathBuf> {
    let index = house.dir().join("index");
    let mut kinds = files(&index.join(WEEK));
    kinds.retain(|path| !path.to_string_lossy().ends_with(".lock"));
    kinds.push(index.join("position"));
    kinds
}

/// What `fsck` does with an index: true where it finds nothing wrong.
async fn looks_sound(house: &House) -> bool {
    let Ok(index) = Index::open_to_search(house.dir(), &house.config).await else {
        return false;
    };
    let differences = index.verify(&house.store).await;
    let whole = index.is_whole() && index.reached() == house.store.newest_seq().await.unwrap();
    index.stop().await;
    whole && differences.is_ok_and(|differences| differences.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_file_at_every_place_is_found_and_made_again() {
    let mut house = filled().await;
    let names: Vec<String> = kinds(&house)
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            match name.split_once('.') {
                // Of a segment, whose name changes.
                Some((segment, ending)) if segment.len() == 32 => format!(".{ending}"),
                _ => name.to_owned(),
            }
        })
        .collect();
    let mut unseen = Vec::new();
    for name in &names {
        for place in 0..PLACES {
            for harm in [Harm::Flip, Harm::Cut] {
                house.stop().await;
                let paths = kinds(&house);
                let ends = |path: &&PathBuf| path.to_string_lossy().ends_with(name.as_str());
                let path = paths.iter().find(ends).unwrap();
                let bytes = fs::read(path).unwrap();
                fs::write(path, harmed(&bytes, harm, place)).unwrap();
                let case = format!("{} {harm:?} at {place}", path.display());
                if looks_sound(&house).await {
                    unseen.push(case.clone());
                }
                house.start().await;
                let known = house.metrics.index_damaged.get();
                if house.index().check_files().await.unwrap() > 0 {
                    repaired(&house, known).await;
                }
                house.settle().await;
                let page = house.search(asking("text")).await;
                assert_eq!(
                    (page.total, page.whole),
                    (u64::from(MENTIONS), true),
                    "{case}"
                );
            }
        }
    }
    house.stop().await;
    // These lists and figures have no checksum of their own; where what is read of them is the same,
    // nothing is wrong.
    unseen.retain(|case| !case.contains("meta.json") && !case.contains(".managed.json"));
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// Waits until more damage is known than before, and made good.
async fn repaired(house: &House, known: u64) {
    soon("repair", async {
        while house.metrics.index_damaged.get() <= known || !house.index().is_whole() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

fn cut_in_place(path: &Path, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_finds_turned_and_cut_files_of_an_open_index() {
    let house = filled().await;
    assert_eq!(house.index().check_files().await.unwrap(), 0);
    for (count, cut) in (0..).zip([false, true]) {
        let files = house.word_files(WEEK);
        let path = files
            .iter()
            .find(|path| path.extension().is_some_and(|ending| ending == "term"))
            .unwrap();
        if cut {
            cut_in_place(path, 0);
        } else {
            let mut bytes = fs::read(path).unwrap();
            bytes[3] ^= 4;
            fs::write(path, &bytes).unwrap();
        }
        assert_eq!(house.index().check_files().await.unwrap(), 1);
        repaired(&house, count).await;
        house.settle().await;
        assert_eq!(house.search(all()).await.total, u64::from(MENTIONS));
    }
    assert_eq!(house.index().check_files().await.unwrap(), 0);
}

//! The index is made again while it is searched: nobody sees less than everything, what is erased
//! meanwhile is in neither copy, and a crash leaves the old one or the new one.

use crate::house::{House, all, hit, nth, soon};
use crate::sweep::{assert_absent, files};
use resonanz::index::{ask_to_rebuild, rebuilding};
use resonanz::model::Hit;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Enough for several steps of one week.
const MANY: u32 = 5_000;
const WEEK: &str = "2026-W47";

/// A word that shares no part with another's.
fn rare(number: u32) -> String {
    let mut state = u64::from(number) + 1;
    let letter = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    };
    (0..24).map(letter).collect()
}

fn many() -> Vec<Hit> {
    let text = |number: u32| format!("ein Text mit {}", rare(number));
    (0..MANY).map(|number| hit(number, &text(number))).collect()
}

async fn done(house: &House) {
    soon("making the index again", async {
        loop {
            let now = rebuilding(house.dir()).unwrap();
            if !now.asked && now.left == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

async fn begun(house: &House) {
    let fresh = house.dir().join("index").join(format!("{WEEK}.new"));
    soon("a new partition", async {
        while !fresh.join("meta.json").exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_search_sees_less_than_everything() {
    let house = Arc::new(House::new().await);
    house.put(&many()).await;
    house.settle().await;
    let before = house.word_files(WEEK);
    let stop = Arc::new(AtomicBool::new(false));
    let searches = tokio::spawn({
        let (house, stop) = (Arc::clone(&house), Arc::clone(&stop));
        async move {
            let mut count = 0;
            while !stop.load(Ordering::Acquire) {
                let page = house.search(all()).await;
                assert_eq!((page.total, page.whole), (u64::from(MANY), true));
                count += 1;
            }
            count
        }
    });
    ask_to_rebuild(house.dir()).unwrap();
    done(&house).await;
    stop.store(true, Ordering::Release);
    println!("{} searches meanwhile", searches.await.unwrap());
    house.settle().await;
    let after = house.word_files(WEEK);
    assert!(after.iter().all(|file| !before.contains(file)), "{after:?}");
    assert_eq!(house.partitions(), [WEEK]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_goes_meanwhile_is_followed_into_the_new_one() {
    let house = House::new().await;
    let hits = many();
    house.put(&hits).await;
    house.settle().await;
    ask_to_rebuild(house.dir()).unwrap();
    house.index().wake();
    begun(&house).await;
    // The first were read into the new one, the last not yet.
    let gone = [0, 1, 999, 2_500, MANY - 1];
    for (step, number) in (0_u32..).zip(gone) {
        house.delete(&hits[number as usize]).await;
        house.put(&[hit(MANY + step, "neu hinzu")]).await;
        let seq = house.store.newest_seq().await.unwrap();
        house.index().wake();
        soon("purging", house.index().until_purged(seq)).await;
        assert_absent(&house.dir().join("index"), &rare(number));
        let found = house.search(crate::house::asking("hinzu")).await;
        assert_eq!(
            found.total,
            u64::from(step) + 1,
            "searchable while it is made"
        );
    }
    done(&house).await;
    house.settle().await;
    for number in gone {
        assert_absent(house.dir(), &rare(number));
    }
    assert_eq!(house.search(all()).await.total, u64::from(MANY));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_leaves_a_whole_one() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..60).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    let index = house.dir().join("index");
    let [place, fresh, old]: [PathBuf; 3] =
        ["", ".new", ".old"].map(|end| index.join(format!("{WEEK}{end}")));
    let partitions = house.partitions();
    let half = |dir: &Path| {
        copy(&place, dir);
        fs::remove_file(dir.join("meta.json")).unwrap();
    };
    // What each step of a swap has on disk when the power goes.
    let steps: [(&str, &dyn Fn()); 5] = [
        ("half made", &|| half(&fresh)),
        ("made", &|| copy(&place, &fresh)),
        ("between the renames", &|| {
            copy(&place, &fresh);
            fs::rename(&place, &old).unwrap();
        }),
        ("before the position", &|| copy(&place, &old)),
        ("the old one half gone", &|| half(&old)),
    ];
    for (step, leave) in steps {
        house.stop().await;
        leave();
        house.start().await;
        let page = house.search(all()).await;
        assert_eq!((page.total, page.whole), (60, true), "{step}");
        assert_eq!(house.partitions(), partitions, "{step}");
        house.settle().await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_with_what_is_left() {
    let mut house = House::new().await;
    let hits: Vec<_> = (0..60).map(|number| nth(number, "x.example")).collect();
    house.put(&hits).await;
    house.settle().await;
    let before = house.partitions();
    let files: Vec<_> = before.iter().flat_map(|w| house.word_files(w)).collect();
    ask_to_rebuild(house.dir()).unwrap();
    for _ in 0..5 {
        house.stop().await;
        house.start().await;
        assert_eq!(house.search(all()).await.total, 60);
    }
    done(&house).await;
    house.settle().await;
    // The last one's predecessor goes when the position no longer names it.
    soon("the old ones' end", async {
        while house.partitions() != before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let after: Vec<_> = before.iter().flat_map(|w| house.word_files(w)).collect();
    assert!(after.iter().all(|file| !files.contains(file)));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_it_waits_and_erasure_does_not() {
    let house = House::new().await;
    let hits: Vec<_> = (0..300).map(|number| hit(number, &rare(number))).collect();
    house.put(&hits).await;
    house.settle().await;
    let before = house.word_files(WEEK);
    house.store.set_room(false);
    ask_to_rebuild(house.dir()).unwrap();
    house.delete(&hits[7]).await;
    let seq = house.store.newest_seq().await.unwrap();
    soon("purging", house.index().until_purged(seq)).await;
    assert_absent(house.dir(), &rare(7));
    let now = rebuilding(house.dir()).unwrap();
    assert_eq!((now.asked, now.left), (false, 1));
    assert_eq!(house.search(all()).await.total, 299);
    house.store.set_room(true);
    done(&house).await;
    house.settle().await;
    let after = house.word_files(WEEK);
    assert!(after.iter().all(|file| !before.contains(file)), "{after:?}");
}

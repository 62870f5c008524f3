//! `backup`, `restore`, `fsck`: a copy comes back whole, without what was erased since, and what is
//! spoilt is said.

use super::*;
use crate::sweep::assert_absent;

fn copied(dir: &TempDir, data: &str) -> String {
    let to = dir.path().join("copy").to_str().unwrap().to_owned();
    let made = run(&["backup", "--to", &to, "--dir", data]);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
    assert_eq!(
        made.out,
        "3 mentions in 1 files. The key is not among them.\n"
    );
    to
}

fn sound(data: &str) {
    let fsck = run(&["fsck", "--dir", data]);
    assert_eq!((fsck.code, fsck.err.as_str()), (0, ""), "{fsck:?}");
    assert!(
        fsck.out.ends_with("store and index are sound and agree.\n"),
        "{fsck:?}"
    );
}

#[test]
fn what_was_erased_after_the_copy_stays_erased() {
    let (dir, data) = imported();
    let copy = copied(&dir, &data);
    let before = hits(&data, "Grenzkontroll*");
    let id = before[0]["id"].to_string();
    let words = before[0]["text"]
        .as_str()
        .unwrap()
        .chars()
        .take(24)
        .collect::<String>();
    let erased = run(&[
        "erase",
        "--mention",
        &id,
        "--reason",
        "Az. 1",
        "--dir",
        &data,
    ]);
    assert_eq!(erased.code, 0, "{erased:?}");
    let list = dir
        .path()
        .join("erasures.json")
        .to_str()
        .unwrap()
        .to_owned();
    let told = run(&["backup", "--erasures-only", "--to", &list, "--dir", &data]);
    assert!(
        told.out.starts_with("2 erased items and 0 accounts"),
        "{told:?}"
    );

    let refused = run(&["restore", "--from", &copy, "--dir", &data]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("--replace"), "{refused:?}");
    let restored = run(&["restore", "--from", &copy, "--replace", "--dir", &data]);
    assert_eq!(
        (restored.code, restored.err.as_str()),
        (0, ""),
        "{restored:?}"
    );
    assert!(
        restored.out.starts_with("2 mentions of ")
            && restored.out.contains("; 1 had been erased since")
    );
    assert_eq!(hits(&data, "Grenzkontroll*").len(), before.len() - 1);
    assert_absent(Path::new(&data), &words);
    sound(&data);

    // The disk is lost: key and list were kept elsewhere.
    let other = dir.path().join("new");
    let fresh = other.to_str().unwrap().to_owned();
    let no_key = run(&["restore", "--from", &copy, "--dir", &fresh]);
    assert!(
        no_key.code == 1 && no_key.err.contains("the key"),
        "{no_key:?}"
    );
    std::fs::create_dir_all(other.join("keys")).unwrap();
    let key = Path::new(&data).join("keys/house.key");
    std::fs::copy(&key, other.join("keys/house.key")).unwrap();
    let restored = run(&[
        "restore",
        "--from",
        &copy,
        "--erasures",
        &list,
        "--dir",
        &fresh,
    ]);
    assert_eq!(
        (restored.code, restored.err.as_str()),
        (0, ""),
        "{restored:?}"
    );
    assert_eq!(hits(&fresh, "Grenzkontroll*").len(), before.len() - 1);
    assert_absent(&other, &words);
    sound(&fresh);
    // It does not come back by delivery either.
    assert_eq!(run(&["replay", IMPORT, "--dir", &fresh]).code, 3);
    assert_eq!(hits(&fresh, "Grenzkontroll*").len(), before.len() - 1);
}

#[test]
fn a_copy_that_is_spoilt_or_foreign_is_refused_and_nothing_is_lost() {
    let (dir, data) = imported();
    let copy = copied(&dir, &data);
    let taken = run(&["backup", "--to", &copy, "--dir", &data]);
    assert!(
        taken.code == 1 && taken.err.contains("is there already"),
        "{taken:?}"
    );
    let card = Path::new(&copy).join("backup.json");
    let whole = std::fs::read_to_string(&card).unwrap();
    let store = Path::new(&copy).join("store.sqlite");
    let bytes = std::fs::read(&store).unwrap();
    let refused = |expected: &str| {
        let ended = run(&["restore", "--from", &copy, "--replace", "--dir", &data]);
        assert!(
            ended.code == 1 && ended.err.contains(expected),
            "{expected}: {ended:?}"
        );
        assert_eq!(
            hits(&data, "Grenzkontroll*").len(),
            3,
            "what was there is there"
        );
    };
    let mut flipped = bytes.clone();
    flipped[5_000] ^= 1;
    std::fs::write(&store, &flipped).unwrap();
    refused("is spoilt");
    std::fs::write(&store, &bytes[..bytes.len() / 2]).unwrap();
    refused("is spoilt");
    std::fs::write(&store, &bytes).unwrap();
    for (from, to, expected) in [
        ("\"format\": 1", "\"format\": 2", "format 2"),
        ("store.sqlite", "../store.sqlite", "names no store.sqlite"),
        (
            "\"files\": [",
            "\"files\": [{\"name\":\"models/../../x\",\"bytes\":0,\"sha256\":\"\"},",
            "no file of a backup",
        ),
    ] {
        std::fs::write(&card, whole.replace(from, to)).unwrap();
        refused(expected);
    }
    std::fs::remove_file(&card).unwrap();
    refused("is no backup");
    std::fs::write(&card, &whole).unwrap();
    let key = Path::new(&data).join("keys/house.key");
    let own = std::fs::read(&key).unwrap();
    std::fs::write(&key, "0".repeat(64)).unwrap();
    let foreign = run(&["restore", "--from", &copy, "--replace", "--dir", &data]);
    assert!(
        foreign.code == 1 && foreign.err.contains("not the key"),
        "{foreign:?}"
    );
    std::fs::write(&key, own).unwrap();
}

#[test]
fn fsck_says_what_is_wrong_and_repairs_the_index() {
    let (_dir, data) = imported();
    sound(&data);
    let index = Path::new(&data).join("index");
    let week = std::fs::read_dir(&index).unwrap().filter_map(Result::ok);
    let week = week
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .unwrap();
    let files = std::fs::read_dir(week).unwrap().filter_map(Result::ok);
    let pos = files
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|e| e == "store"))
        .unwrap();
    let mut bytes = std::fs::read(&pos).unwrap();
    bytes[0] ^= 0xff;
    std::fs::write(&pos, bytes).unwrap();
    let told = run(&["fsck", "--dir", &data]);
    assert!(told.code == 3 && told.out.contains("index: "), "{told:?}");
    let repaired = run(&["fsck", "--repair", "--dir", &data]);
    assert!(
        repaired.code == 0 && repaired.out.contains("made again"),
        "{repaired:?}"
    );
    sound(&data);
    std::fs::remove_dir_all(&index).unwrap();
    assert_eq!(run(&["fsck", "--dir", &data]).code, 3);
    assert_eq!(run(&["fsck", "--repair", "--dir", &data]).code, 0);
    assert_eq!(hits(&data, "Grenzkontroll*").len(), 3);
}

/// What `fsck` says after a statement that SQL understands.
async fn after(data: &str, statement: &str) -> Ended {
    let store = Path::new(data).join("store.sqlite");
    let whole = std::fs::read(&store).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&store);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let told = run(&["fsck", "--dir", data]);
    std::fs::write(&store, whole).unwrap();
    told
}

#[tokio::test]
async fn fsck_counts_store_outbox_and_mails_against_each_other() {
    let (_dir, data) = imported();
    let mail =
        "INSERT INTO outbox (case_id, step, recipient, message_id, mention_ids, state, attempts,
         created_ms, next_attempt_ms) VALUES (1, 'alert', 'a', '<x@y>', '[1]', 'pending', 0, 1, 1)";
    for (statement, expected) in [
        (mail, "1 rows of outbox without their case"),
        (
            mail,
            "1 mentions in mails would not be found when they are erased",
        ),
        (
            "INSERT INTO outbox_mention (mention_id, outbox_id) VALUES (1, 1)",
            "1 rows of outbox_mention without their mail",
        ),
        (
            "DELETE FROM mention_watch WHERE mention_id = 1",
            "1 rows of mention without their watch",
        ),
        (
            "INSERT INTO tombstone (key, at_ms, known) SELECT key, 1, 1 FROM mention WHERE id = 1",
            "1 mentions that were deleted or erased are there",
        ),
        (
            "INSERT INTO removed (seq, mention_id, published_ms) VALUES (0, 1, 1)",
            "1 mentions that followers are told to forget are there",
        ),
        (
            "INSERT INTO follower (name, seq) VALUES ('mails', 99)",
            "1 followers are further than the store",
        ),
        (
            "DELETE FROM mention WHERE id = 1",
            "unknown to the store [1]",
        ),
        (
            "UPDATE mention SET text = replace(text, 'Stau', 'Staz') WHERE id = 1",
            "stale [1]",
        ),
    ] {
        let told = after(&data, statement).await;
        assert_eq!(told.code, 3, "{statement}: {told:?}");
        assert!(told.out.contains(expected), "{statement}: {told:?}");
    }
    sound(&data);
    let stray = Path::new(&data).join("mail/cur/case-9.alert.1@x.eml:2,S");
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    std::fs::write(&stray, "").unwrap();
    let told = run(&["fsck", "--dir", &data]);
    assert!(
        told.code == 3 && told.out.contains("is in no outbox"),
        "{told:?}"
    );
    std::fs::remove_file(&stray).unwrap();
    let stranger = Path::new(&data).join("index/2026-W47.old");
    std::fs::create_dir_all(&stranger).unwrap();
    let told = run(&["fsck", "--dir", &data]);
    assert!(
        told.out.contains("index: 2026-W47.old is no part of it"),
        "{told:?}"
    );
    assert_eq!(run(&["fsck", "--repair", "--dir", &data]).code, 0);
    sound(&data);
}

/// Cut anywhere, or turned in a page's head or in a mention's words, the store is not called sound;
/// and whatever turns, nothing breaks down.
#[test]
fn fsck_sees_a_damaged_store() {
    let (_dir, data) = imported();
    let store = Path::new(&data).join("store.sqlite");
    let whole = std::fs::read(&store).unwrap();
    let mut damaged: Vec<(String, Vec<u8>, bool)> = Vec::new();
    for part in 0..8 {
        let at = whole.len() * part / 8;
        let page = at / 4096 * 4096;
        damaged.push((format!("cut at {at}"), whole[..at].to_vec(), true));
        let mut flipped = whole.clone();
        flipped[at + 1234] ^= 0x10;
        damaged.push((format!("a bit at {}", at + 1234), flipped, false));
        let mut lost = whole.clone();
        lost[page..page + 4096].fill(0);
        damaged.push((format!("page at {page}"), lost, true));
    }
    let words = "bringen nur Stau";
    let place = whole
        .windows(words.len())
        .position(|part| part == words.as_bytes());
    let mut flipped = whole.clone();
    flipped[place.unwrap()] ^= 1;
    damaged.push(("a word".to_owned(), flipped, true));
    for (what, bytes, is_seen) in damaged {
        std::fs::write(&store, bytes).unwrap();
        let told = run(&["fsck", "--dir", &data]);
        assert!([0, 1, 3].contains(&told.code), "{what}: {told:?}");
        assert!(!told.err.contains("panicked"), "{what}: {told:?}");
        assert!(!is_seen || told.code != 0, "{what}: {told:?}");
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", store.display()));
        }
    }
    std::fs::write(&store, whole).unwrap();
    sound(&data);
}

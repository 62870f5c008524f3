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

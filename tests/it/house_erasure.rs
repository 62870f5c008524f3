//! Erasure of the whole house, by the command line: what is erased is in no file, stays away when it
//! is delivered again, and the act is in the audit log. Imports mail nobody.

use super::archive::{Archive, demo, succeeds};
use super::sweep::assert_absent;
use resonanz::model::Item;
use std::path::Path;

const SCENARIO: &str = include_str!("../../src/cli/demo/scenario.ndjson");

/// Items of the scenario that hold a word.
fn lines_with(word: &str) -> Vec<(String, Item)> {
    SCENARIO
        .lines()
        .filter_map(|line| Some((line, serde_json::from_str::<Item>(line).ok()?)))
        .filter(|(_, item)| {
            let title = item.title.as_deref().unwrap_or_default();
            item.text.contains(word) || title.contains(word)
        })
        .map(|(line, item)| (line.to_owned(), item))
        .collect()
}

/// The beginning of what an item says.
pub fn phrase(item: &Item) -> String {
    item.text.chars().take(30).collect()
}

/// Three items of three authors that stand in mails, with a beginning that no other item has any
/// large part of.
pub fn mailed(archive: &Archive) -> [(String, Item); 3] {
    let in_mail = |item: &Item| {
        let found = archive.mention(&item.platform, &item.id);
        let holds = |id: i64| archive.mails.iter().any(|m| m.mention_ids.contains(&id));
        found.is_some_and(|mention| holds(mention.id))
    };
    let alone = |item: &Item| {
        let said: Vec<char> = phrase(item).chars().collect();
        let part = |part: &[char]| lines_with(&part.iter().collect::<String>()).len() == 1;
        said.len() == 30 && !said.contains(&'@') && part(&said[..20]) && part(&said[10..])
    };
    let mut found: Vec<(String, Item)> = Vec::new();
    for (line, item) in lines_with("") {
        let known = |(_, other): &(String, Item)| other.author == item.author;
        if item.author.is_some() && !found.iter().any(known) && in_mail(&item) && alone(&item) {
            found.push((line, item));
        }
    }
    found.truncate(3);
    found.try_into().expect("three mails' worth of statements")
}

fn erase(dir: &Path, what: &[&str]) -> String {
    let dir = dir.to_str().unwrap();
    let fixed = ["--reason", "Art. 17 DSGVO, Az. 12/26", "--dir", dir];
    succeeds(&[&["erase"], what, &fixed].concat())
}

#[tokio::test]
async fn what_is_erased_is_in_no_file_and_stays_away() {
    let dir = tempfile::tempdir().unwrap();
    succeeds(&demo(dir.path()));
    // One statement each, by number, by native id and by account; all of them stand in mails.
    let before = Archive::read(dir.path()).await;
    let found = mailed(&before);
    let words = found.each_ref().map(|(_, item)| phrase(item));
    let numbers = found
        .each_ref()
        .map(|(_, item)| before.mention(&item.platform, &item.id).unwrap().id);

    let (_, second) = &found[1];
    let account = found[2].1.author.as_ref().unwrap().id.clone();
    assert!(erase(dir.path(), &["--mention", &numbers[0].to_string()]).contains("1 mention"));
    erase(
        dir.path(),
        &["--item", &second.id, "--platform", &second.platform],
    );
    erase(
        dir.path(),
        &["--account", &account, "--platform", &found[2].1.platform],
    );
    gone(dir.path(), &words);

    // Delivered again, also together with the word that the account is back.
    let again = tempfile::NamedTempFile::new().unwrap();
    let back = format!(
        "{{\"restore_author\":{{\"source\":\"{}\",\"author\":\"{account}\"}}}}\n",
        found[2].1.platform
    );
    let lines: String = found.iter().map(|(line, _)| format!("{line}\n")).collect();
    std::fs::write(again.path(), back + &lines).unwrap();
    let path = again.path().to_str().unwrap();
    succeeds(&["replay", path, "--dir", dir.path().to_str().unwrap()]);
    gone(dir.path(), &words);
    succeeds(&["rebuild-index", "--dir", dir.path().to_str().unwrap()]);
    gone(dir.path(), &words);

    let after = Archive::read(dir.path()).await;
    assert_eq!(
        after.cases.len(),
        before.cases.len(),
        "an import opens no case"
    );
    assert_eq!(
        after.mails.len(),
        before.mails.len(),
        "an import orders no mail"
    );
    assert!(after.mentions.len() < before.mentions.len());
}

#[track_caller]
fn gone(dir: &Path, words: &[String]) {
    for word in words {
        assert_absent(dir, word);
    }
}

#[tokio::test]
async fn an_import_is_archived_and_mails_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SCENARIO).unwrap();
    let told = succeeds(&[
        "replay",
        file.path().to_str().unwrap(),
        "--dir",
        dir.path().to_str().unwrap(),
    ]);
    assert!(told.contains("0 lines were refused"), "{told}");
    let archive = Archive::read(dir.path()).await;
    assert!(
        archive.mentions.len() > 500,
        "{} mentions",
        archive.mentions.len()
    );
    assert!(archive.cases.is_empty() && archive.mails.is_empty());
}

#[tokio::test]
async fn an_edit_that_leaves_no_words_takes_the_mention_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = |rest: &str| {
        let shared = r#""source":"mastodon","id":"https://a.example/1","kind":"post","published":"2026-11-20T10:00:00Z","url":"https://a.example/@a/1""#;
        format!("{{{shared},{rest}}}\n")
    };
    let post = line(r#""text":"Grenzkontrollen am Nadelöhr Kiefersfelden""#);
    let edit = line(r#""edited":"2026-11-20T11:00:00Z","text":"""#);
    let replay = [
        "replay",
        file.path().to_str().unwrap(),
        "--dir",
        dir.path().to_str().unwrap(),
    ];
    std::fs::write(file.path(), &post).unwrap();
    succeeds(&replay);
    assert_eq!(Archive::read(dir.path()).await.mentions.len(), 1);
    std::fs::write(file.path(), post + &edit).unwrap();
    succeeds(&replay);
    assert_eq!(Archive::read(dir.path()).await.mentions.len(), 0);
    assert_absent(dir.path(), "Nadelöhr Kiefersfelden");
}

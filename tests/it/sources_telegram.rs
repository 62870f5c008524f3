//! Telegram's previews: pages in the shape of `https://t.me/s/NAME`, on loopback.

use crate::fixtures::check_folder;
use crate::neighbours::http::{Neighbour, Request, response};
use futures_util::StreamExt;
use jiff::Timestamp;
use resonanz::clock::Clock;
use resonanz::collect::Recorded;
use resonanz::collect::http::Limits;
use resonanz::collect::poller::Poller;
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::collect::telegram::{self, TelegramConfig};
use resonanz::model::{Change, Cursor};
use resonanz::text::markup;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

#[test]
fn fixtures() {
    check_folder(Recorded::Telegram, "telegram");
}

/// One post as the page has it.
pub fn post(channel: &str, number: i64, words: &str) -> String {
    format!(
        "<div class=\"tgme_widget_message_wrap js-widget_message_wrap\"><div class=\"tgme_widget_message \
         text_not_supported_wrap js-widget_message\" data-post=\"{channel}/{number}\" data-view=\"x\">\
         <div class=\"tgme_widget_message_text js-message_text\" dir=\"auto\">{words}</div>\
         <span class=\"tgme_widget_message_meta\"><a class=\"tgme_widget_message_date\" \
         href=\"https://t.me/{channel}/{number}\"><time datetime=\"2026-11-29T08:00:00+00:00\" \
         class=\"time\">09:00</time></a></span></div></div>"
    )
}

pub fn page(posts: &str) -> Vec<u8> {
    format!(
        "<!DOCTYPE html><html><head><title>Kanal</title></head><body><main><section \
         class=\"tgme_channel_history js-message_history\">{posts}</section></main></body></html>"
    )
    .into_bytes()
}

pub fn config(address: &str, more: Value) -> TelegramConfig {
    let mut keys = json!({
        "url": address, "allow_private": ["127.0.0.1"], "channels": ["Kanal"],
    });
    let own = keys.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    serde_json::from_value(keys).unwrap()
}

fn source(address: &str, more: Value) -> Poller {
    let clock = Clock::simulated("2026-11-29T09:00:00Z".parse::<Timestamp>().unwrap());
    telegram::with_limits(
        "telegram",
        &config(address, more),
        &clock,
        Limits::default(),
    )
    .unwrap()
}

/// One look: numbers of what came, with a minus where it went.
async fn look(
    telegram: &Poller,
    resume: Option<Cursor>,
) -> (Vec<i64>, Option<Cursor>, Option<SourceError>) {
    let number = |id: &str| id.rsplit('/').next().unwrap().parse::<i64>().unwrap();
    let (events, cursor, failure) = crate::look::look(telegram, resume.clone()).await;
    let told = events.into_iter().filter_map(|event| match event {
        Event::Change(Change::Upsert(item)) => Some(number(&item.id)),
        Event::Change(Change::Delete(deletion)) => Some(-number(&deletion.id)),
        Event::Nothing => None,
        other => panic!("{other:?}"),
    });
    (told.collect(), cursor.or(resume), failure)
}

type Posts = Vec<(i64, &'static str)>;

/// A channel with these posts, twenty a page.
async fn channel(posts: Arc<Mutex<Posts>>) -> Neighbour {
    Neighbour::start(move |request: &Request| {
        let Some(rest) = request.path.strip_prefix("/s/Kanal") else {
            return response(404, &[], b"");
        };
        let before = rest
            .strip_prefix("?before=")
            .map_or(i64::MAX, |n| n.parse().unwrap());
        let posts = posts.lock().unwrap();
        let older = posts.iter().filter(|(number, _)| *number < before);
        let shown: Vec<_> = older.collect();
        let newest = shown.iter().skip(shown.len().saturating_sub(20));
        let shown: String = newest
            .map(|(number, words)| post("Kanal", *number, words))
            .collect();
        response(
            200,
            &[("Content-Type", "text/html; charset=utf-8")],
            &page(&shown),
        )
    })
    .await
}

#[tokio::test]
async fn looks_go_back_to_what_is_known_and_see_edits_and_deletions() {
    let posts = Arc::new(Mutex::new(
        (1..=30).map(|n| (n, "Worte")).collect::<Posts>(),
    ));
    let change = |with: &dyn Fn(&mut Posts)| with(&mut posts.lock().unwrap());
    let neighbour = channel(Arc::clone(&posts)).await;
    let telegram = source(&neighbour.url(""), json!({}));
    // The first time the newest page is enough.
    let (told, cursor, failure) = look(&telegram, None).await;
    assert_eq!((told, failure), ((11..=30).collect(), None));
    let (told, cursor, _) = look(&telegram, cursor).await;
    assert_eq!(told, [0i64; 0]);

    // After a silence, back to what is known.
    change(&|posts| posts.extend((31..=75).map(|n| (n, "Worte"))));
    let before = neighbour.requests().len();
    let (mut told, cursor, _) = look(&telegram, cursor).await;
    told.sort_unstable();
    assert_eq!(told, (31..=75).collect::<Vec<_>>());
    assert_eq!(neighbour.requests().len() - before, 3);

    // An edit, one deletion within the page and one of the newest post; each is told once.
    change(&|posts| {
        posts.retain(|(number, _)| ![60, 75].contains(number));
        posts.iter_mut().find(|post| post.0 == 70).unwrap().1 = "andere Worte";
    });
    let (mut told, cursor, _) = look(&telegram, cursor).await;
    told.sort_unstable();
    assert_eq!(told, [-75, -60, 70]);
    assert_eq!(look(&telegram, cursor.clone()).await.0, [0i64; 0]);
    // No words and no names in the position.
    let position = cursor.unwrap().0;
    assert!(
        !position.contains("anal") && !position.contains("Worte"),
        "{position}"
    );
}

#[tokio::test]
async fn a_channel_that_is_asked_for_by_another_of_its_names_is_the_same_channel() {
    let gone = Arc::new(Mutex::new(0));
    let now = Arc::clone(&gone);
    let neighbour = Neighbour::start(move |request: &Request| {
        let gone = *now.lock().unwrap();
        let numbers = (11..=30).filter(|number| *number != gone);
        let posts: String = numbers.map(|n| post("Erstname", n, "Worte")).collect();
        match request.path.starts_with("/s/Zweitname") {
            true => response(200, &[], &page(&posts)),
            false => response(404, &[], b""),
        }
    })
    .await;
    let telegram = source(&neighbour.url(""), json!({"channels": ["Zweitname"]}));
    let (told, cursor, _) = look(&telegram, None).await;
    assert_eq!(told, (11..=30).collect::<Vec<_>>());
    // What is known is found again: nothing is told twice, no older page is asked for, and no gap.
    let before = neighbour.requests().len();
    let (told, cursor, _) = look(&telegram, cursor).await;
    assert_eq!(told, [0i64; 0]);
    assert_eq!(neighbour.requests().len() - before, 1);
    *gone.lock().unwrap() = 20;
    let (events, _, _) = crate::look::look(&telegram, cursor).await;
    let deleted = events.iter().find_map(|event| match event {
        Event::Change(Change::Delete(deletion)) => Some(deletion.id.as_str()),
        _ => None,
    });
    assert_eq!(deleted, Some("erstname/20"));
}

#[tokio::test]
async fn posts_that_no_look_reaches_any_more_are_a_gap() {
    let newest = Arc::new(Mutex::new(30));
    let now = Arc::clone(&newest);
    // One channel says nothing new, the other says a page a minute.
    let neighbour = Neighbour::start(move |request: &Request| {
        let Some(asked) = request.path.strip_prefix("/s/") else {
            return response(404, &[], b"");
        };
        let (channel, before) = asked.split_once("?before=").unwrap_or((asked, ""));
        let newest = if channel == "Ruhe" {
            30
        } else {
            *now.lock().unwrap()
        };
        let last = before.parse().map_or(newest, |before: i64| before - 1);
        let shown = (last - 19).max(1)..=last;
        let shown: String = shown.map(|n| post(channel, n, "Worte")).collect();
        let kind = ("Content-Type", "text/html; charset=utf-8");
        response(200, &[kind], &page(&shown))
    })
    .await;
    let at = |hour: &str| {
        format!("2026-11-29T{hour}:00:00Z")
            .parse::<Timestamp>()
            .unwrap()
    };
    let clock = Clock::simulated(at("06"));
    let source = |channels: &[&str]| {
        let more = json!({"channels": channels, "max_pages": 3});
        let config = config(&neighbour.url(""), more);
        telegram::with_limits("telegram", &config, &clock, Limits::default()).unwrap()
    };
    let gaps = |events: Vec<Event>| -> Vec<(Timestamp, Timestamp)> {
        let gap = |event| match event {
            Event::Gap(gap) => Some((gap.from, gap.to)),
            _ => None,
        };
        events.into_iter().filter_map(gap).collect()
    };
    let both = source(&["Ruhe", "Sturm"]);
    let (events, cursor, _) = crate::look::look(&both, None).await;
    assert_eq!(gaps(events), []);
    clock.advance_to(at("10"));
    // Fifty posts are reached, a hundred are not.
    for (more, expected) in [(50, vec![]), (100, vec![(at("06"), at("08"))])] {
        *newest.lock().unwrap() = 30 + more;
        let (events, _, _) = crate::look::look(&both, cursor.clone()).await;
        assert_eq!(gaps(events), expected, "{more}");
    }
    // What a channel said before it was named is no gap.
    let three = source(&["Ruhe", "Sturm", "Neu_hier"]);
    let (events, _, _) = crate::look::look(&three, cursor).await;
    assert_eq!(gaps(events), []);
}

#[tokio::test]
async fn one_channel_that_is_gone_costs_the_others_nothing() {
    let neighbour = Neighbour::start(|request| match request.path.as_str() {
        "/s/Kanal" => response(200, &[], &page(&post("Kanal", 7, "Worte"))),
        // As Telegram does where there is no preview.
        "/s/zweiter" => response(302, &[("Location", "/zweiter")], b""),
        "/zweiter" => response(200, &[], b"<html>App</html>"),
        _ => response(404, &[], b""),
    })
    .await;
    let both = source(
        &neighbour.url(""),
        json!({"channels": ["zweiter", "Kanal"]}),
    );
    let mut steps = both.open(None);
    let mut told = Vec::new();
    while let Some(step) = steps.next().await {
        match step.unwrap().event {
            Event::Change(Change::Upsert(item)) => told.push(item.id.clone()),
            Event::Rejected(rejection) => told.push(rejection.to_string()),
            _ => {}
        }
    }
    assert!(
        told[0].contains("no preview") && told[1] == "kanal/7",
        "{told:?}"
    );
    let alone = source(&neighbour.url(""), json!({"channels": ["zweiter"]}));
    let (_, _, failure) = look(&alone, None).await;
    assert!(matches!(failure, Some(SourceError::Refused(why)) if why.contains("preview")));
    assert!(matches!(alone.check().await, Standing::Unreachable(_)));
}

#[tokio::test]
async fn what_is_reserved_is_not_read() {
    let reserved = [
        ("<meta name=robots content=noindex>", ""),
        ("", "User-agent: *\nDisallow: /s/\n"),
    ];
    for (meta, robots) in reserved {
        let neighbour = Neighbour::start(move |request| match request.path.as_str() {
            "/s/Kanal" => {
                let body = [meta.as_bytes(), &page(&post("Kanal", 7, "Worte"))].concat();
                response(200, &[], &body)
            }
            "/robots.txt" => response(200, &[], robots.as_bytes()),
            _ => response(404, &[], b""),
        })
        .await;
        let telegram = source(&neighbour.url(""), json!({}));
        let (told, _, failure) = look(&telegram, None).await;
        assert_eq!(told, [0i64; 0]);
        assert!(
            matches!(failure, Some(SourceError::Refused(_))),
            "{meta}{robots}"
        );
        let allowed = source(&neighbour.url(""), json!({"honour_opt_outs": false}));
        assert_eq!(look(&allowed, None).await.0, [7]);
    }
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let told = |more: Value| telegram::source("t", &config("https://t.me", more)).map(drop);
    assert_eq!(told(json!({})), Ok(()));
    for (more, key) in [
        (json!({"channels": []}), "channels"),
        (json!({"channels": ["https://t.me/kanal"]}), "channels"),
        (json!({"channels": ["@kanal"]}), "channels"),
        (json!({"every_secs": 5}), "every_secs"),
        (json!({"max_pages": 0}), "max_pages"),
        (json!({"url": "file:///etc"}), "url"),
    ] {
        assert!(told(more).unwrap_err().contains(key), "{key}");
    }
}

/// Where another's reader is; says aloud where it is not.
fn other_reader() -> Option<PathBuf> {
    let what = "other reader of Telegram's previews";
    let page = crate::skipped::peer(what, "telegram/feed_page.html")?;
    Some(page.parent()?.to_owned())
}

/// A post as two readers tell it: number, words without blanks, time, what it answers.
type Told = (i64, String, Option<Timestamp>, Option<i64>);

fn squeezed(words: &str) -> String {
    words.split_whitespace().collect()
}

/// What the other reader makes of a page.
fn as_others_read(reader: &Path, page: &[u8]) -> Vec<Told> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/telegram.py");
    let mut child = Command::new(reader.join("bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(page).unwrap();
    let told = child.wait_with_output().unwrap();
    assert!(told.status.success());
    let post = |line: &str| {
        let post: Value = serde_json::from_str(line).unwrap();
        (
            post["number"].as_i64().unwrap(),
            squeezed(post["words"].as_str().unwrap()),
            post["at"].as_str().map(|at| at.parse().unwrap()),
            post["reply_to"].as_i64(),
        )
    };
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines()
        .map(post)
        .filter(|post| !post.1.is_empty())
        .collect()
}

/// What we make of it.
fn as_we_read(page: &[u8]) -> Vec<Told> {
    let number = |id: &str| id.rsplit('/').next().unwrap().parse().unwrap();
    let post = |read: Result<Change, _>| match read {
        Ok(Change::Upsert(item)) => Some((
            number(&item.id),
            squeezed(&markup::strip(&item.html).text),
            item.published,
            item.reply_to.as_deref().map(number),
        )),
        _ => None,
    };
    telegram::read_bytes(page)
        .into_iter()
        .filter_map(post)
        .collect()
}

#[test]
fn another_s_reader_sees_the_same_posts() {
    let Some(reader) = other_reader() else { return };
    let own = crate::fixtures::cases("telegram");
    let own = own.iter().map(|case| crate::fixtures::input(case));
    let theirs = std::fs::read(reader.join("feed_page.html")).unwrap();
    for page in own.chain([theirs]) {
        let ours = as_we_read(&page);
        let others = as_others_read(&reader, &page);
        // The other one reads no question of a poll, and takes the first time for a post's own.
        let both: Vec<&Told> = others.iter().filter(|(_, _, at, _)| at.is_some()).collect();
        assert!(both.len() > 1);
        for post in both {
            assert!(ours.contains(post), "{post:?}\n{ours:?}");
        }
        let missed = ours.len() - others.iter().filter(|(_, _, at, _)| at.is_some()).count();
        assert!(missed <= 1, "{ours:?}\n{others:?}");
    }
}

/// Pages as Telegram once sent them, which are not copied into the project.
fn recorded_pages() -> Vec<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RESONANZ_SHARED").map_or(here, PathBuf::from);
    let folder = data.join("payloads/telegram");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let told = format!(
            "recorded pages of Telegram's ({} is not there)",
            folder.display()
        );
        crate::skipped::skipped(&told);
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn recorded_pages_are_read_as_another_s_reader_reads_them() {
    let Some(reader) = other_reader() else { return };
    for file in recorded_pages() {
        let page = std::fs::read(&file).unwrap();
        let (ours, others) = (as_we_read(&page), as_others_read(&reader, &page));
        assert!(ours.len() > 1, "{}", file.display());
        assert!(ours.iter().all(|(_, _, at, _)| at.is_some()));
        for post in others.iter().filter(|(_, _, at, _)| at.is_some()) {
            assert!(
                ours.contains(post),
                "{}: {post:?}\n{ours:?}",
                file.display()
            );
        }
    }
}

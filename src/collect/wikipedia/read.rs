//! From an event of the streams to a change. Pure.

use super::WikipediaConfig;
use crate::collect::source::{RejectReason, Rejection};
use crate::model::{Change, Deletion, Item, Kind, RawAuthor};
use crate::privacy::MASK;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "wikipedia";
const MAX_PAGES: usize = 1_000;
const MAX_WIKIS: usize = 50;
/// Longest words of an edit, in bytes; MediaWiki's own bound is 500 letters.
const MAX_COMMENT_BYTES: usize = 4 * 1024;
/// Namespaces whose pages are nobody's; what else has a colon may be somebody's name.
const NAMELESS: [&str; 11] = [
    "wikipedia",
    "wp",
    "hilfe",
    "help",
    "datei",
    "file",
    "kategorie",
    "category",
    "vorlage",
    "template",
    "portal",
];

/// What is listened for.
#[derive(Debug, Clone)]
pub struct Named {
    pages: BTreeSet<String>,
    wikis: BTreeSet<String>,
    talk: bool,
    bots: bool,
}

impl Named {
    pub fn new(config: &WikipediaConfig) -> Result<Self, String> {
        let pages: BTreeSet<String> = config.pages.iter().map(|page| title(page)).collect();
        if !(1..=MAX_PAGES).contains(&pages.len()) || pages.contains("") {
            return Err(format!("`pages` are 1 to {MAX_PAGES} titles of pages"));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_wiki = |name: &String| !name.is_empty() && name.chars().all(plain);
        if !(1..=MAX_WIKIS).contains(&config.wikis.len()) || !config.wikis.iter().all(is_wiki) {
            return Err("`wikis` are names like \"dewiki\" and \"enwiki\"".to_owned());
        }
        Ok(Self {
            pages,
            wikis: config.wikis.iter().cloned().collect(),
            talk: config.talk,
            bots: config.bots,
        })
    }

    /// A page's discussion has its title behind a namespace that each wiki calls otherwise.
    fn has(&self, stated: &str, namespace: i64) -> bool {
        let stated = title(stated);
        match (namespace, stated.split_once(':')) {
            (1, Some((_, page))) => self.talk && self.pages.contains(&title(page)),
            _ => self.pages.contains(&stated),
        }
    }
}

/// A title as wikis compare it: blanks for underscores, the first letter large.
fn title(stated: &str) -> String {
    let blank = stated.replace('_', " ");
    let mut letters = blank.trim().chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

mod wire {
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    pub struct Event {
        pub meta: Meta,
        #[serde(rename = "type")]
        pub kind: Option<String>,
        pub namespace: Option<i64>,
        pub title: Option<String>,
        pub comment: Option<String>,
        pub timestamp: Option<i64>,
        pub user: Option<String>,
        #[serde(default)]
        pub bot: bool,
        pub revision: Option<Revision>,
        pub server_name: Option<String>,
        pub wiki: Option<String>,
        /// Of the stream of visibility: the wiki's name there.
        pub database: Option<String>,
        pub rev_id: Option<u64>,
        pub visibility: Option<Visibility>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Meta {
        pub domain: Option<String>,
        pub stream: String,
        pub dt: jiff::Timestamp,
    }

    #[derive(Debug, Deserialize)]
    pub struct Revision {
        pub old: Option<u64>,
        pub new: Option<u64>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Visibility {
        #[serde(default)]
        pub comment: bool,
        #[serde(default)]
        pub user: bool,
    }
}

fn incomplete(why: &str) -> Rejection {
    Rejection::new(RejectReason::Incomplete, why)
}

/// One event of the streams, and when it happened. Pure.
///
/// # Errors
/// What is no event, or an edit of a named page that lacks what makes it one.
pub fn adapt(named: &Named, data: &str) -> Result<(Option<Change>, Timestamp), Rejection> {
    let event: wire::Event = serde_json::from_str(data).map_err(|error| {
        let why = format!("no event at column {}", error.column());
        Rejection::new(RejectReason::Malformed, why)
    })?;
    let at = event.meta.dt;
    // They only show that the stream is alive.
    if event.meta.domain.as_deref() == Some("canary") {
        return Ok((None, at));
    }
    let change = match event.meta.stream.as_str() {
        "mediawiki.recentchange" => edit(named, event)?,
        "mediawiki.revision-visibility-change" => hidden(named, &event),
        _ => None,
    };
    Ok((change, at))
}

fn edit(named: &Named, event: wire::Event) -> Result<Option<Change>, Rejection> {
    let is_edit = matches!(event.kind.as_deref(), Some("edit" | "new"));
    let (Some(wiki), Some(title)) = (event.wiki, event.title) else {
        return Ok(None);
    };
    let wanted = is_edit && named.wikis.contains(&wiki) && (named.bots || !event.bot);
    if !wanted || !named.has(&title, event.namespace.unwrap_or(0)) {
        return Ok(None);
    }
    let revision = event
        .revision
        .ok_or_else(|| incomplete("an edit without a revision"))?;
    let new = revision
        .new
        .ok_or_else(|| incomplete("an edit without a revision"))?;
    let server = event.server_name.unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if server.is_empty() || !server.chars().all(is_host) {
        return Err(incomplete("an edit without a server"));
    }
    let stated = event
        .timestamp
        .and_then(|at| Timestamp::from_second(at).ok());
    let mut item = Item::new(PLATFORM, format!("{wiki}/{new}"), Kind::Post);
    item.published = Some(stated.unwrap_or(event.meta.dt));
    item.title = Some(title);
    item.text = words(&event.comment.unwrap_or_default());
    item.url = Some(match revision.old {
        Some(old) => format!("https://{server}/w/index.php?diff={new}&oldid={old}"),
        None => format!("https://{server}/w/index.php?oldid={new}"),
    });
    item.lang = server
        .split('.')
        .next()
        .filter(|name| name.len() == 2)
        .map(str::to_owned);
    item.site = Some(server);
    item.author = event.user.map(|user| RawAuthor {
        id: user.clone(),
        handle: Some(user),
        name: None,
    });
    Ok(Some(Change::Upsert(Box::new(item))))
}

/// The end of an edit whose words or name nobody may see any more.
fn hidden(named: &Named, event: &wire::Event) -> Option<Change> {
    let (wiki, revision) = (event.database.as_ref()?, event.rev_id?);
    let seen = event.visibility.as_ref()?;
    let hides = !seen.comment || !seen.user;
    (hides && named.wikis.contains(wiki)).then(|| {
        Change::Delete(Deletion {
            platform: PLATFORM.to_owned(),
            id: format!("{wiki}/{revision}"),
            at: Some(event.meta.dt),
        })
    })
}

/// An edit's words without wiki text: `/* section */` is a section, `[[page|words]]` is words, and what
/// may be an account is masked.
fn words(comment: &str) -> String {
    let comment = &comment[..comment.floor_char_boundary(MAX_COMMENT_BYTES)];
    let mut text = String::new();
    let mut rest = comment;
    while let Some(at) = rest.find("[[") {
        text.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let (link, after) = inside.split_once("]]").unwrap_or((inside, ""));
        text.push_str(linked(link));
        rest = after;
    }
    text.push_str(rest);
    // The section comes first, with blanks around it or without any.
    let text = text.replace("/*", "").replace(" */", "*/");
    let text = text.replace("*/", ": ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn linked(link: &str) -> &str {
    let (target, label) = link.split_once('|').unwrap_or((link, link));
    let target = target.trim_start_matches(':');
    let namespace = target
        .split_once(':')
        .map(|(name, _)| name.trim().to_lowercase());
    match namespace {
        Some(name) if !NAMELESS.contains(&name.as_str()) => MASK,
        _ => label.trim_start_matches(':'),
    }
}

/// One event, as recorded from the stream: an edit of any page of any wiki, bots' as well.
///
/// # Errors
/// What is no event.
pub fn read_line(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    let line = std::str::from_utf8(line)
        .map_err(|_| Rejection::new(RejectReason::Malformed, "no UTF-8"))?;
    // As the stream has them, or without what server-sent events put before.
    let data = match line.strip_prefix("data:") {
        Some(data) => data,
        None if line.starts_with('{') => line,
        None => return Ok(Vec::new()),
    };
    let event: wire::Event = serde_json::from_str(data)
        .map_err(|_| Rejection::new(RejectReason::Malformed, "no event"))?;
    let wiki = event.wiki.or(event.database).unwrap_or_default();
    let stated = event.title.unwrap_or_default();
    let page = stated.split_once(':').map_or("", |(_, page)| page);
    let named = Named {
        pages: BTreeSet::from([title(&stated), title(page)]),
        wikis: BTreeSet::from([wiki]),
        talk: true,
        bots: true,
    };
    adapt(&named, data).map(|(change, _)| change.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> Named {
        let config = WikipediaConfig {
            pages: vec!["bundesministerium_des Innern".to_owned()],
            ..WikipediaConfig::default()
        };
        Named::new(&config).unwrap()
    }

    fn event(change: impl FnOnce(&mut serde_json::Value)) -> Result<Option<Change>, Rejection> {
        let mut event = serde_json::json!({
            "meta": {"domain": "de.wikipedia.org", "stream": "mediawiki.recentchange",
                "dt": "2026-11-29T10:00:01.500Z"},
            "type": "edit", "namespace": 0, "title": "Bundesministerium des Innern",
            "comment": "/* Kritik */ belegt", "timestamp": 1_795_946_400, "user": "Muster",
            "bot": false, "revision": {"old": 7, "new": 8}, "server_name": "de.wikipedia.org",
            "wiki": "dewiki", "length": {"old": null, "new": 9},
        });
        change(&mut event);
        adapt(&named(), &event.to_string()).map(|(change, _)| change)
    }

    #[test]
    fn edits_of_named_pages_are_mentions() {
        let Ok(Some(Change::Upsert(item))) = event(|_| ()) else {
            panic!("an edit")
        };
        assert_eq!(item.id, "dewiki/8");
        assert_eq!(item.text, "Kritik: belegt");
        let diff = "https://de.wikipedia.org/w/index.php?diff=8&oldid=7";
        assert_eq!(
            (item.url.as_deref(), item.lang.as_deref()),
            (Some(diff), Some("de"))
        );
        let told = |key: &str, value: serde_json::Value| {
            event(|event| event[key] = value).map(|change| change.is_some())
        };
        assert_eq!(told("bot", true.into()), Ok(false));
        assert_eq!(told("wiki", "enwiki".into()), Ok(false));
        assert_eq!(told("title", "Bundesministerium".into()), Ok(false));
        assert_eq!(told("type", "categorize".into()), Ok(false));
        assert_eq!(told("type", "new".into()), Ok(true));
        assert_eq!(told("comment", serde_json::Value::Null), Ok(true));
        assert!(told("revision", serde_json::Value::Null).is_err());
        assert!(told("server_name", "de.wikipedia.org/\"".into()).is_err());
        let canary = event(|event| event["meta"]["domain"] = "canary".into());
        assert_eq!(canary, Ok(None));
        let talk = event(|event| {
            event["title"] = "Diskussion:Bundesministerium des Innern".into();
            event["namespace"] = 1.into();
        });
        assert!(talk.unwrap().is_some());
        assert!(adapt(&named(), "{}").is_err());
    }

    #[test]
    fn an_edit_that_is_hidden_is_deleted() {
        let hide = |comment: bool, user: bool| {
            event(|event| {
                event["meta"]["stream"] = "mediawiki.revision-visibility-change".into();
                event["database"] = "dewiki".into();
                event["rev_id"] = 8.into();
                let seen = serde_json::json!({"comment": comment, "user": user, "text": false});
                event["visibility"] = seen;
            })
        };
        assert_eq!(hide(true, true), Ok(None), "only the page's text");
        for (comment, user) in [(false, true), (true, false)] {
            let Ok(Some(Change::Delete(deletion))) = hide(comment, user) else {
                panic!("a deletion")
            };
            assert_eq!(deletion.id, "dewiki/8");
        }
    }

    #[test]
    fn words_of_edits_name_nobody() {
        let check = |comment: &str, expected: &str| assert_eq!(words(comment), expected);
        check("", "");
        check("/* Geschichte */", "Geschichte:");
        check("/* Kritik */Tippfehler", "Kritik: Tippfehler");
        check("/*Kritik*/ Tippfehler", "Kritik: Tippfehler");
        check(
            "siehe [[Nancy Faeser|Faeser]] und [[:Kategorie:Amt]]",
            "siehe Faeser und Kategorie:Amt",
        );
        check(
            "Änderung 1 von [[Spezial:Beiträge/192.0.2.7|192.0.2.7]] rückgängig gemacht",
            "Änderung 1 von @[Konto] rückgängig gemacht",
        );
        check(
            "[[Benutzerin:Anna Muster|Anna]] [[User talk:Bob]]",
            "@[Konto] @[Konto]",
        );
        check("[[", "");
        check("[[Utilisateur:Carl", "@[Konto]");
        assert!(words(&"[[".repeat(100_000)).len() <= MAX_COMMENT_BYTES);
    }
}

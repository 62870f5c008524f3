//! Timelines, and how far each has been read.

use crate::model::Cursor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use url::Url;

/// Statuses of one answer, as many as a server gives.
pub const PAGE: usize = 40;
/// Ids above this are made of a time, in milliseconds, and 16 further bits.
const FIRST_SNOWFLAKE: u64 = 1 << 56;
/// How far back a timeline begins again, where its ids tell times: what other servers send late has
/// an id of the time when it was written. What comes twice is stored once.
const REWIND_MS: u64 = 10 * 60 * 1000;

/// One timeline of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timeline {
    /// Public statuses with a hashtag, of this instance's accounts only or of all that it knows.
    Hashtag { tag: String, local: bool },
    /// Public statuses of this instance's accounts.
    Local,
    /// All public statuses that the instance knows.
    Public,
    /// What mentions the token's own account.
    Own,
}

impl Timeline {
    /// Its name in a saved position.
    pub fn key(&self) -> String {
        match self {
            Timeline::Hashtag { tag, local: false } => format!("tag:{tag}"),
            Timeline::Hashtag { tag, local: true } => format!("local-tag:{tag}"),
            Timeline::Local => "local".to_owned(),
            Timeline::Public => "public".to_owned(),
            Timeline::Own => "own".to_owned(),
        }
    }

    /// Its stream's name, and the hashtag that belongs to it.
    ///
    /// Of the own account the whole stream is taken, though little of it is read: a server tells
    /// deletions of messages there, and not on the narrower stream of notifications.
    pub fn stream(&self) -> (&'static str, Option<&str>) {
        match self {
            Timeline::Hashtag { tag, local: false } => ("hashtag", Some(tag)),
            Timeline::Hashtag { tag, local: true } => ("hashtag:local", Some(tag)),
            Timeline::Local => ("public:local", None),
            Timeline::Public => ("public", None),
            Timeline::Own => ("user", None),
        }
    }

    /// The message that asks a websocket for it.
    pub fn subscription(&self) -> String {
        let (stream, tag) = self.stream();
        let mut message = serde_json::json!({"type": "subscribe", "stream": stream});
        if let Some(tag) = tag {
            message["tag"] = tag.into();
        }
        message.to_string()
    }

    /// The address of its event stream.
    pub fn events(&self, base: &Url) -> Url {
        let (stream, tag) = self.stream();
        let mut url = under(base, &["api", "v1", "streaming"]);
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(stream.split(':'));
        }
        if let Some(tag) = tag {
            url.query_pairs_mut().append_pair("tag", tag);
        }
        url
    }

    /// The address of a page of it: the one that follows an id, or the newest.
    pub fn page(&self, base: &Url, after: Option<&str>) -> Url {
        let timeline = |last: &str| under(base, &["api", "v1", "timelines", last]);
        let mut url = match self {
            Timeline::Hashtag { tag, .. } => under(base, &["api", "v1", "timelines", "tag", tag]),
            Timeline::Local | Timeline::Public => timeline("public"),
            Timeline::Own => under(base, &["api", "v1", "notifications"]),
        };
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &PAGE.to_string());
        match self {
            Timeline::Local | Timeline::Hashtag { local: true, .. } => {
                query.append_pair("local", "true");
            }
            Timeline::Own => {
                query.append_pair("types[]", "mention");
            }
            Timeline::Public | Timeline::Hashtag { .. } => {}
        }
        if let Some(after) = after {
            query.append_pair("min_id", after);
        }
        drop(query);
        url
    }
}

/// An address under the instance's own.
pub fn under(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// Resume position: how far each timeline was read, and when that was. A server's ids are its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    pub host: String,
    /// By this house's clock: what a stranger's status says of its time would let nothing be new.
    pub at: Timestamp,
    /// Newest id of each timeline.
    pub newest: BTreeMap<String, String>,
}

impl Places {
    /// A saved position, if it is one of this host.
    pub fn read(cursor: &Cursor, host: &str) -> Option<Self> {
        let places: Self = serde_json::from_str(&cursor.0).ok()?;
        (places.host == host).then_some(places)
    }

    pub fn cursor(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    /// Moves a timeline on; never back.
    pub fn reached(&mut self, timeline: &Timeline, id: &str, at: Timestamp) {
        self.at = self.at.max(at);
        let newest = self.newest.entry(timeline.key()).or_default();
        if order(newest, id) == Ordering::Less {
            id.clone_into(newest);
        }
    }

    /// Where a timeline is to be read on; `None` where it never was.
    pub fn after(&self, timeline: &Timeline) -> Option<String> {
        self.newest.get(&timeline.key()).map(|id| rewound(id))
    }
}

/// Older ids are shorter, or smaller in their letters.
pub fn order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn rewound(id: &str) -> String {
    match id.parse::<u64>() {
        Ok(number) if number >= FIRST_SNOWFLAKE => (number - (REWIND_MS << 16)).to_string(),
        _ => id.to_owned(),
    }
}

/// The id that a `Link` header names for the page of newer statuses. Only the id is taken: where to
/// ask is known.
pub fn newer(link: &str) -> Option<String> {
    let part = link
        .split(',')
        .find(|part| part.replace('"', "").contains("rel=prev"))?;
    let address = part.split_once('<')?.1.split_once('>')?.0;
    let url = Url::parse(address).ok()?;
    let (_, id) = url.query_pairs().find(|(name, _)| name == "min_id")?;
    let plain = id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && !id.is_empty()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(tag: &str, local: bool) -> Timeline {
        let tag = tag.to_owned();
        Timeline::Hashtag { tag, local }
    }

    #[test]
    fn addresses_are_those_of_the_documentation() {
        let base = Url::parse("https://social.example/").unwrap();
        let page = |line: &Timeline, after| line.page(&base, after).to_string();
        let api = "https://social.example/api/v1";
        assert_eq!(
            page(&tag("größe", false), Some("9")),
            format!("{api}/timelines/tag/gr%C3%B6%C3%9Fe?limit=40&min_id=9")
        );
        assert_eq!(
            page(&Timeline::Local, None),
            format!("{api}/timelines/public?limit=40&local=true")
        );
        assert_eq!(
            page(&Timeline::Own, None),
            format!("{api}/notifications?limit=40&types%5B%5D=mention")
        );
        let events = |line: &Timeline| line.events(&base).to_string();
        assert_eq!(
            events(&tag("a&b", true)),
            format!("{api}/streaming/hashtag/local?tag=a%26b")
        );
        assert_eq!(events(&Timeline::Own), format!("{api}/streaming/user"));
        assert_eq!(
            tag("bmi", false).subscription(),
            r#"{"stream":"hashtag","tag":"bmi","type":"subscribe"}"#
        );
    }

    #[test]
    fn a_place_moves_on_and_begins_again_a_little_before() {
        let now: Timestamp = "2026-11-29T04:00:00Z".parse().unwrap();
        let mut places = Places {
            host: "a".into(),
            at: now,
            newest: BTreeMap::new(),
        };
        assert_eq!(places.after(&Timeline::Local), None);
        for id in ["9", "10", "8"] {
            places.reached(&Timeline::Local, id, now);
        }
        assert_eq!(places.after(&Timeline::Local).as_deref(), Some("10"));
        places.reached(&Timeline::Local, "117020617136550219", now);
        let rewound: u64 = places.after(&Timeline::Local).unwrap().parse().unwrap();
        assert_eq!(117_020_617_136_550_219 - rewound, 600_000 << 16);
        let cursor = places.cursor().unwrap();
        assert_eq!(Places::read(&cursor, "a"), Some(places));
        assert_eq!(Places::read(&cursor, "b"), None);
    }

    #[test]
    fn a_link_gives_only_the_id_of_newer_statuses() {
        let check = |link: &str, id: Option<&str>| assert_eq!(newer(link).as_deref(), id, "{link}");
        let next = r#"<https://a.example/api/v1/timelines/public?max_id=5>; rel="next""#;
        let prev = r#"<https://a.example/api/v1/timelines/public?min_id=77&limit=40>; rel="prev""#;
        check(&format!("{next}, {prev}"), Some("77"));
        check(next, None);
        check(r#"<https://evil.example/?min_id=../x>; rel="prev""#, None);
        check("rel=prev", None);
        check("", None);
    }
}

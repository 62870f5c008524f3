//! The parameters of a search, as an address carries them: one reading for page and API, so that
//! both find the same (I14). Pure.
//!
//! Nothing is guessed: an unknown parameter, a value that is none, a parameter given twice is a
//! fault that says what would be right. There is no parameter that selects by person.

use super::archive::{MAX_LIMIT, Order, Request};
use super::words::Tongue;
use crate::model::{FlagKind, Kind, Stance};
use crate::store::CaseFilter;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use url::form_urlencoded;

/// The parameters that a search knows.
pub const KNOWN: [&str; 18] = [
    "q", "watch", "source", "kind", "stance", "flag", "case", "target", "site", "language",
    "story", "group", "range", "since", "until", "order", "limit", "after",
];
/// Words that ask for a person; answered with the reason instead of "unknown".
const BY_PERSON: [&str; 6] = ["author", "autor", "user", "handle", "account", "pseudonym"];
/// Longest query and longest other value, in bytes.
const MAX_QUERY_BYTES: usize = 2048;
const MAX_VALUE_BYTES: usize = 256;
/// Most parameters that are looked at.
const MAX_PARAMS: usize = 32;
/// Days and nights are those of the press office.
pub const TIME_ZONE: &str = "Europe/Berlin";

/// The shorthand times of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    Day,
    Week,
    Month,
    #[default]
    All,
}

impl Range {
    pub const ALL: [Range; 4] = [Range::Day, Range::Week, Range::Month, Range::All];

    pub fn as_str(self) -> &'static str {
        match self {
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
            Range::All => "all",
        }
    }

    fn hours(self) -> Option<i64> {
        match self {
            Range::Day => Some(24),
            Range::Week => Some(7 * 24),
            Range::Month => Some(30 * 24),
            Range::All => None,
        }
    }
}

/// How what is found is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Every mention.
    None,
    /// Of each story its first.
    Story,
}

impl Group {
    pub const ALL: [Group; 2] = [Group::None, Group::Story];

    pub fn as_str(self) -> &'static str {
        match self {
            Group::None => "none",
            Group::Story => "story",
        }
    }
}

/// A parameter that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("unknown parameter `{0}`; valid are: {known}", known = KNOWN.join(", "))]
    Unknown(String),
    #[error(
        "`{0}` is refused: Resonanz looks at statements, not at people, and cannot search, sort or \
         export by author. Search for what was said (`q`)."
    )]
    ByPerson(String),
    #[error("`{0}` is given more than once")]
    Twice(&'static str),
    #[error("`{name}` is longer than {max} bytes")]
    TooLong { name: &'static str, max: usize },
    #[error("`{name}` must be {expected}")]
    Invalid {
        name: &'static str,
        expected: String,
    },
    #[error("more than {MAX_PARAMS} parameters")]
    TooMany,
}

impl Fault {
    /// The fault in the reader's language.
    pub fn told(&self, tongue: Tongue) -> String {
        if tongue == Tongue::En {
            return self.to_string();
        }
        match self {
            Fault::Unknown(name) => format!(
                "Der Parameter „{name}“ ist unbekannt; gültig sind: {}",
                KNOWN.join(", ")
            ),
            Fault::ByPerson(name) => format!(
                "„{name}“ wird abgelehnt: Resonanz betrachtet Aussagen, nicht Personen. Nach \
                 Urhebern wird weder gesucht noch sortiert noch ausgewertet. Bitte nach dem Gesagten \
                 suchen."
            ),
            Fault::Twice(name) => format!("„{name}“ ist mehrfach angegeben"),
            Fault::TooLong { name, max } => format!("„{name}“ ist länger als {max} Bytes"),
            Fault::Invalid { name, expected } => format!("„{name}“ muss sein: {expected}"),
            Fault::TooMany => format!("mehr als {MAX_PARAMS} Parameter"),
        }
    }
}

/// A search as it was asked for: the request, and what the form shows again.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub request: Request,
    pub range: Range,
    /// `None` where nothing was asked: every mention in the API, one of each story on the page.
    pub group: Option<Group>,
    /// As written, for the form's date fields.
    pub since: String,
    pub until: String,
}

impl Asked {
    /// As the page asks: of each story one, unless it was asked otherwise.
    pub fn of_page(mut self) -> Self {
        self.request.one_of_each_story = self.group != Some(Group::None);
        self
    }

    /// The query part of an address that asks the same, without the page mark: `extra` is put
    /// behind it. Begins with `?`, or is empty.
    pub fn address(&self, extra: &[(&str, &str)]) -> String {
        let request = &self.request;
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                pairs.append_pair(name, value);
            }
        };
        put("q", Some(&request.query));
        put("watch", request.watch.as_deref());
        put("source", request.source.as_deref());
        put("kind", request.kind.map(Kind::as_str));
        put("stance", request.stance.map(Stance::as_str));
        put("flag", request.flag.map(FlagKind::as_str));
        put("case", request.case.map(CaseFilter::as_str));
        put("target", request.target.as_deref());
        put("site", request.site.as_deref());
        put("language", request.lang.as_deref());
        let story = request.story.map(|story| story.to_string());
        put("story", story.as_deref());
        put("group", self.group.map(Group::as_str));
        put(
            "range",
            Some(self.range.as_str()).filter(|_| self.range != Range::All),
        );
        put("since", Some(&self.since));
        put("until", Some(&self.until));
        put(
            "order",
            Some(request.order.as_str()).filter(|_| request.order != Order::Newest),
        );
        let usual = Request::default().limit;
        let limit = request.limit.to_string();
        put(
            "limit",
            Some(&limit)
                .filter(|_| request.limit != usual)
                .map(String::as_str),
        );
        for (name, value) in extra {
            put(name, Some(value));
        }
        let written = pairs.finish();
        if written.is_empty() {
            written
        } else {
            format!("?{written}")
        }
    }
}

/// Reads the query part of an address. `ours` names parameters that the caller reads itself (the
/// page's language); `now` is what a range counts back from.
///
/// # Errors
/// The first parameter that cannot be followed.
pub fn read(query: &str, ours: &[&str], now: Timestamp) -> Result<Asked, Fault> {
    let mut asked = Asked::default();
    let mut seen: Vec<&'static str> = Vec::new();
    for (count, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
        if count >= MAX_PARAMS {
            return Err(Fault::TooMany);
        }
        if ours.contains(&name.as_ref()) {
            continue;
        }
        let Some(known) = KNOWN.into_iter().find(|known| *known == name) else {
            return Err(unknown(&name));
        };
        if seen.contains(&known) {
            return Err(Fault::Twice(known));
        }
        seen.push(known);
        let max = if known == "q" {
            MAX_QUERY_BYTES
        } else {
            MAX_VALUE_BYTES
        };
        if value.len() > max {
            return Err(Fault::TooLong { name: known, max });
        }
        // A form sends its empty fields; they ask for nothing.
        if !value.trim().is_empty() {
            take(&mut asked, known, &value)?;
        }
    }
    if asked.request.since.is_none() && asked.request.until.is_none() {
        asked.request.since = asked
            .range
            .hours()
            .and_then(|hours| now.checked_sub(hours.hours()).ok());
    }
    Ok(asked)
}

fn unknown(name: &str) -> Fault {
    let shown: String = name.chars().take(40).collect();
    if BY_PERSON.contains(&name) {
        Fault::ByPerson(shown)
    } else {
        Fault::Unknown(shown)
    }
}

fn take(asked: &mut Asked, name: &'static str, value: &str) -> Result<(), Fault> {
    let request = &mut asked.request;
    let value = value.trim();
    match name {
        "q" => request.query = value.to_owned(),
        "watch" => request.watch = Some(value.to_owned()),
        "source" => request.source = Some(value.to_owned()),
        "kind" => request.kind = Some(one_of(name, value, Kind::ALL, Kind::as_str)?),
        "stance" => request.stance = Some(one_of(name, value, Stance::ALL, Stance::as_str)?),
        "flag" => request.flag = Some(one_of(name, value, FlagKind::ALL, FlagKind::as_str)?),
        "case" => request.case = Some(one_of(name, value, CaseFilter::ALL, CaseFilter::as_str)?),
        "target" => request.target = Some(value.to_owned()),
        "site" => request.site = Some(value.to_owned()),
        "language" => request.lang = Some(language(name, value)?),
        "story" => request.story = Some(story(name, value)?),
        "group" => {
            let group = one_of(name, value, Group::ALL, Group::as_str)?;
            request.one_of_each_story = group == Group::Story;
            asked.group = Some(group);
        }
        "range" => asked.range = one_of(name, value, Range::ALL, Range::as_str)?,
        "since" => {
            request.since = Some(moment(name, value, false)?);
            asked.since = value.to_owned();
        }
        "until" => {
            request.until = Some(moment(name, value, true)?);
            asked.until = value.to_owned();
        }
        "order" => request.order = one_of(name, value, Order::ALL, Order::as_str)?,
        "limit" => request.limit = limit(name, value)?,
        _ => request.after = Some(value.to_owned()),
    }
    Ok(())
}

fn one_of<T: Copy, const N: usize>(
    name: &'static str,
    value: &str,
    all: [T; N],
    word: fn(T) -> &'static str,
) -> Result<T, Fault> {
    all.into_iter()
        .find(|one| word(*one) == value)
        .ok_or_else(|| Fault::Invalid {
            name,
            expected: all.map(word).join(" | "),
        })
}

fn limit(name: &'static str, value: &str) -> Result<usize, Fault> {
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Fault::Invalid {
            name,
            expected: format!("1 … {MAX_LIMIT}"),
        }),
    }
}

fn story(name: &'static str, value: &str) -> Result<i64, Fault> {
    value.parse().map_err(|_| Fault::Invalid {
        name,
        expected: "1, 2, 3 …".to_owned(),
    })
}

fn language(name: &'static str, value: &str) -> Result<String, Fault> {
    if value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(value.to_owned());
    }
    Err(Fault::Invalid {
        name,
        expected: "ISO 639-1 (de, en, …)".to_owned(),
    })
}

/// A time in RFC 3339, or a day in Berlin: its first moment, or with `whole_day` the first moment
/// of the day after, so that "until 3 March" holds 3 March.
fn moment(name: &'static str, value: &str, whole_day: bool) -> Result<Timestamp, Fault> {
    let invalid = || Fault::Invalid {
        name,
        expected: "2026-03-01 | 2026-03-01T08:00:00+01:00".to_owned(),
    };
    if let Ok(time) = value.parse::<Timestamp>() {
        return Ok(time);
    }
    // A full date-time without an offset would parse as a date and lose its hour.
    if value.len() != "2026-03-01".len() {
        return Err(invalid());
    }
    let day: Date = value.parse().map_err(|_| invalid())?;
    let day = if whole_day {
        day.tomorrow().map_err(|_| invalid())?
    } else {
        day
    };
    day.in_tz(TIME_ZONE)
        .map(|zoned| zoned.timestamp())
        .map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn check(query: &str, expected: &str) {
        let told = match read(query, &["lang"], now()) {
            Ok(asked) => format!("{:?}", asked.request),
            Err(fault) => fault.to_string(),
        };
        assert!(told.contains(expected), "{query}: {told}");
    }

    #[test]
    fn what_is_asked_is_read() {
        check("q=Dobrindt+NEAR%2F3+Grenze", "Dobrindt NEAR/3 Grenze");
        check("stance=critical&flag=enquiry", "stance: Some(Critical)");
        check("range=24h", "since: Some(2026-11-21T12:00:00Z)");
        check("since=2026-07-01", "since: Some(2026-06-30T22:00:00Z)");
        check("until=2026-11-21", "until: Some(2026-11-21T23:00:00Z)");
        check(
            "since=2026-07-01T10:00:00%2B02:00",
            "since: Some(2026-07-01T08:00:00Z)",
        );
        check("watch=&source=&q=&lang=en", "watch: None");
        check("limit=100&order=relevance&after=x", "limit: 100");
    }

    #[test]
    fn an_address_asks_the_same_again() {
        let query = "?q=a+%22b%22&watch=minister&source=x&kind=post&stance=critical&flag=enquiry\
                     &case=acknowledged&target=minister&site=a.de&language=de&story=7&group=none&range=7d&until=2026-11-21&order=relevance&limit=5";
        let asked = read(&query[1..], &[], now()).unwrap();
        assert_eq!(asked.address(&[]), query);
        assert_eq!(
            Asked::default().address(&[("lang", "en")]),
            "?lang=en".to_owned()
        );
    }

    #[test]
    fn what_cannot_be_followed_says_what_would_be_right() {
        check("page=2", "valid are: q, watch");
        check("author=someone", "statements, not at people");
        check("stance=angry", "supportive | critical | neutral | unclear");
        check(
            "case=done",
            "open | acknowledged | assessed | answered | closed | any | none",
        );
        check("limit=101", "1 … 100");
        check("limit=-1", "1 … 100");
        check("story=x", "1, 2, 3");
        check("group=author", "none | story");
        check("since=yesterday", "2026-03-01");
        check("since=2026-07-01T10:00", "2026-03-01");
        check("until=9999-12-31", "2026-03-01");
        check("q=a&q=b", "more than once");
        check("language=deu", "ISO 639-1");
        check(&format!("q={}", "x".repeat(2049)), "longer than 2048");
        check(&format!("after={}", "x".repeat(257)), "longer than 256");
        check(&"lang=de&".repeat(40), "more than 32");
    }
}

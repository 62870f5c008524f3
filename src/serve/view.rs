//! What a page shows of a mention: times as Berlin tells them, an excerpt around the first hit,
//! labels with their reasons. Pure; the templates only print it, escaped.
//!
//! Every string here that came from outside has lost its control and direction characters, so that
//! no text can disguise itself or turn the page around.

use super::Names;
use super::archive::Found;
use super::params::{Asked, Group, TIME_ZONE};
use super::reasons::reason as reason_name;
use super::words::{Tongue, Words};
use crate::model::{Author, Part, Reason, Span, Stance};
use crate::store::StoredMention;
use jiff::Timestamp;
use url::Url;

/// Characters of an excerpt, and how many of them stand before the first hit.
const EXCERPT_CHARS: usize = 400;
const LEAD_CHARS: usize = 120;
/// Texts up to this many characters are shown whole: a fold that hides one line is a nuisance.
const WHOLE_CHARS: usize = 480;

/// A run of text, with or without a highlight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub hit: bool,
}

/// A time for readers and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub machine: String,
    pub human: String,
}

/// One line of a reason card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonLine {
    pub rule: String,
    pub seen: String,
    /// Signed, in the reader's notation; empty where nothing is weighed.
    pub weight: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanceChip {
    pub target: String,
    /// English key, for the style sheet.
    pub class: &'static str,
    /// A shape beside the colour, for those who do not see colours and for print.
    pub symbol: &'static str,
    pub word: &'static str,
    /// For example `82 %`; `None` while the model is not calibrated.
    pub probability: Option<String>,
    pub reasons: Vec<ReasonLine>,
    /// The target's key.
    pub key: String,
    /// The office said so.
    pub by_office: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChip {
    pub word: &'static str,
    pub reasons: Vec<ReasonLine>,
}

/// One mention as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub id: i64,
    pub kind: &'static str,
    pub source: String,
    pub site: String,
    pub who: String,
    pub is_voice: bool,
    pub published: Moment,
    pub edited: Option<Moment>,
    pub collected: Moment,
    pub title: Vec<Piece>,
    pub excerpt: Vec<Piece>,
    pub cut_before: bool,
    pub cut_after: bool,
    /// The whole text.
    pub full: Vec<Piece>,
    pub stances: Vec<StanceChip>,
    pub flags: Vec<FlagChip>,
    pub watches: Vec<String>,
    /// A public `http` or `https` address.
    pub url: Option<String>,
    pub model: String,
    pub lang: String,
    pub backfill: bool,
    /// Further mentions of its story that the search finds, and the address that lists them all.
    pub copies: u64,
    pub copies_url: String,
}

impl Shown {
    pub fn new(
        mention: &StoredMention,
        highlights: &[Span],
        names: &Names,
        tongue: Tongue,
    ) -> Self {
        let (who, is_voice) = who(mention.author.as_ref(), tongue.words());
        let in_text = places(highlights, Part::Text, &mention.text);
        let (start, end) = window(&mention.text, in_text.first().map(|place| place.0));
        Self {
            id: mention.id,
            kind: tongue.kind(mention.kind),
            source: names.source(&mention.source),
            site: clean(&mention.site),
            who,
            is_voice,
            published: moment(mention.published, tongue),
            edited: mention.edited.map(|time| moment(time, tongue)),
            collected: moment(mention.collected, tongue),
            title: pieces(
                &mention.title,
                &places(highlights, Part::Title, &mention.title),
                0,
                mention.title.len(),
            ),
            excerpt: pieces(&mention.text, &in_text, start, end),
            cut_before: start > 0,
            cut_after: end < mention.text.len(),
            full: pieces(&mention.text, &in_text, 0, mention.text.len()),
            stances: stances(mention, names, tongue),
            flags: flags(mention, tongue),
            watches: mention
                .matches
                .iter()
                .map(|matched| names.watch(&matched.watch))
                .collect(),
            url: mention.url.as_deref().and_then(public_url),
            model: clean(&mention.labels.model),
            lang: clean(&mention.lang),
            backfill: mention.backfill,
            copies: 0,
            copies_url: String::new(),
        }
    }

    /// With the way to the other mentions of its story, as far as the search finds them.
    pub fn with_copies(mut self, found: &Found, asked: &Asked, lang: (&str, &str)) -> Self {
        self.copies = found.in_story.saturating_sub(1);
        let mut each = Asked {
            group: Some(Group::None),
            ..asked.clone()
        };
        each.request.story = Some(found.mention.story);
        self.copies_url = format!("/{}", each.address(&[lang]));
        self
    }

    pub fn is_cut(&self) -> bool {
        self.cut_before || self.cut_after
    }

    /// True when there is anything to give reasons for.
    pub fn has_labels(&self) -> bool {
        !self.stances.is_empty() || !self.flags.is_empty()
    }
}

/// Drops control characters (but for line breaks and tabs) and those that change the direction of
/// writing.
pub fn clean(text: &str) -> String {
    let unwanted = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars().filter(|c| !unwanted(c)).collect()
}

/// A time in Berlin, as the reader writes times.
pub fn moment(time: Timestamp, tongue: Tongue) -> Moment {
    let machine = time.to_string();
    // The zone's data is in the binary; were it not, the page would show universal time.
    let Ok(zoned) = time.in_tz(TIME_ZONE) else {
        return Moment {
            human: machine.clone(),
            machine,
        };
    };
    let human = match tongue {
        Tongue::En => zoned.strftime("%a %-d %b %Y, %H:%M").to_string(),
        Tongue::De => {
            let days = ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."];
            let day = zoned.weekday().to_monday_zero_offset();
            let name = usize::try_from(day)
                .ok()
                .and_then(|day| days.get(day))
                .unwrap_or(&"");
            format!("{name} {}", zoned.strftime("%d.%m.%Y, %H:%M Uhr"))
        }
    };
    Moment { machine, human }
}

/// A page may link to `http` and `https` only, whatever a row says.
pub fn public_url(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

fn who(author: Option<&Author>, words: &Words) -> (String, bool) {
    match author {
        Some(Author::Voice { name, .. }) => (clean(name), true),
        Some(Author::Private { .. }) => (words.private.to_owned(), false),
        None => (words.unnamed.to_owned(), false),
    }
}

fn stances(mention: &StoredMention, names: &Names, tongue: Tongue) -> Vec<StanceChip> {
    let chip = |label: &crate::model::StanceLabel| StanceChip {
        target: names.target(&label.target),
        class: label.stance.as_str(),
        symbol: match label.stance {
            Stance::Supportive => "▲",
            Stance::Critical => "▼",
            Stance::Neutral => "●",
            Stance::Unclear => "?",
        },
        word: tongue.stance(label.stance),
        probability: label.probability.map(percent),
        reasons: reasons(&label.reasons, tongue),
        key: label.target.clone(),
        by_office: label.by_office,
    };
    mention.labels.stances.iter().map(chip).collect()
}

fn flags(mention: &StoredMention, tongue: Tongue) -> Vec<FlagChip> {
    let chip = |label: &crate::model::FlagLabel| FlagChip {
        word: tongue.flag(label.flag),
        reasons: reasons(&label.reasons, tongue),
    };
    mention.labels.flags.iter().map(chip).collect()
}

fn reasons(reasons: &[Reason], tongue: Tongue) -> Vec<ReasonLine> {
    let line = |reason: &Reason| ReasonLine {
        rule: clean(reason_name(&reason.rule, tongue)),
        seen: clean(&reason.seen),
        weight: weight(reason.weight, tongue),
    };
    reasons.iter().map(line).collect()
}

pub fn weight(weight: f32, tongue: Tongue) -> String {
    if weight == 0.0 {
        return String::new();
    }
    let written = format!("{weight:+.1}").replace('-', "−");
    match tongue {
        Tongue::De => written.replace('.', ","),
        Tongue::En => written,
    }
}

fn percent(probability: f32) -> String {
    format!("{:.0} %", f64::from(probability) * 100.0)
}

/// The highlighted byte ranges of one part: on character borders, sorted, without overlaps.
fn places(highlights: &[Span], part: Part, text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = highlights
        .iter()
        .filter(|span| span.part == part)
        .map(|span| (border(text, span.start), border(text, span.end)))
        .filter(|(start, end)| start < end)
        .collect();
    found.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (start, end) in found {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// The nearest character border at or before a byte offset.
fn border(text: &str, offset: u32) -> usize {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    text.floor_char_boundary(offset)
}

/// The byte range of the excerpt of a text whose first hit starts at `hit`.
fn window(text: &str, hit: Option<usize>) -> (usize, usize) {
    if text.chars().nth(WHOLE_CHARS).is_none() {
        return (0, text.len());
    }
    let before = &text[..hit.unwrap_or(0)];
    let start = match before.char_indices().rev().nth(LEAD_CHARS) {
        // From the next word on, if one begins before the hit.
        Some((at, _)) => before[at..]
            .find(char::is_whitespace)
            .map_or(at, |space| at + space + 1),
        None => 0,
    };
    let start = text.ceil_char_boundary(start);
    let rest = &text[start..];
    let end = match rest.char_indices().nth(EXCERPT_CHARS) {
        Some((at, _)) => rest[..at].rfind(char::is_whitespace).unwrap_or(at),
        None => rest.len(),
    };
    // A text without a space in its first 400 characters is cut where it stands.
    let end = if end == 0 {
        rest.len().min(EXCERPT_CHARS)
    } else {
        end
    };
    (start, text.ceil_char_boundary(start + end))
}

fn pieces(text: &str, places: &[(usize, usize)], start: usize, end: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut put = |from: usize, to: usize, hit: bool| {
        let text = clean(text.get(from..to).unwrap_or_default());
        if !text.is_empty() {
            pieces.push(Piece { text, hit });
        }
    };
    let mut at = start;
    for (from, to) in places {
        let (from, to) = ((*from).max(at), (*to).min(end));
        if from < to {
            put(at, from, false);
            put(from, to, true);
            at = to;
        }
    }
    put(at, end, false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[Piece]) -> String {
        let piece = |piece: &Piece| match piece.hit {
            true => format!("[{}]", piece.text),
            false => piece.text.clone(),
        };
        pieces.iter().map(piece).collect()
    }

    fn span(start: u32, end: u32) -> Span {
        Span {
            part: Part::Text,
            start,
            end,
        }
    }

    fn check(text: &str, spans: &[Span], expected: &str) {
        let places = places(spans, Part::Text, text);
        assert_eq!(told(&pieces(text, &places, 0, text.len())), expected);
    }

    #[test]
    fn highlights_survive_any_span() {
        check("Grenze zu", &[span(0, 6)], "[Grenze] zu");
        check("Grenze zu", &[span(2, 6), span(0, 4)], "[Grenze] zu");
        check("Köln", &[span(0, 2)], "[K]öln");
        check("Köln", &[span(3, 2), span(9, 12), span(4, 4)], "Köln");
        check("Köln", &[span(0, u32::MAX)], "[Köln]");
        check("", &[span(0, 1)], "");
        check("a\u{202E}b\u{0}c\n", &[span(0, 1)], "[a]bc\n");
    }

    #[test]
    fn an_excerpt_holds_the_first_hit() {
        let text = format!("{} Grenze {}", "wort ".repeat(200), "ende ".repeat(200));
        let hit = text.find("Grenze").unwrap();
        let (start, end) = window(&text, Some(hit));
        assert!(text[start..end].contains(" Grenze "));
        assert!(text[start..end].starts_with("wort"));
        assert!((300..=EXCERPT_CHARS).contains(&text[start..end].chars().count()));
        assert_eq!(window("kurz", Some(2)), (0, 4));
        let unbroken = "ß".repeat(1000);
        assert!(window(&unbroken, Some(1000)).1 > 1000);
        assert!(window(&" ".repeat(1000), None).1 > 0);
    }

    #[test]
    fn times_are_those_of_berlin() {
        let time: Timestamp = "2026-11-21T22:14:00Z".parse().unwrap();
        assert_eq!(moment(time, Tongue::De).human, "Sa. 21.11.2026, 23:14 Uhr");
        assert_eq!(moment(time, Tongue::En).human, "Sat 21 Nov 2026, 23:14");
        assert_eq!(moment(time, Tongue::De).machine, "2026-11-21T22:14:00Z");
    }

    #[test]
    fn only_the_web_is_linked() {
        assert_eq!(public_url("javascript:alert(1)"), None);
        assert_eq!(public_url("data:text/html,x"), None);
        assert_eq!(
            public_url("https://example.org/a\"b").as_deref(),
            Some("https://example.org/a%22b")
        );
    }

    #[test]
    fn weights_are_written_as_the_reader_writes_numbers() {
        assert_eq!(weight(-1.5, Tongue::De), "−1,5");
        assert_eq!(weight(0.5, Tongue::En), "+0.5");
        assert_eq!(weight(0.0, Tongue::De), "");
    }
}

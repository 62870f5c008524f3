//! What a dialect has to say for itself, and what holds for words of all dialects.

use super::lexer::{Token, is_quote};
use super::report::{Became, Finding, Found, Reason};
use crate::query::ast::{KeyField, is_plain};
use crate::text::{analyse, compounds};
use std::ops::Range;

/// One dialect: how its constructs read in the native language.
pub trait Rules {
    /// The system's name in reasons.
    fn name(&self) -> &'static str;

    /// `None` where the dialect has no such field, as far as is known. In any case of letters.
    fn field(&self, name: &str) -> Option<Field>;

    /// `NEAR`, `NEAR/5` or `ONEAR/5f` as written.
    fn near(&self, written: &str) -> Became;

    /// `~n` behind a phrase or group.
    fn tilde(&self, written: &str) -> Became;

    /// `{…}`.
    fn exact(&self, _inner: &str) -> Became {
        Became::refused(self.unknown("{ }"))
    }

    /// `^9`.
    fn boost(&self, _written: &str) -> Became {
        Became::refused(self.unknown("^"))
    }

    fn has_comments(&self) -> bool {
        false
    }

    /// True where `-x`, `+"x"` and `++"x"` are operators.
    fn has_signs(&self) -> bool {
        false
    }

    /// What this dialect finds otherwise than we do under a word or phrase.
    fn words(&self, _text: &str) -> Vec<Finding> {
        Vec::new()
    }

    /// Where the dialect reads a whole query in a way of its own: its place and what it becomes.
    fn whole(&self, _tokens: &[Token<'_>]) -> Option<(Range<usize>, Became)> {
        None
    }

    /// What shows only when all words are known.
    fn afterwards(&self, _seen: &[Seen<'_>]) -> Vec<Found> {
        Vec::new()
    }

    /// For what is in no documentation of the dialect that was read.
    fn unknown(&self, what: &str) -> Reason {
        let name = self.name();
        Reason::new(
            format!(
                "{what} is not known as part of {name}'s language. If it belongs to a word, put the word in quotes."
            ),
            format!(
                "{what} ist als Teil der Sprache von {name} nicht bekannt. Gehört es zu einem Wort, setzen Sie das Wort in Anführungszeichen."
            ),
        )
    }
}

/// What a field of a dialect means here.
#[derive(Clone)]
pub enum Field {
    /// `title:` looks for words, which are read like all others.
    Title,
    /// A native field, why it is one where its name or meaning differs, and what its values become.
    Key {
        field: KeyField,
        why: Option<Reason>,
        value: fn(&str) -> Became,
    },
    /// The `@name` itself.
    Mention,
    /// The word exactly as written.
    Exact,
    Refused(Reason),
}

/// A word or phrase of the query, for [`Rules::afterwards`].
pub struct Seen<'a> {
    pub at: Range<usize>,
    pub text: &'a str,
    pub negated: bool,
}

/// A word or phrase as native text. Operators in small letters stay as they are, so that the native
/// parser can say what they look like.
pub fn quoted(text: &str) -> String {
    let lower = text.to_lowercase();
    let operator = matches!(
        lower.as_str(),
        "and" | "or" | "not" | "und" | "oder" | "nicht"
    );
    match is_plain(text) || operator {
        true => text.to_owned(),
        // Quotes cannot stand in quotes; no token holds one.
        false => format!("\"{}\"", text.replace(is_quote, " ")),
    }
}

/// A field's value as native text, as it stands.
pub fn same(value: &str) -> Became {
    Became::new(quoted_value(value))
}

pub fn quoted_value(value: &str) -> String {
    format!("\"{}\"", value.replace(is_quote, " "))
}

/// A `site:` value. Posts have none here, so that a network's host finds and excludes nothing.
pub fn site(value: &str) -> Became {
    const NETWORKS: [&str; 12] = [
        "bsky.app",
        "facebook.com",
        "instagram.com",
        "linkedin.com",
        "mastodon.social",
        "reddit.com",
        "threads.net",
        "tiktok.com",
        "t.me",
        "twitter.com",
        "x.com",
        "youtube.com",
    ];
    let host = KeyField::Site.fold(value);
    match NETWORKS.contains(&host.as_str()) {
        false => same(value),
        true => same(value).changed(Reason::new(
            "Here only articles have a site, posts of networks have none: this finds and excludes no posts. Choose networks with source:.",
            "Hier haben nur Artikel eine Website, Beiträge aus Netzwerken nicht: das findet keine Beiträge und schließt keine aus. Netzwerke wählen Sie mit source:.",
        )),
    }
}

pub fn voice_reason() -> Reason {
    Reason::new(
        "Finds only registered public voices; private persons cannot be selected.",
        "Findet nur eingetragene öffentliche Stimmen; Privatpersonen können nicht ausgewählt werden.",
    )
}

pub fn voice_excludes_reason() -> Reason {
    Reason::new(
        "Excluding a private person excludes nothing.",
        "Wer eine Privatperson ausschließt, schließt nichts aus.",
    )
}

pub fn person_reason() -> Reason {
    Reason::new(
        "Statements are observed here, not people: no query selects by properties of an author.",
        "Hier werden Aussagen beobachtet, nicht Menschen: keine Suche wählt nach Eigenschaften von Verfasserinnen und Verfassern aus.",
    )
}

pub fn place_reason() -> Reason {
    Reason::new(
        "Where an author or publication is at home is not known here. Choose publications with site:, languages with lang:.",
        "Woher Verfasser oder Medien stammen, ist hier nicht bekannt. Medien wählen Sie mit site:, Sprachen mit lang:.",
    )
}

/// What holds for a word or phrase of every dialect.
pub fn words(rules: &dyn Rules, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(reason) = operator_reason(rules, text) {
        return vec![Finding::Refused(reason)];
    }
    if let Some(Edges { lost, .. }) = lost_signs(text) {
        findings.push(Finding::Changed(signs_reason(&lost)));
    }
    if has_handle(text) {
        findings.push(Finding::Changed(Reason::new(
            "Names of private accounts are masked here: it finds only registered public voices.",
            "Namen privater Konten sind hier unkenntlich gemacht: gefunden werden nur eingetragene öffentliche Stimmen.",
        )));
    }
    findings.extend(rules.words(text));
    findings
}

/// A bare word in the shape of an operator: `WITHIN/5`. Taken as a word it would find nonsense.
fn operator_reason(rules: &dyn Rules, text: &str) -> Option<Reason> {
    let (name, count) = text.split_once('/')?;
    let digits = count.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let in_shape = name.len() >= 4
        && name.bytes().all(|b| b.is_ascii_uppercase())
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit());
    in_shape.then(|| rules.unknown(text))
}

fn has_handle(text: &str) -> bool {
    let starts = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 1..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    };
    text.match_indices('@').any(starts)
}

/// Signs of a text that the analyser does not see.
pub struct Edges {
    pub lost: String,
    /// True where one stands before the first or behind the last word.
    pub outside: bool,
}

/// `None` where everything that means something is seen.
pub fn lost_signs(text: &str) -> Option<Edges> {
    let parts: Vec<Range<usize>> = compounds(text, true)
        .into_iter()
        .flat_map(|compound| compound.parts)
        .map(|part| part.start as usize..part.end as usize)
        .collect();
    let (first, last) = (parts.first()?.start, parts.last()?.end);
    let mut edges = Edges {
        lost: String::new(),
        outside: false,
    };
    let mut inside = parts.iter().peekable();
    for (at, c) in text.char_indices() {
        while inside.next_if(|part| part.end <= at).is_some() {}
        let seen = inside.peek().is_some_and(|part| part.contains(&at));
        if seen || !is_sign(c) {
            continue;
        }
        edges.outside |= at < first || at >= last;
        if !edges.lost.contains(c) {
            edges.lost.push(c);
        }
    }
    (!edges.lost.is_empty()).then_some(edges)
}

/// Signs that an editor writes for what they mean; not those that part or end words everywhere.
fn is_sign(c: char) -> bool {
    let parts_words = matches!(c, '-' | '\'' | '_' | '.' | ',' | ';' | '*' | '?' | '"');
    (c.is_ascii_punctuation() && !parts_words)
        || matches!(c, '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20c0}')
}

fn signs_reason(lost: &str) -> Reason {
    Reason::new(
        format!("Not read here, like a blank: {lost} — it is found with and without."),
        format!(
            "Wird hier nicht gelesen, wie ein Leerzeichen: {lost} — gefunden wird es mit und ohne."
        ),
    )
}

/// `{…}`: the word as written. Refused where it would find far more for a sign that is not seen.
pub fn exact(text: &str) -> Became {
    let text = text.trim();
    if text.contains(['{', '}']) || analyse(text).is_empty() {
        return Became::refused(Reason::new(
            "There is no word in it to look for.",
            "Darin steht kein Wort, das gesucht werden kann.",
        ));
    }
    let became = Became::new(format!("{{{text}}}"));
    match lost_signs(text) {
        None => became,
        Some(edges) if edges.outside => Became::refused(Reason::new(
            format!(
                "Not read here: {} — without it the word would find far more.",
                edges.lost
            ),
            format!(
                "Wird hier nicht gelesen: {} — ohne das Zeichen fände das Wort weit mehr.",
                edges.lost
            ),
        )),
        Some(edges) => became.changed(signs_reason(&edges.lost)),
    }
}

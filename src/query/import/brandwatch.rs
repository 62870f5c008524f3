//! Brandwatch: the dialect that the native language grew out of. What differs is mostly what a
//! word finds: accents, capitals in `{ }`, and authors.

use super::report::{Became, Finding, Found, Reason};
use super::rules::{self, Field, Rules, Seen};
use crate::query::ast::KeyField;
use crate::text::compounds;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub struct Brandwatch;

/// Small letters of a `{…}` for which every spelling is written out; each doubles them.
const MAX_FREE_LETTERS: usize = 2;

impl Rules for Brandwatch {
    fn name(&self) -> &'static str {
        "Brandwatch"
    }

    fn field(&self, name: &str) -> Option<Field> {
        let plain = |field, value| Field::Key {
            field,
            why: None,
            value,
        };
        let renamed = |field: KeyField, value, from: &str| Field::Key {
            field,
            why: Some(Reason::new(
                format!("{from}: is {}: here.", field.as_str()),
                format!("{from}: heißt hier {}:.", field.as_str()),
            )),
            value,
        };
        Some(match name.to_ascii_lowercase().as_str() {
            "title" => Field::Title,
            "site" => plain(KeyField::Site, rules::site),
            "url" => plain(KeyField::Url, rules::same),
            "links" => plain(KeyField::Links, rules::same),
            "language" => renamed(KeyField::Lang, rules::same, "language"),
            "author" => Field::Key {
                field: KeyField::Voice,
                why: Some(rules::voice_reason()),
                value: author,
            },
            "engagementtype" => renamed(KeyField::Type, engagement, "engagementType"),
            "raw" => Field::Exact,
            other => Field::Refused(refused(other)?),
        })
    }

    fn near(&self, written: &str) -> Became {
        let count = written.strip_prefix("NEAR/").unwrap_or_default();
        let number = count.strip_suffix(['f', 'F']).unwrap_or(count);
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Became::refused(Reason::new(
                "Brandwatch's operator is NEAR/5 or NEAR/5f, in capitals and with a number.",
                "Brandwatchs Operator heißt NEAR/5 oder NEAR/5f, in Großbuchstaben und mit Zahl.",
            ));
        }
        let became = Became::new(written);
        match number.len() < count.len() {
            true => became,
            false => became.note(counting_reason()),
        }
    }

    fn tilde(&self, written: &str) -> Became {
        Became::new(written).note(counting_reason())
    }

    fn exact(&self, inner: &str) -> Became {
        let text = inner.trim();
        let small: Vec<usize> = text
            .char_indices()
            .filter(|(_, c)| c.is_lowercase())
            .map(|(at, _)| at)
            .collect();
        let has_capital = text.chars().any(char::is_uppercase);
        match (small.is_empty(), has_capital) {
            (true, _) => rules::exact(text),
            (false, false) => Became::new(format!("\"{text}\"")).changed(Reason::new(
                "Brandwatch asks { } for its capitals only, and there are none: the plain word.",
                "Brandwatch verlangt in { } nur die Großbuchstaben, und es gibt keine: das einfache Wort.",
            )),
            (false, true) => free_letters(text, &small),
        }
    }

    fn has_comments(&self) -> bool {
        true
    }

    fn words(&self, text: &str) -> Vec<Finding> {
        if ends_with_question_mark(text) {
            return vec![Finding::Refused(Reason::new(
                "Whether ? at the end of a word is a sign or stands for a letter is not documented. Leave it out, or write * for any ending.",
                "Ob ? am Wortende ein Zeichen ist oder für einen Buchstaben steht, ist nicht dokumentiert. Lassen Sie es weg, oder schreiben Sie * für jede Endung.",
            ))];
        }
        match has_accent(text) {
            false => Vec::new(),
            true => vec![Finding::Changed(Reason::new(
                "Brandwatch finds only the spelling with the accent or umlaut; here the plain letter and ae, oe, ue are found as well.",
                "Brandwatch findet nur die Schreibweise mit Akzent oder Umlaut; hier werden auch der einfache Buchstabe und ae, oe, ue gefunden.",
            ))],
        }
    }

    /// `Nino NOT niño` excludes there what is the same word here.
    fn afterwards(&self, seen: &[Seen<'_>]) -> Vec<Found> {
        let wanted: HashSet<Vec<String>> = seen
            .iter()
            .filter(|word| !word.negated)
            .filter_map(|word| bare_form(word.text))
            .collect();
        let reason = Reason::new(
            "With and without accent is one word here: this would exclude what the query looks for.",
            "Mit und ohne Akzent ist hier ein Wort: das schlösse aus, was gesucht wird.",
        );
        seen.iter()
            .filter(|word| word.negated && has_accent(word.text))
            .filter(|word| bare_form(word.text).is_some_and(|form| wanted.contains(&form)))
            .map(|word| Found {
                at: word.at.clone(),
                became: Became::refused(reason.clone()),
            })
            .collect()
    }
}

/// The folded words without accents.
fn bare_form(text: &str) -> Option<Vec<String>> {
    compounds(text, true)
        .into_iter()
        .flat_map(|compound| compound.parts)
        .map(|part| part.terms.last().cloned())
        .collect()
}

fn has_accent(text: &str) -> bool {
    text.nfd().any(is_combining_mark)
}

/// Not in front of a letter, where it stands for exactly one.
fn ends_with_question_mark(text: &str) -> bool {
    let ends = |(at, _): (usize, &str)| {
        let next = text[at + 1..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '?' || c == '*')
    };
    text.match_indices('?').any(ends)
}

fn counting_reason() -> Reason {
    Reason::new(
        "Brandwatch does not say whether n counts the words between; it is read as at most n words between, in either order.",
        "Brandwatch sagt nicht, ob n die Wörter dazwischen zählt; gelesen wird es als höchstens n Wörter dazwischen, in beiden Reihenfolgen.",
    )
}

/// `{BfV}`: there only the B and the V must be capitals, here every letter is as written.
fn free_letters(text: &str, small: &[usize]) -> Became {
    let exact = rules::exact(text);
    let single = |c: char| c.to_uppercase().count() == 1;
    let simple = small
        .iter()
        .all(|at| text[*at..].chars().next().is_some_and(single));
    if small.len() > MAX_FREE_LETTERS || !simple || exact.text.is_empty() {
        return exact.changed(Reason::new(
            "Brandwatch asks { } for its capitals only; here the small letters must stand as written too, so it finds less. Leave { } out where any case will do.",
            "Brandwatch verlangt in { } nur die Großbuchstaben; hier müssen auch die kleinen so dastehen, es wird also weniger gefunden. Lassen Sie { } weg, wo Groß und Klein gleich sind.",
        ));
    }
    let spelling = |choice: usize| -> String {
        let letter = |(at, c): (usize, char)| {
            let free = small.iter().position(|small| *small == at);
            match free.is_some_and(|bit| choice >> bit & 1 == 1) {
                true => c.to_uppercase().next().unwrap_or(c),
                false => c,
            }
        };
        format!(
            "{{{}}}",
            text.char_indices().map(letter).collect::<String>()
        )
    };
    let spellings: Vec<String> = (0..1 << small.len()).map(spelling).collect();
    Became {
        text: format!("({})", spellings.join(" OR ")),
        findings: exact.findings,
    }
    .changed(Reason::new(
        "Brandwatch asks { } for its capitals only; here every letter must stand as written, so each spelling is named.",
        "Brandwatch verlangt in { } nur die Großbuchstaben; hier muss jeder Buchstabe so dastehen, also steht jede Schreibweise da.",
    ))
}

/// In an author's name a full stop stands for a blank.
fn author(value: &str) -> Became {
    if !value.trim_matches('.').contains('.') {
        return rules::same(value);
    }
    let blank = rules::quoted_value(&value.replace('.', " "));
    Became::new(format!("({blank} OR {})", rules::quoted_value(value))).changed(Reason::new(
        "A full stop stands for a blank in Brandwatch's author:; both are looked for.",
        "Ein Punkt steht in Brandwatchs author: für ein Leerzeichen; gesucht wird beides.",
    ))
}

fn engagement(value: &str) -> Became {
    match value {
        "REPLY" => Became::new("reply"),
        "COMMENT" => Became::new("comment"),
        "RETWEET" | "QUOTE" => Became::refused(Reason::new(
            "Reposts and quotes are no kinds of mentions here.",
            "Weiterverbreitete und zitierende Beiträge sind hier keine eigenen Arten.",
        )),
        _ => Became::refused(Reason::new(
            "Known values are COMMENT, REPLY, RETWEET and QUOTE, in capitals.",
            "Bekannt sind COMMENT, REPLY, RETWEET und QUOTE, in Großbuchstaben.",
        )),
    }
}

/// Why a field of Brandwatch has no equal; `None` where it is no field of it.
fn refused(name: &str) -> Option<Reason> {
    Some(match name {
        "country" | "region" | "city" | "latitude" => rules::place_reason(),
        "authorfollowers" | "authorverified" | "authorverifiedtype" => rules::person_reason(),
        "channelid" | "engagingwith" | "engagingwithguid" | "guid" | "parentpostid"
        | "rootpostid" => Reason::new(
            "Accounts and posts are sealed here: no query selects by their numbers.",
            "Konten und Beiträge sind hier versiegelt: keine Suche wählt nach ihren Nummern aus.",
        ),
        "imagetype" | "objects" | "brandids" => Reason::new(
            "Pictures are not looked at here.",
            "Bilder werden hier nicht ausgewertet.",
        ),
        "topleveldomain" => Reason::new(
            "There is no such field; site:*.de finds the hosts that end in .de.",
            "Dieses Feld gibt es nicht; site:*.de findet die Adressen, die auf .de enden.",
        ),
        "weblogtitle" => Reason::new(
            "The name of a publication is not searched here; choose it with site:.",
            "Der Name eines Mediums wird hier nicht durchsucht; wählen Sie es mit site:.",
        ),
        "minuteofday" => Reason::new(
            "A query does not depend on the time of day here.",
            "Eine Suche hängt hier nicht von der Uhrzeit ab.",
        ),
        "subreddit" | "tags" | "pubtype" | "rating" | "sensitivecontent" => Reason::new(
            "Nothing of this is kept of a mention here.",
            "Von einer Erwähnung wird das hier nicht festgehalten.",
        ),
        _ => return None,
    })
}

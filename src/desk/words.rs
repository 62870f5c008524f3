//! The words of a mail, in German and English. No decisions, no text from outside.

use super::Language;
use super::rules::{Facts, Rule, StoryFacts};
use crate::model::{FlagKind, Kind, Reach, Stance};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const WEEKDAYS_DE: [&str; 7] = [
    "Montag",
    "Dienstag",
    "Mittwoch",
    "Donnerstag",
    "Freitag",
    "Samstag",
    "Sonntag",
];
const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// The fixed phrases of a mail.
pub struct Phrases {
    pub why: &'static str,
    pub rule: &'static str,
    pub counted: &'static str,
    pub threshold: &'static str,
    pub case: &'static str,
    pub known: &'static str,
    pub answer: &'static str,
    pub examples: &'static str,
    pub stance: &'static str,
    pub flag: &'static str,
    pub original: &'static str,
    pub all: &'static str,
    pub letter: &'static str,
    pub case_page: &'static str,
    pub sealed: &'static str,
    pub gone: &'static str,
    pub unreadable: &'static str,
    pub no_reply: &'static str,
}

const DE: Phrases = Phrases {
    why: "Warum diese Mail",
    rule: "Regel",
    counted: "Gezählt",
    threshold: "Schwelle",
    case: "Fall",
    known: "Das könnte eine bekannte Behauptung sein:",
    answer: "Sprachregelung:",
    examples: "Beispiele",
    stance: "Haltung zum Ziel",
    flag: "Hinweis",
    original: "Original",
    all: "Alle Erwähnungen dieses Suchauftrags:",
    letter: "Lesen und beantworten:",
    case_page: "Alle Erwähnungen dieses Falls:",
    sealed: "Der Wortlaut steht auf der Seite des Falls.",
    gone: "Gelöschte Äußerungen werden nicht mehr gezeigt.",
    unreadable: "Die Beispiele ließen sich nicht darstellen. Bitte in Resonanz nachsehen.",
    no_reply: "Weitere Erwähnungen nimmt derselbe Fall auf, ohne neue Mail. Absender nennt Resonanz in Mails nie. Bitte auf diese Mail nicht antworten.",
};

const EN: Phrases = Phrases {
    why: "Why this mail",
    rule: "Rule",
    counted: "Counted",
    threshold: "Threshold",
    case: "Case",
    known: "This may be a known claim:",
    answer: "Approved answer:",
    examples: "Examples",
    stance: "Stance toward the target",
    flag: "Flag",
    original: "Original",
    all: "All mentions of this watch:",
    letter: "Read and answer:",
    case_page: "All mentions of this case:",
    sealed: "The words stand on the page of the case.",
    gone: "Statements that were deleted are not shown any more.",
    unreadable: "The examples could not be shown. Please look at them in Resonanz.",
    no_reply: "Further mentions join the same case without another mail. Resonanz never names authors in mails. Please do not reply to this mail.",
};

pub fn phrases(language: Language) -> &'static Phrases {
    match language {
        Language::De => &DE,
        Language::En => &EN,
    }
}

fn pick(language: Language, de: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::De => de,
        Language::En => en,
    }
}

fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What a rule is called, first words of the subject.
pub fn rule(language: Language, rule: Rule) -> &'static str {
    match rule {
        Rule::Flagged => pick(language, "Prüfenswert", "Worth checking"),
        Rule::CriticalWave => pick(language, "Viel Kritik", "Much criticism"),
        Rule::SupportiveWave => pick(language, "Viel Zustimmung", "Much support"),
        Rule::Rumour => pick(language, "Mögliches Gerücht", "Possible rumour"),
        Rule::Misreporting => pick(language, "Weicht von uns ab", "Differs from us"),
        Rule::Message => pick(language, "Nachricht wartet", "Message waits"),
    }
}

/// What was counted: "3 Rückfragen und 2 Richtigstellungen".
pub fn count(language: Language, rule: Rule, facts: &Facts) -> String {
    let mentions = facts.mentions;
    match (language, rule) {
        (Language::De, Rule::CriticalWave) => {
            number(mentions, "kritische Erwähnung", "kritische Erwähnungen")
        }
        (Language::De, Rule::SupportiveWave) => {
            number(mentions, "zustimmende Erwähnung", "zustimmende Erwähnungen")
        }
        (Language::En, Rule::CriticalWave) => {
            number(mentions, "critical mention", "critical mentions")
        }
        (Language::En, Rule::SupportiveWave) => {
            number(mentions, "supportive mention", "supportive mentions")
        }
        (Language::De, Rule::Message) => number(mentions, "Nachricht", "Nachrichten"),
        (Language::En, Rule::Message) => number(mentions, "message", "messages"),
        (_, Rule::Flagged) => flagged_count(language, facts),
        (Language::De, Rule::Rumour) => number(mentions, "Erwähnung", "Erwähnungen"),
        (Language::En, Rule::Rumour) => number(mentions, "mention", "mentions"),
        (Language::De, Rule::Misreporting) => number(
            facts.differences,
            "abweichende Angabe",
            "abweichende Angaben",
        ),
        (Language::En, Rule::Misreporting) => number(
            facts.differences,
            "differing statement",
            "differing statements",
        ),
    }
}

fn flagged_count(language: Language, facts: &Facts) -> String {
    let parts = match language {
        Language::De => [
            (facts.enquiries, "Rückfrage", "Rückfragen"),
            (facts.corrections, "Richtigstellung", "Richtigstellungen"),
        ],
        Language::En => [
            (facts.enquiries, "enquiry", "enquiries"),
            (facts.corrections, "correction", "corrections"),
        ],
    };
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| number(count, one, many))
        .collect();
    parts.join(pick(language, " und ", " and "))
}

/// The time between the first and the latest mention: "in 40 Minuten".
pub fn span(language: Language, facts: &Facts) -> String {
    let secs = facts.to.duration_since(facts.from).as_secs();
    let minutes = usize::try_from((secs + 59).div_euclid(60).max(1)).unwrap_or(1);
    match language {
        Language::De => format!("in {}", number(minutes, "Minute", "Minuten")),
        Language::En => format!("in {}", number(minutes, "minute", "minutes")),
    }
}

/// What the editor is asked to do, in a sentence or two.
pub fn request(language: Language, rule: Rule) -> &'static str {
    match rule {
        Rule::Flagged => pick(
            language,
            "Mehrere Stimmen fragen öffentlich, ob eine Behauptung stimmt, oder widersprechen ihr. Bitte prüfen, welche Behauptung umläuft und ob sie eine Antwort braucht.",
            "Several voices ask in public whether a claim is true, or dispute it. Please check which claim is going round and whether it needs an answer.",
        ),
        Rule::CriticalWave => pick(
            language,
            "Zum Ziel dieses Suchauftrags häufen sich kritische Äußerungen. Bitte ansehen, worum es geht.",
            "Critical statements about the target of this watch are piling up. Please look at what it is about.",
        ),
        Rule::SupportiveWave => pick(
            language,
            "Zum Ziel dieses Suchauftrags häufen sich zustimmende Äußerungen. Bitte ansehen, worum es geht.",
            "Supportive statements about the target of this watch are piling up. Please look at what it is about.",
        ),
        Rule::Rumour => pick(
            language,
            "Eine Behauptung breitet sich aus und wird bezweifelt oder nur vom Hörensagen erzählt. Bitte prüfen, was daran ist und ob sie eine Antwort braucht.",
            "A claim is spreading while people doubt it or tell it as hearsay. Please check what is true of it and whether it needs an answer.",
        ),
        Rule::Misreporting => pick(
            language,
            "Ein Bericht weicht von dem ab, was wir veröffentlicht haben. Beide Stellen stehen auf der Seite der Erwähnung nebeneinander. Bitte vergleichen; auch unsere Angabe kann überholt sein.",
            "A report differs from what we have published. Both passages stand side by side on the page of the mention. Please compare them; ours may be outdated as well.",
        ),
        Rule::Message => pick(
            language,
            "Jemand hat an unser eigenes Konto geschrieben und wartet auf Antwort. Der Wortlaut steht nur auf der Seite des Falls, in keiner Mail.",
            "Somebody wrote to our own account and waits for an answer. The words stand on the page of the case only, in no mail.",
        ),
    }
}

/// The figure that the rule compared.
pub fn counted(language: Language, facts: &Facts) -> String {
    let counted = match language {
        Language::De => format!(
            "{} von {}",
            number(facts.mentions, "Erwähnung", "Erwähnungen"),
            number(facts.authors, "Absender", "verschiedenen Absendern")
        ),
        Language::En => format!(
            "{} by {}",
            number(facts.mentions, "mention", "mentions"),
            number(facts.authors, "author", "different authors")
        ),
    };
    match &facts.story {
        Some(story) => format!("{counted}{}", story_counted(language, facts, story)),
        None => counted,
    }
}

fn story_counted(language: Language, facts: &Facts, story: &StoryFacts) -> String {
    let (asking, denying) = (facts.enquiries, facts.corrections);
    let (hearsay, independent) = (story.hearsay, story.independent);
    let counted = match language {
        Language::De => format!(
            ", unabhängig davon {independent}; {asking} fragen nach, {denying} widersprechen, \
             {hearsay} vom Hörensagen"
        ),
        Language::En => format!(
            ", {independent} of them independent; {asking} ask, {denying} dispute, {hearsay} by \
             hearsay"
        ),
    };
    match story.reach {
        Some(Reach::Large) => format!("{counted}; {}", large(language)),
        _ => counted,
    }
}

fn large(language: Language) -> &'static str {
    pick(
        language,
        "ein Konto oder Medium darunter erreicht 100.000 Menschen und mehr",
        "an account or publication among them reaches 100,000 people and more",
    )
}

/// What the rule asked for.
pub fn threshold(language: Language, rule: Rule, facts: &Facts) -> String {
    let (authors, minutes) = (facts.min_authors, facts.window_minutes);
    match (language, rule, &facts.story) {
        (_, Rule::Message, _) => pick(language, "jede Nachricht", "every message").to_owned(),
        (_, Rule::Misreporting, _) => {
            pick(language, "jede Abweichung", "every difference").to_owned()
        }
        (Language::De, _, Some(story)) => format!(
            "ab {} von 100 Punkten; es sind {}",
            story.flagged_from, story.score
        ),
        (Language::En, _, Some(story)) => format!(
            "{} points of 100; it has {}",
            story.flagged_from, story.score
        ),
        (Language::De, ..) => {
            format!("ab {authors} verschiedenen Absendern binnen {minutes} Minuten")
        }
        (Language::En, ..) => format!("{authors} different authors within {minutes} minutes"),
    }
}

/// What the mail does not claim.
pub fn caution(language: Language, rule: Rule, model: &str) -> String {
    match (language, rule) {
        (Language::De, Rule::Misreporting) => "Verglichen wird mit unseren eigenen Veröffentlichungen. Eine Abweichung heißt nicht, dass der Bericht falsch ist.".to_owned(),
        (Language::En, Rule::Misreporting) => "Compared is with our own publications. A difference does not mean that the report is wrong.".to_owned(),
        (Language::De, Rule::Flagged | Rule::Rumour) => format!(
            "Prüfenswert heißt: Eine Tatsachenbehauptung wird bezweifelt oder hinterfragt. Das ist keine Bewertung ihres Wahrheitsgehalts. Die Hinweise hat das Modell {model} gesetzt; es kann irren."
        ),
        (Language::De, Rule::Message) => "Nachrichten an unser Konto werden weder nach Themen durchsucht noch nach ihrer Haltung eingeordnet. Wer sie geschrieben hat, nennt Resonanz nicht.".to_owned(),
        (Language::En, Rule::Message) => "Messages to our account are neither searched for topics nor labelled by stance. Resonanz does not say who wrote them.".to_owned(),
        (Language::De, _) => format!(
            "Die Haltung ist eine Eigenschaft der Äußerung, nicht des Menschen dahinter. Das Modell {model} hat sie bestimmt; es kann irren. Berichtigen lässt sie sich auf der Seite der Erwähnung; daraus lernt es."
        ),
        (Language::En, Rule::Flagged | Rule::Rumour) => format!(
            "Worth checking means that a factual claim is doubted or questioned. It says nothing about whether the claim is true. The flags were set by the model {model}; it can be wrong."
        ),
        (Language::En, _) => format!(
            "A stance is a property of the statement, not of the person behind it. It was set by the model {model}, which can be wrong. Correct it on the mention's page; the model learns from that."
        ),
    }
}

pub fn stance(language: Language, stance: Stance) -> &'static str {
    match stance {
        Stance::Supportive => pick(language, "zustimmend", "supportive"),
        Stance::Critical => pick(language, "kritisch", "critical"),
        Stance::Neutral => "neutral",
        Stance::Unclear => pick(language, "unklar", "unclear"),
    }
}

pub fn flag(language: Language, flag: FlagKind) -> &'static str {
    match flag {
        FlagKind::Enquiry => pick(language, "Rückfrage", "enquiry"),
        FlagKind::Correction => pick(language, "Richtigstellung", "correction"),
        FlagKind::Misreporting => pick(language, "Weicht von uns ab", "differs from us"),
    }
}

pub fn kind(language: Language, kind: Kind) -> &'static str {
    match kind {
        Kind::Post => pick(language, "Beitrag", "post"),
        Kind::Reply => pick(language, "Antwort", "reply"),
        Kind::Comment => pick(language, "Kommentar", "comment"),
        Kind::Article => pick(language, "Artikel", "article"),
        Kind::Video => pick(language, "Video", "video"),
        Kind::Message => pick(language, "Nachricht", "message"),
    }
}

/// When the latest counted mention came.
pub fn latest(language: Language, at: Timestamp) -> String {
    format!(
        "{} {}",
        pick(language, "zuletzt", "latest on"),
        time(language, at)
    )
}

pub fn quote(language: Language, text: &str) -> String {
    match language {
        Language::De => format!("„{text}“"),
        Language::En => format!("“{text}”"),
    }
}

/// Date and time in Berlin; in UTC, and saying so, where the zone is not known.
pub fn time(language: Language, at: Timestamp) -> String {
    let (zone, suffix) = match TimeZone::get("Europe/Berlin") {
        Ok(zone) => (zone, ""),
        Err(_) => (TimeZone::UTC, " (UTC)"),
    };
    let local = at.to_zoned(zone);
    match language {
        Language::De => {
            let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
            let month = usize::try_from(local.month()).unwrap_or(1);
            format!(
                "{}, {}. {} {}, {:02}:{:02} Uhr{suffix}",
                WEEKDAYS_DE.get(weekday).copied().unwrap_or_default(),
                local.day(),
                MONTHS_DE
                    .get(month.saturating_sub(1))
                    .copied()
                    .unwrap_or_default(),
                local.year(),
                local.hour(),
                local.minute()
            )
        }
        Language::En => format!("{}{suffix}", local.strftime("%A, %-d %B %Y, %H:%M")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_berlin_times() {
        let at: Timestamp = "2026-11-21T21:10:00Z".parse().unwrap();
        assert_eq!(
            time(Language::De, at),
            "Samstag, 21. November 2026, 22:10 Uhr"
        );
        let at: Timestamp = "2026-03-31T22:05:00Z".parse().unwrap();
        assert_eq!(time(Language::De, at), "Mittwoch, 1. April 2026, 00:05 Uhr");
        assert_eq!(time(Language::En, at), "Wednesday, 1 April 2026, 00:05");
    }

    #[test]
    fn one_is_singular() {
        let at: Timestamp = "2026-11-21T21:10:00Z".parse().unwrap();
        let facts = Facts {
            mentions: 1,
            authors: 1,
            enquiries: 0,
            corrections: 1,
            from: at,
            to: at,
            ..Facts::default()
        };
        assert_eq!(
            count(Language::De, Rule::Flagged, &facts),
            "1 Richtigstellung"
        );
        assert_eq!(span(Language::De, &facts), "in 1 Minute");
        assert_eq!(counted(Language::De, &facts), "1 Erwähnung von 1 Absender");
    }
}

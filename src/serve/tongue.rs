//! The language of a page, and the names in it of what the model knows by English keys.

use super::words::{DE, EN, Words};
use crate::model::{FlagKind, Kind, Reach, Stance};
use crate::store::{CaseFilter, CaseState};

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tongue {
    #[default]
    De,
    En,
}

impl Tongue {
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "de" => Some(Tongue::De),
            "en" => Some(Tongue::En),
            _ => None,
        }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Tongue::De => &DE,
            Tongue::En => &EN,
        }
    }

    fn pick(self, german: &'static str, english: &'static str) -> &'static str {
        match self {
            Tongue::De => german,
            Tongue::En => english,
        }
    }

    pub fn kind(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Post => self.pick("Beitrag", "Post"),
            Kind::Reply => self.pick("Antwort", "Reply"),
            Kind::Comment => self.pick("Kommentar", "Comment"),
            Kind::Article => self.pick("Artikel", "Article"),
            Kind::Video => self.pick("Video", "Video"),
            Kind::Message => self.pick("Nachricht", "Message"),
        }
    }

    pub fn stance(self, stance: Stance) -> &'static str {
        match stance {
            Stance::Supportive => self.pick("zustimmend", "supportive"),
            Stance::Critical => self.pick("kritisch", "critical"),
            Stance::Neutral => self.pick("neutral", "neutral"),
            Stance::Unclear => self.pick("unklar", "unclear"),
        }
    }

    pub fn flag(self, flag: FlagKind) -> &'static str {
        match flag {
            FlagKind::Enquiry => self.pick("Rückfrage", "Enquiry"),
            FlagKind::Correction => self.pick("Richtigstellung", "Correction"),
            FlagKind::Misreporting => self.pick("Weicht von uns ab", "Differs from us"),
        }
    }

    pub fn case_state(self, state: CaseState) -> &'static str {
        match state {
            CaseState::Open => self.pick("offen", "open"),
            CaseState::Acknowledged => self.pick("übernommen", "acknowledged"),
            CaseState::Assessed => self.pick("bewertet", "assessed"),
            CaseState::Answered => self.pick("beantwortet", "answered"),
            CaseState::Closed => self.pick("geschlossen", "closed"),
        }
    }

    pub fn case_filter(self, case: CaseFilter) -> &'static str {
        match case {
            CaseFilter::In(state) => self.case_state(state),
            CaseFilter::Any => self.pick("mit Fall", "in a case"),
            CaseFilter::None => self.pick("ohne Fall", "in no case"),
        }
    }

    /// The name of a rule that opens cases; a rule that has none is shown by its key.
    pub fn rule(self, key: &str) -> &str {
        match key {
            "flagged" => self.pick("Erwähnung mit Hinweis", "Flagged mention"),
            "critical_wave" => self.pick("Viele kritische Erwähnungen", "Many critical mentions"),
            "supportive_wave" => {
                self.pick("Viele zustimmende Erwähnungen", "Many supportive mentions")
            }
            "rumour" => self.pick("Mögliches Gerücht", "Possible rumour"),
            "misreporting" => self.pick("Bericht weicht von uns ab", "Report differs from us"),
            "message" => self.pick("Nachricht an uns", "Message to us"),
            _ => key,
        }
    }
}

/// The figures of the desk's rules, in the order in which a page tells them: key, German, English.
const FACTS: [(&str, &str, &str); 18] = [
    ("mentions", "gezählte Erwähnungen", "mentions counted"),
    ("authors", "verschiedene Konten", "different accounts"),
    (
        "min_authors",
        "Schwelle: verschiedene Konten",
        "threshold: different accounts",
    ),
    (
        "window_minutes",
        "Zeitfenster in Minuten",
        "window in minutes",
    ),
    ("enquiries", "davon Rückfragen", "enquiries among them"),
    (
        "corrections",
        "davon Richtigstellungen",
        "corrections among them",
    ),
    ("hearsay", "davon vom Hörensagen", "by hearsay among them"),
    ("independent", "unabhängige Quellen", "independent sources"),
    ("platforms", "Plattformen", "platforms"),
    (
        "doubled_minutes",
        "zuletzt verdoppelt in Minuten",
        "doubled last in minutes",
    ),
    ("reach", "größte Reichweite", "largest reach"),
    ("score", "Punkte von 100", "points of 100"),
    ("flagged_from", "Hinweis ab", "flagged from"),
    ("differences", "abweichende Angaben", "differing statements"),
    ("story", "Vorgang im Netz", "story"),
    ("from", "von", "from"),
    ("to", "bis", "to"),
    ("model", "eingestuft durch", "labelled by"),
];

/// How many people a reach is.
pub fn people(reach: Reach, tongue: Tongue) -> &'static str {
    match reach {
        Reach::Small => tongue.pick("unter 1.000", "below 1,000"),
        Reach::Middle => tongue.pick("unter 100.000", "below 100,000"),
        Reach::Large => tongue.pick("100.000 und mehr", "100,000 and more"),
    }
}

/// The place of a figure in the telling, and its name; one that has none comes last, by its key.
pub fn fact(key: &str, tongue: Tongue) -> (usize, &str) {
    let known = FACTS.iter().position(|(name, _, _)| *name == key);
    let name = known.and_then(|at| FACTS.get(at));
    (
        known.unwrap_or(FACTS.len()),
        name.map_or(key, |(_, german, english)| tongue.pick(german, english)),
    )
}

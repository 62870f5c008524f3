//! Invented German and English posts, for machines without the shared texts.
//!
//! A word's rank is drawn by Zipf's law: first come the words that hold sentences together, then
//! stems, then compounds of two stems, so that the tail is as long as that of real texts.

use super::dice::Dice;

/// Share of a word of rank `r` is about `1 / (r + SHIFT)`.
const SHIFT: f64 = 2.7;

const GERMAN: Language = Language {
    common: &[
        "die",
        "der",
        "und",
        "das",
        "ist",
        "nicht",
        "in",
        "zu",
        "den",
        "es",
        "ich",
        "sie",
        "von",
        "ein",
        "mit",
        "auf",
        "für",
        "dass",
        "sich",
        "wir",
        "auch",
        "dem",
        "eine",
        "so",
        "man",
        "wie",
        "im",
        "aber",
        "hat",
        "was",
        "noch",
        "nur",
        "des",
        "wenn",
        "an",
        "als",
        "haben",
        "sind",
        "oder",
        "nach",
        "bei",
        "werden",
        "aus",
        "mal",
        "schon",
        "wird",
        "einen",
        "um",
        "immer",
        "mehr",
        "kann",
        "uns",
        "hier",
        "ja",
        "doch",
        "da",
        "über",
        "jetzt",
        "war",
        "alle",
        "keine",
        "zum",
        "durch",
        "heute",
        "sein",
        "gegen",
        "kein",
        "unsere",
        "vor",
        "wieder",
        "müssen",
        "diese",
        "dann",
        "gibt",
        "zur",
        "bis",
        "ganz",
        "ihr",
        "weil",
        "viele",
        "wer",
        "warum",
        "wirklich",
        "endlich",
        "vielleicht",
        "niemand",
        "können",
        "sollte",
        "würde",
        "morgen",
    ],
    stems: &[
        "Grenze",
        "Bund",
        "Land",
        "Polizei",
        "Ministerium",
        "Kontrolle",
        "Bürger",
        "Pass",
        "Antrag",
        "Gesetz",
        "Regierung",
        "Wahl",
        "Stadt",
        "Gemeinde",
        "Haushalt",
        "Steuer",
        "Schule",
        "Lehrer",
        "Kinder",
        "Familie",
        "Arbeit",
        "Markt",
        "Preis",
        "Energie",
        "Strom",
        "Wasser",
        "Verkehr",
        "Bahn",
        "Straße",
        "Brücke",
        "Zug",
        "Stau",
        "Flucht",
        "Asyl",
        "Hilfe",
        "Amt",
        "Behörde",
        "Akte",
        "Daten",
        "Schutz",
        "Sicherheit",
        "Gefahr",
        "Feuer",
        "Wehr",
        "Katastrophe",
        "Wetter",
        "Klima",
        "Umwelt",
        "Boden",
        "Wald",
        "Haus",
        "Miete",
        "Wohnung",
        "Rente",
        "Pflege",
        "Kranken",
        "Arzt",
        "Gesundheit",
        "Medizin",
        "Forschung",
        "Technik",
        "Netz",
        "Medien",
        "Zeitung",
        "Rundfunk",
        "Meldung",
        "Lüge",
        "Gerücht",
        "Frage",
        "Antwort",
        "Kritik",
        "Lob",
        "Streit",
        "Partei",
        "Minister",
        "Kanzler",
        "Sprecher",
        "Ausschuss",
        "Abgeordnete",
        "Europa",
        "Welt",
        "Krieg",
        "Frieden",
        "Armee",
        "Soldat",
        "Waffe",
        "Handel",
        "Firma",
        "Werk",
        "Fabrik",
        "Auto",
        "Öl",
        "Geld",
        "Bank",
        "Kredit",
        "Zoll",
        "Grund",
        "Recht",
        "Gericht",
        "Urteil",
        "Verein",
        "Sport",
        "Spiel",
        "Köln",
        "München",
        "Fest",
        "Übung",
        "Größe",
        "Jugend",
        "Dienst",
        "Notruf",
        "Warnung",
        "Sirene",
        "Kirche",
        "Moschee",
        "Synagoge",
        "Hass",
        "Gewalt",
        "Opfer",
    ],
    joint: &["", "s", "en", "-"],
    lower_tail: true,
};

const ENGLISH: Language = Language {
    common: &[
        "the", "to", "and", "a", "of", "in", "is", "you", "for", "that", "it", "on", "this", "are",
        "with", "be", "not", "have", "they", "was", "at", "we", "as", "but", "from", "so", "what",
        "all", "just", "about", "if", "by", "will", "his", "their", "can", "no", "who", "has",
        "your", "my", "he", "out", "like", "more", "when", "one", "do", "up", "there", "how",
        "people", "now", "get", "an", "or", "our", "don't", "would", "why", "been", "she", "said",
        "them", "new", "these", "than", "any", "because", "today", "over", "should", "never",
        "only", "really", "after", "some", "still", "into", "time",
    ],
    stems: &[
        "border", "police", "law", "city", "house", "school", "health", "care", "tax", "trade",
        "power", "water", "land", "rail", "road", "bridge", "fire", "storm", "climate", "forest",
        "market", "price", "bank", "credit", "work", "union", "court", "judge", "vote", "ballot",
        "party", "leader", "speech", "press", "paper", "story", "claim", "rumour", "fact", "lie",
        "report", "video", "photo", "world", "war", "peace", "army", "weapon", "drone", "ship",
        "plane", "train", "car", "bus", "hospital", "doctor", "vaccine", "drug", "food", "farm",
        "school", "teacher", "child", "family", "woman", "man", "friend", "church", "mosque",
        "team", "game", "season", "player", "coach", "music", "song", "film", "book", "game",
        "phone", "data", "code", "network", "account", "message", "answer", "question", "record",
        "office", "state", "council", "budget", "refugee", "asylum", "passport", "visa", "permit",
        "guard", "crime", "victim", "prison", "protest", "march", "strike", "flood", "rescue",
    ],
    joint: &["", "ers", "ing", "-"],
    lower_tail: false,
};

struct Language {
    common: &'static [&'static str],
    stems: &'static [&'static str],
    /// What stands between the stems of a compound.
    joint: &'static [&'static str],
    /// The second stem of a compound is written small: `Grenzkontrolle`.
    lower_tail: bool,
}

impl Language {
    fn ranks(&self) -> usize {
        self.common.len() + self.stems.len() * (1 + self.stems.len())
    }

    fn word(&self, rank: usize) -> String {
        if let Some(word) = self.common.get(rank) {
            return (*word).to_owned();
        }
        let number = rank - self.common.len();
        let head = self.stems[number % self.stems.len()];
        match (number / self.stems.len()).checked_sub(1) {
            None => head.to_owned(),
            Some(tail) => {
                let joint = self.joint[(number * 7 + tail) % self.joint.len()];
                let tail = self.stems[(tail + number) % self.stems.len()];
                let tail = match self.lower_tail && joint != "-" {
                    true => tail.to_lowercase(),
                    false => tail.to_owned(),
                };
                format!("{head}{joint}{tail}")
            }
        }
    }
}

/// Words of one language by Zipf's law.
pub struct Speaker {
    language: &'static Language,
}

impl Speaker {
    pub fn german() -> Self {
        Self { language: &GERMAN }
    }

    pub fn english() -> Self {
        Self { language: &ENGLISH }
    }

    /// A text of about as many words as short posts have, with tags, names, addresses and numbers.
    pub fn text(&self, dice: &mut Dice) -> String {
        let mut text = String::new();
        for number in 0..dice.between(8, 36) {
            if number > 0 {
                text.push_str(if dice.chance(9) { ". " } else { " " });
            }
            match dice.below(100) {
                0..3 => text.push('#'),
                3 => text.push_str("https://example.org/"),
                4 => text.push_str(&format!("{} ", dice.below(2_000))),
                _ => {}
            }
            text.push_str(&self.word(dice));
        }
        text
    }

    /// The inverse of the distribution, so that no table is needed.
    fn word(&self, dice: &mut Dice) -> String {
        let ranks = self.language.ranks() as f64;
        let rank = SHIFT * ((ranks + SHIFT) / SHIFT).powf(dice.unit()) - SHIFT;
        self.language
            .word((rank as usize).min(self.language.ranks() - 1))
    }
}

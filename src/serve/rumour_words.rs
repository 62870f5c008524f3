//! The words of the pages about what is worth checking, German and English.

use super::view::clean;
use super::words::Tongue;
use crate::model::Amended;
use crate::store::Seen;

pub struct Words {
    pub heading: &'static str,
    pub intro: &'static str,
    pub none: &'static str,
    pub none_note: &'static str,
    pub flagged: &'static str,
    pub first: &'static str,
    pub points: &'static str,
    pub threshold: &'static str,
    pub saying: &'static str,
    pub independent: &'static str,
    pub platforms: &'static str,
    pub asking: &'static str,
    pub denying: &'static str,
    pub hearsay: &'static str,
    pub doubled: &'static str,
    pub minutes: &'static str,
    pub hours: &'static str,
    pub reach: &'static str,
    pub why: &'static str,
    pub all: &'static str,
    pub known: &'static str,
    pub no_known: &'static str,
    pub useful: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub take_back: &'static str,
    pub said_yes: &'static str,
    pub said_no: &'static str,
    pub add_claim: &'static str,
    pub register: &'static str,
    pub register_intro: &'static str,
    pub register_none: &'static str,
    pub claim: &'static str,
    pub wordings: &'static str,
    pub wordings_hint: &'static str,
    pub answer: &'static str,
    pub answer_hint: &'static str,
    pub url: &'static str,
    pub save: &'static str,
    pub retired: &'static str,
    pub retired_hint: &'static str,
    pub repeats: &'static str,
    pub suggested: &'static str,
    pub new_claim: &'static str,
    pub back: &'static str,
    pub repeats_of: &'static str,
    pub matches: &'static str,
    pub matches_note: &'static str,
    pub sure: &'static str,
    pub maybe: &'static str,
    pub check: &'static str,
    pub is_it: &'static str,
    pub differs: &'static str,
    pub differed: &'static str,
    pub differs_note: &'static str,
    pub theirs: &'static str,
    pub ours: &'static str,
    pub our_statement: &'static str,
    pub faulty: &'static str,
}

const DE: Words = Words {
    heading: "Prüfenswert",
    intro: "Behauptungen, die sich ausbreiten und dabei bezweifelt, bestritten oder nur vom Hörensagen erzählt werden. Ob sie stimmen, sagt Resonanz nicht.",
    none: "Zurzeit nichts Prüfenswertes.",
    none_note: "Gemeldet wird ein Vorgang, wenn mehrere Menschen eine Tatsachenbehauptung weitergeben und andere nachfragen oder widersprechen. Kritik allein genügt nie.",
    flagged: "gemeldet",
    first: "zuerst gesehen",
    points: "Punkte von 100",
    threshold: "gemeldet ab",
    saying: "Erwähnungen",
    independent: "unabhängige Quellen",
    platforms: "Plattformen",
    asking: "fragen nach",
    denying: "widersprechen",
    hearsay: "vom Hörensagen",
    doubled: "zuletzt verdoppelt in",
    minutes: "Minuten",
    hours: "Stunden",
    reach: "größte Reichweite",
    why: "Begründung",
    all: "Alle Erwähnungen dieses Vorgangs",
    known: "Dazu bekannt",
    no_known: "Im Verzeichnis steht dazu noch nichts.",
    useful: "War dieser Hinweis prüfenswert?",
    yes: "Ja",
    no: "Nein",
    take_back: "zurücknehmen",
    said_yes: "als prüfenswert bestätigt",
    said_no: "als nicht prüfenswert abgelegt",
    add_claim: "Ins Verzeichnis aufnehmen",
    register: "Behauptungen und Antworten",
    register_intro: "Bekannte falsche oder strittige Behauptungen mit der abgestimmten Sprachregelung. Jede neue Erwähnung wird mit ihnen verglichen; ob sie eine wiederholt, entscheidet die Redaktion.",
    register_none: "Noch keine Behauptung eingetragen.",
    claim: "Behauptung",
    wordings: "Weitere Fassungen",
    wordings_hint: "eine je Zeile, so wie sie im Netz stehen",
    answer: "Sprachregelung",
    answer_hint: "die abgestimmte Antwort",
    url: "Beleg (Adresse)",
    save: "Speichern",
    retired: "Nicht mehr vergleichen",
    retired_hint: "Bisherige Zuordnungen bleiben.",
    repeats: "Wiederholungen",
    suggested: "offene Vorschläge",
    new_claim: "Neue Behauptung",
    back: "Alle Behauptungen",
    repeats_of: "Erwähnungen, die sie wiederholen oder wiederholen könnten",
    matches: "Bekannte Behauptungen",
    matches_note: "Wiederholt diese Äußerung eine davon? Aus Ja und Nein lernt der Vergleich. Gespeichert wird kein Name.",
    sure: "sehr ähnlich",
    maybe: "vielleicht",
    check: "Faktencheck",
    is_it: "Wiederholt sie diese Behauptung?",
    differs: "Weicht von unserer Veröffentlichung ab",
    differed: "Wich von unserer Veröffentlichung ab",
    differs_note: "Das heißt nicht, dass der Bericht falsch ist; auch unsere Angabe kann überholt sein.",
    theirs: "Dort",
    ours: "Bei uns",
    our_statement: "unsere Veröffentlichung",
    faulty: "So lässt sich die Behauptung nicht speichern: Sie braucht einen Text von höchstens 1.000 Zeichen, die Sprachregelung höchstens 5.000, und der Beleg eine Adresse, die mit https:// oder http:// beginnt.",
};

const EN: Words = Words {
    heading: "Worth checking",
    intro: "Claims that spread while people doubt them, deny them or tell them as hearsay. Resonanz does not say whether they are true.",
    none: "Nothing worth checking at the moment.",
    none_note: "A story is flagged when several people pass on a claim of fact and others ask about it or deny it. Criticism alone is never enough.",
    flagged: "flagged",
    first: "first seen",
    points: "points of 100",
    threshold: "flagged from",
    saying: "mentions",
    independent: "independent sources",
    platforms: "platforms",
    asking: "ask",
    denying: "deny",
    hearsay: "by hearsay",
    doubled: "doubled last in",
    minutes: "minutes",
    hours: "hours",
    reach: "largest reach",
    why: "Reasons",
    all: "All mentions of this story",
    known: "Known about it",
    no_known: "The register has nothing about it yet.",
    useful: "Was this flag worth checking?",
    yes: "Yes",
    no: "No",
    take_back: "take back",
    said_yes: "confirmed as worth checking",
    said_no: "put aside as not worth checking",
    add_claim: "Add to the register",
    register: "Claims and answers",
    register_intro: "Known false or disputed claims with the approved answer. Every new mention is compared with them; whether it repeats one is for the office to say.",
    register_none: "No claim entered yet.",
    claim: "Claim",
    wordings: "Further wordings",
    wordings_hint: "one a line, as they stand on the net",
    answer: "Answer",
    answer_hint: "the approved answer",
    url: "Evidence (address)",
    save: "Save",
    retired: "Compare no more",
    retired_hint: "What was matched so far stays.",
    repeats: "repeats",
    suggested: "open suggestions",
    new_claim: "New claim",
    back: "All claims",
    repeats_of: "Mentions that repeat it or may",
    matches: "Known claims",
    matches_note: "Does this statement repeat one of them? The comparison learns from yes and no. No name is kept.",
    sure: "very similar",
    maybe: "perhaps",
    check: "fact check",
    is_it: "Does it repeat this claim?",
    differs: "Differs from what we have published",
    differed: "Differed from what we have published",
    differs_note: "This does not mean that the report is wrong; our own statement may be outdated as well.",
    theirs: "There",
    ours: "With us",
    our_statement: "our statement",
    faulty: "The claim cannot be saved like this: it needs a text of 1,000 characters at most, the answer 5,000 at most, and the evidence an address that begins with https:// or http://.",
};

pub fn words(tongue: Tongue) -> &'static Words {
    match tongue {
        Tongue::De => &DE,
        Tongue::En => &EN,
    }
}

/// The parts of a story's score: English key and German name.
const PARTS: [(&str, &str); 10] = [
    ("said before anything is seen", "Ausgangswert"),
    ("claims a fact", "behauptet eine Tatsache"),
    ("asked whether it is true", "wird hinterfragt"),
    (
        "denied or corrected",
        "wird bestritten oder richtiggestellt",
    ),
    ("told as hearsay", "wird vom Hörensagen erzählt"),
    ("independent sources", "unabhängige Quellen"),
    ("several platforms", "mehrere Plattformen"),
    ("growth", "Wachstum"),
    (
        "publications and public voices say it",
        "Medien und öffentliche Stimmen sagen es",
    ),
    (
        "repeats a known claim",
        "wiederholt eine bekannte Behauptung",
    ),
];

/// The name of a part; one that has none is shown by its key.
pub fn part(key: &str, tongue: Tongue) -> &str {
    let german = PARTS.iter().find(|(name, _)| *name == key);
    match (tongue, german) {
        (Tongue::De, Some((_, german))) => german,
        _ => key,
    }
}

/// What differs.
pub fn difference(key: &str, tongue: Tongue) -> &str {
    let german = match key {
        "number" => "andere Zahl",
        "date" => "anderes Datum",
        "quote" => "anderer Wortlaut",
        "office" => "andere Stelle oder Person",
        "negation" => "gegenteilige Aussage",
        "speaker" => "unsere Worte unter anderem Namen",
        _ => key,
    };
    let english = match key {
        "number" => "another figure",
        "date" => "another date",
        "quote" => "other words",
        "office" => "another office or person",
        "negation" => "the opposite",
        "speaker" => "our words under another name",
        _ => key,
    };
    match tongue {
        Tongue::De => german,
        Tongue::En => english,
    }
}

/// What a look at a report found, in a sentence.
pub fn looked(seen: Seen, at: &str, tongue: Tongue) -> String {
    match (tongue, seen) {
        (Tongue::De, Seen::Same) => format!("Zuletzt nachgesehen {at}: unverändert."),
        (Tongue::De, Seen::Amended) => format!("Zuletzt nachgesehen {at}: geändert."),
        (Tongue::De, Seen::Closed) => format!("Zuletzt nachgesehen {at}: nicht mehr abrufbar."),
        (Tongue::En, Seen::Same) => format!("Last looked at {at}: unchanged."),
        (Tongue::En, Seen::Amended) => format!("Last looked at {at}: amended."),
        (Tongue::En, Seen::Closed) => format!("Last looked at {at}: can no longer be read."),
    }
}

/// What was amended, in a sentence.
pub fn amended(at: &str, amended: &Amended, tongue: Tongue) -> String {
    let (theirs, ours) = (clean(&amended.theirs), clean(&amended.ours));
    match (tongue, amended.theirs_is_there, amended.ours_is_there) {
        (Tongue::De, true, _) => {
            format!("Seit {at} steht dort neben „{theirs}“ auch „{ours}“ wie bei uns.")
        }
        (Tongue::De, false, true) => {
            format!("Seit {at} steht „{theirs}“ dort nicht mehr, sondern „{ours}“ wie bei uns.")
        }
        (Tongue::De, false, false) => format!("Seit {at} steht „{theirs}“ dort nicht mehr."),
        (Tongue::En, true, _) => {
            format!("Since {at} “{ours}”, as with us, stands there beside “{theirs}”.")
        }
        (Tongue::En, false, true) => {
            format!("Since {at} “{theirs}” is no longer there, but “{ours}” as with us.")
        }
        (Tongue::En, false, false) => format!("Since {at} “{theirs}” is no longer there."),
    }
}

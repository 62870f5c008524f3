//! What is wrong with a word, a field or a value.

use super::{Fault, NOTHING, fault};
use crate::model::Kind;
use crate::query::KeyField;

pub const ADDRESS: Fault = fault(
    [
        "Eine Adresse steht in Anführungszeichen oder in einem Feld.",
        "An address stands in quotation marks or in a field.",
    ],
    [
        "Schreiben Sie zum Beispiel url:\"bild.de/politik\" oder links:\"bild.de\".",
        "Write for example url:\"bild.de/politik\" or links:\"bild.de\".",
    ],
);

pub const AUTHOR: Fault = fault(
    [
        "Nach privaten Verfasserinnen und Verfassern wird nicht gesucht.",
        "Private authors are not searched for.",
    ],
    [
        "Öffentliche Stimmen der Liste finden Sie mit voice:, zum Beispiel voice:BMI_Bund.",
        "Public voices of the list are found with voice:, for example voice:BMI_Bund.",
    ],
);

pub const TIME: Fault = fault(
    ["Dieses Feld gibt es nicht.", "There is no such field."],
    [
        "Tage der Veröffentlichung: published:[2026-11-01 TO 2026-11-30], oder der Zeitraum neben der Suche.",
        "Days of publication: published:[2026-11-01 TO 2026-11-30], or the time beside the search.",
    ],
);

pub const DAYS: Fault = fault(
    [
        "published: braucht einen Zeitraum aus Tagen.",
        "published: needs a range of days.",
    ],
    [
        "Zum Beispiel: published:[2026-11-01 TO 2026-11-30], published:[2026-11-01 TO *]",
        "For example: published:[2026-11-01 TO 2026-11-30], published:[2026-11-01 TO *]",
    ],
);

pub const DAYS_ORDER: Fault = fault(
    [
        "Der Zeitraum endet, bevor er beginnt.",
        "The range ends before it begins.",
    ],
    NOTHING,
);

/// Another system's field: what to write instead, or why it has no equal.
pub fn foreign_field(name: &str, de: String, en: String) -> Fault {
    fault(NOTHING, NOTHING)
        .saying([
            format!("Das Feld {name}: gibt es hier nicht."),
            format!("There is no field {name}: here."),
        ])
        .hinting([de, en])
}

/// `name` is in small letters.
pub fn unknown_field(name: &str) -> Fault {
    let mut names = vec!["title", "text", "published"];
    names.extend(KeyField::ALL.into_iter().map(KeyField::as_str));
    let names = names.join(":, ");
    fault(NOTHING, NOTHING).saying([
            format!("Das Feld {name}: gibt es nicht."),
            format!("There is no field {name}:."),
        ]).hinting([format!(
            "Es gibt {names}:. Gehört der Doppelpunkt zum Wort, setzen Sie es in Anführungszeichen."
        ), format!(
            "There are {names}:. If the colon belongs to the word, put it in quotation marks."
        )])
}

const NOTHING_TO_FIND: [&str; 2] = [
    "Hier steht nichts, wonach gesucht werden kann.",
    "There is nothing here that can be looked for.",
];

pub const NO_WORD: Fault = fault(
    NOTHING_TO_FIND,
    [
        "Gesucht wird nach Wörtern, Zahlen, #Schlagwörtern, @Namen, Emoji und den Zeichen § % € $ £.",
        "Words, numbers, #tags, @names, emoji and the signs § % € $ £ can be.",
    ],
);

pub const MASKED: Fault = fault(
    NOTHING_TO_FIND,
    [
        "Private Konten sind unkenntlich gemacht und nicht auffindbar.",
        "Private accounts are masked and cannot be found.",
    ],
);

pub const FEW_LETTERS: Fault = fault(
    [
        "Neben * und ? braucht ein Wort mindestens zwei Buchstaben oder Ziffern.",
        "Beside * and ? a word needs two letters or digits at least.",
    ],
    [
        "Zum Beispiel: Grenz*, *ministerium, Antisem?tismus",
        "For example: Grenz*, *ministerium, Antisem?tismus",
    ],
);

pub const WILD_EXACT: Fault = fault(
    [
        "In geschweiften Klammern gibt es keine Platzhalter.",
        "There are no wildcards in curly brackets.",
    ],
    [
        "{BMI} findet genau diese Schreibweise; BMI* findet alles, was so anfängt.",
        "{BMI} finds exactly this spelling; BMI* finds everything that begins like it.",
    ],
);

pub const EMPTY_EXACT: Fault = fault(
    [
        "Die geschweiften Klammern sind leer.",
        "There is no word in the curly brackets.",
    ],
    ["Zum Beispiel: {BMI}", "For example: {BMI}"],
);

pub const COMP_PLACE: Fault = fault(
    [
        "~comp steht nur dicht hinter einem einzelnen Wort.",
        "~comp stands only right behind a single word.",
    ],
    [
        "Zum Beispiel: Grenzkontrolle~comp. Hinter Wortfolgen, Klammern und {BMI} geht es nicht.",
        "For example: Grenzkontrolle~comp. It does not work behind phrases, brackets and {BMI}.",
    ],
);

pub const COMP_WORD: Fault = fault(
    [
        "~comp braucht ein einzelnes Wort aus Buchstaben.",
        "~comp needs a single word made of letters.",
    ],
    [
        "Lassen Sie #, @, Bindestriche und Platzhalter weg: Grenzkontrolle~comp findet wie *grenzkontrolle*.",
        "Leave out #, @, hyphens and wildcards: Grenzkontrolle~comp finds what *grenzkontrolle* does.",
    ],
);

pub const COMP_LETTERS: Fault = fault(
    [
        "Für ~comp braucht ein Wort mindestens vier Buchstaben.",
        "For ~comp a word needs four letters at least.",
    ],
    [
        "Kürzere Wörter stecken in zu vielen anderen: Amt in gesamte. Nennen Sie die Zusammensetzungen: Amt OR Bundesamt OR Amtsleit*",
        "Shorter ones are part of too many others: Amt of gesamte. Name the compounds: Amt OR Bundesamt OR Amtsleit*",
    ],
);

pub const EMPTY_VALUE: Fault = fault(
    [
        "Der Wert dieses Feldes ist leer.",
        "This field has an empty value.",
    ],
    NOTHING,
);

pub const LANGUAGE: Fault = fault(
    [
        "Sprachen stehen als zwei Buchstaben.",
        "Languages are written as two letters.",
    ],
    [
        "Zum Beispiel: lang:de, lang:en, lang:(tr OR ar)",
        "For example: lang:de, lang:en, lang:(tr OR ar)",
    ],
);

pub fn unknown_type() -> Fault {
    let names = Kind::ALL.map(Kind::as_str).join(", ");
    fault(
        [
            "Diese Art von Beitrag gibt es nicht.",
            "There is no such type of mention.",
        ],
        NOTHING,
    )
    .hinting([format!("Es gibt {names}."), format!("There are {names}.")])
}

pub const FEW_VALUE_LETTERS: Fault = fault(
    [
        "Neben * und ? braucht der Wert mindestens zwei Buchstaben oder Ziffern.",
        "Beside * and ? the value needs two letters or digits at least.",
    ],
    NOTHING,
);

pub fn long_word(chars: usize) -> Fault {
    fault(NOTHING, NOTHING).saying([
        format!("Dieses Wort hat mehr als {chars} Zeichen."),
        format!("This word has more than {chars} characters."),
    ])
}

// What only a search finds.

/// A pattern that stands for more words of the archive than a search looks at.
pub fn too_broad(pattern: &str, limit: usize) -> Fault {
    fault(
        NOTHING,
        ["Schreiben Sie mehr Buchstaben.", "Write more letters."],
    )
    .saying([
        format!("{pattern} passt auf mehr als {limit} Wörter."),
        format!("{pattern} stands for more than {limit} words."),
    ])
}

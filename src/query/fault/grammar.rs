//! What lexer and parser find.

use super::{Fault, NOTHING, fault};
use crate::query::{MAX_BETWEEN, MAX_WITHIN};

pub const NESTED: Fault = fault(
    [
        "Ein Feld kann nicht in einem anderen stehen.",
        "A field cannot stand in another.",
    ],
    NOTHING,
);

pub const OPEN_COMMENT: Fault = fault(
    ["Der Kommentar hat kein Ende.", "The comment is not closed."],
    ["Schließen Sie ihn mit >>>.", "Close it with >>>."],
);

pub const RANGE: Fault = fault(
    [
        "Ein Bereich in eckigen Klammern gehört zu published:.",
        "A range in square brackets belongs to published:.",
    ],
    [
        "Zum Beispiel: published:[2026-11-01 TO 2026-11-30]. Wörter gruppieren Sie mit runden Klammern ( ).",
        "For example: published:[2026-11-01 TO 2026-11-30]. Group words with round brackets ( ).",
    ],
);

pub const STRAY_BRACE: Fault = fault(
    [
        "Hier schließt }, ohne dass { öffnet.",
        "This } closes nothing: there is no { before it.",
    ],
    NOTHING,
);

pub const OPEN_QUOTE: Fault = fault(
    [
        "Dieses Anführungszeichen wird nicht geschlossen.",
        "This quotation mark is not closed.",
    ],
    [
        "Setzen Sie am Ende der Wortfolge ein zweites.",
        "Put a second one at the end of the phrase.",
    ],
);

pub const OPEN_BRACE: Fault = fault(
    [
        "Diese geschweifte Klammer wird nicht geschlossen.",
        "This curly bracket is not closed.",
    ],
    [
        "Genaue Schreibweise: {BMI}",
        "The exact spelling is written {BMI}.",
    ],
);

pub const TILDE: Fault = fault(
    [
        "~ steht nur mit einer Zahl hinter einer Wortfolge oder einer Klammer.",
        "~ stands only with a number, behind a phrase or a bracket.",
    ],
    [
        "Zum Beispiel: \"Minister Rücktritt\"~5",
        "For example: \"Minister Rücktritt\"~5",
    ],
);

pub fn too_far() -> Fault {
    fault(
        NOTHING,
        [
            "Für größere Abstände schreiben Sie AND.",
            "Write AND where they may be farther apart.",
        ],
    )
    .saying([
        format!("Höchstens {MAX_BETWEEN} Wörter Abstand sind möglich."),
        format!("At most {MAX_BETWEEN} words can lie between."),
    ])
}

const NEAR_HINT: [&str; 2] = [
    "Schreiben Sie zum Beispiel NEAR/5 (höchstens fünf Wörter dazwischen) oder NEAR/5f (in dieser Reihenfolge).",
    "Write for example NEAR/5 (at most five words between) or NEAR/5f (in this order).",
];

pub const ONEAR: Fault = fault(
    [
        "ONEAR heißt hier NEAR/4f: mit Zahl und f für die Reihenfolge.",
        "ONEAR is NEAR/4f here: with a number, and f for the order.",
    ],
    NEAR_HINT,
);

pub const NEAR_SPELLING: Fault = fault(
    [
        "NEAR braucht Großbuchstaben und eine Zahl.",
        "NEAR needs capitals and a number.",
    ],
    NEAR_HINT,
);

pub const NEAR_NUMBER: Fault = fault(
    ["NEAR braucht eine Zahl.", "NEAR needs a number."],
    NEAR_HINT,
);

pub const SIGN: Fault = fault(
    [
        "Plus- und Minuszeichen vor einem Wort haben keine Wirkung.",
        "Plus and minus in front of a word mean nothing.",
    ],
    [
        "Schreiben Sie AND oder NOT vor das Wort.",
        "Write AND or NOT in front of the word.",
    ],
);

// What the parser finds.

pub fn too_long(bytes: usize) -> Fault {
    fault(
        NOTHING,
        [
            "Teilen Sie sie auf mehrere Suchaufträge auf.",
            "Divide it among several watches.",
        ],
    )
    .saying([
        format!("Die Suchanfrage ist länger als {bytes} Zeichen."),
        format!("The query is longer than {bytes} bytes."),
    ])
}

pub const EMPTY: Fault = fault(
    ["Die Suchanfrage ist leer.", "The query is empty."],
    [
        "Schreiben Sie mindestens ein Wort, zum Beispiel: Innenministerium",
        "Write one word at least, for example: Innenministerium",
    ],
);

pub const STRAY_BRACKET: Fault = fault(
    [
        "Hier schließt eine Klammer, die nicht geöffnet wurde.",
        "This bracket closes nothing: it was not opened.",
    ],
    NOTHING,
);

pub const TOO_DEEP: Fault = fault(
    [
        "Die Suchanfrage ist zu tief verschachtelt.",
        "The query is nested too deeply.",
    ],
    [
        "Listen brauchen keine Klammern in Klammern: a OR b OR c",
        "Lists need no brackets in brackets: a OR b OR c",
    ],
);

pub const ONLY_NOT: Fault = fault(
    [
        "NOT allein findet alles andere.",
        "NOT alone finds everything else.",
    ],
    [
        "Schreiben Sie davor, was gesucht wird: Innenministerium NOT Bayern. Ein OR trennt: jede Seite braucht ihr eigenes Suchwort.",
        "Write what is looked for in front of it: Innenministerium NOT Bayern. An OR divides: each side needs a word of its own.",
    ],
);

pub const ONLY_TIME: Fault = fault(
    [
        "published: allein findet alles aus diesen Tagen.",
        "published: alone finds everything of these days.",
    ],
    [
        "Verknüpfen Sie es mit dem, was gesucht wird: Innenministerium AND published:[2026-11-01 TO *]. Ein OR trennt: jede Seite braucht ihr eigenes Suchwort.",
        "Join it with what is looked for: Innenministerium AND published:[2026-11-01 TO *]. An OR divides: each side needs a word of its own.",
    ],
);

pub const NO_OPERATOR: Fault = fault(
    [
        "Vor diesem Wort fehlt eine Verknüpfung.",
        "There is no operator in front of this word.",
    ],
    [
        "Schreiben Sie AND, OR oder NOT dazwischen, oder setzen Sie eine feste Wortfolge in Anführungszeichen.",
        "Write AND, OR or NOT between them, or put a fixed phrase in quotation marks.",
    ],
);

/// `operator` is what the small word means.
pub fn small_operator(operator: &str) -> Fault {
    fault(
        [
            "Verknüpfungen stehen in Großbuchstaben.",
            "Operators are written in capitals.",
        ],
        NOTHING,
    ).hinting([format!(
            "Schreiben Sie {operator} in Großbuchstaben, oder setzen Sie das Wort in Anführungszeichen."
        ), format!(
            "Write {operator} in capitals, or put the word in quotation marks."
        )])
}

pub const MISPLACED_NOT: Fault = fault(
    ["Hier kann kein NOT stehen.", "There can be no NOT here."],
    [
        "NOT steht zwischen zwei Suchwörtern: a NOT b. Was NEAR oder NOT folgt, ist ein Wort, eine Wortfolge oder eine Klammer.",
        "NOT stands between two words: a NOT b. What follows NEAR or NOT is a word, a phrase or a bracket.",
    ],
);

pub const EMPTY_BRACKETS: Fault = fault(
    [
        "In dieser Klammer fehlt ein Suchwort.",
        "There is no word in this bracket.",
    ],
    [
        "Zum Beispiel: (Grenze OR Kontrolle)",
        "For example: (Grenze OR Kontrolle)",
    ],
);

pub const NO_OPERAND: Fault = fault(
    ["Hier fehlt ein Suchwort.", "A word is missing here."],
    [
        "Links und rechts von AND, OR, NOT und NEAR steht je ein Wort, eine Wortfolge oder eine Klammer.",
        "AND, OR, NOT and NEAR have a word, a phrase or a bracket on each side.",
    ],
);

pub const OPEN_BRACKET: Fault = fault(
    [
        "Diese Klammer wird nicht geschlossen.",
        "This bracket is not closed.",
    ],
    NOTHING,
);

pub const TILDE_WITHOUT_AND: Fault = fault(
    [
        "Hinter ~ zählt der Abstand zwischen Wörtern, die alle vorkommen.",
        "~ counts the distance between words that all occur.",
    ],
    [
        "Verknüpfen Sie in der Klammer mit AND: ((a OR b) AND (c OR d))~5",
        "Join them with AND in the bracket: ((a OR b) AND (c OR d))~5",
    ],
);

pub fn tilde_count() -> Fault {
    fault(
        NOTHING,
        ["Schreiben Sie sonst AND.", "Write AND otherwise."],
    )
    .saying([
        format!("~ verbindet zwei bis {MAX_WITHIN} Wörter."),
        format!("~ joins two to {MAX_WITHIN} words."),
    ])
}

pub fn too_many_words(limit: usize) -> Fault {
    fault(
        NOTHING,
        [
            "Platzhalter wie Grenzkontroll* ersetzen viele Wortformen.",
            "A wildcard such as Grenzkontroll* stands for many forms of a word.",
        ],
    )
    .saying([
        format!("Die Suchanfrage hat mehr als {limit} Suchwörter."),
        format!("The query has more than {limit} words."),
    ])
}

pub const NO_VALUE: Fault = fault(
    [
        "Nach dem Doppelpunkt fehlt ein Wert.",
        "The value behind the colon is missing.",
    ],
    [
        "Zum Beispiel: title:Grenzkontrolle, site:bild.de, lang:(de OR en)",
        "For example: title:Grenzkontrolle, site:bild.de, lang:(de OR en)",
    ],
);

pub const WITHIN_IN_NEAR: Fault = fault(
    [
        "Hinter ~ mit mehr als zwei Wörtern kann kein weiterer Abstand stehen.",
        "A ~ over more than two words cannot have a distance to something else.",
    ],
    [
        "Schreiben Sie NEAR/5 zwischen die Wörter.",
        "Write NEAR/5 between the words.",
    ],
);

pub const AND_IN_NEAR: Fault = fault(
    [
        "In NEAR können AND und NOT nicht stehen.",
        "AND and NOT cannot stand in NEAR.",
    ],
    [
        "Möglich sind Wörter, Wortfolgen, Klammern mit OR und weitere NEAR.",
        "Words, phrases, brackets with OR and further NEAR can.",
    ],
);

pub const FIELD_IN_NEAR: Fault = fault(
    [
        "Das Feld gehört vor die Klammer um NEAR.",
        "The field belongs in front of the bracket around NEAR.",
    ],
    [
        "Zum Beispiel: title:(Minister NEAR/3 Rücktritt)",
        "For example: title:(Minister NEAR/3 Rücktritt)",
    ],
);

pub const KEY_IN_NEAR: Fault = fault(
    [
        "Dieses Feld hat keine Wortabstände.",
        "There are no distances between words in this field.",
    ],
    ["Verknüpfen Sie es mit AND.", "Join it with AND."],
);

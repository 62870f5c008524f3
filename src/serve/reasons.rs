//! German names of the rules, cues and helping heads behind a label.

use super::words::Tongue;

/// English key and German name.
const NAMES: [(&str, &str); 46] = [
    ("critical word", "kritisches Wort"),
    ("supportive word", "zustimmendes Wort"),
    ("critical phrase", "kritische Wendung"),
    ("supportive phrase", "zustimmende Wendung"),
    ("negation", "Verneinung"),
    ("enquiry phrase", "Wendung einer Rückfrage"),
    ("correction phrase", "Wendung einer Richtigstellung"),
    ("intensifier", "Verstärkung"),
    ("hedge", "Abschwächung"),
    ("reported speech", "wiedergegebene Aussage"),
    ("quotation", "Zitat"),
    ("question", "Frage"),
    ("irony cue", "Zeichen für Ironie"),
    ("article reports", "Artikel berichtet"),
    ("word", "Wort"),
    ("closest to critical", "am ehesten kritisch"),
    ("closest to neutral", "am ehesten neutral"),
    ("closest to supportive", "am ehesten zustimmend"),
    ("praising words", "lobende Wörter"),
    ("blaming words", "tadelnde Wörter"),
    ("more praise than blame", "mehr Lob als Tadel"),
    ("no judging word", "kein wertendes Wort"),
    ("ends with a question", "endet mit einer Frage"),
    ("exclamation", "Ausruf"),
    ("quoted words", "Wörter in Anführungszeichen"),
    ("words in capitals", "Wörter in Großbuchstaben"),
    ("target not named", "Ziel nicht genannt"),
    ("begins with the target", "beginnt mit dem Ziel"),
    ("very short", "sehr kurz"),
    ("long", "lang"),
    ("length", "Länge"),
    ("emoji and punctuation", "Emojis und Satzzeichen"),
    ("sentiment", "Stimmung des Textes"),
    ("offence", "Schärfe des Tons"),
    ("government", "Redeweise wie im Bundestag"),
    ("said before a word is read", "Ausgangswert"),
    ("second model", "zweites Modell"),
    ("by the office", "von der Redaktion"),
    ("not in this language", "nicht in dieser Sprache"),
    ("shared word", "gemeinsames Wort"),
    (
        "differs from our statement: number",
        "andere Zahl als bei uns",
    ),
    (
        "differs from our statement: date",
        "anderes Datum als bei uns",
    ),
    (
        "differs from our statement: quote",
        "anderer Wortlaut als bei uns",
    ),
    (
        "differs from our statement: office",
        "andere Stelle als bei uns",
    ),
    (
        "differs from our statement: negation",
        "gegenteilige Aussage zu unserer",
    ),
    (
        "differs from our statement: speaker",
        "unsere Worte unter anderem Namen",
    ),
];

/// The name of a rule behind a label; a rule that has none is shown by its key.
pub fn reason(key: &str, tongue: Tongue) -> &str {
    let german = NAMES.iter().find(|(name, _)| *name == key);
    match (tongue, german) {
        (Tongue::De, Some((_, german))) => german,
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::features::CUE_NAMES;
    use crate::classify::model_file::HELPER_HEADS;

    #[test]
    fn every_cue_and_head_has_a_german_name() {
        for key in CUE_NAMES.iter().chain(&HELPER_HEADS) {
            assert_ne!(reason(key, Tongue::De), *key);
            assert_eq!(reason(key, Tongue::En), *key);
        }
        assert_eq!(reason("new rule", Tongue::De), "new rule");
    }
}

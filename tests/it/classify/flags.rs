//! Enquiries and corrections, and the opinions that are neither.

use super::*;

#[test]
fn enquiries() {
    for text in [
        "Stimmt das?",
        "Stimmt das mit den eingezogenen Pässen, @[Konto]?",
        "BMI zieht Pässe ein. Ist das wahr?",
        "ist das wirklich wahr??",
        "Ist das echt?",
        "Ist das schon bestätigt? Habe es gerade gelesen",
        "Das BMI zahlt 5.000 Euro pro Kopf? Quelle?",
        "Gibt es dafür Belege?",
        "Hat jemand eine Quelle dazu?",
        "Weiß jemand, ob das stimmt?",
        "Fake oder echt?",
        "Ist das ein Fake?",
        "Kann das jemand bestätigen?",
        "STIMMT ES, dass das BMI die Pässe einzieht?",
    ] {
        check_flag("de", text, Some(FlagKind::Enquiry));
    }
    for text in [
        "Is this true?",
        "Source?",
        "any source for that?",
        "Can anyone confirm?",
    ] {
        check_flag("en", text, Some(FlagKind::Enquiry));
    }
}

#[test]
fn corrections() {
    for text in [
        "Das ist falsch.",
        "Das ist falsch: Das Gesetz gilt erst ab Januar",
        "Achtung, Falschmeldung!",
        "Das stimmt so nicht, es sind 300 und nicht 3.000.",
        "Die Zahl stimmt nicht.",
        "Das BMI dementiert den Bericht.",
        "Wurde längst widerlegt",
        "Das Zitat ist gefälscht",
        "Das ist ein Fake.",
        "So ein Blödsinn, das stimmt doch gar nicht",
        "Das angebliche Schreiben des BMI ist gefälscht",
        "Richtigstellung: Es gibt keine neue Regel",
        "Die Behauptung trifft nicht zu",
        "Nachweislich falsch, was hier über das BMI steht",
    ] {
        check_flag("de", text, Some(FlagKind::Correction));
    }
    for text in [
        "This is false.",
        "That's simply not true",
        "Debunked weeks ago.",
        "That is a fake quote",
    ] {
        check_flag("en", text, Some(FlagKind::Correction));
    }
}

/// What a question mark or a whole sentence shows elsewhere, the place shows in an answer.
#[test]
fn answers_are_read_as_answers() {
    for (text, asked) in [
        ("woher hast du das", Some(FlagKind::Enquiry)),
        ("@[Konto] link bitte", Some(FlagKind::Enquiry)),
        (
            "Quatsch, das Amt empfiehlt es nur",
            Some(FlagKind::Correction),
        ),
        (
            "@[Konto] Fake. Schau auf das Datum",
            Some(FlagKind::Correction),
        ),
        ("Falsch und herzlos, was dieses Ministerium macht", None),
        ("So ein Quatsch kostet uns Millionen", None),
        ("Nein, diese Regierung kann es einfach nicht", None),
    ] {
        let flags = |kind| {
            let labels = classify(&mention(kind, "de", "", text));
            labels.flags.first().map(|label| label.flag)
        };
        assert_eq!(flags(Kind::Reply), asked, "{text}");
        assert_eq!(flags(Kind::Post), None, "not an answer: {text}");
    }
}

#[test]
fn a_denied_or_quoted_phrase_is_no_flag() {
    for text in [
        "Das ist keine Falschmeldung.",
        "Das wurde nie dementiert.",
        "Er fragte „Stimmt das?“ und ging.",
        "Sie rief: „Das ist falsch.“",
        "Das stimmt.",
        "Stimmt das Wetter, bin ich dabei.",
    ] {
        check_flag("de", text, None);
    }
}

#[test]
fn a_flag_names_the_phrase_and_its_place() {
    let labels = classify(&mention(
        Kind::Reply,
        "de",
        "",
        "Moment. Stimmt das? Quelle?",
    ));
    let reasons = &labels.flags[0].reasons;
    assert_eq!(reasons.len(), 2);
    assert_eq!(reasons[0].rule, "enquiry phrase");
    assert_eq!(reasons[0].seen, "Stimmt das");
    assert_eq!(reasons[1].seen, "Quelle");
    let span = reasons[0].span.unwrap();
    assert_eq!((span.start, span.end), (8, 18));
}

#[test]
fn a_ministry_s_quoted_denial_in_an_article_is_a_correction() {
    let article = mention(
        Kind::Article,
        "de",
        "Ministerium: „Das ist falsch“",
        "Ein Sprecher wies den Bericht zurück.",
    );
    assert_eq!(classify(&article).flags[0].flag, FlagKind::Correction);
}

/// Criticism and praise, however sharp, are opinions: none of these asks about or disputes a fact.
const OPINIONS: [&str; 52] = [
    "Dieser Minister ist eine Zumutung.",
    "Fake-Minister! Tritt zurück!",
    "Das BMI lügt uns seit Jahren an.",
    "Alles Lügner da oben.",
    "Der Minister ist ein Lügner.",
    "Das ist der falsche Weg.",
    "Das ist falsch und herzlos.",
    "Es ist falsch, Familien zu trennen.",
    "Ich halte das für grundfalsch.",
    "Völlig falsche Prioritäten im Innenministerium.",
    "Ist das euer Ernst?",
    "Ist das echt euer Ernst, BMI?",
    "Wirklich jetzt?",
    "Echt jetzt, Herr Minister?",
    "Wie kann man nur so unfähig sein?",
    "Wann tritt dieser Minister endlich zurück?",
    "Geht's noch?",
    "Was soll das?",
    "Stimmt, der Minister ist peinlich.",
    "Mit diesem Ministerium stimmt etwas nicht.",
    "Da stimmt doch was nicht im BMI!",
    "Diese Politik ist eine Quelle des Unfriedens.",
    "Quelle der Freude: das neue Gesetz!",
    "Eine Schande für unser Land.",
    "Das ist doch ein schlechter Witz.",
    "Glaubt diesem Minister noch irgendwer?",
    "Niemand nimmt dieses Ministerium noch ernst.",
    "Populismus pur, mehr nicht.",
    "Symbolpolitik auf dem Rücken der Schwächsten.",
    "Unsozial, ungerecht, unchristlich.",
    "Ich bin so wütend auf das BMI.",
    "Der Minister hat keine Ahnung.",
    "Das Gesetz ist Murks und gehört in die Tonne.",
    "Propaganda, nichts als Propaganda.",
    "Mainstream-Medien und BMI unter einer Decke, widerlich.",
    "Wahrheit? Kennt dieser Minister nicht.",
    "Endlich tut das BMI etwas, danke!",
    "Großartiger Minister, weiter so!",
    "Das stimmt, der Minister macht gute Arbeit.",
    "Stimmt genau, volle Zustimmung!",
    "Richtig so, Innenministerium.",
    "Der Minister hat völlig recht.",
    "Wahr gesprochen, Herr Minister!",
    "Beste Entscheidung seit Langem.",
    "Ist das nicht wunderbar?",
    "Warum nicht schon früher so?",
    "Ein Beweis für gute Politik.",
    "Hut ab vor dem Innenministerium.",
    "Mutig und klar, so muss ein Minister sein.",
    "The minister is a disgrace and a liar.",
    "So true, well said by the Interior Ministry!",
    "Are you serious, BMI?",
];

#[test]
fn opinions_raise_no_flag() {
    let flagged: Vec<&str> = OPINIONS
        .into_iter()
        .filter(|text| {
            ["de", "en", ""].iter().any(|lang| {
                !classify(&mention(Kind::Post, lang, "", text))
                    .flags
                    .is_empty()
            })
        })
        .collect();
    assert_eq!(flagged, Vec::<&str>::new());
}

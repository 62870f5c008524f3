//! The classifier `lexicon-0`: what it gets right, and that it says `unclear` where it does not know.

mod flags;
mod trained;
mod transformer;

use resonanz::classify::{Classifier, Lexicon};
use resonanz::model::{FlagKind, Kind, Labels, Mention, Stance, Target};
use resonanz::privacy::MentionKey;

fn ministry() -> Target {
    Target {
        name: "ministry".into(),
        label: "Bundesministerium des Innern".into(),
        aliases: vec![
            "BMI".into(),
            "Innenministerium".into(),
            "Minister".into(),
            "Interior Ministry".into(),
        ],
    }
}

fn mention(kind: Kind, lang: &str, title: &str, text: &str) -> Mention {
    Mention {
        key: MentionKey([0; 32]),
        source: "test".into(),
        platform: "test".into(),
        kind,
        published: jiff::Timestamp::UNIX_EPOCH,
        edited: None,
        collected: jiff::Timestamp::UNIX_EPOCH,
        title: title.into(),
        text: text.into(),
        lang: lang.into(),
        site: String::new(),
        url: None,
        links: Vec::new(),
        author: None,
        sealed: None,
        reply_to: None,
        marks: resonanz::model::Marks::default(),
    }
}

fn classify(mention: &Mention) -> Labels {
    Lexicon::new().classify(mention, &[&ministry()])
}

#[track_caller]
fn check(lang: &str, text: &str, expected: Stance) {
    let labels = classify(&mention(Kind::Post, lang, "", text));
    assert_eq!(
        labels.stances[0].stance, expected,
        "of {text:?}: {:#?}",
        labels.stances
    );
}

#[track_caller]
fn check_flag(lang: &str, text: &str, expected: Option<FlagKind>) {
    let labels = classify(&mention(Kind::Post, lang, "", text));
    let found: Vec<FlagKind> = labels.flags.iter().map(|label| label.flag).collect();
    assert_eq!(
        found,
        Vec::from_iter(expected),
        "of {text:?}: {:#?}",
        labels.flags
    );
}

use Stance::{Critical, Neutral, Supportive, Unclear};

#[test]
fn german_statements() {
    check("de", "Das BMI hat völlig versagt.", Critical);
    check(
        "de",
        "Was für ein Armutszeugnis für das Innenministerium!",
        Critical,
    );
    check("de", "Der Minister ist unfähig und überfordert.", Critical);
    check("de", "Herr Minister, treten Sie zurück!", Critical);
    check("de", "Danke an das BMI für die schnelle Hilfe.", Supportive);
    check("de", "Großartige Arbeit, Innenministerium 👏", Supportive);
    check("de", "GROSSARTIGE Entscheidung des Ministers", Supportive);
    check(
        "de",
        "Der Minister hat recht, genau richtig so.",
        Supportive,
    );
    check(
        "de",
        "Das BMI veröffentlicht heute den Jahresbericht.",
        Neutral,
    );
    check("de", "Der Minister reist am Montag nach Brüssel.", Neutral);
    check("de", "BMI.", Unclear);
    check(
        "de",
        "Unfassbar, dass das BMI immer noch keine Lösung hat.",
        Unclear,
    );
    check(
        "de",
        "Kein Wunder, dass niemand mehr dem BMI vertraut.",
        Critical,
    );
    check(
        "de",
        "Der Minister ist mutig, aber das Gesetz ist ein Desaster.",
        Unclear,
    );
}

#[test]
fn english_statements() {
    check(
        "en",
        "The Interior Ministry has failed completely.",
        Critical,
    );
    check("en", "What a disgrace, BMI.", Critical);
    check("en", "Well done, Interior Ministry!", Supportive);
    check("en", "Great work by the Interior Ministry", Supportive);
    check(
        "en",
        "The Interior Ministry publishes its report today.",
        Neutral,
    );
}

#[test]
fn words_of_the_other_language_do_not_count() {
    // "Bad" is a spa here, and "toll" a fee there.
    check("de", "Der Minister besucht morgen Bad Homburg.", Neutral);
    check(
        "en",
        "The minister will die Woche toll verbringen in Berlin",
        Neutral,
    );
}

#[test]
fn negation_turns_a_word_round() {
    check("de", "Das BMI ist nicht glaubwürdig.", Critical);
    check("de", "Der Minister ist kein Versager.", Supportive);
    check("de", "Ich unterstütze den Minister nicht.", Critical);
    check("de", "Ich unterstütze den Minister.", Supportive);
    check(
        "de",
        "Wir begrüßen diesen Schritt des BMI ausdrücklich nicht",
        Critical,
    );
    check("de", "Das BMI hat nicht versagt.", Supportive);
    check(
        "de",
        "Das BMI ist nicht nur unfähig, es ist auch dreist.",
        Critical,
    );
    check("en", "The Interior Ministry is not competent.", Critical);
    check("en", "I don't trust the Interior Ministry.", Critical);
    check("en", "The Interior Ministry isn't useless", Supportive);
    check("en", "I don’t support the Interior Ministry", Critical);
}

#[test]
fn a_negation_stays_in_its_clause() {
    check(
        "de",
        "Das war nicht leicht, großartig gemacht vom BMI!",
        Supportive,
    );
    check("de", "Nicht zuletzt ist der Minister unfähig.", Critical);
}

#[test]
fn irony_is_at_most_unclear() {
    for text in [
        "Na super, BMI.",
        "Bravo 👏 Minister",
        "Toll gemacht, liebes Innenministerium",
        "Na toll, das BMI mal wieder 🙄",
        "Ganz großes Kino, Herr Minister",
        "Großartig, Herr Minister 😂😂",
    ] {
        let labels = classify(&mention(Kind::Post, "de", "", text));
        assert!(
            matches!(labels.stances[0].stance, Unclear | Critical),
            "{text:?}: {:#?}",
            labels.stances
        );
        assert!(
            labels.stances[0]
                .reasons
                .iter()
                .any(|r| r.rule == "irony cue")
        );
    }
    check("de", "Danke für nichts, BMI!", Critical);
    check("de", "Na super, das BMI versagt komplett.", Critical);
    check("en", "Thanks for nothing, Interior Ministry", Critical);
}

#[test]
fn what_others_say_is_not_the_writer_s_stance() {
    check(
        "de",
        "„Der Minister ist unfähig“, sagte der Abgeordnete am Montag.",
        Unclear,
    );
    check(
        "de",
        "Die Opposition kritisiert das Versagen des BMI.",
        Unclear,
    );
    check(
        "de",
        "Verband lobt die gute Arbeit des Innenministeriums",
        Unclear,
    );
    check(
        "de",
        "Wer „Schande“ ruft, hat den Bericht des BMI nicht gelesen",
        Unclear,
    );
    check(
        "en",
        "“The Interior Ministry is a disgrace”, she said on Monday.",
        Unclear,
    );
}

#[test]
fn questions_are_unclear() {
    check("de", "Hat das BMI versagt?", Unclear);
    check("de", "Ist der Minister kompetent?", Unclear);
    check("de", "Was sagt das BMI dazu?", Unclear);
}

#[test]
fn hedges_and_distance_weaken() {
    check("de", "Das BMI ist vielleicht etwas naiv.", Unclear);
    check(
        "de",
        "Der Kaffee war schlecht. Danach sprach ein Beamter vom BMI.",
        Unclear,
    );
}

#[test]
fn articles_report_unless_they_call_themselves_an_opinion() {
    let body = "Die Opposition wirft dem Minister Versagen vor.";
    let report = mention(
        Kind::Article,
        "de",
        "Kritik am Innenministerium: katastrophal",
        body,
    );
    assert_eq!(classify(&report).stances[0].stance, Neutral);
    let comment = mention(
        Kind::Article,
        "de",
        "Kommentar: Das Innenministerium ist eine Blamage",
        "Der Minister hat versagt.",
    );
    assert_eq!(classify(&comment).stances[0].stance, Critical);
}

/// Swapping party, gender or the target's name must change nothing.
#[test]
fn the_same_words_get_the_same_stance_whoever_they_are_about() {
    let names = [
        "Der Minister der CDU",
        "Die Ministerin der SPD",
        "Der Minister der AfD",
        "Die Ministerin der Grünen",
        "Der Minister der Linken",
        "Der*die Minister*in der FDP",
        "Die Minister:in der CSU",
        "Das BMI",
        "Das Innenministerium",
    ];
    let claims = [
        "hat völlig versagt.",
        "ist nicht glaubwürdig!",
        "macht gute Arbeit.",
        "verdient unseren Dank an dieser Stelle.",
        "ist vielleicht etwas naiv.",
        "reist am Montag nach Brüssel.",
        "ist kein Versager.",
        "hat recht, weiter so!",
        "ist eine Schande?",
    ];
    for claim in claims {
        let labels = |name: &str| {
            let text = format!("{name} {claim}");
            let labels = classify(&mention(Kind::Post, "de", "", &text));
            let weights: Vec<f32> = labels.stances[0].reasons.iter().map(|r| r.weight).collect();
            (labels.stances[0].stance, weights, labels.flags.len())
        };
        let first = labels(names[0]);
        for name in &names[1..] {
            assert_eq!(labels(name), first, "{name} {claim}");
        }
    }
}

#[test]
fn reasons_carry_rule_words_place_and_weight() {
    let labels = classify(&mention(
        Kind::Post,
        "de",
        "",
        "Das BMI ist überhaupt nicht glaubwürdig.",
    ));
    assert_eq!(labels.model, "lexicon-0");
    assert_eq!(labels.stances[0].probability, None);
    let reasons = &labels.stances[0].reasons;
    let word = &reasons[0];
    assert_eq!(
        (word.rule.as_str(), word.seen.as_str()),
        ("critical word", "glaubwürdig")
    );
    let span = word.span.unwrap();
    assert_eq!((span.start, span.end), (29, 41));
    assert!(word.weight < 0.0);
    assert_eq!(
        (reasons[1].rule.as_str(), reasons[1].seen.as_str()),
        ("negation", "nicht")
    );
}

#[test]
fn every_target_gets_its_own_label() {
    let other = Target {
        name: "police".into(),
        label: "Bundespolizei".into(),
        aliases: vec!["Bundespolizei".into()],
    };
    let text = "Danke an die Bundespolizei. Das BMI versagt, peinlich.";
    let mention = mention(Kind::Post, "de", "", text);
    let labels = Lexicon::new().classify(&mention, &[&ministry(), &other]);
    assert_eq!(labels.stances[0].target, "ministry");
    assert_eq!(labels.stances[0].stance, Critical);
    assert_eq!(labels.stances[1].target, "police");
    assert_ne!(labels.stances[1].stance, Supportive);
}

#[test]
fn hostile_texts_take_linear_time_and_bounded_reasons() {
    let started = std::time::Instant::now();
    let lexicon = Lexicon::new();
    let pieces = [
        "stimmt das ",
        "Quelle? ",
        "BMI versagt ",
        "nicht gut ",
        "„",
        "\"x",
        "gibt es ",
        "lehne x x x ",
        "👏 ",
        "a:in ",
        "?",
        "so ",
    ];
    for piece in pieces {
        let text = piece.repeat(100_000 / piece.len());
        let labels = lexicon.classify(&mention(Kind::Post, "", "", &text), &[&ministry()]);
        let flagged = labels
            .flags
            .iter()
            .map(|label| label.reasons.len())
            .sum::<usize>();
        assert!(labels.stances[0].reasons.len() + flagged <= 50, "{piece:?}");
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

proptest::proptest! {
    #[test]
    fn any_text_gets_a_label_with_spans_inside_it(text in ".{0,200}", title in ".{0,60}") {
        let mention = mention(Kind::Post, "", &title, &text);
        let labels = classify(&mention);
        proptest::prop_assert_eq!(labels.stances.len(), 1);
        let flagged = labels.flags.iter().flat_map(|label| &label.reasons);
        for reason in flagged.chain(&labels.stances[0].reasons) {
            if let Some(span) = reason.span {
                let part = match span.part {
                    resonanz::model::Part::Title => &mention.title,
                    resonanz::model::Part::Text => &mention.text,
                };
                let seen = part.get(span.start as usize..span.end as usize);
                proptest::prop_assert_eq!(seen, Some(reason.seen.as_str()));
            }
        }
    }
}

use super::*;
use proptest::prelude::*;

const DAY_MS: i64 = 86_400_000;
const START_MS: i64 = 1_780_000_000_000;

fn key(number: usize) -> StatementId {
    StatementId::Entered(i64::try_from(number).unwrap())
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + day * DAY_MS).unwrap()
}

fn put(statements: &mut Statements, number: usize, day: i64, text: &str) {
    statements.put(&Statement {
        id: key(number),
        published: at(day),
        title: "",
        text,
    });
}

fn of(texts: &[&str]) -> Statements {
    let mut statements = Statements::new(&Config::default());
    for (number, text) in texts.iter().enumerate() {
        put(
            &mut statements,
            number,
            i64::try_from(number).unwrap(),
            text,
        );
    }
    statements
}

/// Kind, ours and theirs of what is found, one a line.
fn told(statements: &mut Statements, article: &str) -> String {
    let found = statements.differences(at(30), "", article);
    let line = |one: &Difference| format!("{} {} / {}", one.kind.as_str(), one.ours, one.theirs);
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(article: &str, expected: &str) {
    assert_eq!(told(&mut of(&[STATEMENT]), article), expected, "{article}");
}

const STATEMENT: &str = "Das Bundesinnenministerium hat die Kontrollen an der Grenze zu Seeland bis zum \
    15. September 2026 verlängert. Seit Jahresbeginn wurden dort 12.345 unerlaubte Einreisen festgestellt, \
    der Anteil der Schleuser sank um 3 Prozentpunkte. Die Kosten von 2,5 Mio. Euro trägt der Bund. Die \
    Grenze zu Seeland wird nicht geschlossen. „Wir handeln, solange der Schutz nach außen nicht verlässlich \
    greift“, sagte Bundesinnenminister Henrik Vollrath.";

#[test]
fn figures() {
    let sentence = |figure: &str| {
        format!("An der Grenze zu Seeland wurden {figure} unerlaubte Einreisen festgestellt.")
    };
    for fine in [
        "12.345",
        "12 345",
        "12345",
        "rund 12.300",
        "12,3 Tausend",
        "mehr als 12.000",
        "knapp 13.000",
        "10.000 bis 15.000",
        "zwischen 12.000 und 13.000",
        "zwölftausend",
        "etwa zwölftausend",
        "Tausende",
    ] {
        check(&sentence(fine), "");
    }
    for (wrong, told) in [
        ("15.345", "15.345"),
        ("123.450", "123.450"),
        ("rund 15.000", "15.000"),
        ("20.000 bis 30.000", "20.000 bis 30.000"),
        ("fünfzehntausend", "fünfzehntausend"),
    ] {
        check(&sentence(wrong), &format!("number 12.345 / {told}"));
    }
    check(
        "Die Kosten von 2.500.000 Euro für die Kontrollen an der Grenze trägt der Bund.",
        "",
    );
    check(
        "Die Kosten von 25 Mio. Euro für die Kontrollen an der Grenze trägt der Bund.",
        "number 2,5 Mio. Euro / 25 Mio. Euro",
    );
    check(
        "An der Grenze zu Seeland sank der Anteil der Schleuser um 3 Prozent.",
        "number 3 Prozentpunkte / 3 Prozent",
    );
}

#[test]
fn figures_of_other_things() {
    for fine in [
        "An der Grenze zu Seeland wurden 9.000 Liter Schmuggelware festgestellt.",
        "In Brandenburg wurden 2.311 unerlaubte Einreisen festgestellt, an der Grenze zu Seeland mehr.",
        "An der Grenze zu Seeland wurden 2019 noch 44.000 unerlaubte Einreisen festgestellt.",
        "An der Grenze zu Seeland schätzt die Gewerkschaft 30.000 unerlaubte Einreisen.",
        "Die Opposition fordert an der Grenze zu Seeland 4,5 Mio. Euro Kosten vom Bund.",
        "Um 15.30 Uhr wurden an der Grenze zu Seeland unerlaubte Einreisen festgestellt, § 95 gilt.",
        "Wurden an der Grenze zu Seeland 99.000 unerlaubte Einreisen festgestellt?",
    ] {
        check(fine, "");
    }
}

#[test]
fn dates_quotations_offices_and_decisions() {
    check(
        "Die Kontrollen an der Grenze zu Seeland werden bis zum 15. Dezember 2026 verlängert.",
        "date 15. September 2026 / 15. Dezember 2026",
    );
    check(
        "Die Kontrollen an der Grenze zu Seeland werden bis 15.09. verlängert.",
        "",
    );
    check(
        "Die Kontrollen an der Grenze zu Seeland wurden am Donnerstag verlängert.",
        "",
    );
    check(
        "„Wir handeln, solange der Schutz nach außen überhaupt nicht greift“, sagte Vollrath.",
        "quote Wir handeln, solange der Schutz nach außen nicht verlässlich greift / \
         Wir handeln, solange der Schutz nach außen überhaupt nicht greift",
    );
    for same in [
        "nach außen […] greift",
        "nach aussen nicht verlässlich greift",
        "nach außen nicht verlässlich …",
    ] {
        check(
            &format!("\"Wir handeln, solange der Schutz {same}\", sagte Vollrath."),
            "",
        );
    }
    check(
        "„Wir handeln, solange der Schutz nach außen nicht verlässlich greift“, sagte Justizministerin Carla Neumeister.",
        "office Bundesinnenminister Henrik Vollrath / Justizministerin Carla Neumeister",
    );
    check(
        "Das Bundesjustizministerium hat die Kontrollen an der Grenze zu Seeland verlängert.",
        "office Bundesinnenministerium / Bundesjustizministerium",
    );
    check(
        "Die Grenze zu Seeland wird geschlossen.",
        "negation Die Grenze zu Seeland wird nicht geschlossen / Die Grenze zu Seeland wird geschlossen",
    );
    for fine in [
        "Die Grenze zu Seeland wird nicht geschlossen.",
        "Die Opposition fordert: Die Grenze zu Seeland wird geschlossen.",
        "Wird die Grenze zu Seeland geschlossen?",
        "Dass die Grenze zu Seeland geschlossen wird, dementierte das Ministerium.",
    ] {
        check(fine, "");
    }
}

#[test]
fn our_words_under_another_name() {
    let quoted = "„Wir handeln, solange der Schutz nach außen nicht verlässlich greift“";
    for (after, told) in [
        (
            ", sagte Gewerkschaftschef Uwe Hinrichs in Berlin.",
            "Gewerkschaftschef Uwe Hinrichs",
        ),
        (
            ", so der frühere Abgeordnete Uwe Hinrichs.",
            "Abgeordnete Uwe Hinrichs",
        ),
        (
            ", hieß es am Abend aus Regierungskreisen.",
            "Regierungskreisen",
        ),
    ] {
        let told = format!("speaker Vollrath / {told}");
        let told = told.replace("Vollrath", "Bundesinnenminister Henrik Vollrath");
        check(&format!("{quoted}{after}"), &told);
    }
    check(
        &format!("Uwe Hinrichs sieht das so: {quoted}."),
        "speaker Bundesinnenminister Henrik Vollrath / Uwe Hinrichs",
    );
    for fine in [
        "{}",
        "{}, sagte Vollrath.",
        "{}, sagte er in Berlin. Gewerkschaftschef Uwe Hinrichs schwieg.",
        "{}, sagte Ministeriumssprecherin Jana Kühn.",
        "{}, heißt es in der Mitteilung.",
        "{}, zitierte Uwe Hinrichs am Abend.",
        "In Bad Seeland sagte er: {}.",
        "Uwe Hinrichs und Mira Hansen hörten es: {}.",
        "Uwe Hinrichs sagte zur Rede: {}.",
        "„Wir handeln viel zu spät für das Land“, sagte Gewerkschaftschef Uwe Hinrichs.",
    ] {
        check(&fine.replace("{}", quoted), "");
    }
    // Where the statement names nobody, nobody else can be named.
    let mut nobody = of(&[
        "„Wir handeln, solange der Schutz nach außen nicht verlässlich greift“, \
        sagte der Minister zu den Kontrollen an der Grenze.",
    ]);
    assert_eq!(
        told(
            &mut nobody,
            &format!("{quoted}, sagte Henrik Vollrath zur Grenze.")
        ),
        ""
    );
}

#[test]
fn english_marks_group_the_other_way() {
    let mut statements = of(&[
        "Since January the police have recorded 4,312 unauthorised entries at the border with Zealand.",
    ]);
    let mut check = |figure: &str, expected: &str| {
        let article = format!(
            "The police have recorded {figure} unauthorised entries at the border with Zealand."
        );
        assert_eq!(told(&mut statements, &article), expected);
    };
    check("some 4,300", "");
    check("4.3 thousand", "");
    check("43,120", "number 4,312 / 43,120");
}

#[test]
fn whatever_we_have_published_is_no_difference() {
    let old = "Im Jahr 2025 wurden 9.000 Anträge auf Wiedergutmachung von Verfolgten bearbeitet.";
    let new = "Nach neuer Zählung wurden im Jahr 2025 9.700 Anträge auf Wiedergutmachung von Verfolgten bearbeitet.";
    let mut both = of(&[old, new]);
    let article = |figure| {
        format!("2025 wurden {figure} Anträge auf Wiedergutmachung von Verfolgten bearbeitet.")
    };
    assert_eq!(told(&mut both, &article("9.700")), "");
    assert_eq!(told(&mut both, &article("9.000")), "");
    let found = both.differences(at(30), "", &article("7.900"));
    assert_eq!(
        (found[0].statement, found[0].ours.as_str()),
        (key(1), "9.700")
    );
    both.remove(&key(0));
    assert_eq!(told(&mut both, &article("9.000")), "number 9.700 / 9.000");
    // What was published later, or too long before, is not compared.
    assert_eq!(both.differences(at(0), "", &article("9.000")), []);
    assert_eq!(both.differences(at(500), "", &article("9.000")), []);
}

#[test]
fn the_oldest_statements_go_first() {
    let config = Config {
        max_statements: 2,
        ..Config::default()
    };
    let mut statements = Statements::new(&config);
    for (number, day) in [(0, 5), (1, 3), (2, 4)] {
        put(&mut statements, number, day, STATEMENT);
    }
    assert_eq!(statements.len(), 2);
    let article = "Die Grenze zu Seeland wird geschlossen.";
    statements.remove(&key(0));
    assert_eq!(
        statements.differences(at(9), "", article)[0].statement,
        key(2)
    );
    statements.remove(&key(2));
    assert!(statements.is_empty());
    assert!(statements.index.is_empty());
}

#[test]
fn places_are_told() {
    let title = "80.000 Einreisen";
    let text = "Neues aus Berlin! An der Grenze zu Seeland wurden 80.000 unerlaubte Einreisen festgestellt. Mehr morgen.";
    let found = of(&[STATEMENT]).differences(at(30), title, text);
    assert_eq!(found.len(), 1, "{found:?}");
    let span = found[0].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "80.000");
    assert_eq!(
        found[0].sentence,
        "An der Grenze zu Seeland wurden 80.000 unerlaubte Einreisen festgestellt."
    );
    assert!(
        found[0]
            .our_sentence
            .starts_with("Seit Jahresbeginn wurden dort 12.345")
    );
}

#[test]
fn large_texts_have_bounds() {
    for piece in [
        "12.345 unerlaubte Einreisen ",
        "„Wir handeln",
        "1. 2. 3. Mai ",
        "nicht kein ",
        "\u{202e}ا ",
        "9",
        "👍🏽",
        "\n",
        "\0",
        "a,",
    ] {
        let long = piece.repeat(1_000_000 / piece.len());
        let mut statements = of(&[STATEMENT, &long]);
        let found = statements.differences(at(30), &long, &long);
        assert!(found.len() <= MAX_DIFFERENCES);
    }
    let many = |end: &str| -> String {
        let sentence = |number: u32| {
            format!(
                "An der Grenze zu Seeland wurden {number} unerlaubte Einreisen festgestellt{end}"
            )
        };
        (20_000..22_000).map(sentence).collect()
    };
    for end in [". ", ", ", " "] {
        let mut statements = of(&[STATEMENT, &many(end), STATEMENT, STATEMENT]);
        assert!(
            statements
                .differences(at(30), "", &many(end).replace('2', "7"))
                .len()
                <= MAX_DIFFERENCES
        );
    }
}

/// Pieces of which texts are made that look like ours.
fn texts() -> impl Strategy<Value = String> {
    let pieces = vec![
        "Die Grenze zu Seeland ",
        "wird ",
        "nicht ",
        "geschlossen. ",
        "12.345 ",
        "15.345 ",
        "rund ",
        "unerlaubte Einreisen ",
        "wurden festgestellt. ",
        "Das Bundesinnenministerium ",
        "Das Bundesjustizministerium ",
        "hat die Kontrollen verlängert. ",
        "bis zum 15. September 2026 ",
        "ab 1. Mai ",
        "„Wir handeln, solange der Schutz ",
        "nach außen nicht greift“ ",
        "sagte Vollrath. ",
        "1e999 ",
        "999999999999999999999999 ",
        "3 Prozent ",
        "3 Prozentpunkte ",
        "0 ",
        "2,5 Mio. Euro ",
        "Im März ",
        "2025 ",
        "§ 5 ",
        "👍🏽",
        "\u{202e}",
        "\0",
        "“",
        "„",
        "\"",
        "…",
        "[…] ",
        "bis ",
        "zwischen ",
        "und ",
        "Januar ",
        "31. ",
        "ersten Quartal ",
        "? ",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_is_too_strange(title in any::<String>(), ours in any::<String>(), theirs in any::<String>()) {
        let mut statements = of(&[&ours, STATEMENT]);
        statements.differences(at(30), &title, &theirs);
        statements.differences(at(30), &theirs, &ours);
    }

    #[test]
    fn differences_stand_in_their_texts(ours in texts(), theirs in texts()) {
        for found in of(&[&ours]).differences(at(30), "", &theirs) {
            let (start, end) = (found.span.start as usize, found.span.end as usize);
            prop_assert!(found.theirs.ends_with('…') || theirs[start..end].trim() == found.theirs);
            prop_assert!((0.0..=1.0).contains(&found.certainty), "{found:?}");
        }
    }

    #[test]
    fn a_text_does_not_differ_from_itself(ours in texts()) {
        let found = of(&[&ours]).differences(at(30), "", &ours);
        let figures: Vec<_> = found.iter().filter(|one| matches!(one.kind, DifferenceKind::Number | DifferenceKind::Date)).collect();
        prop_assert!(figures.is_empty(), "{figures:?}");
    }

    #[test]
    fn what_was_taken_out_leaves_nothing(
        steps in proptest::collection::vec((0..6_usize, proptest::option::of(texts())), 0..20),
        article in texts(),
    ) {
        let config = Config { max_statements: 4, ..Config::default() };
        let mut lived = Statements::new(&config);
        let mut left: BTreeMap<usize, String> = BTreeMap::new();
        for (number, text) in &steps {
            match text {
                Some(text) => {
                    put(&mut lived, *number, *number as i64, text);
                    left.insert(*number, text.clone());
                    if left.len() > 4 {
                        left.pop_first();
                    }
                }
                None => {
                    lived.remove(&key(*number));
                    left.remove(number);
                }
            }
            // What is read on the way is kept for later.
            lived.differences(at(30), "", &article);
        }
        let mut fresh = Statements::new(&config);
        for (number, text) in &left {
            put(&mut fresh, *number, *number as i64, text);
        }
        prop_assert_eq!(lived.len(), fresh.len());
        prop_assert!(lived.index.has_as_much_as(&fresh.index));
        prop_assert_eq!(lived.differences(at(30), "", &article), fresh.differences(at(30), "", &article));
    }
}

//! The query language by examples: what it accepts, how it understands it, what it refuses and says.

use proptest::prelude::*;
use resonanz::query::{Doc, Keys, Query, RawKeys, naive};
use resonanz::text::analyse;

fn tree(written: &str) -> String {
    match Query::parse(written) {
        Ok(query) => query.expr().to_string(),
        Err(error) => panic!("{written}: {error}"),
    }
}

/// What is written is understood as `expected`, which is understood the same way.
fn understood(written: &str, expected: &str) {
    assert_eq!(tree(written), expected, "of {written}");
    let again = Query::parse(expected).unwrap();
    assert_eq!(Query::parse(written).unwrap().expr(), again.expr());
}

/// The query is refused with a German message that holds `words`, and an English one; `place` is what the carets stand under.
fn refused(written: &str, place: &str, words: &str) {
    let error = match Query::parse(written) {
        Ok(query) => panic!("{written} was taken as {}", query.expr()),
        Err(error) => error,
    };
    assert_eq!(&written[error.start..error.end], place, "{error}");
    let fault = &error.fault;
    assert!(fault.all().de.contains(words), "{}", fault.all().de);
    for said in [&fault.message, &fault.hint] {
        assert_eq!(said.de.is_empty(), said.en.is_empty(), "{said:?}");
    }
    assert!(!fault.message.en.is_empty() && fault.message.en != fault.message.de);
}

/// The query on a text. The matcher and the index are held to the same answers by `agreement`.
fn finds(query: &str, text: &str, expected: bool) {
    on(query, "", text, &Keys::default(), expected);
}

fn on(query: &str, title: &str, text: &str, keys: &Keys, expected: bool) {
    let parsed = match Query::parse(query) {
        Ok(parsed) => parsed,
        Err(error) => panic!("{query}: {error}"),
    };
    let (title_tokens, text_tokens) = (analyse(title), analyse(text));
    let doc = Doc {
        title: &title_tokens,
        text: &text_tokens,
        keys,
    };
    assert_eq!(
        naive::matches(parsed.expr(), &doc),
        expected,
        "{query} on {title} / {text}"
    );
}

#[test]
fn and_binds_tighter_than_or() {
    understood("a OR b AND c", "a OR (b AND c)");
    understood("a OR b NOT c", "a OR (b NOT c)");
    understood("a AND NOT b AND c", "a AND c NOT b");
    understood("NOT b AND a", "a NOT b");
    understood("(a OR b) NOT (c AND d)", "(a OR b) NOT (c AND d)");
    understood("((((a))))", "a");
}

#[test]
fn near_binds_tighter_than_and() {
    understood("a AND b NEAR/3 c", "a AND b NEAR/3 c");
    understood("(prote* NEAR/2f fronter*)", "prote* NEAR/2f fronter*");
    understood(
        "(((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no)",
        "((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no",
    );
    understood("a NEAR/7F b NEAR/100 c", "(a NEAR/7f b) NEAR/100 c");
    understood(
        "(a OR \"b c\") NEAR/3 (dd* OR e)",
        "(a OR \"b c\") NEAR/3 (dd* OR e)",
    );
}

#[test]
fn distances_behind_phrases_and_groups() {
    understood("\"a b\"~5", "a NEAR/5 b");
    understood("\"a b c\"~5", "(a AND b AND c)~5");
    understood("((a OR b) AND (c OR d))~5", "(a OR b) NEAR/5 (c OR d)");
    understood("title:\"a b c\"~2", "title:(a AND b AND c)~2");
}

#[test]
fn fields_distribute_over_brackets() {
    understood("title:(a OR b NOT c)", "title:a OR (title:b NOT title:c)");
    understood("title: BMI", "title:BMI");
    understood("title:(a NEAR/2 b)", "title:(a NEAR/2 b)");
    understood(
        "site:(bild.de OR\n\twww.Spiegel.de)",
        "site:\"bild.de\" OR site:\"spiegel.de\"",
    );
    understood(
        "url: www.x.com AND language:DE",
        "url:\"x.com\" AND lang:\"de\"",
    );
    understood("links:https://a.b/c~d:80?x", "links:\"a.b/c~d:80?x\"");
    understood(
        "voice:@BMI_Bund AND type:reply",
        "voice:\"bmi_bund\" AND type:\"reply\"",
    );
    understood(
        "site:(a.de NOT b.a.de) AND c",
        "(site:\"a.de\" NOT site:\"b.a.de\") AND c",
    );
}

#[test]
fn words_that_need_no_quotes_lose_them_and_others_keep_them() {
    understood(
        "\"BMI\" AND \"and\" AND \"title:x\"",
        "BMI AND \"and\" AND \"title:x\"",
    );
    understood(
        "„Bundesministerium des Innern*“",
        "\"Bundesministerium des Innern*\"",
    );
    understood(
        "E-Mail AND ff.aa AND 1.800",
        "E-Mail AND \"ff aa\" AND 1.800",
    );
    understood(
        "Minister:in OR (<Minister:in>)",
        "\"Minister:in\" OR \"Minister:in\"",
    );
    understood("{BMI} AND {14-88} AND ✡️", "{BMI} AND {14-88} AND \"✡\"");
    understood("a<<<Notiz (mit \" Klammer>>>AND(<<<x>>>b)", "a AND b");
}

#[test]
fn fields_of_a_mention() {
    let links = ["https://www.Spiegel.de/politik/a-1".to_owned()];
    let keys = Keys::new(RawKeys {
        site: "www.sport.bild.de",
        source: "Bluesky",
        lang: "de",
        kind: "article",
        url: "https://sport.bild.de/Politik/1",
        links: &links,
        voice: ["Bundesministerium des Innern", "BMI_Bund"],
        published_ms: 0,
    });
    let check = |query: &str, expected| on(query, "BMI plant", "das Amt", &keys, expected);
    check("title:\"BMI\" AND language:de AND site:bild.de", true);
    check("text:BMI OR title:Amt", false);
    check("site:ild.de", false);
    check("site:sp?rt.*.de OR site:x", true);
    check("url:\"bild.de/politik\" AND links:spiegel.de", true);
    check("url:spiegel.de", false);
    check("source:bluesky AND type:ARTICLE", true);
    check(
        "voice:@bmi_bund AND voice:\"Bundesministerium des Innern\" AND voice:bmi*",
        true,
    );
    check("BMI AND Amt", true);
    check("\"plant das\" OR BMI NEAR/100 Amt", false);
}

#[test]
fn what_near_counts() {
    finds("a NEAR/1 b", "a x b", true);
    finds("a NEAR/1 b", "a x x b", false);
    finds("a NEAR/0 a", "a", false);
    finds("bund* NEAR/0 bundes*", "Bundestag", false);
    finds("\"a b c\"~1", "c b x a", true);
    finds("\"a b c\"~1", "c x b x a", false);
    finds("\"a a b\"~1", "a b a", true);
    finds("\"a a b\"~1", "a b", false);
    finds("Danke NEAR/0 BMI", "Danke @[Konto] BMI", false);
    finds("Konto", "Danke @[Konto]", false);
}

#[test]
fn refusals_say_where_and_what_instead() {
    refused("", "", "leer");
    refused(" <<<nur Notiz>>> ", " <<<nur Notiz>>> ", "leer");
    refused("a ()", "(", "AND, OR oder NOT");
    refused("a AND ()", ")", "fehlt ein Suchwort");
    refused("a b", "b", "AND, OR oder NOT");
    refused("a und b", "und", "Großbuchstaben");
    refused("a AND", "", "fehlt ein Suchwort");
    refused("a AND OR b", "OR", "fehlt ein Suchwort");
    refused("NOT a", "NOT a", "NOT allein");
    refused("a OR NOT b", "NOT b", "jede Seite");
    refused("a AND (NOT b)", "NOT b", "NOT allein");
    refused("a NOT NOT b", "NOT", "kein NOT");
    refused("a NEAR/3 NOT b", "NOT", "kein NOT");
    refused("a NEAR/3 (b AND c)", "(b AND c)", "In NEAR");
    refused("a NEAR/3 title:b", "title:b", "vor die Klammer");
    refused("a NEAR/3 site:b", "site:b", "AND");
    refused("a NEAR/101 b", "101", "Höchstens 100");
    refused("a NEAR b", "NEAR", "NEAR/5");
    refused("a near/3 b", "near/3", "Großbuchstaben");
    refused("a ONEAR/4 b", "ONEAR/4", "NEAR/4f");
    refused("a NEAR/x b", "NEAR/x", "Zahl");
    refused("\"a b", "\"", "nicht geschlossen");
    refused("(a OR b", "(", "nicht geschlossen");
    refused("a) OR b", ")", "nicht geöffnet");
    refused("{BMI", "{", "nicht geschlossen");
    refused("a <<<b", "<<<", "kein Ende");
    refused("a AND *", "*", "zwei Buchstaben");
    refused("a AND b*", "b*", "zwei Buchstaben");
    refused("{BMI*}", "{BMI*}", "keine Platzhalter");
    refused("(a OR b)~3", "(a OR b)~3", "AND");
    refused("\"a\"~3", "\"a\"~3", "zwei bis");
    refused("a~3", "~3", "hinter einer Wortfolge");
    refused("\"a b\"~comp", "~comp", "einzelnen Wort");
    refused("\"Grenze\"~comp", "~comp", "einzelnen Wort");
    refused("{Grenze}~comp", "~comp", "einzelnen Wort");
    refused("(Grenze OR x)~comp", "~comp", "einzelnen Wort");
    refused("Grenze ~comp", "~comp", "einzelnen Wort");
    refused("#Grenze~comp", "#Grenze", "einzelnes Wort");
    refused("@BMI_Bund~comp", "@BMI_Bund", "einzelnes Wort");
    refused("E-Mail~comp", "E-Mail", "Bindestriche");
    refused("Grenz*~comp", "Grenz*", "Platzhalter");
    refused("14-88~comp", "14-88", "Buchstaben");
    refused("Amt~comp", "Amt", "vier Buchstaben");
    refused("Öl~comp", "Öl", "vier Buchstaben");
    refused("a~compound", "~", "hinter einer Wortfolge");
    refused("autor:x OR b", "autor:", "voice:");
    refused("#a NOT author:BMI_Bund", "author:", "voice:");
    refused("x AND engagementType:REPLY", "engagementType:", "type:");
    refused("https://bild.de", "https:", "links:");
    refused("site:", "site:", "Wert");
    refused("title:(site:x)", "title:(site:x)", "Feld");
    refused("title:text:x", "text:", "Feld");
    refused("title:(a OR text:b)", "text:", "Feld");
    refused("site:(a.de OR title:x)", "title:", "Feld");
    refused("site:(a.de b.de)", "b.de", "OR");
    refused("lang:german", "german", "zwei Buchstaben");
    refused("type:tweet", "tweet", "post, reply");
    refused("a -b", "-", "NOT");
    refused("length:[1 TO 3]", "length:", "gibt es nicht");
    refused("[1 TO 3]", "[", "published:");
    refused("lang:[a TO b]", "[", "published:");
    refused("title:[1 TO 3]", "[", "published:");
    refused("a AND since:2026-11-30", "since:", "published:");
    refused(
        "a AND published:2026-11-30",
        "published:",
        "Zeitraum aus Tagen",
    );
    refused("a AND published:[* TO *]", "[* TO *]", "Zeitraum aus Tagen");
    refused(
        "a AND published: [1 TO 3",
        "published:",
        "Zeitraum aus Tagen",
    );
    let turned = "[2026-11-02 TO 2026-11-01]";
    refused(
        &format!("a AND published:{turned}"),
        turned,
        "bevor er beginnt",
    );
    let time = "published:[2026-11-01 TO *]";
    refused(time, time, "allein");
    refused(&format!("a OR {time}"), time, "allein");
    refused(&format!("a NEAR/3 {time}"), time, "AND");
    refused(
        &format!("title:({time} AND a)"),
        &format!("title:({time} AND a)"),
        "Feld",
    );
    refused(&format!("title:{time}"), "published:", "Feld");
    refused(&format!("site:({time})"), "published:", "Feld");
    refused("!!! OR b", "!!!", "nichts");
}

#[test]
fn an_error_shows_the_line_with_carets() {
    let error = Query::parse("BMI AND\n(Grenze\tund Kontrolle)").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Operators are written in capitals.\n  (Grenze und Kontrolle)\n          ^^^\n\
         Write AND in capitals, or put the word in quotation marks."
    );
}

#[test]
fn the_search_page_puts_and_between_words() {
    let tree = |written: &str| Query::parse_search(written).map(|query| query.expr().to_string());
    assert_eq!(
        tree("Grenze Kontrolle"),
        Ok("Grenze AND Kontrolle".to_owned())
    );
    assert_eq!(
        tree("Recht und Ordnung"),
        Ok("Recht AND Ordnung".to_owned())
    );
    assert_eq!(
        tree("BMI \"a b\" NOT c d OR e"),
        Ok("(BMI AND \"a b\" AND d NOT c) OR e".to_owned())
    );
    assert_eq!(
        tree("near the border"),
        Ok("near AND the AND border".to_owned())
    );
    assert!(tree("site:(a.de b.de)").is_err());
    assert!(
        tree("a oder b")
            .unwrap_err()
            .to_string()
            .contains("Write OR in capitals")
    );
    assert!(tree(&"a ".repeat(65)).is_err() && tree(&"a ".repeat(64)).is_ok());
    assert!(tree(&"a".repeat(2049)).is_err());
}

#[test]
fn limits_hold() {
    let nested = |levels: usize| "(a AND ".repeat(levels) + "b" + &")".repeat(levels);
    assert!(Query::parse(&nested(31)).is_ok());
    assert!(Query::parse(&nested(32)).is_err());
    assert!(Query::parse(&vec!["a"; 1000].join(" OR ")).is_ok());
    assert!(Query::parse(&vec!["a"; 1001].join(" OR ")).is_err());
    assert!(Query::parse(&vec!["a"; 32].join(" NEAR/1 ")).is_ok());
    assert!(Query::parse(&vec!["a"; 200].join(" NEAR/1 ")).is_err());
    // A Hebrew letter that is three characters when it is composed.
    let site = |letters: usize| format!("site:{}", "\u{fb2c}".repeat(letters));
    assert!(Query::parse(&site(66)).is_ok() && Query::parse(&site(67)).is_err());
}

/// On the stack that tokio gives its threads; an overflow would end the process.
#[test]
fn queries_that_kill_are_refused_at_once() {
    let tests = || {
        let mut killers = vec![
            "(".repeat(3000),
            "(".repeat(16_000),
            "NOT ".repeat(4000),
            "NOT ".repeat(10_000),
            "(a AND ".repeat(2000) + "b" + &")".repeat(2000),
            "a NEAR/3 ".repeat(1800),
            "title:".repeat(2700),
            "site:(".repeat(2700),
            "\"".repeat(16_001),
            "<<<".repeat(5000),
            "<<<>>>".repeat(2700) + "(",
            "*a".repeat(8000),
            "published:[".repeat(1400),
            "published:[".repeat(1400) + "]",
            "a~comp ".repeat(2300),
            "~comp".repeat(3200),
            "\u{200b}a ".repeat(3000),
            "a".repeat(16 * 1024),
            "a ".repeat(8000),
        ];
        for c in [
            '(', ')', '"', '{', '}', '[', '~', '*', '?', '#', '@', ':', '-', '\'', '<', '„', 'ä',
            '👍', '\u{301}', '\0',
        ] {
            killers.push(c.to_string().repeat(16 * 1024 / c.len_utf8()));
        }
        for killer in killers {
            let refused = Query::parse(&killer);
            assert!(
                refused.is_err(),
                "{}",
                &killer[..killer.floor_char_boundary(40)]
            );
            assert!(Query::parse_search(&killer).is_err());
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(tests);
    thread.unwrap().join().unwrap();
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "Köln",
        "bmi*",
        "{BMI}",
        "#tag",
        "@a_b",
        "E-Mail",
        "\"a b\"",
        "\"a-b c\"~3",
        "„x y z“~2",
        "(",
        ")",
        "(",
        ")",
        " AND ",
        " OR ",
        " NOT ",
        " NEAR/2 ",
        " NEAR/0f ",
        "title:",
        "text:",
        "site:",
        "lang:de",
        "url:x.de/a",
        "~4",
        "<<<c>>>",
        "9/11",
        "§",
        "👍🏽",
        "Minister:in",
        "ff.aa",
        " ",
        "und",
        "\"AND\"",
        "x'y",
        "\"https://www.x.de/a(b)?c\"",
        "www.x.de",
        "voice:\"A B\"",
        "voice:\"@ @a\"",
        "url:\"https://www.www. x/ /\"",
        "source:a*b",
        "\u{200b}",
        "\u{301}",
        "*",
        "Grenze~comp",
        "published:[2026-11-01 TO *]",
        "published:[* TO 2026-11-01]",
        "köln~comp",
        "Oder~comp",
        "Mi\u{ad}nister~comp",
        "o\u{308}ffnung~comp",
        "~comp",
        "\u{feff}",
        "\"",
        "-",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Printing shows how a query is understood: the print must be understood the same way.
    #[test]
    fn a_printed_tree_parses_to_itself(written in pieces()) {
        for parsed in [Query::parse(&written), Query::parse_search(&written)].into_iter().flatten() {
            let printed = parsed.expr().to_string();
            match Query::parse(&printed) {
                Ok(again) => prop_assert_eq!(again.expr(), parsed.expr(), "{} printed {}", written, printed),
                Err(error) => prop_assert!(false, "{written} printed {printed}: {error}"),
            }
        }
    }

    #[test]
    fn nothing_written_panics(written in any::<String>()) {
        if let Err(error) = Query::parse(&written) {
            prop_assert!(written.get(error.start..error.end).is_some());
            prop_assert!(error.to_string().lines().count() <= 4);
        }
        let _ = Query::parse_search(&written).is_ok();
    }
}

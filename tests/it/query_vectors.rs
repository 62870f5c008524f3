//! The queries that editors bring along: the test vectors of the field notes and what real queries
//! of two public repositories contain. Each is understood as it was meant, and finds what it should
//! in the oracle and in the matcher.

use jiff::Timestamp;
use resonanz::matching::{Matcher, StoredQuery};
use resonanz::model::{Author, Kind, Mention};
use resonanz::privacy::MentionKey;
use resonanz::query::import::{Dialect, LossKind, import};
use resonanz::query::{Doc, Keys, Query, naive};
use resonanz::text::analyse;

fn parse(written: &str) -> Query {
    match Query::parse(written) {
        Ok(query) => query,
        Err(error) => panic!("{written}: {error}"),
    }
}

fn understood(written: &str, tree: &str) {
    assert_eq!(parse(written).expr().to_string(), tree, "of {written}");
    assert_eq!(parse(tree).expr(), parse(written).expr());
}

/// A reply of a public voice on a page that nobody has.
fn mention(title: &str, text: &str) -> Mention {
    Mention {
        key: MentionKey([7; 32]),
        source: "bluesky".to_owned(),
        platform: "bluesky".to_owned(),
        kind: Kind::Reply,
        published: Timestamp::UNIX_EPOCH,
        edited: None,
        collected: Timestamp::UNIX_EPOCH,
        title: title.to_owned(),
        text: text.to_owned(),
        lang: "de".to_owned(),
        site: "sport.bild.de".to_owned(),
        url: Some("https://www.bild.de/politik/1".to_owned()),
        links: vec!["https://www.x.com/a".to_owned()],
        author: Some(Author::Voice {
            name: "Bundesministerium des Innern".to_owned(),
            handle: "BMI_Bund".to_owned(),
            account: None,
        }),
        sealed: None,
        reply_to: None,
        marks: resonanz::model::Marks::default(),
    }
}

fn on(query: &str, title: &str, text: &str, expected: bool) {
    let query = parse(query);
    let mention = mention(title, text);
    let (title_tokens, text_tokens) = (analyse(title), analyse(text));
    let doc = Doc {
        title: &title_tokens,
        text: &text_tokens,
        keys: &Keys::of(&mention),
    };
    let written = query.written().to_owned();
    let naively = naive::matches(query.expr(), &doc);
    assert_eq!(naively, expected, "{written} on {title} / {text}");
    let matcher = Matcher::new(vec![StoredQuery {
        watch: "w".to_owned(),
        target: "t".to_owned(),
        query,
    }]);
    let matched = !matcher.numbers(&mention, &mut matcher.scratch()).is_empty();
    assert_eq!(matched, expected, "{written} on {title} / {text}");
}

fn finds(query: &str, texts: &[&str]) {
    texts.iter().for_each(|text| on(query, "", text, true));
}

fn misses(query: &str, texts: &[&str]) {
    texts.iter().for_each(|text| on(query, "", text, false));
}

/// Refused natively with a German and an English hint that holds `instead`.
fn refused(written: &str, place: &str, instead: &str) {
    let error = match Query::parse(written) {
        Ok(query) => panic!("{written} was taken as {}", query.expr()),
        Err(error) => error,
    };
    assert_eq!(&written[error.start..error.end], place, "{error}");
    let said = error.fault.all();
    assert!(
        said.de.contains(instead) && said.en.contains(instead),
        "{said:?}"
    );
}

fn imported(dialect: Dialect, written: &str) -> String {
    match import(dialect, written) {
        Ok(imported) => imported.query.expr().to_string(),
        Err(report) => panic!("{written}: {report}"),
    }
}

#[test]
fn bmi_is_not_the_body_mass_index() {
    let query = "{BMI} NEAR/5 (Innenminist* OR Ministerium)";
    understood(query, query);
    finds(
        query,
        &[
            "Das BMI ist ein Ministerium",
            "Innenministerin: Das #BMI prüft",
        ],
    );
    misses(
        query,
        &[
            "Body-Mass-Index: mein bmi, sagt das Ministerium",
            "Das BMI ist eins zwei drei vier fünf Ministerium",
        ],
    );
}

#[test]
fn names_of_the_ministry() {
    let query = "\"Bundesinnenministerium\" OR \"Bundesministerium des Innern*\"";
    understood(
        query,
        "Bundesinnenministerium OR \"Bundesministerium des Innern*\"",
    );
    finds(
        query,
        &[
            "das BUNDESMINISTERIUM des\nInnern",
            "Bundesministerium des Innernxy",
            "im Bundesinnenministerium.",
        ],
    );
    misses(
        query,
        &[
            "Bundesministerium im Innern",
            "Bundesministerium des Inneren",
        ],
    );
}

#[test]
fn resignations_in_every_spelling() {
    let query = "(<Minister:in> OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)";
    understood(
        query,
        "(\"Minister:in\" OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)",
    );
    finds(
        query,
        &[
            "RÜCKTRITT der Innenministerin",
            "Ministerin: Rucktritt!",
            "Minister:in vor Ruecktritt",
            "Ru\u{308}cktritt, Innenminister",
        ],
    );
    misses(query, &["Rücktritt eins zwei drei vier Innenminister"]);
}

#[test]
fn lies_about_border_controls() {
    let query = "Grenzkontroll* NEAR/3 (luege* OR lüge* OR fake)";
    understood(query, query);
    finds(
        query,
        &["Die Lügen zu Grenzkontrollen", "Grenzkontrolle: FAKE"],
    );
    misses(query, &["Grenzkontrolle eins zwei drei vier fake"]);
    let tags = "#Abschiebung* NOT voice:BMI_Bund";
    understood(tags, "#Abschiebung* NOT voice:\"bmi_bund\"");
    misses(tags, &["#Abschiebungen stoppen"]);
    finds("#Abschiebung*", &["#Abschiebungen stoppen"]);
    misses("#Abschiebung*", &["Abschiebungen stoppen"]);
}

#[test]
fn fields_of_others_say_what_to_write() {
    refused("#Abschiebung* NOT author:BMI_Bund", "author:", "voice:");
    refused("author: VenecaGang_", "author:", "voice:");
    refused("author:(a OR\n b\tOR)", "author:", "voice:");
    refused(
        "@BMI_Bund AND engagementType:REPLY",
        "engagementType:",
        "type:",
    );
    refused(
        "a AND authorFollowers:[500 TO 100000]",
        "authorFollowers:",
        "authorFollowers",
    );
    refused(
        "a AND minuteOfDay:[1110 TO 1140]",
        "minuteOfDay:",
        "minuteOfDay",
    );
    refused("raw:BMI", "raw:", "{ }");
    refused("a AND country:deu", "country:", "site:");
    refused("topLevelDomain:de", "topLevelDomain:", "site:*.de");
    refused("domainurl:spiegel.de", "domainurl:", "site:");
    refused("host_url:spiegel.de", "host_url:", "site:");
    refused("sourcetype:ONLINENEWS", "sourcetype:", "type:");
    refused("mention:@x", "mention:", "@name");
    refused("ingress:BMI", "ingress:", "text:");
    refused("a ONEAR/4 b", "ONEAR/4", "NEAR/4f");
    finds("@BMI_Bund AND type:reply", &["Liebes @BMI_Bund!"]);
}

/// What the import makes of a field is what the native language tells to write, and what it refuses
/// is refused natively too.
#[test]
fn import_and_native_language_agree_on_the_fields_of_others() {
    for (field, value, native) in [
        ("author", "BMI_Bund", "voice:\"bmi_bund\""),
        ("engagementType", "REPLY", "type:\"reply\""),
        ("language", "de", "lang:\"de\""),
        ("raw", "BMI", "{BMI}"),
    ] {
        let written = format!("{field}:{value}");
        assert_eq!(imported(Dialect::Brandwatch, &written), native);
    }
    for written in [
        "country:deu",
        "authorFollowers:[500 TO 100000]",
        "authorVerified:true",
        "latitude:[41 TO 44]",
        "minuteOfDay:[1110 TO 1140]",
        "rating:[3 TO 5]",
        "channelId:5",
        "subreddit:de",
        "topLevelDomain:de",
    ] {
        let report = import(Dialect::Brandwatch, &format!("a AND {written}")).unwrap_err();
        let refusals = report.losses.iter();
        let reason = refusals
            .filter(|loss| loss.kind == LossKind::Unsupported)
            .map(|loss| loss.reason.clone())
            .next()
            .unwrap();
        let error = Query::parse(&format!("a AND {written}")).unwrap_err();
        assert_eq!(error.fault.hint.de, reason.de, "{written}");
        assert_eq!(error.fault.hint.en, reason.en, "{written}");
    }
}

#[test]
fn fields_side_by_side() {
    let query = "title:\"BMI\" language:de site:bild.de";
    let error = Query::parse(query).unwrap_err();
    assert_eq!(&query[error.start..error.end], "language:");
    let tree = "title:BMI AND lang:\"de\" AND site:\"bild.de\"";
    let search = Query::parse_search(query).unwrap();
    assert_eq!(search.expr().to_string(), tree);
    on(tree, "Das BMI plant", "", true);
    on(tree, "", "Das BMI plant", false);
}

#[test]
fn apostrophes() {
    finds("\"wendy's\"", &["bei Wendy’s", "bei WENDYS", "wendy s"]);
    finds("\"wendy s\"", &["bei Wendy’s", "bei Wendy's"]);
    misses("\"wendy s\"", &["bei Wendys"]);
}

#[test]
fn numbers_with_signs_in_them() {
    finds("9/11", &["am 9/11", "die 9/11-Kommission"]);
    misses("9/11", &["am 9. 11.", "9 von 11", "19/11", "9/111"]);
    finds("(Jews NEAR/3f 9/11)", &["the jews and 9/11"]);
    misses("(Jews NEAR/3f 9/11)", &["9/11 and the jews"]);
    understood("{14-88} OR 14-88", "{14-88} OR 14-88");
    finds("{14-88}", &["Code 14-88!"]);
    misses("{14-88}", &["1488", "14/88", "14 88"]);
    finds("1.800", &["rund 1.800 Menschen"]);
    misses("1.800", &["1800 Menschen", "1 800", "1,800"]);
    finds("\"4s\" AND J3W", &["ein 4S von j3w"]);
    understood("\"ff.aa\"", "\"ff aa\"");
    finds("\"ff.aa\"", &["die FF.AA. melden", "ff aa"]);
    misses("\"ff.aa\"", &["ffaa", "aa ff"]);
}

#[test]
fn cologne_is_cologne() {
    for query in ["Koeln", "Köln", "KÖLN", "Ko\u{308}ln", "köln"] {
        finds(query, &["Köln", "KÖLN", "Koeln", "KOELN", "Ko\u{308}ln"]);
        misses(query, &["Kölner", "Kohln"]);
    }
    finds("Köln", &["Koln"]);
    misses("Koln", &["Koeln"]);
    finds("Straße", &["STRASSE", "strasse", "STRAẞE"]);
    misses("{Köln}", &["KÖLN", "Koeln", "köln"]);
    finds("{Köln}", &["Köln", "Ko\u{308}ln", "#Köln"]);
}

#[test]
fn emoji_with_and_without_variation_selector() {
    for query in ["✡️", "✡", "\"✡️\""] {
        understood(query, "\"✡\"");
        finds(query, &["oh ✡️", "oh ✡", "✡✡️"]);
        misses(query, &["★"]);
    }
    finds("👍", &["👍🏽", "👍"]);
    finds("{👍🏽}", &["👍🏽"]);
    misses("{👍🏽}", &["👍"]);
    finds("✡️ NEAR/2 (Stern OR star)", &["der Stern ✡"]);
}

#[test]
fn near_nested_and_grouped() {
    understood(
        "(((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no)",
        "((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no",
    );
    let plata = "(((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no)";
    finds(plata, &["con toda mi plata no"]);
    misses(plata, &["con toda mi plata y no", "no plata mi con"]);
    finds("(prote* NEAR/2f fronter*)", &["proteger la frontera"]);
    misses("(prote* NEAR/2f fronter*)", &["frontera protegida"]);
    let nested =
        "((prote* OR \"Innere Sicherheit\") NEAR/3 (Grenz* NEAR/0f kontroll*)) NEAR/10 {BMI}";
    understood(nested, nested);
    finds(
        nested,
        &[
            "Innere Sicherheit: Grenz-Kontrollen, sagt das BMI",
            "BMI! Kein Protest gegen Grenze kontrollieren",
        ],
    );
    misses(
        nested,
        &[
            "Innere Sicherheit: Kontrollen der Grenze, sagt das BMI",
            "Innere und Sicherheit: Grenz-Kontrollen, sagt das BMI",
            "Innere Sicherheit: Grenz-Kontrollen, sagt das bmi",
        ],
    );
    understood("a NEAR/7F b", "a NEAR/7f b");
    understood("a NEAR/0f b", "a NEAR/0f b");
    finds("a NEAR/0f b", &["x a b"]);
    misses("a NEAR/0f b", &["b a", "a x b"]);
    finds("a NEAR/4 b", &["b 1 2 3 4 a", "a b"]);
    misses("a NEAR/4 b", &["b 1 2 3 4 5 a"]);
    finds("a NEAR/4f b", &["a 1 2 3 4 b"]);
    misses("a NEAR/4f b", &["b a", "a 1 2 3 4 5 b"]);
    let far = format!("a {} b", "x ".repeat(100));
    finds("a NEAR/100 b", &[&far]);
    misses("a NEAR/99 b", &[&far]);
    finds("a NEAR/2 #enmienda*", &["#EnmiendaSiete a"]);
    finds("antisem?tism NEAR/3 (x OR y)", &["y antisemitism"]);
}

#[test]
fn distances_behind_quotes() {
    understood(
        "\"Minister tritt zurück\"~5",
        "(Minister AND tritt AND zurück)~5",
    );
    finds(
        "\"Minister tritt zurück\"~1",
        &["zurück tritt der Minister"],
    );
    misses(
        "\"Minister tritt zurück\"~1",
        &["zurück, so tritt der Minister"],
    );
    understood("\"a b\"~2 NEAR/3 c", "(a NEAR/2 b) NEAR/3 c");
    understood("„a b“~0", "a NEAR/0 b");
}

#[test]
fn lists_distribute_over_a_field() {
    understood("title:(a OR b)", "title:a OR title:b");
    understood("title:(a AND (b OR c))", "title:a AND (title:b OR title:c)");
    understood("title:((a OR b) NEAR/2 c)", "title:((a OR b) NEAR/2 c)");
    understood(
        "x NOT site:(bild.de OR www.Spiegel.de)",
        "x NOT (site:\"bild.de\" OR site:\"spiegel.de\")",
    );
    understood(
        "url:(guardian.com OR \"nytimes.com/a b\")",
        "url:\"guardian.com\" OR url:\"nytimes.com/a b\"",
    );
    understood("voice:(a OR @b)", "voice:\"a\" OR voice:\"b\"");
    on("title:(BMI OR Amt)", "Das Amt", "", true);
    on("title:(BMI OR Amt)", "", "Das Amt", false);
    finds("site:(bild.de OR spiegel.de) AND a", &["a"]);
    misses("site:(zeit.de OR spiegel.de) AND a", &["a"]);
    finds("url:(x OR bild.de/politik)", &["a"]);
    finds("links:(x.com OR y)", &["a"]);
}

#[test]
fn blanks_behind_a_colon() {
    understood("url: www.x.com", "url:\"x.com\"");
    understood("voice: BMI_Bund", "voice:\"bmi_bund\"");
    understood("site:\tbild.de", "site:\"bild.de\"");
    understood("title:\n\tBMI", "title:BMI");
    understood("lang:\u{a0}de", "lang:\"de\"");
    understood(
        "site: ( bild.de\tOR\nzeit.de )",
        "site:\"bild.de\" OR site:\"zeit.de\"",
    );
    refused("site: bild.de zeit.de", "zeit.de", "OR");
}

#[test]
fn tabs_breaks_and_comments_in_odd_places() {
    for written in [
        "a\tAND\r\nb",
        "a<<<x>>>AND<<<y>>>b",
        "(<<<x>>>a AND b<<<y (\" >>>)",
        "a AND<<<x>>>(b)",
        "\u{feff}a AND\u{200b} b\u{200b}",
        "<<<x>>>\na\n<<<y>>>\nAND b <<<z>>>",
        "a AND <<<><<>>>b",
    ] {
        understood(written, "a AND b");
    }
    understood("a NEAR/3<<<x>>>b", "a NEAR/3 b");
    understood("a<<<x>>>NEAR/3f\tb", "a NEAR/3f b");
    understood("a AND NOT<<<x>>>b", "a NOT b");
    understood("title:<<<x>>>a", "title:a");
    understood("title: <<<x>>>\n(a OR<<<y>>>b)", "title:a OR title:b");
    understood("site:<<<x>>>bild.de<<<y>>>", "site:\"bild.de\"");
    understood(
        "site:(a.de <<<x>>> OR\n\tb.de<<<y>>>)",
        "site:\"a.de\" OR site:\"b.de\"",
    );
    understood("{BMI}<<<x>>>AND\t\"a\u{a0}b\"", "{BMI} AND \"a b\"");
    refused("\"a b\"<<<x>>>~3", "~3", "~");
    refused("a <<<b", "<<<", ">>>");
    refused("voice:(a OR\n b\tOR)", ")", "OR Kontrolle");
}

#[test]
fn a_capital_word_alone_is_exact_for_talkwalker() {
    assert_eq!(imported(Dialect::Talkwalker, "BMI"), "{BMI}");
    assert_eq!(imported(Dialect::Meltwater, "a ONEAR/4 b"), "a NEAR/4f b");
    assert_eq!(imported(Dialect::Brandwatch, "a NEAR/4f b"), "a NEAR/4f b");
}

#[test]
fn compounds_are_found_where_they_are_asked_for() {
    let query = "Grenzkontrolle~comp";
    understood(query, query);
    finds(
        query,
        &[
            "Grenzkontrolle",
            "Die Binnengrenzkontrolle",
            "#Binnengrenzkontrollen",
            "Grenzkontrollen-Debatte",
            "die Grenz-Kontrollen",
        ],
    );
    misses(
        query,
        &["Grenzkontrollstelle", "Grenzen kontrollieren", "@x"],
    );
    misses("Grenzkontrolle", &["Binnengrenzkontrolle"]);
    finds("Grenzkontroll~comp", &["Grenzkontrollstelle"]);
    for query in ["Führung~comp", "fuehrung~comp"] {
        finds(
            query,
            &["Parteiführung", "PARTEIFUEHRUNG", "Fu\u{308}hrungsstil"],
        );
    }
    finds("Führung~comp", &["Parteifuhrung"]);
    finds("Asyl~comp", &["Kirchenasyl", "Asylbewerberin"]);
    finds(
        "Kontrolle~comp NEAR/2f Grenze~comp",
        &["Passkontrollen an Binnengrenzen"],
    );
    misses(
        "Kontrolle~comp NEAR/2f Grenze~comp",
        &["Binnengrenzen: Passkontrollen"],
    );
    understood("title:(Grenze~comp OR x)", "title:Grenze~comp OR title:x");
    on("title:(Grenze~comp)", "Binnengrenzen", "", true);
    on("title:(Grenze~comp)", "", "Binnengrenzen", false);
    understood("(Grenze~COMP)", "Grenze~comp");
    misses("Grenze~comp", &["https://binnengrenzen.example/grenzen"]);
}

#[test]
fn days_of_publication() {
    understood(
        "a AND Published: [ 2026-11-01\tTO * ]",
        "a AND published:[2026-11-01 TO *]",
    );
    // The mention was published at the beginning of 1970, at one o'clock in Berlin.
    finds("a AND published:[1970-01-01 TO 1970-01-01]", &["a"]);
    misses("a AND published:[1970-01-02 TO *]", &["a"]);
    finds("a NOT published:[* TO 1969-12-31]", &["a"]);
}

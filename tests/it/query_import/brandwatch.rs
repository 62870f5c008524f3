//! Brandwatch.

use super::*;
use resonanz::query::import::Dialect::Brandwatch;

#[test]
fn what_means_the_same_is_kept() {
    becomes(Brandwatch, "a AND (b OR c)", "a AND (b OR c)");
    becomes(
        Brandwatch,
        "(prote* NEAR/2f fronter*)",
        "prote* NEAR/2f fronter*",
    );
    becomes(
        Brandwatch,
        "(((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no)",
        "((con NEAR/1f mi) NEAR/0f plata) NEAR/0f no",
    );
    becomes(Brandwatch, "a NEAR/7F b", "a NEAR/7f b");
    becomes(Brandwatch, "(Jews NEAR/3f 9/11)", "Jews NEAR/3f 9/11");
    becomes(
        Brandwatch,
        "{14-88} OR \"4s\" OR J3W",
        "{14-88} OR 4s OR J3W",
    );
    becomes(
        Brandwatch,
        "✡️ OR \"ff.aa\" OR 1.800",
        "\"✡\" OR \"ff aa\" OR 1.800",
    );
    becomes(
        Brandwatch,
        "#enmienda* OR antisem?tism",
        "#enmienda* OR antisem?tism",
    );
    becomes(Brandwatch, "url: www.x.com", "url:\"x.com\"");
    becomes(
        Brandwatch,
        "url:(guardian.com OR nytimes.com)",
        "url:\"guardian.com\" OR url:\"nytimes.com\"",
    );
    becomes(
        Brandwatch,
        "links:https://a.b/c~d[1]?x",
        "links:\"a.b/c~d[1]?x\"",
    );
    becomes(
        Brandwatch,
        "site:((a.de OR b.de) OR c.de)",
        "(site:\"a.de\" OR site:\"b.de\") OR site:\"c.de\"",
    );
    says(Brandwatch, "(a OR \"b c\") NEAR/100f {BMI}", &[]);
    says(
        Brandwatch,
        "a <<<why AND (>>> AND site:(bild.de OR x.de)",
        &[],
    );
}

#[test]
fn the_text_of_the_query_stays_readable() {
    let query = "<<<who>>> {BMI} NEAR/5f (Innenminist* OR \"des Innern\")\nAND language:(de OR en)";
    let native = imported(Brandwatch, query).query;
    let expected =
        "<<<who>>> {BMI} NEAR/5f (Innenminist* OR \"des Innern\") AND lang:(\"de\" OR \"en\")";
    assert_eq!(native.written(), expected);
}

#[test]
fn every_construct_is_listed() {
    let report = imported(Brandwatch, "{BMI} NEAR/5f Minist* AND language:de").report;
    let kinds: Vec<(LossKind, &str)> = report
        .losses
        .iter()
        .map(|loss| (loss.kind, loss.written.as_str()))
        .collect();
    let kept = |written| (LossKind::Kept, written);
    let note = kept("AND");
    let rewritten = (LossKind::Rewritten, "language:de");
    assert_eq!(
        kinds,
        [
            kept("{BMI}"),
            kept("NEAR/5f"),
            kept("Minist*"),
            note,
            rewritten
        ]
    );
    assert_eq!(report.count(LossKind::Kept), 4);
}

#[test]
fn fields_are_renamed_and_their_lists_distributed() {
    says(
        Brandwatch,
        "title:\"BMI\" AND language:de AND site:bild.de",
        &["rewritten 1:17 language:de -> lang:\"de\""],
    );
    becomes(
        Brandwatch,
        "title:(a OR b) AND engagementType:(REPLY OR COMMENT)",
        "(title:a OR title:b) AND (type:\"reply\" OR type:\"comment\")",
    );
    says(
        Brandwatch,
        "engagementType:REPLY",
        &["rewritten 1:1 engagementType:REPLY -> type:reply"],
    );
    refuses(
        Brandwatch,
        "a AND engagementType:(REPLY OR RETWEET)",
        "RETWEET",
        ["Reposts", "Weiterverbreitete"],
    );
    refuses(
        Brandwatch,
        "engagementType:reply",
        "engagementType:reply",
        ["capitals", "Großbuchstaben"],
    );
    says(
        Brandwatch,
        "a NOT site:www.twitter.com",
        &["rewritten 1:7 site:www.twitter.com -> site:\"www.twitter.com\""],
    );
}

#[test]
fn authors_become_voices() {
    says(
        Brandwatch,
        "author: VenecaGang_",
        &["rewritten 1:1 author: VenecaGang_ -> voice:\"VenecaGang_\""],
    );
    becomes(
        Brandwatch,
        "author:(a OR\n b\tOR \"c d\")",
        "voice:\"a\" OR voice:\"b\" OR voice:\"c d\"",
    );
    becomes(
        Brandwatch,
        "author:Erika.Muster",
        "voice:\"erika muster\" OR voice:\"erika.muster\"",
    );
    let report = imported(Brandwatch, "#Abschiebung* NOT author:BMI_Bund").report;
    let reason = &report.losses[1].reason;
    assert!(reason.en.contains("only registered public voices"));
    assert!(reason.en.contains("excludes nothing") && reason.de.contains("schließt nichts aus"));
    let chosen = imported(Brandwatch, "author:BMI_Bund").report;
    assert!(!chosen.losses[0].reason.en.contains("excludes"));
}

#[test]
fn what_has_no_equal_is_refused_where_it_stands() {
    let person = ["not people", "nicht Menschen"];
    for (query, written, words) in [
        ("a AND country:deu", "country:deu", ["at home", "stammen"]),
        (
            "a AND city:\"deu.berlin.berlin\"",
            "city:\"deu.berlin.berlin\"",
            ["at home", "stammen"],
        ),
        (
            "a AND latitude:[41 TO 44]",
            "latitude:[41 TO 44]",
            ["at home", "stammen"],
        ),
        (
            "a AND authorFollowers:[500 TO 100000]",
            "authorFollowers:[500 TO 100000]",
            person,
        ),
        ("a AND authorVerified:true", "authorVerified:true", person),
        (
            "a AND imageType:(x OR (y))",
            "imageType:(x OR (y))",
            ["Pictures", "Bilder"],
        ),
        (
            "a AND rating: [3 TO 5]",
            "rating: [3 TO 5]",
            ["kept", "festgehalten"],
        ),
        ("a AND guid:12:3", "guid:12:3", ["sealed", "versiegelt"]),
        (
            "a AND topLevelDomain:de",
            "topLevelDomain:de",
            ["site:*.de", "site:*.de"],
        ),
        (
            "a AND minuteOfDay:[1110 TO 1140]",
            "minuteOfDay:[1110 TO 1140]",
            ["time", "Uhrzeit"],
        ),
        (
            "a AND nonsense:x",
            "nonsense:x",
            ["not known", "nicht bekannt"],
        ),
        (
            "a AND https://x.de/(b)",
            "https://x.de/",
            ["quotes", "Anführungszeichen"],
        ),
        (
            "a AND site:[1 TO 2]",
            "site:[1 TO 2]",
            ["not known", "nicht bekannt"],
        ),
        (
            "a AND site:(b OR url:c)",
            "url:c",
            ["in another", "in einem anderen"],
        ),
        (
            "a AND title:site:b",
            "site:b",
            ["in another", "in einem anderen"],
        ),
        ("a AND site:", "site:", ["missing", "fehlt"]),
        ("a AND \"b", "\"b", ["partner", "Gegenstück"]),
        ("a AND iphone^9", "^9", ["not known", "nicht bekannt"]),
        ("a AND -b", "-b", ["not known", "nicht bekannt"]),
        ("a WITHIN/5 b", "WITHIN/5", ["not known", "nicht bekannt"]),
    ] {
        refuses(Brandwatch, query, written, words);
    }
    let all = import(
        Brandwatch,
        "country:deu AND b\nOR gender:x AND title:(c\n  rating:[1 TO 2])",
    );
    let refused = all.unwrap_err();
    let places = refused
        .losses
        .iter()
        .filter(|loss| loss.kind == LossKind::Unsupported);
    let places: Vec<_> = places.map(|loss| (loss.line, loss.column)).collect();
    assert_eq!(places, [(1, 1), (2, 4), (3, 3)], "all faults at once");
}

#[test]
fn what_the_native_language_refuses_is_told_at_its_place() {
    refuses(
        Brandwatch,
        "ä AND\n (b OR (a AND c)) NEAR/3f d",
        "(b OR (a AND c))",
        ["refuses", "NEAR"],
    );
    refuses(
        Brandwatch,
        "(author:x OR b) NEAR/3f c",
        "(author:x OR b)",
        ["refuses", "Wortabstände"],
    );
    refuses(Brandwatch, "NOT a", "NOT a", ["refuses", "NOT allein"]);
    refuses(
        Brandwatch,
        "a OR (b NOT c",
        "(",
        ["refuses", "nicht geschlossen"],
    );
    refuses(Brandwatch, "a and b", "and", ["refuses", "Großbuchstaben"]);
    refuses(Brandwatch, "a b", "b", ["refuses", "Verknüpfung"]);
    refuses(
        Brandwatch,
        "a AND b NEAR/101f c",
        "NEAR/101f",
        ["refuses", "100"],
    );
    refuses(
        Brandwatch,
        "\"a b c d e f g\"~5",
        "\"a b c d e f g\"~5",
        ["refuses", "6"],
    );
    refuses(Brandwatch, "(a OR b)~5", "(a OR b)~5", ["refuses", "AND"]);
    refuses(
        Brandwatch,
        "language:german",
        "language:german",
        ["refuses", "zwei Buchstaben"],
    );
    refuses(Brandwatch, "", "", ["refuses", "leer"]);
    let report = import(Brandwatch, "ä AND\n (b OR (a AND c)) NEAR/3f d").unwrap_err();
    let refused = report
        .losses
        .iter()
        .find(|loss| loss.kind == LossKind::Unsupported);
    assert_eq!(refused.map(|loss| (loss.line, loss.column)), Some((2, 2)));
}

#[test]
fn braces_ask_for_capitals_only() {
    says(Brandwatch, "{BT} OR {14-88}", &[]);
    says(
        Brandwatch,
        "{BfV}",
        &["rewritten 1:1 {BfV} -> ({BfV} OR {BFV})"],
    );
    finds(Brandwatch, "{BfV}", "der BFV", true);
    finds(Brandwatch, "{BfV}", "der bfv", false);
    becomes(
        Brandwatch,
        "{BaMf} NEAR/2f x",
        "({BaMf} OR {BAMf} OR {BaMF} OR {BAMF}) NEAR/2f x",
    );
    says(
        Brandwatch,
        "{Bundestag}",
        &["rewritten 1:1 {Bundestag} -> {Bundestag}"],
    );
    says(Brandwatch, "{bmi}", &["rewritten 1:1 {bmi} -> \"bmi\""]);
    finds(Brandwatch, "{bmi}", "das BMI", true);
    says(Brandwatch, "raw:BMI", &["rewritten 1:1 raw:BMI -> {BMI}"]);
    refuses(
        Brandwatch,
        "raw:Google+",
        "raw:Google+",
        ["far more", "weit mehr"],
    );
    refuses(Brandwatch, "{C#}", "{C#}", ["far more", "weit mehr"]);
    says(Brandwatch, "{AT&T}", &["rewritten 1:1 {AT&T} -> {AT&T}"]);
    refuses(Brandwatch, "{ }", "{ }", ["no word", "kein Wort"]);
}

#[test]
fn accents_find_more_than_there() {
    says(
        Brandwatch,
        "Türkei OR Turkei OR \"in der Türkei\" OR Tu\u{308}rkei",
        &[
            "rewritten 1:1 Türkei -> Türkei",
            "rewritten 1:21 \"in der Türkei\" -> \"in der Türkei\"",
            "rewritten 1:40 Tu\u{308}rkei -> \"Tu\u{308}rkei\"",
        ],
    );
    refuses(Brandwatch, "Nino NOT niño", "niño", ["exclude", "schlösse"]);
    refuses(
        Brandwatch,
        "a AND (b OR turkei) NOT (c OR Türkei)",
        "Türkei",
        ["exclude", "schlösse"],
    );
    says(
        Brandwatch,
        "Nino NOT Türkei",
        &["rewritten 1:10 Türkei -> Türkei"],
    );
}

#[test]
fn signs_and_question_marks_are_told() {
    says(
        Brandwatch,
        "Yahoo! AND b",
        &["rewritten 1:1 Yahoo! -> \"Yahoo!\""],
    );
    says(
        Brandwatch,
        "\"Bund, Länder\" AND 50% AND $5 AND 9/11",
        &["rewritten 1:1 \"Bund, Länder\" -> \"Bund, Länder\""],
    );
    says(Brandwatch, "customi?e", &[]);
    for query in ["\"stimmt das?\"", "das?", "\"das? nein\""] {
        refuses(
            Brandwatch,
            query,
            query,
            ["not documented", "nicht dokumentiert"],
        );
    }
    says(
        Brandwatch,
        "@BMI_Bund",
        &["rewritten 1:1 @BMI_Bund -> @BMI_Bund"],
    );
}

#[test]
fn counting_and_binding_are_noted() {
    says(Brandwatch, "a NEAR/5 b", &["kept 1:3 NEAR/5 -> NEAR/5"]);
    says(Brandwatch, "\"apple juice\"~5", &["kept 1:14 ~5 -> ~5"]);
    becomes(
        Brandwatch,
        "((a OR b) AND (c OR d))~5",
        "(a OR b) NEAR/5 (c OR d)",
    );
    says(Brandwatch, "a OR b AND c", &["kept 1:8 AND -> AND"]);
    says(Brandwatch, "a OR b NOT c", &["kept 1:8 NOT -> NOT"]);
    says(Brandwatch, "a OR (b NOT c AND d)", &[]);
    for query in [
        "a NEAR b",
        "a near/5 b",
        "a NEAR/x b",
        "a ONEAR/5 b",
        "a NEAR/ b",
    ] {
        let written = query.split(' ').nth(1).unwrap();
        refuses(Brandwatch, query, written, ["NEAR/5f", "NEAR/5f"]);
    }
}

#[test]
fn the_test_vectors() {
    let bmi = "{BMI} NEAR/5 (Innenminist* OR Ministerium)";
    becomes(Brandwatch, bmi, bmi);
    finds(Brandwatch, bmi, "Das BMI ist ein Ministerium", true);
    finds(
        Brandwatch,
        bmi,
        "Body-Mass-Index im Ministerium: bmi 30",
        false,
    );
    let name = "\"Bundesinnenministerium\" OR \"Bundesministerium des Innern*\"";
    finds(
        Brandwatch,
        name,
        "das Bundesministerium des Innern und für Heimat",
        true,
    );
    let minister = "(<Minister:in> OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)";
    becomes(
        Brandwatch,
        minister,
        "(\"Minister:in\" OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)",
    );
    finds(Brandwatch, minister, "Rücktritt der Innenministerin", true);
    finds(Brandwatch, minister, "ein Ruecktritt der Minister:in", true);
    becomes(
        Brandwatch,
        "#Abschiebung* NOT author:BMI_Bund",
        "#Abschiebung* NOT voice:\"bmi_bund\"",
    );
    let lie = "Grenzkontroll* NEAR/3 (luege* OR lüge* OR fake)";
    becomes(Brandwatch, lie, lie);
    finds(Brandwatch, lie, "Grenzkontrollen sind eine Lüge", true);
    becomes(
        Brandwatch,
        "@BMI_Bund AND engagementType:REPLY",
        "@BMI_Bund AND type:\"reply\"",
    );
    let fields = "title:\"BMI\" AND language:de AND site:bild.de";
    becomes(
        Brandwatch,
        fields,
        "title:BMI AND lang:\"de\" AND site:\"bild.de\"",
    );
    let keys = RawKeys {
        lang: "de",
        site: "sport.bild.de",
        ..RawKeys::default()
    };
    on(Brandwatch, fields, "Das BMI", "x", keys, true);
    on(Brandwatch, fields, "x", "Das BMI", keys, false);
    refuses(
        Brandwatch,
        "title:\"BMI\" language:de site:bild.de",
        "language:de",
        ["refuses", "Verknüpfung"],
    );
    for text in ["bei wendy's", "bei Wendy s"] {
        finds(Brandwatch, "\"wendy's\"", text, true);
        finds(Brandwatch, "\"wendy s\"", text, true);
    }
    finds(Brandwatch, "9/11", "am 9/11 war", true);
    for query in ["Koeln", "Köln", "KÖLN"] {
        for text in ["Koeln", "Köln", "KÖLN"] {
            finds(Brandwatch, query, text, true);
        }
    }
    becomes(Brandwatch, "a NEAR/4f b", "a NEAR/4f b");
}

#[test]
fn a_real_length_is_read() {
    let words = (0..900).map(|i| format!("wort{i}")).collect::<Vec<_>>();
    let query = format!("({}) NEAR/5 {{BMI}}", words.join(" OR "));
    assert!(query.len() > 8_000);
    imported(Brandwatch, &query);
}

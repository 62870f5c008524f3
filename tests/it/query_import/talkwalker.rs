//! Talkwalker.

use super::*;
use resonanz::query::import::Dialect::Talkwalker;

#[test]
fn operators_are_kept_or_named() {
    becomes(Talkwalker, "a AND NOT b", "a NOT b");
    becomes(
        Talkwalker,
        "(a OR b) AND NOT (c AND d)",
        "(a OR b) NOT (c AND d)",
    );
    says(Talkwalker, "a AND b -c", &["rewritten 1:9 - -> NOT"]);
    becomes(
        Talkwalker,
        "a AND b -c -\"d e\" -(f OR g)",
        "a AND b NOT c NOT \"d e\" NOT (f OR g)",
    );
    becomes(Talkwalker, "a -lang:de", "a NOT lang:\"de\"");
    becomes(Talkwalker, "car-sharing AND a", "car-sharing AND a");
    says(Talkwalker, "a NEAR/3 b", &["kept 1:3 NEAR/3 -> NEAR/3"]);
    becomes(Talkwalker, "a ONEAR/3 b", "a NEAR/3f b");
    for written in ["NEAR", "NEAR/3f", "near/3", "ONEAR"] {
        refuses(
            Talkwalker,
            &format!("(a {written} b)"),
            written,
            ["number", "Zahl"],
        );
    }
}

#[test]
fn spellings_with_plus() {
    says(
        Talkwalker,
        "++\"BMI\"",
        &["rewritten 1:1 ++\"BMI\" -> {BMI}"],
    );
    becomes(Talkwalker, "++\"BMI\" AND a", "{BMI} AND a");
    becomes(Talkwalker, "+\"@name\" OR +\"#tag\"", "@name OR #tag");
    becomes(Talkwalker, "+\"$tag\"", "\"$ tag\"");
    refuses(
        Talkwalker,
        "++\"C++\"",
        "++\"C++\"",
        ["far more", "weit mehr"],
    );
    refuses(Talkwalker, "a AND +b", "+b", ["not known", "nicht bekannt"]);
}

#[test]
fn distances_behind_phrases() {
    becomes(Talkwalker, "\"a b c\"~30", "(a AND b AND c)~30");
    says(Talkwalker, "\"a b c\"~30", &["kept 1:8 ~30 -> ~30"]);
    refuses(
        Talkwalker,
        "\"a b c d e f g\"~60",
        "\"a b c d e f g\"~60",
        ["refuses", "6"],
    );
    refuses(Talkwalker, "\"a b\"~101", "~101", ["refuses", "100"]);
}

#[test]
fn a_query_without_operators_is_rewritten_as_there() {
    says(Talkwalker, "BMI", &["rewritten 1:1 BMI -> {BMI}"]);
    finds(Talkwalker, "BMI", "mein bmi", false);
    becomes(Talkwalker, " R&D ", "{R&D}");
    becomes(Talkwalker, "Ministerium", "Ministerium");
    says(Talkwalker, "Ministerium", &[]);
    becomes(Talkwalker, "#Grenze", "#Grenze");
    becomes(Talkwalker, "car-sharing", "car-sharing");
    says(
        Talkwalker,
        "cat dog\nmouse bird",
        &["rewritten 1:1 cat dog\nmouse bird -> (cat AND dog AND mouse AND bird)~30"],
    );
    becomes(Talkwalker, "cat dog", "cat NEAR/10 dog");
    becomes(
        Talkwalker,
        "cat und oder",
        "(cat AND \"und\" AND \"oder\")~20",
    );
    for query in ["BMI Minister", "BMI BMF", "@name x", "car-sharing Berlin"] {
        refuses(
            Talkwalker,
            query,
            query,
            ["not documented", "nicht dokumentiert"],
        );
    }
    refuses(
        Talkwalker,
        "a b c d e f g",
        "a b c d e f g",
        ["at most 6", "höchstens 6"],
    );
    // With an operator anywhere, capitals are a word like others.
    becomes(Talkwalker, "BMI AND Minister", "BMI AND Minister");
    refuses(Talkwalker, "lang:de BMI", "BMI", ["refuses", "Verknüpfung"]);
}

#[test]
fn fields() {
    becomes(
        Talkwalker,
        "a AND lang:(de OR en)",
        "a AND (lang:\"de\" OR lang:\"en\")",
    );
    becomes(
        Talkwalker,
        "site:\"bild.de\" OR domainurl:spiegel.de",
        "site:\"bild.de\" OR site:\"spiegel.de\"",
    );
    says(
        Talkwalker,
        "host_url:www.bild.de AND sourcetype:ONLINENEWS",
        &[
            "rewritten 1:1 host_url:www.bild.de -> site:\"www.bild.de\"",
            "rewritten 1:26 sourcetype:ONLINENEWS -> type:article",
        ],
    );
    becomes(Talkwalker, "mention:@BMI_Bund", "@BMI_Bund");
    becomes(Talkwalker, "mention:(@a OR b)", "@a OR @b");
    becomes(Talkwalker, "author:BMI_Bund", "voice:\"bmi_bund\"");
    for (written, words) in [
        ("sourcecountry:de", ["at home", "stammen"]),
        (
            "sourcetype:SOCIALMEDIA_TWITTER",
            ["no source for X", "keine Quelle"],
        ),
        ("sourcetype:BLOG", ["not established", "nicht gesichert"]),
        ("is:retweet", ["Reposts", "Weiterverbreitete"]),
        ("gender:f", ["not people", "nicht Menschen"]),
        ("demographic:occupation-x", ["not people", "nicht Menschen"]),
        ("flag:matchinurls", ["whole query", "ganze Anfrage"]),
        ("title:x", ["not known", "nicht bekannt"]),
        ("{BMI}", ["not known", "nicht bekannt"]),
    ] {
        refuses(Talkwalker, &format!("a AND {written}"), written, words);
    }
}

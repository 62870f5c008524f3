//! What is said of real queries.

use super::{DEFAULT, made};
use resonanz::query::push_down::{Options, Outcome, Platform, PushDown, Spellings, push_down};

const WRITTEN: Options = Options {
    max_length: 512,
    spellings: Spellings::Written,
};

fn shown(made: &PushDown) -> String {
    let mut lines = match &made.outcome {
        Outcome::Rules(rules) => rules.iter().map(|rule| rule.text.clone()).collect(),
        Outcome::Never => vec!["never".to_owned()],
        Outcome::Impossible => vec!["impossible".to_owned()],
    };
    for note in &made.notes {
        assert_eq!(note.reason.en.is_empty(), note.reason.de.is_empty());
        assert_eq!(note.advice.en.is_empty(), note.advice.de.is_empty());
        let effect = note.effect.as_str();
        let reasons = [note.reason.en.as_str(), note.advice.en.as_str()].join(" ");
        lines.push(format!(
            "- {effect} {} -> {}: {}",
            note.written,
            note.became,
            reasons.trim()
        ));
    }
    lines.join("\n")
}

fn written(query: &str) -> String {
    shown(&made(query, WRITTEN))
}

fn only(query: &str, rule: &str) {
    let made = made(query, WRITTEN);
    let shown = shown(&made);
    assert_eq!(shown.lines().next(), Some(rule), "{query}\n{shown}");
}

#[test]
fn words_become_keywords() {
    only("Köln", "koeln OR koln OR köln");
    only("Innenministerium", "innenministerium");
    only("E-Mail", "(e mail) OR email");
    only("9/11", "9 11");
    only("\"wendy's\"", "(wendy s) OR wendys");
    only("\"wendy s\"", "wendy s");
    only("{BMI}", "bmi");
    only("{E-Mail}", "e mail");
    only("#Abschiebung", "#abschiebung OR abschiebung");
    only("@BMI_Bund", "@bmi_bund OR (bmi bund)");
    only("\"@anna@host.example\"", "anna host example");
    only("🇩🇪", "\"🇩🇪\"");
    only("{👍🏽}", "\"👍🏽\"");
    only("Erdoğan", "erdogan OR erdoğan");
    only("Минск", "минск");
    only("東京", "東京");
    only("(a OR b) AND (c OR d)", "(a OR b) (c OR d)");
    only(
        "a AND b OR c AND (d OR e AND f)",
        "(a b) OR (c (d OR (e f)))",
    );
    only("BMI AND source:x AND type:reply", "bmi is:reply");
    only(
        "\"https://www.bmi.bund.de/x\"",
        "url:\"bmi.bund.de\" OR (bmi bund de)",
    );
    let all = made("Amt", DEFAULT);
    assert_eq!(
        shown(&all),
        "amt OR ämt OR (a mt) OR (am t) OR (ä mt) OR (äm t)"
    );
}

#[test]
fn what_x_cannot_say_is_told() {
    insta::assert_snapshot!(written("{BMI} NEAR/5 (Innenminist* OR Ministerium)"), @"");
    insta::assert_snapshot!(written("\"Bundesinnenministerium\" OR \"Bundesministerium des Innern*\""), @"");
    insta::assert_snapshot!(written("(<Minister:in> OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)"), @"");
    insta::assert_snapshot!(written("#Abschiebung* NOT Bayern"), @"");
    insta::assert_snapshot!(written("Grenzkontroll* NEAR/3 (luege* OR lüge* OR fake)"), @"");
    insta::assert_snapshot!(written("@BMI_Bund AND type:reply"), @"");
    insta::assert_snapshot!(written("title:BMI AND lang:de"), @"");
}

#[test]
fn what_blocks_or_never_comes_is_told() {
    insta::assert_snapshot!(written("title:\"BMI\" AND language:de AND site:bild.de"), @"");
    insta::assert_snapshot!(written("source:feed-x AND BMI"), @"");
    insta::assert_snapshot!(written("site:bild.de OR BMI"), @"");
    insta::assert_snapshot!(written("url:\"bild.de/politik\" OR url:x.com"), @"");
    insta::assert_snapshot!(written("type:(reply OR article)"), @"");
    insta::assert_snapshot!(written("source:x OR type:reply OR voice:BMI_Bund OR links:bild.de"), @"");
    insta::assert_snapshot!(written("§ OR 👨‍👩‍👧 OR Grenz*"), @"");
}

#[test]
fn the_starter_watches_are_told_what_blocks() {
    let today = jiff::civil::date(2026, 11, 23);
    let config = resonanz::config::load(None, std::collections::HashMap::new(), today).unwrap();
    let mut lines = Vec::new();
    for watch in &config.register.watches {
        let made = push_down(Platform::X, watch.query.expr(), WRITTEN);
        assert_eq!(made.outcome, Outcome::Impossible);
        let blocks = made.notes.iter().filter(|note| !note.advice.is_empty());
        let blocks: Vec<&str> = blocks.map(|note| note.written.as_str()).collect();
        lines.push(format!("{}: {}", watch.name, blocks.join(" ")));
    }
    insta::assert_snapshot!(lines.join("\n"), @"");
}

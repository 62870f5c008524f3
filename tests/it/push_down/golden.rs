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
    insta::assert_snapshot!(written("{BMI} NEAR/5 (Innenminist* OR Ministerium)"), @r##"
    bmi
    - widened {BMI} NEAR/5 (Innenminist* OR Ministerium) -> AND: X's ~n counts otherwise and ends at 6; the words may stand anywhere.
    - widened {BMI} -> bmi: X does not tell capitals.
    - widened Innenminist* -> {BMI}: X has no wildcards.
    "##);
    insta::assert_snapshot!(written("\"Bundesinnenministerium\" OR \"Bundesministerium des Innern*\""), @r##"
    bundesinnenministerium OR (bundesministerium des)
    - widened "Bundesministerium des Innern*" -> all of the words: X's documents disagree on punctuation in phrases; the words may stand anywhere.
    - widened Innern* -> Bundesministerium AND des: X has no wildcards.
    "##);
    insta::assert_snapshot!(written("(<Minister:in> OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt)"), @r##"
    ruecktritt OR rücktritt OR rucktritt
    - widened ("Minister:in" OR Innenminister*) NEAR/3 (ruecktritt OR Rücktritt) -> AND: X's ~n counts otherwise and ends at 6; the words may stand anywhere.
    - widened Innenminister* -> (ruecktritt OR Rücktritt): X has no wildcards.
    "##);
    insta::assert_snapshot!(written("#Abschiebung* NOT Bayern"), @r##"
    impossible
    - widened NOT Bayern -> : X finds these words in more posts than the query does, so that it would exclude too much.
    - blocks #Abschiebung* -> : X has no wildcards. Write the forms out (a OR b), or add a word that must stand beside it.
    "##);
    insta::assert_snapshot!(written("Grenzkontroll* NEAR/3 (luege* OR lüge* OR fake)"), @r##"
    impossible
    - widened Grenzkontroll* NEAR/3 (luege* OR lüge* OR fake) -> AND: X's ~n counts otherwise and ends at 6; the words may stand anywhere.
    - blocks Grenzkontroll* -> : X has no wildcards. Write the forms out (a OR b), or add a word that must stand beside it.
    - blocks luege* -> : X has no wildcards. Write the forms out (a OR b), or add a word that must stand beside it.
    - blocks lüge* -> : X has no wildcards. Write the forms out (a OR b), or add a word that must stand beside it.
    "##);
    insta::assert_snapshot!(written("@BMI_Bund AND type:reply"), @"(@bmi_bund OR (bmi bund)) is:reply");
    insta::assert_snapshot!(written("title:BMI AND lang:de"), @r##"
    bmi
    - widened title:BMI -> BMI: Posts on X have no title; the words may stand anywhere.
    - widened lang:"de" -> title:BMI: The language is detected here and may differ from that of X.
    "##);
}

#[test]
fn what_blocks_or_never_comes_is_told() {
    insta::assert_snapshot!(written("title:\"BMI\" AND language:de AND site:bild.de"), @r##"
    never
    - widened title:BMI -> BMI: Posts on X have no title; the words may stand anywhere.
    - widened lang:"de" -> : The language is detected here and may differ from that of X.
    - never site:"bild.de" -> : Posts on X belong to no publication.
    "##);
    insta::assert_snapshot!(written("source:feed-x AND BMI"), @r##"
    never
    - never source:"feed-x" -> : Posts on X come from the source x.
    "##);
    insta::assert_snapshot!(written("site:bild.de OR BMI"), @r##"
    bmi
    - never site:"bild.de" -> : Posts on X belong to no publication.
    "##);
    insta::assert_snapshot!(written("url:\"bild.de/politik\" OR url:x.com"), @r##"
    impossible
    - never url:"bild.de/politik" -> : Posts on X have addresses of X.
    - blocks url:"x.com" -> : X compares whole parts of addresses; this may be a piece of one. Add a word that must stand beside it.
    "##);
    insta::assert_snapshot!(written("type:(reply OR article)"), @r##"
    impossible
    - blocks type:"reply" -> : X takes is:reply only beside words. Add a word that must stand beside it.
    - never type:"article" -> : X has posts and replies only.
    "##);
    insta::assert_snapshot!(written("source:x OR type:reply OR voice:BMI_Bund OR links:bild.de"), @r##"
    impossible
    - blocks source:"x" -> : Every post on X fulfils this. Add a word that must stand beside it.
    - blocks type:"reply" -> : X takes is:reply only beside words. Add a word that must stand beside it.
    - blocks voice:"bmi_bund" -> : Names on this house's list may differ from those on X. Add a word that must stand beside it.
    - blocks links:"bild.de" -> : X compares whole parts of addresses; this may be a piece of one. Add a word that must stand beside it.
    "##);
    insta::assert_snapshot!(written("§ OR 👨‍👩‍👧 OR Grenz*"), @r##"
    impossible
    - blocks "§" -> : X does not search for signs. Add a word that must stand beside it.
    - blocks "👨‍👩‍👧" -> : X does not say how it finds composed emoji. Add a word that must stand beside it.
    - blocks Grenz* -> : X has no wildcards. Write the forms out (a OR b), or add a word that must stand beside it.
    "##);
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
    insta::assert_snapshot!(lines.join("\n"), @r##"
    ministry: Bundesinnenministeri*
    minister: Dobrindt* Innenminister?in
    press-office: Sprecher?in Pressesprecher* Pressereferent* Pressekonferenz* Pressemitteilung* Bundesinnenminist*
    border-controls: Grenzkontroll* Binnengrenzkontroll* Binnengrenze* Zurückweisung* zurückgewiesen* Zurückgewiesene* Grenz* Asyl* Bundesinnenminist*
    domestic-intelligence: Verfassungsschutzbericht* Verfassungsschutz*
    citizenship: Einbürgerung* Turboeinbürgerung* Staatsangehörigkeit* Staatsbürgerschaft* Ausbürgerung* eingebürgert* naturalisation* naturalization* German*
    migration: Migrationspolitik* Asylpolitik* Asylrecht* Asylantrag* Asylanträge* Asylerstant* Asylbewerb* Asylverfahren* Asylstatistik* Asylsuchend* Abschiebung* abgeschoben* Rückführung* Flüchtling* Geflüchtete* Familiennachzug* Aufnahmezusage* Integrationskurs* Zuwanderung* Ausländerbehörde*
    cybersecurity: Staatstrojaner* Chatkontrolle* Cybersicherheit* Cyberangriff* Cyberattacke* Hackerangriff* Bundes* Behörde* Ministeri* Innenminist* Bundesinnenminist* Verwaltung* German*
    "##);
}

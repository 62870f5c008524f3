//! The register of watches: what each one must have, and the starter pack.

use super::*;
use resonanz::config::About;
use resonanz::matching::Matcher;
use resonanz::model::{Item, Kind};
use resonanz::normalise::{Context, normalise};
use resonanz::privacy::{Keys, Voice, Voices};

#[test]
fn an_unregistered_watch_is_told_all_that_is_missing() {
    let bare = "[[watch]]\nname = 'bare'\nquery = 'x'\ntarget = 'ministry'\n".to_owned();
    let missing = "label, purpose, legal_basis, owner, approver, expires missing";
    assert_told(&of_watches(&[bare]), &[("w.toml: watch 1 (bare)", missing)]);
    let nameless = watch(&[("name", None), ("purpose", Some(" "))]);
    assert_told(
        &of_watches(&[nameless]),
        &[
            ("w.toml: watch 1", "`name` is missing"),
            ("w.toml: watch 1", "purpose missing"),
        ],
    );
}

#[test]
fn each_rule_of_the_register_is_held() {
    let place = "w.toml: watch 1 (borders)";
    for (key, value, message) in [
        (
            "approver",
            "Referat",
            "owner and approver must be two different",
        ),
        ("expires", "2027-11-24", "more than 12 months"),
        ("expires", "bald", "not a date like"),
        (
            "target",
            "nobody",
            "unknown target `nobody`; there are ministry",
        ),
        ("query", "Grenze AND (", "^"),
        ("colour", "red", "unknown colour; there are name, label"),
    ] {
        let told = of_watches(&[watch(&[(key, Some(value))])]);
        assert_told(&told, &[(place, message)]);
    }
}

#[test]
fn a_watch_that_has_run_out_does_not_keep_the_others_from_listening() {
    for (expires, expired) in [
        ("2026-11-22", true),
        ("2026-11-23", false),
        ("2027-11-23", false),
    ] {
        let text = TARGET.to_owned() + &watch(&[("expires", Some(expires))]);
        let settings = "[house]\nwatch_files = ['w.toml']\n";
        let mut register = from_files(settings, &[("w.toml", &text)]).unwrap().register;
        let taken = register.take_expired(today());
        assert_eq!(taken.len(), usize::from(expired), "{expires}");
        assert_eq!(register.watches.is_empty(), expired, "{expires}");
    }
}

#[test]
fn faulty_watches_still_count_for_doubled_names() {
    let told = of_watches(&[watch(&[("expires", Some("bald"))]), watch(&[])]);
    assert_told(
        &told,
        &[
            ("w.toml: watch 1 (borders)", "not a date"),
            ("w.toml: watch 2 (borders)", "two of this name"),
        ],
    );
}

fn voice(handle: &str) -> Voice {
    Voice {
        name: "BMI".to_owned(),
        handles: vec![handle.to_owned()],
        reason: "eigenes Konto".to_owned(),
        approver: "Leitung".to_owned(),
        expires: "2027-06-30".parse().unwrap(),
        official: false,
    }
}

#[test]
fn the_starter_watches_pass_their_examples_without_a_voice() {
    let config = from_variables(&[]).unwrap();
    let matcher = Matcher::new(config.register.stored_queries());
    let (voices, keys) = (Voices::new(&[], today()), Keys::from_secret([0; 32]));
    let found = |watch: &str, text: &str| {
        let mut item = Item::new("test", "test", Kind::Post);
        item.text = text.to_owned();
        let context = Context {
            source: "test",
            keys: &keys,
            voices: &voices,
            collected: "2026-11-23T08:00:00Z".parse().unwrap(),
        };
        let mention = normalise(item, &context).unwrap();
        let mut scratch = matcher.scratch();
        matcher
            .matches(&mention, &mut scratch)
            .iter()
            .any(|m| m.watch == watch)
    };
    for watch in &config.register.watches {
        assert!(!watch.must_match.is_empty() && !watch.must_not_match.is_empty());
        for text in &watch.must_match {
            assert!(found(&watch.name, text), "{}: {text}", watch.name);
        }
        for text in &watch.must_not_match {
            assert!(!found(&watch.name, text), "{}: {text}", watch.name);
        }
    }
}

#[test]
fn a_handle_that_is_no_public_voice_is_a_warning() {
    let config = from_variables(&[]).unwrap();
    let none = Voices::new(&[], today());
    let warnings = config.register.warnings(&none, &config.sources);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].about, About::Handle("@BMI_Bund".to_owned()));
    assert!(warnings[0].watches.contains(&"ministry".to_owned()));
    let voices = Voices::new(&[voice("bmi_bund")], today());
    assert_eq!(config.register.warnings(&voices, &config.sources), []);
}

#[test]
fn every_target_of_the_starter_pack_can_be_measured() {
    let config = from_variables(&[]).unwrap();
    let used: BTreeSet<&str> = config
        .register
        .watches
        .iter()
        .map(|w| w.target.as_str())
        .collect();
    let known: BTreeSet<&str> = config
        .register
        .targets
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(
        used, known,
        "a target that nothing measures, or the other way round"
    );
}

/// The faults of a watch with this query, in a house with one public voice.
fn of_query(query: &str) -> Option<Vec<(String, String)>> {
    let settings = "[house]\nwatch_files = ['w.toml']\n[[voice]]\nname = 'BMI'\n\
        handles = ['BMI_Bund', 'bmi@social.example']\nreason = 'own'\napprover = 'Leitung'\n\
        expires = '2027-06-30'\n";
    let text = TARGET.to_owned() + &watch(&[("query", Some(query))]);
    let read = from_files(settings, &[("w.toml", &text)]);
    read.is_err().then(|| faults(read))
}

#[test]
fn a_query_for_nothing_but_private_persons_is_refused() {
    for query in [
        "@somebody",
        "@somebody OR @anna@host.example",
        "title:@somebody",
        "@somebody AND lang:de",
        "@somebody AND (site:bild.de OR type:reply)",
        "lang:de AND (@somebody OR (@anna NOT Grenze))",
        "@somebody NOT Grenze",
        "@some* OR \"@anna @berta\"",
        "@anna NEAR/5 (@berta OR @carla)",
        "@anna AND @berta",
    ] {
        let told = of_query(query).unwrap_or_else(|| panic!("{query} was taken"));
        let place = "w.toml: watch 1 (borders)";
        assert_told(&told, &[(place, "statements are watched here, not people")]);
        assert!(!told[0].1.contains("somebody"), "{told:?}");
    }
    for query in [
        "@BMI_Bund",
        "@bmi_b*",
        "@bmi@social.example AND lang:de",
        "@somebody AND Grenze",
        "@somebody OR Grenze",
        "@somebody OR lang:de",
        "@somebody AND #Grenze",
        "@somebody OR @BMI_Bund",
        "\"@somebody Grenze\"",
        "@somebody NEAR/5 Grenze",
        "Grenze NOT @somebody",
        "site:bild.de",
        "voice:BMI_Bund",
    ] {
        assert_eq!(of_query(query), None, "{query}");
    }
}

#[test]
fn what_no_source_and_no_voice_gives_is_a_warning() {
    let sources = |more: &str| {
        format!(
            "[house]\nwatch_files = ['w.toml']\n[source.sky]\nkind = 'bluesky'\n\
             [source.bild]\nkind = 'feed'\nurl = 'https://feed.example/rss'\n{more}"
        )
    };
    let warnings = |settings: &str, query: &str| -> Vec<String> {
        let text = TARGET.to_owned() + &watch(&[("query", Some(query))]);
        let config = from_files(settings, &[("w.toml", &text)]).unwrap();
        let voices = Voices::new(&[voice("BMI_Bund")], today());
        // The sources that are built in are not what is looked at here.
        let named = ["sky", "bild", "old"];
        let own = config.sources.into_iter();
        let own = own.filter(|(name, _)| named.contains(&name.as_str()));
        let found = config.register.warnings(&voices, &own.collect());
        found.iter().map(|warning| warning.to_string()).collect()
    };
    let check = |query: &str, expected: &[&str]| {
        let told = warnings(&sources(""), query);
        assert_eq!(told.len(), expected.len(), "{query}: {told:?}");
        for (told, start) in told.iter().zip(expected) {
            assert!(told.starts_with(start), "{query}: {told}");
        }
    };
    check("Grenze AND lang:de AND links:bild.de AND url:x.de", &[]);
    check(
        "title:Grenze",
        &["title: (borders) finds nothing in sky: mentions from there have no title"],
    );
    check(
        "a OR (b AND site:bild.de)",
        &["site: (borders) finds nothing in sky"],
    );
    check("a NOT title:b", &[]);
    check("title:Grenze AND source:bild", &[]);
    check(
        "title:Grenze AND source:(bild OR sky)",
        &["title: (borders) finds nothing in sky"],
    );
    check("a AND type:article", &[]);
    check("a AND type:(reply OR message)", &["type:message (borders)"]);
    check(
        "a AND source:twitter",
        &["source:twitter (borders) is no configured source"],
    );
    check("a AND source:bi*", &[]);
    check("voice:(bmi OR @bmi_bund OR bm*)", &[]);
    check(
        "a OR voice:anna",
        &["voice:anna (borders) is on no list of public voices"],
    );
    let replay = sources("[source.old]\nkind = 'replay'\npath = 'x.jsonl'\n");
    assert!(warnings(&replay, "a AND source:twitter AND type:message").is_empty());
}

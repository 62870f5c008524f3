//! The register of watches: what each one must have, and the starter pack.

use super::*;
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
        ("expires", "2026-11-22", "expired on 2026-11-22"),
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
fn the_last_day_still_counts() {
    for expires in ["2026-11-23", "2027-11-23"] {
        let text = TARGET.to_owned() + &watch(&[("expires", Some(expires))]);
        let settings = "[house]\nwatch_files = ['w.toml']\n";
        from_files(settings, &[("w.toml", &text)]).unwrap();
    }
}

#[test]
fn faulty_watches_still_count_for_doubled_names() {
    let told = of_watches(&[watch(&[("expires", Some("2026-11-22"))]), watch(&[])]);
    assert_told(
        &told,
        &[
            ("w.toml: watch 1 (borders)", "expired"),
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
    let warnings = config.register.warnings(&Voices::new(&[], today()));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].handle, "@BMI_Bund");
    assert!(warnings[0].watches.contains(&"ministry".to_owned()));
    let voices = Voices::new(&[voice("bmi_bund")], today());
    assert_eq!(config.register.warnings(&voices), []);
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

//! `train`, and `eval` with what it made.

use super::*;
use crate::skipped::skipped;

/// Statements that are told apart by their words.
fn set(dir: &TempDir) -> String {
    let line = |number: usize, words: &str, stance: &str| {
        format!(
            "{{\"text\":\"Nummer {number}: {words}, Dobrindt\",\"target\":\"minister\",\"stance\":\"{stance}\"}}\n"
        )
    };
    let mut text = String::new();
    for number in 0..40 {
        text += &line(number, "das ist untragbar und falsch", "critical");
        text += &line(number, "gut gemacht und richtig", "supportive");
        text += &line(number, "er spricht am Montag in Passau", "neutral");
    }
    written(dir, "set.jsonl", &text)
}

#[test]
fn a_model_is_made_and_judged() {
    let dir = tempfile::tempdir().unwrap();
    let set = set(&dir);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let train = |out: &str, more: &[&str]| {
        let done = run(&[&["train", "--set", &set, "--out", out], more].concat());
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
        std::fs::read(out).unwrap()
    };
    std::fs::create_dir(dir.path().join("again")).unwrap();
    let (one, other) = (path("one.model"), path("again/one.model"));
    assert!(
        train(&one, &[]) == train(&other, &[]),
        "the same to the byte"
    );
    let seeded = train(&other, &["--seed", "2"]);
    assert!(seeded != std::fs::read(&one).unwrap(), "another seed");
    train(&other, &["--from", &one]);
    train(&other, &["--blank"]);
    for more in [
        &["--model", &one] as &[&str],
        &["--model", &other],
        &["--folds", "4"],
        &["--folds", "4", "--blank"],
    ] {
        let eval = ["eval", "stance", "--set", &set, "--format", "json"];
        let done = run(&[&eval, more].concat());
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
        let report = done.rows().remove(0);
        assert!(report["macro_f1"].as_f64() > Some(0.95), "{report}");
        assert!(
            report["calibration"]["ece"].as_f64() < Some(0.3),
            "{report}"
        );
        assert!(!report["coverage_curve"].as_array().unwrap().is_empty());
    }

    let eval = [
        "eval",
        "stance",
        "--set",
        &set,
        "--against",
        "lexicon",
        "--format",
        "json",
    ];
    let report = run(&[&eval[..], &["--model", &one]].concat())
        .rows()
        .remove(0);
    assert_eq!(report["compared"]["model"], "lexicon-0", "{report}");
    let better = report["compared"]["difference_interval"][0].as_f64();
    assert!(better > Some(-1.0), "{report}");
    assert!(report["auc_critical"].as_f64() > Some(0.95), "{report}");

    let mut spoilt = std::fs::read(&one).unwrap();
    spoilt[5_000] ^= 1;
    std::fs::write(&one, spoilt).unwrap();
    let refused = run(&["eval", "stance", "--set", &set, "--model", &one]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("damaged"), "{refused:?}");
    let refused = run(&["eval", "stance", "--set", &set, "--model", &set]);
    assert!(
        refused.err.contains("no model of this version"),
        "{refused:?}"
    );
}

#[test]
fn a_recipe_names_heads_and_sets() {
    let dir = tempfile::tempdir().unwrap();
    set(&dir);
    let recipe = |file: &str, more: &str| {
        let text = format!(
            "name = \"own\"\nlimits = [\"of a test\"]\n[[head]]\nname = \"stance\"\n\
             classes = [\"critical\", \"neutral\", \"supportive\"]\n[[head.set]]\n\
             file = \"{file}\"\nlicence = \"CC0\"\nsource = \"here\"\nlabel = \"stance\"\n{more}"
        );
        written(&dir, "recipe.toml", &text)
    };
    let out = dir.path().join("own.model").to_str().unwrap().to_owned();
    let good = recipe("set.jsonl", "target = \"target\"\n");
    let done = run(&["train", "--recipe", &good, "--out", &out]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
    assert!(done.out.contains("stance: 120 statements"), "{done:?}");
    let card = run(&["model", "show", &out, "--format", "jsonl"])
        .rows()
        .remove(0);
    assert_eq!(card["heads"][0]["sets"][0]["licence"], "CC0", "{card}");
    assert_eq!(card["limits"][0], "of a test", "{card}");
    for (file, more, told) in [
        ("nowhere.jsonl", "", "`nowhere.jsonl` is not there"),
        ("set.jsonl", "colour = 1\n", "colour"),
    ] {
        let recipe = recipe(file, more);
        let refused = run(&["train", "--recipe", &recipe, "--out", &out]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(told), "{refused:?}");
    }
}

/// The weights that come with the program are what the recipe makes of the seeds of this very tree and
/// the public sets, to the byte. Learning takes a minute, and many without optimisation.
#[test]
fn the_shipped_weights_can_be_made_again() {
    let shared = std::env::var("RESONANZ_SHARED").unwrap_or_else(|_| "../shared/data".to_owned());
    let data = std::path::Path::new(&shared).join("classify");
    if !data.exists() || cfg!(debug_assertions) {
        skipped("the shipped weights made again (needs ../shared/data and --release)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("again.model");
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/src/classify/seed");
    let recipe = format!("{seed}/recipe.toml");
    let (data, made) = (data.to_str().unwrap(), out.to_str().unwrap());
    let done = run(&["train", "--recipe", &recipe, "--data", data, "--out", made]);
    assert_eq!(done.code, 0, "{done:?}");
    let shipped = std::fs::read(format!("{seed}/resonanz.model")).unwrap();
    assert!(
        std::fs::read(&out).unwrap() == shipped,
        "seeds, features or learning have changed: make seed/resonanz.model again (its recipe says how)"
    );
}

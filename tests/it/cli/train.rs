//! `train`, and `eval` with what it made.

use super::*;

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
    let (one, other) = (path("one.model"), path("other.model"));
    assert_eq!(train(&one, &[]), train(&other, &[]), "the same to the byte");
    assert_ne!(
        train(&other, &["--seed", "2"]),
        std::fs::read(&one).unwrap()
    );
    train(&other, &["--from", &one]);
    for more in [&["--model", &one] as &[&str], &["--folds", "4"]] {
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

    let mut spoilt = std::fs::read(&one).unwrap();
    spoilt[5_000] ^= 1;
    std::fs::write(&one, spoilt).unwrap();
    let refused = run(&["eval", "stance", "--set", &set, "--model", &one]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("damaged"), "{refused:?}");
    let refused = run(&["eval", "stance", "--set", &set, "--model", &set]);
    assert!(refused.err.contains("no stance model"), "{refused:?}");
}

//! The second model: read as it is saved, wired as it was trained, and no broken file harms.

use super::super::tiny_transformer::{config, tokenizer, write};
use super::{mention, ministry};
use resonanz::classify::Classifier;
use resonanz::classify::transformer::{Statement, Transformer};
use resonanz::model::{Kind, Stance};

fn ask<'a>(texts: &[&'a str]) -> Vec<Statement<'a>> {
    let statement = |text: &&'a str| Statement {
        text,
        target: "das Ministerium",
    };
    texts.iter().map(statement).collect()
}

fn close(one: &[f32; 3], other: &[f32; 3]) -> bool {
    one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-5)
}

#[test]
fn statements_are_told_apart_alone_and_together() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let model = Transformer::open(dir.path()).unwrap();
    let long = format!("Danke {}", "heute ".repeat(9_000));
    let texts = [
        "Das ist Unsinn",
        "Danke für das heute",
        "das heute",
        "",
        &long,
    ];
    let together = model.stances(&ask(&texts)).unwrap();
    for (text, all) in texts.iter().zip(&together) {
        let alone = model.stances(&ask(&[text])).unwrap()[0];
        assert!(
            close(&alone, all),
            "{text:.20}: padding leaks: {alone:?} {all:?}"
        );
        assert!((all.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // Critical, neutral, supportive, whatever the order of the classes in the file.
    for (at, class) in [(0, 0), (1, 2), (2, 1)] {
        assert!(
            together[at][class] > 0.9,
            "{}: {:?}",
            texts[at],
            together[at]
        );
    }
    assert!(model.stances(&[]).unwrap().is_empty());
}

#[test]
fn it_is_a_classifier_like_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("haus-bert");
    write(&home);
    let model = Transformer::open(&home).unwrap();
    assert!(model.model().starts_with("haus-bert-"), "{}", model.model());
    let (one, two) = (
        mention(Kind::Post, "", "", "Unsinn"),
        mention(Kind::Article, "", "Danke", "heute"),
    );
    let target = ministry();
    let targets = [&target];
    let labels = model.classify_all(&[(&one, &targets), (&two, &[]), (&two, &targets)]);
    assert_eq!(labels[0].stance_toward(&target.name), Stance::Critical);
    assert!(labels[1].stances.is_empty());
    assert_eq!(labels[2].stance_toward(&target.name), Stance::Supportive);
    assert_eq!(model.classify(&one, &targets), labels[0]);
    assert_eq!(labels[0].stances[0].reasons[0].rule, "second model");
}

#[test]
fn a_directory_that_is_no_model_is_told_why() {
    let changed = |key: &str, value: serde_json::Value| {
        let mut config = config();
        config[key] = value;
        Some(config.to_string().into_bytes())
    };
    let labels = serde_json::json!({"0": "good", "1": "bad", "2": "neutral"});
    let twice = serde_json::json!({"0": "critical", "00": "neutral", "1": "supportive"});
    let tokenizer = |key: &str, value: serde_json::Value| {
        let mut tokenizer = tokenizer();
        tokenizer[key] = value;
        Some(tokenizer.to_string().into_bytes())
    };
    let many =
        serde_json::json!({"type": "WordLevel", "vocab": {"[UNK]": 99}, "unk_token": "[UNK]"});
    let huge = Some(u64::MAX.to_le_bytes().to_vec());
    let cases = [
        ("config.json", None, "config.json"),
        ("tokenizer.json", None, "tokenizer.json"),
        ("model.safetensors", None, "model.safetensors"),
        ("config.json", Some(b"{".to_vec()), "config.json"),
        ("tokenizer.json", Some(b"{}".to_vec()), "tokenizer.json"),
        (
            "tokenizer.json",
            tokenizer("post_processor", serde_json::Value::Null),
            "marks",
        ),
        ("tokenizer.json", tokenizer("model", many), "10 tokens"),
        ("model.safetensors", Some(b"RSNZ".to_vec()), "damaged"),
        ("model.safetensors", huge, "damaged"),
        (
            "config.json",
            changed("model_type", "gpt2".into()),
            "bert or xlm-roberta",
        ),
        (
            "config.json",
            changed("id2label", labels),
            "critical, neutral and supportive",
        ),
        (
            "config.json",
            changed("id2label", twice),
            "critical, neutral and supportive",
        ),
        (
            "config.json",
            changed("num_attention_heads", 0.into()),
            "num_attention_heads",
        ),
        (
            "config.json",
            changed("hidden_size", 8.into()),
            "does not fit",
        ),
        (
            "config.json",
            changed("model_type", "xlm-roberta".into()),
            "does not fit",
        ),
        (
            "config.json",
            changed("max_position_embeddings", 2.into()),
            "no room",
        ),
        (
            "config.json",
            changed("problem_type", "regression".into()),
            "problem_type",
        ),
        (
            "config.json",
            changed("pad_token_id", u64::MAX.into()),
            "config.json",
        ),
    ];
    for (file, bytes, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path());
        let path = dir.path().join(file);
        match bytes {
            None => std::fs::remove_file(&path).unwrap(),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        }
        let error = Transformer::open(dir.path())
            .err()
            .map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{file} must be refused: {expected}"));
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
}

/// Every cut and every flipped byte is an error or an answer, never the end.
#[test]
fn damaged_files_end_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    for (file, step) in [
        ("model.safetensors", 97),
        ("tokenizer.json", 13),
        ("config.json", 11),
    ] {
        let path = dir.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(step) {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(Transformer::open(dir.path()).is_err(), "{file} cut at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            std::fs::write(&path, &flipped).unwrap();
            if let Ok(model) = Transformer::open(dir.path()) {
                let found = model.stances(&ask(&["Unsinn"])).unwrap_or_default();
                assert!(
                    found.iter().flatten().all(|one| one.is_finite()),
                    "{file} at {at}"
                );
            }
        }
        std::fs::write(&path, &whole).unwrap();
    }
}

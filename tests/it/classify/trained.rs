//! The trained model: files, explanations, and what may not change what it says.

use super::{mention, ministry};
use resonanz::app::statements as statements_of;
use resonanz::classify::explain::lead;
use resonanz::classify::features::word_number;
use resonanz::classify::learn::{Labelled, Settings, learn};
use resonanz::classify::model_file::{Model, ModelError};
use resonanz::classify::solve::{Sample, Weights};
use resonanz::classify::trained::{STANCE, Trained};
use resonanz::classify::{Classifier, shipped, statements};
use resonanz::model::{Kind, Stance};

fn classes() -> Vec<String> {
    ["critical", "neutral", "supportive"]
        .map(str::to_owned)
        .to_vec()
}

fn labelled(features: &[u32], class: Option<usize>, group: u64) -> Labelled {
    Labelled {
        class,
        sample: Sample {
            features: features.iter().map(|number| (*number, 1.0)).collect(),
            class: class.unwrap_or(0),
            weight: 1.0,
        },
        group,
    }
}

#[test]
fn a_file_is_the_model_again_and_a_spoilt_one_is_refused() {
    let samples: Vec<Labelled> = (0..90)
        .map(|n| {
            labelled(
                &[30 + n % 3, 40 + n % 7],
                Some((n % 3) as usize),
                u64::from(n),
            )
        })
        .collect();
    let (head, weights) = learn(
        STANCE,
        &classes(),
        &samples,
        (&Weights::blank(3)).into(),
        Settings::default(),
    );
    let mut model = Model::blank("office-1");
    model.put(head, &weights).unwrap();
    let bytes = model.to_bytes().unwrap();
    let read = Model::from_bytes(&bytes).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_bytes().unwrap(), bytes);
    for n in 0..3_u32 {
        let (head, range) = read.head(STANCE).unwrap();
        let sums = Model::classes(&read.columns(&vec![(30 + n, 1.0)]), range);
        assert_eq!(head.answer(&sums).class, n as usize);
        assert!(head.probabilities(&sums).iter().sum::<f32>() < 1.0 + 1e-5);
    }
    for at in [9, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1;
        assert_eq!(Model::from_bytes(&spoilt), Err(ModelError::Damaged), "{at}");
        assert!(Model::from_bytes(&bytes[..at]).is_err(), "{at}");
    }
    assert_eq!(Model::from_bytes(b"{}"), Err(ModelError::Foreign));
    assert_eq!(Model::from_bytes(b""), Err(ModelError::Foreign));
}

#[test]
fn what_people_find_unclear_makes_a_model_less_sure() {
    let sure: Vec<Labelled> = (0..120)
        .map(|n| labelled(&[30 + n % 3], Some((n % 3) as usize), u64::from(n)))
        .collect();
    let mut unsure = sure.clone();
    unsure.extend((0..120).map(|n| labelled(&[30 + n % 3], None, 1_000 + u64::from(n))));
    let probability = |samples: &[Labelled]| {
        let blank = Weights::blank(3);
        let (head, weights) = learn(
            STANCE,
            &classes(),
            samples,
            (&blank).into(),
            Settings::default(),
        );
        head.answer(&weights.sums(&vec![(30, 1.0)])).probability
    };
    let (sure, unsure) = (probability(&sure), probability(&unsure));
    assert!(sure > 0.9, "{sure}");
    assert!(
        (0.35..0.65).contains(&unsure),
        "half of them are unclear: {unsure}"
    );
}

/// What an explanation names is what was decided on: its parts sum up to the lead of each stance.
#[test]
fn the_parts_of_an_explanation_are_all_of_it() {
    let trained = Trained::new(shipped::model().unwrap());
    let model = trained.model_file();
    let (_, range) = model.head(STANCE).unwrap();
    for text in [
        "Dobrindt ist untragbar!!! 😡",
        "Danke an das Innenministerium, das war überfällig :)",
        "Das Innenministerium teilt mit, dass das Innenministerium „völlig versagt“ habe?",
        "BMI",
        "",
    ] {
        let mention = mention(Kind::Post, "", "", text);
        let explained = trained.explain(&mention, &ministry()).unwrap();
        let features = trained.features(&mention, &ministry());
        let sums = Model::classes(&model.columns(&features), range.clone());
        assert_eq!(explained.parts.len(), 3);
        for (class, parts) in explained.parts.iter().enumerate() {
            let (all, wanted) = (parts.sum(), lead(&sums, class));
            assert!(
                (all - wanted).abs() < 1e-3,
                "{text} {class}: {all} {wanted}"
            );
            assert_eq!(parts.words.len(), explained.words.len());
        }
        let labels = trained.classify(&mention, &[&ministry()]);
        assert_eq!(
            labels.stances[0].probability,
            Some(explained.answer.probability)
        );
        for reason in &labels.stances[0].reasons {
            assert!(text.contains(&reason.seen), "{text}: {reason:?}");
        }
    }
}

/// Two words that fall on one number are one to a model. Of what weighs most, almost nothing may.
#[test]
fn few_of_the_words_that_weigh_most_share_their_number() {
    let text = std::fs::read_to_string("src/classify/seed/stance-de.jsonl").unwrap();
    let words: std::collections::BTreeSet<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
        .collect();
    let mut numbers = std::collections::HashMap::new();
    let mut shared = 0;
    for word in &words {
        let number = word_number(word);
        shared += usize::from(numbers.insert(number, word).is_some());
    }
    let share = shared as f64 / words.len() as f64;
    assert!(share < 0.02, "{shared} of {} words", words.len());
}

#[test]
fn a_flood_of_words_is_read_to_a_limit() {
    let trained = Trained::new(shipped::model().unwrap());
    let text = "Innenministerium ".to_owned() + &"untragbar ".repeat(20_000);
    let mention = mention(Kind::Post, "", "", &text);
    let labels = trained.classify(&mention, &[&ministry()]);
    assert!(labels.stances[0].reasons.len() <= 9);
    assert!(trained.features(&mention, &ministry()).len() < 100);
}

/// Names, parties and groups of people turn nothing; nor does what the rest of the pairs' file holds
/// get worse unseen. Shares are of the built-in model, with room for chance.
#[test]
fn what_must_not_sway_a_stance_does_not() {
    assert_eq!(
        (statements::pairs().len(), statements::seeds().len()),
        statements::lines(),
        "every line is read"
    );
    assert!(statements::lines().0 >= 200);
    let config = resonanz::config::load(None, Default::default(), jiff::civil::date(2026, 11, 20));
    let targets = config.unwrap().register.targets;
    let trained = Trained::new(shipped::model().unwrap());
    let (mut turned, mut right, mut all) = (Vec::new(), 0, 0);
    for pair in statements::pairs() {
        let target = targets.iter().find(|one| one.name == pair.target).unwrap();
        let said = [&pair.a, &pair.b].map(|text| {
            let mention = statements_of::mention(&pair, text).unwrap();
            trained
                .classify(&mention, &[target])
                .stance_toward(&target.name)
        });
        for (said, truth) in said.iter().zip([&pair.a_stance, &pair.b_stance]) {
            all += 1;
            right += usize::from(said.as_str() == truth);
        }
        let sides = [Stance::Critical, Stance::Supportive];
        if pair.is_same() && said[0] != said[1] && said.iter().all(|one| sides.contains(one)) {
            turned.push((pair.rule.clone(), pair.a.clone()));
        }
    }
    let swayed: Vec<_> = turned
        .iter()
        .filter(|(rule, _)| rule != "politeness" && rule != "dialect")
        .collect();
    assert!(swayed.is_empty(), "{swayed:?}");
    assert!(turned.len() <= 3, "{turned:?}");
    assert!(right * 100 >= all * 55, "{right} of {all}");
}

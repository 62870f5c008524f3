use super::*;
use crate::privacy::MentionKey;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn register(claims: &[&str]) -> Claims {
    let mut register = Claims::new(&Config::default());
    for (number, claim) in (0..).zip(claims) {
        register.put(ClaimId::Office(number), &Entry { claim, more: "" });
    }
    register
}

const KNOWN: [&str; 6] = [
    "Das Innenministerium plant, ab Januar Bargeldzahlungen über 500 Euro zu verbieten.",
    "Im Tierpark Eberswalde haben Flüchtlinge Ziegen geschlachtet.",
    "Der neue Personalausweis enthält einen Chip, der jeden Bürger ortet.",
    "Windräder verbrauchen mehr Strom, als sie erzeugen.",
    "The government will shut down all cash machines by the end of the year.",
    "Impfungen gegen Masern verursachen Autismus.",
];

#[test]
fn other_words_are_found_and_told_as_written() {
    let mut claims = register(&KNOWN);
    let text = "Ab Januar verbietet das Innenministerium Bargeldzahlung über 500 Euro!! unfassbar";
    let found = claims.find("", text);
    let first = &found[0];
    assert_eq!(first.id, ClaimId::Office(0), "{found:?}");
    let words = first.words.iter();
    let words: Vec<&str> = words
        .map(|word| &text[word.start as usize..word.end as usize])
        .collect();
    assert!(
        words.contains(&"Innenministerium") && words.contains(&"Euro"),
        "{words:?}"
    );
    assert!(!words.contains(&"das"), "{words:?}");
    assert_eq!(first.weighed.len(), REASONS);
    assert!(
        claims
            .find(
                "",
                "Heute scheint im Norden die Sonne bei zwölf Grad, sagt der Wetterdienst"
            )
            .is_empty()
    );
}

#[test]
fn words_of_a_title_are_told_as_such() {
    let mut claims = register(&KNOWN);
    let found = claims.find(
        "Ziegen im Tierpark Eberswalde geschlachtet",
        "Flüchtlinge sollen es gewesen sein.",
    );
    assert_eq!(found[0].id, ClaimId::Office(1));
    assert!(found[0].words.iter().any(|word| word.in_title));
    assert!(found[0].words.iter().any(|word| !word.in_title));
}

#[test]
fn short_texts_are_never_confirmed() {
    let mut claims = register(&KNOWN);
    claims.config.confirm_percent = claims.config.suggest_percent;
    let short = claims.find("", "Masern Impfung macht doch Autismus!!");
    assert_eq!(short[0].grade, Grade::Suggested, "{short:?}");
    let long = claims.find(
        "",
        "Alle wissen doch längst: Impfungen gegen Masern verursachen Autismus, steht überall",
    );
    assert_eq!(long[0].grade, Grade::Confirmed, "{long:?}");
}

#[test]
fn a_long_article_counts_by_its_best_passage() {
    let mut claims = register(&KNOWN);
    let filler: Vec<String> = (0..60)
        .map(|n| {
            format!("Absatz {n} handelt vom Wetter an Ort Nummer {n} und von Wolken über Feld {n}.")
        })
        .collect();
    let passage = "Windräder verbrauchen mehr Strom als sie erzeugen, behauptet der Redner.";
    let text = format!(
        "{} {passage} {}",
        filler[..30].join(" "),
        filler[30..].join(" ")
    );
    let found = claims.find("", &text);
    assert_eq!(found[0].id, ClaimId::Office(3), "{found:?}");
    let start = text.find(passage).unwrap() as u32;
    assert!(
        found[0].words.iter().any(|word| word.start == start),
        "{found:?}"
    );
}

#[test]
fn a_full_register_takes_no_further_entry() {
    let config = Config {
        max_claims: 1,
        ..Config::default()
    };
    let mut claims = Claims::new(&config);
    let entry = |claim| Entry { claim, more: "" };
    assert!(claims.put(ClaimId::Office(1), &entry(KNOWN[0])));
    assert!(!claims.put(ClaimId::Office(2), &entry(KNOWN[1])));
    assert!(
        claims.put(ClaimId::Office(1), &entry(KNOWN[2])),
        "in its own place"
    );
    claims.remove(&ClaimId::Office(1));
    assert!(claims.is_empty() && claims.put(ClaimId::Check(MentionKey([7; 32])), &entry(KNOWN[1])));
}

#[test]
fn consistent_answers_move_a_probability_and_none_move_nothing() {
    let shipped = Reranker::shipped();
    assert_eq!(Reranker::learned(&shipped, &[]), shipped);
    let mut claims = register(&KNOWN);
    let near = claims.nearest(
        "",
        "Das Bargeld will uns das Ministerium wegnehmen, ab Januar",
    );
    let features = near[0].features;
    let before = shipped.probability(&features);
    let judged = |is: bool| vec![(features, is); 30];
    let up = Reranker::learned(&shipped, &judged(true));
    let down = Reranker::learned(&shipped, &judged(false));
    assert!(up.probability(&features) > before + 0.1, "{before}");
    assert!(down.probability(&features) < before, "{before}");
    assert_eq!(
        up,
        Reranker::learned(&shipped, &judged(true)),
        "to the byte"
    );
}

#[test]
fn the_seed_is_whole_and_says_each_thing_once() {
    let known = seed::claims();
    assert_eq!(known.len(), include_str!("seed.jsonl").lines().count());
    let mut seen = std::collections::HashSet::new();
    for one in &known {
        assert!(one.posts.len() >= 2, "{}", one.claim);
        for text in one.posts.iter().chain(&one.not).chain([&one.claim]) {
            assert!(seen.insert(text.clone()), "{text}");
        }
    }
    assert!(
        include_str!("everyday.txt")
            .lines()
            .all(|line| seen.insert(line.to_owned()))
    );
}

#[test]
fn the_shipped_weights_are_what_the_seed_gives() {
    let (shipped, learned) = (Reranker::shipped(), seed::learn());
    assert!(
        (shipped.bias - learned.bias).abs() < 1e-3,
        "{}",
        learned.lines()
    );
    for (one, other) in shipped.weights.iter().zip(learned.weights) {
        assert!((one - other).abs() < 1e-3, "{}", learned.lines());
    }
}

/// Puts and takes out by numbers: an even one puts, an odd one takes out.
fn played(steps: &[(u8, String)]) -> Claims {
    let mut claims = Claims::new(&Config::default());
    for (step, text) in steps {
        let id = ClaimId::Office(i64::from(step / 2 % 8));
        match step % 2 {
            0 => {
                claims.put(
                    id,
                    &Entry {
                        claim: text,
                        more: "",
                    },
                );
            }
            _ => claims.remove(&id),
        }
    }
    claims
}

fn texts() -> impl Strategy<Value = String> {
    proptest::sample::select(KNOWN.to_vec()).prop_flat_map(|known| {
        let words: Vec<&str> = known.split(' ').collect();
        proptest::sample::subsequence(words.clone(), 1..=words.len())
            .prop_map(|words| words.join(" "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_is_what_a_fresh_register_would_be(
        steps in proptest::collection::vec((any::<u8>(), texts()), 0..40),
        asked in proptest::collection::vec(texts(), 1..5),
    ) {
        let mut claims = played(&steps);
        let mut last: std::collections::BTreeMap<i64, &str> = std::collections::BTreeMap::new();
        for (step, text) in &steps {
            let number = i64::from(step / 2 % 8);
            match step % 2 {
                0 => { last.insert(number, text); }
                _ => { last.remove(&number); }
            }
        }
        // The other way round: the order does not matter either.
        let mut fresh = Claims::new(&Config::default());
        for (number, claim) in last.iter().rev() {
            fresh.put(ClaimId::Office(*number), &Entry { claim, more: "" });
        }
        prop_assert_eq!(claims.len(), fresh.len());
        for text in &asked {
            prop_assert_eq!(claims.find("", text), fresh.find("", text));
            let near = |claims: &mut Claims| -> Vec<(ClaimId, f32, Features)> {
                claims.nearest("", text).iter().map(|near| (near.id, near.probability, near.features)).collect()
            };
            prop_assert_eq!(near(&mut claims), near(&mut fresh));
        }
    }
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("😀".repeat(3_000)),
        Just("\0".repeat(500)),
        Just("ziegen ".repeat(10_000)),
        Just("a".repeat(1_000_000)),
        Just("مرحبا بالعالم \u{202e}Ziegen\u{202c} שלום ".repeat(300)),
        Just("1.2.3,4 99999999999999999999999999 1e999 Mio Mrd ".repeat(200)),
        Just("#aBcDeFgHiJkLmNoP".repeat(2_000)),
        "\\PC{0,400}",
        ".{0,200}",
        "[a-zäöüA-Z0-9.,!?#@ \n]{0,900}",
    ]
}

/// Whatever comes as entry or mention: an answer of bounded size, of words that are there.
#[test]
fn any_text_is_borne() {
    let claims = std::cell::RefCell::new(register(&KNOWN[..3]));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 600,
        ..ProptestConfig::default()
    });
    let texts = (hostile(), hostile(), hostile(), hostile());
    let borne = |(claim, more, title, text): (String, String, String, String)| {
        let mut claims = claims.borrow_mut();
        claims.put(
            ClaimId::Office(9),
            &Entry {
                claim: &claim,
                more: &more,
            },
        );
        let found = claims.find(&title, &text);
        prop_assert!(found.len() <= MOST);
        for one in &found {
            prop_assert!((0.0..=1.0).contains(&one.probability));
            prop_assert!(one.features.iter().all(|feature| feature.is_finite()));
            for word in &one.words {
                let part = if word.in_title { &title } else { &text };
                prop_assert!(part.get(word.start as usize..word.end as usize).is_some());
            }
        }
        let kept = claims.kept.iter().flatten();
        let most = kept.map(|kept| kept.stems.len() + kept.letters.len()).max();
        prop_assert!(most.unwrap_or(0) < 4_000);
        prop_assert!(claims.reading.passages().len() <= 48);
        Ok(())
    };
    runner.run(&texts, borne).unwrap();
}

#[test]
fn a_small_register_is_not_found_in_everyday_posts() {
    for known in seed::claims().chunks(4).take(12) {
        let known: Vec<&str> = known.iter().map(|one| one.claim.as_str()).collect();
        let mut claims = register(&known);
        let posts = include_str!("everyday.txt").lines().skip(1).step_by(2);
        let found = posts
            .filter(|post| !claims.find("", post).is_empty())
            .count();
        assert!(found <= 2, "{found} of {known:?}");
    }
}

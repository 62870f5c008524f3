use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DAY_MS: i64 = 86_400_000;
const START_MS: i64 = 1_795_000_000_000;

/// A post that arrives at a minute after the start.
#[derive(Debug, Clone)]
struct Post {
    key: u32,
    at_ms: i64,
    version: i64,
    kind: Kind,
    text: String,
    links: Vec<String>,
    reply_to: Option<u32>,
}

fn post(key: u32, text: &str) -> Post {
    Post {
        key,
        at_ms: START_MS + i64::from(key) * 60_000,
        version: 0,
        kind: Kind::Post,
        text: text.to_owned(),
        links: Vec::new(),
        reply_to: None,
    }
}

fn key(number: u32) -> MentionKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_le_bytes());
    MentionKey(key)
}

fn told(post: &Post) -> Told<'_> {
    let at = Timestamp::from_millisecond(post.at_ms).unwrap();
    Told {
        key: key(post.key),
        kind: post.kind,
        published: at,
        version: Timestamp::from_millisecond(post.at_ms + post.version).unwrap(),
        collected: at,
        title: "",
        text: &post.text,
        url: (post.kind == Kind::Article).then(|| post.links[0].as_str()),
        links: &post.links,
        sign: sign(post, at),
        known: 0.0,
    }
}

/// What is told of a post beside its words: as many speakers as posts, and doubts by its words.
fn sign(post: &Post, published: Timestamp) -> Sign {
    Sign {
        speaker: Some(u64::from(post.key)),
        platform: u64::from(post.key % 2),
        published,
        reply_to: post.reply_to.map(key),
        factual: Some(if post.text.contains("Schande") {
            0.1
        } else {
            0.9
        }),
        asks: post.text.contains("Stimmt das?"),
        denies: post.text.contains("Falschmeldung"),
        hearsay: post.text.contains("angeblich"),
        voice: false,
        official: false,
        reach: None,
    }
}

fn stories() -> Stories {
    Stories::new(&Config::default(), 1)
}

const COPY: &str =
    "Das Ministerium verlängert die Grenzkontrollen bis März, teilte ein Sprecher mit.";
const OTHER: &str =
    "Im Haushalt fehlen nach Angaben der Opposition zwei Milliarden Euro für die Kommunen.";

#[test]
fn copies_are_one_story_and_other_texts_are_others() {
    let mut stories = stories();
    let first = stories.place(&told(&post(1, COPY))).story;
    let share = format!("RT @[Konto]: {COPY} https://example.org/1");
    let comment = format!("Unglaublich! {COPY}");
    assert_eq!(stories.place(&told(&post(2, &share))).story, first);
    assert_eq!(stories.place(&told(&post(3, &comment))).story, first);
    assert_ne!(stories.place(&told(&post(4, OTHER))).story, first);
    // The same version again changes nothing.
    assert_eq!(stories.place(&told(&post(2, &share))).story, first);
    assert_eq!(stories.len(), 4);
}

#[test]
fn short_texts_are_joined_by_the_article_they_share_only() {
    let mut stories = stories();
    let url = "https://www.zeitung.example/grenze/";
    let mut article = post(1, COPY);
    article.kind = Kind::Article;
    article.links = vec![url.to_owned()];
    let story = stories.place(&told(&article)).story;
    let mut share = post(2, "Lesenswert!");
    share.links = vec!["http://zeitung.example/grenze".to_owned()];
    assert_eq!(stories.place(&told(&share)).story, story);
    let plain = stories.place(&told(&post(3, "Lesenswert!"))).story;
    assert_ne!(plain, stories.place(&told(&post(4, "Lesenswert!"))).story);
    assert_ne!(plain, story);
    // An opinion of its own that links to the article stays one.
    let mut own = post(5, OTHER);
    own.links = vec![url.to_owned()];
    assert_ne!(stories.place(&told(&own)).story, story);
}

#[test]
fn copies_far_apart_in_time_are_not_one_story() {
    let mut stories = stories();
    let first = stories.place(&told(&post(1, COPY))).story;
    let mut later = post(2, COPY);
    later.at_ms += 4 * DAY_MS;
    assert_ne!(stories.place(&told(&later)).story, first);
    assert_eq!(stories.len(), 1, "who arrived too long ago is let go");
}

/// Two texts that are too far apart, and one that is near both.
fn bridge() -> (String, String, String) {
    let sentence = |n: u32| format!("Satz {n} handelt von der Sache Nummer {}. ", n * 7919);
    let part = |range: std::ops::Range<u32>| range.map(sentence).collect::<String>();
    (part(0..10), part(8..18), part(3..15))
}

#[test]
fn a_text_between_two_stories_makes_them_one() {
    let (left, right, between) = bridge();
    let mut stories = stories();
    let first = stories.place(&told(&post(1, &left))).story;
    let second = stories.place(&told(&post(2, &right))).story;
    assert_ne!(first, second);
    let placed = stories.place(&told(&post(3, &between)));
    assert_eq!((placed.story, placed.absorbed), (first, vec![second]));
    assert_eq!(stories.place(&told(&post(2, &right))).story, first);
    assert_eq!(stories.take_merged(), 1);
    // What was seen as one stays one when the text between is taken back.
    stories.forget(&key(3));
    assert_eq!(stories.place(&told(&post(4, &right))).story, first);
}

#[test]
fn an_edit_is_placed_anew_and_an_older_version_is_not() {
    let mut stories = stories();
    let first = stories.place(&told(&post(1, COPY))).story;
    assert_eq!(stories.place(&told(&post(2, COPY))).story, first);
    let mut edited = post(2, OTHER);
    edited.version = 5;
    let moved = stories.place(&told(&edited)).story;
    assert_ne!(moved, first);
    assert_eq!(stories.place(&told(&post(2, COPY))).story, moved);
    // Alone in its story, it keeps it.
    let mut again = post(
        2,
        "Etwas ganz anderes, wovon hier noch niemand etwas gehört oder gelesen hat.",
    );
    again.version = 9;
    assert_eq!(stories.place(&told(&again)).story, moved);
}

#[test]
fn no_more_are_kept_than_may_be() {
    let config = Config {
        max_members: 3,
        ..Config::default()
    };
    let mut stories = Stories::new(&config, 1);
    for key in 0..10 {
        stories.place(&told(&post(key, COPY)));
    }
    assert_eq!(stories.len(), 3);
    let story = stories.place(&told(&post(9, COPY))).story;
    assert_eq!(stories.gathered.len(story), 3);
}

/// Families of texts that are near within and far between.
fn text(family: u8, variant: u8) -> String {
    let base: String = (0..12_u32)
        .map(|n| format!("wort{} ", u32::from(family) * 100 + n * 7))
        .collect();
    match variant % 3 {
        0 => base,
        1 => format!("so so {base}"),
        _ => format!("{base} ende"),
    }
}

fn groups(stories: &[i64]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (number, story) in stories.iter().enumerate() {
        groups.entry(*story).or_default().push(number);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_unstable();
    groups
}

proptest! {
    /// Whatever the order, the same mentions are together, and so they are after a restart.
    #[test]
    fn neither_order_nor_restart_matters(
        made in proptest::collection::vec((0_u8..5, any::<u8>()), 1..40),
        order in proptest::collection::vec(any::<u64>(), 40),
    ) {
        let posts: Vec<Post> = made.iter().zip(0..)
            .map(|((family, variant), key)| post(key, &text(*family, *variant)))
            .collect();
        let ask = |stories: &mut Stories| -> Vec<i64> {
            posts.iter().map(|post| stories.place(&told(post)).story).collect()
        };
        let mut straight = stories();
        ask(&mut straight);
        let expected = groups(&ask(&mut straight));
        let mut shuffled: Vec<&Post> = posts.iter().collect();
        shuffled.sort_by_key(|post| order[post.key as usize]);
        let mut mixed = stories();
        for post in &shuffled {
            mixed.place(&told(post));
        }
        prop_assert_eq!(groups(&ask(&mut mixed)), expected.clone());
        let known = ask(&mut mixed);
        let mut restarted = stories();
        for post in &shuffled {
            restarted.restore(&told(post), known[post.key as usize]);
        }
        prop_assert_eq!(&ask(&mut restarted), &known);
        prop_assert_eq!(restarted.next, known.iter().max().unwrap() + 1);
    }
}

#[test]
fn a_hundredfold_load_changes_nothing() {
    let (left, right, between) = bridge();
    let watched = [
        left.as_str(),
        COPY,
        OTHER,
        right.as_str(),
        between.as_str(),
        COPY,
    ];
    let run = |noise: u32| {
        let mut stories = stories();
        for (key, text) in (0..).zip(watched) {
            for n in 0..noise {
                let words: Vec<String> =
                    (1..12).map(|m| (n * 7919 * m + key).to_string()).collect();
                let mut other = post(1_000 + key * 1_000 + n, &words.join(" "));
                other.at_ms = START_MS;
                stories.place(&told(&other));
            }
            stories.place(&told(&post(key, text)));
        }
        let placed: Vec<i64> = (0..)
            .zip(watched)
            .map(|(key, text)| stories.place(&told(&post(key, text))).story)
            .collect();
        groups(&placed)
    };
    assert_eq!(run(0), run(100));
}

fn reply(key: u32, to: u32, text: &str) -> Post {
    Post {
        reply_to: Some(to),
        kind: Kind::Reply,
        ..post(key, text)
    }
}

/// The last weight of a row of posts.
fn weighed(posts: &[Post]) -> crate::model::StoryWeight {
    let mut stories = stories();
    let placed = posts.iter().map(|post| stories.place(&told(post)).weighed);
    placed.flatten().last().unwrap()
}

#[test]
fn a_claim_that_is_doubted_is_worth_checking_and_criticism_is_not() {
    let doubted = weighed(&[
        post(1, COPY),
        post(2, COPY),
        reply(3, 1, "Stimmt das?"),
        reply(4, 2, "Das ist eine Falschmeldung."),
    ]);
    let figures = &doubted.figures;
    assert_eq!((figures.mentions, figures.replies), (2, 2));
    assert_eq!(
        (figures.asking, figures.denying, figures.hearsay),
        (1, 1, 0)
    );
    assert_eq!(
        (figures.speakers, figures.independent),
        (2, 1),
        "a copy is no source"
    );
    assert!(doubted.is_over(), "{doubted:?}");
    let sum: f32 = doubted.parts.iter().map(|(_, part)| part).sum();
    assert!((doubted.score - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-5);
    let anger = "Schande über dieses Ministerium, die Grenzkontrollen müssen endlich weg.";
    let mut crowd: Vec<Post> = (1..40).map(|key| post(key, anger)).collect();
    crowd.push(reply(40, 1, "Stimmt das?"));
    crowd.push(reply(41, 1, "Falschmeldung"));
    assert_eq!(weighed(&crowd).score, 0.0);
    let undoubted: Vec<Post> = (1..40).map(|key| post(key, COPY)).collect();
    assert_eq!(weighed(&undoubted).score, 0.0);
    // Who asks and denies in one breath is one, and not two who doubt.
    let alone = weighed(&[
        post(1, COPY),
        post(2, COPY),
        reply(3, 1, "Stimmt das? Das ist eine Falschmeldung."),
    ]);
    let figures = &alone.figures;
    assert_eq!(
        (figures.asking, figures.denying, figures.doubting),
        (1, 1, 1)
    );
    assert_eq!(alone.score, 0.0);
    // Who copies a doubt does not doubt.
    let hearsay = format!("{COPY} angeblich");
    let copied: Vec<Post> = (1..40).map(|key| post(key, &hearsay)).collect();
    assert_eq!(weighed(&copied).score, 0.0);
}

#[test]
fn a_flood_is_weighed_a_few_times_and_in_its_whole_size() {
    let mut stories = stories();
    let copies = (0..2_000).map(|key| post(key, COPY));
    let answers = (2_000..4_000).map(|key| reply(key, 0, "Stimmt das?"));
    let flood: Vec<Post> = copies.chain(answers).collect();
    let weighed: Vec<_> = flood
        .iter()
        .filter_map(|post| stories.place(&told(post)).weighed)
        .collect();
    assert!(weighed.len() < 300, "{} times", weighed.len());
    let last = &weighed.last().unwrap().figures;
    assert!(last.mentions == 2_000 && last.replies > 1_800, "{last:?}");
}

#[test]
fn what_is_said_in_other_words_belongs_to_the_story() {
    let mut stories = stories();
    let first = stories.place(&told(&post(1, COPY))).story;
    let again = "Grenzkontrollen noch bis März? Das Ministerium verlängert sie, sagt mein Nachbar";
    assert_eq!(stories.place(&told(&post(2, again))).story, first);
    // An answer is a statement of its own.
    let answer = "Bis März verlängert? Wer hat im Ministerium diese Grenzkontrollen eigentlich bestellt, und wozu";
    assert_ne!(stories.place(&told(&reply(3, 1, answer))).story, first);
}

proptest! {
    /// After a restart the same comes of the next mentions: stories, figures, scores.
    #[test]
    fn a_restart_changes_no_weight(
        made in proptest::collection::vec((0_u8..3, any::<u8>(), 0_u8..4, any::<bool>()), 2..120),
        at in 0.0_f64..1.0,
    ) {
        let words = ["", "Stimmt das?", "Falschmeldung", "angeblich"];
        let posts: Vec<Post> = made.iter().zip(0_u32..)
            .map(|((family, variant, doubt, answers), key)| {
                let text = format!("{} {}", text(*family, *variant), words[*doubt as usize]);
                match *answers && key > 0 {
                    true => reply(key, u32::from(*variant) % key, &text),
                    false => post(key, &text),
                }
            })
            .collect();
        let (before, after) = posts.split_at((posts.len() as f64 * at) as usize);
        let mut straight = stories();
        let mut restarted = stories();
        for post in before {
            let placed = straight.place(&told(post));
            if let Some(weight) = &placed.weighed {
                restarted.restore_weight(weight.story, weight.score, told(post).collected);
            }
        }
        for post in before {
            let story = straight.place(&told(post)).story;
            restarted.restore(&told(post), story);
        }
        for post in after {
            prop_assert_eq!(straight.place(&told(post)), restarted.place(&told(post)));
        }
    }
}

//! All posts in the order of their time, through normalising, classifying and relating as they are.

use super::super::Judge;
use super::scenarios::{Line, Scenario};
use crate::classify::Classifier;
use crate::cli::bench::workload::posts::shared;
use crate::cli::bench::workload::{Dice, Workload};
use crate::model::{Item, Kind, Labels, Mention, RawAuthor, StoryWeight, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, MentionKey, Voices};
use crate::relate::{self, Stories, Told};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

const SEED: u64 = 20_261_129;
const BACKGROUND: &str = include_str!("background.jsonl");
/// Shared texts that are opinions, news and speeches; sets of rumours and fact checks are none.
const NOISE: [&str; 8] = [
    "potts.jsonl",
    "germeval17.jsonl",
    "germeval18.jsonl",
    "germeval21.jsonl",
    "xstance_valid_de.jsonl",
    "semeval16_stance.jsonl",
    "bundestag_gov.jsonl",
    "wahlomat.jsonl",
];
/// Length of a post that is cut out of a longer text.
const POST_BYTES: usize = 200;
/// Posts back to which the noise answers.
const RECENT: usize = 600;
/// People who write the noise.
const PEOPLE: usize = 20_000;
const DAY: i64 = 86_400;
/// The first planted day: until then there is noise only, so that the threshold is learned from it.
const FIRST_DAY: i64 = 3;

/// What judges, and for whom.
pub struct House<'a> {
    pub judge: &'a Judge,
    pub targets: &'a [Target],
    pub voices: &'a Voices,
    pub relate: relate::Config,
}

impl House<'_> {
    /// A mention as the pipeline makes it, with its labels.
    pub fn labelled(&self, item: Item, at: Timestamp) -> anyhow::Result<(Mention, Labels)> {
        let keys = Keys::from_secret([7; 32]);
        let context = Context {
            source: "eval",
            keys: &keys,
            voices: self.voices,
            collected: at,
        };
        let mention = normalise(item, &context)?;
        let target = self.targets.iter().take(1).collect::<Vec<_>>();
        let labels = match self.judge {
            Judge::Lexicon(lexicon) => lexicon.classify(&mention, &target),
            Judge::Trained(trained) => trained.classify(&mention, &target),
        };
        Ok((mention, labels))
    }
}

/// A post, when it is written, and of which scenario it is.
pub struct Planted {
    at: i64,
    item: Item,
    scenario: Option<usize>,
    line: u32,
}

/// A story that was weighed.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: i64,
    pub weight: StoryWeight,
    /// The scenario whose post made it so, with the post's number; none of noise.
    pub scenario: Option<(usize, u32)>,
    /// The words of that post.
    pub words: String,
}

/// What was watched.
pub struct Watched {
    pub seen: Vec<Seen>,
    pub starts: Vec<i64>,
    pub origin: String,
    pub posts: usize,
    pub seconds: f64,
}

/// All posts, sorted, with the beginning of each scenario.
pub struct Stream {
    planted: Vec<Planted>,
    starts: Vec<i64>,
    origin: String,
}

/// Spreads scenarios and noise over some days.
pub fn plant(scenarios: &[Scenario], noise: u64, days: u64) -> Stream {
    let mut dice = Dice::new(SEED, "rumours");
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    let first = FIRST_DAY.min(days - 1);
    let starts: Vec<i64> = (0_i64..)
        .zip(scenarios)
        .map(|(number, _)| {
            let day = first + number % (days - first).max(1);
            day * DAY + i64::try_from(dice.below(18 * 3_600)).unwrap_or(0)
        })
        .collect();
    let mut planted = Vec::new();
    for (number, (scenario, start)) in scenarios.iter().zip(&starts).enumerate() {
        let lines = scenario.lines.iter();
        planted.extend(lines.map(|line| Planted {
            at: start + line.at,
            item: of_line(number, line),
            scenario: Some(number),
            line: line.id,
        }));
    }
    let (texts, origin) = noise_texts(noise, &mut dice);
    let span = usize::try_from(days * DAY).unwrap_or(usize::MAX);
    let mut times: Vec<usize> = texts.iter().map(|_| dice.below(span)).collect();
    times.sort_unstable();
    for (number, (text, at)) in texts.into_iter().zip(times).enumerate() {
        planted.push(Planted {
            at: i64::try_from(at).unwrap_or(0),
            item: of_noise(number, text, &mut dice),
            scenario: None,
            line: 0,
        });
    }
    planted.sort_by_key(|post| post.at);
    Stream {
        planted,
        starts,
        origin,
    }
}

/// Distinct texts in random order: those of a quiet day, the shared ones that are no rumours, else
/// invented ones; then pieces of two put together.
fn noise_texts(noise: u64, dice: &mut Dice) -> (Vec<String>, String) {
    let wanted = usize::try_from(noise).unwrap_or(usize::MAX);
    if wanted == 0 {
        return (Vec::new(), "no noise".to_owned());
    }
    let shared: Vec<String> = NOISE.iter().flat_map(|file| texts_of(file)).collect();
    let (more, origin) = match shared.is_empty() {
        false => {
            let origin = format!("noise from {} shared texts", shared.len());
            (shared, origin)
        }
        true => {
            let load = Workload::new(SEED);
            (load.texts().collect(), load.origin().to_owned())
        }
    };
    let mut texts: Vec<String> = BACKGROUND.lines().filter_map(text_of).collect();
    texts.extend(more);
    dice.shuffle(&mut texts);
    texts.truncate(wanted);
    let known = texts.len();
    while texts.len() < wanted {
        let (one, other) = (&texts[dice.below(known)], &texts[dice.below(known)]);
        let joined = format!("{} {}", half(one, true), half(other, false));
        texts.push(joined);
    }
    dice.shuffle(&mut texts);
    (texts, origin)
}

fn texts_of(file: &str) -> Vec<String> {
    let path = shared().join("classify").join(file);
    let content = std::fs::read_to_string(path).unwrap_or_default();
    let texts = content.lines().filter_map(text_of);
    texts.flat_map(|text| posts_of(&text)).collect()
}

fn text_of(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = line.get("text").or_else(|| line.get("comment"))?.as_str()?;
    Some(text.to_owned())
}

/// A long text cut into pieces as long as a post, between words.
fn posts_of(text: &str) -> Vec<String> {
    let mut posts = vec![String::new()];
    for word in text.split_whitespace() {
        match posts.last_mut() {
            Some(post) if post.len() < POST_BYTES => {
                post.push_str(word);
                post.push(' ');
            }
            _ => posts.push(format!("{word} ")),
        }
    }
    posts
}

fn half(text: &str, first: bool) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (a, b) = words.split_at(words.len() / 2);
    if first { a } else { b }.join(" ")
}

fn of_noise(number: usize, text: String, dice: &mut Dice) -> Item {
    let platforms = [
        "x", "mastodon", "bluesky", "telegram", "facebook", "youtube",
    ];
    let kind = match dice.below(10) {
        0..=2 => Kind::Reply,
        _ => Kind::Post,
    };
    let platform: &str = dice.pick::<&str>(&platforms);
    let mut item = Item::new(platform, format!("noise-{number}"), kind);
    item.text = text;
    item.author = Some(person(&format!("noise-{}", dice.below(PEOPLE))));
    // They answer what was said in the last hours, some posts more often than others.
    if kind == Kind::Reply && number > 0 {
        let back = dice.below(RECENT).min(dice.below(RECENT)) + 1;
        let parent = number.saturating_sub(back);
        item.reply_to = Some(format!("noise-{}", parent - parent % 4));
    }
    item
}

fn of_line(scenario: usize, line: &Line) -> Item {
    let id = |id: u32| format!("scenario-{scenario}-{id}");
    let mut item = Item::new(&line.platform, id(line.id), line.kind);
    item.text.clone_from(&line.text);
    item.title.clone_from(&line.title);
    item.links.clone_from(&line.links);
    item.reply_to = line.reply_to.map(id);
    match (&line.site, line.kind) {
        (Some(site), Kind::Article) => {
            item.url = Some(format!("https://{site}/{}", line.id));
            item.site = Some(site.clone());
        }
        _ => item.author = Some(person(&format!("{scenario}-{}", line.author))),
    }
    item
}

fn person(name: &str) -> RawAuthor {
    RawAuthor {
        id: name.to_owned(),
        handle: None,
        name: None,
    }
}

/// What a live house would have seen of it.
///
/// # Errors
/// A post that cannot be normalised; a test holds that there is none.
pub fn run(house: &House<'_>, scenarios: &[Scenario], stream: Stream) -> anyhow::Result<Watched> {
    let start: Timestamp = "2026-09-01T00:00:00Z".parse()?;
    let posts = stream.planted.len();
    let mut stories = Stories::new(&house.relate, 1);
    let mut seen = Vec::new();
    // A reply names what it answers within its own platform.
    let mut platforms: HashMap<String, String> = HashMap::new();
    let began = std::time::Instant::now();
    for mut post in stream.planted {
        let at = start + SignedDuration::from_secs(post.at);
        post.item.published = Some(at);
        platforms.insert(post.item.id.clone(), post.item.platform.clone());
        if let Some(parent) = &post.item.reply_to
            && let Some(platform) = platforms.get(parent)
        {
            post.item.platform.clone_from(platform);
        }
        let official = post.scenario.is_some_and(|number| {
            let lines = scenarios.get(number).map_or(&[][..], |one| &one.lines[..]);
            let line = lines.iter().find(|line| line.id == post.line);
            line.is_some_and(|line| line.role == "official")
        });
        let (mut mention, labels) = house.labelled(post.item, at)?;
        mention.marks.official = official;
        let placed = stories.place(&Told::new(&mention, &labels, 0.0));
        if let Some(weight) = placed.weighed {
            seen.push(Seen {
                at: post.at,
                weight,
                scenario: post.scenario.map(|number| (number, post.line)),
                words: format!("{} {}", mention.title, mention.text),
            });
        }
    }
    Ok(Watched {
        seen,
        starts: stream.starts,
        origin: stream.origin,
        posts,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// The key of a share in the sets of opinions.
pub fn key(number: usize) -> MentionKey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    MentionKey(key)
}

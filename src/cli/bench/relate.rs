//! `resonanz bench relate`: posts through the stories and the register, at many live members.

use super::measure::{number, timed};
use super::workload::{Dice, Workload};
use crate::cli::output::{Format, Output};
use crate::clock::thread_cpu;
use crate::model::{Hit, Kind, Labels, Marks, Mention, Says};
use crate::privacy::MentionKey;
use crate::relate::{Config, Known, Stories, Told};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

const SEED: u64 = 20_261_129;
/// Mentions that answer another one, of a hundred.
const ANSWERS: usize = 30;
/// Texts that are shared as they are, of a hundred.
const SHARED: usize = 10;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mentions that new ones are compared with
    #[arg(long, default_value_t = 1_000_000)]
    members: u32,
    /// Entries of the register
    #[arg(long, default_value_t = 10_000)]
    claims: u32,
    /// Posts that are measured
    #[arg(long, default_value_t = 20_000)]
    posts: usize,
    /// Table or JSON lines
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// CPU time of one thread.
#[derive(Debug, Serialize)]
struct Measured {
    members: usize,
    claims: usize,
    posts: usize,
    /// Memory of the process for the members, by a million.
    members_mib_per_million: f64,
    claims_mib: f64,
    filled_per_second: f64,
    stories_per_second: f64,
    register_per_second: f64,
    both_per_second: f64,
    /// From the post to its weighed story, and its matches.
    p50_us: f64,
    p99_us: f64,
    /// The same of posts that brought a story over its threshold.
    flags: usize,
    flag_p99_us: f64,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut made = Made::new();
    let config = Config {
        max_members: args.members.max(1),
        ..Config::default()
    };
    let mut stories = Stories::new(&config, 1);
    let before = resident_mib();
    let (filled, ()) = timed(|| {
        for _ in 0..args.members {
            place(&mut stories, &made.hit());
        }
    });
    let members_mib = resident_mib() - before;
    let before = resident_mib();
    let mut known = Known::new(&config);
    for number in 0..args.claims {
        let claim = made.words();
        known.put_claim(crate::model::ClaimId::Office(i64::from(number)), &claim, "");
    }
    let hits: Vec<Hit> = (0..args.posts).map(|_| made.hit()).collect();
    // The first comparison weighs all entries; it is no part of the others.
    hits.iter()
        .take(1)
        .for_each(|hit| known.compare(&mut hit.clone()));
    let claims_mib = resident_mib() - before;
    let mut compared = hits.clone();
    let (register, ()) = timed(|| compared.iter_mut().for_each(|hit| known.compare(hit)));
    let (mut each, mut flags, mut placing) = (Vec::new(), Vec::new(), Duration::ZERO);
    for mut hit in hits {
        let start = thread_cpu();
        known.compare(&mut hit);
        let middle = thread_cpu();
        let over = place(&mut stories, &hit);
        let end = thread_cpu();
        placing += end.saturating_sub(middle);
        let micros = end.saturating_sub(start).as_secs_f64() * 1e6;
        each.push(micros);
        if over {
            flags.push(micros);
        }
    }
    let rate = |count: usize, time: Duration| count as f64 / time.as_secs_f64().max(1e-9);
    let both: f64 = each.iter().sum();
    let measured = Measured {
        members: stories.len(),
        claims: known.claims(),
        posts: each.len(),
        members_mib_per_million: members_mib * 1e6 / f64::from(args.members.max(1)),
        claims_mib,
        filled_per_second: rate(args.members as usize, filled),
        stories_per_second: rate(each.len(), placing),
        register_per_second: rate(each.len(), register),
        both_per_second: each.len() as f64 * 1e6 / both.max(1e-9),
        p50_us: quantile(&mut each, 0.5),
        p99_us: quantile(&mut each, 0.99),
        flags: flags.len(),
        flag_p99_us: quantile(&mut flags, 0.99),
    };
    print(&measured, args.format)?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a hit into a story; whether that is over its threshold now.
fn place(stories: &mut Stories, hit: &Hit) -> bool {
    let placed = stories.place(&Told::new(&hit.mention, &hit.labels, hit.likeliest_claim()));
    placed.weighed.is_some_and(|weight| weight.is_over())
}

/// Invented mentions, one after the other: their words are pieces of two posts, so that most are
/// nobody's copy; some share the words of one before, some answer one.
struct Made {
    dice: Dice,
    texts: Vec<String>,
    recent: Vec<(MentionKey, String)>,
    count: u64,
    start: Timestamp,
}

impl Made {
    fn new() -> Self {
        Self {
            dice: Dice::new(SEED, "relate"),
            texts: Workload::new(SEED).texts().collect(),
            recent: Vec::new(),
            count: 0,
            start: Timestamp::UNIX_EPOCH,
        }
    }

    fn words(&mut self) -> String {
        let mut half = |first: bool| {
            let text = self.dice.pick(&self.texts);
            let words: Vec<&str> = text.split_whitespace().collect();
            let (a, b) = words.split_at(words.len() / 2);
            if first { a.join(" ") } else { b.join(" ") }
        };
        format!("{} {}", half(true), half(false))
    }

    fn hit(&mut self) -> Hit {
        self.count += 1;
        let shares = self.dice.chance(SHARED) && !self.recent.is_empty();
        let text = match shares {
            true => self.dice.pick(&self.recent).1.clone(),
            false => self.words(),
        };
        let answers = self.dice.chance(ANSWERS) && !self.recent.is_empty();
        let reply_to = answers.then(|| self.dice.pick(&self.recent).0);
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.count.to_le_bytes());
        let key = MentionKey(key);
        // A million in about a day, so that all of them are within the window.
        let millis = i64::try_from(self.count * 80).unwrap_or(0);
        let at = self.start + SignedDuration::from_millis(millis);
        if self.recent.len() < 5_000 {
            self.recent.push((key, text.clone()));
        } else {
            let place = self.dice.below(self.recent.len());
            self.recent[place] = (key, text.clone());
        }
        let unit = |dice: &mut Dice| dice.unit() as f32;
        let says = Says {
            factual: Some(unit(&mut self.dice)),
            asks: Some(unit(&mut self.dice) * 0.6),
            denies: Some(unit(&mut self.dice) * 0.6),
            hearsay: self.dice.chance(3).then(|| "angeblich".to_owned()),
        };
        Hit {
            mention: mention(key, at, text, reply_to, self.dice.roll()),
            matches: Vec::new(),
            labels: Labels {
                says,
                ..Labels::default()
            },
            placement: None,
            claims: Vec::new(),
            differs: Vec::new(),
            backfill: false,
        }
    }
}

fn mention(
    key: MentionKey,
    at: Timestamp,
    text: String,
    reply_to: Option<MentionKey>,
    person: u64,
) -> Mention {
    let mut pseudonym = [0; 16];
    pseudonym[..8].copy_from_slice(&(person % 200_000).to_le_bytes());
    Mention {
        key,
        source: "bench".to_owned(),
        platform: "bench".to_owned(),
        kind: Kind::Post,
        published: at,
        edited: None,
        collected: at,
        title: String::new(),
        text,
        lang: "de".to_owned(),
        site: String::new(),
        url: None,
        links: Vec::new(),
        author: Some(crate::model::Author::Private {
            pseudonym: crate::privacy::Pseudonym(pseudonym),
        }),
        sealed: None,
        reply_to,
        marks: Marks::default(),
    }
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1)) as f64 * share;
    values.get(place.round() as usize).copied().unwrap_or(0.0)
}

/// Resident memory of this process.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    number(&status, "VmRSS:") as f64 / 1_024.0
}

fn print(measured: &Measured, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Jsonl {
        return Ok(out.json(measured)?);
    }
    let rows = [
        ("members", measured.members.to_string()),
        ("claims", measured.claims.to_string()),
        ("posts", measured.posts.to_string()),
        (
            "memory of a million members, MiB",
            format!("{:.0}", measured.members_mib_per_million),
        ),
        (
            "memory of the register, MiB",
            format!("{:.0}", measured.claims_mib),
        ),
        (
            "filling, posts/s",
            format!("{:.0}", measured.filled_per_second),
        ),
        (
            "stories, posts/s",
            format!("{:.0}", measured.stories_per_second),
        ),
        (
            "register, posts/s",
            format!("{:.0}", measured.register_per_second),
        ),
        ("both, posts/s", format!("{:.0}", measured.both_per_second)),
        ("one post, p50 us", format!("{:.0}", measured.p50_us)),
        ("one post, p99 us", format!("{:.0}", measured.p99_us)),
        ("posts over a threshold", measured.flags.to_string()),
        (
            "one of these, p99 us",
            format!("{:.0}", measured.flag_p99_us),
        ),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    Ok(out.table(&["FIGURE", "VALUE"], &rows)?)
}

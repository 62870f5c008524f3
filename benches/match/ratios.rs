//! Ratios to the peers, and the gates that they must pass.

use crate::{mokaccino, parsing};
use anyhow::bail;
use divan::black_box;
use jiff::civil::date;
use resonanz::cli::Output;
use resonanz::cli::bench::engine::{self, Engine};
use resonanz::cli::bench::matching::pass;
use resonanz::cli::bench::measure::{Pairs, alternate, fitting};
use resonanz::cli::bench::workload::{Post, SEED, Set, Workload};
use resonanz::model::Mention;
use resonanz::normalise::Context;
use resonanz::privacy::{Keys, Voices};
use resonanz::text::Tokens;
use std::cell::RefCell;
use std::time::Duration;
use tantivy::tokenizer::{AsciiFoldingFilter, LowerCaser, SimpleTokenizer, TextAnalyzer};

/// Posts or frames of a comparison, if they fit its time.
const MOST: usize = 20_000;

/// A ratio and what it must reach.
struct Row {
    name: &'static str,
    ratio: f64,
    gate: Gate,
    /// What we want to reach one day.
    goal: &'static str,
    detail: String,
}

/// What must hold today: a fifth short of what was measured, for machines are noisy.
enum Gate {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    fn holds(&self) -> bool {
        match self.gate {
            Gate::AtLeast(bound) => self.ratio >= bound,
            Gate::AtMost(bound) => self.ratio <= bound,
        }
    }

    fn cells(&self) -> Vec<String> {
        let gate = match self.gate {
            Gate::AtLeast(bound) => format!(">= {bound}"),
            Gate::AtMost(bound) => format!("<= {bound}"),
        };
        let verdict = if self.holds() { "holds" } else { "FAILS" };
        let name = self.name.to_owned();
        let ratio = format!("{:.3}", self.ratio);
        let goal = self.goal.to_owned();
        vec![
            name,
            ratio,
            gate,
            verdict.to_owned(),
            goal,
            self.detail.clone(),
        ]
    }
}

struct Bench {
    load: Workload,
    budget: Duration,
    rounds: usize,
    rows: Vec<Row>,
}

/// Prints all ratios; true where every gate holds.
///
/// # Errors
/// A peer that finds other pairs than we do, or does not take a query.
pub fn run(seconds: f64, rounds: usize) -> anyhow::Result<bool> {
    let mut bench = Bench {
        load: Workload::new(SEED),
        budget: Duration::from_secs_f64(seconds),
        rounds,
        rows: Vec::new(),
    };
    bench.fold_tokenise();
    let percolations = [
        (100, 6.0, ">= 12"),
        // The peer's share depends on the machine: 9.2 on one kind, 7.1 on another, same code.
        (1_000, 5.7, ">= 12"),
        (10_000, 9.0, ">= 25"),
    ];
    for (queries, gate, goal) in percolations {
        bench.percolate(queries, gate, goal)?;
    }
    bench.growth();
    bench.match_path()?;
    let mut out = Output::new();
    out.line(&format!("{}; CPU time of one thread", bench.load.origin()))?;
    let cells: Vec<_> = bench.rows.iter().map(Row::cells).collect();
    out.table(
        &["comparison", "ratio", "gate", "", "goal", "in detail"],
        &cells,
    )?;
    out.line("Lucene Monitor: benches/peers/lucene/run")?;
    out.flush()?;
    Ok(bench.rows.iter().all(Row::holds))
}

impl Bench {
    fn mentions(&self) -> Vec<Mention> {
        let posts = self.load.posts(MOST);
        let numbered = posts.iter().enumerate();
        numbered
            .map(|(number, post)| engine::mention(number, post))
            .collect()
    }

    fn row(
        &mut self,
        name: &'static str,
        ratio: f64,
        gate: Gate,
        goal: &'static str,
        detail: String,
    ) {
        self.rows.push(Row {
            name,
            ratio,
            gate,
            goal,
            detail,
        });
    }

    /// Our analyser against tantivy's simplest chain that folds.
    fn fold_tokenise(&mut self) {
        let posts = self.load.posts(MOST);
        let mut chain = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(LowerCaser)
            .filter(AsciiFoldingFilter)
            .build();
        let mut tokens = Tokens::default();
        let count = fitting(self.budget, MOST, |at| tokens.read(&posts[at].text));
        let posts = &posts[..count];
        let times = alternate(
            self.rounds,
            &mut [
                &mut || words(posts, |text| our_words(&mut tokens, text)),
                &mut || words(posts, |text| chain_words(&mut chain, text)),
            ],
        );
        let [ours, theirs] = per_item(&times, count);
        self.row(
            "fold_tokenise: tantivy / ours",
            theirs / ours,
            Gate::AtLeast(0.6),
            ">= 8",
            format!("{} vs {} a post, {count} posts", us(theirs), us(ours)),
        );
    }

    /// The matcher against mokaccino on what both can say.
    fn percolate(&mut self, queries: usize, gate: f64, goal: &'static str) -> anyhow::Result<()> {
        let queries = self.load.queries(queries, Set::Bool);
        let mentions = self.mentions();
        let mut engine = Engine::new(&queries);
        let tuned = mokaccino::tuned(&queries)?;
        let optimized = mokaccino::optimized(&queries)?;
        let count = self.fit(&mut engine, &mentions);
        engine.learn();
        let posts = &mentions[..count];
        let times = alternate(
            self.rounds,
            &mut [
                &mut || pass(&mut engine, posts),
                &mut || mokaccino::pass(&tuned, posts),
                &mut || mokaccino::pass(&optimized, posts),
            ],
        );
        for (_, pairs) in &times {
            if *pairs != times[0].1 {
                bail!(
                    "mokaccino finds other pairs: {pairs:?} against {:?}",
                    times[0].1
                );
            }
        }
        let [ours, tuned, optimized] = per_item(&times, count);
        let name = match queries.len() {
            100 => "percolate/100/bool: mokaccino tuned / ours",
            1_000 => "percolate/1000/bool: mokaccino tuned / ours",
            _ => "percolate/10000/bool: mokaccino tuned / ours",
        };
        let detail = format!(
            "{} vs {} a post, optimized() {}; {count} posts, {} pairs, the same",
            us(tuned),
            us(ours),
            us(optimized),
            times[0].1.count
        );
        self.row(
            name,
            tuned.min(optimized) / ours,
            Gate::AtLeast(gate),
            goal,
            detail,
        );
        Ok(())
    }

    /// What a hundred times more queries cost.
    fn growth(&mut self) {
        let mentions = self.mentions();
        let all = self.load.queries(10_000, Set::Full);
        let mut few = Engine::new(&all[..100]);
        let mut many = Engine::new(&all);
        let count = self.fit(&mut many, &mentions);
        self.fit(&mut few, &mentions);
        few.learn();
        many.learn();
        let posts = &mentions[..count];
        let times = alternate(
            self.rounds,
            &mut [&mut || pass(&mut few, posts), &mut || {
                pass(&mut many, posts)
            }],
        );
        let [few, many] = per_item(&times, count);
        self.row(
            "percolate/full: 10000 queries / 100 queries",
            many / few,
            Gate::AtMost(7.0),
            "<= 4",
            format!("{} vs {} a post, {count} posts", us(many), us(few)),
        );
    }

    /// From the bytes of a frame to the matches, against merely parsing them.
    fn match_path(&mut self) -> anyhow::Result<()> {
        let frames = self.load.frames(MOST);
        let mut engine = Engine::new(&self.load.queries(1_000, Set::Full));
        let mut vessel = engine::mention(0, &self.load.posts(1)[0]);
        let count = fitting(self.budget, MOST, |at| {
            black_box(parsing::match_path(
                &frames[at..=at],
                &mut engine,
                &mut vessel,
            ));
        });
        let frames = &frames[..count];
        let keys = Keys::from_secret([7; 32]);
        let voices = Voices::new(&[], date(2026, 11, 22));
        let context = Context {
            source: "bench",
            keys: &keys,
            voices: &voices,
            collected: "2026-11-22T12:00:00Z".parse()?,
        };
        let engine = RefCell::new(engine);
        let times = alternate(
            self.rounds,
            &mut [
                &mut || parsing::match_path(frames, &mut engine.borrow_mut(), &mut vessel),
                &mut || parsing::merely_parse(frames),
                &mut || parsing::normalised_path(frames, &mut engine.borrow_mut(), &context),
            ],
        );
        let [ours, parse, normalised] = per_item(&times, count);
        let bytes: usize = frames.iter().map(Vec::len).sum();
        let size = bytes / count;
        self.row(
            "match_path/mix, 1000/full: ours / serde_json parsing",
            ours / parse,
            Gate::AtMost(2.0),
            "<= 0.6",
            format!("{} vs {} a frame, {count} of {size} B", us(ours), us(parse)),
        );
        self.row(
            "the same with normalise between",
            normalised / parse,
            Gate::AtMost(3.5),
            "–",
            format!("{} a frame", us(normalised)),
        );
        Ok(())
    }

    fn fit(&self, engine: &mut Engine, mentions: &[Mention]) -> usize {
        fitting(self.budget, mentions.len(), |at| {
            engine.matches(&mentions[at]);
        })
    }
}

/// Both count words, which are not the same ones.
fn words(posts: &[Post], mut count: impl FnMut(&str) -> usize) -> Pairs {
    let mut pairs = Pairs::default();
    for post in posts {
        pairs.count += count(&post.text) as u64;
    }
    pairs
}

fn our_words(tokens: &mut Tokens, text: &str) -> usize {
    tokens.read(text);
    black_box(&*tokens).len()
}

fn chain_words(chain: &mut TextAnalyzer, text: &str) -> usize {
    let mut stream = chain.token_stream(text);
    let mut count = 0;
    while stream.advance() {
        black_box(&stream.token().text);
        count += 1;
    }
    count
}

/// Seconds an item of each contender.
fn per_item<const N: usize>(times: &[(Duration, Pairs)], count: usize) -> [f64; N] {
    std::array::from_fn(|number| times[number].0.as_secs_f64() / count as f64)
}

fn us(seconds: f64) -> String {
    format!("{:.2} µs", seconds * 1e6)
}

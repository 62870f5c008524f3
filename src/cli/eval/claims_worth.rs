//! `eval claims-worth`: how well statements that claim a checkable fact are told from the others.

use super::{Format, Judge, Output};
use crate::classify::Classifier;
use crate::classify::learn::{self, learn};
use crate::classify::model_file::Model;
use crate::classify::score::{auc, inner};
use crate::classify::solve::Weights;
use crate::classify::trained::Trained;
use crate::cli::WrongArguments;
use crate::cli::bench::workload::Dice;
use crate::cli::house::{Settings, today};
use crate::cli::judged::{self, Fields, Line, Statement, nobody};
use crate::cli::samples::form_samples;
use crate::privacy::Voices;
use crate::text::hash;
use serde::Serialize;
use std::path::PathBuf;

/// Name of the head, and its classes in their order.
const HEAD: &str = "factual";
const CLASSES: [&str; 2] = ["claim", "other"];
/// Probability from which a statement is called a claim, by a model that was made elsewhere.
const SAID: f32 = 0.5;
/// Those that are tried, in hundredths, where a set tells itself which is best.
const TRIED: std::ops::RangeInclusive<u8> = 20..=80;
/// Draws of the bootstrap, and their seed.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_261_129;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of judged statements
    #[arg(long, value_name = "FILE")]
    set: PathBuf,
    /// Key of the judgement, where it is not `label`
    #[arg(long, value_name = "KEY", default_value = "label")]
    label: String,
    /// A model that `train` made, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Train on the set itself, in so many parts: each is judged by a model that never saw it
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u64).range(2..=20))]
    folds: Option<u64>,
    #[command(flatten)]
    settings: Settings,
    /// table for people, json for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

/// What is true of a statement, and what is said of it.
#[derive(Debug, Clone, Copy)]
struct Said {
    claims: bool,
    /// That it claims a fact.
    probability: f32,
    /// It is called a claim.
    called: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    set: String,
    model: String,
    statements: usize,
    claims: usize,
    macro_f1: f64,
    /// 95 of 100 draws of as many statements lie between these.
    macro_f1_interval: (f64, f64),
    precision: f64,
    recall: f64,
    f1: f64,
    accuracy: f64,
    /// How often a claim is taken for more of one than another statement is.
    auc: f64,
    /// Mean distance of probability and truth over ten bins.
    ece: f64,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let fields = Fields {
        text: "text",
        label: &args.label,
        target: None,
        group: None,
    };
    let mut lines = judged::read(&args.set, &fields)?;
    for line in &mut lines {
        line.label = class(args, line)?.to_owned();
    }
    let statements = judged::prepare(&lines, &[], &nobody(), &voices)?;
    let Judge::Trained(trained) = Judge::new(args.model.as_ref())? else {
        let message = "the word list cannot tell claims from other statements; name a model";
        return Err(WrongArguments(message.to_owned()).into());
    };
    let (model, said) = match args.folds {
        Some(folds) => (
            format!("{}, {folds} folds of the set", trained.model()),
            cross_validate(trained.model_file(), &statements, folds),
        ),
        None => (
            trained.model().to_owned(),
            said(&trained, statements.iter()),
        ),
    };
    let set = args.set.file_name().unwrap_or_default();
    let report = report(set.to_string_lossy().into_owned(), model, &said);
    print(&report, args.format)
}

/// What a line's judgement says.
fn class(args: &Args, line: &Line) -> anyhow::Result<&'static str> {
    match line.label.to_lowercase().as_str() {
        "claim" | "true" | "1" | "yes" => Ok(CLASSES[0]),
        "other" | "false" | "0" | "no" => Ok(CLASSES[1]),
        _ => {
            let (file, number, key) = (args.set.display(), line.number, &args.label);
            let message = format!(
                "{file}: line {number}: `{key}` must be true or false, 1 or 0, claim or other"
            );
            Err(WrongArguments(message).into())
        }
    }
}

fn said<'a>(trained: &Trained, statements: impl Iterator<Item = &'a Statement>) -> Vec<Said> {
    let one = |statement: &'a Statement| {
        let labels = trained.classify(&statement.mention, &[&statement.target]);
        let factual = labels.says.factual.unwrap_or(0.5);
        Said {
            claims: statement.label == CLASSES[0],
            probability: factual,
            called: factual >= SAID,
        }
    };
    statements.map(one).collect()
}

/// Learns from all parts of the set but one, and judges that one; every part once. From which
/// probability on a statement is called a claim, the other parts say.
fn cross_validate(model: &Model, statements: &[Statement], folds: u64) -> Vec<Said> {
    let classes = CLASSES.map(str::to_owned);
    let fold = |statement: &Statement| hash(&statement.mention.text) % folds;
    let centre = Weights::blank(classes.len());
    let mut parts: Vec<Vec<Said>> = Vec::new();
    for held in 0..folds {
        let (hold, rest): (Vec<_>, Vec<_>) = statements.iter().partition(|one| fold(one) == held);
        let learned = form_samples(rest, &classes, 1.0, Some(model));
        let settings = learn::Settings {
            form: true,
            ..learn::Settings::default()
        };
        let start = learn::Start::from(&centre);
        let (head, weights) = learn(HEAD, &classes, &learned, start, settings);
        let mut model = model.clone();
        if model.put(head, &weights).is_ok() {
            parts.push(said(&Trained::new(model), hold.into_iter()));
        }
    }
    let call = |held: usize| {
        let others = parts.iter().enumerate().filter(|(part, _)| *part != held);
        let others: Vec<Said> = others.flat_map(|(_, part)| part).copied().collect();
        let least = best(&others);
        let called = move |one: &Said| Said {
            called: one.probability >= least,
            ..*one
        };
        parts[held].iter().map(called).collect::<Vec<_>>()
    };
    (0..parts.len()).flat_map(call).collect()
}

/// The probability from which a claim should be called one, by macro-F1.
fn best(said: &[Said]) -> f32 {
    let tried = TRIED.map(|percent| f32::from(percent) / 100.0);
    let scored = tried.map(|least| {
        let mut counts = Counts::default();
        for one in said {
            counts.take(Said {
                called: one.probability >= least,
                ..*one
            });
        }
        (counts.macro_f1(), least)
    });
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.map_or(SAID, |(_, least)| least)
}

/// Counts by truth and by what was said: claims called claims, others called claims, claims missed.
#[derive(Default, Clone, Copy)]
struct Counts {
    right: u32,
    wrong: u32,
    missed: u32,
    left: u32,
}

impl Counts {
    fn take(&mut self, said: Said) {
        match (said.claims, said.called) {
            (true, true) => self.right += 1,
            (false, true) => self.wrong += 1,
            (true, false) => self.missed += 1,
            (false, false) => self.left += 1,
        }
    }

    fn f1(right: u32, faults: u32) -> f64 {
        f64::from(2 * right) / f64::from((2 * right + faults).max(1))
    }

    fn macro_f1(self) -> f64 {
        let faults = self.wrong + self.missed;
        f64::midpoint(Self::f1(self.right, faults), Self::f1(self.left, faults))
    }
}

fn report(set: String, model: String, said: &[Said]) -> Report {
    let mut counts = Counts::default();
    said.iter().for_each(|one| counts.take(*one));
    let share = |part: u32, all: u32| f64::from(part) / f64::from(all.max(1));
    let ranks = said
        .iter()
        .map(|one| (f64::from(one.probability), one.claims));
    Report {
        set,
        model,
        statements: said.len(),
        claims: said.iter().filter(|one| one.claims).count(),
        macro_f1: counts.macro_f1(),
        macro_f1_interval: interval(said),
        precision: share(counts.right, counts.right + counts.wrong),
        recall: share(counts.right, counts.right + counts.missed),
        f1: Counts::f1(counts.right, counts.wrong + counts.missed),
        accuracy: share(
            counts.right + counts.left,
            u32::try_from(said.len()).unwrap_or(u32::MAX),
        ),
        auc: auc(ranks.collect()),
        ece: ece(said),
    }
}

fn interval(said: &[Said]) -> (f64, f64) {
    let mut dice = Dice::new(SEED, "claims worth");
    let mut found: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let mut counts = Counts::default();
            for _ in 0..said.len() {
                counts.take(*dice.pick(said));
            }
            counts.macro_f1()
        })
        .collect();
    inner(&mut found)
}

fn ece(said: &[Said]) -> f64 {
    let mut bins = [(0.0, 0.0, 0.0); 10];
    for one in said {
        let bin = ((one.probability * 10.0) as usize).min(9);
        bins[bin].0 += f64::from(one.probability);
        bins[bin].1 += f64::from(u8::from(one.claims));
        bins[bin].2 += 1.0;
    }
    let all = said.len().max(1) as f64;
    let distance = bins.iter().map(|(p, truth, _)| (p - truth).abs());
    distance.sum::<f64>() / all
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Json {
        return Ok(out.json(report)?);
    }
    let percent = super::report::percent;
    let (low, high) = report.macro_f1_interval;
    out.line(&format!("{} on {}", report.model, report.set))?;
    let rows = [
        ("statements", report.statements.to_string()),
        ("claims among them", report.claims.to_string()),
        (
            "macro-F1",
            format!(
                "{} (95 % between {} and {})",
                percent(report.macro_f1),
                percent(low),
                percent(high)
            ),
        ),
        ("precision of claims", percent(report.precision)),
        ("recall of claims", percent(report.recall)),
        ("F1 of claims", percent(report.f1)),
        ("accuracy", percent(report.accuracy)),
        ("claim against the rest (AUC)", percent(report.auc)),
        ("calibration error (ECE)", percent(report.ece)),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    Ok(out.table(&["FIGURE", "PERCENT"], &rows)?)
}

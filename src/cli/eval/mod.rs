//! `resonanz eval`: how well the classifier does on statements that people have judged.

mod claims_worth;
mod matching;
mod misreporting;
mod page;
mod pairs;
mod report;
mod rumours;
mod yardsticks;

use super::Output;
use super::house::{Settings, today};
use super::judged::{self, Statement, nobody};
use super::samples::samples;
use super::train::read;
use crate::classify::learn::{self, learn};
use crate::classify::model_file::Model;
use crate::classify::score::Judged;
use crate::classify::shipped;
use crate::classify::trained::{STANCE, STANCES, Trained};
use crate::classify::{Classifier, Lexicon};
use crate::model::{Mention, Stance, Target};
use crate::privacy::Voices;
use crate::text::hash;
use report::{Report, table};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Stance toward targets, on a file of lines {"text","target","stance"}.
    #[command(after_help = "Example: resonanz eval stance --set judged.jsonl\n\n\
        One JSON object a line: {\"text\":\"…\",\"target\":\"minister\",\"stance\":\"critical\"}; stance \
        is critical, supportive, neutral or unclear; target is a registered one, or any name by which \
        the text calls it. `kind` (article, reply, …) and `lang` may stand beside; other keys are left \
        alone.")]
    Stance(Args),
    /// Names, dialects, parties, groups of people and the like must not change a stance; negations,
    /// quotations and headlines must: on built-in pairs of statements that no model learns from.
    #[command(after_help = "Example: resonanz eval pairs")]
    Pairs(PairArgs),
    /// Statements that claim a fact which somebody could check, on a file of lines {"text","label"}.
    #[command(
        name = "claims-worth",
        after_help = "Example: resonanz eval claims-worth --set judged.jsonl\n\n\
        One JSON object a line: {\"text\":\"…\",\"label\":true}; label is true or false, 1 or 0, claim or \
        other, and may have another name (--label)."
    )]
    ClaimsWorth(claims_worth::Args),
    /// How early planted rumours are flagged among many posts, and what else is; on built-in
    /// scenarios that were invented for it.
    #[command(after_help = "Example: resonanz eval rumours --noise 20000")]
    Rumours(rumours::Args),
    /// Figures, dates, quotations, offices and decisions that articles give otherwise than our own
    /// statements: on a built-in set of articles beside statements.
    #[command(
        after_help = "Example: resonanz eval misreporting --half held-out --show\n\n\
        With --set, one JSON object a line: {\"statement\":\"…\",\"article\":\"…\",\"kind\":\"number\",\
        \"ours\":\"12.345\",\"theirs\":\"15.345\"}; kind is null (then without ours and theirs), number, \
        date, quote, office, negation or speaker. `on` and `read_on` (days of publication), `title` (of the \
        article), `lang` and `note` may stand beside."
    )]
    Misreporting(misreporting::Args),
    /// Mentions and the known claims that they repeat, on a file of lines {"text","claim_id"}.
    #[command(after_help = matching::HELP)]
    Matching(matching::Args),
}

#[derive(Debug, clap::Args)]
pub struct PairArgs {
    /// A model that `train` made, instead of the built-in one; `lexicon` is the word list
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// table for people, json for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of judged statements
    #[arg(long, value_name = "FILE")]
    set: PathBuf,
    /// A model that `train` made, instead of the built-in one; `lexicon` is the word list
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Another model to compare with on the same statements
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Train on the set itself, in so many parts: each is judged by a model that never saw it
    #[arg(long, value_name = "PARTS", value_parser = clap::value_parser!(u64).range(2..=20))]
    folds: Option<u64>,
    /// With --folds: begin with weights of nothing, not with those of the model
    #[arg(long, requires = "folds")]
    blank: bool,
    #[command(flatten)]
    settings: Settings,
    /// table for people, json for programs, html for reports
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Html,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Stance(args) => stance(args)?,
        Command::Matching(args) => matching::run(args)?,
        Command::Pairs(args) => {
            let judge = Judge::new(args.model.as_ref())?;
            let targets = args.settings.read()?.register.targets;
            pairs::print(&pairs::judged(&judge, &targets), args.format)?;
        }
        Command::ClaimsWorth(args) => claims_worth::run(args)?,
        Command::Rumours(args) => rumours::run(args)?,
        Command::Misreporting(args) => misreporting::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn stance(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let lines = judged::read_stances(&args.set)?;
    let targets = &config.register.targets;
    let statements = judged::prepare(&lines, targets, &nobody(), &voices)?;
    let judge_of = Judge::new(args.model.as_ref())?;
    let (name, judged) = match (args.folds, &judge_of) {
        (Some(folds), Judge::Trained(trained)) => {
            let name = format!("{}, {folds} folds of the set", trained.model());
            let model = trained.model_file();
            (name, cross_validate(model, &statements, folds, args.blank))
        }
        (_, judge) => (judge.name().to_owned(), judge.all(&statements)),
    };
    let set = args.set.file_name().unwrap_or_default();
    let mut report = Report::new(set.to_string_lossy().into_owned(), name, &judged);
    if let Some(other) = &args.against {
        let other = Judge::new(Some(other))?;
        report.compare(other.name(), &judged, &other.all(&statements));
    }
    let mut out = Output::new();
    match args.format {
        Format::Table => table(&mut out, &report)?,
        Format::Json => out.json(&report)?,
        Format::Html => {
            for line in page::html(&report)?.lines() {
                out.line(line)?;
            }
        }
    }
    Ok(())
}

/// Who judges.
pub enum Judge {
    Lexicon(Box<Lexicon>),
    Trained(Box<Trained>),
}

impl Judge {
    fn new(model: Option<&PathBuf>) -> anyhow::Result<Self> {
        Ok(match model {
            Some(name) if name.as_os_str() == "lexicon" => Self::Lexicon(Box::default()),
            Some(path) => Self::Trained(Box::new(Trained::new(read(path)?))),
            None => Self::Trained(Box::new(Trained::new(shipped::model()?))),
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Lexicon(lexicon) => lexicon.model(),
            Self::Trained(trained) => trained.model(),
        }
    }

    fn all(&self, statements: &[Statement]) -> Vec<Judged> {
        statements.iter().map(|one| self.one(one)).collect()
    }

    /// What is said of one mention.
    pub fn stance(&self, mention: &Mention, target: &Target) -> Stance {
        let labels = match self {
            Self::Lexicon(lexicon) => lexicon.classify(mention, &[target]),
            Self::Trained(trained) => trained.classify(mention, &[target]),
        };
        labels.stance_toward(&target.name)
    }

    fn one(&self, statement: &Statement) -> Judged {
        let (mention, target) = (&statement.mention, &statement.target);
        let (labels, sides) = match self {
            Self::Lexicon(lexicon) => (lexicon.classify(mention, &[target]), None),
            Self::Trained(trained) => {
                let labels = trained.classify(mention, &[target]);
                (labels, trained.probabilities(mention, target))
            }
        };
        let label = labels.stances.first();
        Judged {
            target: target.name.clone(),
            truth: statement.stance().unwrap_or(Stance::Unclear),
            said: label.map_or(Stance::Unclear, |label| label.stance),
            probability: label.and_then(|label| label.probability).map(f64::from),
            sides: sides
                .and_then(|sides| <[f32; 3]>::try_from(sides).ok().map(|s| s.map(f64::from))),
        }
    }
}

/// Learns from all parts of the set but one, and judges that one; every part once. Statements with
/// one text stay together.
fn cross_validate(model: &Model, statements: &[Statement], folds: u64, blank: bool) -> Vec<Judged> {
    let classes: Vec<String> = STANCES.iter().map(|one| one.as_str().to_owned()).collect();
    let fold = |statement: &Statement| hash(&statement.mention.text) % folds;
    let centre = match blank {
        true => crate::classify::solve::Weights::blank(classes.len()),
        false => model.weights(STANCE, classes.len()),
    };
    let mut judged = Vec::new();
    for held in 0..folds {
        let (hold, rest): (Vec<_>, Vec<_>) = statements.iter().partition(|one| fold(one) == held);
        let learned = samples(rest, &classes, 1.0, Some(model));
        let before = model.head(STANCE).filter(|_| !blank);
        let before = before.map(|(head, _)| head);
        let settings = learn::Settings::default();
        let start = learn::Start {
            head: before,
            ..learn::Start::from(&centre)
        };
        let (head, weights) = learn(STANCE, &classes, &learned, start, settings);
        let mut model = model.clone();
        if model.put(head, &weights).is_ok() {
            let judge = Judge::Trained(Box::new(Trained::new(model)));
            judged.extend(hold.iter().map(|one| judge.one(one)));
        }
    }
    judged
}

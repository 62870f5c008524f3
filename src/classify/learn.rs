//! Learns a head: weights, curves and thresholds, and how well it does on what it never saw. Pure:
//! the same samples give the same head to the byte.

use super::calibrate::{Platt, margins, threshold};
use super::model_file::{Answer, Head};
use super::solve::{Sample, Weights, solve};
use std::collections::BTreeMap;

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How strongly weights are held to where they began.
    pub prior: f32,
    /// How much rarer classes count more: 0 not at all, 1 until all count the same.
    pub balance: f32,
    /// Share of right answers that a class should reach to be said.
    pub precision: f32,
    /// A class is said at the latest from this probability on.
    pub sure: f32,
    /// Curves are no steeper than this: a seed is easier than what people write.
    pub steepest: f32,
    /// How much more often others than these samples are of the last class, as a logarithm of odds.
    pub shift: f32,
    /// The samples tell how statements are put.
    pub form: bool,
    /// Decides which statements are judged by which part of the others.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prior: 0.5,
            balance: 0.5,
            precision: 0.6,
            sure: 0.6,
            steepest: f32::INFINITY,
            shift: 0.0,
            form: false,
            seed: 20_161_121,
        }
    }
}

/// Parts in which the samples are judged by models of the others.
const FOLDS: u64 = 5;
/// From so many samples on, one part is judged and not all of them: enough to measure by.
const MANY: usize = 10_000;
/// Steps of the solver; it mostly ends before.
const ROUNDS: usize = 60;

/// A sample, and what keeps it together with others: texts of one group are on one side of a split.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The class, or none: a statement that people found unclear. It teaches no class, and shows
    /// from when on a class should be said.
    pub class: Option<usize>,
    pub sample: Sample,
    pub group: u64,
}

/// How strongly curves are held to those before: as by so many statements.
const HELD: f64 = 4.0;
const HELD_TO_BEFORE: f64 = 60.0;

/// Where learning begins.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// To these weights the new ones are held.
    pub centre: &'a Weights,
    /// The head that they belong to: its thresholds stay, and its curves change little by little.
    pub head: Option<&'a Head>,
    /// What it has learned from, to be learned once more; it says nothing of how sure to be.
    pub rehearsed: &'a [Labelled],
}

impl<'a> From<&'a Weights> for Start<'a> {
    fn from(centre: &'a Weights) -> Self {
        Self {
            centre,
            head: None,
            rehearsed: &[],
        }
    }
}

/// Weights and a head for these samples.
pub fn learn(
    name: &str,
    classes: &[String],
    samples: &[Labelled],
    start: Start<'_>,
    settings: Settings,
) -> (Head, Weights) {
    let before = start.head;
    let judged = judged_by_others(samples, start, settings);
    let platt: Vec<Platt> = (0..classes.len())
        .map(|class| {
            // What people found unclear is none of the classes.
            let points = judged
                .iter()
                .map(|(truth, sums)| (margins(sums)[class], *truth == Some(class)));
            let points: Vec<_> = points.collect();
            let curve = match before.and_then(|head| head.platt.get(class)) {
                Some(curve) => curve.fit(&points, HELD_TO_BEFORE),
                None => Platt::IDENTITY.fit(&points, HELD),
            };
            let is_last = class + 1 == classes.len();
            let shift = if is_last { 1.0 } else { -1.0 } * settings.shift;
            curve.corrected(settings.steepest, shift)
        })
        .collect();
    let mut head = Head {
        name: name.to_owned(),
        classes: classes.to_vec(),
        platt,
        form: settings.form,
        least: vec![0.0; classes.len()],
        sets: Vec::new(),
        figures: BTreeMap::new(),
    };
    let answers: Vec<_> = judged
        .iter()
        .map(|(truth, sums)| (*truth, head.answer(sums)))
        .collect();
    head.least = match before {
        Some(before) => before.least.clone(),
        None => thresholds(&answers, classes.len(), settings),
    };
    head.figures = figures(&head, &answers);
    let weights = solve(
        &balanced(
            samples.iter().chain(start.rehearsed),
            classes.len(),
            settings,
        ),
        start.centre,
        settings.prior,
        ROUNDS,
    );
    (head, weights)
}

/// What is true of a statement (nothing: it is unclear), and what the head says.
type Answered = (Option<usize>, Answer);

fn thresholds(answers: &[Answered], classes: usize, settings: Settings) -> Vec<f32> {
    let of = |class: usize| {
        let said = answers.iter().filter(|(_, answer)| answer.class == class);
        let said = said.map(|(truth, answer)| (answer.probability, *truth == Some(class)));
        let said: Vec<_> = said.collect();
        threshold(&said, settings.precision, settings.sure)
    };
    (0..classes).map(of).collect()
}

/// How well the head does on what its models never saw; shares 0 to 1.
fn figures(head: &Head, answers: &[Answered]) -> BTreeMap<String, f64> {
    let count =
        |holds: &dyn Fn(&Answered) -> bool| answers.iter().filter(|one| holds(one)).count() as f64;
    let f1 = |class: usize| {
        let both = count(&|(truth, answer)| *truth == Some(class) && answer.class == class);
        let either = count(&|(truth, _)| *truth == Some(class))
            + count(&|(truth, answer)| truth.is_some() && answer.class == class);
        2.0 * both / either.max(1.0)
    };
    let classes = head.classes.len();
    let said = |answer: &Answer| answer.probability >= head.least[answer.class];
    let right = |(truth, answer): &Answered| *truth == Some(answer.class);
    let said_count = count(&|one| said(&one.1));
    let judged = count(&|(truth, _)| truth.is_some());
    let figures = [
        ("statements", answers.len() as f64),
        (
            "macro_f1",
            (0..classes).map(f1).sum::<f64>() / classes as f64,
        ),
        ("accuracy", count(&right) / judged.max(1.0)),
        ("coverage", said_count / (answers.len() as f64).max(1.0)),
        (
            "accuracy_said",
            count(&|one| right(one) && said(&one.1)) / said_count.max(1.0),
        ),
    ];
    let rounded = |(name, value): (&str, f64)| (name.to_owned(), (value * 1e4).round() / 1e4);
    figures.into_iter().map(rounded).collect()
}

/// The samples that have a class, with rare classes weighing more.
fn balanced<'a>(
    samples: impl IntoIterator<Item = &'a Labelled>,
    classes: usize,
    settings: Settings,
) -> Vec<Sample> {
    let mut found: Vec<Sample> = Vec::new();
    for one in samples {
        found.extend(one.class.map(|class| Sample {
            class,
            ..one.sample.clone()
        }));
    }
    let mut counts = vec![1.0_f32; classes];
    for sample in &found {
        counts[sample.class] += sample.weight;
    }
    let mean = counts.iter().sum::<f32>() / classes as f32;
    let factor = |class: usize| libm::powf(mean / counts[class], settings.balance);
    let factors: Vec<f32> = (0..classes).map(factor).collect();
    for sample in &mut found {
        sample.weight *= factors[sample.class];
    }
    found
}

/// What models that never saw a statement say of it: its truth and the sums of its classes.
fn judged_by_others(
    samples: &[Labelled],
    start: Start<'_>,
    settings: Settings,
) -> Vec<(Option<usize>, Vec<f32>)> {
    let fold =
        |one: &Labelled| (one.group ^ settings.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let mut judged = Vec::with_capacity(samples.len());
    let parts = if samples.len() < MANY { FOLDS } else { 1 };
    for held in 0..parts {
        let (hold, rest): (Vec<_>, Vec<_>) =
            samples.iter().partition(|one| fold(one) % FOLDS == held);
        let rest = rest.into_iter().chain(start.rehearsed);
        let learned = balanced(rest, start.centre.classes, settings);
        let weights = solve(&learned, start.centre, settings.prior, ROUNDS);
        let say = |one: &&Labelled| (one.class, weights.sums(&one.sample.features));
        judged.extend(hold.iter().map(say));
    }
    judged
}

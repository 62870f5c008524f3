//! A trained model behind the seam: stance by its heads, flags by the word lists.

use super::Classifier;
use super::explain::{Parts, parts};
use super::features::{Features, View};
use super::lexicon::{Lexicon, Read};
use super::model_file::{Answer, Model};
use super::weigh::names;
use crate::model::{Labels, Mention, Reason, Says, Stance, StanceLabel, Target};
use crate::text::analyse;

/// Name of the head that tells stances, and its classes in their order.
pub const STANCE: &str = "stance";
pub const STANCES: [Stance; 3] = [Stance::Critical, Stance::Neutral, Stance::Supportive];

/// Words and cues that a label names at most.
const MAX_REASONS: usize = 8;
/// What a word must add at least to be named.
const LEAST_PART: f32 = 0.05;

/// A model with the word lists that it looks at.
#[derive(Debug, Clone)]
pub struct Trained {
    lexicon: Lexicon,
    model: Model,
}

impl Trained {
    pub fn new(model: Model) -> Self {
        Self {
            lexicon: Lexicon::new(),
            model,
        }
    }

    pub fn model_file(&self) -> &Model {
        &self.model
    }

    /// What the model sees of a statement toward a target.
    pub fn features(&self, mention: &Mention, target: &Target) -> Features {
        let known = self.model.known(&target.name);
        view_of(&self.lexicon, mention, target, known, |_| ())
            .0
            .features()
    }

    /// Probabilities of [`STANCES`]; none of a model without this head.
    pub fn probabilities(&self, mention: &Mention, target: &Target) -> Option<Vec<f32>> {
        let (head, range) = self.model.head(STANCE)?;
        let known = self.model.known(&target.name);
        let (view, ()) = view_of(&self.lexicon, mention, target, known, |_| ());
        let columns = self.model.seen(&view);
        Some(head.probabilities(&Model::classes(&columns, range)))
    }

    /// What speaks for each of [`STANCES`], with the words of the mention.
    pub fn explain(&self, mention: &Mention, target: &Target) -> Option<Explanation> {
        let (head, range) = self.model.head(STANCE)?;
        let known = self.model.known(&target.name);
        let (view, words) = view_of(&self.lexicon, mention, target, known, seen);
        let columns = self.model.seen(&view);
        let sums = Model::classes(&columns, range.clone());
        let seen = (&view, &self.model.helpers(&columns));
        let parts = (0..STANCES.len())
            .map(|class| parts(&self.model, seen, words.len(), range.clone(), class))
            .collect();
        Some(Explanation {
            answer: head.answer(&sums),
            probabilities: head.probabilities(&sums),
            words,
            parts,
        })
    }

    fn stance(&self, read: &Read<'_>, target: &Target) -> (StanceLabel, Says) {
        let names = names(&read.reading, target);
        let view = View::new(
            &read.reading,
            &names,
            &self.lexicon.signs(read, &names),
            &self.lexicon.masks,
            self.model.known(&target.name),
        );
        let columns = self.model.seen(&view);
        let mut label = StanceLabel {
            target: target.name.clone(),
            stance: Stance::Unclear,
            probability: None,
            reasons: Vec::new(),
            by_office: false,
        };
        if let Some((head, range)) = self.model.head(STANCE) {
            let answer = head.answer(&Model::classes(&columns, range.clone()));
            let count = read.reading.words.len();
            let seen = (&view, &self.model.helpers(&columns));
            let parts = parts(&self.model, seen, count, range, answer.class);
            label.stance = said(answer);
            label.probability = Some(answer.probability);
            label.reasons = reasons(read, &parts, answer);
        }
        (label, self.model.says(&columns))
    }
}

/// What the stance head's answer is called.
pub fn said(answer: Answer) -> Stance {
    let stance = STANCES.get(answer.class).filter(|_| answer.said);
    stance.copied().unwrap_or(Stance::Unclear)
}

/// Why a model says what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub answer: Answer,
    /// Of [`STANCES`].
    pub probabilities: Vec<f32>,
    /// The words of title and text as they are written.
    pub words: Vec<String>,
    /// For each of [`STANCES`].
    pub parts: Vec<Parts>,
}

/// The words and cues that weighed most for the most probable stance (above zero) or against it.
/// Where that stance is not said, the first reason names it.
fn reasons(read: &Read<'_>, parts: &Parts, answer: Answer) -> Vec<Reason> {
    let words = parts.words.iter().enumerate().map(|(at, part)| {
        let (seen, span) = read.reading.seen(at, at);
        Reason {
            rule: "word".to_owned(),
            seen,
            span,
            weight: *part,
        }
    });
    let named = parts.named.iter().map(|(name, part)| unplaced(name, *part));
    let mut all: Vec<Reason> = words.chain(named).collect();
    all.retain(|reason| reason.weight.abs() >= LEAST_PART);
    all.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    all.truncate(MAX_REASONS);
    if let Some(closest) = STANCES.get(answer.class).filter(|_| !answer.said) {
        all.insert(
            0,
            unplaced(&format!("closest to {}", closest.as_str()), 0.0),
        );
    }
    all
}

/// A reason that stands nowhere in the text.
fn unplaced(rule: &str, weight: f32) -> Reason {
    Reason {
        rule: rule.to_owned(),
        seen: String::new(),
        span: None,
        weight,
    }
}

impl Classifier for Trained {
    fn model(&self) -> &str {
        &self.model.card.name
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        let (title, text) = (analyse(&mention.title), analyse(&mention.text));
        let read = self.lexicon.look(mention, &title, &text);
        let each = targets.iter().map(|target| self.stance(&read, target));
        let (stances, says): (Vec<StanceLabel>, Vec<Says>) = each.unzip();
        Labels {
            model: self.model().to_owned(),
            stances,
            flags: self.lexicon.flags(&read, mention.kind),
            // What is claimed does not depend on toward whom; the first view of it will do.
            says: Says {
                hearsay: self.lexicon.hearsay(&read),
                ..says.into_iter().next().unwrap_or_default()
            },
        }
    }
}

/// A statement toward a target as a model sees it, and its words.
fn seen(read: &Read<'_>) -> Vec<String> {
    let words = (0..read.reading.words.len()).map(|at| read.reading.seen(at, at).0);
    words.collect()
}

/// What the model sees, and what one wants to know of the words beside.
fn view_of<T>(
    lexicon: &Lexicon,
    mention: &Mention,
    target: &Target,
    known: Option<u64>,
    words: impl Fn(&Read<'_>) -> T,
) -> (View, T) {
    let (title, text) = (analyse(&mention.title), analyse(&mention.text));
    let read = lexicon.look(mention, &title, &text);
    let names = names(&read.reading, target);
    let view = View::new(
        &read.reading,
        &names,
        &lexicon.signs(&read, &names),
        &lexicon.masks,
        known,
    );
    (view, words(&read))
}

/// The features of a statement toward a target of which no words are known, for training.
pub fn features_of(lexicon: &Lexicon, mention: &Mention, target: &Target) -> Features {
    view_of(lexicon, mention, target, None, |_| ()).0.features()
}

/// The same, and how the statement is put.
pub fn form_features_of(lexicon: &Lexicon, mention: &Mention, target: &Target) -> Features {
    view_of(lexicon, mention, target, None, |_| ())
        .0
        .with_form()
}

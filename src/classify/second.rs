//! The second model behind the seam that the first one stands behind.

use super::Classifier;
use super::trained::STANCES;
use super::transformer::{Statement, Transformer};
use crate::model::{Labels, Mention, Reason, Says, Stance, StanceLabel, Target};

/// A stance is said from this probability on.
const SURE: f32 = 0.5;

impl Classifier for Transformer {
    fn model(&self) -> &str {
        self.name()
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        let answers = self.classify_all(&[(mention, targets)]);
        answers.into_iter().next().unwrap_or_default()
    }

    /// A stance without a probability is one that could not be told.
    fn classify_all(&self, questions: &[(&Mention, &[&Target])]) -> Vec<Labels> {
        let texts: Vec<String> = questions
            .iter()
            .map(|(mention, _)| format!("{} {}", mention.title, mention.text))
            .collect();
        let asked = texts
            .iter()
            .zip(questions)
            .flat_map(|(text, (_, targets))| {
                targets.iter().map(|target| Statement {
                    text: text.trim(),
                    target: &target.label,
                })
            });
        let asked: Vec<Statement<'_>> = asked.collect();
        let mut answers = self.stances(&asked).unwrap_or_default().into_iter();
        let mut labels = Vec::with_capacity(questions.len());
        for (_, targets) in questions {
            let stances = targets
                .iter()
                .map(|target| label(self.name(), target, answers.next()));
            labels.push(Labels {
                model: self.name().to_owned(),
                stances: stances.collect(),
                flags: Vec::new(),
                says: Says::default(),
            });
        }
        labels
    }
}

fn label(model: &str, target: &Target, answer: Option<[f32; 3]>) -> StanceLabel {
    let best = answer.and_then(|answer| {
        let classes = STANCES.into_iter().zip(answer);
        classes.max_by(|one, other| one.1.total_cmp(&other.1))
    });
    let stance = best.filter(|(_, probability)| *probability >= SURE);
    StanceLabel {
        target: target.name.clone(),
        stance: stance.map_or(Stance::Unclear, |(stance, _)| stance),
        probability: best.map(|(_, probability)| probability),
        reasons: vec![Reason {
            rule: "second model".to_owned(),
            seen: model.to_owned(),
            span: None,
            weight: 0.0,
        }],
        by_office: false,
    }
}

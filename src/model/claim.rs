//! The register of claims and what is compared with it.

use super::{Reason, Span};
use crate::privacy::MentionKey;
use serde::{Deserialize, Serialize};

/// An entry of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimId {
    /// Number of an entry of the office.
    Office(i64),
    /// A fact check that was collected, by its mention.
    Check(MentionKey),
}

/// How sure a match is. Neither is a verdict: editors say yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimGrade {
    Suggested,
    Confirmed,
}

impl ClaimGrade {
    pub const ALL: [Self; 2] = [Self::Suggested, Self::Confirmed];

    pub fn as_str(self) -> &'static str {
        match self {
            ClaimGrade::Suggested => "suggested",
            ClaimGrade::Confirmed => "confirmed",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.as_str() == name)
    }
}

/// A mention that may repeat an entry of the register.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimMatch {
    pub claim: ClaimId,
    /// 0 to 1.
    pub probability: f32,
    pub grade: ClaimGrade,
    /// What the two have in common, with places in the mention.
    pub reasons: Vec<Reason>,
    /// What was measured, to learn from the editors' yes and no.
    pub features: Vec<f32>,
}

/// A statement of our own that reports are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StatementId {
    /// Number of one that the office entered.
    Entered(i64),
    /// One that was collected, by its mention.
    Collected(MentionKey),
}

/// A place where a mention differs from an official statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Differs {
    /// English key: number, date, quote, office, negation, speaker.
    pub what: String,
    /// In the mention.
    pub span: Span,
    /// As the mention writes it, with the sentence.
    pub theirs: String,
    pub sentence: String,
    pub statement: StatementId,
    /// As the statement writes it, with the sentence.
    pub ours: String,
    pub our_sentence: String,
    /// 0 to 1.
    pub certainty: f32,
}

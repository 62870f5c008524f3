//! What the house knows and compares every new mention with: the register of claims, and the
//! ministry's own statements. Pure.

use super::claims::{Claims, Entry, FEATURES, Found, Grade, Reranker};
use super::compare::{Difference, Statement, Statements};
use super::config::Config;
use crate::model::{
    Author, ClaimGrade, ClaimId, ClaimMatch, Differs, FlagKind, FlagLabel, Hit, Kind, Mention,
    Part, Reason, Span, StatementId,
};
use crate::privacy::MentionKey;
use jiff::Timestamp;

/// Shared words that a match names at most.
const MOST_WORDS: usize = 12;

pub struct Known {
    claims: Claims,
    statements: Statements,
}

impl Known {
    pub fn new(config: &Config) -> Self {
        Self {
            claims: Claims::new(&config.claims),
            statements: Statements::new(&config.compare),
        }
    }

    /// Entries that are compared.
    pub fn claims(&self) -> usize {
        self.claims.len()
    }

    /// Official statements that are compared.
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// Puts an entry in, or anew; false where the register is full.
    pub fn put_claim(&mut self, id: ClaimId, claim: &str, more: &str) -> bool {
        self.claims.put(id, &Entry { claim, more })
    }

    pub fn remove_claim(&mut self, id: &ClaimId) {
        self.claims.remove(id);
    }

    /// Takes the statements that the office entered in place of those that it had.
    pub fn put_entered(&mut self, entered: &[Statement<'_>]) {
        self.statements.retain(|id| match id {
            StatementId::Collected(_) => true,
            StatementId::Entered(_) => entered.iter().any(|one| one.id == *id),
        });
        for statement in entered {
            self.statements.put(statement);
        }
    }

    /// Takes a statement that was collected.
    pub fn put_statement(
        &mut self,
        key: MentionKey,
        published: Timestamp,
        (title, text): (&str, &str),
    ) {
        self.statements.put(&Statement {
            id: StatementId::Collected(key),
            published,
            title,
            text,
        });
    }

    /// Weighs matches with what editors said of earlier ones. Those that were measured by another
    /// version are left out.
    pub fn learn(&mut self, judged: &[(Vec<f32>, bool)]) {
        let usable = judged.iter().filter_map(|(features, yes)| {
            let features = features.as_slice().try_into().ok()?;
            Some((features, *yes))
        });
        let usable: Vec<_> = usable.collect();
        let learned = Reranker::learned(&Reranker::shipped(), &usable);
        self.claims.use_weights(learned);
    }

    /// Takes in what a mention adds to what is known: a statement of our own, a fact check.
    pub fn take(&mut self, mention: &Mention) {
        if mention.marks.official {
            let words = (mention.title.as_str(), mention.text.as_str());
            self.put_statement(mention.key, mention.published, words);
        }
        if let Some(review) = &mention.marks.review {
            self.put_claim(ClaimId::Check(mention.key), &review.claim, &mention.title);
        }
    }

    /// A mention is gone, and with it what it added.
    pub fn forget(&mut self, key: &MentionKey) {
        self.statements.remove(&StatementId::Collected(*key));
        self.claims.remove(&ClaimId::Check(*key));
    }

    /// Compares a mention with all of it.
    pub fn compare(&mut self, hit: &mut Hit) {
        let mention = &hit.mention;
        if mention.marks.official || mention.marks.review.is_some() {
            return;
        }
        let found = self.claims.find(&mention.title, &mention.text);
        hit.claims = found
            .into_iter()
            .map(|found| matched(mention, &found))
            .collect();
        let is_public =
            mention.kind == Kind::Article || matches!(mention.author, Some(Author::Voice { .. }));
        if !is_public {
            return;
        }
        let (title, text) = (&mention.title, &mention.text);
        let found = self.statements.differences(mention.published, title, text);
        hit.differs = found.into_iter().map(differs).collect();
        if !hit.differs.is_empty() {
            hit.labels.flags.push(flag(&hit.differs));
        }
    }
}

fn matched(mention: &Mention, found: &Found) -> ClaimMatch {
    let words = found.words.iter().take(MOST_WORDS).map(|word| {
        let (part, text) = match word.in_title {
            true => (Part::Title, &mention.title),
            false => (Part::Text, &mention.text),
        };
        let seen = text.get(word.start as usize..word.end as usize);
        Reason {
            rule: "shared word".to_owned(),
            seen: seen.unwrap_or_default().to_owned(),
            span: Some(Span {
                part,
                start: word.start,
                end: word.end,
            }),
            weight: 0.0,
        }
    });
    let measured = found.weighed.iter().map(|(place, weight)| Reason {
        rule: FEATURES.get(*place).copied().unwrap_or_default().to_owned(),
        seen: String::new(),
        span: None,
        weight: *weight,
    });
    ClaimMatch {
        claim: found.id,
        probability: found.probability,
        grade: match found.grade {
            Grade::Suggested => ClaimGrade::Suggested,
            Grade::Confirmed => ClaimGrade::Confirmed,
        },
        reasons: words.chain(measured).collect(),
        features: found.features.to_vec(),
    }
}

fn differs(found: Difference) -> Differs {
    Differs {
        what: found.kind.as_str().to_owned(),
        span: found.span,
        theirs: found.theirs,
        sentence: found.sentence,
        statement: found.statement,
        ours: found.ours,
        our_sentence: found.our_sentence,
        certainty: found.certainty,
    }
}

fn flag(found: &[Differs]) -> FlagLabel {
    let reason = |differs: &Differs| Reason {
        rule: format!("differs from our statement: {}", differs.what),
        seen: differs.theirs.clone(),
        span: Some(differs.span),
        weight: 0.0,
    };
    FlagLabel {
        flag: FlagKind::Misreporting,
        reasons: found.iter().map(reason).collect(),
    }
}

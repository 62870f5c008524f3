//! What of a mention its story is weighed by. Pure.

use crate::model::{Author, FlagKind, Kind, Labels, Marks, Mention, Reach};
use crate::privacy::MentionKey;
use crate::text::hash;
use jiff::Timestamp;

/// Probabilities from which an answer asks back, and denies. A question shows itself by its form; a
/// denial is hardly told from other contradiction.
const ASKS: f32 = 0.25;
const DENIES: f32 = 0.45;

/// What is told of a mention beside its words.
#[derive(Debug, Clone, Copy)]
pub struct Sign {
    /// Tells speakers apart: account, voice, publisher. None where nobody is named.
    pub speaker: Option<u64>,
    pub platform: u64,
    pub published: Timestamp,
    pub reply_to: Option<MentionKey>,
    /// Probability that it claims a fact.
    pub factual: Option<f32>,
    pub asks: bool,
    pub denies: bool,
    pub hearsay: bool,
    /// A publication, or a public voice.
    pub voice: bool,
    pub official: bool,
    pub reach: Option<Reach>,
}

impl Sign {
    pub fn of(mention: &Mention, labels: &Labels) -> Self {
        Self::read(
            (mention.kind, mention.published),
            (&mention.platform, &mention.site, mention.author.as_ref()),
            mention.reply_to,
            &mention.marks,
            labels,
        )
    }

    /// Of a mention in parts, as the store has it too.
    pub fn read(
        (kind, published): (Kind, Timestamp),
        (platform, site, author): (&str, &str, Option<&Author>),
        reply_to: Option<MentionKey>,
        marks: &Marks,
        labels: &Labels,
    ) -> Self {
        let flagged = |flag| labels.flags.iter().any(|label| label.flag == flag);
        let says = &labels.says;
        let answers = reply_to.is_some();
        let sure = |said: Option<f32>, least| answers && said.is_some_and(|said| said >= least);
        Self {
            speaker: speaker(site, author),
            platform: hash(platform),
            published,
            reply_to,
            factual: says.factual,
            asks: flagged(FlagKind::Enquiry) || sure(says.asks, ASKS),
            denies: flagged(FlagKind::Correction)
                || marks.review.is_some()
                || sure(says.denies, DENIES),
            hearsay: says.hearsay.is_some(),
            voice: matches!(author, Some(Author::Voice { .. }))
                || kind == Kind::Article && !site.is_empty(),
            official: marks.official,
            reach: marks.reach,
        }
    }
}

fn speaker(site: &str, author: Option<&Author>) -> Option<u64> {
    match author {
        _ if !site.is_empty() => Some(hash(publisher(site))),
        Some(Author::Voice { handle, .. }) => Some(hash(handle)),
        Some(Author::Private { pseudonym }) => {
            let (first, _) = pseudonym.0.split_first_chunk::<8>()?;
            Some(u64::from_le_bytes(*first))
        }
        None => None,
    }
}

/// The last two names of a host: portals of one publisher are one speaker.
fn publisher(site: &str) -> &str {
    let mut dots = site.rmatch_indices('.');
    match dots.nth(1) {
        Some((at, _)) => site.get(at + 1..).unwrap_or(site),
        None => site,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portals_of_a_publisher_are_one() {
        assert_eq!(publisher("regional.zeitung.example"), "zeitung.example");
        assert_eq!(publisher("zeitung.example"), "zeitung.example");
        assert_eq!(publisher("localhost"), "localhost");
        assert_eq!(publisher(""), "");
    }
}

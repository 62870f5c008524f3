//! What of a stored mention the index is given.

use super::schema::{self, IndexView};
use crate::model::{Author, Kind};
use crate::query::RawKeys;
use crate::store::StoredMention;
use tantivy::TantivyDocument;

/// Whether the index has it at all: what was written to the house itself is no public statement.
pub fn is_searched(mention: &StoredMention) -> bool {
    mention.kind != Kind::Message
}

/// The document of a mention. Of its author only a public voice's name and handle.
pub fn of(mention: &StoredMention) -> TantivyDocument {
    let labels = &mention.labels;
    let stances = labels.stances.iter();
    schema::document(&IndexView {
        id: mention.id,
        published_ms: mention.published.as_millisecond(),
        collected_ms: mention.collected.as_millisecond(),
        speaker: speaker(mention.author.as_ref()),
        story: mention.story,
        title: &mention.title,
        text: &mention.text,
        keys: RawKeys {
            site: &mention.site,
            source: &mention.source,
            lang: &mention.lang,
            kind: mention.kind.as_str(),
            url: mention.url.as_deref().unwrap_or_default(),
            links: &mention.links,
            voice: RawKeys::voice_of(mention.author.as_ref()),
            published_ms: mention.published.as_millisecond(),
        },
        watches: mention.matches.iter().map(|m| m.watch.as_str()).collect(),
        targets: mention.matches.iter().map(|m| m.target.as_str()).collect(),
        stances: stances
            .map(|label| (label.target.as_str(), label.stance))
            .collect(),
        flags: labels.flags.iter().map(|label| label.flag).collect(),
    })
}

/// The number of a private author.
fn speaker(author: Option<&Author>) -> Option<u64> {
    let Some(Author::Private { pseudonym }) = author else {
        return None;
    };
    let bytes = pseudonym.0.iter().take(8);
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(number >> (u64::BITS - schema::SPEAKER_BITS))
}

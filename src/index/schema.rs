//! The fields of the index, and what of a mention goes into them.
//!
//! There is no author here: of public voices only what `voice:` asks for, of a private account a
//! number that is enough to tell five people apart and too little to name one ([`SPEAKER`]). No text
//! is stored; `title` and `text` hold words and positions.

use crate::model::{FlagKind, Stance};
use crate::query::{KeyField, Keys, RawKeys};
use crate::text::analyse;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{TantivyDocument, Term};

/// The store's row id (i64).
pub const ID: Field = Field::from_field_id(0);
/// Time of publication in milliseconds since 1970 (i64).
pub const PUBLISHED: Field = Field::from_field_id(1);
/// Every folded form of every word at its position, and its exact form behind [`EXACT_SIGN`].
pub const TITLE: Field = Field::from_field_id(2);
/// As [`TITLE`].
pub const TEXT: Field = Field::from_field_id(3);
pub const SOURCE: Field = Field::from_field_id(4);
pub const SITE: Field = Field::from_field_id(5);
pub const LANG: Field = Field::from_field_id(6);
pub const KIND: Field = Field::from_field_id(7);
pub const URL: Field = Field::from_field_id(8);
pub const LINKS: Field = Field::from_field_id(9);
/// Name and handle of a public voice.
pub const VOICE: Field = Field::from_field_id(10);
pub const WATCH: Field = Field::from_field_id(11);
pub const TARGET: Field = Field::from_field_id(12);
/// Toward any target.
pub const STANCE: Field = Field::from_field_id(13);
pub const FLAG: Field = Field::from_field_id(14);
/// `target:critical`: the stance toward one target.
pub const TOWARD: Field = Field::from_field_id(15);
/// When it reached this house, in milliseconds since 1970 (i64).
pub const COLLECTED: Field = Field::from_field_id(16);
/// Seconds from publication to this house (i64), never negative.
pub const DELAY: Field = Field::from_field_id(17);
/// Of a private author's mention, [`SPEAKER_BITS`] of the pseudonym. Never searched, shown or
/// grouped by: counts of fewer than five people are held back with it.
pub const SPEAKER: Field = Field::from_field_id(18);

/// The story that the mention belongs to (i64).
pub const STORY: Field = Field::from_field_id(19);

/// Enough to tell a few speakers apart, far too few to know one again. Where two share a number they
/// count as one person: a count of exactly five people is held back once in a hundred times, and
/// none of fewer is ever shown.
pub const SPEAKER_BITS: u32 = 10;

/// Marks exact forms in the dictionary; no folded form starts with it.
pub const EXACT_SIGN: char = '=';

const NUMBERS: [&str; 2] = ["id", "published"];
const WORDS: [&str; 2] = ["title", "text"];
const KEYWORDS: [&str; 12] = [
    "source", "site", "lang", "kind", "url", "links", "voice", "watch", "target", "stance", "flag",
    "toward",
];

/// The schema; its fields are the constants of this module, in their order.
pub fn build() -> Schema {
    let mut builder = Schema::builder();
    for name in NUMBERS {
        builder.add_i64_field(name, INDEXED | FAST);
    }
    // Results are sorted by time, not by closeness: no field lengths are kept.
    let positions = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(false);
    for name in WORDS {
        let options = TextOptions::default().set_indexing_options(positions.clone());
        builder.add_text_field(name, options);
    }
    let whole = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    for name in KEYWORDS {
        let options = TextOptions::default()
            .set_indexing_options(whole.clone())
            .set_fast("raw");
        builder.add_text_field(name, options);
    }
    builder.add_i64_field("collected", INDEXED | FAST);
    builder.add_i64_field("delay_secs", INDEXED | FAST);
    // As words and not as numbers: the engine then collects them in a set of bits.
    builder.add_text_field("speaker", TextOptions::default().set_fast("raw"));
    builder.add_i64_field("story", INDEXED | FAST);
    builder.build()
}

/// The field that a query's field is looked up in.
pub fn key(field: KeyField) -> Field {
    match field {
        KeyField::Site => SITE,
        KeyField::Source => SOURCE,
        KeyField::Lang => LANG,
        KeyField::Type => KIND,
        KeyField::Url => URL,
        KeyField::Links => LINKS,
        KeyField::Voice => VOICE,
    }
}

/// The term under which a value as it is stored is found, for filters beside a query.
pub fn key_term(field: KeyField, value: &str) -> Term {
    Term::from_field_text(key(field), &field.fold(value))
}

/// What the index takes of a stored mention.
#[derive(Debug, Clone, Default)]
pub struct IndexView<'a> {
    pub id: i64,
    pub published_ms: i64,
    pub collected_ms: i64,
    /// See [`SPEAKER`].
    pub speaker: Option<u64>,
    pub story: i64,
    pub title: &'a str,
    pub text: &'a str,
    pub keys: RawKeys<'a>,
    pub watches: Vec<&'a str>,
    pub targets: Vec<&'a str>,
    /// Target and stance toward it.
    pub stances: Vec<(&'a str, Stance)>,
    pub flags: Vec<FlagKind>,
}

/// The document to index. Pure.
pub fn document(view: &IndexView<'_>) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    document.add_i64(ID, view.id);
    document.add_i64(PUBLISHED, view.published_ms);
    document.add_i64(COLLECTED, view.collected_ms);
    let delay_ms = view.collected_ms.saturating_sub(view.published_ms);
    document.add_i64(DELAY, delay_ms.max(0) / 1000);
    document.add_i64(STORY, view.story);
    if let Some(speaker) = view.speaker {
        document.add_text(SPEAKER, format!("{speaker:x}"));
    }
    document.add_pre_tokenized_text(TITLE, words(view.title));
    document.add_pre_tokenized_text(TEXT, words(view.text));
    let keys = Keys::new(view.keys);
    for field in KeyField::ALL {
        add_all(
            &mut document,
            key(field),
            keys.values(field).map(str::to_owned),
        );
    }
    add_all(
        &mut document,
        WATCH,
        view.watches.iter().map(|name| (*name).to_owned()),
    );
    add_all(
        &mut document,
        TARGET,
        view.targets.iter().map(|name| (*name).to_owned()),
    );
    let any = view
        .stances
        .iter()
        .map(|(_, stance)| stance.as_str().to_owned());
    let toward = view
        .stances
        .iter()
        .map(|(target, stance)| stance_toward(target, *stance));
    add_all(&mut document, STANCE, any);
    add_all(&mut document, TOWARD, toward);
    add_all(
        &mut document,
        FLAG,
        view.flags.iter().map(|flag| flag.as_str().to_owned()),
    );
    document
}

/// The value of [`TOWARD`] for a stance toward one target.
pub fn stance_toward(target: &str, stance: Stance) -> String {
    format!("{target}:{}", stance.as_str())
}

/// Adds each value once.
fn add_all(document: &mut TantivyDocument, field: Field, values: impl Iterator<Item = String>) {
    let mut values: Vec<String> = values.collect();
    values.sort_unstable();
    values.dedup();
    for value in values {
        document.add_text(field, value);
    }
}

fn words(text: &str) -> PreTokenizedString {
    let mut tokens = Vec::new();
    for token in analyse(text) {
        let exact = (!token.exact.is_empty()).then(|| exact_term(&token.exact));
        for term in token.terms.into_iter().chain(exact) {
            tokens.push(Token {
                position: token.position as usize,
                text: term,
                ..Token::default()
            });
        }
    }
    PreTokenizedString {
        text: String::new(),
        tokens,
    }
}

/// How an exact form stands in the dictionary.
pub fn exact_term(exact: &str) -> String {
    format!("{EXACT_SIGN}{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_name_the_fields() {
        let schema = build();
        let expected = [
            (ID, "id"),
            (PUBLISHED, "published"),
            (TITLE, "title"),
            (TEXT, "text"),
            (SOURCE, "source"),
            (SITE, "site"),
            (LANG, "lang"),
            (KIND, "kind"),
            (URL, "url"),
            (LINKS, "links"),
            (VOICE, "voice"),
            (WATCH, "watch"),
            (TARGET, "target"),
            (STANCE, "stance"),
            (FLAG, "flag"),
            (TOWARD, "toward"),
            (COLLECTED, "collected"),
            (DELAY, "delay_secs"),
            (SPEAKER, "speaker"),
            (STORY, "story"),
        ];
        assert_eq!(schema.num_fields(), expected.len());
        for (field, name) in expected {
            assert_eq!(schema.get_field_name(field), name);
        }
    }

    #[test]
    fn nothing_of_a_mention_is_stored_as_text() {
        let schema = build();
        assert!(schema.fields().all(|(_, entry)| !entry.is_stored()));
    }
}

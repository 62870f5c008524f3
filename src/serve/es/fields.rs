//! The fields that the dialect knows: their names and types there, and where they lie in the index.

use crate::index::schema;
use crate::query::KeyField;
use serde_json::{Map, Value, json};
use tantivy::schema::Field;

/// What sort of field it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Searched by words.
    Text,
    /// Compared whole.
    Keyword,
    /// Milliseconds since 1970.
    Date,
    Long,
    /// By the cases that a mention is in, which change without it: asked for, never counted.
    Case,
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Sort::Text => "text",
            Sort::Keyword | Sort::Case => "keyword",
            Sort::Date => "date",
            Sort::Long => "long",
        }
    }
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub name: &'static str,
    pub sort: Sort,
    pub field: Field,
    /// Name of its column in the index.
    pub column: &'static str,
}

const fn known(name: &'static str, sort: Sort, field: Field) -> Known {
    Known {
        name,
        sort,
        field,
        column: name,
    }
}

/// All of them. There is none for who spoke.
pub const ALL: [Known; 19] = [
    Known {
        name: "@timestamp",
        sort: Sort::Date,
        field: schema::PUBLISHED,
        column: "published",
    },
    known("published", Sort::Date, schema::PUBLISHED),
    known("collected", Sort::Date, schema::COLLECTED),
    known("delay_secs", Sort::Long, schema::DELAY),
    known("id", Sort::Long, schema::ID),
    known("story", Sort::Long, schema::STORY),
    known("title", Sort::Text, schema::TITLE),
    known("text", Sort::Text, schema::TEXT),
    known("source", Sort::Keyword, schema::SOURCE),
    known("site", Sort::Keyword, schema::SITE),
    known("lang", Sort::Keyword, schema::LANG),
    known("kind", Sort::Keyword, schema::KIND),
    known("url", Sort::Keyword, schema::URL),
    known("links", Sort::Keyword, schema::LINKS),
    known("voice", Sort::Keyword, schema::VOICE),
    known("watch", Sort::Keyword, schema::WATCH),
    known("target", Sort::Keyword, schema::TARGET),
    known("stance", Sort::Keyword, schema::STANCE),
    known("flag", Sort::Keyword, schema::FLAG),
];
/// The stance toward one target, `minister:critical`.
const TOWARD: Known = known("toward", Sort::Keyword, schema::TOWARD);

/// The states of the cases that a mention is in, `any` or `none`; its column is not looked at.
const CASE: Known = known("case", Sort::Case, schema::ID);

/// All fields.
pub fn all() -> impl Iterator<Item = Known> {
    ALL.into_iter().chain([TOWARD, CASE])
}

/// The field of a name; `source.keyword` is `source`.
pub fn find(name: &str) -> Option<Known> {
    let plain = name.strip_suffix(".keyword").unwrap_or(name);
    all().find(|known| known.name == plain)
}

/// A value as the index has it.
pub fn fold(known: Known, value: &str) -> String {
    let key = KeyField::ALL
        .into_iter()
        .find(|key| schema::key(*key) == known.field);
    key.map_or_else(|| value.to_owned(), |key| key.fold(value))
}

/// `GET …/_mapping`: `properties` of the index.
pub fn properties() -> Value {
    let properties: Map<String, Value> = all()
        .map(|known| (known.name.to_owned(), json!({ "type": known.sort.name() })))
        .collect();
    Value::Object(properties)
}

/// `…/_field_caps` of the fields that a list of patterns names.
pub fn capabilities(patterns: &str) -> Value {
    let wanted = |name: &str| {
        let mut patterns = patterns.split(',');
        patterns.any(|pattern| crate::query::glob(pattern.trim(), name))
    };
    let fields: Map<String, Value> = all()
        .filter(|known| wanted(known.name))
        .map(|known| {
            let sort = known.sort.name();
            let caps = json!({
                "type": sort, "metadata_field": false, "searchable": true,
                "aggregatable": !matches!(known.sort, Sort::Text | Sort::Case),
            });
            (known.name.to_owned(), json!({ sort: caps }))
        })
        .collect();
    Value::Object(fields)
}

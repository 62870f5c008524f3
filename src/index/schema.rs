//! (provisional: replaced by its owner)
use crate::store::StoredMention;
use tantivy::schema::{FAST, Field, INDEXED, STRING, Schema, TEXT, TantivyDocument};

pub fn build() -> Schema {
    let mut builder = Schema::builder();
    builder.add_i64_field("id", INDEXED | FAST);
    builder.add_i64_field("published", INDEXED | FAST);
    for name in ["title", "text"] {
        builder.add_text_field(name, TEXT);
    }
    for name in [
        "source", "site", "lang", "kind", "url", "links", "voice", "watch", "target", "stance",
        "flag",
    ] {
        builder.add_text_field(name, STRING | FAST);
    }
    builder.build()
}

pub fn field(name: &str) -> Field {
    build().get_field(name).unwrap()
}

pub fn document(mention: &StoredMention) -> TantivyDocument {
    let mut document = TantivyDocument::new();
    document.add_i64(field("id"), mention.id);
    document.add_i64(field("published"), mention.published.as_millisecond());
    document.add_text(field("title"), &mention.title);
    document.add_text(field("text"), &mention.text);
    document.add_text(field("source"), &mention.source);
    document.add_text(field("site"), &mention.site);
    document.add_text(field("lang"), &mention.lang);
    document.add_text(field("kind"), mention.kind.as_str());
    for matched in &mention.matches {
        document.add_text(field("watch"), &matched.watch);
        document.add_text(field("target"), &matched.target);
    }
    for label in &mention.labels.stances {
        document.add_text(field("stance"), label.stance.as_str());
    }
    for label in &mention.labels.flags {
        document.add_text(field("flag"), label.flag.as_str());
    }
    document
}

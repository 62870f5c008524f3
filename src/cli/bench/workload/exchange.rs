//! Posts and queries as files that other programs can read without our analyser and parser.
//!
//! `posts.tsv`, one post a line: languages, types, sites with those above them, voices, each
//! separated by `|`; then the words, a blank between positions and `|` between the forms of one.
//!
//! `queries.txt`: the query as written. `queries.tree`: the same as parsed, as a row of words with
//! the operator first: `and ALL NONE` and `or N` with so many parts behind, `near BETWEEN ORDERED`
//! with two, `phrase N` with N, `term WORD`, `wild PATTERN`, `key FIELD VALUE`.

use crate::model::Mention;
use crate::query::{Expr, KeyField, Keys, Place, Query, Test, Word};
use crate::text::{Token, analyse};
use anyhow::{Context, bail};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

const FIELDS: [KeyField; 4] = [
    KeyField::Lang,
    KeyField::Type,
    KeyField::Site,
    KeyField::Voice,
];

/// Writes the three files into a directory.
///
/// # Errors
/// What the file system says; a query of more than the tree can say.
pub fn write(dir: &Path, mentions: &[Mention], queries: &[Query]) -> anyhow::Result<()> {
    let create = |name: &str| -> anyhow::Result<BufWriter<fs::File>> {
        let path = dir.join(name);
        let file = fs::File::create(&path).with_context(|| path.display().to_string())?;
        Ok(BufWriter::new(file))
    };
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let mut posts = create("posts.tsv")?;
    for mention in mentions {
        writeln!(posts, "{}", post(mention))?;
    }
    posts.flush()?;
    let (mut written, mut trees) = (create("queries.txt")?, create("queries.tree")?);
    for query in queries {
        writeln!(written, "{}", query.written())?;
        let mut words = Vec::new();
        expr(query.expr(), &mut words)?;
        if words.iter().any(|word| word.contains(char::is_whitespace)) {
            bail!("a blank within a word of {}", query.written());
        }
        writeln!(trees, "{}", words.join(" "))?;
    }
    written.flush()?;
    trees.flush()?;
    Ok(())
}

fn post(mention: &Mention) -> String {
    let keys = Keys::of(mention);
    let mut line = String::new();
    for field in FIELDS {
        let mut values: Vec<&str> = Vec::new();
        for value in keys.values(field) {
            values.push(value);
            if field == KeyField::Site {
                values.extend(above(value));
            }
        }
        line.push_str(&values.join("|"));
        line.push('\t');
    }
    let words: Vec<String> = analyse(&mention.text).iter().map(forms).collect();
    line + &words.join(" ")
}

/// The sites that a host lies under: `b.c` and `c` of `a.b.c`.
pub fn above(host: &str) -> impl Iterator<Item = &str> {
    host.match_indices('.').map(|(dot, _)| &host[dot + 1..])
}

fn forms(token: &Token) -> String {
    token.terms.join("|")
}

fn expr(of: &Expr, out: &mut Vec<String>) -> anyhow::Result<()> {
    match of {
        Expr::And { all, none } => {
            say(
                out,
                &["and", &all.len().to_string(), &none.len().to_string()],
            );
            all.iter().chain(none).try_for_each(|part| expr(part, out))
        }
        Expr::Or(any) => {
            say(out, &["or", &any.len().to_string()]);
            any.iter().try_for_each(|part| expr(part, out))
        }
        Expr::Words { scope: None, place } => self::place(place, out),
        Expr::Words { .. } => bail!("a query of one part of a mention has no tree"),
        Expr::Published(_) => bail!("days of publication have no tree"),
        Expr::Keyword(key) => {
            say(out, &["key", key.field.as_str(), &key.value]);
            Ok(())
        }
    }
}

fn place(of: &Place, out: &mut Vec<String>) -> anyhow::Result<()> {
    match of {
        Place::Word(of) => word(of, out),
        Place::Phrase(words) => {
            say(out, &["phrase", &words.len().to_string()]);
            words.iter().try_for_each(|part| word(part, out))
        }
        Place::Any(any) => {
            say(out, &["or", &any.len().to_string()]);
            any.iter().try_for_each(|part| place(part, out))
        }
        Place::Near {
            left,
            right,
            max_between,
            ordered,
        } => {
            let between = max_between.to_string();
            say(out, &["near", &between, &u8::from(*ordered).to_string()]);
            place(left, out)?;
            place(right, out)
        }
        Place::Within { .. } => bail!("`~n` over more than two words has no tree"),
    }
}

/// One word; several forms are alternatives.
fn word(of: &Word, out: &mut Vec<String>) -> anyhow::Result<()> {
    let [way] = of.ways.as_slice() else {
        bail!("a compound has no tree: {}", of.written);
    };
    let (sort, forms) = match way.as_slice() {
        [Test::Terms(forms)] => ("term", forms),
        [Test::Wild(forms)] => ("wild", forms),
        _ => bail!("a compound or an exact word has no tree: {}", of.written),
    };
    if forms.len() > 1 {
        say(out, &["or", &forms.len().to_string()]);
    }
    for form in forms {
        say(out, &[sort, form]);
    }
    Ok(())
}

fn say(out: &mut Vec<String>, words: &[&str]) {
    out.extend(words.iter().map(|&word| word.to_owned()));
}

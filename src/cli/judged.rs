//! Statements that people have judged, as files hold them, and on the way that a mention goes.

use super::WrongArguments;
use crate::clock::Clock;
use crate::model::{Item, Kind, Mention, Stance, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use serde::Deserialize;
use std::path::Path;

/// One line of a set. Other keys are left alone.
#[derive(Debug, Deserialize)]
pub struct Line {
    pub text: String,
    /// A registered target, or any name by which the text calls it.
    pub target: String,
    pub stance: String,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub lang: Option<String>,
}

/// A judged statement, ready to be classified.
#[derive(Debug)]
pub struct Statement {
    pub mention: Mention,
    pub target: Target,
    pub stance: Stance,
}

/// Reads a file of lines `{"text","target","stance"}`.
///
/// # Errors
/// A file or a line that cannot be read, with its number.
pub fn read(path: &Path) -> anyhow::Result<Vec<(Line, Stance)>> {
    let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let read: Line =
            serde_json::from_str(line).map_err(|error| wrong(format!("line {number}: {error}")))?;
        let stance = Stance::parse(&read.stance).ok_or_else(|| {
            let names = Stance::ALL.map(Stance::as_str).join(", ");
            wrong(format!("line {number}: `stance` must be one of {names}"))
        })?;
        lines.push((read, stance));
    }
    match lines.is_empty() {
        true => Err(wrong("there is no line in it".to_owned()).into()),
        false => Ok(lines),
    }
}

/// Sends statements the way that a mention goes.
///
/// # Errors
/// As of [`normalise`].
pub fn prepare(
    lines: &[(Line, Stance)],
    targets: &[Target],
    voices: &Voices,
) -> anyhow::Result<Vec<Statement>> {
    let keys = Keys::from_secret([0; 32]);
    let context = Context {
        source: "judged",
        keys: &keys,
        voices,
        collected: Clock::system().now(),
    };
    let mut statements = Vec::with_capacity(lines.len());
    for (line, stance) in lines {
        let kind = line.kind.as_deref().and_then(Kind::parse);
        let mut item = Item::new("judged", "judged", kind.unwrap_or(Kind::Post));
        item.text = line.text.clone();
        item.lang = line.lang.clone();
        let known = targets.iter().find(|target| target.name == line.target);
        statements.push(Statement {
            mention: normalise(item, &context)?,
            target: known.cloned().unwrap_or_else(|| called(&line.target)),
            stance: *stance,
        });
    }
    Ok(statements)
}

/// A target that has no other name.
fn called(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        label: name.to_owned(),
        aliases: vec![name.to_owned()],
    }
}

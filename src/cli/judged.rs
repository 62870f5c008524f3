//! Statements that people have judged, as files hold them, and on the way that a mention goes.

use super::WrongArguments;
use crate::clock::Clock;
use crate::model::{Item, Kind, Mention, Stance, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use serde_json::Value;
use std::path::Path;

/// Under which keys a file holds what.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    pub text: &'a str,
    pub label: &'a str,
    /// Key of the target's name; none where all lines are about the same or about none.
    pub target: Option<&'a str>,
    /// Key of what keeps lines together on one side of a split; the text where it is left out.
    pub group: Option<&'a str>,
}

impl Fields<'_> {
    /// Of `{"text","target","stance"}`.
    pub const STANCE: Self = Self {
        text: "text",
        label: "stance",
        target: Some("target"),
        group: None,
    };
}

/// One line of a set.
#[derive(Debug, Clone)]
pub struct Line {
    /// In the file, from 1.
    pub number: usize,
    pub text: String,
    /// A registered target, or any name by which the text calls it.
    pub target: Option<String>,
    pub label: String,
    pub kind: Option<String>,
    pub lang: Option<String>,
    pub group: String,
}

/// A judged statement, ready to be classified.
#[derive(Debug)]
pub struct Statement {
    pub mention: Mention,
    pub target: Target,
    pub label: String,
    pub group: String,
}

impl Statement {
    /// None where the label is no stance.
    pub fn stance(&self) -> Option<Stance> {
        Stance::parse(&self.label)
    }
}

/// Reads a file of JSON lines.
///
/// # Errors
/// A file or a line that cannot be read, with its number.
pub fn read(path: &Path, fields: &Fields<'_>) -> anyhow::Result<Vec<Line>> {
    let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let value: Value =
            serde_json::from_str(line).map_err(|error| wrong(format!("line {number}: {error}")))?;
        let read = of_value(&value, number, fields);
        lines.push(read.map_err(|key| wrong(format!("line {number}: missing field `{key}`")))?);
    }
    match lines.is_empty() {
        true => Err(wrong("there is no line in it".to_owned()).into()),
        false => Ok(lines),
    }
}

/// Reads a file of `{"text","target","stance"}`.
///
/// # Errors
/// As of [`read`]; a stance that is none.
pub fn read_stances(path: &Path) -> anyhow::Result<Vec<Line>> {
    let lines = read(path, &Fields::STANCE)?;
    for line in &lines {
        if Stance::parse(&line.label).is_none() {
            let names = Stance::ALL.map(Stance::as_str).join(", ");
            let what = format!("line {}: `stance` must be one of {names}", line.number);
            return Err(WrongArguments(format!("{}: {what}", path.display())).into());
        }
    }
    Ok(lines)
}

/// The key that is missing, where one is.
fn of_value<'a>(value: &Value, number: usize, fields: &Fields<'a>) -> Result<Line, &'a str> {
    let get = |key: &'a str| word(value.get(key)).ok_or(key);
    let text = get(fields.text)?;
    Ok(Line {
        number,
        target: fields.target.map(get).transpose()?,
        label: get(fields.label)?,
        kind: word(value.get("kind")),
        lang: word(value.get("lang")),
        group: match fields.group {
            Some(key) => get(key)?,
            None => text.clone(),
        },
        text,
    })
}

fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// Sends statements the way that a mention goes. Where lines name no target, `fixed` is it.
///
/// # Errors
/// As of [`normalise`].
pub fn prepare(
    lines: &[Line],
    targets: &[Target],
    fixed: &Target,
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
    for line in lines {
        let kind = line.kind.as_deref().and_then(Kind::parse);
        let mut item = Item::new("judged", "judged", kind.unwrap_or(Kind::Post));
        item.text = line.text.clone();
        item.lang = line.lang.clone();
        let target = match &line.target {
            None => fixed.clone(),
            Some(name) => {
                let known = targets.iter().find(|target| target.name == *name);
                known.cloned().unwrap_or_else(|| called(name))
            }
        };
        statements.push(Statement {
            mention: normalise(item, &context)?,
            target,
            label: line.label.clone(),
            group: line.group.clone(),
        });
    }
    Ok(statements)
}

/// A target that has no other name.
pub fn called(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        label: name.to_owned(),
        aliases: vec![name.to_owned()],
    }
}

/// No target at all.
pub fn nobody() -> Target {
    Target {
        aliases: Vec::new(),
        ..called("none")
    }
}

//! Registers and sets as files hold them.

use crate::cli::WrongArguments;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// A claim of the register.
#[derive(Debug, PartialEq)]
pub struct Known {
    pub id: String,
    pub claim: String,
    /// Title and subtitle.
    pub more: String,
}

/// A post, and the claims that it repeats by their places in the register.
#[derive(Debug, PartialEq)]
pub struct Post {
    pub text: String,
    pub claims: Vec<i64>,
}

const REGISTER: &str = "a line of a register is {\"claim_id\":\"…\",\"claim\":\"…\"}; `title` and `subtitle` \
                        may stand beside, other keys are left alone";
const SET: &str = "a line of a set is {\"text\":\"…\",\"claim_id\":\"…\"}, with null for a post that \
                   repeats no claim; other keys are left alone";

/// Reads a register. The names of CheckThat's files are read as well (`vclaim_id`, `vclaim`); a claim
/// without id is its own.
///
/// # Errors
/// A file or a line that cannot be read.
pub fn register(path: &Path) -> anyhow::Result<Vec<Known>> {
    let mut found: Vec<Known> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (number, value) in values(path, REGISTER)? {
        let wrong = |what: &str| wrong(path, number, what, REGISTER);
        let claim = text(&value, &["claim", "vclaim"]).ok_or_else(|| wrong("no `claim`"))?;
        let id = id(&value, &["claim_id", "vclaim_id"]).unwrap_or_else(|| claim.to_owned());
        let more = ["title", "subtitle"].iter();
        let more: Vec<&str> = more.filter_map(|key| text(&value, &[*key])).collect();
        let known = Known {
            id: id.clone(),
            claim: claim.to_owned(),
            more: more.join("\n"),
        };
        match places.get(&id).and_then(|place| found.get(*place)) {
            None => {
                places.insert(id, found.len());
                found.push(known);
            }
            Some(before) if *before == known => (),
            Some(_) => {
                return Err(wrong(&format!(
                    "`{id}` stands there twice, with two claims"
                )));
            }
        }
    }
    Ok(found)
}

/// Reads a set; of CheckThat's names `post` and `gold` (a list of ids) as well. A line without id
/// that has a `claim` means the one that is called so.
///
/// # Errors
/// A file or a line that cannot be read, a claim that is not in the register.
pub fn set(path: &Path, register: &[Known]) -> anyhow::Result<Vec<Post>> {
    let places: HashMap<&str, i64> = register
        .iter()
        .map(|one| one.id.as_str())
        .zip(0..)
        .collect();
    let mut found = Vec::new();
    for (number, value) in values(path, SET)? {
        let wrong = |what: &str| wrong(path, number, what, SET);
        let text = text(&value, &["text", "post"]).ok_or_else(|| wrong("no `text`"))?;
        let ids = ids(&value).ok_or_else(|| wrong("no `claim_id`"))?;
        let place = |id: &String| {
            let place = places.get(id.as_str()).copied();
            place.ok_or_else(|| wrong(&format!("`{id}` is not in the register")))
        };
        found.push(Post {
            text: text.to_owned(),
            claims: ids.iter().map(place).collect::<Result<_, _>>()?,
        });
    }
    Ok(found)
}

/// The objects of the lines that are not empty, each with its number from 1.
fn values(path: &Path, expected: &str) -> anyhow::Result<Vec<(usize, Value)>> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| WrongArguments(format!("{}: {error}", path.display())))?;
    let mut found = Vec::new();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match serde_json::from_str::<Value>(line) {
            Ok(value) if value.is_object() => found.push((number, value)),
            Ok(_) => return Err(wrong(path, number, "no object", expected)),
            Err(error) => return Err(wrong(path, number, &error.to_string(), expected)),
        }
    }
    match found.is_empty() {
        true => Err(wrong(path, 1, "there is no line in it", expected)),
        false => Ok(found),
    }
}

fn wrong(path: &Path, number: usize, what: &str, expected: &str) -> anyhow::Error {
    WrongArguments(format!(
        "{}, line {number}: {what}; {expected}",
        path.display()
    ))
    .into()
}

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(key)?.as_str())
}

/// A text or a number.
fn id(value: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| written(value.get(key)?))
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The ids of a line of a set; none where it does not say.
fn ids(value: &Value) -> Option<Vec<String>> {
    if let Some(list) = value.get("gold").and_then(Value::as_array) {
        return list.iter().map(written).collect();
    }
    match value.get("claim_id").or_else(|| value.get("claim"))? {
        Value::Null => Some(Vec::new()),
        one => Some(vec![written(one)?]),
    }
}

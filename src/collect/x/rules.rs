//! The rules of the filtered stream: made of the watches, and brought into force.
//!
//! The rules of this house bear `resonanz/<watch>` as their tag. Others of the same app are left
//! alone, and what only they bring is paid for by this stream as well: an app for this house alone is
//! better.
//!
//! Reposts say nothing of their own and cost as much: no rule brings them.
//!
//! A change is tried first (`dry_run`). What X refuses is left out and told; new rules come before old
//! ones go, so that nothing is missed in between.

use super::api::Api;
use super::wire::{Problem, plain};
use crate::collect::source::{RejectReason, Rejection, Sought, SourceError};
use crate::query::push_down::{Options, Outcome, Platform, push_down};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const TAG: &str = "resonanz/";
/// Stands behind each rule, which is then in brackets.
const NO_REPOSTS: &str = " -is:retweet";
/// Rules in one request.
const CHUNK: usize = 100;
/// Pages of rules: more than Enterprise sells.
const MAX_PAGES: usize = 30;

/// What the watches want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Text of each rule, and its tag. X takes each text once.
    pub rules: BTreeMap<String, String>,
    /// Watches that no rule can stand for.
    pub impossible: Vec<String>,
}

impl Wanted {
    /// The rules of these watches.
    pub fn new(sought: &[Sought], options: Options) -> Self {
        let mut wanted = Self::default();
        let options = Options {
            max_length: options.max_length - NO_REPOSTS.len() - "()".len(),
            ..options
        };
        for one in sought {
            match push_down(Platform::X, one.query.expr(), options).outcome {
                Outcome::Rules(rules) => {
                    for rule in rules {
                        let tag = format!("{TAG}{}", one.watch);
                        let text = format!("({}){NO_REPOSTS}", rule.text);
                        wanted.rules.entry(text).or_insert(tag);
                    }
                }
                Outcome::Never => {}
                Outcome::Impossible => wanted.impossible.push(one.watch.clone()),
            }
        }
        wanted
    }
}

/// A rule as X has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Known {
    id: String,
    value: String,
    #[serde(default)]
    tag: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    data: Vec<Known>,
    #[serde(default)]
    meta: super::wire::Meta,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Added {
    value: String,
    tag: String,
}

#[derive(Debug, Serialize)]
enum Change<'a> {
    #[serde(rename = "add")]
    Add(&'a [Added]),
    #[serde(rename = "delete")]
    Delete { ids: &'a [String] },
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    add: Vec<Added>,
    delete: Vec<String>,
}

fn difference(known: &[Known], wanted: &BTreeMap<String, String>) -> Difference {
    let there: BTreeSet<&str> = known.iter().map(|rule| rule.value.as_str()).collect();
    let is_ours = |rule: &&Known| rule.tag.as_deref().is_some_and(|tag| tag.starts_with(TAG));
    let added = wanted
        .iter()
        .filter(|(value, _)| !there.contains(value.as_str()));
    let deleted = known
        .iter()
        .filter(is_ours)
        .filter(|rule| !wanted.contains_key(&rule.value));
    Difference {
        add: added
            .map(|(value, tag)| Added {
                value: value.clone(),
                tag: tag.clone(),
            })
            .collect(),
        delete: deleted.map(|rule| rule.id.clone()).collect(),
    }
}

/// Brings the rules of these watches into force. What could not be is told, for each cause once.
///
/// # Errors
/// Those of [`Api`]; `Refused` where there would be no rule at all.
pub async fn sync(
    api: &Api,
    sought: &[Sought],
    options: Options,
) -> Result<Vec<Rejection>, SourceError> {
    let wanted = Wanted::new(sought, options);
    let mut told = Vec::new();
    if !wanted.impossible.is_empty() {
        let watches = wanted.impossible.join(", ");
        let why = format!("no rules for {watches}, see `resonanz watch push-down x`");
        told.push(Rejection::new(RejectReason::Incomplete, why));
    }
    if wanted.rules.is_empty() {
        let why = "no watch has rules for X, see `resonanz watch push-down x`";
        return Err(SourceError::Refused(why.to_owned()));
    }
    let known = known(api).await?;
    let Difference { mut add, delete } = difference(&known, &wanted.rules);
    let (mut refused, mut word) = (0, String::new());
    for chunk in add.chunks_mut(CHUNK) {
        let mut chunk = chunk.to_vec();
        let problems = api.change_rules(&Change::Add(&chunk), true).await?.errors;
        let bad = refusals(&problems);
        word = problems
            .first()
            .map_or(word, |problem| plain(&problem.title));
        refused += chunk.len();
        chunk.retain(|rule| !bad.contains(rule.value.as_str()));
        refused -= chunk.len();
        if !chunk.is_empty() {
            api.change_rules(&Change::Add(&chunk), false).await?;
        }
    }
    for ids in delete.chunks(CHUNK) {
        api.change_rules(&Change::Delete { ids }, false).await?;
    }
    if refused > 0 {
        let why = format!("X refuses {refused} rules: {word}");
        told.push(Rejection::new(RejectReason::Incomplete, why));
    }
    Ok(told)
}

/// A rule that is there already is no fault.
fn refusals(problems: &[Problem]) -> BTreeSet<&str> {
    let bad = |problem: &&Problem| problem.title != "DuplicateRule";
    let bad = problems.iter().filter(bad);
    bad.filter_map(|problem| problem.value.as_deref()).collect()
}

async fn known(api: &Api) -> Result<Vec<Known>, SourceError> {
    let mut known = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let listed: Listed = api.rules(next.as_deref()).await?.json()?;
        known.extend(listed.data);
        next = listed.meta.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::query::push_down::Spellings;

    const OPTIONS: Options = Options {
        max_length: 1024,
        spellings: Spellings::Written,
    };

    fn sought(watch: &str, query: &str) -> Sought {
        Sought {
            watch: watch.to_owned(),
            query: Query::parse(query).unwrap(),
        }
    }

    fn known(id: &str, value: &str, tag: &str) -> Known {
        Known {
            id: id.to_owned(),
            value: value.to_owned(),
            tag: Some(tag.to_owned()).filter(|tag| !tag.is_empty()),
        }
    }

    #[test]
    fn each_watch_has_rules_with_its_name_or_is_told_to_have_none() {
        let wanted = Wanted::new(
            &[
                sought("border", "Grenzkontrolle"),
                sought("same", "Grenzkontrolle"),
                sought("site", "site:a.example AND Grenze"),
                sought("open", "*ministerium"),
            ],
            OPTIONS,
        );
        let rules: Vec<_> = wanted.rules.iter().collect();
        assert_eq!(rules.len(), 1, "{rules:?}");
        assert_eq!(rules[0].0, "(grenzkontrolle) -is:retweet");
        assert_eq!(rules[0].1, "resonanz/border");
        assert_eq!(wanted.impossible, ["open"]);
    }

    #[test]
    fn only_what_differs_is_changed_and_only_what_is_ours_is_deleted() {
        let check = |known: &[Known], wanted: &[&str], add: &[&str], delete: &[&str]| {
            let wanted = wanted
                .iter()
                .map(|value| ((*value).to_owned(), "resonanz/w".to_owned()))
                .collect();
            let told = difference(known, &wanted);
            let added: Vec<&str> = told.add.iter().map(|rule| rule.value.as_str()).collect();
            assert_eq!(added, add);
            assert_eq!(told.delete, delete);
        };
        let there = [
            known("1", "a", "resonanz/w"),
            known("2", "b", "resonanz/gone"),
            known("3", "c", "somebody else"),
            known("4", "d", ""),
        ];
        check(&there, &["a", "b"], &[], &[]);
        check(&there, &["a", "x"], &["x"], &["2"]);
        check(&there, &["a", "b", "c"], &[], &[]);
        check(&[], &["a"], &["a"], &[]);
    }
}

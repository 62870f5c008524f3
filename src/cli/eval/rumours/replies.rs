//! How well answers are read: who asks whether it is true, and who denies it, as the figures of a
//! story count them; on a file of judged answers.

use super::stream::House;
use crate::cli::judged::{self, Fields};
use crate::cli::{Output, WrongArguments};
use crate::model::{Item, Kind};
use crate::relate::Sign;
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;

/// What an answer may be judged to do.
const CLASSES: [&str; 4] = ["query", "deny", "support", "comment"];

/// How well one thing is seen in answers.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Seen {
    pub what: &'static str,
    /// Answers that people judged so, that were read so, and that are both.
    pub judged: u32,
    pub read: u32,
    pub right: u32,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub model: String,
    pub replies: usize,
    pub seen: Vec<Seen>,
}

/// An answer as people judged it, and as it was read.
struct Read {
    label: &'static str,
    asks: bool,
    denies: bool,
}

/// # Errors
/// A file or line that cannot be read.
pub fn run(house: &House<'_>, file: &Path) -> anyhow::Result<Report> {
    let fields = Fields {
        text: "text",
        label: "label",
        target: None,
        group: None,
    };
    let mut replies = Vec::new();
    for line in judged::read(file, &fields)? {
        let label = CLASSES.iter().find(|class| **class == line.label);
        let Some(label) = label else {
            let (file, number) = (file.display(), line.number);
            let one_of = CLASSES.join(", ");
            let what = format!("{file}: line {number}: `label` must be one of {one_of}");
            return Err(WrongArguments(what).into());
        };
        let mut item = Item::new("judged", line.number.to_string(), Kind::Reply);
        item.text = line.text;
        item.lang = line.lang;
        item.reply_to = Some("parent".to_owned());
        let (mention, labels) = house.labelled(item, Timestamp::UNIX_EPOCH)?;
        let sign = Sign::of(&mention, &labels);
        replies.push(Read {
            label,
            asks: sign.asks,
            denies: sign.denies,
        });
    }
    let doubt = ["query", "deny"];
    Ok(Report {
        model: house.judge.name().to_owned(),
        replies: replies.len(),
        seen: vec![
            seen("asks", &replies, &doubt[..1], |one| one.asks),
            seen("denies", &replies, &doubt[1..], |one| one.denies),
            seen("doubts at all", &replies, &doubt, |one| {
                one.asks || one.denies
            }),
        ],
    })
}

fn seen(
    what: &'static str,
    replies: &[Read],
    labels: &[&str],
    is_read: impl Fn(&Read) -> bool,
) -> Seen {
    let (mut judged, mut read, mut right) = (0, 0, 0);
    for reply in replies {
        let (is, said) = (labels.contains(&reply.label), is_read(reply));
        judged += u32::from(is);
        read += u32::from(said);
        right += u32::from(is && said);
    }
    let share = |of: u32| f64::from(right) / f64::from(of.max(1));
    let (precision, recall) = (share(read), share(judged));
    Seen {
        what,
        judged,
        read,
        right,
        precision,
        recall,
        f1: 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE),
    }
}

impl Report {
    pub fn print(&self, out: &mut Output) -> anyhow::Result<()> {
        let (model, replies) = (&self.model, self.replies);
        out.line(&format!("{model} on {replies} judged answers"))?;
        out.line("")?;
        let percent = |share: f64| format!("{:.1}", 100.0 * share);
        let row = |seen: &Seen| {
            let counts = [seen.judged, seen.read, seen.right].map(|count| count.to_string());
            let shares = [seen.precision, seen.recall, seen.f1].map(percent);
            let mut row = vec![seen.what.to_owned()];
            row.extend(counts.into_iter().chain(shares));
            row
        };
        let rows: Vec<Vec<String>> = self.seen.iter().map(row).collect();
        let head = [
            "READ AS",
            "JUDGED",
            "READ",
            "RIGHT",
            "PRECISION %",
            "RECALL %",
            "F1 %",
        ];
        Ok(out.table(&head, &rows)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_was_read_and_of_what_is_there() {
        let read = |label, asks, denies| Read {
            label,
            asks,
            denies,
        };
        let replies = [
            read("query", true, false),
            read("query", false, false),
            read("deny", true, true),
            read("comment", false, false),
        ];
        let asks = seen("asks", &replies, &["query"], |one| one.asks);
        assert_eq!((asks.judged, asks.read, asks.right), (2, 2, 1));
        assert_eq!((asks.precision, asks.recall, asks.f1), (0.5, 0.5, 0.5));
        let none = seen("denies", &replies, &["support"], |_| false);
        assert_eq!((none.precision, none.recall, none.f1), (0.0, 0.0, 0.0));
    }
}

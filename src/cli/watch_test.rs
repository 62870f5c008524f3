//! `resonanz watch test`: examples, single texts, and what a query would have found in the archive.

use super::house::{Place, open_archive, today};
use super::search::{local, row};
use super::{EXIT_PARTLY, Format, Output, WrongArguments, note, search, watch};
use crate::app::{House, Tester};
use crate::clock::Clock;
use crate::config::{Config, Register, Watch};
use crate::privacy::Voices;
use crate::query::{Query, tree};
use crate::serve::{
    self, Archive, Difference, Example, Found, MAX_PREVIEW_DAYS, Preview, PreviewRequest,
    SearchError, Side,
};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Columns of the longest bar of the histogram.
const BAR: u64 = 40;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz watch test border-controls\n         \
    resonanz watch test border-controls --query 'Grenzkontroll* NEAR/5 Stau' --dir data\n         \
    resonanz watch test --text \"Stau wegen der Grenzkontrollen\"")]
pub struct Args {
    /// Name of one watch; the examples of all watches where it is left out
    name: Option<String>,
    /// A text to try on the watches, instead of their examples
    #[arg(long, conflicts_with_all = ["query", "days", "seed"])]
    text: Option<String>,
    /// A query to try in place of the watch's own
    #[arg(long)]
    query: Option<String>,
    /// Days that are looked back in the archive
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_PREVIEW_DAYS)))]
    days: u16,
    /// Draws the same random hits again; another number, others
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    place: Place,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let chosen = watch::choose(&config.register, args.name.as_deref())?;
    let voices = Arc::new(Voices::new(&config.voices, today()));
    let register = &config.register;
    let code = match (&args.text, &args.name, &args.query) {
        (Some(text), ..) => {
            let tester = Tester::new(register.stored_queries(), Arc::clone(&voices));
            try_text(&tester, &chosen, text, args.format)?
        }
        (None, None, None) => {
            let tester = Tester::new(register.stored_queries(), Arc::clone(&voices));
            examples_of_all(&tester, &chosen, args.format)?
        }
        _ => preview(&args, &config, &voices).await?,
    };
    // A query that is tried alone has no watch to warn of.
    if args.name.is_some() || args.query.is_none() {
        watch::warn(&config, &chosen, &voices);
    }
    Ok(code)
}

fn try_text(
    tester: &Tester,
    watches: &[&Watch],
    text: &str,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let mention = tester.mention(text)?;
    let found = tester.matches(&mention);
    let mut out = Output::new();
    for watch in watches {
        let matched = found.iter().find(|matched| matched.watch == watch.name);
        let seen: Vec<&str> = matched
            .iter()
            .flat_map(|matched| &matched.spans)
            .filter_map(|span| mention.text.get(span.start as usize..span.end as usize))
            .collect();
        match format {
            Format::Jsonl => out.json(&json!({"watch": watch.name,
                "matches": matched.is_some(), "seen": seen}))?,
            Format::Table if matched.is_some() => {
                out.line(&format!("{}: matches ({})", watch.name, seen.join(" · ")))?;
            }
            Format::Table => out.line(&format!("{}: no match", watch.name))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn examples_of_all(
    tester: &Tester,
    watches: &[&Watch],
    format: Format,
) -> anyhow::Result<ExitCode> {
    let mut out = Output::new();
    let mut good = true;
    for watch in watches {
        let examples = tester.examples(watch);
        good &= examples.iter().all(is_good);
        match format {
            Format::Table => print_examples(&mut out, &watch.name, &examples)?,
            Format::Jsonl => {
                for example in &examples {
                    out.json(&json!({"watch": watch.name, "text": example.text,
                        "must_match": example.must_match, "matches": example.matches,
                        "ok": is_good(example)}))?;
                }
            }
        }
    }
    Ok(ended(good))
}

fn is_good(example: &Example) -> bool {
    example.must_match == example.matches
}

fn ended(good: bool) -> ExitCode {
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_PARTLY),
    }
}

fn print_examples(out: &mut Output, watch: &str, examples: &[Example]) -> anyhow::Result<()> {
    for example in examples.iter().filter(|example| !is_good(example)) {
        let fault = match example.must_match {
            true => "must match, but does not",
            false => "must not match, but does",
        };
        out.line(&format!("{watch}: {fault}: {}", example.text))?;
    }
    let good = examples.iter().filter(|example| is_good(example)).count();
    out.line(&format!("{watch}: {good} examples as they should be"))?;
    Ok(())
}

/// One query: its tree, its examples, and what it finds in the archive where there is one.
async fn preview(args: &Args, config: &Config, voices: &Arc<Voices>) -> anyhow::Result<ExitCode> {
    if !House::store_path(&config.dir).exists() {
        let dir = config.dir.display();
        note(&format!(
            "there is no archive in {dir}, so no hits are shown; name its directory with --dir"
        ));
        return without_archive(args, &config.register, voices);
    }
    let archive = open_archive(config, voices).await?;
    let request = PreviewRequest {
        watch: args.name.clone(),
        query: args.query.clone(),
        days: args.days,
        seed: args.seed.unwrap_or_else(any_seed),
    };
    let asked = Archive::preview(&archive, request).await;
    archive.store.close().await;
    let preview = match (asked, &args.query) {
        (Ok(Some(preview)), _) => preview,
        (Ok(None), _) => anyhow::bail!("there is nothing to try"),
        (Err(SearchError::BadQuery { fault, start, end }), Some(query)) => {
            let message = search::point_at(query, &fault.to_string(), start, end);
            return Err(WrongArguments(message).into());
        }
        (Err(error), _) => return Err(error.into()),
    };
    let mut out = Output::new();
    match args.format {
        Format::Jsonl => out.json(&serve::preview_json(&preview))?,
        Format::Table => print(&mut out, args.name.as_deref(), &preview)?,
    }
    Ok(ended(preview.examples.iter().all(is_good)))
}

fn any_seed() -> u64 {
    Clock::system().now().as_microsecond().cast_unsigned()
}

fn without_archive(
    args: &Args,
    register: &Register,
    voices: &Arc<Voices>,
) -> anyhow::Result<ExitCode> {
    let watch = args.name.as_deref().and_then(|name| register.watch(name));
    let query = match (&args.query, watch) {
        (Some(written), _) => {
            Query::parse(written).map_err(|error| WrongArguments(error.to_string()))?
        }
        (None, Some(watch)) => watch.query.clone(),
        (None, None) => return Ok(ExitCode::SUCCESS),
    };
    let tried = watch.map(|watch| Watch {
        query: query.clone(),
        ..watch.clone()
    });
    let examples = tried.map_or_else(Vec::new, |watch| {
        Tester::of(&watch, Arc::clone(voices)).examples(&watch)
    });
    let mut out = Output::new();
    let tree = tree(query.expr());
    match args.format {
        Format::Jsonl => {
            out.json(&json!({"query": query.written(), "tree": tree, "examples": examples}))?
        }
        Format::Table => print_head(&mut out, args.name.as_deref(), &tree, &examples)?,
    }
    Ok(ended(examples.iter().all(is_good)))
}

fn print(out: &mut Output, watch: Option<&str>, preview: &Preview) -> anyhow::Result<()> {
    print_head(out, watch, &preview.tree, &preview.examples)?;
    out.line("")?;
    print_days(out, preview)?;
    if !preview.terms.is_empty() {
        let hits = preview.terms_of;
        out.line("")?;
        out.line(&format!(
            "Words that bring most of {hits} hits (ALONE: nothing else of the query is in it)"
        ))?;
        let terms = preview.terms.iter();
        let rows: Vec<_> = terms
            .map(|term| {
                vec![
                    term.hits.to_string(),
                    term.alone.to_string(),
                    term.term.clone(),
                ]
            })
            .collect();
        out.table(&["HITS", "ALONE", "WORD"], &rows)?;
    }
    out.line("")?;
    print_sample(out, "Random hits", &preview.sample)?;
    if let Some(difference) = &preview.difference {
        out.line("")?;
        print_difference(out, difference)?;
    }
    out.line("")?;
    out.line(
        "The archive holds what some watch found when it came in. A wider query finds more than \
         this from the day on which it is registered.",
    )?;
    if !preview.whole {
        out.line("A part of the index could not be searched: there may be more hits.")?;
    }
    Ok(())
}

fn print_head(
    out: &mut Output,
    watch: Option<&str>,
    tree: &str,
    examples: &[Example],
) -> anyhow::Result<()> {
    for line in tree.lines() {
        out.line(line)?;
    }
    if let Some(watch) = watch {
        out.line("")?;
        print_examples(out, watch, examples)?;
    }
    Ok(())
}

fn print_days(out: &mut Output, preview: &Preview) -> anyhow::Result<()> {
    let days = preview.days.len();
    out.line(&format!("{} hits in {days} days", preview.total))?;
    let most = preview
        .days
        .iter()
        .map(|day| day.1)
        .max()
        .unwrap_or(0)
        .max(1);
    for (day, hits) in &preview.days {
        let bar = usize::try_from((hits * BAR).div_ceil(most)).unwrap_or(0);
        let line = format!("{day} {hits:>7} {}", "#".repeat(bar));
        out.line(line.trim_end())?;
    }
    Ok(())
}

fn print_difference(out: &mut Output, difference: &Difference) -> anyhow::Result<()> {
    let Difference { gained, lost, .. } = difference;
    out.line(&format!(
        "Against the query of {}: {} hits more, {} hits fewer",
        local(difference.since),
        gained.total,
        lost.total
    ))?;
    out.line(&format!("  {}", difference.query.replace('\n', " ")))?;
    let side = |out: &mut Output, name: &str, side: &Side| match side.total {
        0 => Ok(()),
        _ => print_sample(out, name, &side.sample),
    };
    side(out, "More, for example", gained)?;
    side(out, "Fewer, for example", lost)
}

fn print_sample(out: &mut Output, title: &str, sample: &[Found]) -> anyhow::Result<()> {
    if sample.is_empty() {
        return Ok(());
    }
    out.line(title)?;
    let rows: Vec<Vec<String>> = sample.iter().map(|found| row(&found.mention)).collect();
    out.table(&search::COLUMNS, &rows)?;
    Ok(())
}

//! `resonanz search`: the archive from the command line, also while the house runs.

use super::count_by::Field;
use super::filters::Filters;
use super::house::{Place, open_archive, today};
use super::{Output, WrongArguments, saved, sheet};
use crate::app::Archive;
use crate::model::Author;
use crate::privacy::Voices;
use crate::serve::{self, Asked, Found, MAX_LIMIT, Request, SearchError};
use crate::store::{Store, StoredMention};
use jiff::Timestamp;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The columns of a table of mentions.
pub const COLUMNS: [&str; 6] = ["ID", "PUBLISHED", "SOURCE", "STANCE", "FLAGS", "TEXT"];

/// Between two looks at what has arrived.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz search '{BMI} NEAR/5 Einbürgerung*' --since 7d --stance critical\n         \
    resonanz search Grenzkontrolle --since 30d --limit 5000 --format xlsx > grenze.xlsx\n         \
    resonanz search Grenzkontrolle --since 30d --count-by day\n         \
    resonanz search Grenz* --stance critical --save Grenze; resonanz search --saved Grenze\n\n\
    The query language is described in the README."
)]
pub struct Args {
    /// Query; empty quotes find everything
    #[arg(required_unless_present = "saved")]
    query: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    filters: Filters,
    /// Ask what is saved under this name, instead of a query and filters
    #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "save", "filters"])]
    saved: Option<String>,
    /// Save query, filters and order under this name too; see `resonanz saved`
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Print counts instead of mentions: by watch, target, source, stance, flag, kind, language,
    /// site, voice, day, week or month; counts of fewer than five people are held back
    #[arg(
        long,
        value_enum,
        value_name = "FIELD",
        hide_possible_values = true,
        conflicts_with = "follow"
    )]
    count_by: Option<Field>,
    /// Most results
    #[arg(long, default_value_t = 25)]
    limit: usize,
    /// Go on with what arrives, until it is stopped
    #[arg(long)]
    follow: bool,
    /// table for people, jsonl for programs, csv (with semicolons) or xlsx for spreadsheets
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Shape,
}

/// How mentions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    Table,
    Jsonl,
    Csv,
    Xlsx,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    args.check()?;
    let config = args.place.archive()?;
    let voices = Arc::new(Voices::new(&config.voices, today()));
    let mut seen = Seen::default();
    loop {
        let archive = open_archive(&config, &voices).await?;
        let asked = args.asked(&archive.store).await;
        let done = match asked {
            Ok(asked) => once(&archive, &args, asked, &mut seen).await,
            Err(error) => Err(error),
        };
        archive.store.close().await;
        done?;
        if !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Asks, prints what is new, and saves the search where that is wanted.
async fn once(archive: &Archive, args: &Args, asked: Asked, seen: &mut Seen) -> anyhow::Result<()> {
    let head = seen.is_empty();
    if let Some(name) = args.save.as_ref().filter(|_| head) {
        saved::save(&archive.store, name, &asked).await?;
    }
    let query = asked.request.query.clone();
    if let Some(field) = args.count_by {
        let counts = field.count(archive, asked.request).await;
        return counts
            .map_err(|error| told(error, &query))?
            .print(field, args.format);
    }
    let found = collect(archive, asked.request, args.limit).await;
    let (total, found) = found.map_err(|error| told(error, &query))?;
    let new = seen.take(found);
    match head || !new.is_empty() {
        true => print(&new, total, args, head),
        false => Ok(()),
    }
}

impl Args {
    fn check(&self) -> Result<(), WrongArguments> {
        let wrong = |what: &str| Err(WrongArguments(what.to_owned()));
        if self.format == Shape::Xlsx && self.follow {
            return wrong("a sheet of XLSX has an end: leave out --follow, or write --format csv");
        }
        if self.format == Shape::Xlsx && Output::is_terminal() {
            return wrong("XLSX is for a file: add `> mentions.xlsx`");
        }
        if self.format == Shape::Xlsx && self.count_by.is_some() {
            return wrong("counts are printed as table, jsonl or csv");
        }
        Ok(())
    }

    /// What is searched for: as it was written, or as it is saved.
    async fn asked(&self, store: &Store) -> anyhow::Result<Asked> {
        match &self.saved {
            Some(name) => saved::load(store, name).await,
            None => {
                let query = self.query.clone().unwrap_or_default();
                Ok(self.filters.asked(query, self.save.is_some())?)
            }
        }
    }
}

/// The fault of a query is whoever's asked; everything else is ours.
fn told(error: SearchError, query: &str) -> anyhow::Error {
    match error {
        SearchError::BadQuery { fault, start, end } => {
            WrongArguments(point_at(query, &fault.to_string(), start, end)).into()
        }
        error => error.into(),
    }
}

/// What was printed already. After the first time, mentions come in the order of their arrival.
#[derive(Default)]
struct Seen {
    newest: Option<i64>,
}

impl Seen {
    fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    fn take(&mut self, mut found: Vec<Found>) -> Vec<Found> {
        if let Some(newest) = self.newest {
            found.retain(|one| one.mention.id > newest);
            found.sort_by_key(|one| one.mention.id);
        }
        let ids = found.iter().map(|one| one.mention.id);
        self.newest = ids.max().max(self.newest).or(Some(0));
        found
    }
}

/// Asks page by page until there is enough.
async fn collect(
    archive: &Archive,
    mut request: Request,
    limit: usize,
) -> Result<(u64, Vec<Found>), SearchError> {
    let mut found = Vec::new();
    loop {
        request.limit = (limit - found.len()).clamp(1, MAX_LIMIT);
        let page = serve::Archive::search(archive, request.clone()).await?;
        found.extend(page.items);
        request.after = page.next;
        if found.len() >= limit || request.after.is_none() {
            found.truncate(limit);
            return Ok((page.total, found));
        }
    }
}

fn print(found: &[Found], total: u64, args: &Args, head: bool) -> anyhow::Result<()> {
    let mentions = || found.iter().map(|found| &found.mention);
    match args.format {
        Shape::Csv => return sheet::csv(std::io::stdout().lock(), mentions(), head),
        Shape::Xlsx => {
            let all: Vec<&StoredMention> = mentions().collect();
            return sheet::xlsx(std::io::stdout().lock(), &all);
        }
        Shape::Jsonl => return print_json(found),
        Shape::Table => {}
    }
    let mut out = Output::new();
    let rows: Vec<Vec<String>> = mentions().map(row).collect();
    match head {
        true => out.table(&COLUMNS, &rows)?,
        false => {
            for row in rows {
                out.line(&row.join("  "))?;
            }
        }
    }
    if !args.follow {
        out.line(&format!("{} of {total}", found.len()))?;
    }
    Ok(out.flush()?)
}

fn print_json(found: &[Found]) -> anyhow::Result<()> {
    let mut out = Output::new();
    for Found {
        mention,
        highlights,
        in_story,
    } in found
    {
        out.json(&json!({
            "id": mention.id, "source": mention.source, "kind": mention.kind,
            "published": mention.published, "edited": mention.edited, "title": mention.title,
            "text": mention.text, "lang": mention.lang, "site": mention.site,
            "url": mention.url, "voice": voice(mention),
            "watches": watches(mention), "stances": mention.labels.stances,
            "flags": mention.labels.flags, "model": mention.labels.model,
            "highlights": highlights, "story": mention.story, "in_story": in_story,
        }))?;
    }
    Ok(out.flush()?)
}

fn voice(mention: &StoredMention) -> Option<&str> {
    match &mention.author {
        Some(Author::Voice { name, .. }) => Some(name),
        _ => None,
    }
}

fn watches(mention: &StoredMention) -> Vec<&str> {
    mention
        .matches
        .iter()
        .map(|matched| matched.watch.as_str())
        .collect()
}

/// The cells of a mention, by [`COLUMNS`].
pub fn row(mention: &StoredMention) -> Vec<String> {
    let mut stances: Vec<&str> = mention
        .labels
        .stances
        .iter()
        .map(|label| label.stance.as_str())
        .collect();
    stances.dedup();
    let flags: Vec<&str> = mention
        .labels
        .flags
        .iter()
        .map(|label| label.flag.as_str())
        .collect();
    let words = [mention.title.as_str(), mention.text.as_str()].join(" ");
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    vec![
        mention.id.to_string(),
        local(mention.published),
        mention.source.clone(),
        stances.join(","),
        flags.join(","),
        line.chars().take(100).collect(),
    ]
}

pub fn local(at: Timestamp) -> String {
    match at.in_tz("Europe/Berlin") {
        Ok(berlin) => berlin.strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_string(),
    }
}

/// The message, and a caret under the place that it speaks of.
pub fn point_at(query: &str, message: &str, start: usize, end: usize) -> String {
    let before = query.get(..start).unwrap_or_default();
    let marked = query.get(start..end).unwrap_or_default();
    let indent = before.chars().count();
    let carets = marked.chars().count().max(1);
    let query: String = query
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        "{message}\n  {query}\n  {}{}",
        " ".repeat(indent),
        "^".repeat(carets)
    )
}

//! `resonanz search`: the archive from the command line, also while the house runs.

use super::house::{Place, open_archive, today};
use super::when::When;
use super::{Output, WrongArguments, sheet};
use crate::app::Archive;
use crate::clock::Clock;
use crate::model::{Author, FlagKind, Kind, Stance};
use crate::privacy::Voices;
use crate::serve::{self, Found, MAX_LIMIT, Request, SearchError};
use crate::store::StoredMention;
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
    resonanz search Grenzkontrolle --since 30d --limit 5000 --format xlsx > grenze.xlsx\n\n\
    The query language is described in the README."
)]
pub struct Args {
    /// Query; empty quotes find everything
    query: String,
    #[command(flatten)]
    place: Place,
    /// Published at or after: 90m, 24h, 7d, 2026-11-21 or 2026-11-21T18:00:00Z
    #[arg(long, value_parser = When::parse)]
    since: Option<When>,
    /// Found by this watch
    #[arg(long, value_name = "NAME")]
    watch: Option<String>,
    /// Collected by this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// supportive, critical, neutral or unclear
    #[arg(long, value_parser = |text: &str| Stance::parse(text).ok_or("supportive, critical, neutral or unclear"))]
    stance: Option<Stance>,
    /// enquiry or correction
    #[arg(long, value_parser = |text: &str| FlagKind::parse(text).ok_or("enquiry or correction"))]
    flag: Option<FlagKind>,
    /// post, reply, comment, article, video or message
    #[arg(long, value_parser = |text: &str| Kind::parse(text).ok_or("post, reply, comment, article, video or message"))]
    kind: Option<Kind>,
    /// Of this story only
    #[arg(long, value_name = "NUMBER")]
    story: Option<i64>,
    /// Of each story its first mention only
    #[arg(long)]
    one_of_each_story: bool,
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
enum Shape {
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
        let found = collect(&archive, &args).await;
        archive.store.close().await;
        let (total, found) = found.map_err(|error| told(error, &args.query))?;
        let head = seen.is_empty();
        let new = seen.take(found);
        if head || !new.is_empty() {
            print(&new, total, &args, head)?;
        }
        if !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(PAUSE) => {}
        }
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
        Ok(())
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
async fn collect(archive: &Archive, args: &Args) -> Result<(u64, Vec<Found>), SearchError> {
    let now = Clock::system().now();
    let mut request = Request {
        query: args.query.clone(),
        watch: args.watch.clone(),
        source: args.source.clone(),
        kind: args.kind,
        stance: args.stance,
        flag: args.flag,
        since: args.since.map(|since| since.before(now)),
        story: args.story,
        one_of_each_story: args.one_of_each_story,
        ..Request::default()
    };
    let mut found = Vec::new();
    loop {
        request.limit = (args.limit - found.len()).clamp(1, MAX_LIMIT);
        let page = serve::Archive::search(archive, request.clone()).await?;
        found.extend(page.items);
        request.after = page.next;
        if found.len() >= args.limit || request.after.is_none() {
            found.truncate(args.limit);
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

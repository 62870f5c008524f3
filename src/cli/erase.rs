//! `resonanz erase`: what was erased is in no file afterwards, and stays away. What takes many at one
//! time shows them first.

use super::house::{Place, open_archive, today};
use super::receipt::{ReceiptFile, hand_over};
use super::search::{COLUMNS, point_at, row};
use super::when::When;
use super::{Output, WrongArguments};
use crate::app::erase::{NativeId, Order};
use crate::app::{App, Ending, House, Options};
use crate::clock::Clock;
use crate::config::Config;
use crate::index::Search;
use crate::privacy::{Keys, Voices};
use crate::query::Query;
use crate::store::Store;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mentions that are shown before many are erased.
const EXAMPLES: usize = 3;
/// What names its mentions without a search.
const NOT_A_QUERY: [&str; 4] = ["mention", "item", "account", "list"];

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
#[command(override_usage = "resonanz erase [OPTIONS] --reason <REASON> \
    <--mention|--item|--account|--query|--list>")]
#[command(
    after_help = "Example: resonanz erase --mention 4711 --reason \"Art. 17 DSGVO, Az. 12/26\"\n         \
    resonanz erase --item at://did:plc:abc/app.bsky.feed.post/3k --platform bluesky --reason …\n         \
    resonanz erase --account did:plc:abc --platform bluesky --reason …\n         \
    resonanz erase --query 'Kamel*' --until 2026-11-01 --watch ministry --reason … --yes\n         \
    resonanz erase --list ids.txt --reason … --yes --receipt receipt.json\n\n\
    An erased item stays away, also when it is delivered again. The reason is written into the \
    audit log; do not name the person there. --query and --list show what they would erase and \
    erase with --yes; broken off, the same command goes on. The house must not run meanwhile."
)]
pub struct Args {
    /// Number of a mention, as pages and searches show it
    #[arg(long, group = "what")]
    mention: Option<i64>,
    /// Native id of an item
    #[arg(long, group = "what", requires = "platform")]
    item: Option<String>,
    /// Native id of an account: everything of it, and what would still come within three years
    #[arg(long, group = "what", requires = "platform")]
    account: Option<String>,
    /// Everything that this query finds
    #[arg(long, group = "what")]
    query: Option<String>,
    /// File with native ids: a platform, a space and an id on each line
    #[arg(long, value_name = "FILE", group = "what")]
    list: Option<PathBuf>,
    /// Platform of the item or account, for example bluesky
    #[arg(long)]
    platform: Option<String>,
    /// Published at or after: 90m, 24h, 7d, 2026-11-21 or 2026-11-21T18:00:00Z
    #[arg(long, conflicts_with_all = NOT_A_QUERY, value_parser = When::parse)]
    since: Option<When>,
    /// Published before, written likewise
    #[arg(long, conflicts_with_all = NOT_A_QUERY, value_parser = When::parse)]
    until: Option<When>,
    /// Found by this watch
    #[arg(long, value_name = "NAME", conflicts_with_all = NOT_A_QUERY)]
    watch: Option<String>,
    /// Erase what --query or --list show
    #[arg(long)]
    yes: bool,
    /// Why; written into the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    receipt: ReceiptFile,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let order = args.order()?;
    let config = args.place.archive()?;
    match &order {
        Order::Found(search) if !args.yes => show_found(&config, search).await?,
        Order::Items(items) if args.list.is_some() && !args.yes => {
            show_listed(&config, items).await?;
        }
        _ => erase(config, &order, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn order(&self) -> anyhow::Result<Order> {
        if let Some(id) = self.mention {
            return Ok(Order::Mention(id));
        }
        if let Some(path) = &self.list {
            return Ok(Order::Items(listed(path)?));
        }
        if let Some(query) = &self.query {
            return Ok(Order::Found(Box::new(self.search(query)?)));
        }
        let native = |id: &str| NativeId {
            platform: self.platform.clone().unwrap_or_default(),
            id: id.to_owned(),
        };
        Ok(match &self.item {
            Some(id) => Order::Items(vec![native(id)]),
            None => Order::Account(native(self.account.as_deref().unwrap_or_default())),
        })
    }

    fn search(&self, query: &str) -> Result<Search, WrongArguments> {
        let is_bounded = self.since.is_some() || self.until.is_some() || self.watch.is_some();
        if query.trim().is_empty() && !is_bounded {
            let everything = "an empty query finds everything: add words, --watch or --until";
            return Err(WrongArguments(everything.to_owned()));
        }
        let parsed = match query.trim() {
            "" => None,
            _ => Some(Query::parse_search(query).map_err(|error| {
                let told = error.fault.to_string();
                WrongArguments(point_at(query, &told, error.start, error.end))
            })?),
        };
        let now = Clock::system().now();
        Ok(Search {
            query: parsed.map(|query| query.expr().clone()),
            watch: self.watch.clone(),
            since: self.since.map(|when| when.before(now)),
            until: self.until.map(|when| when.before(now)),
            ..Search::default()
        })
    }
}

/// The items of a list; all its faults at once, before anything is touched.
fn listed(path: &Path) -> anyhow::Result<Vec<NativeId>> {
    let at = || format!("the list {}", path.display());
    let text = std::fs::read_to_string(path).with_context(at)?;
    let (mut items, mut wrong) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate() {
        match line.trim().split_once(char::is_whitespace) {
            Some((platform, id)) => items.push(NativeId {
                platform: platform.to_owned(),
                id: id.trim().to_owned(),
            }),
            None if line.trim().is_empty() => {}
            None => wrong.push((i + 1).to_string()),
        }
    }
    if wrong.is_empty() {
        return Ok(items);
    }
    let told = format!(
        "{}: write a platform, a space and a native id in lines {}",
        path.display(),
        wrong.join(", ")
    );
    Err(WrongArguments(told).into())
}

async fn show_found(config: &Config, search: &Search) -> anyhow::Result<()> {
    let voices = Arc::new(Voices::new(&config.voices, today()));
    let archive = open_archive(config, &voices).await?;
    let search = Search {
        limit: EXAMPLES,
        ..search.clone()
    };
    let page = archive.index.search(search).await?;
    let examples = archive.store.mentions(&page.ids).await?;
    archive.store.close().await;
    let mut out = Output::new();
    out.table(&COLUMNS, &examples.iter().map(row).collect::<Vec<_>>())?;
    out.line(&format!(
        "{} mentions would be erased, of which {} stand here. Nothing was; --yes erases them.",
        page.total,
        examples.len()
    ))?;
    if !page.whole {
        out.line("A part of the index is not there, so there may be more.")?;
    }
    Ok(out.flush()?)
}

async fn show_listed(config: &Config, items: &[NativeId]) -> anyhow::Result<()> {
    let key = config.dir.join(&config.key_file);
    anyhow::ensure!(key.exists(), "the key {} is missing", key.display());
    let keys = Keys::load_or_create(&key)?;
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let mut here = 0;
    for NativeId { platform, id } in items {
        here += usize::from(store.has(&keys.mention_key(platform, id)).await?);
    }
    store.close().await;
    let mut out = Output::new();
    out.line(&format!(
        "{here} of {} items are here and would be erased; the others would be kept away. Nothing \
         was; --yes erases them.",
        items.len()
    ))?;
    Ok(out.flush()?)
}

async fn erase(config: Config, order: &Order, args: &Args) -> anyhow::Result<()> {
    let stop_timeout = Duration::from_secs(config.stop_timeout_secs);
    let house = House::open(&config).await?;
    let file = args.receipt.open()?;
    let app = App::build(house, config, Options::offline())?;
    let mut running = app.start(CancellationToken::new()).await?;
    let receipt = running.erase(order, &args.reason).await;
    running.finish(stop_timeout, Ending::Soon).await?;
    let receipt = receipt?;
    let what = match receipt.mentions {
        1 => "1 mention".to_owned(),
        many => format!("{many} mentions"),
    };
    Output::new().line(&format!(
        "Erased {what} from store, index and mails on disk."
    ))?;
    hand_over(&receipt, file)
}

//! `resonanz erase`: what was erased is in no file afterwards, and stays away.

use super::Output;
use super::house::Place;
use crate::app::{App, House, Options};
use crate::clock::Clock;
use crate::model::{AuthorChange, Deletion};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
#[command(
    after_help = "Example: resonanz erase --mention 4711 --reason \"Art. 17 DSGVO, Az. 12/26\"\n         \
    resonanz erase --item at://did:plc:abc/app.bsky.feed.post/3k --platform bluesky --reason …\n         \
    resonanz erase --account did:plc:abc --platform bluesky --reason …\n\n\
    An erased item stays away, also when it is delivered again. The reason is written into the \
    audit log; do not name the person there."
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
    /// Platform of the item or account, for example bluesky
    #[arg(long)]
    platform: Option<String>,
    /// Why; written into the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    let house = House::open(&config).await?;
    let app = App::build(house, config, Options::offline())?;
    let erased = erase(&app, &args).await?;
    app.run_until_done().await?;
    let what = if erased == 1 {
        "1 mention".to_owned()
    } else {
        format!("{erased} mentions")
    };
    Output::new().line(&format!(
        "Erased {what} from store, index and mails on disk."
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn erase(app: &App, args: &Args) -> anyhow::Result<usize> {
    let now = Clock::system().now();
    let platform = args.platform.clone().unwrap_or_default();
    let store = app.store();
    store.audit(now, "erase", &args.reason).await?;
    let mut tx = store.begin().await?;
    let erased = if let Some(id) = args.mention {
        let Some(key) = tx.key_of(id).await? else {
            anyhow::bail!("there is no mention {id}; it may be gone already");
        };
        tx.delete(&key, now).await?.into_iter().count()
    } else if let Some(id) = &args.item {
        let deletion = Deletion {
            platform,
            id: id.clone(),
            at: None,
        };
        let key = app.keys().mention_key(&deletion.platform, &deletion.id);
        tx.delete(&key, now).await?.into_iter().count()
    } else {
        let author = AuthorChange {
            platform,
            author: args.account.clone().unwrap_or_default(),
            at: None,
        };
        tx.author_erased(
            &app.keys().lifetime(&author.platform, &author.author, now),
            now,
        )
        .await?
        .len()
    };
    tx.commit().await?;
    Ok(erased)
}

//! Erases by order, in bounded transactions. An order is carried out again after a crash by giving
//! it again: what is gone already is not found, and stays away all the same.

use super::Running;
use super::receipt::Receipt;
use crate::index::{MAX_RESULTS, Search};
use crate::privacy::{Keys, MentionKey};
use crate::store::{Store, Tx};
use jiff::Timestamp;
use std::time::Duration;

/// Mentions that one transaction erases.
pub const BATCH: usize = 500;
/// Between two looks at an index that is being made again.
const PAUSE: Duration = Duration::from_millis(50);

/// What to erase.
#[derive(Debug, Clone)]
pub enum Order {
    /// A mention by its number.
    Mention(i64),
    /// Everything of an account, and what would still come within three years.
    Account(NativeId),
    /// Items, whether they are here or not.
    Items(Vec<NativeId>),
    /// Everything that a search finds.
    Found(Box<Search>),
}

/// How a platform names an item or account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeId {
    pub platform: String,
    pub id: String,
}

/// What was erased so far.
#[derive(Debug, Clone, Copy, Default)]
struct Erased {
    mentions: u64,
    tombstones: u64,
}

impl Running {
    /// Erases, waits until the words are in no file, and says what was done. For a command that does
    /// nothing else: the receipt counts this process's work.
    ///
    /// # Errors
    /// A mention that is not there, a store or index that does not answer. What was erased before
    /// stays erased.
    pub async fn erase(&mut self, order: &Order, reason: &str) -> anyhow::Result<Receipt> {
        let now = self.clock.now();
        let store = &self.house.store;
        store.audit(now, "erase", reason).await?;
        let keys = &self.house.keys;
        let erased = match order {
            Order::Mention(id) => erase_one(store, *id, now).await?,
            Order::Account(account) => erase_account(store, keys, account, now).await?,
            Order::Items(items) => erase_items(store, keys, items, now).await?,
            Order::Found(search) => {
                let ids = self.found(search).await?;
                erase_mentions(store, &ids, now).await?
            }
        };
        self.receipt("erase", erased.mentions, erased.tombstones)
            .await
    }

    /// The numbers of everything that a search finds, once the index knows all that the store has.
    async fn found(&self, search: &Search) -> anyhow::Result<Vec<i64>> {
        let newest = self.house.store.newest_seq().await?;
        self.index.until_reached(newest).await;
        while !self.index.is_whole() {
            tokio::time::sleep(PAUSE).await;
        }
        let mut search = Search {
            limit: MAX_RESULTS,
            ..search.clone()
        };
        let mut ids = Vec::new();
        loop {
            let page = self.index.search(search.clone()).await?;
            anyhow::ensure!(
                page.whole,
                "a part of the index is damaged and is made again; erase again when that is done"
            );
            ids.extend(page.ids);
            match page.next {
                Some(next) => search.after = Some(next.parse()?),
                None => return Ok(ids),
            }
        }
    }
}

async fn erase_one(store: &Store, id: i64, now: Timestamp) -> anyhow::Result<Erased> {
    let erased = erase_mentions(store, &[id], now).await?;
    anyhow::ensure!(
        erased.mentions == 1,
        "there is no mention {id}; it may be gone already"
    );
    Ok(erased)
}

async fn erase_mentions(store: &Store, ids: &[i64], now: Timestamp) -> anyhow::Result<Erased> {
    let mut erased = Erased::default();
    for batch in ids.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for id in batch {
            if let Some(key) = tx.key_of(*id).await? {
                erase_key(&mut tx, &key, now, &mut erased).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(erased)
}

async fn erase_items(
    store: &Store,
    keys: &Keys,
    items: &[NativeId],
    now: Timestamp,
) -> anyhow::Result<Erased> {
    let mut erased = Erased::default();
    for batch in items.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for NativeId { platform, id } in batch {
            let key = keys.mention_key(platform, id);
            erase_key(&mut tx, &key, now, &mut erased).await?;
        }
        tx.commit().await?;
    }
    Ok(erased)
}

async fn erase_key(
    tx: &mut Tx,
    key: &MentionKey,
    now: Timestamp,
    erased: &mut Erased,
) -> anyhow::Result<()> {
    let removed = tx.erase(key, now).await?;
    erased.mentions += removed.len() as u64;
    erased.tombstones += 1;
    Ok(())
}

/// One transaction: what a person has said is gone whole or not at all.
async fn erase_account(
    store: &Store,
    keys: &Keys,
    account: &NativeId,
    now: Timestamp,
) -> anyhow::Result<Erased> {
    let pseudonyms = keys.lifetime(&account.platform, &account.id, now);
    let mut tx = store.begin().await?;
    let removed = tx.author_erased(&pseudonyms, now).await?;
    tx.commit().await?;
    Ok(Erased {
        mentions: removed.len() as u64,
        tombstones: pseudonyms.len() as u64,
    })
}

//! One batch into the store: what belongs together in one transaction, as often as it takes.

use super::{Done, Hit, MentionKey, Pipeline, Prepared, Step};
use crate::collect::source::Gap;
use crate::model::Cursor;
use crate::store::{Put, Removed, StoreError, Tx};
use std::collections::HashMap;
use std::time::Duration;

/// Longest wait between two attempts to write to a store that refuses.
const MAX_RETRY: Duration = Duration::from_secs(30);

impl Pipeline {
    /// Writes one batch, again and again until the store takes it: a full disk loses nothing.
    /// Returns what is not in the store after it.
    pub(super) async fn write(
        &self,
        prepared: &[Prepared],
        cursors: &HashMap<String, Cursor>,
    ) -> Vec<MentionKey> {
        let mut wait = Duration::from_millis(200);
        loop {
            match self.write_once(prepared, cursors).await {
                Ok(done) => {
                    self.count(prepared, &done);
                    return done.absent;
                }
                Err(error) => {
                    tracing::error!(%error, "The store refused a batch; it is kept and tried again.");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(MAX_RETRY);
                }
            }
        }
    }

    async fn write_once(
        &self,
        prepared: &[Prepared],
        cursors: &HashMap<String, Cursor>,
    ) -> Result<Done, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut done = Done::default();
        let mut new: Vec<(i64, &Hit)> = Vec::new();
        for (i, step) in prepared.iter().enumerate() {
            if let Step::Put(hit, aliases) = &step.step {
                match self.put(&mut tx, hit, aliases).await? {
                    Put::New { id } => {
                        new.push((id, hit.as_ref()));
                        done.new.push(i);
                    }
                    Put::TooOld => {
                        done.too_old.push(i);
                        done.absent.push(hit.mention.key);
                    }
                    Put::Tombstoned => done.absent.push(hit.mention.key),
                    Put::Updated { .. } | Put::Known { .. } => {}
                }
                continue;
            }
            // What follows a mention in the same batch may take it back: the desk sees it first,
            // as it would have in a batch of its own.
            self.desk_apply(&mut tx, &mut new, &mut done).await?;
            let removed = self.take_back(&mut tx, step).await?;
            done.removed.push((i, removed.len() as u64));
            done.absent.extend(removed.into_iter().map(|row| row.key));
        }
        self.desk_apply(&mut tx, &mut new, &mut done).await?;
        let now = self.clock.now();
        for (source, cursor) in cursors {
            tx.set_cursor(source, cursor, now).await?;
        }
        done.seq = tx.commit().await?;
        Ok(done)
    }

    async fn put(&self, tx: &mut Tx, hit: &Hit, aliases: &[MentionKey]) -> Result<Put, StoreError> {
        if tx.is_any_gone(aliases).await? {
            tx.join_stories(hit).await?;
            return Ok(Put::Tombstoned);
        }
        let put = match self.door.refuses(&hit.mention) {
            true => tx.put_old(hit).await?,
            false => tx.put(hit).await?,
        };
        if let Put::New { id } | Put::Updated { id } | Put::Known { id } = put {
            tx.add_aliases(id, aliases).await?;
        }
        if let Put::New { .. } | Put::Updated { .. } = put
            && let Some(weight) = hit.placement.as_ref().and_then(|p| p.weighed.as_ref())
        {
            tx.weigh_story(weight, hit.mention.collected).await?;
        }
        Ok(put)
    }

    async fn desk_apply(
        &self,
        tx: &mut Tx,
        new: &mut Vec<(i64, &Hit)>,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        if !new.is_empty() {
            let opened = self.desk.apply(tx, new).await?;
            done.cases
                .extend(opened.iter().map(|case| case.rule.as_str()));
            new.clear();
        }
        Ok(())
    }

    async fn take_back(
        &self,
        tx: &mut Tx,
        prepared: &Prepared,
    ) -> Result<Vec<Removed>, StoreError> {
        Ok(match &prepared.step {
            Step::Put(..) => vec![],
            Step::Retract(mention) => tx.retract(mention).await?.into_iter().collect(),
            Step::Delete(key, at) => tx.delete(key, *at).await?,
            Step::AuthorGone(pseudonyms, at) => tx.author_gone(pseudonyms, *at).await?,
            Step::AuthorBack(pseudonyms) => {
                tx.author_back(pseudonyms).await?;
                vec![]
            }
            Step::Gap(gap) => {
                let Gap { from, to, reason } = gap;
                tx.add_gap(&prepared.source, *from, *to, reason.as_str())
                    .await?;
                vec![]
            }
        })
    }
}

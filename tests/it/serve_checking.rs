//! The register of claims, and what is worth checking, over the store of the pages' tests.

use crate::serve_house::{Memory, now};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use resonanz::model::{ClaimId, StatementId};
use resonanz::serve::{Checking, ClaimFile, ClaimRef, SearchError, StatementFile, StoryFile};
use resonanz::store::{Address, Claim, ClaimText, Looked, Statement, StatementText, StoredMatch};

impl Checking for Memory {
    fn rumours(&self, limit: usize) -> BoxFuture<'_, Result<Vec<StoryFile>, SearchError>> {
        async move {
            let mut files = Vec::new();
            for story in self.store.flagged_stories(limit as i64).await.unwrap() {
                files.extend(self.rumour(story.weight.story).await?);
            }
            Ok(files)
        }
        .boxed()
    }

    fn rumour(&self, story: i64) -> BoxFuture<'_, Result<Option<StoryFile>, SearchError>> {
        async move {
            let weighed = self.store.weighed_story(story).await.unwrap();
            let mentions = self.store.first_of_story(story, 3).await.unwrap();
            Ok(weighed.map(|story| StoryFile {
                story,
                mentions,
                claims: Vec::new(),
            }))
        }
        .boxed()
    }

    fn judge_rumour(
        &self,
        story: i64,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        async move {
            let mut tx = self.store.begin().await.unwrap();
            let done = tx.judge_story(story, judged).await.unwrap();
            tx.commit().await.unwrap();
            Ok(done)
        }
        .boxed()
    }

    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, SearchError>> {
        async { Ok(self.store.claims().await.unwrap()) }.boxed()
    }

    fn claim(&self, id: i64) -> BoxFuture<'_, Result<Option<ClaimFile>, SearchError>> {
        async move {
            let claim = self.store.claim(id).await.unwrap();
            let ids = self.store.repeats_of(id, 10).await.unwrap();
            let mentions = self.store.mentions(&ids).await.unwrap();
            Ok(claim.map(|claim| ClaimFile { claim, mentions }))
        }
        .boxed()
    }

    fn add_claim(&self, text: ClaimText) -> BoxFuture<'_, Result<i64, SearchError>> {
        async move { Ok(self.store.add_claim(&text, now()).await.unwrap()) }.boxed()
    }

    fn change_claim(
        &self,
        id: i64,
        text: ClaimText,
        retired: bool,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        async move {
            let changed = self.store.change_claim(id, (&text, retired), now()).await;
            Ok(changed.unwrap())
        }
        .boxed()
    }

    fn claims_of(&self, mention: i64) -> BoxFuture<'_, Result<Vec<StoredMatch>, SearchError>> {
        async move { Ok(self.store.claims_of(mention).await.unwrap()) }.boxed()
    }

    fn judge_claim(
        &self,
        mention: i64,
        claim: ClaimRef,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        async move {
            let claim = match claim {
                ClaimRef::Office(id) => ClaimId::Office(id),
                ClaimRef::Check(id) => match self.store.mention(id).await.unwrap() {
                    Some(check) => ClaimId::Check(check.key),
                    None => return Ok(false),
                },
            };
            let judged = self.store.judge_claim(mention, claim, judged, now()).await;
            Ok(judged.unwrap())
        }
        .boxed()
    }

    fn looked(&self, mention: i64) -> BoxFuture<'_, Result<Option<Looked>, SearchError>> {
        async move { Ok(self.store.looked(mention).await.unwrap()) }.boxed()
    }

    fn places(
        &self,
        statements: Vec<StatementId>,
    ) -> BoxFuture<'_, Result<Vec<Address>, SearchError>> {
        async move { Ok(self.store.addresses(&statements).await.unwrap()) }.boxed()
    }

    fn statements(&self) -> BoxFuture<'_, Result<Vec<Statement>, SearchError>> {
        async { Ok(self.store.statements().await.unwrap()) }.boxed()
    }

    fn statement(&self, id: i64) -> BoxFuture<'_, Result<Option<StatementFile>, SearchError>> {
        async move {
            let statement = self.store.statement(id).await.unwrap();
            let ids = self.store.reports_of(id, 10).await.unwrap();
            let mentions = self.store.mentions(&ids).await.unwrap();
            Ok(statement.map(|statement| StatementFile {
                statement,
                mentions,
            }))
        }
        .boxed()
    }

    fn add_statement(&self, text: StatementText) -> BoxFuture<'_, Result<i64, SearchError>> {
        async move { Ok(self.store.add_statement(&text, now()).await.unwrap()) }.boxed()
    }

    fn change_statement(
        &self,
        id: i64,
        text: Option<StatementText>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        async move {
            Ok(match text {
                Some(text) => self.store.change_statement(id, &text, now()).await.unwrap(),
                None => self.store.remove_statement(id).await.unwrap(),
            })
        }
        .boxed()
    }
}

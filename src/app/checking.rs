//! What is worth checking, and the register of claims, for pages and programs.

use super::archive::{Archive, internal};
use crate::model::{ClaimId, StatementId};
use crate::serve::{
    Checking, ClaimFile, ClaimRef, MAX_STORY_MENTIONS, SearchError, StatementFile, StoryFile,
};
use crate::store::{
    Address, Claim, ClaimText, Looked, Statement, StatementText, StoreError, StoredMatch,
    WeighedStory,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

const TIME_ZONE: &str = "Europe/Berlin";
/// Mentions of one entry or statement that its page shows.
const MAX_REPEATS: i64 = 100;

impl Archive {
    async fn story_file(&self, story: WeighedStory) -> Result<StoryFile, StoreError> {
        let limit = i64::try_from(MAX_STORY_MENTIONS).unwrap_or(i64::MAX);
        let mentions = self.store.first_of_story(story.weight.story, limit).await?;
        let claims = self.store.claims_of_all(&mentions).await?;
        Ok(StoryFile {
            story,
            mentions,
            claims,
        })
    }

    async fn all_rumours(&self, limit: usize) -> Result<Vec<StoryFile>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut files = Vec::new();
        for story in self.store.flagged_stories(limit).await? {
            files.push(self.story_file(story).await?);
        }
        // Day by day, and of a day the highest score first.
        files.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        Ok(files)
    }

    async fn one_rumour(&self, story: i64) -> Result<Option<StoryFile>, StoreError> {
        let story = self.store.story(story).await?;
        match self.store.weighed_story(story).await? {
            Some(story) => Ok(Some(self.story_file(story).await?)),
            None => Ok(None),
        }
    }

    async fn set_rumour(&self, story: i64, judged: Option<bool>) -> Result<bool, StoreError> {
        let story = self.store.story(story).await?;
        let mut tx = self.store.begin().await?;
        let done = tx.judge_story(story, judged).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn one_claim(&self, id: i64) -> Result<Option<ClaimFile>, StoreError> {
        let Some(claim) = self.store.claim(id).await? else {
            return Ok(None);
        };
        let ids = self.store.repeats_of(id, MAX_REPEATS).await?;
        let mentions = self.store.mentions(&ids).await?;
        Ok(Some(ClaimFile { claim, mentions }))
    }

    async fn one_statement(&self, id: i64) -> Result<Option<StatementFile>, StoreError> {
        let Some(statement) = self.store.statement(id).await? else {
            return Ok(None);
        };
        let ids = self.store.reports_of(id, MAX_REPEATS).await?;
        let mentions = self.store.mentions(&ids).await?;
        Ok(Some(StatementFile {
            statement,
            mentions,
        }))
    }

    async fn set_claim(
        &self,
        mention: i64,
        claim: ClaimRef,
        judged: Option<bool>,
    ) -> Result<bool, StoreError> {
        let claim = match claim {
            ClaimRef::Office(id) => ClaimId::Office(id),
            ClaimRef::Check(id) => match self.store.mention(id).await? {
                Some(check) => ClaimId::Check(check.key),
                None => return Ok(false),
            },
        };
        let now = self.clock.now();
        self.store.judge_claim(mention, claim, judged, now).await
    }
}

/// The day of the flag, and the score.
fn rank(file: &StoryFile) -> (Option<Date>, f32) {
    let flagged = file.story.flagged.as_ref();
    let berlin = |at: Timestamp| at.in_tz(TIME_ZONE).map(|at| at.date()).ok();
    let day = flagged.and_then(|(at, _)| berlin(*at));
    (day, file.story.weight.score)
}

impl Checking for Archive {
    fn rumours(&self, limit: usize) -> BoxFuture<'_, Result<Vec<StoryFile>, SearchError>> {
        Box::pin(async move { self.all_rumours(limit).await.map_err(internal) })
    }

    fn rumour(&self, story: i64) -> BoxFuture<'_, Result<Option<StoryFile>, SearchError>> {
        Box::pin(async move { self.one_rumour(story).await.map_err(internal) })
    }

    fn judge_rumour(
        &self,
        story: i64,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        Box::pin(async move { self.set_rumour(story, judged).await.map_err(internal) })
    }

    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, SearchError>> {
        Box::pin(async move { self.store.claims().await.map_err(internal) })
    }

    fn claim(&self, id: i64) -> BoxFuture<'_, Result<Option<ClaimFile>, SearchError>> {
        Box::pin(async move { self.one_claim(id).await.map_err(internal) })
    }

    fn add_claim(&self, text: ClaimText) -> BoxFuture<'_, Result<i64, SearchError>> {
        Box::pin(async move {
            let added = self.store.add_claim(&text, self.clock.now()).await;
            added.map_err(internal)
        })
    }

    fn change_claim(
        &self,
        id: i64,
        text: ClaimText,
        retired: bool,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let changed = self.store.change_claim(id, (&text, retired), now).await;
            changed.map_err(internal)
        })
    }

    fn claims_of(&self, mention: i64) -> BoxFuture<'_, Result<Vec<StoredMatch>, SearchError>> {
        Box::pin(async move { self.store.claims_of(mention).await.map_err(internal) })
    }

    fn judge_claim(
        &self,
        mention: i64,
        claim: ClaimRef,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        Box::pin(async move {
            let judged = self.set_claim(mention, claim, judged).await;
            judged.map_err(internal)
        })
    }

    fn looked(&self, mention: i64) -> BoxFuture<'_, Result<Option<Looked>, SearchError>> {
        Box::pin(async move { self.store.looked(mention).await.map_err(internal) })
    }

    fn places(
        &self,
        statements: Vec<StatementId>,
    ) -> BoxFuture<'_, Result<Vec<Address>, SearchError>> {
        Box::pin(async move { self.store.addresses(&statements).await.map_err(internal) })
    }

    fn statements(&self) -> BoxFuture<'_, Result<Vec<Statement>, SearchError>> {
        Box::pin(async move { self.store.statements().await.map_err(internal) })
    }

    fn statement(&self, id: i64) -> BoxFuture<'_, Result<Option<StatementFile>, SearchError>> {
        Box::pin(async move { self.one_statement(id).await.map_err(internal) })
    }

    fn add_statement(&self, text: StatementText) -> BoxFuture<'_, Result<i64, SearchError>> {
        Box::pin(async move {
            let added = self.store.add_statement(&text, self.clock.now()).await;
            added.map_err(internal)
        })
    }

    fn change_statement(
        &self,
        id: i64,
        text: Option<StatementText>,
    ) -> BoxFuture<'_, Result<bool, SearchError>> {
        Box::pin(async move {
            let changed = match text {
                Some(text) => {
                    let now = self.clock.now();
                    self.store.change_statement(id, &text, now).await
                }
                None => self.store.remove_statement(id).await,
            };
            self.index.wake();
            changed.map_err(internal)
        })
    }
}

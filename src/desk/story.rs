//! The rules that look at stories: one is worth checking, or a report differs from what the ministry
//! has published. A case for each story, once; what comes after joins it in silence.

use super::rules::{Desk, EXAMPLES, Facts, JOIN, OpenedCase, Rule, StoryFacts};
use crate::model::{Hit, StoryWeight};
use crate::store::{Counted, StoreError, Tx};

impl Desk {
    /// Opens a case for the story that a mention made worth checking.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn apply_story(
        &self,
        tx: &mut Tx,
        id: i64,
        hit: &Hit,
    ) -> Result<Option<OpenedCase>, StoreError> {
        let weighed = hit
            .placement
            .as_ref()
            .and_then(|placed| placed.weighed.as_ref());
        let Some(weight) = weighed.filter(|weight| weight.is_over()) else {
            return Ok(None);
        };
        let (at, story) = (hit.mention.collected, weight.story);
        if !tx.flag_story(weight, at).await? {
            self.join(tx, (Rule::Rumour, story), id, hit).await?;
            return Ok(None);
        }
        let beside = weight.beside.map(|beside| (Rule::Rumour, beside));
        if let Some(beside) = beside
            && self.join(tx, beside, id, hit).await?
        {
            return Ok(None);
        }
        let Some(matched) = hit.matches.first() else {
            return Ok(None);
        };
        let limit = i64::try_from(JOIN).unwrap_or(i64::MAX);
        let mentions = tx.counted_of_story(story, id, limit).await?;
        let (facts, about) = (facts(weight), (matched.watch.as_str(), Some(story)));
        self.open(tx, Rule::Rumour, about, &mentions, &facts, at)
            .await
            .map(Some)
    }

    /// Opens a case for a report that differs from what we have published; its copies join.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn apply_differences(
        &self,
        tx: &mut Tx,
        id: i64,
        hit: &Hit,
    ) -> Result<Option<OpenedCase>, StoreError> {
        let (Some(placement), Some(matched)) = (&hit.placement, hit.matches.first()) else {
            return Ok(None);
        };
        let rule = Rule::Misreporting;
        if hit.differs.is_empty() || self.join(tx, (rule, placement.story), id, hit).await? {
            return Ok(None);
        }
        let at = hit.mention.collected;
        let report = Counted {
            mention_id: id,
            collected: at,
            flag: None,
            speaker: String::new(),
        };
        let facts = Facts {
            mentions: 1,
            authors: 1,
            from: at,
            to: at,
            min_authors: 1,
            window_minutes: 1,
            model: hit.labels.model.clone(),
            story: None,
            differences: hit.differs.len(),
            ..Facts::default()
        };
        let story = Some(placement.story);
        self.open(tx, rule, (&matched.watch, story), &[report], &facts, at)
            .await
            .map(Some)
    }

    /// Whether an editor has been told of the story that a mention belongs to or answers: then its
    /// doubt is no news.
    pub(super) async fn is_told(&self, tx: &mut Tx, hit: &Hit) -> Result<bool, StoreError> {
        let Some(placement) = &hit.placement else {
            return Ok(false);
        };
        let about = placement.about;
        let case = tx.case_of_story(Rule::Rumour.as_str(), about).await?;
        Ok(case.is_some())
    }

    /// Puts a mention into the case that its story has; false where there is none.
    async fn join(
        &self,
        tx: &mut Tx,
        (rule, story): (Rule, i64),
        id: i64,
        hit: &Hit,
    ) -> Result<bool, StoreError> {
        let Some((case, mentions)) = tx.case_of_story(rule.as_str(), story).await? else {
            return Ok(false);
        };
        if usize::try_from(mentions).is_ok_and(|mentions| mentions < JOIN + EXAMPLES) {
            tx.add_to_case(case, id, hit.mention.collected).await?;
        }
        Ok(true)
    }
}

fn facts(weight: &StoryWeight) -> Facts {
    let figures = &weight.figures;
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let percent = |share: f32| (share * 100.0).round() as u32;
    Facts {
        mentions: count(figures.mentions),
        authors: count(figures.speakers),
        enquiries: count(figures.asking),
        corrections: count(figures.denying),
        from: figures.first,
        to: figures.latest,
        min_authors: 1,
        window_minutes: 1,
        model: weight.model.clone(),
        story: Some(StoryFacts {
            story: weight.story,
            independent: figures.independent,
            platforms: figures.platforms,
            hearsay: figures.hearsay,
            doubled_minutes: figures.doubled_minutes,
            reach: figures.reach,
            score: percent(weight.score),
            flagged_from: percent(weight.threshold),
        }),
        differences: 0,
    }
}

//! Tries a watch on the archive: its examples, its hits by day, some of them, the words that bring
//! them, and what changed.

use super::Tester;
use super::archive::{Archive, bad_query, found, internal, search_error};
use crate::config::Watch;
use crate::index::{Survey, Surveyed};
use crate::model::Part;
use crate::query::{Expr, Query, tree};
use crate::serve::{
    DIFFERENCE_SAMPLE, Difference, Example, Found, PREVIEW_SAMPLE, Preview, PreviewRequest,
    SearchError, Side, Term,
};
use crate::text::fold_keyword;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Hits whose words are counted.
const TERMS_SAMPLE: usize = 1_000;
/// Words that are told.
const MAX_TERMS: usize = 20;

impl Archive {
    /// Tries a query. `None` where the watch does not exist.
    pub(super) async fn try_watch(
        &self,
        request: PreviewRequest,
    ) -> Result<Option<Preview>, SearchError> {
        let register = self.register();
        let watch = match &request.watch {
            Some(name) => match register.watch(name) {
                Some(watch) => Some(watch),
                None => return Ok(None),
            },
            None => None,
        };
        let query = match (&request.query, watch) {
            (Some(written), _) => Query::parse(written).map_err(bad_query)?,
            (None, Some(watch)) => watch.query.clone(),
            (None, None) => return Ok(None),
        };
        let period = Period::new(request.days, self.clock.now()).ok_or(SearchError::Internal)?;
        let seed = request.seed;
        let surveyed = self
            .survey(query.expr().clone(), &period, TERMS_SAMPLE, seed)
            .await?;
        let mut sample = self.read(&query, &surveyed.sample).await?;
        let terms = terms(&sample);
        let terms_of = sample.len();
        sample.truncate(PREVIEW_SAMPLE);
        let difference = match watch {
            Some(watch) => self.difference(watch, &query, &period, seed).await?,
            None => None,
        };
        Ok(Some(Preview {
            query: query.written().to_owned(),
            tree: tree(query.expr()),
            examples: watch.map_or_else(Vec::new, |watch| self.examples(watch, &query)),
            total: surveyed.counts.iter().sum(),
            days: period.days.into_iter().zip(surveyed.counts).collect(),
            sample,
            terms,
            terms_of,
            difference,
            whole: surveyed.whole,
        }))
    }

    fn examples(&self, watch: &Watch, query: &Query) -> Vec<Example> {
        let tried = Watch {
            query: query.clone(),
            ..watch.clone()
        };
        Tester::of(&tried, Arc::clone(&self.voices)).examples(&tried)
    }

    /// Against the query that the house used last, or the one before where this is it.
    async fn difference(
        &self,
        watch: &Watch,
        query: &Query,
        period: &Period,
        seed: u64,
    ) -> Result<Option<Difference>, SearchError> {
        let before = self.store.version_before(&watch.name, query.written());
        let Some(version) = before.await.map_err(internal)? else {
            return Ok(None);
        };
        // A query of an older language that cannot be read any more cannot be compared.
        let Ok(before) = Query::parse(&version.query) else {
            return Ok(None);
        };
        Ok(Some(Difference {
            gained: self.side(query, &before, period, seed).await?,
            lost: self.side(&before, query, period, seed).await?,
            query: version.query,
            since: version.since,
        }))
    }

    /// What one query finds and the other does not.
    async fn side(
        &self,
        one: &Query,
        other: &Query,
        period: &Period,
        seed: u64,
    ) -> Result<Side, SearchError> {
        let expr = Expr::And {
            all: vec![one.expr().clone()],
            none: vec![other.expr().clone()],
        };
        let surveyed = self.survey(expr, period, DIFFERENCE_SAMPLE, seed).await?;
        Ok(Side {
            total: surveyed.counts.iter().sum(),
            sample: self.read(one, &surveyed.sample).await?,
        })
    }

    async fn survey(
        &self,
        query: Expr,
        period: &Period,
        sample: usize,
        seed: u64,
    ) -> Result<Surveyed, SearchError> {
        let survey = Survey {
            query,
            bounds: period.bounds.clone(),
            sample,
            seed,
        };
        self.index.survey(survey).await.map_err(search_error)
    }

    async fn read(&self, query: &Query, ids: &[i64]) -> Result<Vec<Found>, SearchError> {
        let mentions = self.store.mentions(ids).await.map_err(internal)?;
        let found = |mention| found(Some(query.expr()), mention);
        Ok(mentions.into_iter().map(found).collect())
    }
}

/// Whole days in Berlin up to today, which ends now.
struct Period {
    days: Vec<Date>,
    bounds: Vec<Timestamp>,
}

impl Period {
    /// `None` where the days leave the calendar.
    fn new(days: u16, now: Timestamp) -> Option<Self> {
        let berlin = jiff::tz::TimeZone::get("Europe/Berlin").ok()?;
        let today = now.to_zoned(berlin.clone()).date();
        let back = i64::from(days.max(1)) - 1;
        let days: Vec<Date> = (0..=back)
            .rev()
            .map(|ago| today.checked_sub(ago.days()).ok())
            .collect::<Option<_>>()?;
        let start = |day: &Date| Some(day.to_zoned(berlin.clone()).ok()?.timestamp());
        let mut bounds: Vec<Timestamp> = days.iter().map(start).collect::<Option<_>>()?;
        bounds.push(now);
        Some(Self { days, bounds })
    }
}

/// Counts the words that were found, each once a mention.
fn terms(found: &[Found]) -> Vec<Term> {
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for found in found {
        let words: BTreeSet<String> = found
            .highlights
            .iter()
            .filter_map(|span| {
                let text = match span.part {
                    Part::Title => &found.mention.title,
                    Part::Text => &found.mention.text,
                };
                let word = text.get(span.start as usize..span.end as usize)?;
                Some(fold_keyword(word))
            })
            .collect();
        let alone = u64::from(words.len() == 1);
        for word in words {
            let count = counts.entry(word).or_default();
            *count = (count.0 + 1, count.1 + alone);
        }
    }
    let term = |(term, (hits, alone))| Term { term, hits, alone };
    let mut terms: Vec<Term> = counts.into_iter().map(term).collect();
    terms.sort_by(|a, b| b.hits.cmp(&a.hits).then_with(|| a.term.cmp(&b.term)));
    terms.truncate(MAX_TERMS);
    terms
}

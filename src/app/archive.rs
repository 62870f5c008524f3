//! What pages, API and the command line ask, answered by index and store together: the index finds
//! numbers, the store has the mentions, the matcher knows where the words stand.

use super::{disk, retention};
use crate::clock::Clock;
use crate::collect::hearing::Verdict;
use crate::config::Register;
use crate::index::{self, Filter, Index, IndexError};
use crate::matching;
use crate::metrics::Metrics;
use crate::model::{Kind, Span, Stance};
use crate::privacy::{Keys as HouseKeys, Voices};
use crate::query::{Doc, Expr, Keys, Query, QueryError, RawKeys, fault};
use crate::serve::{
    self, CaseFile, Check, Coded, Found, Gap, Health, MAX_CASE_MENTIONS, MAX_GAPS, Preview,
    PreviewRequest, Request, Results, SearchError, SourceGap, SourceState,
};
use crate::store::{
    Case, Coding, Judged, SavedChange, SavedSearch, Saving, Store, StoreError, StoredMention,
};
use crate::text::analyse;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::watch;

/// How far the index may lie behind before the house calls itself not ready.
const MAX_BEHIND: i64 = 50_000;
/// Gaps that are told of each source.
const GAPS: i64 = 5;

/// The archive, to be asked.
pub struct Archive {
    pub store: Store,
    pub index: Arc<Index>,
    pub metrics: Metrics,
    pub clock: Clock,
    /// The watches of now; a reload sends others.
    pub register: watch::Receiver<Arc<Register>>,
    pub voices: Arc<Voices>,
    /// Names of the sources that run.
    pub sources: Vec<String>,
    /// Opens the words of messages, for the page of their case; `None` where no case is read.
    pub keys: Option<HouseKeys>,
    /// Whether old mentions are taken out, so that somebody has to know when they are not.
    pub retention: bool,
}

impl Archive {
    pub(super) fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register.borrow())
    }

    /// The target of a watch.
    fn target(&self, watch: &str) -> Option<String> {
        let register = self.register.borrow();
        register.watch(watch).map(|watch| watch.target.clone())
    }

    async fn find(&self, request: Request) -> Result<Results, SearchError> {
        let query = parse(&request.query)?;
        let words = words(query.as_ref(), request.filter.as_ref());
        let published = (request.since, request.until);
        let filter = self.with_cases(request.case, request.filter, published);
        let filter = filter.await?;
        let after = request.after.as_deref().map(str::parse).transpose();
        let story = match request.story {
            Some(story) => Some(self.store.story(story).await.map_err(internal)?),
            None => None,
        };
        let search = index::Search {
            query: query.as_ref().map(|query| query.expr().clone()),
            // A stance filter beside a watch means the stance toward that watch's target.
            target: request.target.or_else(|| {
                let watch = request.watch.as_ref().filter(|_| request.stance.is_some());
                watch.and_then(|watch| self.target(watch))
            }),
            watch: request.watch,
            source: request.source,
            kind: request.kind,
            lang: request.lang,
            stance: request.stance,
            flag: request.flag,
            site: request.site,
            story,
            since: request.since,
            until: request.until,
            order: order(request.order),
            one_of_each_story: request.one_of_each_story,
            limit: request.limit,
            after: after.map_err(|_| SearchError::BadMark)?,
            filter,
            aggregations: request.aggregations,
        };
        let page = self.index.search(search).await.map_err(search_error)?;
        let mentions = self.store.mentions(&page.ids).await.map_err(internal)?;
        let in_story: HashMap<i64, u64> = page.ids.into_iter().zip(page.in_story).collect();
        let items = mentions.into_iter().map(|mention| {
            let in_story = in_story.get(&mention.id).copied();
            Found {
                in_story: in_story.unwrap_or(1),
                ..found(words.as_ref(), mention)
            }
        });
        Ok(Results {
            total: page.total,
            items: items.collect(),
            next: page.next,
            whole: page.whole,
            aggregated: page.aggregated,
        })
    }

    async fn set_judgement(
        &self,
        id: i64,
        target: &str,
        stance: Option<Stance>,
        way: &str,
    ) -> Result<Judged, StoreError> {
        let mut tx = self.store.begin().await?;
        let judged = match stance {
            Some(stance) => tx.judge(id, target, stance, way, self.clock.now()).await?,
            None => tx.unjudge(id, target).await?,
        };
        tx.commit().await?;
        self.index.wake();
        Ok(judged)
    }

    async fn set_coding(&self, coded: &Coded) -> Result<Judged, StoreError> {
        let mut tx = self.store.begin().await?;
        let what = (coded.id, coded.target.as_str());
        let now = self.clock.now();
        let judged = tx.code(&coded.week, what, coded.coder, coded.stance, now);
        let judged = judged.await?;
        tx.commit().await?;
        Ok(judged)
    }

    async fn case_file(&self, id: i64) -> Result<Option<CaseFile>, StoreError> {
        let Some(case) = self.store.case(id).await? else {
            return Ok(None);
        };
        let mut ids = self.store.case_mentions(id).await?;
        ids.reverse();
        ids.truncate(MAX_CASE_MENTIONS);
        let mut mentions = self.store.mentions(&ids).await?;
        self.open_messages(id, &mut mentions).await?;
        Ok(Some(CaseFile { case, mentions }))
    }

    /// Puts in the words of messages, which lie sealed. That they are opened is noted first.
    async fn open_messages(
        &self,
        case: i64,
        mentions: &mut [StoredMention],
    ) -> Result<(), StoreError> {
        let messages = mentions
            .iter_mut()
            .filter(|mention| mention.kind == Kind::Message);
        let messages: Vec<&mut StoredMention> = messages.collect();
        let Some(keys) = self.keys.as_ref().filter(|_| !messages.is_empty()) else {
            return Ok(());
        };
        let detail = format!("case {case}: the words of {} messages", messages.len());
        self.store.audit(self.clock.now(), "open", &detail).await?;
        for message in messages {
            let sealed = message.sealed.as_ref();
            let opened = sealed.and_then(|sealed| keys.open(&message.key, sealed).ok());
            message.text = opened
                .and_then(|identity| identity.text)
                .unwrap_or_default();
        }
        Ok(())
    }

    async fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        let gaps = self.store.latest_gaps(GAPS).await?;
        let mut states = Vec::new();
        for name in &self.sources {
            let up = self.metrics.source_up.with_label_values(&[name]).get() == 1;
            let hearing = Verdict::ALL.into_iter().find(|verdict| {
                let labels = [name.as_str(), verdict.as_str()];
                self.metrics.source_hearing.with_label_values(&labels).get() == 1
            });
            let own = gaps.iter().filter(|(source, _, _)| source == name);
            states.push(SourceState {
                name: name.clone(),
                up: Some(up),
                last_event: self.last_event(name, hearing),
                hearing,
                gaps: own.map(|&(_, from, to)| Gap { from, to }).collect(),
            });
        }
        Ok(states)
    }

    /// When a source was heard last; of a suspected one the last change, for signs of life are not
    /// what is missed.
    fn last_event(&self, source: &str, hearing: Option<Verdict>) -> Option<Timestamp> {
        let last = &self.metrics.source_last_event;
        let at = |outcome| last.with_label_values(&[source, outcome]).get();
        let last = match hearing {
            Some(Verdict::Silent | Verdict::Blind) => at("change"),
            _ => at("change").max(at("nothing")),
        };
        let time = Timestamp::from_second(last as i64).ok();
        time.filter(|_| last > 0.0)
    }

    /// What is in the store, and behind it the times that are not over.
    async fn all_gaps(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<SourceGap>, StoreError> {
        let now = self.clock.now();
        let mut gaps = Vec::new();
        for state in self.source_states().await? {
            let alarming = matches!(state.hearing, Some(Verdict::Silent | Verdict::Blind));
            let from = state.last_event.unwrap_or(now);
            let asked =
                since.is_none_or(|since| now > since) && until.is_none_or(|until| from < until);
            if asked && (alarming || state.up == Some(false)) {
                gaps.push(SourceGap {
                    source: state.name,
                    from,
                    to: None,
                });
            }
        }
        let limit = i64::try_from(MAX_GAPS).unwrap_or(i64::MAX);
        let known = self.store.gaps_between(since, until, limit).await?;
        gaps.extend(known.into_iter().map(|gap| SourceGap {
            source: gap.source,
            from: gap.from,
            to: Some(gap.to),
        }));
        gaps.truncate(MAX_GAPS);
        Ok(gaps)
    }

    async fn check_all(&self) -> Vec<Check> {
        let newest = self.store.newest_seq().await;
        let watches = self.register.borrow().watches.len();
        let behind = newest.as_ref().map_or(0, |seq| seq - self.index.reached());
        let mut checks = vec![
            Check {
                name: "store",
                ok: newest.is_ok(),
                warning: false,
                detail: match &newest {
                    Ok(seq) => format!("answers, at sequence number {seq}"),
                    Err(_) => "does not answer; see the log".to_owned(),
                },
            },
            Check {
                name: "index",
                ok: behind <= MAX_BEHIND,
                warning: false,
                detail: if self.index.is_whole() {
                    format!("{behind} changes behind the store")
                } else {
                    format!("being made again, {behind} changes behind the store")
                },
            },
            Check {
                name: "watches",
                ok: watches > 0,
                warning: false,
                detail: match watches {
                    0 => "the approval of every watch has run out: nothing is collected".to_owned(),
                    _ => format!("{watches} are listened for"),
                },
            },
        ];
        checks.push(disk::check(&self.store));
        if self.retention {
            checks.push(retention::check(&self.store, self.clock.now()).await);
        }
        checks
    }
}

fn parse(text: &str) -> Result<Option<Query>, SearchError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Query::parse_search(text).map(Some).map_err(bad_query)
}

pub(super) fn bad_query(error: QueryError) -> SearchError {
    SearchError::BadQuery {
        fault: error.fault,
        start: error.start,
        end: error.end,
    }
}

fn order(order: serve::Order) -> index::Order {
    match order {
        serve::Order::Newest => index::Order::Newest,
        serve::Order::Oldest => index::Order::Oldest,
        serve::Order::Relevance => index::Order::Relevance,
    }
}

pub(super) fn search_error(error: IndexError) -> SearchError {
    match error {
        IndexError::TimedOut => SearchError::TimedOut,
        IndexError::Aggregation(fault) => SearchError::BadAggregation(fault),
        IndexError::TooBroad { pattern } => SearchError::BadQuery {
            fault: Box::new(fault::too_broad(&pattern, index::near::MAX_EXPANSIONS)),
            start: 0,
            end: 0,
        },
        error => {
            tracing::error!(%error, "A search failed.");
            SearchError::Internal
        }
    }
}

pub(super) fn internal(error: StoreError) -> SearchError {
    tracing::error!(%error, "The store did not answer.");
    SearchError::Internal
}

/// Everything that was asked for in words, to show where it stands.
fn words(query: Option<&Query>, filter: Option<&Filter>) -> Option<Expr> {
    let filter = filter.map(Filter::queries).unwrap_or_default();
    let mut all: Vec<Expr> = query
        .map(Query::expr)
        .into_iter()
        .chain(filter)
        .cloned()
        .collect();
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Expr::Or(all)),
    }
}

/// A mention, and where the words asked for stand in it.
pub(super) fn found(words: Option<&Expr>, mention: StoredMention) -> Found {
    let highlights = words.map_or_else(Vec::new, |words| highlights(words, &mention));
    Found {
        mention,
        highlights,
        in_story: 1,
    }
}

/// Where the query's words stand in a stored mention.
fn highlights(words: &Expr, stored: &StoredMention) -> Vec<Span> {
    let keys = Keys::new(RawKeys {
        site: &stored.site,
        source: &stored.source,
        lang: &stored.lang,
        kind: stored.kind.as_str(),
        url: stored.url.as_deref().unwrap_or_default(),
        links: &stored.links,
        voice: RawKeys::voice_of(stored.author.as_ref()),
        published_ms: stored.published.as_millisecond(),
    });
    let (title, text) = (analyse(&stored.title), analyse(&stored.text));
    matching::highlights(
        words,
        Doc {
            title: &title,
            text: &text,
            keys: &keys,
        },
    )
}

impl serve::Archive for Archive {
    fn search(&self, request: Request) -> BoxFuture<'_, Result<Results, SearchError>> {
        Box::pin(self.find(request))
    }

    fn gaps(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> BoxFuture<'_, Result<Vec<SourceGap>, SearchError>> {
        Box::pin(async move { self.all_gaps(since, until).await.map_err(internal) })
    }

    fn mention(&self, id: i64) -> BoxFuture<'_, Result<Option<StoredMention>, SearchError>> {
        Box::pin(async move { self.store.mention(id).await.map_err(internal) })
    }

    fn judge(
        &self,
        id: i64,
        target: String,
        stance: Option<Stance>,
        way: &'static str,
    ) -> BoxFuture<'_, Result<Judged, SearchError>> {
        Box::pin(async move {
            let judged = self.set_judgement(id, &target, stance, way).await;
            judged.map_err(internal)
        })
    }

    fn sample(
        &self,
        published: Range<Timestamp>,
        count: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMention>, SearchError>> {
        Box::pin(async move {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let found = self.store.sample(published, count).await;
            found.map_err(internal)
        })
    }

    fn code(&self, coded: Coded) -> BoxFuture<'_, Result<Judged, SearchError>> {
        Box::pin(async move { self.set_coding(&coded).await.map_err(internal) })
    }

    fn codings(&self) -> BoxFuture<'_, Result<Vec<Coding>, SearchError>> {
        Box::pin(async move { self.store.codings().await.map_err(internal) })
    }

    fn preview(
        &self,
        request: PreviewRequest,
    ) -> BoxFuture<'_, Result<Option<Preview>, SearchError>> {
        Box::pin(self.try_watch(request))
    }

    fn open_cases(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Case>, SearchError>> {
        Box::pin(async move {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            self.store.cases(limit).await.map_err(internal)
        })
    }

    fn case(&self, id: i64) -> BoxFuture<'_, Result<Option<CaseFile>, SearchError>> {
        Box::pin(async move { self.case_file(id).await.map_err(internal) })
    }

    fn saved(&self) -> BoxFuture<'_, Result<Vec<SavedSearch>, SearchError>> {
        Box::pin(async move { self.store.saved_searches().await.map_err(internal) })
    }

    fn change_saved(&self, change: SavedChange) -> BoxFuture<'_, Result<Saving, SearchError>> {
        Box::pin(async move {
            let changed = self.store.change_saved(&change, self.clock.now()).await;
            changed.map_err(internal)
        })
    }

    fn sources(&self) -> BoxFuture<'_, Result<Vec<SourceState>, SearchError>> {
        Box::pin(async move { self.source_states().await.map_err(internal) })
    }

    fn takes_in(&self) -> bool {
        self.store.has_room()
    }
}

impl Health for Archive {
    fn checks(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.check_all())
    }
}

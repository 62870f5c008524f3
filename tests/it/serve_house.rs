//! A small house around the real router: an archive over the real store that searches by substring,
//! with faults to order, on a loopback listener.

use super::http::{Answer, ask};
pub use super::serve_draft::{CANARY, Draft, draft, now};
use futures_util::future::{BoxFuture, FutureExt};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::hearing::Verdict;
use resonanz::metrics::Metrics;
use resonanz::model::*;
use resonanz::query::fault;
use resonanz::serve::*;
use resonanz::store::{
    Case, CaseState, Coding, Judged, NewCase, Put, SavedChange, SavedSearch, Saving, Store,
    StoredMention,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const TOKEN: &str = "a-test-token-of-32-characters-ok";

/// The archive and the health of the house, over the real store.
pub struct Memory {
    pub store: Store,
    pub sources: Mutex<Vec<SourceState>>,
    /// What every search answers instead of results.
    pub broken: Mutex<Option<SearchError>>,
    /// Whether searches see all of the archive.
    pub whole: Mutex<bool>,
    pub checks: Mutex<Vec<Check>>,
    /// Searches wait here while there is no permit.
    pub gate: Semaphore,
    _dir: tempfile::TempDir,
}

impl Memory {
    pub async fn put(&self, drafts: Vec<Draft>) -> Vec<i64> {
        let mut tx = self.store.begin().await.unwrap();
        let mut ids = Vec::new();
        for Draft(hit) in drafts {
            match tx.put(&hit).await.unwrap() {
                Put::New { id } => ids.push(id),
                other => panic!("not new: {other:?}"),
            }
        }
        tx.commit().await.unwrap();
        ids
    }

    pub async fn open_case(&self, rule: &str, mentions: &[i64]) -> i64 {
        let facts = serde_json::json!({
            "mentions": mentions.len(), "authors": 3, "min_authors": 2, "window_minutes": 60,
            "from": now() - 1.hours(), "to": now(), "model": "lexicon-0", "strange": ["x"],
        });
        let case = NewCase {
            rule: rule.into(),
            watch: "minister".into(),
            opened: now(),
            facts,
            story: None,
        };
        let mut tx = self.store.begin().await.unwrap();
        let id = tx.open_case(&case).await.unwrap();
        for mention in mentions {
            tx.add_to_case(id, *mention, now()).await.unwrap();
        }
        tx.commit().await.unwrap();
        id
    }

    async fn all(&self) -> Vec<StoredMention> {
        let ids: Vec<i64> = (1..=self.store.newest_seq().await.unwrap()).collect();
        let mut all = self.store.mentions(&ids).await.unwrap();
        all.sort_by_key(|mention| (std::cmp::Reverse(mention.published), mention.id));
        all
    }

    async fn find(&self, request: Request) -> Result<Results, SearchError> {
        let _pass = self.gate.acquire().await.unwrap();
        if let Some(error) = self.broken.lock().unwrap().clone() {
            return Err(error);
        }
        if let Some(start) = request.query.find(')') {
            return Err(SearchError::BadQuery {
                fault: Box::new(fault::STRAY_BRACKET),
                start,
                end: start + 1,
            });
        }
        let skip: usize = match &request.after {
            Some(mark) => mark.parse().map_err(|_| SearchError::BadMark)?,
            None => 0,
        };
        let mut found: Vec<Found> = self
            .all()
            .await
            .into_iter()
            .filter_map(|mention| matches(mention, &request))
            .collect();
        if request.order == Order::Relevance {
            found.sort_by_key(|found| std::cmp::Reverse(found.highlights.len()));
        }
        let total = found.len();
        let mut stances = BTreeMap::new();
        for label in found.iter().flat_map(|found| &found.mention.labels.stances) {
            *stances.entry(label.stance.as_str().to_owned()).or_insert(0) += 1;
        }
        let buckets: Vec<Value> = stances
            .into_iter()
            .map(|(name, count): (String, u64)| json!({ "key": name, "doc_count": count }))
            .collect();
        let next = (skip + request.limit < total).then(|| (skip + request.limit).to_string());
        let items = found.into_iter().skip(skip).take(request.limit).collect();
        Ok(Results {
            total: total as u64,
            items,
            next,
            whole: *self.whole.lock().unwrap(),
            aggregated: Some(json!({ "stance": { "buckets": buckets } })),
        })
    }
}

fn matches(mention: StoredMention, request: &Request) -> Option<Found> {
    let labels = &mention.labels;
    let holds = request
        .watch
        .as_ref()
        .is_none_or(|watch| mention.matches.iter().any(|m| m.watch == *watch))
        && request
            .source
            .as_ref()
            .is_none_or(|source| mention.source == *source)
        && request.kind.is_none_or(|kind| mention.kind == kind)
        && request
            .lang
            .as_ref()
            .is_none_or(|lang| mention.lang == *lang)
        && request
            .stance
            .is_none_or(|stance| labels.stances.iter().any(|l| l.stance == stance))
        && request
            .flag
            .is_none_or(|flag| labels.flags.iter().any(|l| l.flag == flag))
        && request.since.is_none_or(|since| mention.published >= since)
        && request.until.is_none_or(|until| mention.published < until);
    let spans = |part: Part, text: &str| -> Vec<Span> {
        if request.query.is_empty() {
            return vec![];
        }
        let span = |(start, word): (usize, &str)| Span {
            part,
            start: start as u32,
            end: (start + word.len()) as u32,
        };
        text.match_indices(&request.query).map(span).collect()
    };
    let mut highlights = spans(Part::Title, &mention.title);
    highlights.extend(spans(Part::Text, &mention.text));
    let found = request.query.is_empty() || !highlights.is_empty();
    (holds && found).then_some(Found {
        mention,
        highlights,
        in_story: 1,
    })
}

impl Archive for Memory {
    fn search(&self, request: Request) -> BoxFuture<'_, Result<Results, SearchError>> {
        self.find(request).boxed()
    }

    fn gaps(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> BoxFuture<'_, Result<Vec<SourceGap>, SearchError>> {
        let touches = |gap: &SourceGap| {
            let to = gap.to.unwrap_or(Timestamp::MAX);
            since.is_none_or(|since| to > since) && until.is_none_or(|until| gap.from < until)
        };
        let sources = self.sources.lock().unwrap().clone();
        let of = |state: SourceState| {
            let gap = move |gap: Gap| SourceGap {
                source: state.name.clone(),
                from: gap.from,
                to: Some(gap.to),
            };
            state.gaps.into_iter().map(gap)
        };
        let mut gaps: Vec<_> = sources.into_iter().flat_map(of).filter(touches).collect();
        async move {
            let known = self.store.gaps_between(since, until, 9).await.unwrap();
            let gap = |gap: resonanz::store::GapRow| SourceGap {
                source: gap.source,
                from: gap.from,
                to: Some(gap.to),
            };
            gaps.extend(known.into_iter().map(gap));
            Ok(gaps)
        }
        .boxed()
    }

    fn mention(&self, id: i64) -> BoxFuture<'_, Result<Option<StoredMention>, SearchError>> {
        async move {
            self.store
                .mention(id)
                .await
                .map_err(|_| SearchError::Internal)
        }
        .boxed()
    }

    fn judge(
        &self,
        id: i64,
        target: String,
        stance: Option<Stance>,
        way: &'static str,
    ) -> BoxFuture<'_, Result<Judged, SearchError>> {
        async move {
            let mut tx = self.store.begin().await.unwrap();
            let judged = match stance {
                Some(stance) => tx.judge(id, &target, stance, way, now()).await.unwrap(),
                None => tx.unjudge(id, &target).await.unwrap(),
            };
            tx.commit().await.unwrap();
            Ok(judged)
        }
        .boxed()
    }

    fn sample(
        &self,
        published: Range<Timestamp>,
        count: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMention>, SearchError>> {
        async move { Ok(self.store.sample(published, count as i64).await.unwrap()) }.boxed()
    }

    fn code(&self, coded: Coded) -> BoxFuture<'_, Result<Judged, SearchError>> {
        async move {
            let mut tx = self.store.begin().await.unwrap();
            let what = (coded.id, coded.target.as_str());
            let judged = tx.code(&coded.week, what, coded.coder, coded.stance, now());
            let judged = judged.await.unwrap();
            tx.commit().await.unwrap();
            Ok(judged)
        }
        .boxed()
    }

    fn codings(&self) -> BoxFuture<'_, Result<Vec<Coding>, SearchError>> {
        async move { Ok(self.store.codings().await.unwrap()) }.boxed()
    }

    fn preview(&self, _: PreviewRequest) -> BoxFuture<'_, Result<Option<Preview>, SearchError>> {
        async { Ok(None) }.boxed()
    }

    fn open_cases(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Case>, SearchError>> {
        async move {
            let mut cases = self
                .store
                .cases(limit as i64)
                .await
                .map_err(|_| SearchError::Internal)?;
            cases.retain(|case| case.state != CaseState::Closed);
            Ok(cases)
        }
        .boxed()
    }

    fn case(&self, id: i64) -> BoxFuture<'_, Result<Option<CaseFile>, SearchError>> {
        async move {
            let Some(case) = self.store.case(id).await.unwrap() else {
                return Ok(None);
            };
            let mut ids = self.store.case_mentions(id).await.unwrap();
            ids.reverse();
            ids.truncate(MAX_CASE_MENTIONS);
            let mentions = self.store.mentions(&ids).await.unwrap();
            Ok(Some(CaseFile { case, mentions }))
        }
        .boxed()
    }

    fn saved(&self) -> BoxFuture<'_, Result<Vec<SavedSearch>, SearchError>> {
        async { Ok(self.store.saved_searches().await.unwrap()) }.boxed()
    }

    fn change_saved(&self, change: SavedChange) -> BoxFuture<'_, Result<Saving, SearchError>> {
        async move { Ok(self.store.change_saved(&change, now()).await.unwrap()) }.boxed()
    }

    fn sources(&self) -> BoxFuture<'_, Result<Vec<SourceState>, SearchError>> {
        async { Ok(self.sources.lock().unwrap().clone()) }.boxed()
    }

    fn takes_in(&self) -> bool {
        self.store.has_room()
    }
}

impl Health for Memory {
    fn checks(&self) -> BoxFuture<'_, Vec<Check>> {
        async { self.checks.lock().unwrap().clone() }.boxed()
    }
}

/// A running server; stops when dropped.
pub struct House {
    pub address: SocketAddr,
    pub memory: Arc<Memory>,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    serving: JoinHandle<()>,
    stop: DropGuard,
}

pub fn source(name: &str, up: Option<bool>) -> SourceState {
    SourceState {
        name: name.into(),
        up,
        last_event: Some(now()),
        hearing: None,
        gaps: vec![],
    }
}

fn named(pairs: &[(&str, &str)]) -> Vec<Named> {
    let named = |(name, label): &(&str, &str)| Named {
        name: (*name).into(),
        label: (*label).into(),
    };
    pairs.iter().map(named).collect()
}

impl House {
    pub async fn open(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory {
            store: Store::open(&dir.path().join("store.sqlite")).await.unwrap(),
            sources: Mutex::new(vec![
                source("bluesky", Some(true)),
                source("feeds", Some(true)),
            ]),
            broken: Mutex::default(),
            whole: Mutex::new(true),
            checks: Mutex::new(vec![Check {
                name: "store",
                ok: true,
                warning: false,
                detail: "answers".into(),
            }]),
            gate: Semaphore::new(64),
            _dir: dir,
        });
        let metrics = Metrics::new(&series()).unwrap();
        let parts = Parts {
            archive: memory.clone(),
            checking: memory.clone(),
            health: memory.clone(),
            metrics: metrics.clone(),
            clock: Clock::simulated(now()),
            names: tokio::sync::watch::channel(Arc::new(Names {
                watches: named(&[("ministry", "Ministerium"), ("minister", "Minister")]),
                targets: named(&[("minister", "Bundesinnenminister")]),
                sources: named(&[("bluesky", "Bluesky"), ("feeds", "Nachrichtenseiten")]),
            }))
            .1,
            classifier: tokio::sync::watch::channel(lexicon()).1,
            inboxes: Default::default(),
        };
        let settings = config.check().unwrap();
        let router = router(&settings, parts);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let serving = tokio::spawn(async move {
            serve(listener, &settings, router, stopping).await.unwrap();
        });
        Self {
            address,
            memory,
            metrics,
            serving,
            stop: stop.drop_guard(),
        }
    }

    /// Stops the server and waits until it has stopped.
    pub async fn stop(self) {
        drop(self.stop);
        self.serving.await.unwrap();
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    /// Sends one request. A header in `headers` replaces the usual one of its name.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let host = format!("localhost:{}", self.address.port());
        let mut all = vec![("host", host.as_str())];
        all.retain(|(name, _)| headers.iter().all(|(given, _)| given != name));
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        ask(self.address, method, path, &all, body).await
    }
}

fn series() -> resonanz::metrics::Series {
    use resonanz::model::{FlagKind, Stance};
    resonanz::metrics::Series {
        sources: vec!["bluesky".into(), "feeds".into()],
        watches: vec!["ministry".into(), "minister".into()],
        stances: Stance::ALL.iter().map(|stance| stance.as_str()).collect(),
        flags: FlagKind::ALL.iter().map(|flag| flag.as_str()).collect(),
        grades: vec!["suggested"],
        differences: vec!["number"],
        rules: resonanz::desk::Rule::ALL
            .iter()
            .map(|rule| rule.as_str())
            .collect(),
        classes: vec!["private", "voice"],
        verdicts: Verdict::ALL.map(Verdict::as_str).to_vec(),
    }
}

fn lexicon() -> Arc<dyn resonanz::classify::Classifier> {
    Arc::new(resonanz::classify::Lexicon::new())
}

//! Resonanz listens to what is publicly said about a ministry, its minister and its topics, and
//! gets the press office to an answer within minutes. This page is the architecture: what one
//! mention goes through, which rooms the house has, what must hold, and where a change goes.
//!
//! # What one mention goes through
//!
//! ```text
//! collect ──> normalise ──> match ──> classify ──> relate ──> store ──┬──> index   (search)
//!  (one task                pure      pure        pure        ONE     ├──> desk    (cases, alert mail)
//!  a source)                                                  truth   └──> metrics
//!                                                         serve: pages, API, /es, /metrics
//! ```
//!
//! 1. A **source** ([`collect::source::Source`]) turns one network, feed or file into a stream of
//!    events and cursors. [`collect::supervise`] alone reconnects, waits, retries, paces and counts.
//! 2. [`normalise`] makes masked, plain, tokenised text of it. Behind this step there is no personal
//!    data but in sealed values.
//! 3. [`matching`] tests it against every stored query (a *watch*). What none matches is dropped in
//!    memory and never touches a disk.
//! 4. [`classify`] gives a stance toward each watched target, and flags, each with reasons.
//! 5. [`relate`] compares with what is known (the register of claims, the ministry's own statements),
//!    puts near-copies, repeats and bare shares of one article into a *story*, and weighs what changed.
//! 6. [`pipeline`] is the one place that knows this order. It writes mention, labels, case, ordered
//!    mail and cursor in ONE transaction of the [`store`].
//! 7. [`index`] and [`desk::Sender`] are followers: they read the store by sequence number and
//!    remember their own position. The index can be deleted; it is made again.
//!
//! # Floors
//!
//! A file imports only from lower floors, and a step never imports another step. `tests/it/tidy.rs`
//! reads the sources and holds this, as it holds every rule below that can be read from a source.
//!
//! | floor | rooms | may never |
//! |---|---|---|
//! | 6 | `main`, [`cli`] (one file a command), [`app`] (build, run, ordered stop) | hold domain logic |
//! | 5 | [`config`]: layers, checks, all faults at once | be imported from below |
//! | 4 | [`pipeline`], [`serve`] | be imported by a step |
//! | 3 | [`collect`], [`normalise`], [`matching`], [`classify`], [`relate`], [`index`], [`desk`] | import another step |
//! | 2 | [`store`], [`query`], [`model`] | `query` and `model`: do I/O, read a clock, count |
//! | 1 | [`text`], [`privacy`], [`metrics`], [`clock`] | know the domain |
//!
//! `normalise`, `matching`, `classify`, `relate` and `query` are functions of their arguments: no async,
//! no clock, no log, no I/O.
//!
//! # Invariants
//!
//! * **The store is the only truth**, and data comes before cursor in one transaction: a crash
//!   between any two lines loses nothing and mails nothing twice. (`tests/it/kill.rs`)
//! * **One row a native id**, under a keyed hash; a tombstone wins whatever the order.
//!   (`tests/it/store.rs`)
//! * **Three evaluations of one query agree**: the naive one, the matcher, the index.
//!   (`tests/it/agreement.rs`)
//! * **Copies are one story**, whatever the order in which they come, before and after a restart.
//!   (`src/relate/tests.rs`, `tests/it/stories.rs`)
//! * **A story is flagged once, and criticism alone never flags**; imports mail nobody, and a restart
//!   changes no weight. (`src/relate/tests.rs`, `tests/it/rumours.rs`)
//! * **What was deleted or erased is in no file**: store, write-ahead log, index, mails on disk.
//!   (`tests/it/erasure.rs`, `tests/it/house_erasure.rs`)
//! * **What is too old goes, and does not come back**: by age, source and class of author, never by
//!   what was said; a clock in doubt deletes nothing. (`tests/it/retention`, `tests/it/bulk_erasure.rs`)
//! * **A full disk, a turned bit, a rebuild: searches go on**, and afterwards the index equals the
//!   store. (`tests/it/disk.rs`, `tests/it/damage.rs`, `tests/it/rebuild.rs`)
//! * **What is written to the house is no public statement**: no watch is tried on it, no model labels
//!   it, no search finds it; its words lie sealed and stand on the page of its case only.
//!   (`tests/it/messages.rs`)
//! * **No author anywhere but sealed**: not in text, index, mail, log or metric; no query field, no
//!   route selects by a private author. (`tests/it/normalise.rs`, `tests/it/demo.rs`)
//! * **A repeated mail has the same Message-ID**; imports and old news mail nobody.
//!   (`tests/it/desk`)
//! * **No input ends the process**, nor the listening; every queue, frame, body, query and answer has a
//!   bound. (`tests/it/pipeline.rs`)
//! * **"Nothing was said" and "we could not listen" look different**: gaps are rows, silence is judged
//!   by what a source brought before, and both are told with every count. (`tests/it/hearing.rs`)
//!
//! # Where a change goes
//!
//! | what | where |
//! |---|---|
//! | a new network | one file in `collect/`, a variant and an arm in `collect/mod.rs`, a block in `config/default.toml`, a folder in `tests/fixtures` |
//! | a list that is looked at again and again | the same, with a `Listing` of [`collect::poller`] |
//! | a register that answers JSON in pages | the same, with a `Register` of `collect/register.rs` |
//! | a post is read wrongly | that source's `adapt` |
//! | how servers are asked, and how often | `collect/http.rs`, `collect/hosts.rs`, `collect/robots.rs` |
//! | what is brought to the house by HTTP | [`collect::inbox`]; who signs how: `collect/webhook.rs`, `collect/meta/push.rs`, [`collect::websub`]; what ends the pause between two looks: `Source::woken` |
//! | what a platform is asked for, where it is asked by query | [`query::push_down`]; how it is told: that source's `rules` |
//! | what may be read, and what it costs | that source's `ledger` or `quota`; its sign: `Source::used` |
//! | whose terms want stored items to be seen again | `Source::refresh`; who asks: `app/refresh.rs` |
//! | whose mentions get no label | `SourceConfig::unlabelled`, `classify/reserved.rs` |
//! | when a source counts as silent or blind | [`collect::hearing`] |
//! | text is cleaned or cut into words wrongly | [`text`], [`normalise`] |
//! | a query should be understood | [`query`]; what it means: [`query::naive`], [`matching`], `index/compile.rs` |
//! | a query of another system is read wrongly | that dialect's file in `query/import` |
//! | a label is wrong | [`classify`] |
//! | two texts are taken for copies, or not | [`relate`] |
//! | what makes a story worth checking | `relate/rumour.rs`; by what: `relate/sign.rs`, `relate/story.rs`; from which score: `relate/ranking.rs` |
//! | two texts say the same in other words, or not | `relate/repeats.rs` |
//! | a mention repeats a known claim, or not | `relate/claims` |
//! | a report differs from our statement, or not | `relate/compare` |
//! | what became of a report | `model/amended.rs`; who looks again: `app/reports.rs` |
//! | when a case opens or a mail is ordered | `desk/rules.rs`; for stories and reports `desk/story.rs` |
//! | what a mail says | `desk/mail.rs` |
//! | what a page says | `serve/pages`, `serve/words.rs` |
//! | how long something is kept | `[retention]`; the rule: `store/retention.rs`; who runs it: [`app::retention`] |
//! | a field to search by | `index/schema.rs` and `index/document.rs` |
//! | a filter of page, API and command line | `serve/params.rs`, `serve/form.rs`, `cli/filters.rs` |
//! | who searches first when many search | `index/lanes.rs` |
//! | a number on a dashboard | [`metrics`] and the step that counts it |
//! | a setting | the module's own `Config` and `config/default.toml` |
//! | the order of start and stop | [`app`] |

pub mod app;
pub mod classify;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod config;
pub mod desk;
pub mod index;
pub mod matching;
pub mod metrics;
pub mod model;
pub mod normalise;
pub mod pipeline;
pub mod privacy;
pub mod query;
pub mod relate;
pub mod serve;
pub mod store;
pub mod text;

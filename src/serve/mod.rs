//! HTTP: pages for editors, JSON for programs, `/metrics` and health for operators.
//!
//! Owns routing, limits, access and what a page looks like. Does not own searching or storing: it
//! asks an [`Archive`]. What the office says of labels and saves as searches goes through it too.
//! What other programs bring (`/in`) goes the way of every source.
//!
//! On the way in every request passes, in this order: security headers ([`limits::protect`]), the
//! request histogram ([`limits::observe`]), the door ([`guard::check`]) and the bounds
//! ([`limits::bound`]): length of the address, requests at one time, time for one request.

mod answer;
mod api;
mod api_watches;
mod archive;
mod cases;
mod claims;
mod coding;
mod coding_words;
mod es;
mod form;
mod frame;
mod guard;
mod inbound;
mod judge;
mod limits;
mod listener;
mod mention;
mod ops;
mod page;
mod params;
mod preview;
mod reasons;
mod rumour_words;
mod rumours;
mod saved;
mod saved_words;
mod settings;
mod statement_words;
mod statements;
mod status;
mod tongue;
mod view;
mod words;

pub use api_watches::preview_json;
pub use archive::{
    Archive, CaseFile, Check, Checking, ClaimFile, ClaimRef, Coded, Found, Gap, Health,
    MAX_CASE_MENTIONS, MAX_GAPS, MAX_IN_CASES, MAX_LIMIT, MAX_STORY_MENTIONS, Order, Request,
    Results, SearchError, SourceGap, SourceState, StatementFile, StoryFile,
};
pub use guard::OPEN;
pub use params::{Asked, Group, Range, read as read_parameters};
pub use preview::{
    DIFFERENCE_SAMPLE, Difference, Example, MAX_PREVIEW_DAYS, PREVIEW_SAMPLE, Preview,
    PreviewRequest, Side, Term,
};
pub use saved_words::english as saving_told;
pub use settings::{Config, Secret, Settings, SettingsError};

use crate::classify::Classifier;
use crate::clock::Clock;
use crate::collect::inbox::Inboxes;
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use guard::Guard;
use listener::Bounded;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// A request's body carries a sign-in form at most, unless its route says otherwise.
const MAX_BODY_BYTES: usize = 8 * 1024;
/// Requests under way get this long to finish when the house stops.
const STOP_SECS: u64 = 5;

/// The key of something configured, and what editors call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub label: String,
}

/// The configured names that pages show and filter by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    pub watches: Vec<Named>,
    pub targets: Vec<Named>,
    pub sources: Vec<Named>,
}

impl Names {
    fn label(list: &[Named], name: &str) -> String {
        // What an archive holds may be older than today's configuration: then the key is shown.
        list.iter()
            .find(|named| named.name == name)
            .map_or_else(|| view::clean(name), |named| named.label.clone())
    }

    pub fn watch(&self, name: &str) -> String {
        Self::label(&self.watches, name)
    }

    pub fn target(&self, name: &str) -> String {
        Self::label(&self.targets, name)
    }

    pub fn source(&self, name: &str) -> String {
        Self::label(&self.sources, name)
    }
}

/// What the house hands to this room.
pub struct Parts {
    pub archive: Arc<dyn Archive>,
    pub checking: Arc<dyn Checking>,
    pub health: Arc<dyn Health>,
    pub metrics: Metrics,
    pub clock: Clock,
    /// What things are called now.
    pub names: watch::Receiver<Arc<Names>>,
    /// Who labels now.
    pub classifier: watch::Receiver<Arc<dyn Classifier>>,
    /// Where other programs bring items to.
    pub inboxes: Inboxes,
}

/// What every handler sees.
struct House {
    parts: Parts,
    guard: Guard,
    slots: Semaphore,
    request_timeout: Duration,
}

impl House {
    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.borrow())
    }

    /// Name of the model that labels now, for example `resonanz-1`.
    fn model(&self) -> String {
        self.classifier.borrow().model().to_owned()
    }
}

type Shared = Arc<House>;

impl std::ops::Deref for House {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Every route there is.
fn routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    [pages(), api_routes(), other_routes()].concat()
}

/// For editors.
fn pages() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/", get(page::search)),
        ("/mentions/{id}", get(mention::page)),
        ("/mentions/{id}/stance", post(judge::by_page)),
        ("/mentions/{id}/claims", post(claims::judge_by_page)),
        ("/rumours", get(rumours::page)),
        ("/rumours/{story}", post(rumours::judge_by_page)),
        (
            "/claims",
            entry(get(claims::page).post(claims::add_by_page)),
        ),
        (
            "/claims/{id}",
            entry(get(claims::one).post(claims::change_by_page)),
        ),
        (
            "/statements",
            statement(get(statements::page).post(statements::add_by_page)),
        ),
        (
            "/statements/{id}",
            statement(get(statements::one).post(statements::change_by_page)),
        ),
        ("/cases", get(cases::list)),
        ("/cases/{id}", get(cases::one)),
        (
            "/saved",
            post(saved::by_page).layer(DefaultBodyLimit::max(saved::MAX_FORM_BYTES)),
        ),
        ("/coding", get(coding::page).post(coding::code)),
        ("/login", get(guard::form).post(guard::sign_in)),
        ("/logout", post(guard::sign_out)),
        ("/style.css", get(answer::style)),
        ("/favicon.svg", get(answer::icon)),
    ]
}

/// For programs.
fn api_routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/api", get(api::about)),
        ("/api/search", get(api::search)),
        ("/api/mentions/{id}", get(api::mention)),
        ("/api/mentions/{id}/stance", post(judge::by_api)),
        (
            "/api/mentions/{id}/claims",
            get(claims::of_mention).post(claims::judge_by_api),
        ),
        ("/api/rumours", get(rumours::list)),
        (
            "/api/rumours/{story}",
            get(rumours::one).post(rumours::judge_by_api),
        ),
        (
            "/api/claims",
            entry(get(claims::list).post(claims::add_by_api)),
        ),
        (
            "/api/claims/{id}",
            entry(get(claims::one_by_api).post(claims::change_by_api)),
        ),
        (
            "/api/statements",
            statement(get(statements::list).post(statements::add_by_api)),
        ),
        (
            "/api/statements/{id}",
            statement(
                get(statements::one_by_api)
                    .post(statements::change_by_api)
                    .delete(statements::remove_by_api),
            ),
        ),
        ("/api/cases", get(api::cases)),
        (
            "/api/saved",
            get(saved::list)
                .post(saved::save)
                .layer(DefaultBodyLimit::max(saved::MAX_FORM_BYTES)),
        ),
        (
            "/api/saved/{name}",
            post(saved::rename).delete(saved::delete),
        ),
        ("/api/coding", get(coding::json)),
        ("/api/watches", get(api_watches::list)),
        (
            "/api/watches/test",
            post(api_watches::test).layer(DefaultBodyLimit::max(api_watches::MAX_TRIAL_BYTES)),
        ),
    ]
}

/// For Grafana, for what is brought, for whoever runs the house.
fn other_routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/es", get(es::about)),
        ("/es/", get(es::about)),
        ("/es/_cluster/health", get(es::health)),
        ("/es/_mapping", get(es::mapping)),
        ("/es/{index}/_mapping", get(es::mapping)),
        ("/es/_field_caps", asked(es::capabilities)),
        ("/es/{index}/_field_caps", asked(es::capabilities)),
        ("/es/_search", asked(es::search)),
        ("/es/{index}/_search", asked(es::search)),
        ("/es/_count", asked(es::count)),
        ("/es/{index}/_count", asked(es::count)),
        ("/es/_msearch", asked(es::many)),
        ("/es/{index}/_msearch", asked(es::many)),
        ("/in/{name}", get(inbound::challenge).post(inbound::take)),
        ("/metrics", get(ops::metrics)),
        ("/healthz", get(ops::healthz)),
        ("/readyz", get(ops::readyz)),
    ]
}

/// What takes an entry of the register.
fn entry(handlers: MethodRouter<Shared>) -> MethodRouter<Shared> {
    handlers.layer(DefaultBodyLimit::max(claims::MAX_FORM_BYTES))
}

/// What takes a statement of our own.
fn statement(handlers: MethodRouter<Shared>) -> MethodRouter<Shared> {
    handlers.layer(DefaultBodyLimit::max(statements::MAX_FORM_BYTES))
}

/// A search of the Elasticsearch dialect, which comes with or without a body.
fn asked<H, T>(handler: H) -> MethodRouter<Shared>
where
    H: axum::handler::Handler<T, Shared> + Clone,
    T: 'static,
{
    let limit = DefaultBodyLimit::max(es::MAX_BODY_BYTES);
    get(handler.clone()).post(handler).layer(limit)
}

/// The templates of all routes, for tests that walk them.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// Everything behind the listener.
pub fn router(settings: &Settings, parts: Parts) -> Router {
    let house: Shared = Arc::new(House {
        guard: Guard::new(settings),
        slots: Semaphore::new(settings.max_requests.min(Semaphore::MAX_PERMITS)),
        request_timeout: settings.request_timeout,
        parts,
    });
    let secure = house.guard.is_secure();
    limits::start_at_zero(&house.metrics);
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, handlers)| {
            router.route(path, handlers)
        })
        .fallback(answer::nothing_here)
        .method_not_allowed_fallback(answer::wrong_method)
        // The last layer is the outermost.
        .layer(from_fn_with_state(house.clone(), limits::bound))
        .layer(from_fn_with_state(house.clone(), guard::check))
        .layer(from_fn_with_state(house.clone(), limits::observe))
        .layer(from_fn(move |request, next| {
            limits::protect(secure, request, next)
        }))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(house)
}

/// Serves until `stop`, then lets requests under way finish for a few seconds.
///
/// # Errors
/// A listener that the system took away.
pub async fn serve(
    listener: TcpListener,
    settings: &Settings,
    router: Router,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let bounded = Bounded::new(listener, settings);
    let signal = stop.clone().cancelled_owned();
    let serving = axum::serve(bounded, router).with_graceful_shutdown(signal);
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_secs(STOP_SECS)).await;
    };
    tokio::select! {
        served = serving => served,
        () = too_late => Ok(()),
    }
}

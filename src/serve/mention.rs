//! The page of one mention: its labels with reasons, what it may repeat, where it differs from what
//! we have published, and the forms by which the office corrects all of it.

use super::answer::{broken, missing};
use super::api::watched_places;
use super::frame::{Frame, Visit, html};
use super::page::after;
use super::params::{self, Asked};
use super::rumours::Known;
use super::view::{Shown, clean, moment, public_url};
use super::{House, Shared, rumour_words};
use crate::model::{Differs, Kind, Stance, StatementId};
use crate::store::{Address, StoredMention};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

#[derive(Template)]
#[template(path = "mention.html", config = "src/serve/askama.toml")]
struct MentionPage {
    frame: Frame,
    /// Address of the search that led here, or of the empty one.
    back: String,
    m: Shown,
    /// Where a correction goes; it carries the search along.
    action: String,
    /// What a label can be corrected to: key and word.
    choices: Vec<(&'static str, &'static str)>,
    r: &'static rumour_words::Words,
    /// Entries of the register that it may repeat.
    known: Vec<Known>,
    /// Where a yes or no goes.
    claims_action: String,
    differs: Vec<Difference>,
    /// What was seen when the report was looked at again, a line each.
    looked: Vec<String>,
}

/// A place where the mention differs from what we have published.
struct Difference {
    what: String,
    theirs: String,
    sentence: String,
    ours: String,
    our_sentence: String,
    /// Of our statement: its page here, and where the public reads it.
    href: Option<String>,
    url: Option<String>,
}

/// Where the statements are that a mention differs from. Without their addresses both passages still
/// stand side by side.
pub(super) async fn places(house: &House, mention: &StoredMention) -> Vec<Address> {
    let statements = mention.differs.iter().map(|differs| differs.statement);
    let found = house.checking.places(statements.collect()).await;
    found.unwrap_or_default()
}

/// The page of a statement here.
pub(super) fn path(address: &Address) -> String {
    match address.statement {
        StatementId::Entered(id) => format!("/statements/{id}"),
        StatementId::Collected(_) => format!("/mentions/{}", address.id),
    }
}

/// The differences of a mention, with the addresses of our statements.
async fn differences(house: &House, mention: &StoredMention, visit: &Visit) -> Vec<Difference> {
    let found = places(house, mention).await;
    let shown = |differs: &Differs| {
        let ours = found
            .iter()
            .find(|ours| ours.statement == differs.statement);
        Difference {
            what: clean(rumour_words::difference(&differs.what, visit.tongue)),
            theirs: clean(&differs.theirs),
            sentence: clean(&differs.sentence),
            ours: clean(&differs.ours),
            our_sentence: clean(&differs.our_sentence),
            href: ours.map(|ours| format!("{}{}", path(ours), visit.carry)),
            url: ours
                .and_then(|ours| ours.url.as_deref())
                .and_then(public_url),
        }
    };
    mention.differs.iter().map(shown).collect()
}

/// `GET /mentions/{id}`, with the parameters of the search that led here.
pub async fn page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    // The mention is there whatever the address says of a search.
    let asked = params::read(&query, &["lang"], house.clock.now()).unwrap_or_default();
    let found = match id.parse() {
        Ok(id) => house.archive.mention(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(mention)) => {
            let page = mention_page(&house, &visit, &asked, &mention).await;
            html(StatusCode::OK, &page)
        }
        Ok(None) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// When the report was looked at last, and whether it was amended since it was collected.
async fn looked(house: &House, mention: &StoredMention, visit: &Visit) -> Vec<String> {
    if mention.kind != Kind::Article {
        return Vec::new();
    }
    // Without it the differences still stand there.
    let Some(looked) = house.checking.looked(mention.id).await.unwrap_or_default() else {
        return Vec::new();
    };
    let told = |at| moment(at, visit.tongue).human;
    let mut lines = vec![rumour_words::looked(
        looked.seen,
        &told(looked.at),
        visit.tongue,
    )];
    for (at, how) in looked.amended.iter() {
        let at = told(*at);
        lines.extend(
            how.iter()
                .map(|amended| rumour_words::amended(&at, amended, visit.tongue)),
        );
    }
    lines
}

async fn mention_page(
    house: &House,
    visit: &Visit,
    asked: &Asked,
    mention: &StoredMention,
) -> MentionPage {
    let m = Shown::new(
        mention,
        &watched_places(mention),
        &house.names(),
        visit.tongue,
    );
    let title = format!("{} {}", visit.tongue.words().mention, mention.id);
    let other = ("lang", visit.tongue.words().switch_lang);
    let switch = asked.address(&[other, after(asked)]);
    let switch = format!("/mentions/{}{switch}", mention.id);
    let back = asked.address(&[("lang", visit.lang()), after(asked)]);
    // Without them the page is still worth having; whoever failed has logged why.
    let known = house.checking.claims_of(mention.id).await;
    let known = known.unwrap_or_default();
    MentionPage {
        frame: Frame::new(visit, house, &title, "", switch),
        back: format!("/{back}"),
        action: format!("/mentions/{}/stance{back}", m.id),
        choices: Stance::ALL
            .map(|stance| (stance.as_str(), visit.tongue.stance(stance)))
            .to_vec(),
        r: rumour_words::words(visit.tongue),
        known: known.iter().filter_map(Known::of).collect(),
        claims_action: format!("/mentions/{}/claims{back}", m.id),
        differs: differences(house, mention, visit).await,
        looked: looked(house, mention, visit).await,
        m,
    }
}

//! What X says of posts and accounts that are gone: events of its compliance streams, and result
//! lines of its compliance jobs.
//!
//! <https://docs.x.com/x-api/compliance/streams/introduction>,
//! <https://docs.x.com/x-api/compliance/batch-compliance/introduction>. Likes are not collected here, so
//! that their events are not asked for; nor are places, so that `scrub_geo` has nothing to take out.

use super::PLATFORM;
use super::wire::number;
use crate::collect::source::{RejectReason, Rejection};
use crate::model::{AuthorChange, Change, Deletion};
use jiff::Timestamp;
use serde::Deserialize;

/// Where this house shows what it keeps; `XX` and `XY` are X's words for everywhere.
const WITHHELD_HERE: [&str; 3] = ["DE", "XX", "XY"];

/// One event: exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Delete(OfPost),
    /// Not shown for a while, until an `undrop`. What was taken back here does not return.
    Drop(OfPost),
    Undrop(OfPost),
    Withheld(OfPost),
    #[serde(alias = "post_edit")]
    TweetEdit(Edit),
    UserDelete(OfUser),
    UserUndelete(OfUser),
    UserSuspend(OfUser),
    UserUnsuspend(OfUser),
    UserProtect(OfUser),
    UserUnprotect(OfUser),
    UserWithheld(OfUser),
    ScrubGeo(OfUser),
    UserProfileModification(OfUser),
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
pub struct OfPost {
    #[serde(alias = "post")]
    tweet: Named,
    event_at: Timestamp,
    #[serde(default)]
    withheld_in_countries: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct OfUser {
    user: Named,
    event_at: Timestamp,
    #[serde(default)]
    withheld_in_countries: Vec<String>,
}

/// The ids that a post has had, the newest of which is still there.
#[derive(Debug, Deserialize)]
pub struct Edit {
    #[serde(alias = "post")]
    tweet: Named,
    #[serde(alias = "initial_post_id")]
    initial_tweet_id: String,
    #[serde(alias = "edit_post_ids")]
    edit_tweet_ids: Vec<String>,
    event_at: Timestamp,
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Event::Delete(of) | Event::Drop(of) | Event::Undrop(of) | Event::Withheld(of) => {
                of.event_at
            }
            Event::TweetEdit(edit) => edit.event_at,
            Event::UserDelete(of)
            | Event::UserUndelete(of)
            | Event::UserSuspend(of)
            | Event::UserUnsuspend(of)
            | Event::UserProtect(of)
            | Event::UserUnprotect(of)
            | Event::UserWithheld(of)
            | Event::ScrubGeo(of)
            | Event::UserProfileModification(of) => of.event_at,
        }
    }

    /// What follows from it here.
    ///
    /// # Errors
    /// An id that is none.
    pub fn changes(&self) -> Result<Vec<Change>, Rejection> {
        match self {
            Event::Delete(of) | Event::Drop(of) => {
                Ok(vec![deleted(&of.tweet.id, Some(of.event_at))?])
            }
            Event::Withheld(of) if is_here(&of.withheld_in_countries) => {
                Ok(vec![deleted(&of.tweet.id, Some(of.event_at))?])
            }
            Event::TweetEdit(edit) => edit.changes(),
            Event::UserDelete(of) | Event::UserSuspend(of) | Event::UserProtect(of) => {
                Ok(vec![Change::AuthorGone(author(of)?)])
            }
            Event::UserWithheld(of) if is_here(&of.withheld_in_countries) => {
                Ok(vec![Change::AuthorGone(author(of)?)])
            }
            Event::UserUndelete(of) | Event::UserUnsuspend(of) | Event::UserUnprotect(of) => {
                Ok(vec![Change::AuthorBack(author(of)?)])
            }
            Event::Undrop(_)
            | Event::Withheld(_)
            | Event::UserWithheld(_)
            | Event::ScrubGeo(_)
            | Event::UserProfileModification(_) => Ok(Vec::new()),
        }
    }
}

impl Edit {
    fn changes(&self) -> Result<Vec<Change>, Rejection> {
        let newest = self.edit_tweet_ids.iter().filter_map(|id| number(id)).max();
        let ids = self.edit_tweet_ids.iter();
        let ids = ids.chain([&self.initial_tweet_id, &self.tweet.id]);
        let mut old: Vec<&String> = ids.filter(|id| number(id) != newest).collect();
        old.sort();
        old.dedup();
        old.into_iter()
            .map(|id| deleted(id, Some(self.event_at)))
            .collect()
    }
}

fn is_here(countries: &[String]) -> bool {
    let here = |country: &String| WITHHELD_HERE.contains(&country.to_uppercase().as_str());
    countries.iter().any(here)
}

fn deleted(id: &str, at: Option<Timestamp>) -> Result<Change, Rejection> {
    sound(id)?;
    Ok(Change::Delete(Deletion {
        platform: PLATFORM.to_owned(),
        id: id.to_owned(),
        at,
    }))
}

fn author(of: &OfUser) -> Result<AuthorChange, Rejection> {
    sound(&of.user.id)?;
    Ok(AuthorChange {
        platform: PLATFORM.to_owned(),
        author: of.user.id.clone(),
        at: Some(of.event_at),
    })
}

fn sound(id: &str) -> Result<(), Rejection> {
    match number(id) {
        Some(_) => Ok(()),
        None => Err(Rejection::new(
            RejectReason::Incomplete,
            "an id that is none",
        )),
    }
}

/// A line of a compliance job's result: the ids that were asked about and have something to obey.
#[derive(Debug, Deserialize)]
struct JobResult {
    id: String,
    action: String,
    redacted_at: Option<Timestamp>,
    reason: String,
}

/// Reads a result line of a job on posts. `None` where the line is none.
///
/// # Errors
/// An id that is none.
pub fn job_result(line: &[u8]) -> Option<Result<Vec<Change>, Rejection>> {
    let result: JobResult = serde_json::from_slice(line).ok()?;
    let is_gone = result.action == "delete" && result.reason != "scrub_geo";
    Some(match is_gone {
        true => deleted(&result.id, result.redacted_at).map(|change| vec![change]),
        false => Ok(Vec::new()),
    })
}

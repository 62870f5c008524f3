//! What X sends, and what it means.
//!
//! Two spellings are in use: the published description names `referenced_posts`,
//! `edit_history_post_ids` and `note_post` what production names `referenced_tweets`,
//! `edit_history_tweet_ids` and `note_tweet`. Both are read.
//!
//! An edited post has an id of its own and names those that it replaces. They are taken back as
//! deleted, so that only the newest version is kept, and each version can be deleted by its own id.

use super::PLATFORM;
use super::compliance;
use crate::collect::source::{RejectReason, Rejection};
use crate::model::{Change, Deletion, Item, Kind, RawAuthor};
use jiff::Timestamp;
use serde::Deserialize;

/// Most links that are taken of one post.
const MAX_LINKS: usize = 50;
/// Longest address that is taken.
const MAX_ADDRESS_BYTES: usize = 2048;
/// An edited post has at most five versions.
const MAX_VERSIONS: usize = 10;

/// A line of a stream, an answer of a search, a line of a compliance job.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope {
    pub data: Option<Data>,
    pub includes: Includes,
    pub errors: Vec<Problem>,
    pub meta: Meta,
    /// An error that stands alone has its words at the top.
    title: String,
    connection_issue: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Data {
    Posts(Vec<Post>),
    Post(Box<Post>),
    Compliance(Box<compliance::Event>),
}

impl Envelope {
    /// Takes out the posts and users of an answer.
    pub fn posts(&mut self) -> (Vec<Post>, Vec<User>) {
        let posts = match self.data.take() {
            Some(Data::Posts(posts)) => posts,
            Some(Data::Post(post)) => vec![*post],
            Some(Data::Compliance(_)) | None => Vec::new(),
        };
        (posts, std::mem::take(&mut self.includes.users))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Includes {
    pub users: Vec<User>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Meta {
    pub next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    pub title: String,
    pub disconnect_type: Option<String>,
    /// Of a refused rule: the rule.
    pub value: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct User {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    public_metrics: Metrics,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metrics {
    followers_count: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct Post {
    pub id: String,
    #[serde(default)]
    text: String,
    author_id: Option<String>,
    created_at: Option<Timestamp>,
    lang: Option<String>,
    referenced_tweets: Option<Vec<Reference>>,
    referenced_posts: Option<Vec<Reference>>,
    edit_history_tweet_ids: Option<Vec<String>>,
    edit_history_post_ids: Option<Vec<String>>,
    note_tweet: Option<Note>,
    note_post: Option<Note>,
    entities: Option<Entities>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

/// The whole text of a post that is longer than 280 characters.
#[derive(Debug, Deserialize)]
struct Note {
    text: String,
    entities: Option<Entities>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entities {
    urls: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    url: String,
    expanded_url: Option<String>,
    unwound_url: Option<String>,
}

/// What a line says.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// Changes, the numeric id of the newest post, and how much was read that is paid for.
    Changes {
        changes: Vec<Change>,
        newest: u64,
        posts: usize,
        users: usize,
    },
    /// The server says why it ends the stream. The text is X's name for it.
    Ends(String),
}

/// Reads one line. What it holds was read, and is paid for, whether it is understood or not.
///
/// # Errors
/// No JSON of this shape, or a post without what makes it one.
pub fn adapt(line: &[u8]) -> Result<Said, Rejection> {
    let envelope: Envelope = serde_json::from_slice(line).map_err(|error| {
        Rejection::new(
            RejectReason::Malformed,
            format!("column {}", error.column()),
        )
    })?;
    let (posts, event) = match envelope.data {
        Some(Data::Posts(posts)) => (posts, None),
        Some(Data::Post(post)) => (vec![*post], None),
        Some(Data::Compliance(event)) => (Vec::new(), Some(event)),
        None => return why(&envelope),
    };
    let mut changes = event.map_or(Ok(Vec::new()), |event| event.changes())?;
    let newest = posts.iter().filter_map(|post| number(&post.id)).max();
    let (count, users) = (posts.len(), envelope.includes.users);
    for post in posts {
        changes.extend(changes_of(post, &users)?);
    }
    Ok(Said::Changes {
        changes,
        newest: newest.unwrap_or(0),
        posts: count,
        users: users.len(),
    })
}

fn why(envelope: &Envelope) -> Result<Said, Rejection> {
    let problem = envelope.errors.first();
    let word = problem
        .and_then(|problem| problem.disconnect_type.as_deref())
        .or(envelope.connection_issue.as_deref())
        .or(problem.map(|problem| problem.title.as_str()))
        .or(Some(envelope.title.as_str()))
        .map(plain)
        .filter(|word| !word.is_empty());
    word.map(Said::Ends)
        .ok_or_else(|| incomplete("neither data nor an error"))
}

/// A foreign word for a log: few letters, and nothing else.
pub fn plain(word: &str) -> String {
    let sound = |c: &char| c.is_ascii_alphanumeric() || " -_".contains(*c);
    word.chars().filter(sound).take(64).collect()
}

fn incomplete(detail: &str) -> Rejection {
    Rejection::new(RejectReason::Incomplete, detail)
}

/// The number of an id; `None` for what is no id.
pub fn number(id: &str) -> Option<u64> {
    let sound = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse().ok().filter(|_| sound)
}

/// What a post means: nothing where it only repeats another one.
///
/// # Errors
/// An id or an author that is none.
pub fn changes_of(post: Post, users: &[User]) -> Result<Vec<Change>, Rejection> {
    let references = post.referenced_tweets.or(post.referenced_posts);
    let references = references.unwrap_or_default();
    if references.iter().any(|one| one.kind == "retweeted") {
        return Ok(Vec::new());
    }
    if number(&post.id).is_none() {
        return Err(incomplete("a post without a sound id"));
    }
    let Some(author) = post.author_id.filter(|id| number(id).is_some()) else {
        return Err(incomplete("a post without an author"));
    };
    let parent = references.iter().find(|one| one.kind == "replied_to");
    let kind = match parent {
        Some(_) => Kind::Reply,
        None => Kind::Post,
    };
    let mut item = Item::new(PLATFORM, post.id, kind);
    item.reply_to = parent
        .filter(|parent| number(&parent.id).is_some())
        .map(|parent| parent.id.clone());
    item.published = post.created_at;
    item.lang = post.lang.and_then(language);
    let user = users.iter().find(|user| user.id == author);
    item.audience = user.and_then(|user| user.public_metrics.followers_count);
    let author = author_of(author, users);
    let by = author.handle.as_deref().unwrap_or("i/web");
    item.url = Some(format!("https://x.com/{by}/status/{}", item.id));
    item.author = Some(author);
    let (text, entities) = match post.note_tweet.or(post.note_post) {
        Some(note) => (note.text, note.entities.or(post.entities)),
        None => (post.text, post.entities),
    };
    item.text = unescaped(&text);
    item.links = links(entities.unwrap_or_default());
    let versions = post.edit_history_tweet_ids.or(post.edit_history_post_ids);
    Ok(with_versions(item, versions.unwrap_or_default()))
}

/// A person by the id, named where the answer names everyone.
pub fn author_of(id: String, users: &[User]) -> RawAuthor {
    let user = users.iter().find(|user| user.id == id);
    RawAuthor {
        name: user.and_then(|user| user.name.clone()),
        handle: user.and_then(|user| user.username.clone()),
        id,
    }
}

/// The post, behind the end of those that it replaces. One that was replaced before it came is not
/// taken any more.
fn with_versions(item: Item, versions: Vec<String>) -> Vec<Change> {
    let versions = versions.into_iter().take(MAX_VERSIONS);
    let mut versions: Vec<String> = versions.filter(|id| number(id).is_some()).collect();
    versions.push(item.id.clone());
    versions.sort_by_key(|id| number(id));
    versions.dedup();
    let newest = versions.pop();
    let mut changes: Vec<Change> = versions
        .into_iter()
        .map(|id| {
            Change::Delete(Deletion {
                platform: PLATFORM.to_owned(),
                id,
                at: item.published,
            })
        })
        .collect();
    if newest.as_ref() == Some(&item.id) {
        changes.push(Change::Upsert(Box::new(item)));
    }
    changes
}

/// X has codes of its own for "no words" and "no idea", and the names of two languages that were
/// renamed in 1989.
fn language(code: String) -> Option<String> {
    match code.as_str() {
        "in" => Some("id".to_owned()),
        "iw" => Some("he".to_owned()),
        "und" | "zxx" | "art" => None,
        _ if code.starts_with('q') => None,
        _ => {
            let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
            Some(code).filter(|code| code.len() <= 35 && code.chars().all(sound))
        }
    }
}

/// Texts come with three characters escaped.
pub fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Where the links lead, instead of X's own short addresses.
fn links(entities: Entities) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for address in entities.urls {
        let link = address.unwound_url.or(address.expanded_url);
        let link = link.unwrap_or(address.url);
        let is_address = link.starts_with("https://") || link.starts_with("http://");
        if is_address && link.len() <= MAX_ADDRESS_BYTES && links.len() < MAX_LINKS {
            links.push(link);
        }
    }
    links
}

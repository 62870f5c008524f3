//! What YouTube answers, and what it means.
//!
//! <https://developers.google.com/youtube/v3/docs>: `commentThreads`, `comments`, `videos`, `search`.
//! A comment's text is asked for as plain text; the original is there for its author only.

use super::PLATFORM;
use crate::collect::source::{RejectReason, Rejection};
use crate::model::{Item, Kind, RawAuthor};
use jiff::Timestamp;
use serde::Deserialize;

/// Longest id that is taken; those of replies have about fifty letters.
const MAX_ID_BYTES: usize = 128;

/// A list of any kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    #[serde(default)]
    pub items: Vec<serde_json::Value>,
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Why YouTube refuses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    error: RefusalBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RefusalBody {
    errors: Vec<RefusalReason>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RefusalReason {
    reason: String,
}

impl Refusal {
    /// YouTube's word for it, such as `quotaExceeded`.
    pub fn reason(&self) -> &str {
        self.error.errors.first().map_or("", |one| &one.reason)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: String,
    snippet: ThreadSnippet,
    #[serde(default)]
    replies: Option<Replies>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadSnippet {
    top_level_comment: Comment,
    #[serde(default)]
    total_reply_count: u64,
}

#[derive(Debug, Deserialize)]
struct Replies {
    #[serde(default)]
    comments: Vec<Comment>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: String,
    snippet: CommentSnippet,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentSnippet {
    video_id: Option<String>,
    parent_id: Option<String>,
    #[serde(default)]
    text_display: String,
    text_original: Option<String>,
    author_display_name: Option<String>,
    author_channel_id: Option<ChannelId>,
    published_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct ChannelId {
    value: String,
}

#[derive(Debug, Deserialize)]
struct Video {
    id: String,
    snippet: VideoSnippet,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VideoSnippet {
    channel_id: String,
    #[serde(default)]
    channel_title: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    published_at: Option<Timestamp>,
    default_audio_language: Option<String>,
    default_language: Option<String>,
}

/// A thread: its comments, and whether there are more replies than came with it.
#[derive(Debug)]
pub struct Talk {
    pub id: String,
    pub comments: Vec<Result<Item, Rejection>>,
    pub replies: u64,
    pub is_whole: bool,
}

/// Reads a thread of comments.
///
/// # Errors
/// Something else.
pub fn thread(value: serde_json::Value) -> Result<Talk, Rejection> {
    let thread: Thread = read(value)?;
    let video = thread.snippet.top_level_comment.snippet.video_id.clone();
    let replies = thread.replies.map(|replies| replies.comments);
    let replies = replies.unwrap_or_default();
    let is_whole = replies.len() as u64 >= thread.snippet.total_reply_count;
    let mut comments = vec![comment_item(
        thread.snippet.top_level_comment,
        video.as_deref(),
    )];
    comments.extend(
        replies
            .into_iter()
            .map(|reply| comment_item(reply, video.as_deref())),
    );
    Ok(Talk {
        id: thread.id,
        comments,
        replies: thread.snippet.total_reply_count,
        is_whole,
    })
}

/// Reads a comment or reply.
///
/// # Errors
/// Something else, or one without id.
pub fn comment(value: serde_json::Value) -> Result<Item, Rejection> {
    comment_item(read(value)?, None)
}

fn comment_item(comment: Comment, video: Option<&str>) -> Result<Item, Rejection> {
    let Comment { id, snippet } = comment;
    let mut item = Item::new(PLATFORM, sound(id)?, Kind::Comment);
    let video = snippet.video_id.as_deref().or(video);
    item.published = snippet.published_at;
    item.edited = snippet
        .updated_at
        .filter(|at| snippet.published_at.is_none_or(|published| *at > published));
    item.text = snippet.text_original.unwrap_or(snippet.text_display);
    item.reply_to = snippet
        .parent_id
        .or_else(|| video.map(str::to_owned))
        .and_then(|id| sound(id).ok());
    item.url = video
        .filter(|video| is_sound(video))
        .map(|video| format!("https://www.youtube.com/watch?v={video}&lc={}", item.id));
    item.author = snippet.author_channel_id.map(|channel| RawAuthor {
        id: channel.value,
        handle: snippet
            .author_display_name
            .as_deref()
            .and_then(|name| name.strip_prefix('@'))
            .map(str::to_owned),
        name: snippet.author_display_name,
    });
    Ok(item)
}

/// Reads a video.
///
/// # Errors
/// Something else, or one without id.
pub fn video(value: serde_json::Value) -> Result<Item, Rejection> {
    let Video { id, snippet } = read(value)?;
    let mut item = Item::new(PLATFORM, sound(id)?, Kind::Video);
    item.published = snippet.published_at;
    item.title = Some(snippet.title).filter(|title| !title.is_empty());
    item.text = snippet.description;
    item.lang = snippet.default_audio_language.or(snippet.default_language);
    item.site = Some("youtube.com".to_owned());
    item.url = Some(address_of(&item.id));
    item.author = Some(RawAuthor {
        id: snippet.channel_id,
        handle: None,
        name: Some(snippet.channel_title).filter(|title| !title.is_empty()),
    });
    Ok(item)
}

/// The id of a found video.
pub fn found(value: &serde_json::Value) -> Option<String> {
    let id = value.get("id")?.get("videoId")?.as_str()?;
    is_sound(id).then(|| id.to_owned())
}

/// The id that an item of a list bears, where it is a text.
pub fn id_of(value: &serde_json::Value) -> Option<&str> {
    value.get("id")?.as_str()
}

fn address_of(video: &str) -> String {
    format!("https://www.youtube.com/watch?v={video}")
}

fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, Rejection> {
    // What the library says may quote the text.
    serde_json::from_value(value)
        .map_err(|_| Rejection::new(RejectReason::Malformed, "not what was asked for"))
}

/// Whether this can be an id of YouTube, and stand in an address.
pub fn is_sound(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.chars().all(plain)
}

fn sound(id: String) -> Result<String, Rejection> {
    match is_sound(&id) {
        true => Ok(id),
        false => Err(Rejection::new(RejectReason::Incomplete, "no sound id")),
    }
}

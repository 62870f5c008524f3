//! From a mail's bytes to its words, and from a digest's words to its entries. Pure.

use super::polled::hash;
use super::source::{RejectReason, Rejection};
use crate::model::RawAuthor;
use crate::text::{head, link};
use jiff::Timestamp;
use mail_parser::{Address, MessageParser, PartType};
use url::Url;

/// Longest body that is read.
const MAX_BODY_BYTES: usize = 512 * 1024;
/// Longest subject, name or id.
const MAX_FIELD_BYTES: usize = 1024;
/// Entries of one digest.
const MAX_ENTRIES: usize = 200;
/// Fewer blocks with an address are a mail with links in it.
const MIN_ENTRIES: usize = 3;
/// A shorter headline is "weiterlesen" or a number.
const MIN_HEADLINE_CHARS: usize = 15;

/// What a mail says.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Message-ID, or a hash of the mail where it has none.
    pub id: String,
    pub subject: Option<String>,
    pub date: Option<Timestamp>,
    pub from: Option<RawAuthor>,
    /// Plain text; empty where there is only HTML.
    pub text: String,
    pub html: String,
}

/// Reads a mail.
///
/// # Errors
/// Bytes that are no mail, a mail without words.
pub fn read(bytes: &[u8]) -> Result<Mail, Rejection> {
    let malformed = || Rejection::new(RejectReason::Malformed, "no mail");
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(malformed)?;
    let body = |part: Option<&mail_parser::MessagePart<'_>>, html: bool| match part.map(|p| &p.body)
    {
        Some(PartType::Text(text)) if !html => head(text, MAX_BODY_BYTES).to_owned(),
        Some(PartType::Html(text)) if html => head(text, MAX_BODY_BYTES).to_owned(),
        _ => String::new(),
    };
    let text = body(message.text_part(0), false);
    let html = match text.trim().is_empty() {
        true => body(message.html_part(0), true),
        false => String::new(),
    };
    let subject = message
        .subject()
        .map(|subject| head(subject, MAX_FIELD_BYTES).to_owned());
    if text.trim().is_empty() && html.trim().is_empty() && subject.is_none() {
        let why = "a mail without subject and text";
        return Err(Rejection::new(RejectReason::Incomplete, why));
    }
    let id = message
        .message_id()
        .map(|id| head(id, MAX_FIELD_BYTES).to_owned());
    Ok(Mail {
        id: id.unwrap_or_else(|| hash(&[&String::from_utf8_lossy(bytes)])),
        subject,
        date: message
            .date()
            .and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()),
        from: message.from().and_then(sender),
        text,
        html,
    })
}

fn sender(from: &Address<'_>) -> Option<RawAuthor> {
    let first = from.first()?;
    let address = head(first.address()?, MAX_FIELD_BYTES).to_owned();
    Some(RawAuthor {
        id: address.to_lowercase(),
        handle: Some(address),
        name: first
            .name()
            .map(|name| head(name, MAX_FIELD_BYTES).to_owned()),
    })
}

impl Mail {
    /// The entries of a digest: address, headline, and what else is said. Empty for other mails.
    pub fn entries(&self) -> Vec<(Url, String, String)> {
        let text = self.text.replace("\r\n", "\n");
        let blocks = text.split("\n\n").filter_map(entry);
        let entries: Vec<_> = blocks.take(MAX_ENTRIES).collect();
        match entries.len() >= MIN_ENTRIES {
            true => entries,
            false => Vec::new(),
        }
    }
}

/// A block of lines with one web address and a headline before it.
fn entry(block: &str) -> Option<(Url, String, String)> {
    let mut urls = Vec::new();
    let mut lines = Vec::new();
    for line in block.lines() {
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            let bare = word.trim_matches(['<', '>', '(', ')', '[', ']', ',', ';']);
            match bare.starts_with("https://") || bare.starts_with("http://") {
                true => urls.push(link::identity(bare)?),
                false => words.push(word),
            }
        }
        if !words.is_empty() {
            lines.push(words.join(" "));
        }
    }
    urls.dedup();
    let mut lines = lines.into_iter();
    let headline = lines.next()?;
    let [url] = <[Url; 1]>::try_from(urls).ok()?;
    let is_headline = headline.chars().count() >= MIN_HEADLINE_CHARS;
    let rest = lines.collect::<Vec<_>>().join("\n");
    is_headline.then(|| (url, head(&headline, MAX_FIELD_BYTES).to_owned(), rest))
}

//! What a Mastodon server sends, and what we make of it. Pure.
//!
//! A server repeats what servers all over the world told it: nothing here is believed because the
//! instance says it. What an account does not want (see [`opted_out`]) ends in this file.

use super::PLATFORM;
use super::stream::Payload;
use crate::collect::source::{RejectReason, Rejection};
use crate::model::{Change, Deletion, Item, Kind, RawAuthor};
use crate::text::markup;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Longest id and address, in bytes.
const MAX_ADDRESS_BYTES: usize = 2048;
/// Longest number that a server gives an item.
const MAX_ID_BYTES: usize = 64;
/// Words with which people say on their profile that no programme shall read them.
const OPT_OUTS: [&str; 4] = ["nobot", "nobots", "noindex", "noarchive"];

/// A status, as far as it is read. Whatever is odd in a part that is not needed costs nothing.
#[derive(Debug, Deserialize)]
struct Status {
    id: String,
    uri: String,
    url: Option<String>,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    language: Option<String>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    spoiler_text: String,
    visibility: String,
    in_reply_to_id: Option<Value>,
    account: Account,
    reblog: Option<Value>,
    #[serde(default)]
    mentions: Vec<Mentioned>,
    poll: Option<Poll>,
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
struct Account {
    /// The profile's address: the same on every server.
    url: String,
    acct: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    note: String,
    noindex: Option<bool>,
    indexable: Option<bool>,
    followers_count: Option<i64>,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct Mentioned {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Poll {
    #[serde(default)]
    options: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Card {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Notification {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    status: Option<Value>,
}

/// Whose statuses these are, and who reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Host (and port) of the instance: its numbers are its own.
    pub host: String,
    /// Profile address of the account that the token is of.
    pub own: Option<String>,
}

/// One status or notification, read.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The server's number for it, where that is a place in its timeline.
    pub id: Option<String>,
    /// When it was written; `None` where nothing is taken of it.
    pub written: Option<Timestamp>,
    /// `None` for what is of no interest or not to be read.
    pub change: Option<Change>,
}

impl Reader {
    /// What an event of a stream means, of the own account's stream or of a public one.
    ///
    /// # Errors
    /// What is not what the event's name says.
    pub fn told(&self, own: bool, name: &str, payload: Payload) -> Result<Read, Rejection> {
        match (name, payload) {
            ("delete", Payload::Text(id)) => Ok(Read {
                change: Some(self.deletion(&id)?),
                ..Read::default()
            }),
            ("notification", Payload::Entity(entity)) if own => self.notification(entity),
            // An edit, by the number of its status, which is no place among notifications.
            ("status.update", Payload::Entity(entity)) if own => Ok(Read {
                id: None,
                ..self.message(entity)?
            }),
            ("update" | "status.update", Payload::Entity(entity)) if !own => self.status(entity),
            _ => Ok(Read::default()),
        }
    }

    /// A status of a public timeline.
    ///
    /// # Errors
    /// What is no status.
    pub fn status(&self, status: Value) -> Result<Read, Rejection> {
        let status = parse(status)?;
        let change = match (&status.reblog, status.visibility.as_str()) {
            // Who hands on says nothing of their own, and the original comes by itself.
            (Some(_), _) => None,
            (None, "public" | "unlisted") if !status.account.opted_out() => {
                Some(Change::Upsert(Box::new(self.item(&status)?)))
            }
            // Taken up before the author said no: what we have goes.
            (None, "public" | "unlisted") if status.edited_at.is_some() => {
                Some(deletion(status.uri.clone()))
            }
            _ => None,
        };
        Ok(Read {
            written: change.is_some().then_some(status.created_at),
            id: Some(status.id),
            change,
        })
    }

    /// A status that names the own account: a message to the house, whoever else may read it. The
    /// author wrote to us, so an opt-out of being collected does not count.
    ///
    /// # Errors
    /// What is no status.
    pub fn message(&self, status: Value) -> Result<Read, Rejection> {
        let status = parse(status)?;
        let change = match status.reblog.is_none() && self.is_addressed(&status) {
            true => {
                let mut item = self.item(&status)?;
                item.kind = Kind::Message;
                // The same words may also be a public statement, which is kept apart.
                item.aliases.push(item.id.clone());
                item.id = format!("message:{}", item.id);
                Some(Change::Upsert(Box::new(item)))
            }
            false => None,
        };
        Ok(Read {
            written: change.is_some().then_some(status.created_at),
            id: Some(status.id),
            change,
        })
    }

    /// A notification; only those of mentions are messages. Its number is one of notifications.
    ///
    /// # Errors
    /// What is no notification.
    pub fn notification(&self, notification: Value) -> Result<Read, Rejection> {
        let told: Notification = serde_json::from_value(notification).map_err(|_| malformed())?;
        let id = Some(sound_id(told.id)?);
        match (told.kind.as_str(), told.status) {
            ("mention", Some(status)) => Ok(Read {
                id,
                ..self.message(status)?
            }),
            _ => Ok(Read {
                id,
                ..Read::default()
            }),
        }
    }

    /// The server's word that a status is gone: it tells only its own number.
    ///
    /// # Errors
    /// What is no number of a status.
    pub fn deletion(&self, id: &str) -> Result<Change, Rejection> {
        let id = sound_id(id.trim().trim_matches('"').to_owned())?;
        Ok(deletion(self.alias(&id)))
    }

    fn alias(&self, id: &str) -> String {
        format!("{}#{id}", self.host)
    }

    fn is_addressed(&self, status: &Status) -> bool {
        let Some(own) = &self.own else { return false };
        let names_us = |mentioned: &Mentioned| mentioned.url.as_ref() == Some(own);
        status.account.url != *own && status.mentions.iter().any(names_us)
    }

    fn item(&self, status: &Status) -> Result<Item, Rejection> {
        let account = &status.account;
        if !is_web(&status.uri) || !is_web(&account.url) {
            return Err(incomplete(
                "a status without a web address as its id or author",
            ));
        }
        let kind = match status.in_reply_to_id {
            Some(_) => Kind::Reply,
            None => Kind::Post,
        };
        let mut item = Item::new(PLATFORM, status.uri.clone(), kind);
        item.published = Some(status.created_at);
        item.edited = status.edited_at;
        item.lang = status.language.clone().filter(|tag| is_language(tag));
        item.html = body(status);
        let page = status.url.clone().filter(|url| is_web(url));
        item.url = page.or_else(|| Some(status.uri.clone()));
        let card = status.card.as_ref().and_then(|card| card.url.clone());
        item.links = card.filter(|url| is_web(url)).into_iter().collect();
        item.author = Some(RawAuthor {
            id: account.url.clone(),
            handle: Some(self.handle(account)),
            name: Some(account.display_name.clone()).filter(|name| !name.is_empty()),
        });
        item.audience = account
            .followers_count
            .and_then(|count| u64::try_from(count).ok());
        item.aliases = vec![self.alias(&status.id)];
        Ok(item)
    }

    /// `name@host`, also for accounts of this instance.
    fn handle(&self, account: &Account) -> String {
        match account.acct.contains('@') {
            true => account.acct.clone(),
            false => format!("{}@{}", account.acct, self.host),
        }
    }
}

impl Account {
    /// Whether the account has said that it does not want to be collected: by a switch of its
    /// software, or in words on its profile.
    fn opted_out(&self) -> bool {
        if self.noindex == Some(true) || self.indexable == Some(false) {
            return true;
        }
        let fields = self.fields.iter();
        let profile = fields.flat_map(|field| [&field.name, &field.value]);
        let mut profile = profile.chain([&self.note, &self.display_name]);
        profile.any(|text| says_no(text))
    }
}

/// Whether a text of a profile has one of the [`OPT_OUTS`] as a hashtag, which HTML may cut in two.
fn says_no(text: &str) -> bool {
    if !text.contains('#') {
        return false;
    }
    let plain = markup::strip(text).text.to_lowercase();
    plain.match_indices('#').any(|(at, _)| {
        let rest = plain[at + 1..].trim_start_matches(['#', '\u{200b}']);
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        OPT_OUTS.contains(&word.as_str())
    })
}

/// The warning above the text is a part of what is said, and so are the choices of a poll.
fn body(status: &Status) -> String {
    let choices = status.poll.iter().flat_map(|poll| &poll.options);
    let choices = choices.filter_map(|choice| choice.title.as_deref());
    let plain = [status.spoiler_text.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty());
    let paragraph = |text: &str| format!("<p>{}</p>", html_escape::encode_text(text));
    let mut html: String = plain.map(paragraph).collect();
    html.push_str(&status.content);
    html.extend(choices.map(paragraph));
    html
}

fn parse(status: Value) -> Result<Status, Rejection> {
    let mut status: Status = serde_json::from_value(status).map_err(|_| malformed())?;
    status.id = sound_id(status.id)?;
    Ok(status)
}

fn deletion(id: String) -> Change {
    Change::Delete(Deletion {
        platform: PLATFORM.to_owned(),
        id,
        at: None,
    })
}

/// It becomes a part of addresses.
fn sound_id(id: String) -> Result<String, Rejection> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match (1..=MAX_ID_BYTES).contains(&id.len()) && id.chars().all(plain) {
        true => Ok(id),
        false => Err(incomplete("an id of strange letters")),
    }
}

fn is_web(address: &str) -> bool {
    let web = address.starts_with("https://") || address.starts_with("http://");
    web && address.len() <= MAX_ADDRESS_BYTES
}

fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Without what stood there.
fn malformed() -> Rejection {
    Rejection::new(RejectReason::Malformed, "no status as Mastodon has it")
}

fn incomplete(detail: &str) -> Rejection {
    Rejection::new(RejectReason::Incomplete, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_outs_are_found_however_the_profile_is_written() {
        let check = |text: &str, expected: bool| assert_eq!(says_no(text), expected, "{text}");
        check("<p>Ich. #nobot</p>", true);
        check(
            r##"<a href="https://x.example/tags/NoBot">#<span>NoBot</span></a>"##,
            true,
        );
        check("#NOINDEX, #fedi22", true);
        check("#nobots", true);
        check("#\u{200b}noarchive", true);
        check("no bots please", false);
        check("#nobotany", false);
        check("nobot", false);
        check("#", false);
    }
}

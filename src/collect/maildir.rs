//! Press digests that come by mail, from a Maildir of their own.
//!
//! Format: <https://cr.yp.to/proto/maildir.html>. The mail server (or a fetcher such as `getmail` or
//! `mbsync` for IMAP) puts the mails there; this house only reads, and neither moves nor deletes.
//!
//! * A mail is read once, by the part of its file's name that stays. Those of the last
//!   [`MAX_KNOWN`] are remembered; a look reads [`MAX_MAILS`] new ones at most, the oldest first.
//! * A digest is split where its plain text says how: three or more blocks with one web address each,
//!   the headline first. Each becomes the article at that address, and is the same mention as in that
//!   publisher's feed. Every other mail is one message.
//! * Mails above [`MAX_MAIL_BYTES`] are refused. Not collected: attachments, recipients, threads.
//! * Permission: whoever subscribed to a digest may read it; its terms say who else. This is no place
//!   for a mailbox that people write to: what stands there is not public.

use super::feed_read::PLATFORM;
use super::maildir_read::{Mail, read};
use super::polled::hash;
use super::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use crate::model::{Change, Cursor, Item, Kind};
use crate::text::link;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MIN_EVERY_SECS: u64 = 10;
/// Largest mail.
pub const MAX_MAIL_BYTES: u64 = 5 * 1024 * 1024;
/// Mails of one look.
pub const MAX_MAILS: usize = 100;
/// Mails that are remembered.
pub const MAX_KNOWN: usize = 5_000;
/// Files of one directory that are looked at.
const MAX_FILES: usize = 100_000;

/// `[source.<name>]` with `kind = "maildir"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaildirConfig {
    /// The Maildir: the directory that holds `new` and `cur`.
    pub path: PathBuf,
    /// Seconds between two looks, at least 10.
    #[serde(default = "default_every_secs")]
    pub every_secs: u64,
}

fn default_every_secs() -> u64 {
    60
}

/// One Maildir.
#[derive(Debug, Clone)]
pub struct Maildir {
    name: String,
    path: PathBuf,
    every: Duration,
}

impl Maildir {
    /// Checks the settings; the directory may come later.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(name: &str, config: &MaildirConfig) -> Result<Self, String> {
        if config.every_secs < MIN_EVERY_SECS {
            return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
        }
        Ok(Self {
            name: name.to_owned(),
            path: config.path.clone(),
            every: Duration::from_secs(config.every_secs),
        })
    }
}

impl Source for Maildir {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll { every: self.every }
    }

    /// The mails wait.
    fn catches_up(&self) -> bool {
        true
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let path = self.path.clone();
        Box::pin(async_stream::try_stream! {
            let mut known = Known::read(resume.as_ref());
            let before = known.clone();
            for (file, key) in apart({
                let known = known.clone();
                move || new_mails(&path, &known)
            }).await? {
                match apart(move || adapt(&file)).await {
                    Ok(items) => {
                        for item in items {
                            let change = Change::Upsert(Box::new(item));
                            yield Collected::now(Event::Change(change), None);
                        }
                    }
                    // Somebody else's program moved or deleted it: it has another name, or is gone.
                    Err(Fault::Moved) => continue,
                    Err(Fault::Rejected(rejection)) => {
                        yield Collected::now(Event::Rejected(rejection), None);
                    }
                    Err(Fault::Io(why)) => Err(SourceError::Transient(why))?,
                }
                known.add(key);
            }
            let cursor = Some(known).filter(|known| *known != before).and_then(|known| known.write());
            yield Collected::now(Event::Nothing, cursor);
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let path = self.path.clone();
        async move {
            match apart(move || new_mails(&path, &Known::default())).await {
                Ok(_) => Standing::Works,
                Err(fault) => Standing::Unreachable(fault.to_string()),
            }
        }
        .boxed()
    }
}

/// The cursor: hashes of the names of the mails that were read, the latest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    mails: Vec<String>,
}

impl Known {
    fn read(cursor: Option<&Cursor>) -> Self {
        cursor
            .and_then(|cursor| serde_json::from_str(&cursor.0).ok())
            .unwrap_or_default()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    fn add(&mut self, key: String) {
        self.mails.push(key);
        let surplus = self.mails.len().saturating_sub(MAX_KNOWN);
        self.mails.drain(..surplus);
    }
}

/// Why a mail, or the directory, could not be read.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("moved")]
    Moved,
    #[error("{0}")]
    Rejected(Rejection),
    #[error("{0}")]
    Io(String),
}

impl From<Fault> for SourceError {
    fn from(fault: Fault) -> Self {
        SourceError::Transient(fault.to_string())
    }
}

/// File and parser work, off the async threads.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        let why = "a mail that the reader breaks down on";
        Err(Fault::Rejected(Rejection::new(
            RejectReason::Malformed,
            why,
        )))
    })
}

/// The mails that were not read yet, with the hashes of their names; the oldest first.
fn new_mails(path: &Path, known: &Known) -> Result<Vec<(PathBuf, String)>, Fault> {
    let known: HashSet<&str> = known.mails.iter().map(String::as_str).collect();
    let mut found: Vec<(SystemTime, PathBuf, String)> = Vec::new();
    for part in ["new", "cur"] {
        let dir = path.join(part);
        let told = |error: std::io::Error| Fault::Io(format!("{}: {error}", dir.display()));
        for entry in std::fs::read_dir(&dir).map_err(told)?.take(MAX_FILES) {
            let entry = entry.map_err(told)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
                continue;
            };
            // What comes behind the colon changes: flags such as "seen".
            let key = hash(&[name.split(':').next().unwrap_or(name)]);
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file {
                let since = entry.metadata().and_then(|data| data.modified());
                found.push((since.unwrap_or(SystemTime::UNIX_EPOCH), entry.path(), key));
            }
        }
    }
    // Of a full mailbox the latest count, as far as they can be remembered.
    found.sort();
    let surplus = found.len().saturating_sub(MAX_KNOWN);
    let latest = found
        .into_iter()
        .skip(surplus)
        .map(|(_, path, key)| (path, key));
    let new = latest.filter(|(_, key)| !known.contains(key.as_str()));
    Ok(new.take(MAX_MAILS).collect())
}

fn adapt(file: &Path) -> Result<Vec<Item>, Fault> {
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::Moved,
        _ => Fault::Io(format!("{}: {error}", file.display())),
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(told)?;
    opened
        .take(MAX_MAIL_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    read_mail(&bytes).map_err(Fault::Rejected)
}

fn read_mail(bytes: &[u8]) -> Result<Vec<Item>, Rejection> {
    if bytes.len() as u64 > MAX_MAIL_BYTES {
        let why = format!("a mail larger than {MAX_MAIL_BYTES} bytes");
        return Err(Rejection::new(RejectReason::TooLarge, why));
    }
    let mail = read(bytes)?;
    let articles: Vec<Item> = mail
        .entries()
        .into_iter()
        .map(|(url, headline, rest)| {
            let mut item = Item::new(PLATFORM, url.as_str(), Kind::Article);
            item.published = mail.date;
            item.title = Some(headline);
            item.text = rest;
            item.site = Some(link::site(&url).to_owned());
            item.url = Some(url.into());
            item
        })
        .collect();
    match articles.is_empty() {
        false => Ok(articles),
        true => Ok(vec![message(mail)]),
    }
}

fn message(mail: Mail) -> Item {
    let mut item = Item::new("mail", mail.id, Kind::Message);
    item.published = mail.date;
    item.title = mail.subject;
    item.text = mail.text;
    item.html = mail.html;
    item.author = mail.from;
    item
}

/// What the bytes of a mail say, read as they would be from a Maildir.
pub fn read_bytes(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    match read_mail(bytes) {
        Ok(items) => items
            .into_iter()
            .map(|item| Ok(Change::Upsert(Box::new(item))))
            .collect(),
        Err(rejection) => vec![Err(rejection)],
    }
}

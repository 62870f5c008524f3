//! Mails as files: a maildir (<https://cr.yp.to/proto/maildir.html>) of `.eml` files that any mail
//! program, or a double click, opens. The default, for it needs no server.

use super::notifier::{ComposedMail, Notifier, NotifyError};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Longest file name that we make of a Message-ID, without its ending.
const NAME_BYTES: usize = 180;

/// A maildir with `new`, `cur` and `tmp`.
#[derive(Debug, Clone)]
pub struct Maildir {
    dir: PathBuf,
}

impl Maildir {
    /// Opens the maildir, creates it where there is none, and clears what a crash left half
    /// written.
    ///
    /// # Errors
    /// A directory that cannot be made or read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        for part in ["new", "cur", "tmp"] {
            fs::create_dir_all(dir.join(part))?;
        }
        for entry in fs::read_dir(dir.join("tmp"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "eml") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Where a mail of this name lies now: a mail program may have moved it to `cur`.
    fn find(&self, name: &str) -> io::Result<Option<PathBuf>> {
        let fresh = self.dir.join("new").join(name);
        if fresh.exists() {
            return Ok(Some(fresh));
        }
        for entry in fs::read_dir(self.dir.join("cur"))? {
            let entry = entry?;
            let found = entry.file_name();
            let found = found.to_string_lossy();
            if found.split(':').next() == Some(name) {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }

    /// Writes beside and renames, each step durable: there is never half a mail.
    fn write(&self, name: &str, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.dir.join("tmp").join(name);
        let mut file = fs::File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        match path.parent() {
            Some(parent) => fs::File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    fn deliver(&self, mail: &ComposedMail) -> io::Result<()> {
        let name = file_name(&mail.message_id);
        let path = match self.find(&name)? {
            Some(path) => path,
            None => self.dir.join("new").join(&name),
        };
        self.write(&name, &path, &mail.bytes)
    }

    fn replace(&self, mail: &ComposedMail) -> io::Result<bool> {
        let name = file_name(&mail.message_id);
        match self.find(&name)? {
            Some(path) if fs::read(&path)? != mail.bytes => {
                self.write(&name, &path, &mail.bytes)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Runs file work off the async threads.
    fn act<'a, T: Send + 'static>(
        &'a self,
        mail: &'a ComposedMail,
        work: fn(&Maildir, &ComposedMail) -> io::Result<T>,
    ) -> BoxFuture<'a, Result<T, NotifyError>> {
        let (maildir, mail) = (self.clone(), mail.clone());
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(&maildir, &mail)).await {
                Ok(Ok(done)) => Ok(done),
                Ok(Err(error)) => Err(NotifyError::Retry(format!(
                    "the maildir cannot be written: {error}"
                ))),
                Err(error) => Err(NotifyError::Retry(error.to_string())),
            }
        })
    }
}

/// Files of mails that none of these Message-IDs names, and drafts that a crash left: they hold what
/// can be redacted no more. A maildir that is not there holds none.
///
/// # Errors
/// A directory that cannot be read.
pub fn strangers(dir: &Path, message_ids: &[String]) -> io::Result<Vec<PathBuf>> {
    let known: BTreeSet<String> = message_ids.iter().map(|id| file_name(id)).collect();
    let mut strangers = Vec::new();
    for part in ["new", "cur", "tmp"] {
        let entries = match fs::read_dir(dir.join(part)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let name = name.split(':').next().unwrap_or_default();
            // A mail directory may be somebody's: what we do not write is none of our business.
            if name.ends_with(".eml") && (part == "tmp" || !known.contains(name)) {
                strangers.push(entry.path());
            }
        }
    }
    strangers.sort();
    Ok(strangers)
}

impl Notifier for Maildir {
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> BoxFuture<'a, Result<(), NotifyError>> {
        self.act(mail, Maildir::deliver)
    }

    fn keeps_mails(&self) -> bool {
        true
    }

    fn redact<'a>(&'a self, mail: &'a ComposedMail) -> BoxFuture<'a, Result<bool, NotifyError>> {
        self.act(mail, Maildir::replace)
    }
}

/// The Message-ID as a file name: a repeat overwrites and does not double.
fn file_name(message_id: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let name: String = message_id
        .trim_matches(['<', '>', '.'])
        .chars()
        .take(NAME_BYTES)
        .map(|c| if safe(c) { c } else { '_' })
        .collect();
    format!("{name}.eml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(bytes: &str) -> ComposedMail {
        ComposedMail {
            message_id: "<case-1.alert.1@a.example>".into(),
            envelope: lettre::address::Envelope::new(None, vec!["a@b.example".parse().unwrap()])
                .unwrap(),
            bytes: bytes.into(),
        }
    }

    fn files(dir: &Path, part: &str) -> Vec<(String, String)> {
        let mut found: Vec<_> = fs::read_dir(dir.join(part))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        found.sort();
        found
    }

    #[tokio::test]
    async fn a_repeat_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(dir.path()).unwrap();
        maildir.send(&mail("one")).await.unwrap();
        maildir.send(&mail("two")).await.unwrap();
        let expected = ("case-1.alert.1@a.example.eml".to_owned(), "two".to_owned());
        assert_eq!(files(dir.path(), "new"), [expected]);
        assert!(files(dir.path(), "tmp").is_empty());
    }

    #[tokio::test]
    async fn a_read_mail_is_redacted_where_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(dir.path()).unwrap();
        maildir.send(&mail("with")).await.unwrap();
        let read = dir.path().join("cur/case-1.alert.1@a.example.eml:2,S");
        fs::rename(dir.path().join("new/case-1.alert.1@a.example.eml"), &read).unwrap();
        maildir.redact(&mail("without")).await.unwrap();
        assert_eq!(fs::read_to_string(&read).unwrap(), "without");
        assert!(files(dir.path(), "new").is_empty());
    }

    #[tokio::test]
    async fn a_mail_that_was_thrown_away_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(dir.path()).unwrap();
        maildir.redact(&mail("without")).await.unwrap();
        assert!(files(dir.path(), "new").is_empty());
    }

    #[tokio::test]
    async fn what_a_crash_left_half_written_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        Maildir::open(dir.path()).unwrap();
        fs::write(dir.path().join("tmp/case-1.eml"), "half").unwrap();
        Maildir::open(dir.path()).unwrap();
        assert!(files(dir.path(), "tmp").is_empty());
    }

    #[tokio::test]
    async fn a_lost_directory_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(dir.path()).unwrap();
        fs::remove_dir_all(dir.path().join("tmp")).unwrap();
        let outcome = maildir.send(&mail("one")).await;
        assert!(matches!(outcome, Err(NotifyError::Retry(_))));
    }

    #[test]
    fn file_names_stay_in_their_directory() {
        assert_eq!(file_name("<../../etc/x:y@z>"), "_.._etc_x_y@z.eml");
        assert!(file_name(&"ä".repeat(5000)).len() <= NAME_BYTES + 4);
    }
}

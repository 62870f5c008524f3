//! A Maildir. Nothing is asked over a network here, so that most faults cannot be: what is left is what
//! may lie in a folder.

use super::{Fault, Kind, Neighbour};
use resonanz::collect::maildir::{MAX_MAIL_BYTES, Maildir, MaildirConfig};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

pub struct Mails;

/// The folder, gone when dropped.
struct Folder(#[allow(dead_code)] tempfile::TempDir);

impl Neighbour for Folder {
    /// It is read without a word.
    fn asked(&self) -> usize {
        1
    }
}

fn put(dir: &Path, name: &str, number: i64) {
    let mail = format!(
        "Message-ID: <{number}@verband.example>\r\nSubject: {number}\r\nFrom: erika@verband.example\r\n\
         Date: Mon, 23 Nov 2026 08:00:00 +0100\r\n\r\nWorte der {number}. Mail.\r\n"
    );
    fs::write(dir.join("new").join(name), mail).unwrap();
}

impl Kind for Mails {
    const TAKES_TURNS: bool = false;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn Neighbour>, String)> {
        let dir = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        let odd = |after: usize, bytes: u64| {
            let file = dir
                .path()
                .join("new")
                .join(format!("{:03}.odd", after * 10));
            File::create(file).unwrap().set_len(bytes).unwrap();
        };
        let mut numbers: Vec<i64> = (1..=count).collect();
        match fault {
            Fault::None => {}
            Fault::Unreadable(after) => odd(after, 0),
            Fault::Huge(after) => odd(after, MAX_MAIL_BYTES + 1),
            Fault::Duplicates => numbers.extend(1..=count),
            Fault::Reordered => numbers.reverse(),
            _ => return None,
        }
        for (at, number) in numbers.into_iter().enumerate() {
            put(dir.path(), &format!("{:03}.mail", at * 10 + 5), number);
        }
        let address = dir.path().to_str().unwrap().to_owned();
        Some((Box::new(Folder(dir)), address))
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        let config = MaildirConfig {
            path: address.into(),
            every_secs: 60,
        };
        Box::new(Maildir::new("digest", &config).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("mails only come")
        };
        item.title.as_deref().unwrap().parse().unwrap()
    }
}

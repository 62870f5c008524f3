//! A Maildir that Python's own `mailbox` writes.

use super::look;
use resonanz::collect::maildir::{MAX_MAILS, Maildir, MaildirConfig};
use resonanz::collect::source::{Source, Standing};
use resonanz::model::Kind;
use std::path::Path;
use std::process::Command;

/// Runs a script with `box`, the Maildir, and `mail(subject, text)` at hand. False, said aloud, where
/// there is no Python.
fn python(path: &Path, script: &str) -> bool {
    let before = "import mailbox, sys\nfrom email.message import EmailMessage\nbox = mailbox.Maildir(sys.argv[1])\n\
        def mail(subject, text):\n    m = EmailMessage()\n    m['Subject'] = subject\n    m['From'] = 'Erika Beispiel <erika@verband.example>'\n\
        \x20   m['Date'] = 'Mon, 23 Nov 2026 08:00:00 +0100'\n    m['Message-ID'] = '<%s@verband.example>' % abs(hash(subject))\n\
        \x20   m.set_content(text)\n    return mailbox.MaildirMessage(m)\n";
    let run = Command::new("python3")
        .arg("-c")
        .arg(format!("{before}{script}"))
        .arg(path)
        .status();
    match run {
        Ok(status) => {
            assert!(status.success());
            true
        }
        Err(error) => {
            crate::skipped::skipped(&format!("no Python to write a Maildir ({error})"));
            false
        }
    }
}

fn source(path: &Path) -> Maildir {
    let config = MaildirConfig {
        path: path.to_owned(),
        every_secs: 60,
    };
    Maildir::new("digest", &config).unwrap()
}

#[tokio::test]
async fn mails_are_read_once_wherever_they_are_moved_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box");
    if !python(
        &path,
        "box.add(mail('Erste Mail für Sie', 'Die Ministerin schwieg – übrigens.\\n'))",
    ) {
        return;
    }
    let source = source(&path);
    let first = look(&source, None).await;
    assert_eq!((first.items.len(), first.error), (1, None));
    let item = &first.items[0];
    assert_eq!((item.kind, item.platform.as_str()), (Kind::Message, "mail"));
    assert_eq!(item.title.as_deref(), Some("Erste Mail für Sie"));
    assert_eq!(item.text.trim(), "Die Ministerin schwieg – übrigens.");
    assert_eq!(item.published.unwrap().to_string(), "2026-11-23T07:00:00Z");
    assert!(!first.cursor.as_ref().unwrap().0.contains("verband"));

    // Somebody reads it: it goes from `new` to `cur` and gets a flag. Another one comes.
    let seen = "for key, m in box.items():\n    m.set_subdir('cur')\n    m.set_flags('S')\n    box[key] = m\n";
    python(
        &path,
        &format!("{seen}box.add(mail('Zweite', 'Noch eine.'))"),
    );
    assert!(path.join("cur").read_dir().unwrap().count() == 1);
    let second = look(&source, first.cursor.as_ref()).await;
    let titles: Vec<_> = second
        .items
        .iter()
        .filter_map(|item| item.title.as_deref())
        .collect();
    assert_eq!(titles, ["Zweite"]);
    assert_eq!(look(&source, second.cursor.as_ref()).await.items.len(), 0);
    // Nothing was touched.
    assert_eq!(path.join("new").read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn a_full_mailbox_is_read_in_parts_and_a_large_mail_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box");
    let script = "for i in range(120):\n    box.add(mail('Mail %d' % i, 'Text'))\nbox.add(mail('Groß', 'x' * 6_000_000))\n";
    if !python(&path, script) {
        return;
    }
    let source = source(&path);
    let first = look(&source, None).await;
    assert_eq!(first.items.len() + first.rejected, MAX_MAILS);
    let second = look(&source, first.cursor.as_ref()).await;
    assert_eq!(second.items.len() + second.rejected, 121 - MAX_MAILS);
    assert_eq!(first.rejected + second.rejected, 1);
    assert_eq!(look(&source, second.cursor.as_ref()).await.items.len(), 0);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_said_aloud() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(&dir.path().join("none"));
    assert!(look(&source, None).await.error.is_some());
    assert!(matches!(source.check().await, Standing::Unreachable(_)));
    let config = MaildirConfig {
        path: dir.path().to_owned(),
        every_secs: 9,
    };
    assert!(Maildir::new("digest", &config).is_err());
}

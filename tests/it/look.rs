//! One look at a source, and the signature of what is brought to one.

use futures_util::StreamExt;
use resonanz::collect::source::{Event, Source, SourceError};
use resonanz::model::Cursor;
use std::io::Write;
use std::process::{Command, Stdio};

/// What a look brings, the last position that it tells, and how it fails.
pub async fn look(
    source: &dyn Source,
    resume: Option<Cursor>,
) -> (Vec<Event>, Option<Cursor>, Option<SourceError>) {
    let mut steps = source.open(resume);
    let (mut events, mut cursor, mut failure) = (Vec::new(), None, None);
    while let Some(step) = steps.next().await {
        match step {
            Ok(step) => {
                cursor = step.cursor.or(cursor);
                events.push(step.event);
            }
            Err(error) => failure = Some(error),
        }
    }
    (events, cursor, failure)
}

/// The hexadecimal HMAC of a message behind its digest's name, by OpenSSL; `None`, and a word, where
/// there is none.
pub fn signed(digest: &str, secret: &str, message: &str) -> Option<String> {
    let openssl = Command::new("openssl")
        .args(["dgst", &format!("-{digest}"), "-hmac", secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut openssl) = openssl else {
        crate::skipped::skipped("no openssl to sign with");
        return None;
    };
    let mut input = openssl.stdin.take().unwrap();
    input.write_all(message.as_bytes()).unwrap();
    drop(input);
    let out = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    Some(format!(
        "{digest}={}",
        out.rsplit(' ').next().unwrap().trim()
    ))
}

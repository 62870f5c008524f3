//! The seam between the desk and the ways a mail leaves the house.

use futures_util::future::BoxFuture;
use lettre::address::Envelope;

/// A finished mail: what the wire and the disk get.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposedMail {
    /// With angle brackets; a repeat of the mail has the same one.
    pub message_id: String,
    /// Sender and recipient of the transport.
    pub envelope: Envelope,
    /// Headers and body (RFC 5322), CRLF.
    pub bytes: Vec<u8>,
}

/// Why a mail was not accepted. The text is for operators and holds nothing of the mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Server away, busy, refusing us, or a full disk: later it may work.
    #[error("{0}")]
    Retry(String),
    /// The server refused this very mail for good.
    #[error("{0}")]
    Permanent(String),
}

/// Something that takes mails. It does not retry, wait or log: `sender` does.
pub trait Notifier: Send + Sync {
    /// Hands a mail over. A success means that it is accepted for good; the same mail may come
    /// again after a crash.
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> BoxFuture<'a, Result<(), NotifyError>>;

    /// True where accepted mails still lie in this house, so that [`Notifier::redact`] is of use.
    fn keeps_mails(&self) -> bool {
        false
    }

    /// Puts this version in place of the accepted one, for the latter shows what was deleted. A
    /// mail that is not there (any more) does not come back. Returns whether one was replaced.
    fn redact<'a>(&'a self, mail: &'a ComposedMail) -> BoxFuture<'a, Result<bool, NotifyError>> {
        let _ = mail;
        Box::pin(std::future::ready(Ok(false)))
    }
}

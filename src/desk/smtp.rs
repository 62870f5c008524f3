//! Mail over SMTP (RFC 5321) with STARTTLS (RFC 3207) or implicit TLS (RFC 8314) and AUTH.
//!
//! The server's certificate is verified against the system's roots and, where given, an own CA.
//! Unencrypted mail is possible to this machine only. A repeat after a lost answer can double a
//! mail; both have the same Message-ID.

use super::notifier::{ComposedMail, Notifier, NotifyError};
use futures_util::future::BoxFuture;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, fs};

/// Longest text of an error that is kept.
const ERROR_CHARS: usize = 200;

/// Where and how mails are handed over, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    pub host: String,
    #[serde(default = "default_port")]
    pub port: u16,
    #[serde(default)]
    pub security: Security,
    /// Empty: no AUTH.
    #[serde(default)]
    pub user: String,
    /// Better by environment or `password_file` than in a file.
    #[serde(default)]
    pub password: Option<Password>,
    /// File with the password; a line end at its end does not count.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// PEM file with further authorities, for a server of an internal CA.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// For connecting, and again for the whole conversation.
    #[serde(default = "default_timeout")]
    pub timeout_secs: u64,
}

fn default_port() -> u16 {
    587
}

fn default_timeout() -> u64 {
    60
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Plain greeting, then TLS or nothing.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// This machine only.
    None,
}

/// A password; prints as dots.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl SmtpConfig {
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let loopback = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.host.is_empty() {
            faults.push("desk.mail.host: is empty".to_owned());
        }
        if self.security == Security::None && !loopback {
            faults.push(format!(
                "desk.mail.security: `none` is for this machine only, not for `{}`",
                self.host
            ));
        }
        if self.password.is_some() && self.password_file.is_some() {
            faults.push("desk.mail: give `password` or `password_file`, not both".to_owned());
        }
        let secret = self.password.is_some() || self.password_file.is_some();
        if secret == self.user.is_empty() {
            faults.push("desk.mail: `user` and a password belong together".to_owned());
        }
        if !(1..=300).contains(&self.timeout_secs) {
            faults.push("desk.mail.timeout_secs: must be between 1 and 300".to_owned());
        }
        faults
    }
}

/// Why no connection could even be prepared: faults of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    #[error("desk.mail: {path} cannot be read: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("desk.mail.ca_file: {0} holds no certificate in PEM form")]
    Certificate(PathBuf),
    #[error("desk.mail: TLS cannot be prepared: {0}")]
    Tls(String),
}

/// A mail server. One connection a mail.
#[derive(Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// The library's own limit is for connecting only.
    timeout: Duration,
}

impl Smtp {
    /// Prepares TLS and credentials; connects to nobody yet.
    ///
    /// # Errors
    /// Files that cannot be read or hold something else.
    pub fn new(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let tls = match config.security {
            Security::None => Tls::None,
            Security::Starttls => Tls::Required(parameters(config)?),
            Security::Tls => Tls::Wrapper(parameters(config)?),
        };
        let timeout = Duration::from_secs(config.timeout_secs);
        // "Dangerous" in the library's words, for it starts without TLS; the next line sets it.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .tls(tls)
            .port(config.port)
            .timeout(Some(timeout));
        if let Some(password) = password(config)? {
            builder = builder.credentials(Credentials::new(config.user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            timeout,
        })
    }

    async fn hand_over(&self, mail: &ComposedMail) -> Result<(), NotifyError> {
        let sent = self.transport.send_raw(&mail.envelope, &mail.bytes).await;
        let Err(error) = sent else { return Ok(()) };
        // A 5xx can mean this mail, or this house: a wrong password, a blocked address. Only if
        // the server still lets us in is it the mail that it does not want.
        if error.is_permanent() && self.transport.test_connection().await.unwrap_or(false) {
            return Err(NotifyError::Permanent(describe(&error)));
        }
        Err(NotifyError::Retry(describe(&error)))
    }
}

impl Notifier for Smtp {
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(async move {
            match tokio::time::timeout(self.timeout, self.hand_over(mail)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(NotifyError::Retry(format!(
                    "the mail server did not answer within {} s",
                    self.timeout.as_secs()
                ))),
            }
        })
    }
}

fn parameters(config: &SmtpConfig) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let no_certificate = || SmtpError::Certificate(path.clone());
        let pem = fs::read(path).map_err(|source| SmtpError::File {
            path: path.clone(),
            source,
        })?;
        if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
            return Err(no_certificate());
        }
        let ca = Certificate::from_pem(&pem).map_err(|_| no_certificate())?;
        builder = builder.add_root_certificate(ca);
    }
    builder
        .build()
        .map_err(|error| SmtpError::Tls(describe(&error)))
}

fn password(config: &SmtpConfig) -> Result<Option<String>, SmtpError> {
    if let Some(Password(password)) = &config.password {
        return Ok(Some(password.clone()));
    }
    let Some(path) = &config.password_file else {
        return Ok(None);
    };
    let text = fs::read_to_string(path).map_err(|source| SmtpError::File {
        path: path.clone(),
        source,
    })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The error for operators. Of an answer of the server only its code: its words may quote the mail.
fn describe(error: &Error) -> String {
    if let Some(code) = error.status() {
        return match u16::from(code) {
            530 | 534 | 535 | 538 => {
                format!("the mail server answered {code}: user or password are not accepted")
            }
            _ => format!("the mail server answered {code}"),
        };
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    super::plain::clean(&text, ERROR_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> SmtpConfig {
        serde_json::from_str(json).unwrap()
    }

    #[track_caller]
    fn check(json: &str, expected: &[&str]) {
        let found = config(json).faults();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (fault, part) in found.iter().zip(expected) {
            assert!(fault.contains(part), "`{fault}` does not hold `{part}`");
        }
    }

    #[test]
    fn settings_are_checked() {
        check(r#"{"host": "mail.example"}"#, &[]);
        check(
            r#"{"host": "mail.example", "security": "none"}"#,
            &["this machine"],
        );
        check(r#"{"host": "127.0.0.1", "security": "none"}"#, &[]);
        check(r#"{"host": "", "user": "a"}"#, &["host", "belong together"]);
        check(
            r#"{"host": "a", "user": "a", "password": "p", "password_file": "f"}"#,
            &["not both"],
        );
    }

    #[test]
    fn a_password_is_never_printed() {
        let config = config(r#"{"host": "a", "user": "a", "password": "geheim"}"#);
        assert!(!format!("{config:?}").contains("geheim"));
        let smtp = Smtp::new(&config).unwrap();
        assert!(!format!("{smtp:?}").contains("geheim"));
    }

    #[test]
    fn files_that_are_missing_or_wrong_are_named() {
        let error = Smtp::new(&config(r#"{"host": "a", "ca_file": "/no/ca.pem"}"#)).unwrap_err();
        assert!(error.to_string().contains("/no/ca.pem"), "{error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "no certificate").unwrap();
        let json = serde_json::json!({"host": "a", "ca_file": file.path()});
        let error = Smtp::new(&config(&json.to_string())).unwrap_err();
        assert!(matches!(error, SmtpError::Certificate(_)), "{error}");
    }
}

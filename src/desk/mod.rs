//! The desk: what an editor is told, and how it reaches them.
//!
//! [`Desk`] decides, inside the pipeline's transaction, whether a mention opens a case and orders
//! mail (`rules`). [`Sender`] follows the outbox: it composes (`mail`), hands over (`notifier`:
//! SMTP or a maildir), tries again, and gives up visibly. A mail that shows a statement which was
//! deleted or edited meanwhile is written again without it, where this house still holds the mail.
//!
//! The desk owns no text: a mail is made from the stored rows at the moment it is sent.

mod mail;
mod maildir;
mod notifier;
mod plain;
mod rules;
mod sender;
mod smtp;
mod story;
mod words;

pub use mail::{ComposeError, Composer};
pub use maildir::{Maildir, strangers};
pub use notifier::{ComposedMail, Notifier, NotifyError};
pub use rules::{Desk, Facts, OpenedCase, Rule, Rules, StoryFacts};
pub use sender::Sender;
pub use smtp::{Password, Security, Smtp, SmtpConfig, SmtpError};

use lettre::message::Mailbox;
use serde::Deserialize;
use std::path::PathBuf;

/// Language of the mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    De,
    En,
}

/// The desk's settings as written. [`Config::faults`] checks them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who is told. Empty: cases are opened, nobody is mailed.
    pub recipients: Vec<String>,
    /// Further mail domains that recipients may have, beside that of `from`. Alert mails stay in
    /// the house: a typing error must not send them to a stranger.
    pub recipient_domains: Vec<String>,
    /// Sender of the mails, for example `Resonanz <resonanz@bmi.example>`.
    pub from: String,
    /// Right side of every Message-ID; the same over restarts, different for every installation.
    pub instance: String,
    /// Where editors reach this installation, without a slash at the end. Set by whoever composes
    /// the house, from the pages' own address.
    #[serde(skip)]
    pub public_url: String,
    pub language: Language,
    pub rules: Rules,
    pub mail: MailConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            recipient_domains: Vec::new(),
            from: "Resonanz <resonanz@localhost>".to_owned(),
            instance: "resonanz.localhost".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            language: Language::De,
            rules: Rules::default(),
            mail: MailConfig::default(),
        }
    }
}

/// How mail leaves the house.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum MailConfig {
    /// Files that a mail program or a person reads; needs no server.
    Maildir {
        /// `None`: `mail` in the data directory.
        #[serde(default)]
        dir: Option<PathBuf>,
    },
    Smtp(SmtpConfig),
}

impl Default for MailConfig {
    fn default() -> Self {
        MailConfig::Maildir { dir: None }
    }
}

impl Config {
    /// All faults of these settings, as sentences for the operator; empty when they are sound.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.rules.faults();
        match self.from.parse::<Mailbox>() {
            Ok(from) => faults.extend(self.recipient_faults(from.email.domain())),
            Err(_) => faults.push(format!("desk.from: `{}` is no mail address", self.from)),
        }
        let right_side = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if self.instance.is_empty() || !self.instance.chars().all(right_side) {
            faults.push(format!(
                "desk.instance: `{}` must be letters, digits, dots and hyphens, like a host name",
                self.instance
            ));
        }
        match url::Url::parse(&self.public_url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {}
            _ => faults.push(format!(
                "desk.public_url: `{}` is no http or https address",
                self.public_url
            )),
        }
        if let MailConfig::Smtp(smtp) = &self.mail {
            faults.extend(smtp.faults());
        }
        faults
    }

    fn recipient_faults(&self, house: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for recipient in &self.recipients {
            let Ok(mailbox) = recipient.parse::<Mailbox>() else {
                faults.push(format!("desk.recipients: `{recipient}` is no mail address"));
                continue;
            };
            let domain = mailbox.email.domain();
            let mut allowed = self.recipient_domains.iter().map(String::as_str);
            if !domain.eq_ignore_ascii_case(house)
                && !allowed.any(|known| known.eq_ignore_ascii_case(domain))
            {
                faults.push(format!(
                    "desk.recipients: `{recipient}` is outside of `{house}`; \
                     add its domain to desk.recipient_domains if that is meant"
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = Config::default();
        change(&mut config);
        config.faults()
    }

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(faults(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let found = faults(|config| {
            config.recipients = vec!["not an address".into(), "anna@elsewhere.example".into()];
            config.instance = "two words".into();
            config.public_url = "ftp://x".into();
            config.rules.flagged_min_mentions = 0;
        });
        let keys: Vec<&str> = found
            .iter()
            .filter_map(|fault| fault.split(':').next())
            .collect();
        assert_eq!(
            keys,
            [
                "desk.rules.flagged_min_mentions",
                "desk.recipients",
                "desk.recipients",
                "desk.instance",
                "desk.public_url"
            ]
        );
    }

    #[test]
    fn recipients_stay_in_the_house_or_in_named_domains() {
        let strangers = faults(|config| config.recipients = vec!["a@bmi.example".into()]);
        assert_eq!(strangers.len(), 1);
        let named = faults(|config| {
            config.recipients = vec!["a@bmi.example".into(), "Dienst <b@LOCALHOST>".into()];
            config.recipient_domains = vec!["BMI.example".into()];
        });
        assert_eq!(named, Vec::<String>::new());
    }

    #[test]
    fn unknown_keys_are_refused() {
        let json = r#"{"mail": {"kind": "maildir", "directory": "x"}}"#;
        assert!(serde_json::from_str::<Config>(json).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"recipient": []}"#).is_err());
        let json = r#"{"language": "en", "mail": {"kind": "smtp", "host": "mail.example"}}"#;
        let config: Config = serde_json::from_str(json).unwrap();
        assert!(matches!(config.mail, MailConfig::Smtp(_)));
    }
}

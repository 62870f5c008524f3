//! Composing: a mail from a case and the stored mentions that it shows. Pure and deterministic, so
//! that a repeat is the same mail.
//!
//! A mail names topic, source, time and a masked excerpt, never an author. Foreign text is cleaned
//! and cut before it reaches the mail library; if composing fails all the same, a mail without
//! foreign text goes out: an editor is told in any case.

use super::notifier::ComposedMail;
use super::plain::{clean, excerpt, wrap};
use super::rules::{Facts, Rule};
use super::{Config, Language, words};
use crate::model::{FlagLabel, Kind};
use crate::store::{Case, OutgoingMail, StoredMatch, StoredMention};
use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use std::collections::HashMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;

/// Characters of an excerpt: enough to judge, too little to be the statement itself.
const EXCERPT_CHARS: usize = 280;
/// Characters of a watch's label in the subject.
const LABEL_CHARS: usize = 60;
/// Characters of a public address that we print; longer ones stay in Resonanz.
const URL_CHARS: usize = 500;
/// Entries of the register that a mail names.
const KNOWN: usize = 2;
/// Characters of a line of text.
const WIDTH: usize = 76;

/// Why no mail could be made at all: not even one without foreign text.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    #[error("sender or recipient is no mail address")]
    Address,
    #[error("the mail cannot be put together: {0}")]
    Build(String),
    #[error("the case is of a rule or form that this version does not know")]
    Case,
}

/// Makes mails.
#[derive(Debug, Clone)]
pub struct Composer {
    from: String,
    public_url: String,
    language: Language,
    /// What editors call a watch, by its name.
    labels: watch::Receiver<Arc<HashMap<String, String>>>,
}

impl Composer {
    /// Takes checked settings, and the label of every watch by its name, as it is now.
    pub fn new(config: &Config, labels: watch::Receiver<Arc<HashMap<String, String>>>) -> Self {
        Self {
            from: config.from.clone(),
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            language: config.language,
            labels,
        }
    }

    /// Makes a mail of a case and the mentions that it shows, those that are still there, with what
    /// the register of claims has for them.
    ///
    /// # Errors
    /// Only addresses that are none, or a case that this version does not know.
    pub fn compose(
        &self,
        case: &Case,
        mail: &OutgoingMail,
        (mentions, known): (&[StoredMention], &[StoredMatch]),
    ) -> Result<ComposedMail, ComposeError> {
        let story = Story::read(self, case).ok_or(ComposeError::Case)?;
        self.assemble(mail, &story, || {
            self.known(known) + &self.examples(case, mail, mentions)
        })
    }

    /// With the examples; without them where they, or the mail library on them, fail.
    fn assemble(
        &self,
        mail: &OutgoingMail,
        story: &Story<'_>,
        examples: impl FnOnce() -> String,
    ) -> Result<ComposedMail, ComposeError> {
        if let Some(Ok(composed)) = guarded(|| self.build(mail, story, &examples())) {
            return Ok(composed);
        }
        tracing::error!(
            mail = mail.id,
            "A mail could not show its mentions; a plain one goes out."
        );
        let notice = wrap(words::phrases(self.language).unreadable, WIDTH, "", "");
        guarded(|| self.build(mail, story, &notice))
            .unwrap_or_else(|| Err(ComposeError::Build("the mail library failed".to_owned())))
    }

    fn build(
        &self,
        mail: &OutgoingMail,
        story: &Story<'_>,
        examples: &str,
    ) -> Result<ComposedMail, ComposeError> {
        let address = |text: &str| text.parse::<Mailbox>().map_err(|_| ComposeError::Address);
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let body = SinglePart::builder()
            .header(ContentType::TEXT_PLAIN)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(self.body(story, examples));
        let message = Message::builder()
            .from(address(&self.from)?)
            .to(address(&mail.recipient)?)
            .subject(story.subject.clone())
            .date(SystemTime::from(mail.created))
            .message_id(Some(mail.message_id.clone()))
            .raw_header(automatic)
            .singlepart(body)
            .map_err(|error| ComposeError::Build(error.to_string()))?;
        Ok(ComposedMail {
            message_id: mail.message_id.clone(),
            envelope: message.envelope().clone(),
            bytes: message.formatted(),
        })
    }

    fn body(&self, story: &Story<'_>, examples: &str) -> String {
        let language = self.language;
        let phrases = words::phrases(language);
        let facts = &story.facts;
        let mut out = wrap(&story.headline, WIDTH, "", "");
        out.push('\n');
        out.push_str(&wrap(words::request(language, story.rule), WIDTH, "", ""));
        let _ = writeln!(out, "\n{}", phrases.why);
        let figures = [
            (
                phrases.rule,
                format!(
                    "{} ({})",
                    words::rule(language, story.rule),
                    story.rule.as_str()
                ),
            ),
            (phrases.counted, words::counted(language, facts)),
            (
                phrases.threshold,
                words::threshold(language, story.rule, facts),
            ),
            (phrases.case, story.case.id.to_string()),
        ];
        for (name, value) in figures {
            out.push_str(&wrap(&value, WIDTH, &format!("  {name}: "), "    "));
        }
        let all = match story.rule {
            Rule::Message => phrases.letter,
            Rule::Rumour | Rule::Misreporting => phrases.case_page,
            _ => phrases.all,
        };
        let _ = writeln!(out, "\n{examples}\n{all}\n{}", story.search);
        out.push_str("\n-- \n");
        let caution = words::caution(language, story.rule, &facts.model);
        out.push_str(&wrap(&caution, WIDTH, "", ""));
        out.push_str(&wrap(phrases.no_reply, WIDTH, "", ""));
        out
    }

    /// The approved answer, where one is at hand.
    fn known(&self, known: &[StoredMatch]) -> String {
        let phrases = words::phrases(self.language);
        let mut out = String::new();
        for found in known.iter().take(KNOWN) {
            let claim = excerpt("", &found.text.claim, EXCERPT_CHARS);
            let quoted = words::quote(self.language, &claim);
            let _ = writeln!(out, "{}", phrases.known);
            out.push_str(&wrap(&quoted, WIDTH, "   ", "   "));
            if !found.text.answer.is_empty() {
                let answer = excerpt("", &found.text.answer, 3 * EXCERPT_CHARS);
                let _ = writeln!(out, "   {}", phrases.answer);
                out.push_str(&wrap(&answer, WIDTH, "   ", "   "));
            }
            if !found.text.url.is_empty() {
                let _ = writeln!(out, "   {}", found.text.url);
            }
            out.push('\n');
        }
        out
    }

    fn examples(&self, case: &Case, mail: &OutgoingMail, mentions: &[StoredMention]) -> String {
        let phrases = words::phrases(self.language);
        let mut out = String::new();
        if !mentions.is_empty() {
            let _ = writeln!(out, "{}", phrases.examples);
        }
        for (index, mention) in mentions.iter().enumerate() {
            let _ = write!(out, "\n{}. ", index + 1);
            out.push_str(&self.example(&case.watch, mention));
        }
        if mentions.len() < mail.mention_ids.len() {
            let _ = write!(out, "\n{}", wrap(phrases.gone, WIDTH, "", ""));
        }
        out
    }

    fn example(&self, watch: &str, mention: &StoredMention) -> String {
        let language = self.language;
        let phrases = words::phrases(language);
        let place = if mention.site.is_empty() {
            &mention.source
        } else {
            &mention.site
        };
        let mut out = format!("{}\n", words::time(language, mention.published));
        let _ = writeln!(
            out,
            "   {} · {}",
            clean(place, LABEL_CHARS),
            words::kind(language, mention.kind)
        );
        if let Some(matched) = mention.matches.iter().find(|m| m.watch == watch) {
            let stance = mention.labels.stance_toward(&matched.target);
            let _ = writeln!(
                out,
                "   {}: {}",
                phrases.stance,
                words::stance(language, stance)
            );
        }
        for flag in &mention.labels.flags {
            let _ = writeln!(out, "   {}: {}", phrases.flag, self.flag(flag));
        }
        if mention.kind == Kind::Message {
            out.push_str(&wrap(phrases.sealed, WIDTH, "   ", "   "));
            return out;
        }
        let said = excerpt(&mention.title, &mention.text, EXCERPT_CHARS);
        out.push_str(&wrap(&words::quote(language, &said), WIDTH, "   ", "   "));
        let _ = writeln!(
            out,
            "   Resonanz: {}/mentions/{}",
            self.public_url, mention.id
        );
        if let Some(url) = mention.url.as_deref().and_then(public_address) {
            let _ = writeln!(out, "   {}: {url}", phrases.original);
        }
        out
    }

    fn flag(&self, label: &FlagLabel) -> String {
        let name = words::flag(self.language, label.flag);
        match label.reasons.first() {
            Some(reason) => {
                let seen = excerpt("", &reason.seen, LABEL_CHARS);
                format!("{name} ({})", words::quote(self.language, &seen))
            }
            None => name.to_owned(),
        }
    }
}

/// What a mail tells beside its examples; holds no text of a mention.
struct Story<'a> {
    case: &'a Case,
    rule: Rule,
    facts: Facts,
    subject: String,
    headline: String,
    /// Where to read on.
    search: String,
}

impl<'a> Story<'a> {
    fn read(composer: &Composer, case: &'a Case) -> Option<Self> {
        let language = composer.language;
        let rule = Rule::parse(&case.rule)?;
        let facts: Facts = serde_json::from_value(case.facts.clone()).ok()?;
        let labels = Arc::clone(&composer.labels.borrow());
        let label = labels.get(&case.watch).unwrap_or(&case.watch);
        let label = words::quote(language, &clean(label, LABEL_CHARS));
        let count = words::count(language, rule, &facts);
        let span = words::span(language, &facts);
        let name = words::rule(language, rule);
        let watch: String = url::form_urlencoded::byte_serialize(case.watch.as_bytes()).collect();
        Some(Self {
            case,
            rule,
            subject: format!("[Resonanz] {name}: {label} – {count} {span}"),
            headline: format!(
                "{label}: {count} {span}, {}.",
                words::latest(language, facts.to)
            ),
            search: match rule {
                Rule::Message | Rule::Rumour | Rule::Misreporting => {
                    format!("{}/cases/{}", composer.public_url, case.id)
                }
                _ => format!("{}/?watch={watch}", composer.public_url),
            },
            facts,
        })
    }
}

/// Runs mail code that might panic on what we did not foresee; `None` then.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// An address as we print it: http(s), ASCII, of bounded length; else none.
fn public_address(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let text = url.as_str();
    let web = matches!(url.scheme(), "http" | "https") && url.password().is_none();
    (web && text.is_ascii() && text.len() <= URL_CHARS).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_over_foreign_text_ends_in_a_plain_mail() {
        let case = Case {
            id: 7,
            rule: "flagged".into(),
            watch: "ministry".into(),
            state: crate::store::CaseState::Open,
            opened: jiff::Timestamp::UNIX_EPOCH,
            last: jiff::Timestamp::UNIX_EPOCH,
            facts: serde_json::to_value(Facts::default()).unwrap(),
            story: None,
            mentions: 1,
        };
        let mail = OutgoingMail {
            id: 1,
            case_id: 7,
            step: "alert".into(),
            recipient: "dienst@localhost".into(),
            message_id: "<case-7.alert.1@resonanz.localhost>".into(),
            mention_ids: vec![1],
            state: "pending".into(),
            attempts: 0,
            created: jiff::Timestamp::UNIX_EPOCH,
            sent: None,
            last_error: None,
        };
        let composer = Composer::new(&Config::default(), watch::channel(Arc::default()).1);
        let story = Story::read(&composer, &case).unwrap();
        let composed = composer
            .assemble(&mail, &story, || "".parse::<u8>().unwrap().to_string())
            .unwrap();
        let text = String::from_utf8(composed.bytes).unwrap();
        assert!(text.contains("Message-ID: <case-7.alert.1@resonanz.localhost>"));
        assert!(
            text.contains("Die Beispiele lie=C3=9Fen sich nicht darstellen."),
            "{text}"
        );
    }

    #[test]
    fn only_plain_web_addresses_are_printed() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(public_address(url).as_deref(), expected);
        };
        check(
            "https://zeitung.example/a?b=1",
            Some("https://zeitung.example/a?b=1"),
        );
        check(
            "https://zeitung.example/a\r\nb ü",
            Some("https://zeitung.example/ab%20%C3%BC"),
        );
        check("javascript:alert(1)", None);
        check("https://a:b@zeitung.example/", None);
        check(
            &format!("https://zeitung.example/{}", "x".repeat(600)),
            None,
        );
        check("kein Link", None);
    }
}

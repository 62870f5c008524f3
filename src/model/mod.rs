//! Data that the steps hand to each other; nothing here reads a clock, does I/O or decides.
//!
//! Two halves. What a source hands over ([`Change`], [`Item`]) is foreign text and personal data:
//! it lives in memory only. What the house keeps ([`Mention`], [`Labels`], [`Hit`]) has been through
//! `normalise`: plain text, masked handles, a keyed identity.

mod amended;
mod claim;
mod reach;
mod story;

pub use amended::{Amended, amended};
pub use claim::{ClaimGrade, ClaimId, ClaimMatch, Differs, StatementId};
pub use reach::Reach;
pub use story::{Placement, Says, StoryFigures, StoryWeight};

use crate::privacy::{MentionKey, Pseudonym, Sealed};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened to one native item of a network, feed or site.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The item is there, new or changed; the newest version wins (see [`Item::version`]).
    Upsert(Box<Item>),
    /// The item is gone. May arrive before the item itself.
    Delete(Deletion),
    /// An account was deleted, suspended or deactivated: all its items are gone.
    AuthorGone(AuthorChange),
    /// A gone account is back: its future items may be collected again.
    AuthorBack(AuthorChange),
}

impl Change {
    /// The change in the import's shape: an item as it is, everything else in an envelope.
    pub fn to_line(&self) -> serde_json::Value {
        match self {
            Change::Upsert(item) => serde_json::json!(item),
            Change::Delete(deletion) => serde_json::json!({ "delete": deletion }),
            Change::AuthorGone(author) => serde_json::json!({ "delete_author": author }),
            Change::AuthorBack(author) => serde_json::json!({ "restore_author": author }),
        }
    }
}

/// One public post, reply, comment, article, video or message as its source tells it.
///
/// This is also the documented import shape: one JSON object a line (`resonanz replay`), and what
/// `resonanz source read` prints. Times are RFC 3339. Unknown keys are refused.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Network the native id belongs to (`bluesky`, `mastodon`, `web`, …), not the configured source.
    #[serde(rename = "source")]
    pub platform: String,
    /// Native id, unique and stable within the platform (at-URI, status URI, canonical article URL).
    pub id: String,
    pub kind: Kind,
    /// When the author published it; a source that does not know leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When the author last changed it; present on edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Plain text. Empty where `html` carries the body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// HTML body; `normalise` strips it to text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
    /// Public address of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Host of the publication, for articles and comments on a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// BCP 47 language as the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<RawAuthor>,
    /// Native id of the item that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Addresses that the text links to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Further native ids that a deletion may name it by, where a server calls it by a number of
    /// its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The body is a publisher's whole page: of its words only the beginning and the sentences that
    /// a watch matched are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_page: bool,
    /// The verdict on a claim that a fact check states for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ClaimReview>,
    /// How many people it may reach, as its platform states it: followers of the account, views. Only
    /// the tier is kept ([`Reach`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<u64>,
}

impl Item {
    /// An empty item of this identity, for adapters to fill.
    pub fn new(platform: &str, id: impl Into<String>, kind: Kind) -> Self {
        Self {
            platform: platform.to_owned(),
            id: id.into(),
            kind,
            published: None,
            edited: None,
            title: None,
            text: String::new(),
            html: String::new(),
            url: None,
            site: None,
            lang: None,
            author: None,
            reply_to: None,
            links: Vec::new(),
            aliases: Vec::new(),
            whole_page: false,
            review: None,
            audience: None,
        }
    }

    /// The time that orders two versions of one item: last edit, else publication.
    pub fn version(&self) -> Option<Timestamp> {
        self.edited.or(self.published)
    }
}

/// Prints identity-free facts only, so that an item can appear in a log or a failed assertion.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("platform", &self.platform)
            .field("kind", &self.kind)
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

/// An author as the source names it. Personal data: memory only, sealed by `normalise`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAuthor {
    /// Stable account id (DID, account URI).
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for RawAuthor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawAuthor(..)")
    }
}

/// A fact check's verdict as it states it for machines (`ClaimReview` of schema.org).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimReview {
    /// The claim that was checked.
    pub claim: String,
    /// The verdict in the checker's own words: "falsch", "fehlender Kontext".
    pub rating: String,
}

/// What is known of a mention beside its words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// The ministry's own statement: it came from a source that is configured as official.
    pub official: bool,
    /// Masked like the words.
    pub review: Option<ClaimReview>,
    /// None where nobody states it.
    pub reach: Option<Reach>,
}

/// A platform's word that an item is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    #[serde(rename = "source")]
    pub platform: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A platform's word that an account left or came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorChange {
    #[serde(rename = "source")]
    pub platform: String,
    pub author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What sort of statement an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Post,
    Reply,
    Comment,
    Article,
    Video,
    /// Written to the house itself. No watch is tried on it, no model labels it, no search finds it;
    /// its words lie sealed and are shown on the page of its case only.
    Message,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Post,
        Kind::Reply,
        Kind::Comment,
        Kind::Article,
        Kind::Video,
        Kind::Message,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Post => "post",
            Kind::Reply => "reply",
            Kind::Comment => "comment",
            Kind::Article => "article",
            Kind::Video => "video",
            Kind::Message => "message",
        }
    }

    /// The inverse of [`Kind::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A source's resume position, opaque to everyone but that source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A plain, folded, tokenised item: what queries are evaluated on and what the store keeps.
///
/// `title` and `text` are masked: a private account's `@handle` reads `@[Konto]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    pub key: MentionKey,
    /// Name of the configured source that brought it.
    pub source: String,
    pub platform: String,
    pub kind: Kind,
    pub published: Timestamp,
    pub edited: Option<Timestamp>,
    /// When it reached this house.
    pub collected: Timestamp,
    pub title: String,
    pub text: String,
    /// ISO 639-1, detected or stated; empty when unknown.
    pub lang: String,
    /// Host of the publication without `www.`; empty for posts.
    pub site: String,
    /// Canonical public address: of an article or of a voice's post. A private author's permalink
    /// is sealed instead.
    pub url: Option<String>,
    pub links: Vec<String>,
    pub author: Option<Author>,
    /// Handle, name, permalink and native id of a private author's item, and the words of a message.
    pub sealed: Option<Sealed>,
    pub reply_to: Option<MentionKey>,
    pub marks: Marks,
}

/// Who said it: a public voice by name, everyone else by pseudonym.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    Voice {
        name: String,
        handle: String,
        /// The account of a post, so that its items can be taken back when it leaves; none for a
        /// publication.
        account: Option<Pseudonym>,
    },
    Private {
        pseudonym: Pseudonym,
    },
}

/// The fields of a mention that carry tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Title,
    Text,
}

/// A place in a mention: byte range in its title or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub part: Part,
    pub start: u32,
    pub end: u32,
}

/// One watch that matched, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchMatch {
    pub watch: String,
    pub target: String,
    pub spans: Vec<Span>,
}

/// A statement's attitude toward a target. A property of the statement, never of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    Supportive,
    Critical,
    Neutral,
    Unclear,
}

impl Stance {
    pub const ALL: [Stance; 4] = [
        Stance::Supportive,
        Stance::Critical,
        Stance::Neutral,
        Stance::Unclear,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Stance::Supportive => "supportive",
            Stance::Critical => "critical",
            Stance::Neutral => "neutral",
            Stance::Unclear => "unclear",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stance| stance.as_str() == name)
    }
}

/// Something worth an editor's look. Never a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagKind {
    /// Somebody asks whether a claim is true ("stimmt das?").
    Enquiry,
    /// Somebody disputes or corrects a claim ("das ist falsch", "Falschmeldung").
    Correction,
    /// A figure, date, quotation, office or decision differs from what the ministry has published.
    Misreporting,
}

impl FlagKind {
    pub const ALL: [FlagKind; 3] = [
        FlagKind::Enquiry,
        FlagKind::Correction,
        FlagKind::Misreporting,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            FlagKind::Enquiry => "enquiry",
            FlagKind::Correction => "correction",
            FlagKind::Misreporting => "misreporting",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == name)
    }
}

/// Why a label was given: what was seen, where, and how much it counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// English key of the rule, for example `critical word`, `negation`, `enquiry phrase`.
    pub rule: String,
    /// What was seen, as it stands in the text or the lexicon.
    pub seen: String,
    pub span: Option<Span>,
    /// Signed weight toward supportive (+) or critical (-); 0 where nothing is weighed.
    pub weight: f32,
}

/// The stance of a statement toward one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StanceLabel {
    pub target: String,
    pub stance: Stance,
    /// Calibrated probability of `stance`, 0 to 1; `None` while the model is not calibrated.
    pub probability: Option<f32>,
    pub reasons: Vec<Reason>,
    /// The office said so, not the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_office: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlagLabel {
    pub flag: FlagKind,
    pub reasons: Vec<Reason>,
}

/// What the classifier says of one mention.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Labels {
    /// Name and version of the model, for example `lexicon-0`.
    pub model: String,
    /// One a watched target, in the order of the matches.
    pub stances: Vec<StanceLabel>,
    pub flags: Vec<FlagLabel>,
    /// What else it does, by which its story is weighed.
    #[serde(default, skip_serializing_if = "Says::is_nothing")]
    pub says: Says,
}

impl Labels {
    /// Between the names of two models that a label comes from.
    pub const AND: &str = " + ";

    /// The stance toward a target; `unclear` where none was given.
    pub fn stance_toward(&self, target: &str) -> Stance {
        self.stances
            .iter()
            .find(|label| label.target == target)
            .map_or(Stance::Unclear, |label| label.stance)
    }
}

/// Who or what a stance is measured toward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Key used in watches, `[a-z0-9-]+`.
    pub name: String,
    /// What editors read.
    pub label: String,
    /// How texts name it.
    pub aliases: Vec<String>,
}

/// A mention that at least one watch matched, with its labels: what the store is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub mention: Mention,
    pub matches: Vec<WatchMatch>,
    pub labels: Labels,
    /// `None` for what is not compared with others: it keeps its story, or is one of its own.
    pub placement: Option<Placement>,
    /// Entries of the register that it may repeat, the best match first.
    pub claims: Vec<ClaimMatch>,
    /// Where it differs from the ministry's own statements.
    pub differs: Vec<Differs>,
    /// True for imports and backfills: archived, never mailed.
    pub backfill: bool,
}

impl Hit {
    /// How probably it repeats an entry of the register at all.
    pub fn likeliest_claim(&self) -> f32 {
        let probabilities = self.claims.iter().map(|claim| claim.probability);
        probabilities.fold(0.0, f32::max)
    }
}

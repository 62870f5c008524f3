//! The rules: when a mention opens a case, and whom that tells.
//!
//! A decision depends on stored rows and on the collection time and number of the mention at hand,
//! never on a clock: a replay decides the same. Hours that arrive in a minute after an outage count as
//! the hours that they were: a window is one of publication too. What an editor is told once is not told again:
//! while a case is warm, further mentions join it without a mail.

use super::Config;
use crate::model::{Author, FlagKind, Hit, Kind, Mention, Reach, Stance};
use crate::store::{Counted, Counts, LatestCase, NewCase, NewMail, StoreError, Tx, Window};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Mentions that a mail shows at most.
pub(super) const EXAMPLES: usize = 5;
/// Latest mentions of the window that join a new case, beside the examples: a flood of one account
/// stays outside.
pub(super) const JOIN: usize = 200;

/// Cases of messages that one hour opens, over all senders; what comes beside joins the newest.
const MAX_MESSAGE_CASES: usize = 20;

/// Thresholds. The same for criticism and support: a wave is a wave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Flagged mentions (somebody asks whether a claim is true, or disputes it) by different
    /// authors that open a case. 1 is possible; a single stray question then pages the office.
    pub flagged_min_mentions: u32,
    pub flagged_window_minutes: u32,
    /// Critical (or supportive) mentions by different authors that open a case.
    pub wave_min_mentions: u32,
    pub wave_window_minutes: u32,
    /// A case takes further mentions without a mail until this long after its latest one.
    pub cooldown_minutes: u32,
    /// And at most this long after its opening: then the rule may open, and mail, a new one.
    pub case_max_hours: u32,
    /// What was published longer ago than this when it was collected is archived, not counted.
    pub alert_max_age_hours: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            flagged_min_mentions: 6,
            flagged_window_minutes: 60,
            wave_min_mentions: 15,
            wave_window_minutes: 60,
            cooldown_minutes: 120,
            case_max_hours: 12,
            alert_max_age_hours: 24,
        }
    }
}

impl Rules {
    pub(super) fn faults(&self) -> Vec<String> {
        let limits = [
            ("flagged_min_mentions", self.flagged_min_mentions, 10_000),
            ("flagged_window_minutes", self.flagged_window_minutes, 1_440),
            ("wave_min_mentions", self.wave_min_mentions, 10_000),
            ("wave_window_minutes", self.wave_window_minutes, 1_440),
            ("cooldown_minutes", self.cooldown_minutes, 10_080),
            ("case_max_hours", self.case_max_hours, 168),
            ("alert_max_age_hours", self.alert_max_age_hours, 8_760),
        ];
        limits
            .into_iter()
            .filter(|(_, value, most)| !(1..=*most).contains(value))
            .map(|(key, value, most)| {
                format!("desk.rules.{key}: {value} must be between 1 and {most}")
            })
            .collect()
    }
}

/// The rules by name; the names are metric labels and stand in the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    Flagged,
    CriticalWave,
    SupportiveWave,
    /// A story is worth checking: a claim of fact that spreads and is doubted. Its cases stand under
    /// a watch of the mention that made it so, and take the story's further mentions.
    Rumour,
    /// A report differs from what the ministry has published.
    Misreporting,
    /// Somebody wrote to the house itself and waits for an answer. Its cases stand under the name
    /// of the source in place of a watch.
    Message,
}

impl Rule {
    pub const ALL: [Rule; 6] = [
        Rule::Flagged,
        Rule::CriticalWave,
        Rule::SupportiveWave,
        Rule::Rumour,
        Rule::Misreporting,
        Rule::Message,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Flagged => "flagged",
            Rule::CriticalWave => "critical_wave",
            Rule::SupportiveWave => "supportive_wave",
            Rule::Rumour => "rumour",
            Rule::Misreporting => "misreporting",
            Rule::Message => "message",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// The figures of a rule when it fired: the reason that mail and pages show. No text of a mention.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Mentions counted in the window.
    pub mentions: usize,
    /// Different authors among them; this is what is compared with `min_authors`.
    pub authors: usize,
    pub enquiries: usize,
    pub corrections: usize,
    /// Collection time of the first and the latest mention counted.
    pub from: Timestamp,
    pub to: Timestamp,
    pub min_authors: u32,
    pub window_minutes: u32,
    /// The classifier that labelled the mention at hand; of a story what weighed it.
    pub model: String,
    /// Of a rule that looks at stories.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub story: Option<StoryFacts>,
    /// Places where a report differs from what we have published.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub differences: usize,
}

/// What a case tells of its story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryFacts {
    pub story: i64,
    /// Speakers that do not only copy.
    pub independent: u32,
    pub platforms: u32,
    pub hearsay: u32,
    /// In how many minutes its mentions have doubled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubled_minutes: Option<u32>,
    /// The largest that is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// 0 to 100.
    pub score: u32,
    /// From which score it is flagged.
    pub flagged_from: u32,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A case that was just opened, for the caller to count and log once its transaction is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedCase {
    pub id: i64,
    pub rule: Rule,
    pub watch: String,
    /// Mails that were ordered.
    pub mails: usize,
}

/// Applies the rules.
#[derive(Debug, Clone)]
pub struct Desk {
    rules: Rules,
    recipients: Vec<String>,
    instance: String,
}

impl Desk {
    /// Takes checked settings.
    pub fn new(config: &Config) -> Self {
        Self {
            rules: config.rules.clone(),
            recipients: config.recipients.clone(),
            instance: config.instance.clone(),
        }
    }

    /// Applies all rules to newly stored hits, in the order in which they were stored, inside the
    /// transaction that stored them. Imports and old news open nothing.
    ///
    /// # Errors
    /// Those of the store; the caller then drops its transaction.
    pub async fn apply(
        &self,
        tx: &mut Tx,
        written: &[(i64, &Hit)],
    ) -> Result<Vec<OpenedCase>, StoreError> {
        let mut opened = Vec::new();
        for (id, hit) in written {
            if hit.mention.kind == Kind::Message {
                opened.extend(self.apply_message(tx, *id, hit).await?);
                continue;
            }
            if hit.backfill || self.is_old_news(&hit.mention) {
                continue;
            }
            opened.extend(self.apply_story(tx, *id, hit).await?);
            opened.extend(self.apply_differences(tx, *id, hit).await?);
            for matched in &hit.matches {
                for (rule, counts) in applicable(hit, &matched.target) {
                    if rule == Rule::Flagged && self.is_told(tx, hit).await? {
                        continue;
                    }
                    let case = self.apply_rule(tx, (rule, counts), &matched.watch, *id, hit);
                    opened.extend(case.await?);
                }
            }
        }
        Ok(opened)
    }

    fn is_old_news(&self, mention: &Mention) -> bool {
        mention.collected.duration_since(mention.published) >= self.max_age()
    }

    fn max_age(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.rules.alert_max_age_hours))
    }

    async fn apply_rule(
        &self,
        tx: &mut Tx,
        (rule, counts): (Rule, Counts),
        watch: &str,
        id: i64,
        hit: &Hit,
    ) -> Result<Option<OpenedCase>, StoreError> {
        let at = hit.mention.collected;
        if let Some(case) = tx.latest_case(rule.as_str(), watch).await?
            && self.is_warm(&case, at)
        {
            tx.add_to_case(case.id, id, at).await?;
            return Ok(None);
        }
        let (min_authors, window_minutes) = self.threshold(rule);
        let window = Window {
            watch,
            counts,
            after: before(at, SignedDuration::from_mins(i64::from(window_minutes))),
            until: at,
            around: hit.mention.published,
            last: id,
            max_age_ms: i64::from(self.rules.alert_max_age_hours) * 3_600_000,
        };
        let counted = tx.counted(&window).await?;
        let facts = Facts {
            min_authors,
            window_minutes,
            model: hit.labels.model.clone(),
            ..figures(&counted, at)
        };
        if facts.authors < usize::try_from(min_authors).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        self.open(tx, rule, (watch, None), &counted, &facts, at)
            .await
            .map(Some)
    }

    /// Every message waits for an answer, however late it was collected: a case for each sender,
    /// which takes what the same sender writes on. Imports open nothing.
    async fn apply_message(
        &self,
        tx: &mut Tx,
        id: i64,
        hit: &Hit,
    ) -> Result<Option<OpenedCase>, StoreError> {
        if hit.backfill {
            return Ok(None);
        }
        let (rule, at, source) = (Rule::Message, hit.mention.collected, &hit.mention.source);
        let sender = match &hit.mention.author {
            Some(Author::Private { pseudonym }) => Some(pseudonym),
            Some(Author::Voice { account, .. }) => account.as_ref(),
            None => None,
        };
        let mut joined = match sender {
            Some(_) => tx.waiting_case(rule.as_str(), source, sender).await?,
            None => None,
        };
        joined = joined.filter(|case| self.is_warm(case, at));
        let hour_ago = before(at, SignedDuration::from_hours(1));
        if joined.is_none() && tx.cases_since(rule.as_str(), hour_ago).await? >= MAX_MESSAGE_CASES {
            joined = tx.waiting_case(rule.as_str(), source, None).await?;
        }
        if let Some(case) = joined {
            tx.add_to_case(case.id, id, at).await?;
            return Ok(None);
        }
        let message = Counted {
            mention_id: id,
            collected: at,
            flag: None,
            speaker: String::new(),
        };
        let (min_authors, window_minutes) = self.threshold(rule);
        let facts = Facts {
            min_authors,
            window_minutes,
            ..figures(std::slice::from_ref(&message), at)
        };
        self.open(tx, rule, (source, None), &[message], &facts, at)
            .await
            .map(Some)
    }

    fn threshold(&self, rule: Rule) -> (u32, u32) {
        let rules = &self.rules;
        match rule {
            Rule::Flagged => (rules.flagged_min_mentions, rules.flagged_window_minutes),
            Rule::CriticalWave | Rule::SupportiveWave => {
                (rules.wave_min_mentions, rules.wave_window_minutes)
            }
            Rule::Rumour | Rule::Misreporting | Rule::Message => (1, 1),
        }
    }

    /// True while a case still takes mentions in silence. The cool-down runs from the latest
    /// mention, so that a long story pages once; the age limit lets a case that never falls
    /// silent page again.
    fn is_warm(&self, case: &LatestCase, at: Timestamp) -> bool {
        let cooldown = SignedDuration::from_mins(i64::from(self.rules.cooldown_minutes));
        let most = SignedDuration::from_hours(i64::from(self.rules.case_max_hours));
        at.duration_since(case.last) < cooldown && at.duration_since(case.opened) < most
    }

    pub(super) async fn open(
        &self,
        tx: &mut Tx,
        rule: Rule,
        (watch, story): (&str, Option<i64>),
        counted: &[Counted],
        facts: &Facts,
        at: Timestamp,
    ) -> Result<OpenedCase, StoreError> {
        let case = NewCase {
            rule: rule.as_str().to_owned(),
            watch: watch.to_owned(),
            opened: at,
            facts: serde_json::to_value(facts)?,
            story,
        };
        let id = tx.open_case(&case).await?;
        let examples = examples(counted);
        let latest = counted.len().saturating_sub(JOIN);
        for (index, member) in counted.iter().enumerate() {
            if index >= latest || examples.contains(&member.mention_id) {
                tx.add_to_case(id, member.mention_id, member.collected)
                    .await?;
            }
        }
        for (index, recipient) in self.recipients.iter().enumerate() {
            tx.order_mail(&NewMail {
                case_id: id,
                step: "alert".to_owned(),
                recipient: recipient.clone(),
                message_id: format!("<case-{id}.alert.{}@{}>", index + 1, self.instance),
                mention_ids: examples.clone(),
                created: at,
            })
            .await?;
        }
        Ok(OpenedCase {
            id,
            rule,
            watch: watch.to_owned(),
            mails: self.recipients.len(),
        })
    }
}

fn before(time: Timestamp, span: SignedDuration) -> Timestamp {
    time.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The rules that a hit concerns, by its labels, and what each counts.
fn applicable(hit: &Hit, target: &str) -> Vec<(Rule, Counts)> {
    let mut rules = Vec::new();
    let asked = [FlagKind::Enquiry, FlagKind::Correction];
    if hit
        .labels
        .flags
        .iter()
        .any(|label| asked.contains(&label.flag))
    {
        rules.push((Rule::Flagged, Counts::Flagged));
    }
    match hit.labels.stance_toward(target) {
        stance @ Stance::Critical => rules.push((Rule::CriticalWave, Counts::Stance(stance))),
        stance @ Stance::Supportive => rules.push((Rule::SupportiveWave, Counts::Stance(stance))),
        Stance::Neutral | Stance::Unclear => {}
    }
    rules
}

fn figures(counted: &[Counted], at: Timestamp) -> Facts {
    let speakers: HashSet<&str> = counted.iter().map(|c| c.speaker.as_str()).collect();
    let flagged = |flag| counted.iter().filter(|c| c.flag == Some(flag)).count();
    let times = || counted.iter().map(|c| c.collected);
    Facts {
        mentions: counted.len(),
        authors: speakers.len(),
        enquiries: flagged(FlagKind::Enquiry),
        corrections: flagged(FlagKind::Correction),
        from: times().min().unwrap_or(at),
        to: times().max().unwrap_or(at),
        ..Facts::default()
    }
}

/// The first statement of each of the first authors: where it began, in several voices.
fn examples(counted: &[Counted]) -> Vec<i64> {
    let mut seen = HashSet::new();
    counted
        .iter()
        .filter(|c| seen.insert(c.speaker.as_str()))
        .take(EXAMPLES)
        .map(|c| c.mention_id)
        .collect()
}

//! `lexicon-0`: stance by a small self-written word list, German and English.
//!
//! A placeholder, and it says so wherever its labels are shown. It sees words, not meaning: irony
//! without a cue, comparisons, and whom a sentence is really about escape it. On ordinary posts a
//! list like this separates critical from other statements only a little better than chance, so it
//! gives no probability, and `unclear` wherever the words do not clearly lean one way. `neutral`
//! means that no judging word was seen, and nothing else that is typical of one.

use super::Classifier;
use super::features::Signs;
use super::flags::{Need, flags};
use super::masks::Masks;
use super::phrases::{Found, LexiconError, Phrases};
use super::reading::Reading;
use super::weigh::{Cues, Judgement, Weighed, circumstance, closeness, marks, names, sentences};
use crate::model::{FlagLabel, Kind, Labels, Mention, Reason, Says, Stance, StanceLabel, Target};
use crate::text::{Token, analyse};

const STANCE: &str = include_str!("lexicon/stance.txt");
const CUES: &str = include_str!("lexicon/cues.txt");

/// Least lead of one side that is a stance.
const MARGIN: f32 = 0.75;
/// The same as a share of all weights.
const LEAD: f32 = 0.34;
/// Lead from which an article may be more than a report: unclear then, and not neutral.
const LOUD_ARTICLE: f32 = 4.0;
/// Statements shorter than this and without a judging word are unclear, not neutral.
const SHORT_WORDS: usize = 4;
/// Reasons that a label carries at most: a flood of words must not become a flood of rows.
const MAX_REASONS: usize = 24;
/// What an irony cue leaves of praise.
const IRONIC: f32 = 0.3;

/// The classifier `lexicon-0`.
#[derive(Debug, Clone)]
pub struct Lexicon {
    german: Phrases<Judgement>,
    english: Phrases<Judgement>,
    any: Phrases<Judgement>,
    /// False for what only looks like a negation.
    negation: Phrases<bool>,
    intensifier: Phrases<()>,
    hedge: Phrases<()>,
    sarcasm: Phrases<()>,
    reporting: Phrases<()>,
    opinion_piece: Phrases<()>,
    hearsay: Phrases<()>,
    flags: Phrases<Need>,
    /// Only looked for in answers.
    answer_flags: Phrases<Need>,
    /// For the trained model.
    pub(super) masks: Masks,
}

impl Lexicon {
    /// Reads the built-in lists. A line that cannot be read is left out; a test holds that there
    /// is none.
    pub fn new() -> Self {
        Self::read().0
    }

    /// The lexicon, and the lines that it could not read.
    fn read() -> (Self, Vec<LexiconError>) {
        let mut lexicon = Self {
            german: Phrases::new(),
            english: Phrases::new(),
            any: Phrases::new(),
            negation: Phrases::new(),
            intensifier: Phrases::new(),
            hedge: Phrases::new(),
            sarcasm: Phrases::new(),
            reporting: Phrases::new(),
            opinion_piece: Phrases::new(),
            hearsay: Phrases::new(),
            flags: Phrases::new(),
            answer_flags: Phrases::new(),
            masks: Masks::new(),
        };
        let mut unread = Vec::new();
        for (section, line) in lines(STANCE) {
            unread.extend(lexicon.add_judgement(section, line).err());
        }
        for (section, line) in lines(CUES) {
            unread.extend(lexicon.add_cue(section, line).err());
        }
        (lexicon, unread)
    }

    fn add_judgement(&mut self, section: &str, line: &str) -> Result<(), LexiconError> {
        let unreadable = || LexiconError(line.to_owned());
        let (weight, phrase) = line.split_once(' ').ok_or_else(unreadable)?;
        let weight: f32 = weight.parse().map_err(|_| unreadable())?;
        let list = match section {
            "de" | "de verbs" => &mut self.german,
            "en" | "en verbs" => &mut self.english,
            "any" => &mut self.any,
            _ => return Err(unreadable()),
        };
        let verb = section.ends_with("verbs");
        list.add(phrase, Judgement { weight, verb })
    }

    fn add_cue(&mut self, section: &str, line: &str) -> Result<(), LexiconError> {
        match section {
            "negation" => self.negation.add(line, true),
            "no_negation" => self.negation.add(line, false),
            "intensifier" => self.intensifier.add(line, ()),
            "hedge" => self.hedge.add(line, ()),
            "sarcasm" => self.sarcasm.add(line, ()),
            "reporting" => self.reporting.add(line, ()),
            "opinion_piece" => self.opinion_piece.add(line, ()),
            "hearsay" => self.hearsay.add(line, ()),
            "enquiry" => self.flags.add(line, Need::Question),
            "enquiry_at_end" => self.flags.add(line, Need::QuestionEnd),
            "enquiry_in_answer" => self.answer_flags.add(line, Need::Asked),
            "correction_in_answer" => self.answer_flags.add(line, Need::Begins),
            "correction" => self.flags.add(line, Need::Statement),
            "correction_at_end" => self.flags.add(line, Need::StatementEnd),
            _ => Err(LexiconError(line.to_owned())),
        }
    }

    /// The judging words from left to right, by the longest entry of the languages in question.
    fn judgements(&self, reading: &Reading<'_>, lang: &str) -> Vec<Found<Judgement>> {
        let lists: &[&Phrases<Judgement>] = match lang {
            "de" => &[&self.german, &self.any],
            "en" => &[&self.english, &self.any],
            _ => &[&self.german, &self.english, &self.any],
        };
        let mut found = Vec::new();
        let mut at = 0;
        while at < reading.words.len() {
            let here = lists.iter().filter_map(|list| list.at(reading, at));
            let longest = here.max_by_key(|found| found.last);
            at = longest.map_or(at, |longest| longest.last) + 1;
            found.extend(longest);
        }
        found
    }

    /// Weighs every judging word by what stands around it.
    fn weigh(&self, reading: &Reading<'_>, lang: &str) -> Vec<Weighed> {
        let judgements = self.judgements(reading, lang);
        let mut covered = vec![false; reading.words.len()];
        for found in &judgements {
            for word in covered.iter_mut().take(found.last + 1).skip(found.first) {
                *word = true;
            }
        }
        let cues = Cues {
            negations: self.cue_words(reading, &self.negation, &covered),
            intensifiers: marks(reading, &self.intensifier),
            hedged: sentences(reading, &self.hedge),
            reported: sentences(reading, &self.reporting),
        };
        judgements
            .iter()
            .filter(|found| found.value.weight != 0.0)
            .map(|found| cues.weigh(reading, found))
            .collect()
    }

    /// Where a negation stands that is not part of a judging phrase itself.
    fn cue_words(
        &self,
        reading: &Reading<'_>,
        negation: &Phrases<bool>,
        covered: &[bool],
    ) -> Vec<usize> {
        negation
            .all(reading)
            .into_iter()
            .filter(|found| found.value && covered.get(found.first) == Some(&false))
            .map(|found| found.first)
            .collect()
    }

    fn stance(&self, read: &Read<'_>, target: &Target) -> StanceLabel {
        let names = names(&read.reading, target);
        let mut reasons = Vec::new();
        let (mut praise, mut blame) = (0.0_f32, 0.0_f32);
        for weighed in &read.weighed {
            let mut weight = weighed.weight * closeness(&read.reading, weighed, &names);
            if weight > 0.0 && read.irony.is_some() {
                weight *= IRONIC;
            }
            praise += weight.max(0.0);
            blame += (-weight).max(0.0);
            let rule = if weight > 0.0 {
                "supportive word"
            } else {
                "critical word"
            };
            let (seen, span) = read.reading.seen(weighed.first, weighed.last);
            reasons.push(Reason {
                rule: rule.to_owned(),
                seen,
                span,
                weight,
            });
            reasons.extend(weighed.circumstances.iter().cloned());
        }
        reasons.truncate(MAX_REASONS);
        reasons.extend(read.irony.clone());
        if read.report {
            reasons.push(Reason {
                rule: "article reports".to_owned(),
                seen: String::new(),
                span: None,
                weight: 0.0,
            });
        }
        StanceLabel {
            target: target.name.clone(),
            stance: decide(read, praise, blame),
            probability: None,
            reasons,
            by_office: false,
        }
    }
}

impl Lexicon {
    /// Reads a mention; `title` and `text` are the words of both.
    pub(super) fn look<'a>(
        &self,
        mention: &'a Mention,
        title: &'a [Token],
        text: &'a [Token],
    ) -> Read<'a> {
        let reading = Reading::new(mention, title, text);
        let irony = self.sarcasm.all(&reading).into_iter().find_map(|found| {
            let word = reading.words.get(found.first)?;
            (!word.quoted).then(|| circumstance(&reading, "irony cue", found.first, found.last))
        });
        Read {
            weighed: self.weigh(&reading, &mention.lang),
            report: mention.kind == Kind::Article && self.opinion_piece.at(&reading, 0).is_none(),
            denies: self.negation.all(&reading).iter().any(|found| found.value),
            irony,
            reading,
        }
    }

    pub(super) fn flags(&self, read: &Read<'_>, kind: Kind) -> Vec<FlagLabel> {
        let answers = matches!(kind, Kind::Reply | Kind::Comment);
        let lists: &[&Phrases<Need>] = match answers {
            true => &[&self.flags, &self.answer_flags],
            false => &[&self.flags],
        };
        flags(&read.reading, kind, lists, &self.negation)
    }

    /// The first phrase by which something is told as hearsay, as it is written.
    pub(super) fn hearsay(&self, read: &Read<'_>) -> Option<String> {
        let found = self.hearsay.all(&read.reading).into_iter().next()?;
        Some(read.reading.seen(found.first, found.last).0)
    }

    /// What the lists see of a statement toward a target whose name stands at `names`.
    pub(super) fn signs(&self, read: &Read<'_>, names: &[(usize, usize)]) -> Signs {
        let mut signs = Signs {
            irony: read.irony.is_some(),
            denies: read.denies,
            report: read.report,
            ..Signs::default()
        };
        for weighed in &read.weighed {
            let weight = weighed.weight * closeness(&read.reading, weighed, names);
            signs.praise += weight.max(0.0);
            signs.blame += (-weight).max(0.0);
        }
        signs
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl Classifier for Lexicon {
    fn model(&self) -> &str {
        "lexicon-0"
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        let (title, text) = (analyse(&mention.title), analyse(&mention.text));
        let read = self.look(mention, &title, &text);
        Labels {
            model: self.model().to_owned(),
            stances: targets
                .iter()
                .map(|target| self.stance(&read, target))
                .collect(),
            flags: self.flags(&read, mention.kind),
            says: Says {
                hearsay: self.hearsay(&read),
                ..Says::default()
            },
        }
    }
}

/// What is known of a mention before a target is looked at.
pub(super) struct Read<'a> {
    pub(super) reading: Reading<'a>,
    weighed: Vec<Weighed>,
    /// The first cue that praise is not meant.
    irony: Option<Reason>,
    /// An article that does not call itself an opinion.
    report: bool,
    /// Something is denied.
    denies: bool,
}

fn decide(read: &Read<'_>, praise: f32, blame: f32) -> Stance {
    let (lead, all) = (praise - blame, praise + blame);
    if read.report {
        return if lead.abs() < LOUD_ARTICLE {
            Stance::Neutral
        } else {
            Stance::Unclear
        };
    }
    let words = &read.reading.words;
    if read.weighed.is_empty() {
        let asks = words
            .last()
            .is_some_and(|word| read.reading.is_question(word));
        let loud = read.irony.is_some() || read.denies || read.reading.exclaims();
        return if asks || loud || words.len() < SHORT_WORDS {
            Stance::Unclear
        } else {
            Stance::Neutral
        };
    }
    let weak = lead.abs() < MARGIN || lead.abs() < LEAD * all;
    if weak || lead > 0.0 && read.irony.is_some() {
        Stance::Unclear
    } else if lead > 0.0 {
        Stance::Supportive
    } else {
        Stance::Critical
    }
}

/// The lines of a list, each with its section; comments and empty lines are left out.
fn lines(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    list.lines().filter_map(move |line| {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") || line == "#" {
            return None;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
            return None;
        }
        Some((section, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::analyse;
    use std::collections::HashSet;

    #[test]
    fn the_built_in_lists_can_be_read() {
        let unread: Vec<String> = Lexicon::read().1.iter().map(|e| e.to_string()).collect();
        assert_eq!(unread, Vec::<String>::new());
    }

    #[test]
    fn no_entry_stands_twice() {
        for list in [STANCE, CUES] {
            let mut seen = HashSet::new();
            for (section, line) in lines(list) {
                let phrase = line
                    .trim_start_matches(|c: char| "+-0123".contains(c))
                    .trim();
                assert!(seen.insert((section, phrase)), "`{line}` in [{section}]");
            }
        }
    }

    #[test]
    fn no_entry_names_a_party_or_a_group_of_people() {
        let names = [
            "cdu",
            "csu",
            "spd",
            "afd",
            "fdp",
            "grune",
            "linke",
            "bsw",
            "union",
            "merkel",
            "migrant",
            "muslim",
            "jude",
            "auslander",
            "fluchtling",
            "frau",
            "mann",
        ];
        for (_, line) in lines(STANCE).chain(lines(CUES)) {
            for token in analyse(line) {
                let named = token
                    .terms
                    .iter()
                    .any(|t| names.iter().any(|n| t.starts_with(n)));
                assert!(!named, "`{line}`");
            }
        }
    }
}

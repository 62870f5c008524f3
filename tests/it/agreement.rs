//! Naive evaluator, matcher and index give the same answer to every query on every text.
//!
//! Random queries of the language on random texts, both from a vocabulary made of what goes wrong:
//! umlauts in all spellings, homonyms, tags, handles, compounds, numbers, emoji, masked accounts.
//! `AGREEMENT_SEED` and `AGREEMENT_ROUNDS` in the environment look elsewhere and longer.

use super::vocabulary::*;
use jiff::Timestamp;
use resonanz::index::compile::compile;
use resonanz::index::schema::{self, IndexView};
use resonanz::matching::{Matcher, Scratch, StoredQuery};
use resonanz::model::{Author, Kind, Mention};
use resonanz::privacy::MentionKey;
use resonanz::query::{Doc, Keys, Query, RawKeys, naive};
use resonanz::text::analyse;
use std::collections::BTreeSet;
use tantivy::collector::DocSetCollector;
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, Term};

const SEED: u64 = 20_261_123;
const DOCS: usize = 800;
const QUERIES: usize = 300;

/// A small generator (splitmix64): the same numbers everywhere, nothing to install.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    pub(super) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }

    pub(super) fn text(&mut self, most: usize) -> String {
        // A few words of the vocabulary, so that they meet.
        let few: Vec<&str> = (0..6).map(|_| self.pick(WORDS)).collect();
        let count = self.roll(most + 1);
        let words: Vec<&str> = (0..count).map(|_| self.pick(&few)).collect();
        words.join([" ", ", ", " – "][self.roll(3)])
    }

    pub(super) fn mention(&mut self, number: usize) -> Mention {
        let (title, text) = (self.text(5), self.text(14));
        let links: Vec<&&str> = LINKS.iter().filter(|_| self.roll(4) == 0).collect();
        let author = (self.roll(3) == 0).then(|| Author::Voice {
            name: "Amt Köln".to_owned(),
            handle: "BMI_Bund".to_owned(),
            account: None,
        });
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        Mention {
            links: links.into_iter().map(|&link| link.to_owned()).collect(),
            key: MentionKey(key),
            source: self.pick(&["Bluesky", "feed-1"]).to_owned(),
            platform: "web".to_owned(),
            kind: Kind::ALL[self.roll(Kind::ALL.len())],
            published: self.pick(TIMES).parse().unwrap(),
            edited: None,
            collected: Timestamp::UNIX_EPOCH,
            title,
            text,
            lang: self.pick(&["de", "en", ""]).to_owned(),
            site: self.pick(SITES).to_owned(),
            url: (self.roll(2) == 0).then(|| "https://www.bild.de/Politik/1".to_owned()),
            author,
            sealed: None,
            reply_to: None,
            marks: resonanz::model::Marks::default(),
        }
    }

    pub(super) fn query(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 2 } else { 8 }) {
            0 => self.place(1),
            1 => self.place(depth.min(2)),
            2 => format!("({} OR {})", self.query(depth - 1), self.query(depth - 1)),
            3 => format!(
                "({} AND {})",
                self.query(depth - 1),
                self.operand_or_days(depth)
            ),
            4 => format!("({} NOT {})", self.query(depth - 1), self.query(depth - 1)),
            5 => format!("{}:({})", self.pick(&["title", "text"]), self.place(2)),
            6 => self.keyword(),
            _ => {
                let items: Vec<String> = (0..3 + self.roll(2)).map(|_| self.operand(1)).collect();
                format!("({})~{}", items.join(" AND "), self.roll(6))
            }
        }
    }

    /// What may stand behind `AND`.
    fn operand_or_days(&mut self, depth: usize) -> String {
        match self.roll(4) {
            0 => self.pick(DAYS).to_owned(),
            1 => format!("{} NOT {}", self.query(depth - 1), self.pick(DAYS)),
            _ => self.query(depth - 1),
        }
    }

    fn keyword(&mut self) -> String {
        self.pick(&[
            "site:bild.de",
            "site:(bild.de OR spiegel.de)",
            "site:*bild.de",
            "site:de",
            "source:bluesky",
            "source:fee*",
            "lang:DE",
            "type:(reply OR post)",
            "url:\"bild.de/politik\"",
            "url:x.example",
            "links:bild.de",
            "links:\"q=köln\"",
            "links:b?ld.de*a",
            "voice:@bmi_bund",
            "voice:\"amt k*\"",
        ])
        .to_owned()
    }

    /// What may stand at a place: at the top of a query and beside NEAR.
    fn place(&mut self, depth: usize) -> String {
        if depth < 2 || self.roll(3) == 0 {
            return self.operand(depth);
        }
        let order = self.pick(&["", "f", "F"]);
        let n = [0, 1, 2, 5, 100][self.roll(5)];
        format!(
            "({} NEAR/{n}{order} {})",
            self.operand(depth),
            self.operand(depth)
        )
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.roll(11) {
            0..4 => self.word(),
            10 => self.pick(COMPOUNDS).to_owned(),
            4 | 5 => self.pick(PATTERNS).to_owned(),
            6 => self
                .pick(&[
                    "{BMI}",
                    "{bmi}",
                    "{Köln}",
                    "{E-Mail}",
                    "{Ministerin}",
                    "{👍🏽}",
                    "{9/11}",
                ])
                .to_owned(),
            7 => {
                format!("\"{} {}\"", self.pick(WORDS), self.pick(WORDS)).replace("@[Konto]", "der")
            }
            8 => format!(
                "\"{} {}\"~{}",
                self.pick(&["der", "E-Mail", "BMI"]),
                self.pick(PATTERNS),
                self.roll(4)
            ),
            _ if depth == 0 => self.word(),
            _ => format!("({} OR {})", self.operand(depth - 1), self.place(depth)),
        }
    }

    fn word(&mut self) -> String {
        format!("\"{}\"", self.pick(WORDS)).replace("@[Konto]", "das")
    }
}

/// An index of all mentions in several segments, from which every seventh is deleted again.
fn index(mentions: &[Mention]) -> (Searcher, Vec<bool>) {
    let index = Index::create_in_ram(schema::build());
    let mut writer: IndexWriter<TantivyDocument> =
        index.writer_with_num_threads(1, 20_000_000).unwrap();
    writer.set_merge_policy(Box::new(tantivy::merge_policy::NoMergePolicy));
    for (id, mention) in mentions.iter().enumerate() {
        writer.add_document(document(id, mention)).unwrap();
        if id % (DOCS / 3) == 0 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    let deleted = |id: &usize| id % 7 == 3;
    for id in (0..mentions.len()).filter(deleted) {
        writer.delete_term(Term::from_field_i64(schema::ID, id as i64));
    }
    writer.commit().unwrap();
    let alive = (0..mentions.len()).map(|id| !deleted(&id)).collect();
    let searcher = index.reader().unwrap().searcher();
    assert!(searcher.segment_readers().len() > 2);
    (searcher, alive)
}

fn document(id: usize, mention: &Mention) -> TantivyDocument {
    schema::document(&IndexView {
        id: id as i64,
        title: &mention.title,
        text: &mention.text,
        keys: RawKeys::of(mention),
        published_ms: mention.published.as_millisecond(),
        ..IndexView::default()
    })
}

fn found(searcher: &Searcher, query: &Query) -> BTreeSet<usize> {
    let hits = searcher
        .search(&*compile(query.expr()), &DocSetCollector)
        .unwrap();
    let column = |segment: u32| {
        searcher
            .segment_reader(segment)
            .fast_fields()
            .i64("id")
            .unwrap()
    };
    hits.into_iter()
        .map(|hit| column(hit.segment_ord).first(hit.doc_id).unwrap() as usize)
        .collect()
}

fn environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn naive_matcher_and_index_agree() {
    let seed = environment("AGREEMENT_SEED", SEED);
    for round in 0..environment("AGREEMENT_ROUNDS", 1) {
        agree(seed + round);
    }
}

fn agree(seed: u64) {
    let mut dice = Dice(seed);
    let mentions: Vec<Mention> = (0..DOCS).map(|number| dice.mention(number)).collect();
    let (searcher, alive) = index(&mentions);
    let queries: Vec<Query> = (0..QUERIES).map(|_| parse(&dice.query(3), seed)).collect();
    queries
        .iter()
        .for_each(|query| prints_to_itself(query, seed));
    let stored = |(number, query): (usize, &Query)| StoredQuery {
        watch: number.to_string(),
        target: String::new(),
        query: query.clone(),
    };
    let matcher = Matcher::new(queries.iter().enumerate().map(stored).collect());
    let mut scratch = matcher.scratch();
    let matched: Vec<BTreeSet<String>> = mentions
        .iter()
        .map(|mention| watches(&matcher, mention, &mut scratch))
        .collect();
    // What it learned changes where it looks first, and nothing else.
    let learned = matcher.relearned(&scratch);
    let mut scratch = learned.scratch();
    for (mention, matched) in mentions.iter().zip(&matched) {
        assert_eq!(
            watches(&learned, mention, &mut scratch),
            *matched,
            "seed {seed}"
        );
    }
    let keys: Vec<Keys> = mentions.iter().map(Keys::of).collect();
    let (mut compared, mut hits) = (0, 0);
    for (number, query) in queries.iter().enumerate() {
        let from_index = found(&searcher, query);
        for (id, mention) in mentions.iter().enumerate() {
            let says = |who: &str| {
                format!(
                    "{who} on seed {seed}, {}\n{} / {}\n{:?}",
                    query.written(),
                    mention.title,
                    mention.text,
                    keys[id]
                )
            };
            let expected = naively(query, mention, &keys[id]);
            assert_eq!(
                matched[id].contains(&number.to_string()),
                expected,
                "{}",
                says("matcher")
            );
            if alive[id] {
                assert_eq!(from_index.contains(&id), expected, "{}", says("index"));
            } else {
                assert!(!from_index.contains(&id), "{}", says("deleted"));
            }
            compared += 1;
            hits += usize::from(expected);
        }
    }
    assert!(compared >= 200_000);
    // Neither all nor nothing: both answers are tested.
    assert!(
        hits > compared / 50 && hits < compared / 2,
        "{hits} of {compared}"
    );
}

/// What is printed is understood as what was printed.
fn prints_to_itself(query: &Query, seed: u64) {
    let printed = query.expr().to_string();
    let again = parse(&printed, seed);
    assert_eq!(
        again.expr(),
        query.expr(),
        "seed {seed}, {} printed {printed}",
        query.written()
    );
}

/// Deeper trees than those that are evaluated.
#[test]
fn a_tree_of_the_grammar_prints_to_itself() {
    let mut dice = Dice(environment("AGREEMENT_SEED", SEED) ^ 1);
    for round in 0..20_000 {
        let written = dice.query(round % 7);
        prints_to_itself(&parse(&written, round as u64), round as u64);
    }
}

fn parse(written: &str, seed: u64) -> Query {
    match Query::parse(written) {
        Ok(query) => query,
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

fn watches(matcher: &Matcher, mention: &Mention, scratch: &mut Scratch) -> BTreeSet<String> {
    let matches = matcher.matches(mention, scratch);
    for span in matches.iter().flat_map(|found| &found.spans) {
        let part = if span.part == resonanz::model::Part::Title {
            &mention.title
        } else {
            &mention.text
        };
        assert!(part.get(span.start as usize..span.end as usize).is_some());
    }
    matches.into_iter().map(|found| found.watch).collect()
}

fn naively(query: &Query, mention: &Mention, keys: &Keys) -> bool {
    let (title, text) = (analyse(&mention.title), analyse(&mention.text));
    let doc = Doc {
        title: &title,
        text: &text,
        keys,
    };
    naive::matches(query.expr(), &doc)
}

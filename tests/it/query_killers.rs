//! Queries and texts that are made to kill: a few kilobytes that overflow a stack or never end.
//!
//! Each ends in a refusal that says where and why, or in the right answer, on a stack of a quarter
//! of what tokio gives its threads. What holds of any input is said in `tests/fuzz/checks.rs`, and
//! what fuzzing starts from, and once found, is replayed here.

use crate::fuzz_checks as check;
use resonanz::index::Pace;
use resonanz::index::compile::compile;
use resonanz::index::schema::{self, IndexView};
use resonanz::matching::{Matcher, StoredQuery};
use resonanz::query::import::{Dialect, import};
use resonanz::query::{Doc, Keys, MAX_BYTES, MAX_LEAVES, MAX_WITHIN, Query, RawKeys, naive};
use resonanz::text::analyse;
use std::fs;
use std::path::{Path, PathBuf};
use tantivy::collector::Count;
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument};

const STACK_BYTES: usize = 512 * 1024;

/// Bytes of the texts that queries are tried on: a long post, or a newspaper article.
const TEXT_BYTES: usize = 10_000;

/// What kills engines that recurse.
const KILLER_BYTES: usize = 4_000;

/// An overflow ends the process, so that nothing needs to be asserted of it.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(test).unwrap().join().unwrap();
}

/// What is repeated, alone and with its brackets closed again; `¦` parts them.
const PIECES: &str = "\
    (¦((¦)¦)(¦()¦(a¦(a AND ¦(a OR ¦(a NOT ¦a NOT (¦(a NEAR/3 ¦a NEAR/3 (¦a NEAR/100f ¦\
    (a AND (b OR ¦title:(¦title:(a OR ¦text:(a NEAR/2 (¦site:(¦site:(a OR ¦NOT ¦NOT NOT ¦\
    NOT(¦AND ¦OR ¦a OR ¦a AND ¦a NOT ¦a AND NOT ¦NEAR/5 ¦NEAR/5¦NEAR ¦ONEAR/3 ¦near/3 ¦\
    a NEAR/3 ¦title:¦title:a ¦title:text:¦site:¦site:x.de ¦site:x.de OR ¦url:(\"a\" OR ¦\
    lang:de OR ¦lang:¦x:¦x:y ¦author:a ¦voice:@ OR ¦\"¦\"a¦\"a ¦\"a\" ¦\"a\"~5 ¦\
    \"a b c\"~5 OR ¦„¦«a» OR ¦{¦}¦{}¦{a¦{a}¦{a} OR ¦{a b} OR ¦[¦]¦[1 TO 2] ¦~¦~5¦~5~5¦(a)~5¦\
    ((a AND b)~5 AND ¦^¦^9¦<<<¦>>>¦<<<>>>¦<<<a¦<<<a>>>¦<<<a>>> OR ¦<¦a<<<¦*¦?¦**¦*a¦a*¦a*b?¦\
    *aa* OR ¦*ab* AND ¦?a? OR ¦#¦#a¦#a ¦#*aa OR ¦@¦@a¦@a.¦@a@b¦@[Konto] ¦@[Konto] OR ¦-¦- ¦\
    -a ¦-(¦+¦+a ¦++\"¦++\"a\" ¦a-¦a-b ¦a-b OR ¦a'¦a/¦9/¦1.¦12:30 OR ¦https://¦https:// ¦\
    https://a.b/c OR ¦www.¦www.a.b OR ¦//¦\\¦\0¦\n¦\t(¦\r\n¦ ¦\u{a0}¦a\u{200b}¦\u{200b}¦\
    \u{200d}¦\u{ad}¦\u{202e}a ¦\u{202e}¦\u{2066}(¦\u{301}¦a\u{301}¦a\u{301}\u{308} OR ¦\
    \u{338}=¦ä¦ß¦ẞ OR ¦İ¦ﷺ¦ﬁ OR ¦א¦עברית OR ¦العربية OR ¦\u{200f}(¦가¦\u{1100}\u{1161}¦東¦\
    東京 OR ¦👍¦👍 OR ¦👍🏽 AND ¦👩\u{200d}¦👩\u{200d}👩 OR ¦👨\u{200d}👩\u{200d}👧 NEAR/2 ¦🇩¦🇩🇪 OR ¦\
    🏴\u{e0067}\u{e007f}¦✡\u{fe0f} OR ¦§¦§ OR ¦%¦€ AND ¦$¦!¦!!! OR ¦&¦|¦,¦;¦Minister:in OR ¦\
    Bürger*innen AND ¦und ¦a oder ¦nicht ¦AND OR NOT NEAR/1 ";

/// The text of so many bytes or a little less, made of one piece.
fn filled(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

#[test]
fn what_kills_others_is_refused_or_understood() {
    on_a_small_stack(|| {
        for piece in PIECES.split('¦') {
            for bytes in [KILLER_BYTES, MAX_BYTES] {
                let open = format!("{}b", filled(piece, bytes - 1));
                check::query(&open);
                // Closed, it is read to its end.
                let brackets = open.matches('(').count();
                if brackets > 0 {
                    check::query(&format!("{open}{}", ")".repeat(brackets)));
                }
            }
            // Imports of the full size are held to the same by `query_import::hostile`.
            check::import(&filled(piece, KILLER_BYTES));
        }
    });
}

/// Every operator behind every other.
#[test]
fn operators_in_any_row_are_refused_or_understood() {
    const OPERATORS: &[&str] = &[
        "AND ", "OR ", "NOT ", "NEAR/2 ", "NEAR/0f ", "~3 ", "(", ")", "\"", "{", "}", "title:",
        "site:", "a ", "\"a b\" ", "<<<", ">>>", "*", "#", "-",
    ];
    on_a_small_stack(|| {
        for first in OPERATORS {
            for second in OPERATORS {
                let written = filled(&format!("{first}{second}"), KILLER_BYTES);
                check::query(&written);
                check::import(&written);
            }
        }
    });
}

/// A tree is only as deep as is allowed when it is complete: what is built until then must not
/// overflow when it is measured and dropped.
#[test]
fn a_tree_that_grows_deep_slowly_is_refused() {
    let chains = |levels: usize, links: usize| {
        (0..levels).fold("a".to_owned(), |inner, _| {
            format!("({inner}{})", " NEAR/1 a".repeat(links))
        })
    };
    on_a_small_stack(move || {
        for written in [chains(31, 31), chains(62, 15), chains(30, 32)] {
            assert!(written.len() < MAX_BYTES);
            let error = Query::parse(&written).unwrap_err();
            // It is the whole that is too deep.
            assert_eq!((error.start, error.end), (0, written.len()), "{error}");
            check::query(&written);
            for dialect in Dialect::ALL {
                assert!(import(dialect, &written).is_err());
            }
        }
    });
}

/// One mention in an index of its own, and the same for the matcher.
struct Post {
    title: String,
    text: String,
    searcher: Searcher,
}

impl Post {
    fn new(title: &str, text: &str) -> Self {
        let index = Index::create_in_ram(schema::build());
        let mut writer: IndexWriter<TantivyDocument> =
            index.writer_with_num_threads(1, 20_000_000).unwrap();
        let mention = check::mention(title, text);
        let view = IndexView {
            title,
            text,
            keys: RawKeys::of(&mention),
            ..IndexView::default()
        };
        writer.add_document(schema::document(&view)).unwrap();
        writer.commit().unwrap();
        Self {
            title: title.to_owned(),
            text: text.to_owned(),
            searcher: index.reader().unwrap().searcher(),
        }
    }

    fn of(piece: &str) -> Self {
        Self::new("", &filled(piece, TEXT_BYTES))
    }

    /// Matcher and index give this answer; the oracle too, where it lives to tell.
    fn answers(&self, written: &str, expected: bool) {
        let shown = &written[..written.floor_char_boundary(80)];
        let query = Query::parse(written).unwrap_or_else(|error| panic!("{error}"));
        check::query(written);
        let mention = check::mention(&self.title, &self.text);
        let stored = StoredQuery {
            watch: "watch".to_owned(),
            target: "target".to_owned(),
            query: query.clone(),
        };
        let matcher = Matcher::new(vec![stored]);
        let matches = matcher.matches(&mention, &mut matcher.scratch());
        assert_eq!(!matches.is_empty(), expected, "matcher on {shown}");
        let found = self
            .searcher
            .search(&*compile(query.expr(), &Pace::default()), &Count)
            .unwrap();
        assert_eq!(found == 1, expected, "index on {shown}");
    }

    /// The same, and the oracle agrees.
    fn really_answers(&self, written: &str, expected: bool) {
        self.answers(written, expected);
        let query = Query::parse(written).unwrap();
        let mention = check::mention(&self.title, &self.text);
        let (title, text) = (analyse(&self.title), analyse(&self.text));
        let doc = Doc {
            title: &title,
            text: &text,
            keys: &Keys::of(&mention),
        };
        assert_eq!(
            naive::matches(query.expr(), &doc),
            expected,
            "oracle on {written}"
        );
    }
}

/// `count` operands, numbered, joined by an operator.
fn joined(count: usize, operator: &str, operand: impl Fn(usize) -> String) -> String {
    (0..count).map(operand).collect::<Vec<_>>().join(operator)
}

/// The same operand again and again.
fn again(count: usize, operator: &str, operand: &str) -> String {
    joined(count, operator, |_| operand.to_owned())
}

#[test]
fn as_many_words_as_are_allowed() {
    const N: usize = MAX_LEAVES;
    on_a_small_stack(|| {
        let post = Post::of("a b ");
        let others = joined(N - 1, " NOT ", |i| format!("x{i}"));
        let row = joined(N, " ", |i| ["a", "b"][i % 2].to_owned());
        for (written, expected) in [
            (again(N, " OR ", "a"), true),
            (joined(N, " OR ", |i| format!("x{i}")), false),
            (again(N, " AND ", "a"), true),
            (format!("{} AND x", again(N - 1, " AND ", "a")), false),
            (format!("a NOT {others}"), true),
            (format!("a NOT {}", again(N - 1, " NOT ", "b")), false),
            (joined(N, " OR ", |i| format!("{{X{i}}}")), false),
            (again(N, " OR ", "{a}"), true),
            (joined(N, " OR ", |i| format!("site:x{i}")), false),
            (joined(N, " OR ", |i| format!("x{i}*y*")), false),
            (format!("\"{row}\""), true),
            (format!("\"{}\"", again(N, " ", "a")), false),
            (format!("title:({})", again(N, " OR ", "a")), false),
            (format!("text:({})", again(N, " OR ", "b")), true),
        ] {
            post.answers(&written, expected);
            let one_more = format!("{written} OR zz");
            let error = Query::parse(&one_more).unwrap_err();
            assert_eq!(&one_more[error.start..error.end], "zz", "{error}");
        }
    });
}

/// Here every word is near every other: what a `NEAR` hands on is bounded, in the same way for all.
#[test]
fn nested_near_on_texts_made_for_it() {
    on_a_small_stack(|| {
        let queries = [
            (again(32, " NEAR/100 ", "a"), true),
            (again(16, " NEAR/100 ", "(a OR b)"), true),
            (
                "((a NEAR/100 b) NEAR/100 (b NEAR/100 a)) NEAR/100 (a NEAR/100 (b NEAR/100 x))"
                    .into(),
                false,
            ),
            (
                "((a NEAR/9 b) NEAR/9 (b NEAR/9 a)) NEAR/9f ((a OR b) NEAR/9f (a NEAR/9 \"b a\"))"
                    .into(),
                true,
            ),
            ("(a NEAR/100 b) NEAR/0f x".into(), false),
            (again(31, " NEAR/0f ", "a"), false),
        ];
        let long = Post::of("a b ");
        for (written, expected) in &queries {
            long.answers(written, *expected);
        }
    });
}

/// More spans than a `NEAR` hands on: all three drop the same ones, and only where there are more.
#[test]
fn the_spans_that_are_dropped_are_the_same_for_all() {
    on_a_small_stack(|| {
        // The spans are in the order of their starts, and 60 words are enough to fill the list.
        let split = |before: usize| format!("{}y {}x", "a ".repeat(before), "a ".repeat(30));
        for (title, text, written, expected) in [
            ("", split(60), "y NEAR/0f (a NEAR/100 a)", false),
            ("", split(10), "y NEAR/0f (a NEAR/100 a)", true),
            ("", split(60), "(a NEAR/100 a) NEAR/0f x", true),
            ("", split(60), "(y NEAR/100 a) NEAR/0f x", true),
            ("", split(60), "y NEAR/0f ((a NEAR/0f a) NEAR/100 a)", false),
            (
                "x",
                split(60),
                "(a NEAR/100 a) NEAR/100 (x NEAR/0 y)",
                false,
            ),
        ] {
            Post::new(title, &text).really_answers(written, expected);
        }
    });
}

/// `~` goes through the sets of its operands; its cost doubles with each.
#[test]
fn distances_of_six_groups_on_texts_made_for_it() {
    on_a_small_stack(|| {
        let group =
            |operand: &str, n: usize| format!("({})~{n}", again(MAX_WITHIN, " AND ", operand));
        let mixed = Post::of("a b ");
        mixed.answers(&group("(a OR b)", 0), true);
        mixed.answers(&group("(a OR b)", 100), true);
        mixed.answers(&group("(a OR \"b a\" OR b)", 3), true);
        mixed.answers(&group("a", 5), true);
        mixed.answers(&group("a", 4), false);
        mixed.answers(&group("(a NEAR/3 b)", 0), true);
        mixed.answers("((a OR b) AND a AND b AND (b OR a) AND a AND x)~100", false);
        let seldom = Post::new("", &format!("{}x", filled("a y ", TEXT_BYTES)));
        seldom.answers("(a AND a AND a AND a AND a AND x)~4", false);
        seldom.answers("(a AND a AND a AND a AND a AND x)~5", true);
        let five = again(5, " OR ", "(a AND a AND a AND a AND a AND x)~4");
        seldom.answers(&five, false);
        Post::new("", "a b a b a b").really_answers(&group("(a OR b)", 0), true);
        Post::new("", "a b a b a").really_answers(&group("(a OR b)", 100), false);
    });
}

/// Stars against words that almost fit.
#[test]
fn stars_on_words_made_for_them() {
    on_a_small_stack(|| {
        let word = |letters: &str, bytes: usize| format!("{} ", filled(letters, bytes));
        let long = Post::of(&word("a", 250));
        let stars = |letters: &str, count: usize, end: &str| letters.repeat(count) + end;
        long.answers(&stars("*a", 99, "*"), true);
        long.answers(&stars("*a", 99, "b"), false);
        long.answers(&stars("a*", 99, "b*"), false);
        long.answers(&stars("?a", 99, "*"), true);
        long.answers(&stars("*?a", 60, "*b"), false);
        let many = joined(70, " OR ", |i| format!("*{}*b{i}", stars("*a", 90, "")));
        long.answers(&many, false);
        let alphabet = Post::of(&word("abcdefghijklmnopqrstuvwxyz", 250));
        alphabet.answers(
            "*a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*r*s*t*u*v*w*x*y*z*",
            true,
        );
        alphabet.answers("*z*y*x*w*v*u*t*s*r*", true);
        alphabet.answers("*z*y*x*w*v*u*t*s*r*q*p*o*", false);
        alphabet.answers("\"*a*z *a*z *a*z\"", true);
        alphabet.answers("*ab* NEAR/100 (*yz* NEAR/100 *zz*)", false);
        let short = Post::new("aaab", "aab aaaa");
        short.really_answers("*a*a*a*b", true);
        short.really_answers("text:*a*a*a*b", false);
        short.really_answers("url:\"*b*l*d*1\" AND links:*x*?*l?", true);
        let urls = joined(300, " OR ", |i| format!("url:*b*i*l*d*{i}x"));
        short.answers(&urls, false);
    });
}

#[test]
fn emoji_marks_and_directions_on_texts_full_of_them() {
    on_a_small_stack(|| {
        let family = "👨\u{200d}👩\u{200d}👧";
        let families = Post::of(&format!("{family} "));
        families.answers(&again(MAX_LEAVES / 2, " OR ", family), true);
        families.answers(&again(32, " NEAR/0f ", family), true);
        families.answers("👩 OR 👧", false);
        let endless = Post::of("👩\u{200d}");
        endless.answers("👩 OR {👩}", false);
        let marked = Post::of("a\u{301}\u{308}\u{302} ");
        marked.answers("a AND á AND (a NEAR/0f ä)", true);
        let storm = Post::new("", &format!("a{}", filled("\u{301}", TEXT_BYTES)));
        storm.answers("ab*", false);
        let turned = Post::of("\u{202e}שלום\u{2069} \u{200f}مرحبا ");
        turned.answers("שלום NEAR/0f مرحبا", true);
        turned.answers("\u{2066}שלום\u{2069} AND \u{200b}مرحبا\u{200b}", true);
        let unseen = Post::new("\u{200b}", &filled("\u{200b}\u{ad}", TEXT_BYTES));
        unseen.answers("a OR \u{200b}b", false);
    });
}

/// What fuzzing starts from, and what it once found.
#[test]
fn seeds_of_the_fuzzers_hold() {
    let seeds = |target: &str| {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz/seeds")
            .join(target);
        let mut files: Vec<PathBuf> = fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(files.len() >= 5, "{target} has seeds");
        files
            .into_iter()
            .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
    };
    let hold = |target: &str, check: fn(&str)| {
        let seeds: Vec<String> = seeds(target).collect();
        on_a_small_stack(move || seeds.iter().for_each(|seed| check(seed)));
    };
    hold("query", check::query);
    hold("import", check::import);
    hold("evaluate", check::evaluate);
    hold("analyse", check::analyse);
}

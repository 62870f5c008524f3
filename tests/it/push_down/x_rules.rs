//! X's rule language, read a second time from its documents: parser, checks and evaluator, sharing
//! nothing with what writes the rules.
//!
//! <https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule> and `…/operators`; where
//! stream and search differ, the stricter one (accents tell words apart).

use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// A keyword or an emoji: one token of the text.
    Token(String),
    Hashtag(String),
    Mention(String),
    /// Tokens next to each other in an address.
    Url(Vec<String>),
    /// Requires a conjunction.
    Reply,
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

/// Reads a rule, and refuses what X would.
pub fn parse(text: &str) -> Result<Rule, String> {
    let words = words(text)?;
    let mut reader = Reader { words, next: 0 };
    let rule = reader.any()?;
    if reader.next < reader.words.len() {
        return Err(format!("a bracket too many in {text}"));
    }
    match stands_alone(&rule) {
        true => Ok(rule),
        false => Err(format!("an operator that requires a conjunction: {text}")),
    }
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut open, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                open.push(c);
            }
            '(' | ')' | ' ' if !quoted => {
                if !open.is_empty() {
                    words.push(std::mem::take(&mut open));
                }
                if c != ' ' {
                    words.push(c.to_string());
                }
            }
            c => open.push(c),
        }
    }
    if !open.is_empty() {
        words.push(open);
    }
    match quoted {
        true => Err(format!("an open quote in {text}")),
        false => Ok(words),
    }
}

struct Reader {
    words: Vec<String>,
    next: usize,
}

impl Reader {
    fn word(&self) -> &str {
        self.words.get(self.next).map_or("", String::as_str)
    }

    fn any(&mut self) -> Result<Rule, String> {
        let mut rules = vec![self.all()?];
        while self.word() == "OR" {
            self.next += 1;
            rules.push(self.all()?);
        }
        Ok(Rule::Any(rules))
    }

    fn all(&mut self) -> Result<Rule, String> {
        let mut rules = Vec::new();
        while !matches!(self.word(), "" | ")" | "OR") {
            rules.push(self.one()?);
        }
        match rules.is_empty() {
            true => Err(format!("nothing before word {}", self.next)),
            false => Ok(Rule::All(rules)),
        }
    }

    fn one(&mut self) -> Result<Rule, String> {
        let word = self.word().to_owned();
        self.next += 1;
        if word != "(" {
            return operator(&word);
        }
        let rule = self.any()?;
        if self.word() != ")" {
            return Err("a bracket is not closed".to_owned());
        }
        self.next += 1;
        Ok(rule)
    }
}

fn operator(word: &str) -> Result<Rule, String> {
    let wrong = || Err(format!("{word} is no operator"));
    if word == "AND" {
        return wrong();
    }
    if let Some(tag) = word.strip_prefix('#') {
        let plain = tag.chars().all(|c| c.is_alphanumeric() || c == '_');
        return match plain && tag.chars().any(char::is_alphabetic) {
            true => Ok(Rule::Hashtag(tag.to_lowercase())),
            false => wrong(),
        };
    }
    if let Some(name) = word.strip_prefix('@') {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return match plain && (1..=15).contains(&name.len()) {
            true => Ok(Rule::Mention(name.to_lowercase())),
            false => wrong(),
        };
    }
    if let Some(address) = word.strip_prefix("url:\"") {
        let tokens = tokens(address.trim_end_matches('"'));
        return match tokens.is_empty() {
            true => wrong(),
            false => Ok(Rule::Url(tokens)),
        };
    }
    if word == "is:reply" {
        return Ok(Rule::Reply);
    }
    let bare = word.trim_matches('"');
    let is_quoted = bare.len() < word.len();
    match tokens(bare).as_slice() {
        // A keyword is what it is a token of; an emoji with a variant stands in quotes.
        [token] if token == bare && (is_quoted || bare.chars().all(is_unquoted)) => {
            Ok(Rule::Token(token.clone()))
        }
        _ => wrong(),
    }
}

fn is_unquoted(c: char) -> bool {
    !is_variant(c) && !is_flag(c)
}

/// True where every way to fulfil the rule goes through an operator that may stand alone.
fn stands_alone(rule: &Rule) -> bool {
    match rule {
        Rule::Reply => false,
        Rule::All(rules) => rules.iter().any(stands_alone),
        Rule::Any(rules) => rules.iter().all(stands_alone),
        _ => true,
    }
}

/// A post as X sees it.
#[derive(Debug)]
pub struct Post {
    tokens: BTreeSet<String>,
    hashtags: BTreeSet<String>,
    mentions: BTreeSet<String>,
    addresses: Vec<Vec<String>>,
    is_reply: bool,
}

impl Post {
    pub fn new(text: &str, is_reply: bool) -> Self {
        let text: String = text.nfc().collect();
        let is_address = |word: &&str| {
            let lower = word.to_lowercase();
            ["http://", "https://", "www."]
                .iter()
                .any(|start| lower.starts_with(start))
        };
        Self {
            tokens: tokens(&text).into_iter().collect(),
            hashtags: hashtags(&text),
            mentions: mentions(&text),
            addresses: text
                .split_whitespace()
                .filter(is_address)
                .map(tokens)
                .collect(),
            is_reply,
        }
    }

    pub fn fulfils(&self, rule: &Rule) -> bool {
        match rule {
            Rule::Token(token) => self.tokens.contains(token),
            Rule::Hashtag(tag) => self.hashtags.contains(tag),
            Rule::Mention(name) => self.mentions.contains(name),
            Rule::Url(tokens) => {
                let holds =
                    |address: &Vec<String>| address.windows(tokens.len()).any(|w| w == tokens);
                self.addresses.iter().any(holds)
            }
            Rule::Reply => self.is_reply,
            Rule::All(rules) => rules.iter().all(|rule| self.fulfils(rule)),
            Rule::Any(rules) => rules.iter().any(|rule| self.fulfils(rule)),
        }
    }
}

/// Splits at punctuation, symbols and separators; an emoji with its variants is a token.
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    // What the last token goes on with: letters, variants of an emoji, the other half of a flag.
    let mut last = ' ';
    for c in text.to_lowercase().chars() {
        let is_letter = c.is_alphanumeric() || is_combining_mark(c);
        let goes_on = match last {
            'a' => is_letter,
            'e' => is_variant(c),
            'f' => is_flag(c),
            _ => false,
        };
        let kind = match c {
            c if goes_on && last == 'f' && is_flag(c) => ' ',
            c if is_flag(c) => 'f',
            c if is_emoji(c) || (last == 'e' && is_variant(c)) => 'e',
            _ if is_letter => 'a',
            _ => ' ',
        };
        match tokens.last_mut() {
            Some(token) if goes_on => token.push(c),
            _ if kind != ' ' => tokens.push(c.to_string()),
            _ => {}
        }
        last = kind;
    }
    tokens
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

fn is_variant(c: char) -> bool {
    matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Behind no letter, with a letter in it, and not glued to the next.
fn hashtags(text: &str) -> BTreeSet<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_inner = |c: char| c.is_alphanumeric() || is_combining_mark(c) || c == '_';
    named(&chars, '#', is_inner)
        .filter(|(before, name, after)| {
            !before.is_some_and(|c| is_inner(c) || c == '&')
                && name.chars().any(char::is_alphabetic)
                && *after != Some('#')
        })
        .map(|(_, name, _)| name)
        .collect()
}

fn mentions(text: &str) -> BTreeSet<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    named(&chars, '@', is_inner)
        .filter(|(before, name, after)| {
            !before.is_some_and(|c| c.is_alphanumeric() || "_!@#$%&*".contains(c))
                && (1..=15).contains(&name.len())
                && *after != Some('@')
        })
        .map(|(_, name, _)| name)
        .collect()
}

/// What stands before a sign, behind it in lower case, and after that.
fn named(
    chars: &[char],
    sign: char,
    is_inner: impl Fn(char) -> bool,
) -> impl Iterator<Item = (Option<char>, String, Option<char>)> {
    let signs = (0..chars.len()).filter(move |&at| chars[at] == sign);
    signs.map(move |at| {
        let inner = chars[at + 1..].iter().take_while(|c| is_inner(**c));
        let name: String = inner.collect();
        let after = chars.get(at + 1 + name.chars().count()).copied();
        let before = at.checked_sub(1).map(|before| chars[before]);
        (before, name.to_lowercase(), after)
    })
}

#[test]
fn the_documents_examples() {
    let check = |rule: &str, text: &str, expected: bool| {
        let parsed = parse(rule).unwrap();
        assert_eq!(
            Post::new(text, false).fulfils(&parsed),
            expected,
            "{rule} / {text}"
        );
    };
    check("gnip", "Check out gnip's documentation.", true);
    check("gnip", "I love the @gnip blog.", true);
    check("gnip", "#gniprocks", false);
    check("cola", "I like coca-cola!", true);
    check("cola", "I like cocacola!", false);
    check("coca cola", "I like coca-cola", true);
    check("apple", "I love #Apple hardware", true);
    check("#thanku", "#thankunext", false);
    check("diacrítica", "diacritica", false);
    check("cat", "CAT", true);
    check("apple OR iphone ipad", "iphone", false);
    check("(apple OR iphone) ipad", "ipad iphone", true);
    check("@api", "hallo @API!", true);
    check("😃", "a😃b", true);
    check("\"👍🏽\"", "👍", false);
    check("\"🇩🇪\"", "🇫🇷🇩🇪", true);
    check(
        "url:\"developer.x.com\"",
        "https://developer.x.com/docs",
        true,
    );
    for wrong in [
        "",
        "(a",
        "a)",
        "a OR",
        "OR a",
        "\"a",
        "a AND b",
        "coca-cola",
        "Köln",
        "a*",
        "is:reply",
        "a OR is:reply",
        "👍🏽",
        "#1",
        "@a.b",
        "-a",
        "a:b",
        "()",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    assert!(parse("a is:reply").is_ok());
}

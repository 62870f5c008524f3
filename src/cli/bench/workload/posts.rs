//! Short German and English posts: of the shared texts where they are there, else invented.

use super::dice::Dice;
use super::vocabulary::Speaker;
use crate::model::Kind;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

/// Posts that document frequencies are measured on, and that the measured ones are taken from.
pub const POOL: usize = 60_000;
/// Longest post, in characters.
const MAX_CHARS: usize = 300;

/// What a text is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    GermanPost,
    GermanNews,
    English,
}

/// Parts of a hundred. A tenth more or less would change no figure.
const MIX: [(Sort, usize); 3] = [
    (Sort::GermanPost, 40),
    (Sort::GermanNews, 25),
    (Sort::English, 35),
];

/// Files of `classify/` in the shared data.
const FILES: [(&str, Sort); 13] = [
    ("germeval18.jsonl", Sort::GermanPost),
    ("germeval17.jsonl", Sort::GermanPost),
    ("germeval21.jsonl", Sort::GermanPost),
    ("potts.jsonl", Sort::GermanPost),
    ("defakts.jsonl", Sort::GermanPost),
    ("xstance_valid_de.jsonl", Sort::GermanPost),
    ("claims_de_ct25.jsonl", Sort::GermanPost),
    ("bundestag_gov.jsonl", Sort::GermanNews),
    ("wahlomat.jsonl", Sort::GermanNews),
    ("rumoureval17.jsonl", Sort::English),
    ("semeval16_stance.jsonl", Sort::English),
    ("claims_en_ct22_queries.jsonl", Sort::English),
    ("claims_en_ct22_register.jsonl", Sort::English),
];

/// One post as a source would tell it.
#[derive(Debug, Clone)]
pub struct Post {
    pub text: String,
    pub lang: &'static str,
    pub kind: Kind,
    pub site: String,
    /// Handle of a public voice.
    pub voice: Option<String>,
}

/// Any of the keys under which the files keep their texts.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    comment: Option<Cow<'a, str>>,
    #[serde(borrow)]
    post: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vclaim: Option<Cow<'a, str>>,
}

/// [`POOL`] posts in random order, and where they come from.
pub fn pool(shared: &Path, seed: u64) -> (Vec<Post>, String) {
    let dir = shared.join("classify");
    let mut dice = Dice::new(seed, "posts");
    let mut found = Texts::default();
    for (name, sort) in FILES {
        if let Ok(content) = std::fs::read_to_string(dir.join(name)) {
            found.read(&content, sort, &mut dice);
        }
    }
    let real = MIX.iter().all(|(sort, _)| found.count(*sort) > 1_000);
    let origin = match real {
        true => format!("{} texts of {}", found.seen.len(), dir.display()),
        false => "invented texts (the shared ones are not there)".to_owned(),
    };
    if !real {
        found = Texts::invented(&mut dice);
    }
    (found.into_posts(&mut dice), origin)
}

/// Where the shared texts lie: `RESONANZ_SHARED`, else beside the project.
pub fn shared() -> std::path::PathBuf {
    std::env::var_os("RESONANZ_SHARED").map_or_else(|| "../shared/data".into(), Into::into)
}

#[derive(Default)]
struct Texts {
    texts: Vec<(String, Sort)>,
    seen: HashSet<String>,
}

impl Texts {
    fn read(&mut self, content: &str, sort: Sort, dice: &mut Dice) {
        for line in content.lines() {
            let Ok(line) = serde_json::from_str::<Line<'_>>(line) else {
                continue;
            };
            let text = line.text.or(line.comment).or(line.post).or(line.vclaim);
            let text = cut(text.as_deref().unwrap_or_default(), dice);
            if text.len() > 10 && self.seen.insert(text.clone()) {
                self.texts.push((text, sort));
            }
        }
    }

    fn invented(dice: &mut Dice) -> Self {
        let (german, english) = (Speaker::german(), Speaker::english());
        let mut texts = Vec::with_capacity(POOL);
        for (sort, share) in MIX {
            let speaker = match sort {
                Sort::English => &english,
                Sort::GermanPost | Sort::GermanNews => &german,
            };
            texts.extend((0..POOL * share / 100).map(|_| (speaker.text(dice), sort)));
        }
        Self {
            texts,
            seen: HashSet::new(),
        }
    }

    fn count(&self, sort: Sort) -> usize {
        self.texts.iter().filter(|(_, of)| *of == sort).count()
    }

    /// A sort with too few texts says some twice.
    fn into_posts(mut self, dice: &mut Dice) -> Vec<Post> {
        dice.shuffle(&mut self.texts);
        let mut posts = Vec::with_capacity(POOL);
        for (sort, share) in MIX {
            let of_sort = self.texts.iter().filter(|(_, of)| *of == sort);
            let texts = of_sort.cycle().take(POOL * share / 100);
            posts.extend(texts.map(|(text, sort)| post(text, *sort, dice)));
        }
        dice.shuffle(&mut posts);
        posts
    }
}

/// At most as long as a post may be; longer texts end at a word.
fn cut(text: &str, dice: &mut Dice) -> String {
    let text = text.trim();
    let limit = match text.chars().nth(MAX_CHARS) {
        None => return text.to_owned(),
        Some(_) => dice.between(60, 220),
    };
    let end = text.char_indices().nth(limit).map_or(0, |(at, _)| at);
    let end = text[..end].rfind(char::is_whitespace).unwrap_or(end);
    text[..end].trim_end().to_owned()
}

fn post(text: &str, sort: Sort, dice: &mut Dice) -> Post {
    let is_news = sort == Sort::GermanNews;
    Post {
        text: text.to_owned(),
        lang: if sort == Sort::English { "en" } else { "de" },
        kind: match (is_news, dice.chance(35)) {
            (true, _) => Kind::Article,
            (false, true) => Kind::Reply,
            (false, false) => Kind::Post,
        },
        site: if is_news { site(dice) } else { String::new() },
        voice: (!is_news && dice.chance(2)).then(|| voice(dice)),
    }
}

/// One of 200 publications, some large and many small.
pub fn site(dice: &mut Dice) -> String {
    format!("zeitung-{:.0}.example", dice.log_between(1.0, 200.0))
}

/// One of 100 public voices.
pub fn voice(dice: &mut Dice) -> String {
    format!("amt-{}.example", dice.below(100))
}

//! X: rules of the filtered stream, which are also queries of its search.
//!
//! What its documents say, read in <https://docs.x.com> on 23 November 2026:
//!
//! * `/x-api/posts/search/integrate/build-a-query`: a query has 512 characters (recent search) or
//!   1,024 (full archive), with Enterprise 4,096. `/x-api/posts/filtered-stream/introduction`: a rule
//!   has 1,024 and a project 1,000 rules; with Enterprise 2,048 and 25,000.
//! * `/x-api/posts/filtered-stream/integrate/build-a-rule`: a blank is `AND` and binds tighter than
//!   `OR`, which is written in capitals; an `AND` would be a word. No distinction of case. The stream
//!   tells accented letters from plain ones, the search does not. Operators that require a
//!   conjunction (`is:reply`, `lang:`, `has:links`) need one beside them that stands alone.
//! * `/x-api/posts/search/integrate/operators`: a keyword is one token of the text, which is split at
//!   punctuation, symbols and separators (`coca-cola` is `coca` and `cola`). So `#apple` is a token
//!   `apple` (<https://twittercommunity.com/t/104285>). `#tag` and `@name` need an entity that X
//!   recognised. An emoji with a variant stands in quotes. No wildcards.
//!
//! From that follows what a word of ours becomes:
//!
//! * Letters and digits: the keyword, in each spelling.
//! * `E-Mail`, `9/11`: all of its parts, for a text may divide it by anything. No phrases and no `~n`:
//!   the pages disagree on whether punctuation between the words of a phrase counts, and `~n` ends
//!   at 6 and counts the other way round differently.
//! * `#tag`, `@name`: the operator, and the words for where X sees no tag or mention (`#a#b`, `!@a`).
//! * `lang:`: ours is detected here and may differ. `voice:`: this house's names are not those of X.
//!
//! Each keyword is in lower case, so that none is `OR`.

use super::fit::Node;
use super::spelling::{halves, pieces, spellings};
use super::{Gap, Language, Leaf, Reason, Says, Spellings};
use crate::model::Kind;
use crate::query::ast::{KeyField, Keyword, Test, Word};
use crate::text::MAX_TERM_BYTES;

/// Name of the source, and its hosts.
const SOURCE: &str = "x";
const HOSTS: [&str; 2] = ["x.com", "twitter.com"];

/// Characters that one word may become in a rule, before anything is cut; that is far more than X
/// takes of anything that people write.
const MAX_WORK: usize = 400_000;

const ZERO_WIDTH_JOINER: char = '\u{200d}';
const VARIATION: char = '\u{fe0f}';
const SKIN_TONES: std::ops::RangeInclusive<char> = '\u{1f3fb}'..='\u{1f3ff}';
/// Regional indicators, two of which are a flag.
const FLAGS: std::ops::RangeInclusive<char> = '\u{1f1e6}'..='\u{1f1ff}';

pub struct X;

/// Why a word is open.
enum Open {
    Wildcard,
    Sign,
    Sequence,
    Address,
    Spellings,
    Room,
}

impl Language for X {
    fn lengths(&self) -> &'static [usize] {
        &[512, 1_024, 2_048, 4_096]
    }

    fn max_rules(&self) -> usize {
        1_000
    }

    fn assumes(&self, spellings: Spellings) -> Reason {
        let (en, de) = match spellings {
            Spellings::All => (
                "two hyphens in a word that the watch writes without",
                "zwei Bindestriche in einem Wort, das im Suchauftrag keinen hat",
            ),
            Spellings::Written => (
                "a hyphen, an umlaut or ß in a word that the watch writes without",
                "ein Bindestrich, ein Umlaut oder ß in einem Wort, das im Suchauftrag ohne steht",
            ),
        };
        Reason::new(
            format!(
                "X compares letters as written: an accent that the watch leaves off (Orbán for \
                 Orban), a character that nobody sees inside a word and {en} keep a post away. \
                 Write such words as the posts do."
            ),
            format!(
                "X vergleicht Buchstaben, wie sie dastehen: Ein Akzent, der im Suchauftrag fehlt \
                 (Orbán statt Orban), ein unsichtbares Zeichen im Wort und {de} halten einen \
                 Beitrag fern. Schreiben Sie solche Wörter wie in den Beiträgen."
            ),
        )
    }

    fn gap(&self, gap: Gap) -> Reason {
        let (en, de) = match gap {
            Gap::Near => (
                "X's ~n counts otherwise and ends at 6; the words may stand anywhere.",
                "Das ~n von X zählt anders und endet bei 6; die Wörter stehen irgendwo im Beitrag.",
            ),
            Gap::Phrase => (
                "X's documents disagree on punctuation in phrases; the words may stand anywhere.",
                "Ob Satzzeichen in Wortfolgen zählen, lässt X offen; die Wörter stehen irgendwo im Beitrag.",
            ),
            Gap::Title => (
                "Posts on X have no title; the words may stand anywhere.",
                "Beiträge auf X haben keinen Titel; die Wörter stehen irgendwo im Beitrag.",
            ),
            Gap::Not => (
                "X finds these words in more posts than the query does, so that it would exclude too much.",
                "X fände diese Wörter in mehr Beiträgen als die Suchanfrage und schlösse zu viel aus.",
            ),
            Gap::Room => (
                "A rule has no room for this beside the rest.",
                "Dafür ist neben dem Rest in keiner Regel Platz.",
            ),
            Gap::Many => (
                "X takes 1,000 rules for everything together, and this needs more. Divide the watch, \
                 choose longer rules, or bring only the spellings that it writes.",
                "X nimmt insgesamt 1.000 Regeln an, hier wären es mehr. Teilen Sie den Suchauftrag, \
                 wählen Sie längere Regeln oder nur die Schreibweisen des Suchauftrags.",
            ),
        };
        Reason::new(en, de)
    }

    fn word(&self, word: &Word, spellings: Spellings, room: &mut usize) -> Leaf {
        let mut ways = Vec::new();
        for way in &word.ways {
            match way_node(word, way, spellings, room) {
                Ok(node) => ways.push(node),
                Err(open) => return open_leaf(&open),
            }
        }
        let node = Node::any(ways);
        let (became, reason) = match word.exact && word.written.chars().any(char::is_uppercase) {
            true => (
                node.text(),
                Reason::new(
                    "X does not tell capitals.",
                    "X unterscheidet Groß- und Kleinschreibung nicht.",
                ),
            ),
            false => (String::new(), Reason::default()),
        };
        Leaf {
            says: Says::Rule(node),
            became,
            reason,
            advice: Reason::default(),
        }
    }

    fn keyword(&self, key: &Keyword) -> Leaf {
        match key.field {
            KeyField::Site => never(
                "Posts on X belong to no publication.",
                "Beiträge auf X gehören zu keiner Website einer Publikation.",
            ),
            // Nothing is lost where others stand beside it.
            KeyField::Source if key.matches(SOURCE) => Leaf {
                reason: Reason::default(),
                advice: Reason::new(
                    "Every post on X fulfils this. Add a word that must stand beside it.",
                    "Das erfüllt jeder Beitrag auf X. Ergänzen Sie mit AND ein Wort.",
                ),
                ..open("", "")
            },
            KeyField::Source => never(
                "Posts on X come from the source x.",
                "Beiträge auf X kommen aus der Quelle x.",
            ),
            KeyField::Type => kind(key),
            KeyField::Lang => open(
                "The language is detected here and may differ from that of X.",
                "Die Sprache wird hier erkannt und kann von der bei X abweichen.",
            ),
            KeyField::Voice => open(
                "Names on this house's list may differ from those on X.",
                "Die Namen der Liste dieses Hauses können andere sein als auf X.",
            ),
            KeyField::Url if cannot_be_on_x(&key.value) => never(
                "Posts on X have addresses of X.",
                "Beiträge auf X haben Adressen von X.",
            ),
            KeyField::Url | KeyField::Links => open(
                "X compares whole parts of addresses; this may be a piece of one.",
                "X vergleicht ganze Teile von Adressen; dies kann ein Stück davon sein.",
            ),
        }
    }
}

fn kind(key: &Keyword) -> Leaf {
    match Kind::parse(&key.value) {
        Some(Kind::Reply) => Leaf {
            says: Says::Beside("is:reply"),
            became: String::new(),
            reason: Reason::new(
                "X takes is:reply only beside words.",
                "is:reply nimmt X nur neben Wörtern an.",
            ),
            advice: beside_it(),
        },
        Some(Kind::Post) => open(
            "-is:reply would exclude posts that quote a reply.",
            "-is:reply schlösse Beiträge aus, die eine Antwort zitieren.",
        ),
        _ => never(
            "X has posts and replies only.",
            "Auf X gibt es nur Beiträge und Antworten.",
        ),
    }
}

/// True where no address of a post (`x.com/name/status/1`) can hold this: its dot would have to be
/// that of the host.
fn cannot_be_on_x(value: &str) -> bool {
    let Some((before, after)) = value.split_once('.') else {
        return false;
    };
    let on_host = |host: &&str| {
        let Some((name, end)) = host.split_once('.') else {
            return false;
        };
        let rest = after.strip_prefix(end);
        name.ends_with(before)
            && (end.starts_with(after) || rest.is_some_and(|rest| rest.starts_with('/')))
    };
    !value.contains(['*', '?']) && !HOSTS.iter().any(on_host)
}

fn never(en: &str, de: &str) -> Leaf {
    Leaf {
        says: Says::Never,
        became: String::new(),
        reason: Reason::new(en, de),
        advice: Reason::default(),
    }
}

fn open(en: &str, de: &str) -> Leaf {
    Leaf {
        says: Says::Open,
        became: String::new(),
        reason: Reason::new(en, de),
        advice: beside_it(),
    }
}

fn beside_it() -> Reason {
    Reason::new(
        "Add a word that must stand beside it.",
        "Ergänzen Sie mit AND ein Wort, das mit vorkommen muss.",
    )
}

fn open_leaf(why: &Open) -> Leaf {
    match why {
        Open::Wildcard => Leaf {
            advice: Reason::new(
                "Write the forms out (a OR b), or add a word that must stand beside it.",
                "Schreiben Sie die Wortformen aus (a OR b), oder ergänzen Sie mit AND ein Wort, das mit vorkommen muss.",
            ),
            ..open("X has no wildcards.", "X kennt keine Platzhalter.")
        },
        Open::Sign => open(
            "X does not search for signs.",
            "X sucht nicht nach solchen Zeichen.",
        ),
        Open::Sequence => open(
            "X does not say how it finds composed emoji.",
            "X sagt nicht, wie es zusammengesetzte Emoji findet.",
        ),
        Open::Address => open(
            "X may write this address in another way.",
            "X schreibt diese Adresse vielleicht anders.",
        ),
        Open::Spellings => open(
            "This word can be spelled in more ways than rules have room for.",
            "Dieses Wort hat mehr Schreibweisen, als in Regeln Platz ist.",
        ),
        Open::Room => open(
            "The watch needs more rules than X takes.",
            "Der Suchauftrag braucht mehr Regeln, als X annimmt.",
        ),
    }
}

/// One way to find a word: what all of its tests say.
fn way_node(word: &Word, way: &[Test], which: Spellings, room: &mut usize) -> Result<Node, Open> {
    if *room == 0 {
        return Err(Open::Room);
    }
    let mut nodes = Vec::new();
    let mut why = Open::Sign;
    for (nth, test) in way.iter().enumerate() {
        match test_node(test, &as_written(word, way, nth), which) {
            Ok(node) => nodes.push(node),
            Err(open) => why = open,
        }
    }
    if nodes.is_empty() {
        return Err(why);
    }
    let node = Node::all(nodes);
    let length = node.length();
    if length > *room {
        *room = 0;
        return Err(Open::Room);
    }
    *room -= length;
    Ok(node)
}

/// What the watch writes for one test: an accent of another language is not in the folded forms.
fn as_written(word: &Word, way: &[Test], nth: usize) -> String {
    let parts = pieces(&word.written);
    match &way[nth] {
        _ if way.len() > 1 => match parts.len() == way.len() {
            true => parts[nth].clone(),
            false => String::new(),
        },
        Test::Terms(forms) if forms.iter().any(|form| has_inner_sign(form)) => {
            let bare = word.written.trim_start_matches(['#', '@', '＃', '＠']);
            bare.to_lowercase()
        }
        _ => parts.concat(),
    }
}

/// True for `9/11`, `#wir_sind_mehr` and the like, which no hyphen divides.
fn has_inner_sign(form: &str) -> bool {
    let bare = form.trim_start_matches(['#', '@']);
    bare.chars().any(|c| !c.is_alphanumeric())
}

fn test_node(test: &Test, written: &str, which: Spellings) -> Result<Node, Open> {
    let forms = match test {
        Test::Wild(_) => return Err(Open::Wildcard),
        Test::Exact(exact) => return exact_node(exact),
        Test::Terms(forms) => forms,
    };
    let Some(first) = forms.first() else {
        return Err(Open::Sign);
    };
    // Longer words were cut.
    if forms.iter().any(|form| form.len() >= MAX_TERM_BYTES) {
        return Err(Open::Spellings);
    }
    if let Some(address) = first.strip_prefix("//") {
        return address_node(address);
    }
    let sign = match first.chars().next() {
        Some('#') => "#",
        Some('@') => "@",
        _ => "",
    };
    let bare: Vec<String> = forms
        .iter()
        .map(|form| form[sign.len()..].to_owned())
        .collect();
    if bare.iter().all(|form| pieces(form).is_empty()) {
        return emoji_node(first);
    }
    let spelled = spellings(&bare, written, which).ok_or(Open::Spellings)?;
    match sign {
        "" => words_node(&spelled, which),
        _ => signed_node(sign, &spelled),
    }
}

/// A word in each spelling, whole or in two parts.
fn words_node(spelled: &[String], which: Spellings) -> Result<Node, Open> {
    let work: usize = spelled.iter().map(|word| word.len() * word.len()).sum();
    if work > MAX_WORK {
        return Err(Open::Spellings);
    }
    let mut nodes = Vec::new();
    for word in spelled {
        nodes.push(keywords(word)?);
    }
    if which == Spellings::All {
        for (left, right) in spelled.iter().flat_map(|word| halves(word)) {
            if let (Ok(left), Ok(right)) = (keywords(left), keywords(right)) {
                nodes.push(Node::all(vec![left, right]));
            }
        }
    }
    Ok(Node::any(nodes))
}

/// X's own operator where it knows the name, and the words in it.
fn signed_node(sign: &str, spelled: &[String]) -> Result<Node, Open> {
    let mut nodes = Vec::new();
    for name in spelled {
        if is_entity(sign, name) {
            nodes.push(Node::Term(format!("{sign}{name}")));
        }
        nodes.push(keywords(name)?);
    }
    Ok(Node::any(nodes))
}

/// True for what X recognises as a tag or a mention.
fn is_entity(sign: &str, name: &str) -> bool {
    let letters = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match sign {
        "#" => letters && name.chars().any(char::is_alphabetic),
        _ => letters && name.is_ascii() && (1..=15).contains(&name.len()),
    }
}

/// All the keywords in a word.
fn keywords(word: &str) -> Result<Node, Open> {
    let pieces = pieces(word);
    let is_keyword = |piece: &String| piece.starts_with(char::is_alphanumeric);
    if pieces.is_empty() || !pieces.iter().all(is_keyword) {
        return Err(Open::Sign);
    }
    Ok(Node::all(pieces.into_iter().map(Node::Term).collect()))
}

fn exact_node(exact: &str) -> Result<Node, Open> {
    match pieces(exact).is_empty() {
        true => emoji_node(exact),
        false => keywords(exact),
    }
}

/// An emoji in all its tones, for a folded one has none.
fn emoji_node(emoji: &str) -> Result<Node, Open> {
    let mut chars = emoji.chars();
    let (Some(first), second, None) = (chars.next(), chars.next(), chars.next()) else {
        return Err(Open::Sequence);
    };
    let is_flag = FLAGS.contains(&first);
    match second {
        Some(c) if (is_flag && FLAGS.contains(&c)) || (!is_flag && SKIN_TONES.contains(&c)) => {
            Ok(Node::Term(format!("\"{emoji}\"")))
        }
        Some(_) => Err(Open::Sequence),
        None if first == ZERO_WIDTH_JOINER || is_sign(first) => Err(Open::Sign),
        None => {
            let variants = std::iter::once(VARIATION).chain(SKIN_TONES);
            let quoted = variants.map(|variant| Node::Term(format!("\"{first}{variant}\"")));
            let plain = Node::Term(first.to_string());
            Ok(Node::any(std::iter::once(plain).chain(quoted).collect()))
        }
    }
}

/// Words of ours that are punctuation or currency to X.
fn is_sign(c: char) -> bool {
    matches!(c, '§' | '%' | '€' | '$' | '£')
}

/// The host of an address, as an address that X recognised and as words. What follows the host may
/// be escaped by X.
fn address_node(address: &str) -> Result<Node, Open> {
    let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'));
    let host = address.split(ends).next().unwrap_or_default();
    if !host.is_ascii() || pieces(host).is_empty() {
        return Err(Open::Address);
    }
    let url = Node::Term(format!("url:\"{host}\""));
    Ok(Node::any(vec![url, keywords(host)?]))
}

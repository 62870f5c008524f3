//! The one analyser: the same for stored queries, mentions and the index.
//!
//! A text becomes [`Token`]s at positions 0, 1, 2, …; a token carries every form under which a query
//! may ask for it. The rules, each held by a test below:
//!
//! * Forms are folded: lower case, `ß` = `ss`, accents off. A word with `ä ö ü` has two forms at its
//!   position (`koeln`, `koln`). NFC and NFD input give the same forms.
//! * Zero-width characters, soft hyphens and bidi controls are not seen.
//! * Parts of a hyphenated, apostrophised or gendered word (`E-Mail`, `Minister:in`, `Bürger*innen`)
//!   stand at successive positions; the joined form (`email`) stands beside the first part.
//! * `#tag` and `@name` stand beside the bare word. A handle may hold `_ . -` and a host.
//! * `9/11`, `14-88`, `1.800`, `12:30` are one word; `§ % € $ £` and each emoji are words.
//! * An address is one word in the form `//host/path`: its words are not words of the text.
//! * The mask of a private account counts as a position and answers to nothing.
//!
//! Not here: which language a text is in, HTML ([`markup`]), and masking (`privacy`).

mod chars;
mod compound;
mod fold;
pub mod lang;
pub mod link;
mod marks;
pub mod markup;
mod plain;
pub mod references;
mod tokens;
mod words;

pub(crate) use compound::{Compound, compounds};
pub use fold::fold_keyword;
pub use tokens::{Counts, TokenRef, Tokens, hash};

/// Positions of one text that are analysed; what comes later is not seen by queries. A long
/// newspaper article has about 3,000.
pub const MAX_TOKENS: usize = 20_000;

/// Bytes of one term; longer ones are cut, in texts and in queries alike.
pub const MAX_TERM_BYTES: usize = 255;

/// The longest beginning of at most `max` bytes that ends at a character.
pub fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// One word, number, hashtag, handle, emoji or symbol of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Word position, counted from 0.
    pub position: u32,
    /// Byte range in the text.
    pub start: u32,
    pub end: u32,
    /// Folded forms that stand at this position; the plain word first. Empty for a masked account.
    pub terms: Vec<String>,
    /// The word as written (NFC), for `{BMI}`; without a leading `#` or `@`. Empty where `terms` is.
    pub exact: String,
}

/// Splits a plain text into at most [`MAX_TOKENS`] tokens. Linear; never fails. [`Tokens`] does the
/// same without allocating.
pub fn analyse(text: &str) -> Vec<Token> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let words = tokens.iter(text).zip(0..);
    words
        .map(|(word, position)| Token {
            position,
            start: word.start(),
            end: word.end(),
            terms: word.forms().map(str::to_owned).collect(),
            exact: word.exact().to_owned(),
        })
        .collect()
}

/// The form in which addresses are compared: lower case, without scheme, `www.` and closing
/// slashes, at most 1,024 bytes.
pub fn address(url: &str) -> String {
    address_of(&fold_keyword(url)).to_owned()
}

/// The same of an address that is folded.
fn address_of(folded: &str) -> &str {
    let mut rest = folded;
    while let Some(stripped) = SCHEMES
        .into_iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
    {
        rest = stripped.trim_start();
    }
    let rest = &rest[..rest.floor_char_boundary(1024)];
    rest.trim_end_matches(|c: char| c == '/' || c.is_whitespace())
}

/// What an address can start with and is compared without.
const SCHEMES: [&str; 3] = ["https://", "http://", "www."];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    /// Tokens as `form|form`, blanks between positions; `-` for a token without forms.
    fn forms(text: &str) -> String {
        let show = |token: Token| match token.terms.is_empty() {
            true => "-".to_owned(),
            false => token.terms.join("|"),
        };
        analyse(text)
            .into_iter()
            .map(show)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn heads_end_at_characters() {
        assert_eq!(
            (head("äö", 3), head("äö", 9), head("ä", 0)),
            ("ä", "äö", "")
        );
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(forms(text), expected, "of {text:?}");
    }

    #[test]
    fn folding() {
        check("Köln KÖLN Koeln Koln", "koeln|koln koeln|koln koeln koln");
        check("Straße STRASSE GROẞ", "strasse strasse gross");
        check("Erdoğan Łódź Ørsted Œuvre", "erdogan lodz orsted oeuvre");
        check("Übergröße", "uebergroesse|ubergrosse");
        check("İstanbul 𝐁𝐌𝐈 ﬁnden", "istanbul bmi finden");
        check("o\u{308}l O\u{308}L", "oel|ol oel|ol");
        check("Минск Ελλάς 東京", "минск ελλασ 東京");
    }

    #[test]
    fn words_of_several_parts() {
        check("E-Mail", "e|email mail");
        check("Minister:in", "minister|ministerin in");
        check(
            "Bürger*innen",
            "buerger|burger|buergerinnen|burgerinnen innen",
        );
        check(
            "Lehrer_innen Lehrer·innen",
            "lehrer|lehrerinnen innen lehrer|lehrerinnen innen",
        );
        check("wendy's Wendy’s", "wendy|wendys s wendy|wendys s");
        check(
            "Covid-19 3-jährige",
            "covid|covid19 19 3|3jaehrige|3jahrige jaehrige|jahrige",
        );
        check("ff.aa und/oder", "ff aa und oder");
        check("eins - zwei -drei vier-", "eins zwei drei vier");
        check("a-b-c-d-e-f-g-h-i-j", "a|abcdefgh b c d e f g h i|ij j");
    }

    #[test]
    fn numbers_and_symbols() {
        check(
            "9/11 14-88 1.800 12.345,67 12:30",
            "9/11 14-88 1.800 12.345,67 12:30",
        );
        check("4s J3W 5G-Netz", "4s j3w 5g|5gnetz netz");
        check("§ 23 §23a 50% 3€ $5 £", "§ 23 § 23a 50 % 3 € $ 5 £");
        check("Am 9. 11., 3.", "am 9 11 3");
        check("9/11-Kommission", "9/11|9/11kommission kommission");
    }

    #[test]
    fn tags_and_handles() {
        check("#BMI #Köln", "bmi|#bmi koeln|koln|#koeln|#koln");
        check(
            "#wir_sind_mehr!",
            "wir|wirsindmehr|#wir_sind_mehr sind mehr",
        );
        check("@BMI_Bund:", "bmi|bmibund|@bmi_bund bund");
        check("@bmi@social.example.", "bmi|@bmi@social.example|@bmi");
        check("@a.b-c. x@y", "a|abc|@a.b-c b c x y");
        check("# @ #! C#", "c");
        check("Danke @[Konto] danke", "danke - danke");
        check("@[Konto]", "-");
    }

    #[test]
    fn addresses() {
        check(
            "siehe https://www.BMI.bund.de/Rücktritt?x=1. Gut",
            "siehe //bmi.bund.de/rücktritt?x=1 gut",
        );
        check("(www.bild.de/) HTTP://a.b/c(d)", "//bild.de //a.b/c(d)");
        check("https:// www. wwwdot", "https www wwwdot");
    }

    #[test]
    fn emoji() {
        check("👍🏽 👍", "👍 👍");
        check("❤️❤ ✡️", "❤ ❤ ✡");
        check("👨‍👩‍👧 🇩🇪🇫🇷x", "👨‍👩‍👧 🇩🇪 🇫🇷 x");
        assert_eq!(analyse("👍🏽")[0].exact, "👍🏽");
    }

    #[test]
    fn what_is_not_seen() {
        check("Mi\u{200b}nis\u{ad}ter \u{202e}BMI\u{2069}", "minister bmi");
        check("a\u{200d}b \u{301} \u{301}x", "ab x");
        check("", "");
    }

    #[test]
    fn exact_forms_and_spans() {
        let token = &analyse("das #BMI")[1];
        assert_eq!(
            (token.exact.as_str(), token.start, token.end),
            ("BMI", 4, 8)
        );
        let tokens = analyse("Mu\u{308}ller-Lüdenscheidt");
        assert_eq!(tokens[0].exact, "Müller");
        assert_eq!((tokens[1].start, tokens[1].end), (9, 22));
        // A part that folds to nothing stands there with the joined form, as it is written.
        let token = &analyse("\u{fe7a}-de")[0];
        assert_eq!(
            (token.terms.join("|"), token.exact.as_str()),
            ("de".to_owned(), "\u{fe7a}")
        );
        // A Korean vowel behind anything but Korean composes with nothing.
        let places: Vec<_> = analyse("€\u{1161}")
            .iter()
            .map(|token| (token.start, token.end))
            .collect();
        assert_eq!(places, [(0, 3), (3, 6)]);
    }

    #[test]
    fn addresses_are_compared_without_scheme_and_case() {
        assert_eq!(address("https://www.Bild.de/A/"), "bild.de/a");
        assert_eq!(address("bild.de"), "bild.de");
        assert_eq!(address(&"x".repeat(5000)).len(), 1024);
    }

    #[test]
    fn positions_and_terms_are_bounded() {
        assert_eq!(analyse(&"a ".repeat(MAX_TOKENS * 2)).len(), MAX_TOKENS);
        for text in [
            "a".repeat(100_000),
            "ä".repeat(100_000),
            format!("#{}", "a_".repeat(9000)),
        ] {
            for token in analyse(&text) {
                assert!(token.terms.iter().all(|term| term.len() <= MAX_TERM_BYTES));
                assert!(token.exact.len() <= MAX_TERM_BYTES);
            }
        }
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        let pieces = [
            "https://,",
            "www.",
            "@a.",
            "@a@a",
            "#_",
            "a-",
            "a\u{301}",
            "\u{301}",
            "👍\u{200d}",
            "🇩",
            "1.",
            "ä",
            "\u{200b}",
            "@[Konto]",
            ")",
            "\u{fdfa}",
        ];
        // What takes more than linear time does not come back within a test's patience.
        for piece in pieces {
            assert!(analyse(&piece.repeat(1 << 20 >> 3)).len() <= MAX_TOKENS);
        }
    }

    proptest! {
        #[test]
        fn spans_lie_on_character_boundaries_and_positions_count(text in any::<String>()) {
            for (i, token) in analyse(&text).iter().enumerate() {
                prop_assert_eq!(token.position as usize, i);
                prop_assert!(text.get(token.start as usize..token.end as usize).is_some());
                prop_assert!(token.start < token.end);
                prop_assert_eq!(token.terms.is_empty(), token.exact.is_empty());
            }
        }

        #[test]
        fn both_unicode_forms_give_the_same_terms(text in "[a-cäöüßÅøé#@*:_./0-9 \u{300}-\u{310}\u{338}=가-각각👍🏽\u{200d}]{0,30}") {
            let terms = |text: String| -> Vec<(Vec<String>, String)> {
                analyse(&text).into_iter().map(|t| (t.terms, t.exact)).collect()
            };
            prop_assert_eq!(terms(text.nfc().collect()), terms(text.nfd().collect()));
        }

        #[test]
        fn both_unicode_forms_of_anything(text in any::<String>()) {
            let nfc: String = text.nfc().collect();
            let nfd: String = text.nfd().collect();
            prop_assert_eq!(forms(&nfc), forms(&nfd));
        }
    }
}

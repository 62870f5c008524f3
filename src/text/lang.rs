//! The language of a text.

/// Letters below which a guess is worth nothing.
const MIN_LETTERS: usize = 20;
/// Bytes that the detector looks at.
const MAX_BYTES: usize = 2 * 1024;

/// ISO 639-1 code of a text: what the source states, else what is detected, else empty.
///
/// A stated language counts when it begins with two letters (`de`, `de-AT`). Detection (crate
/// `whichlang`, 16 languages) needs some letters; a short "Stimmt das?" stays without.
pub fn language(stated: Option<&str>, text: &str) -> String {
    stated.and_then(primary).unwrap_or_else(|| detect(text))
}

fn primary(stated: &str) -> Option<String> {
    let code = stated
        .trim()
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code.then_some(code)
}

fn detect(text: &str) -> String {
    let end = (0..=MAX_BYTES.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    let head = &text[..end];
    if head.chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return String::new();
    }
    use whichlang::Lang;
    match whichlang::detect_language(head) {
        Lang::Ara => "ar",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Hin => "hi",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn stated_wins_then_detected_then_nothing() {
        let german = "Die Grenzkontrollen werden verlängert, sagt das Ministerium.";
        assert_eq!(language(None, german), "de");
        assert_eq!(language(Some("en-GB"), german), "en");
        assert_eq!(language(Some("unknown"), german), "de");
        assert_eq!(
            language(None, "The ministry has extended the border controls again."),
            "en"
        );
        assert_eq!(language(None, "Stimmt das?"), "");
        assert_eq!(language(None, ""), "");
    }
}

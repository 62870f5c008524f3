//! Wildcards: `*` stands for any number of characters, also none; `?` for exactly one.

/// True where the pattern matches the whole text. Takes at most pattern × text steps.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern_rest, mut text_rest) = (pattern.chars(), text.chars());
    // Where to go on when the last `*` has to take one character more.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut pattern_next = pattern_rest.clone();
        let mut text_next = text_rest.clone();
        match (pattern_next.next(), text_next.next()) {
            (Some('*'), _) => {
                retry = Some((pattern_next.clone(), text_rest.clone()));
                pattern_rest = pattern_next;
                continue;
            }
            (Some(p), Some(t)) if p == '?' || p == t => {
                (pattern_rest, text_rest) = (pattern_next, text_next);
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after_star, taken)) = &mut retry else {
            return false;
        };
        if taken.next().is_none() {
            return false;
        }
        (pattern_rest, text_rest) = (after_star.clone(), taken.clone());
    }
}

/// `glob` for terms: a wildcard never stands for the sign of a `#tag`, a `@name` or an address.
pub fn word_glob(pattern: &str, term: &str) -> bool {
    sign(pattern) == sign(term) && glob(pattern, term)
}

fn sign(term: &str) -> Option<u8> {
    term.bytes()
        .next()
        .filter(|byte| matches!(byte, b'#' | b'@' | b'/'))
}

/// What stands before the first wildcard.
pub fn literal_prefix(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or_default()
}

pub fn is_wild(value: &str) -> bool {
    value.contains(['*', '?'])
}

/// Characters that are not wildcards or the sign of a tag, handle or address.
pub fn literals(pattern: &str) -> usize {
    pattern
        .chars()
        .filter(|c| !matches!(c, '*' | '?' | '#' | '@' | '/'))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
    }

    #[test]
    fn stars_and_question_marks() {
        check("innenminist*", "innenministerium", true);
        check("innenminist*", "innenminist", true);
        check("*ministerium", "innenministerium", true);
        check("d*c*", "dienstrecht", true);
        check("antisem?tism", "antisemitism", true);
        check("antisem?tism", "antisemtism", false);
        check("a?", "aä", true);
        check("*a*b", "xaxbxb", true);
        check("*a*b", "xaxbx", false);
        check("**", "", true);
        check("", "a", false);
        assert!(!word_glob("*bmi", "#bmi") && word_glob("#b*", "#bmi"));
        assert!(!word_glob("?bmi", "@bmi") && !word_glob("*bild*", "//bild.de"));
    }

    #[test]
    fn many_stars_do_not_explode() {
        check(&"*a".repeat(100), &"a".repeat(250), true);
        check(&("*a".repeat(100) + "b"), &"a".repeat(250), false);
    }
}

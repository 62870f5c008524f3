//! Numbers as they are written: digits with either way to group them, and words of German and
//! English.

/// Digits of a token beyond which it is no number that anybody counts with.
const MAX_DIGITS: usize = 24;
/// Bytes of the longest number word that is read: `dreihundertfünfundsechzigtausend`.
const MAX_WORD: usize = 48;

/// A number and the step to which it is exact: 12,3 has 0.1, and 12.300 has 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    pub value: f64,
    pub grain: f64,
    /// Written so that it may as well be a thousandth of it, or a thousand times as much.
    pub ambiguous: bool,
    /// Without any mark between its digits, as a year is.
    pub plain: bool,
}

impl Number {
    fn whole(value: f64) -> Self {
        Self {
            value,
            grain: grain_of(value),
            ambiguous: false,
            plain: false,
        }
    }

    pub fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            grain: self.grain * factor,
            plain: false,
            ..self
        }
    }
}

/// The power of ten to which a whole number is given; 1 for 0.
fn grain_of(value: f64) -> f64 {
    let mut grain = 1.0;
    while value >= grain * 10.0 && value % (grain * 10.0) == 0.0 {
        grain *= 10.0;
    }
    grain
}

/// Reads a token of digits: `12.345`, `5,4`, `1,250.5`, `96m`. `english` says which mark groups where
/// both readings are possible.
pub fn digits(token: &str, english: bool) -> Option<Number> {
    let end = token
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .unwrap_or(token.len());
    let (number, suffix) = token.split_at(end);
    if number.is_empty() || number.len() > MAX_DIGITS || !number.starts_with(is_digit) {
        return None;
    }
    let factor = if suffix.is_empty() {
        1.0
    } else {
        magnitude(&suffix.to_lowercase(), english)?
    };
    separated(number, english).map(|number| match factor == 1.0 {
        true => number,
        false => number.times(factor),
    })
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn separated(number: &str, english: bool) -> Option<Number> {
    let mark = |c: char| number.matches(c).count();
    let (points, commas) = (mark('.'), mark(','));
    let (grouping, decimal) = match (points, commas) {
        (0, 0) => (None, None),
        (0, 1) | (1, 0) => {
            let mark = if points == 1 { '.' } else { ',' };
            let (head, tail) = number.split_once(mark)?;
            let groups = tail.len() == 3 && head.len() <= 3 && !head.starts_with('0');
            let usual = (mark == ',') == english;
            match groups && usual {
                true => (Some(mark), None),
                false => (None, Some(mark)),
            }
        }
        (_, 0) => (Some('.'), None),
        (0, _) => (Some(','), None),
        (_, 1) if number.rfind(',') > number.rfind('.') => (Some('.'), Some(',')),
        (1, _) if number.rfind('.') > number.rfind(',') => (Some(','), Some('.')),
        _ => return None,
    };
    let (whole, fraction) = match decimal {
        Some(mark) => number.rsplit_once(mark)?,
        None => (number, ""),
    };
    let whole = match grouping {
        Some(mark) => grouped(whole, mark)?,
        None => whole.to_owned(),
    };
    let value: f64 = format!("{whole}.{fraction}0").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    Some(Number {
        value,
        grain: match places {
            0 => grain_of(value),
            _ => 10_f64.powi(-places),
        },
        ambiguous: points + commas == 1
            && number.len() >= 5
            && (number.len() - 4..).contains(&number.rfind(['.', ','])?),
        plain: points + commas == 0,
    })
}

/// The digits of a number in groups of three.
fn grouped(number: &str, mark: char) -> Option<String> {
    let mut groups = number.split(mark);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| number.replace(mark, ""))
}

/// What a word multiplies the number before it with. `billion` is another number in each language.
pub fn magnitude(word: &str, english: bool) -> Option<f64> {
    Some(match word {
        "tausend" | "tsd" | "thousand" | "k" => 1e3,
        "million" | "millionen" | "mio" | "mill" | "mn" | "m" | "millions" => 1e6,
        "milliarde" | "milliarden" | "mrd" | "bn" | "milliards" => 1e9,
        "billion" | "billions" if english => 1e9,
        "billion" | "billionen" => 1e12,
        "trillion" | "trillions" if english => 1e12,
        _ => return None,
    })
}

/// Reads a number word, folded: `zwoelf`, `sechsundzwanzig`, `zweieinhalbtausend`.
/// `ein` alone is an article.
pub fn word(form: &str) -> Option<Number> {
    if form.len() > MAX_WORD || form.len() < 3 || matches!(form, "ein" | "eine" | "one") {
        return None;
    }
    let half = |value: f64| Number {
        grain: 0.5,
        ..Number::whole(value)
    };
    match form {
        "anderthalb" | "eineinhalb" => return Some(half(1.5)),
        "dutzend" | "dozen" => return Some(Number::whole(12.0)),
        _ => {}
    }
    if let Some(found) = SMALL.iter().find(|(name, _)| *name == form) {
        return Some(Number::whole(found.1));
    }
    if let Some((before, after)) = form.split_once("einhalb") {
        let whole = small(before)? + 0.5;
        return match after {
            "" => Some(half(whole)),
            "tausend" => Some(Number::whole(whole * 1e3)),
            _ => None,
        };
    }
    below_million(form).map(Number::whole)
}

fn small(form: &str) -> Option<f64> {
    SMALL
        .iter()
        .find(|(name, _)| *name == form)
        .map(|(_, value)| *value)
}

/// `dreihundertfuenfundsechzigtausend`.
fn below_million(form: &str) -> Option<f64> {
    let Some((thousands, rest)) = form.split_once("tausend") else {
        return below_thousand(form);
    };
    let thousands = if thousands.is_empty() {
        1.0
    } else {
        below_thousand(thousands)?
    };
    let rest = rest.strip_prefix("und").unwrap_or(rest);
    let rest = if rest.is_empty() {
        0.0
    } else {
        below_thousand(rest)?
    };
    Some(thousands * 1e3 + rest)
}

fn below_thousand(form: &str) -> Option<f64> {
    let Some((hundreds, rest)) = form.split_once("hundert") else {
        return below_hundred(form);
    };
    let hundreds = if hundreds.is_empty() {
        1.0
    } else {
        small(hundreds)?
    };
    let rest = rest.strip_prefix("und").unwrap_or(rest);
    let rest = if rest.is_empty() {
        0.0
    } else {
        below_hundred(rest)?
    };
    (hundreds < 20.0).then_some(hundreds * 100.0 + rest)
}

fn below_hundred(form: &str) -> Option<f64> {
    if let Some(value) = small(form) {
        return Some(value);
    }
    let (units, tens) = form.split_once("und")?;
    let (units, tens) = (small(units)?, small(tens)?);
    (units < 10.0 && tens >= 20.0).then_some(units + tens)
}

const SMALL: [(&str, f64); 62] = [
    ("ein", 1.0),
    ("eins", 1.0),
    ("zwei", 2.0),
    ("drei", 3.0),
    ("vier", 4.0),
    ("fuenf", 5.0),
    ("sechs", 6.0),
    ("sieben", 7.0),
    ("acht", 8.0),
    ("neun", 9.0),
    ("zehn", 10.0),
    ("elf", 11.0),
    ("zwoelf", 12.0),
    ("dreizehn", 13.0),
    ("vierzehn", 14.0),
    ("fuenfzehn", 15.0),
    ("sechzehn", 16.0),
    ("siebzehn", 17.0),
    ("achtzehn", 18.0),
    ("neunzehn", 19.0),
    ("zwanzig", 20.0),
    ("dreissig", 30.0),
    ("vierzig", 40.0),
    ("fuenfzig", 50.0),
    ("sechzig", 60.0),
    ("siebzig", 70.0),
    ("achtzig", 80.0),
    ("neunzig", 90.0),
    ("hundert", 100.0),
    ("tausend", 1000.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("hundred", 100.0),
    ("thousand", 1000.0),
    ("zehntausend", 10_000.0),
    ("hunderttausend", 100_000.0),
    ("zwo", 2.0),
    ("zweier", 2.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Option<Number>, value: f64, grain: f64) {
        let found = found.unwrap();
        assert!((found.value - value).abs() < 1e-9, "{found:?}");
        assert!((found.grain - grain).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn digits_of_two_languages() {
        check(digits("12.345", false), 12_345.0, 1.0);
        check(digits("12.345", true), 12.345, 0.001);
        check(digits("12,345", true), 12_345.0, 1.0);
        check(digits("2,5", false), 2.5, 0.1);
        check(digits("2.5", false), 2.5, 0.1);
        check(digits("24.500.000", false), 24_500_000.0, 100_000.0);
        check(digits("1.250,50", false), 1250.5, 0.01);
        check(digits("1,250.50", false), 1250.5, 0.01);
        check(digits("96m", true), 96e6, 1e6);
        check(digits("8000", false), 8000.0, 1000.0);
        check(digits("0,086", false), 0.086, 0.001);
        assert!(digits("12.345", false).unwrap().ambiguous);
        assert!(!digits("12345", false).unwrap().ambiguous);
        for none in [
            "",
            "1.2.3",
            "01.07.2026",
            "9/11",
            "1e999",
            "3x",
            "12:30",
            &"9".repeat(400),
        ] {
            assert_eq!(digits(none, false), None, "{none}");
        }
    }

    #[test]
    fn number_words() {
        check(word("zwoelf"), 12.0, 1.0);
        check(word("sechsundzwanzig"), 26.0, 1.0);
        check(word("dreihundertfuenfundsechzigtausend"), 365_000.0, 1000.0);
        check(word("zweieinhalbtausend"), 2500.0, 100.0);
        check(word("fuenfeinhalb"), 5.5, 0.5);
        check(word("zweitausendundzwoelf"), 2012.0, 1.0);
        check(word("twelve"), 12.0, 1.0);
        for none in [
            "ein",
            "tausende",
            "dutzende",
            "hund",
            "und",
            "tausendsassa",
            "eineinhalbmal",
        ] {
            assert_eq!(word(none), None, "{none}");
        }
    }
}

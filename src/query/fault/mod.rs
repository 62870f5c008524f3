//! What can be wrong with a query, in both languages of the house: German for editors, English for
//! the command line, the API and the configuration. Parser, lexer and terms name a fault; the
//! sentences stand here alone.

mod grammar;
mod words;

pub use grammar::*;
pub use words::*;

use std::borrow::Cow;
use std::fmt;

/// A sentence or two in both languages; both empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    pub de: Cow<'static, str>,
    pub en: Cow<'static, str>,
}

/// What is wrong, and what to write instead. Holds pieces of the query at most: foreign text, to be
/// escaped in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: Wording,
    /// Empty where the message says all.
    pub hint: Wording,
}

impl Fault {
    /// Message and hint in one, in both languages.
    pub fn all(&self) -> Wording {
        let join = |message: &str, hint: &str| match hint.is_empty() {
            true => Cow::Owned(message.to_owned()),
            false => Cow::Owned(format!("{message} {hint}")),
        };
        Wording {
            de: join(&self.message.de, &self.hint.de),
            en: join(&self.message.en, &self.hint.en),
        }
    }
}

/// In English.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.all().en)
    }
}

const NOTHING: [&str; 2] = ["", ""];

/// German and English, each as message and hint.
const fn fault(message: [&'static str; 2], hint: [&'static str; 2]) -> Fault {
    Fault {
        message: Wording {
            de: Cow::Borrowed(message[0]),
            en: Cow::Borrowed(message[1]),
        },
        hint: Wording {
            de: Cow::Borrowed(hint[0]),
            en: Cow::Borrowed(hint[1]),
        },
    }
}

impl Fault {
    /// The same with a message or a hint that is only known now.
    fn saying(self, message: [String; 2]) -> Self {
        let [de, en] = message.map(Cow::Owned);
        let message = Wording { de, en };
        Self { message, ..self }
    }

    fn hinting(self, hint: [String; 2]) -> Self {
        let [de, en] = hint.map(Cow::Owned);
        let hint = Wording { de, en };
        Self { hint, ..self }
    }
}

//! What others have published of public sets, for the set's name says which one it is.
//!
//! The figures are of other parts of the sets, other splits or more training texts; they say what is
//! within reach, not what was beaten.

use serde::Serialize;

/// A published figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Yardstick {
    pub who: &'static str,
    pub what: &'static str,
    pub value: &'static str,
}

const fn yardstick(who: &'static str, value: &'static str, what: &'static str) -> Yardstick {
    Yardstick { who, what, value }
}

/// By the beginning of a file's name.
const KNOWN: [(&str, &[Yardstick]); 5] = [
    (
        "xstance",
        &[
            yardstick(
                "M-BERT, new topics (Vamvas, Sennrich 2020)",
                "68.9",
                "macro-F1",
            ),
            yardstick(
                "M-BERT, new questions (Vamvas, Sennrich 2020)",
                "68.5",
                "macro-F1",
            ),
            yardstick(
                "fastText, new topics (Vamvas, Sennrich 2020)",
                "63.1",
                "macro-F1",
            ),
        ],
    ),
    (
        "semeval16",
        &[
            yardstick(
                "SVM with n-grams (Mohammad et al. 2016)",
                "69.0",
                "F1 (favour, against)",
            ),
            yardstick(
                "MITRE, winner (Mohammad et al. 2016)",
                "67.8",
                "F1 (favour, against)",
            ),
        ],
    ),
    (
        "potts",
        &[
            yardstick("BERT, other split (Guhr et al. 2020)", "65.0", "micro-F1"),
            yardstick(
                "fastText, other split (Guhr et al. 2020)",
                "54.2",
                "micro-F1",
            ),
        ],
    ),
    (
        "germeval17",
        &[
            yardstick("best of 2017 (Wojatzki et al. 2017)", "74.9", "micro-F1"),
            yardstick("BERT (Assenmacher et al. 2021)", "80.7", "micro-F1"),
        ],
    ),
    (
        "germeval18",
        &[yardstick(
            "best of 2018 (Wiegand et al. 2018)",
            "76.8",
            "macro-F1",
        )],
    ),
];

/// What is published of a set; empty for one that is not known.
pub fn yardsticks(file: &str) -> Vec<Yardstick> {
    let known = KNOWN.iter().find(|(name, _)| file.starts_with(name));
    known.map(|(_, found)| found.to_vec()).unwrap_or_default()
}

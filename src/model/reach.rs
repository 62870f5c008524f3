//! How many people a statement may reach, roughly.

use serde::{Deserialize, Serialize};

const MIDDLE: u64 = 1_000;
const LARGE: u64 = 100_000;

/// By the followers of the account, the views of the post or the readers of the publication, as its
/// platform or the office states them. The number itself is not kept: with a date it would name an
/// account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Fewer than a thousand people.
    Small,
    /// Fewer than a hundred thousand.
    Middle,
    Large,
}

impl Reach {
    pub const ALL: [Reach; 3] = [Reach::Small, Reach::Middle, Reach::Large];

    pub fn of(people: u64) -> Self {
        match people {
            ..MIDDLE => Self::Small,
            MIDDLE..LARGE => Self::Middle,
            LARGE.. => Self::Large,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Middle => "middle",
            Self::Large => "large",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_and_a_hundred_thousand_divide() {
        let tiers = [0, 999, 1_000, 99_999, 100_000, u64::MAX].map(Reach::of);
        let [small, middle, large] = Reach::ALL;
        assert_eq!(tiers, [small, small, middle, middle, large, large]);
        assert!(small < middle && middle < large);
        assert_eq!(
            Reach::ALL.map(|reach| Reach::parse(reach.as_str())),
            [Some(small), Some(middle), Some(large)]
        );
    }
}

//! What the items of each kind of source can carry, as far as queries ask for it. A query for what a
//! source never brings finds nothing there, and whoever wrote it wants to know.
//!
//! Every source's mentions have a language, which is detected where it is not stated; links; and an
//! address where it may be shown. Voices are found on each.

use super::SourceConfig;
use super::meta::Network;
use crate::model::Kind;

/// What the items of a source can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supplies {
    pub titles: bool,
    /// The host of a publication.
    pub sites: bool,
    pub kinds: &'static [Kind],
    /// Its items name the source that they are filed under.
    pub names_others: bool,
}

impl Supplies {
    fn of(network: Network) -> Self {
        Self {
            titles: false,
            sites: false,
            kinds: network.kinds(),
            names_others: false,
        }
    }
}

impl SourceConfig {
    pub fn supplies(&self) -> Supplies {
        match self {
            SourceConfig::Bluesky(_) | SourceConfig::BlueskySearch(_) => Supplies {
                titles: false,
                sites: false,
                kinds: &[Kind::Post, Kind::Reply],
                names_others: false,
            },
            SourceConfig::BlueskyMessages(_) => Supplies {
                titles: false,
                sites: false,
                kinds: &[Kind::Message],
                names_others: false,
            },
            SourceConfig::Facebook(_) => Supplies::of(Network::Facebook),
            SourceConfig::Instagram(_) => Supplies::of(Network::Instagram),
            SourceConfig::Threads(_) => Supplies::of(Network::Threads),
            SourceConfig::Feed(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &[Kind::Article, Kind::Video],
                names_others: false,
            },
            SourceConfig::Mastodon(_) | SourceConfig::X(_) => Supplies {
                titles: false,
                sites: false,
                kinds: &[Kind::Post, Kind::Reply],
                names_others: false,
            },
            SourceConfig::Sitemap(_) | SourceConfig::Site(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &[Kind::Article],
                names_others: false,
            },
            SourceConfig::Maildir(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &[Kind::Article, Kind::Message],
                names_others: false,
            },
            SourceConfig::Webhook(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &Kind::ALL,
                names_others: false,
            },
            SourceConfig::Youtube(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &[Kind::Comment, Kind::Video],
                names_others: false,
            },
            SourceConfig::Replay(_) => Supplies {
                titles: true,
                sites: true,
                kinds: &Kind::ALL,
                names_others: true,
            },
        }
    }
}

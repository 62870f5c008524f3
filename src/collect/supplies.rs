//! What the items of each kind of source can carry, as far as queries ask for it. A query for what a
//! source never brings finds nothing there, and whoever wrote it wants to know.
//!
//! Every source's mentions have a language, which is detected where it is not stated; links; and an
//! address where it may be shown. Voices are found on each.

use super::SourceConfig;
use super::meta::Network;
use super::x::Stream;
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
    /// Words alone.
    fn bare(kinds: &'static [Kind]) -> Self {
        Self {
            titles: false,
            sites: false,
            kinds,
            names_others: false,
        }
    }

    /// With a title, on a site.
    fn titled(kinds: &'static [Kind]) -> Self {
        Self {
            titles: true,
            sites: true,
            ..Self::bare(kinds)
        }
    }
}

impl SourceConfig {
    pub fn supplies(&self) -> Supplies {
        match self {
            SourceConfig::X(config) if config.stream == Stream::Messages => {
                Supplies::bare(&[Kind::Message])
            }
            SourceConfig::Bluesky(_)
            | SourceConfig::BlueskySearch(_)
            | SourceConfig::Mastodon(_)
            | SourceConfig::X(_) => Supplies::bare(&[Kind::Post, Kind::Reply]),
            SourceConfig::BlueskyMessages(_) => Supplies::bare(&[Kind::Message]),
            SourceConfig::Telegram(_) => Supplies::bare(&[Kind::Post]),
            SourceConfig::Facebook(_) => Supplies::bare(Network::Facebook.kinds()),
            SourceConfig::Instagram(_) => Supplies::bare(Network::Instagram.kinds()),
            SourceConfig::Threads(_) => Supplies::bare(Network::Threads.kinds()),
            SourceConfig::Feed(_) => Supplies::titled(&[Kind::Article, Kind::Video]),
            SourceConfig::Dip(_)
            | SourceConfig::FactCheck(_)
            | SourceConfig::Sitemap(_)
            | SourceConfig::Site(_) => Supplies::titled(&[Kind::Article]),
            SourceConfig::FragDenStaat(_) | SourceConfig::Wikipedia(_) => {
                Supplies::titled(&[Kind::Post])
            }
            SourceConfig::Maildir(_) => Supplies::titled(&[Kind::Article, Kind::Message]),
            SourceConfig::Webhook(_) => Supplies::titled(&Kind::ALL),
            SourceConfig::Youtube(_) => Supplies::titled(&[Kind::Comment, Kind::Video]),
            SourceConfig::Replay(_) => Supplies {
                names_others: true,
                ..Supplies::titled(&Kind::ALL)
            },
        }
    }
}

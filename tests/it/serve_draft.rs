//! Mentions for a small house, built in a line each.

use jiff::{Timestamp, ToSpan};
use resonanz::model::*;
use resonanz::privacy::{Identity, Keys};

/// Stands in every private author's identity; must never be seen outside.
pub const CANARY: &str = "kanarienvogel";

pub fn now() -> Timestamp {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

/// A mention under construction.
pub struct Draft(pub Hit);

pub fn draft(id: &str, text: &str, minutes_ago: i64) -> Draft {
    let keys = Keys::from_secret([1; 32]);
    let key = keys.mention_key("bluesky", id);
    let at = now() - minutes_ago.minutes();
    let identity = Identity {
        native_id: format!("at://{CANARY}/{id}"),
        url: Some(format!("https://{CANARY}.example/{id}")),
        handle: Some(CANARY.into()),
        name: Some(CANARY.into()),
        text: None,
    };
    let mention = Mention {
        key,
        source: "bluesky".into(),
        platform: "bluesky".into(),
        kind: Kind::Post,
        published: at,
        edited: None,
        collected: at,
        title: String::new(),
        text: text.into(),
        lang: "de".into(),
        site: String::new(),
        url: None,
        links: vec![],
        author: Some(Author::Private {
            pseudonym: keys.pseudonym("bluesky", CANARY, at),
        }),
        sealed: Some(keys.seal(&key, &identity).unwrap()),
        reply_to: None,
        marks: resonanz::model::Marks::default(),
    };
    let matches = vec![WatchMatch {
        watch: "minister".into(),
        target: "minister".into(),
        spans: vec![],
    }];
    Draft(Hit {
        mention,
        matches,
        labels: Labels {
            model: "lexicon-0".into(),
            stances: vec![],
            flags: vec![],
            says: resonanz::model::Says::default(),
        },
        backfill: false,
        placement: None,
        claims: Vec::new(),
        differs: Vec::new(),
    })
}

impl Draft {
    pub fn with(mut self, change: impl FnOnce(&mut Mention)) -> Self {
        change(&mut self.0.mention);
        self
    }

    /// A stance toward the minister; its one reason is a word of the text.
    pub fn stance(mut self, stance: Stance, rule: &str, seen: &str, weight: f32) -> Self {
        let reasons = match seen {
            "" => vec![],
            _ => vec![Reason {
                rule: rule.into(),
                seen: seen.into(),
                span: None,
                weight,
            }],
        };
        let label = StanceLabel {
            target: "minister".into(),
            stance,
            probability: None,
            reasons,
            by_office: false,
        };
        self.0.labels.stances.push(label);
        self
    }

    pub fn flag(mut self, flag: FlagKind, rule: &str, seen: &str) -> Self {
        let reason = Reason {
            rule: rule.into(),
            seen: seen.into(),
            span: None,
            weight: 0.0,
        };
        self.0.labels.flags.push(FlagLabel {
            flag,
            reasons: vec![reason],
        });
        self
    }

    pub fn article(self, title: &str, site: &str) -> Self {
        self.with(|mention| {
            mention.kind = Kind::Article;
            mention.source = "feeds".into();
            mention.platform = "web".into();
            mention.title = title.into();
            mention.site = site.into();
            mention.url = Some(format!("https://{site}/artikel/{}", title.len()));
            mention.author = Some(Author::Voice {
                name: "Nordkurier am Morgen".into(),
                handle: "@nam".into(),
                account: None,
            });
            mention.sealed = None;
        })
    }
}

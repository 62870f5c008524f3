//! The filters of `resonanz search`: those of the page, as options.

use super::WrongArguments;
use super::when::When;
use crate::clock::Clock;
use crate::model::{FlagKind, Kind, Stance};
use crate::serve::{Asked, Group, Order, Range, Request};
use crate::store::CaseFilter;
use jiff::SignedDuration;

#[derive(Debug, clap::Args)]
#[group(id = "filters", multiple = true)]
pub struct Filters {
    /// Published at or after: 90m, 24h, 7d, 2026-11-21 or 2026-11-21T18:00:00Z
    #[arg(long, value_parser = When::parse)]
    since: Option<When>,
    /// Published before, written as --since
    #[arg(long, value_parser = When::parse)]
    until: Option<When>,
    /// Found by this watch
    #[arg(long, value_name = "NAME")]
    watch: Option<String>,
    /// Collected by this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// supportive, critical, neutral or unclear
    #[arg(long, value_parser = |text: &str| Stance::parse(text).ok_or("supportive, critical, neutral or unclear"))]
    stance: Option<Stance>,
    /// Whom the stance is toward
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// enquiry or correction
    #[arg(long, value_parser = |text: &str| FlagKind::parse(text).ok_or("enquiry or correction"))]
    flag: Option<FlagKind>,
    /// In a case that is open, acknowledged, assessed, answered or closed; any or none
    #[arg(long, value_parser = |text: &str| CaseFilter::parse(text).ok_or("open, acknowledged, assessed, answered, closed, any or none"))]
    case: Option<CaseFilter>,
    /// post, reply, comment, article, video or message
    #[arg(long, value_parser = |text: &str| Kind::parse(text).ok_or("post, reply, comment, article, video or message"))]
    kind: Option<Kind>,
    /// Of this host and the hosts under it
    #[arg(long, value_name = "HOST")]
    site: Option<String>,
    /// de, en, …
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Of this story only
    #[arg(long, value_name = "NUMBER")]
    story: Option<i64>,
    /// Of each story its first mention only
    #[arg(long)]
    one_of_each_story: bool,
    /// newest, oldest or relevance
    #[arg(long, value_parser = |text: &str| Order::ALL.into_iter().find(|one| one.as_str() == text).ok_or("newest, oldest or relevance"))]
    order: Option<Order>,
}

impl Filters {
    /// The search as the page would ask it. One that is to be saved counts back from when it is asked,
    /// which the page does for a day, a week and a month.
    ///
    /// # Errors
    /// A time that cannot be saved.
    pub fn asked(&self, query: String, is_saved: bool) -> Result<Asked, WrongArguments> {
        let now = Clock::system().now();
        let mut asked = Asked {
            request: Request {
                query,
                watch: self.watch.clone(),
                source: self.source.clone(),
                kind: self.kind,
                stance: self.stance,
                flag: self.flag,
                case: self.case,
                target: self.target.clone(),
                site: self.site.clone(),
                lang: self.language.clone(),
                story: self.story,
                one_of_each_story: self.one_of_each_story,
                since: self.since.map(|since| since.before(now)),
                until: self.until.map(|until| until.before(now)),
                order: self.order.unwrap_or_default(),
                ..Request::default()
            },
            group: self.one_of_each_story.then_some(Group::Story),
            ..Asked::default()
        };
        let range = |ago: SignedDuration| match ago.as_hours() {
            24 => Some(Range::Day),
            168 => Some(Range::Week),
            720 => Some(Range::Month),
            _ => None,
        };
        match (self.since, self.until) {
            (Some(When::Ago(ago)), None) if range(ago).is_some() => {
                asked.range = range(ago).unwrap_or_default();
            }
            (Some(When::Ago(_)), _) | (_, Some(When::Ago(_))) if is_saved => {
                return Err(WrongArguments(
                    "a saved search counts back 24h, 7d or 30d with --since; other times are saved as \
                     days or moments: 2026-11-21"
                        .to_owned(),
                ));
            }
            (since, until) => {
                let at = |when: Option<When>| when.map(|when| when.before(now).to_string());
                asked.since = at(since).unwrap_or_default();
                asked.until = at(until).unwrap_or_default();
            }
        }
        Ok(asked)
    }
}

//! The search form as it is shown again: what was asked stays filled in.

use super::Named;
use super::Names;
use super::archive::Order;
use super::params::{Asked, Group, Range};
use super::view::clean;
use super::words::Tongue;
use crate::index::Facets;
use crate::model::{FlagKind, Stance};
use crate::store::CaseFilter;

/// One entry of a drop-down list.
pub struct Choice {
    pub value: String,
    pub label: String,
    pub selected: bool,
}

/// A drop-down list.
pub struct Select {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

/// The whole form.
pub struct SearchForm {
    pub query: String,
    pub selects: Vec<Select>,
    pub since: String,
    pub until: String,
    /// Carried on unseen: name and value.
    pub hidden: Vec<(&'static str, String)>,
    /// True when something beside the query is set: the filters are then shown unfolded.
    pub filtered: bool,
}

impl SearchForm {
    pub fn new(
        names: &Names,
        facets: &Facets,
        asked: &Asked,
        tongue: Tongue,
        lang: &'static str,
    ) -> Self {
        let words = tongue.words();
        let request = &asked.request;
        let stances = Stance::ALL.map(|stance| named(stance.as_str(), tongue.stance(stance)));
        let flags = FlagKind::ALL.map(|flag| named(flag.as_str(), tongue.flag(flag)));
        let select =
            |name, label, known: &[Named], chosen: Option<&str>, counts: &[(String, u64)]| {
                let mut choices = vec![Choice {
                    value: String::new(),
                    label: words.any.to_owned(),
                    selected: chosen.is_none(),
                }];
                choices.extend(known.iter().map(|named| choice(named, chosen, counts)));
                keep_unknown(&mut choices, chosen);
                Select {
                    name,
                    label,
                    choices,
                }
            };
        let cases = CaseFilter::ALL.map(|case| named(case.as_str(), tongue.case_filter(case)));
        let case = request.case.map(CaseFilter::as_str);
        let stance = request.stance.map(Stance::as_str);
        let flag = request.flag.map(FlagKind::as_str);
        let (watch, source) = (request.watch.as_deref(), request.source.as_deref());
        let selects = vec![
            select("watch", words.watch, &names.watches, watch, &facets.watch),
            select(
                "source",
                words.source,
                &names.sources,
                source,
                &facets.source,
            ),
            select("stance", words.stance, &stances, stance, &facets.stance),
            select("flag", words.flag, &flags, flag, &facets.flag),
            select("case", words.case, &cases, case, &[]),
            ranges(asked, tongue),
            orders(asked, tongue),
            groups(asked, tongue),
        ];
        Self {
            query: request.query.clone(),
            selects,
            since: asked.since.clone(),
            until: asked.until.clone(),
            hidden: hidden(asked, lang),
            filtered: asked.address(&[])
                != Asked {
                    request: super::Request {
                        query: request.query.clone(),
                        ..super::Request::default()
                    },
                    group: asked.group.filter(|group| *group == Group::Story),
                    ..Asked::default()
                }
                .address(&[]),
        }
    }
}

fn named(name: &str, label: &str) -> Named {
    Named {
        name: name.to_owned(),
        label: label.to_owned(),
    }
}

fn choice(named: &Named, chosen: Option<&str>, counts: &[(String, u64)]) -> Choice {
    let count = counts.iter().find(|count| count.0 == named.name);
    let label = match count {
        Some(count) => format!("{} ({})", named.label, count.1),
        None => named.label.clone(),
    };
    Choice {
        value: named.name.clone(),
        label,
        selected: chosen == Some(named.name.as_str()),
    }
}

/// A filter that the configuration no longer has is still shown as what was asked for.
fn keep_unknown(choices: &mut Vec<Choice>, chosen: Option<&str>) {
    if let Some(chosen) = chosen
        && choices.iter().all(|choice| !choice.selected)
    {
        choices.push(Choice {
            value: chosen.to_owned(),
            label: clean(chosen),
            selected: true,
        });
    }
}

fn ranges(asked: &Asked, tongue: Tongue) -> Select {
    let words = tongue.words();
    let label = |range| match range {
        Range::Day => words.day,
        Range::Week => words.week,
        Range::Month => words.month,
        Range::All => words.all_time,
    };
    // The widest comes first: it is what an untouched form asks for.
    let choices = Range::ALL.into_iter().rev().map(|range| Choice {
        value: range.as_str().to_owned(),
        label: label(range).to_owned(),
        selected: range == asked.range,
    });
    Select {
        name: "range",
        label: words.time,
        choices: choices.collect(),
    }
}

fn orders(asked: &Asked, tongue: Tongue) -> Select {
    let words = tongue.words();
    let choices = Order::ALL.into_iter().map(|order| Choice {
        value: order.as_str().to_owned(),
        label: match order {
            Order::Newest => words.newest.to_owned(),
            Order::Oldest => words.oldest.to_owned(),
            Order::Relevance => words.relevance.to_owned(),
        },
        selected: order == asked.request.order,
    });
    Select {
        name: "order",
        label: words.order,
        choices: choices.collect(),
    }
}

fn groups(asked: &Asked, tongue: Tongue) -> Select {
    let words = tongue.words();
    let choices = Group::ALL.into_iter().rev().map(|group| Choice {
        value: group.as_str().to_owned(),
        label: match group {
            Group::Story => words.group_story.to_owned(),
            Group::None => words.group_none.to_owned(),
        },
        selected: asked.group.unwrap_or(Group::Story) == group,
    });
    Select {
        name: "group",
        label: words.copies,
        choices: choices.collect(),
    }
}

fn hidden(asked: &Asked, lang: &'static str) -> Vec<(&'static str, String)> {
    let request = &asked.request;
    let mut hidden = Vec::new();
    if !lang.is_empty() {
        hidden.push(("lang", lang.to_owned()));
    }
    if let Some(kind) = request.kind {
        hidden.push(("kind", kind.as_str().to_owned()));
    }
    if let Some(story) = request.story {
        hidden.push(("story", story.to_string()));
    }
    for (name, value) in [
        ("language", &request.lang),
        ("site", &request.site),
        ("target", &request.target),
    ] {
        if let Some(value) = value {
            hidden.push((name, value.clone()));
        }
    }
    hidden
}

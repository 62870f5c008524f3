//! `resonanz why`: the whole derivation of what the house says of one mention, out of the store, and
//! whether it comes out the same today.

use super::house::Place;
use super::{Format, Output, WrongArguments};
use crate::app::{House, models};
use crate::config::Config;
use crate::model::{Reason, StoryWeight, Target};
use crate::relate::rumour;
use crate::store::{Case, Store, StoredMatch, StoredMention, WeighedStory};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz why 4711 --dir data\n\n\
    Also while the house runs. Every label, flag, match and case with what it was derived from, by \
    which version, and whether today's versions would say the same.")]
pub struct Args {
    /// Number of the mention, as pages and mails name it
    mention: i64,
    #[command(flatten)]
    place: Place,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

/// What the store knows of a mention.
struct File {
    mention: StoredMention,
    /// The query that each of its watches had when it came.
    queries: Vec<(String, Option<String>)>,
    story: Option<WeighedStory>,
    in_story: usize,
    claims: Vec<StoredMatch>,
    cases: Vec<Case>,
    /// What today's model says of the stances, in their order.
    today: Value,
    same_labels: bool,
}

pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let file = read(&store, &config, args.mention).await;
    store.close().await;
    let file = file?;
    let mut out = Output::new();
    match args.format {
        Format::Jsonl => out.json(&told(&file))?,
        Format::Table => print(&mut out, &file)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(store: &Store, config: &Config, id: i64) -> anyhow::Result<File> {
    let Some(mention) = store.mention(id).await? else {
        let message = format!("there is no mention {id}, or not any more");
        return Err(WrongArguments(message).into());
    };
    let mut queries = Vec::new();
    for matched in &mention.matches {
        let query = store.query_at(&matched.watch, mention.collected).await?;
        queries.push((matched.watch.clone(), query));
    }
    let classifier = models::classifier(&config.classify, &config.dir)?;
    let targets: Vec<&Target> = mention
        .labels
        .stances
        .iter()
        .filter_map(|label| {
            let mut known = config.register.targets.iter();
            known.find(|target| target.name == label.target)
        })
        .collect();
    let today = classifier.classify(&mention.mention(), &targets);
    let said = |labels: &crate::model::Labels| -> Vec<(String, &'static str)> {
        let stances = labels.stances.iter();
        stances
            .map(|label| (label.target.clone(), label.stance.as_str()))
            .collect()
    };
    Ok(File {
        same_labels: said(&today) == said(&mention.labels),
        today: json!({ "model": today.model, "stances": today.stances, "says": today.says }),
        story: store.weighed_story(mention.story).await?,
        in_story: store.size_of_story(mention.story).await?,
        claims: store.claims_of(id).await?,
        cases: store.cases_with(id).await?,
        queries,
        mention,
    })
}

/// Whether the score of a weight comes out of its figures today.
fn again(weight: &StoryWeight) -> bool {
    let again = rumour::weigh(weight.story, weight.figures.clone(), weight.threshold);
    again.model == weight.model && (again.score - weight.score).abs() < 1e-5
}

fn told(file: &File) -> Value {
    let mention = &file.mention;
    let weight = |weight: &StoryWeight| json!({ "weight": weight, "same_today": again(weight) });
    let matches = mention.matches.iter().zip(&file.queries);
    json!({
        "mention": mention.id,
        "source": mention.source,
        "kind": mention.kind.as_str(),
        "published": mention.published,
        "collected": mention.collected,
        "matches": matches.map(|(matched, (_, query))| json!({
            "watch": matched.watch, "target": matched.target, "query": query,
            "spans": matched.spans,
        })).collect::<Vec<_>>(),
        "labels": mention.labels,
        "today": file.today,
        "same_stances_today": file.same_labels,
        "story": {
            "story": mention.story,
            "mentions": file.in_story,
            "now": file.story.as_ref().map(|story| weight(&story.weight)),
            "flagged": file.story.as_ref().and_then(|story| story.flagged.as_ref())
                .map(|(at, reason)| json!({ "at": at, "because": weight(reason) })),
            "judged": file.story.as_ref().and_then(|story| story.judged),
        },
        "claims": file.claims.iter().map(|found| json!({
            "claim": found.text.claim, "answer": found.text.answer,
            "probability": found.probability, "grade": found.grade.as_str(),
            "judged": found.judged, "reasons": found.reasons,
        })).collect::<Vec<_>>(),
        "differs": mention.differs.iter().map(|differs| json!({
            "what": differs.what, "theirs": differs.theirs, "sentence": differs.sentence,
            "ours": differs.ours, "our_sentence": differs.our_sentence,
            "certainty": differs.certainty,
        })).collect::<Vec<_>>(),
        "cases": file.cases.iter().map(|case| json!({
            "case": case.id, "rule": case.rule, "watch": case.watch, "opened": case.opened,
            "facts": case.facts,
        })).collect::<Vec<_>>(),
    })
}

fn print(out: &mut Output, file: &File) -> anyhow::Result<()> {
    let mention = &file.mention;
    out.line(&format!(
        "mention {}: {} of {}, published {}, collected {}",
        mention.id,
        mention.kind.as_str(),
        mention.source,
        mention.published,
        mention.collected
    ))?;
    for (matched, (_, query)) in mention.matches.iter().zip(&file.queries) {
        let query = query.as_deref().unwrap_or("not noted");
        let (watch, target) = (&matched.watch, &matched.target);
        out.line(&format!("watch {watch}, for {target}: {query}"))?;
        for span in &matched.spans {
            let text = match span.part {
                crate::model::Part::Title => &mention.title,
                crate::model::Part::Text => &mention.text,
            };
            let seen = text.get(span.start as usize..span.end as usize);
            out.line(&format!("  found: {}", seen.unwrap_or_default()))?;
        }
    }
    labels(out, file)?;
    story(out, file)?;
    known(out, file)?;
    for case in &file.cases {
        out.line(&format!(
            "case {}: rule {}, watch {}, opened {}; {}",
            case.id, case.rule, case.watch, case.opened, case.facts
        ))?;
    }
    Ok(())
}

fn labels(out: &mut Output, file: &File) -> anyhow::Result<()> {
    let labels = &file.mention.labels;
    out.line(&format!("labelled by {}", labels.model))?;
    for label in &labels.stances {
        let sure = label.probability.map(|p| format!(" ({:.0} %)", p * 100.0));
        let by = if label.by_office {
            ", by the office"
        } else {
            ""
        };
        out.line(&format!(
            "stance toward {}: {}{}{by}",
            label.target,
            label.stance.as_str(),
            sure.unwrap_or_default()
        ))?;
        reasons(out, &label.reasons)?;
    }
    for label in &labels.flags {
        out.line(&format!("flag: {}", label.flag.as_str()))?;
        reasons(out, &label.reasons)?;
    }
    let says = &labels.says;
    let shown = |p: Option<f32>| p.map_or("not told".to_owned(), |p| format!("{:.0} %", p * 100.0));
    out.line(&format!(
        "claims a fact: {}; asks: {}; denies: {}; hearsay: {}",
        shown(says.factual),
        shown(says.asks),
        shown(says.denies),
        says.hearsay.as_deref().unwrap_or("none")
    ))?;
    let same = if file.same_labels {
        "the same"
    } else {
        "otherwise"
    };
    let model = file.today.get("model").and_then(Value::as_str);
    out.line(&format!("today {} says {same}", model.unwrap_or_default()))?;
    Ok(())
}

fn story(out: &mut Output, file: &File) -> anyhow::Result<()> {
    let (story, count) = (file.mention.story, file.in_story);
    out.line(&format!("story {story}: {count} mentions in the archive"))?;
    let Some(weighed) = &file.story else {
        out.line("  never worth weighing: nobody doubted a fact in it")?;
        return Ok(());
    };
    weight(
        out,
        &format!("weighed {}", weighed.weighed),
        &weighed.weight,
    )?;
    match &weighed.flagged {
        Some((at, reason)) => weight(out, &format!("flagged {at}"), reason)?,
        None => out.line("  not flagged")?,
    }
    if let Some(judged) = weighed.judged {
        let judged = if judged {
            "worth checking"
        } else {
            "not worth checking"
        };
        out.line(&format!("  the office says: {judged}"))?;
    }
    Ok(())
}

fn weight(out: &mut Output, when: &str, weight: &StoryWeight) -> anyhow::Result<()> {
    let same = if again(weight) {
        "the same today"
    } else {
        "another score today"
    };
    out.line(&format!(
        "  {when} by {}: {:.3}, flagged from {:.3} ({same})",
        weight.model, weight.score, weight.threshold
    ))?;
    out.line(&format!("    {}", serde_json::to_string(&weight.figures)?))?;
    for (name, part) in &weight.parts {
        out.line(&format!("    {part:+.2}  {name}"))?;
    }
    Ok(())
}

fn known(out: &mut Output, file: &File) -> anyhow::Result<()> {
    for found in &file.claims {
        let judged = match found.judged {
            Some(true) => ", the office says yes",
            Some(false) => ", the office says no",
            None => "",
        };
        out.line(&format!(
            "may repeat ({:.0} %, {}{judged}): {}",
            found.probability * 100.0,
            found.grade.as_str(),
            found.text.claim
        ))?;
        reasons(out, &found.reasons)?;
    }
    for differs in &file.mention.differs {
        out.line(&format!(
            "differs from our statement ({}, {:.0} %): there {}, with us {}",
            differs.what,
            differs.certainty * 100.0,
            differs.theirs,
            differs.ours
        ))?;
        out.line(&format!("  there: {}", differs.sentence))?;
        out.line(&format!("  with us: {}", differs.our_sentence))?;
    }
    Ok(())
}

fn reasons(out: &mut Output, reasons: &[Reason]) -> anyhow::Result<()> {
    for reason in reasons {
        let (weight, rule, seen) = (reason.weight, &reason.rule, &reason.seen);
        out.line(&format!("  {weight:+.2}  {rule}: {seen}"))?;
    }
    Ok(())
}

//! `resonanz watch push-down`: rules for a platform's own filter.

use super::house::Settings;
use super::watch::choose;
use super::{EXIT_PARTLY, Format, Output, WrongArguments, note};
use crate::config::Watch;
use crate::query::push_down::{
    Effect, Note, Options, Outcome, Platform, PushDown, Rule, Spellings, push_down,
};
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::process::ExitCode;

/// Characters of a part of a query shown in the table.
const SHOWN: usize = 48;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz watch push-down x border-controls --max-length 512\n\n\
    Every post that a watch matches, in these spellings, fulfils one of its rules; what they bring \
    too much, the house filters with the whole query. Prints, for each watch, what was widened and why, and the rules. \
    Where rules would miss posts, there are none, and what blocks them is named; the exit code is \
    then 3."
)]
pub struct Args {
    /// Platform whose filter takes the rules: x
    source: String,
    /// Name of one watch; all watches where it is left out
    name: Option<String>,
    /// Characters of a rule. x: 512 (recent search), 1024 (stream, archive), 2048 (stream with
    /// Enterprise), 4096 (search with Enterprise)
    #[arg(long, value_name = "CHARACTERS", default_value_t = 1024)]
    max_length: usize,
    /// all: umlauts, ß and one hyphen wherever the watch also finds them; written: words spelled as in
    /// the watch, with umlauts and hyphens written out or left off
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "all",
        value_parser = ["all", "written"],
        hide_possible_values = true
    )]
    spellings: String,
    #[command(flatten)]
    settings: Settings,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let platform = platform(&args.source)?;
    let options = Options {
        max_length: length(platform, args.max_length)?,
        spellings: match args.spellings.as_str() {
            "written" => Spellings::Written,
            _ => Spellings::All,
        },
    };
    let config = args.settings.read()?;
    let chosen = choose(&config.register, args.name.as_deref())?;
    let mut out = Output::new();
    let (mut rules, mut blocked) = (0, 0);
    for (nth, watch) in chosen.iter().enumerate() {
        let made = push_down(platform, watch.query.expr(), options);
        match &made.outcome {
            Outcome::Rules(made) => rules += made.len(),
            Outcome::Never => {}
            Outcome::Impossible => blocked += 1,
        }
        match args.format {
            Format::Jsonl => out.json(&row(platform, watch, &made, &args.spellings, options))?,
            Format::Table => {
                if nth > 0 {
                    out.line("")?;
                }
                table(&mut out, platform, watch, &made)?;
            }
        }
    }
    out.flush()?;
    if rules > 0 {
        note(&platform.assumes(options.spellings).en);
    }
    if rules > platform.max_rules() {
        note(&format!(
            "warning: {rules} rules; a project at {} has {} unless more are bought",
            platform.as_str(),
            platform.max_rules()
        ));
    }
    Ok(match blocked {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_PARTLY),
    })
}

fn platform(name: &str) -> Result<Platform, WrongArguments> {
    Platform::parse(name).ok_or_else(|| {
        let names = Platform::ALL.map(Platform::as_str).join(", ");
        WrongArguments(format!(
            "`{name}` takes no rules; only a platform with a rule language does: {names}"
        ))
    })
}

fn length(platform: Platform, asked: usize) -> Result<usize, WrongArguments> {
    let lengths = platform.lengths();
    if lengths.contains(&asked) {
        return Ok(asked);
    }
    let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
    Err(WrongArguments(format!(
        "--max-length: {} has rules of {} characters, not {asked}",
        platform.as_str(),
        lengths.join(", ")
    )))
}

fn row(
    platform: Platform,
    watch: &Watch,
    made: &PushDown,
    spellings: &str,
    options: Options,
) -> serde_json::Value {
    let (outcome, rules): (&str, &[Rule]) = match &made.outcome {
        Outcome::Rules(rules) => ("rules", rules),
        Outcome::Never => ("never", &[]),
        Outcome::Impossible => ("impossible", &[]),
    };
    let rule = |rule: &Rule| json!({"text": rule.text, "length": rule.length});
    let note = |note: &Note| {
        json!({
            "effect": note.effect.as_str(), "written": note.written, "became": note.became,
            "reason": note.reason.en, "reason_de": note.reason.de,
            "advice": note.advice.en, "advice_de": note.advice.de,
        })
    };
    json!({
        "watch": watch.name, "source": platform.as_str(), "max_length": options.max_length,
        "spellings": spellings, "outcome": outcome,
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
        "notes": made.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn table(out: &mut Output, platform: Platform, watch: &Watch, made: &PushDown) -> io::Result<()> {
    let (name, source) = (&watch.name, platform.as_str());
    match &made.outcome {
        Outcome::Rules(rules) if rules.len() == 1 => out.line(&format!("{name}: 1 rule"))?,
        Outcome::Rules(rules) => out.line(&format!("{name}: {} rules", rules.len()))?,
        Outcome::Never => out.line(&format!(
            "{name}: no rule is needed, for no post on {source} can match"
        ))?,
        Outcome::Impossible => out.line(&format!(
            "{name}: no rules, for they would miss posts; see what `blocks` them"
        ))?,
    }
    let mut notes: Vec<&Note> = made.notes.iter().collect();
    // What is to be done comes first.
    notes.sort_by_key(|note| note.effect != Effect::Blocks);
    if !notes.is_empty() {
        out.table(&["WHAT", "WRITTEN", "BECAME", "REASON"], &rows(&notes))?;
    }
    if let Outcome::Rules(rules) = &made.outcome {
        let cells = |rule: &Rule| vec![rule.length.to_string(), rule.text.clone()];
        let rows: Vec<Vec<String>> = rules.iter().map(cells).collect();
        out.table(&["LENGTH", "RULE"], &rows)?;
    }
    Ok(())
}

/// One row a note; a reason is told once.
fn rows(notes: &[&Note]) -> Vec<Vec<String>> {
    let mut told: HashMap<String, &str> = HashMap::new();
    let mut rows = Vec::new();
    for note in notes {
        let sentences = [note.reason.en.as_str(), note.advice.en.as_str()].join(" ");
        let reason = match told.get(&sentences) {
            Some(first) => format!("as {}", short(first)),
            None => sentences.trim().to_owned(),
        };
        told.entry(sentences).or_insert(&note.written);
        rows.push(vec![
            note.effect.as_str().to_owned(),
            short(&note.written),
            short(&note.became),
            reason,
        ]);
    }
    rows
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.is_empty() {
        shown.push('-');
    } else if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

//! `resonanz watch`: list the register, test the examples, import queries of other systems.

use super::house::{Settings, today};
use super::{EXIT_PARTLY, Format, Output, WrongArguments, note, watch_import};
use crate::clock::Clock;
use crate::config::{Config, Register, Watch};
use crate::matching::Matcher;
use crate::model::{Item, Kind, Mention};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the registered watches.
    #[command(after_help = "Example: resonanz watch list --format jsonl")]
    List {
        #[command(flatten)]
        settings: Settings,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Run the must and must-not examples of the watches, or try a text on them.
    ///
    /// Ends with exit code 3 when an example fails.
    #[command(after_help = "Example: resonanz watch test border-controls\n         \
        resonanz watch test --text \"Stau wegen der Grenzkontrollen\"")]
    Test {
        /// Name of one watch; all watches where it is left out
        name: Option<String>,
        /// A text to try on the watches, instead of their examples
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        settings: Settings,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Read a query of Brandwatch, Meltwater or Talkwalker; say what is lost, print ours.
    Import(watch_import::Args),
}

pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { settings, format } => {
            let config = settings.read()?;
            let code = list(&config.register, format)?;
            let all: Vec<&Watch> = config.register.watches.iter().collect();
            warn(&config, &all, &Voices::new(&config.voices, today()));
            Ok(code)
        }
        Command::Test {
            name,
            text,
            settings,
            format,
        } => {
            let config = settings.read()?;
            let voices = Voices::new(&config.voices, today());
            let chosen = choose(&config.register, name.as_deref())?;
            let tester = Tester::new(&config.register, voices);
            let code = match text {
                Some(text) => try_text(&tester, &chosen, &text, format),
                None => test(&tester, &chosen, format),
            }?;
            warn(&config, &chosen, &tester.voices);
            Ok(code)
        }
        Command::Import(args) => watch_import::run(&args),
    }
}

fn warn(config: &Config, chosen: &[&Watch], voices: &Voices) {
    for mut warning in config.register.warnings(voices, &config.sources) {
        let is_chosen = |name: &String| chosen.iter().any(|watch| watch.name == *name);
        warning.watches.retain(is_chosen);
        if !warning.watches.is_empty() {
            note(&format!("warning: {warning}"));
        }
    }
}

fn list(register: &Register, format: Format) -> anyhow::Result<ExitCode> {
    let mut out = Output::new();
    if format == Format::Jsonl {
        for watch in &register.watches {
            out.json(&json!({
                "name": watch.name, "label": watch.label, "target": watch.target,
                "query": watch.query.written(), "purpose": watch.purpose,
                "legal_basis": watch.legal_basis, "owner": watch.owner,
                "approver": watch.approver, "expires": watch.expires.to_string(),
                "must_match": watch.must_match, "must_not_match": watch.must_not_match,
            }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = register
        .watches
        .iter()
        .map(|watch| {
            vec![
                watch.name.clone(),
                watch.target.clone(),
                watch.expires.to_string(),
                watch.owner.clone(),
                watch.label.clone(),
            ]
        })
        .collect();
    out.table(&["WATCH", "TARGET", "EXPIRES", "OWNER", "LABEL"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn choose<'a>(register: &'a Register, name: Option<&str>) -> anyhow::Result<Vec<&'a Watch>> {
    let Some(name) = name else {
        return Ok(register.watches.iter().collect());
    };
    match register.watch(name) {
        Some(watch) => Ok(vec![watch]),
        None => {
            let names: Vec<&str> = register.watches.iter().map(|w| w.name.as_str()).collect();
            let known = names.join(", ");
            let message = format!("there is no watch `{name}`; there are {known}");
            Err(WrongArguments(message).into())
        }
    }
}

/// Runs texts through the same steps as the house does.
struct Tester {
    matcher: Matcher,
    keys: Keys,
    voices: Voices,
}

impl Tester {
    fn new(register: &Register, voices: Voices) -> Self {
        Self {
            matcher: Matcher::new(register.stored_queries()),
            // Nothing is stored, so any key will do.
            keys: Keys::from_secret([0; 32]),
            voices,
        }
    }

    fn mention(&self, text: &str) -> anyhow::Result<Mention> {
        let mut item = Item::new("test", "test", Kind::Post);
        item.text = text.to_owned();
        let context = Context {
            source: "test",
            keys: &self.keys,
            voices: &self.voices,
            collected: Clock::system().now(),
        };
        Ok(normalise(item, &context)?)
    }

    fn matches(&self, watch: &Watch, text: &str) -> bool {
        self.mention(text).is_ok_and(|mention| {
            self.matcher
                .matches(&mention, &mut self.matcher.scratch())
                .iter()
                .any(|matched| matched.watch == watch.name)
        })
    }
}

fn test(tester: &Tester, watches: &[&Watch], format: Format) -> anyhow::Result<ExitCode> {
    let mut out = Output::new();
    let mut failed = 0;
    for watch in watches {
        let examples = watch
            .must_match
            .iter()
            .map(|text| (text, true))
            .chain(watch.must_not_match.iter().map(|text| (text, false)));
        let mut good = 0;
        for (text, must) in examples {
            let does = tester.matches(watch, text);
            if format == Format::Jsonl {
                out.json(
                    &json!({"watch": watch.name, "text": text, "must_match": must,
                    "matches": does, "ok": does == must}),
                )?;
            }
            if does == must {
                good += 1;
                continue;
            }
            failed += 1;
            if format == Format::Table {
                let fault = if must {
                    "must match, but does not"
                } else {
                    "must not match, but does"
                };
                out.line(&format!("{}: {fault}: {text}", watch.name))?;
            }
        }
        if format == Format::Table {
            out.line(&format!(
                "{}: {good} examples as they should be",
                watch.name
            ))?;
        }
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_PARTLY)
    })
}

fn try_text(
    tester: &Tester,
    watches: &[&Watch],
    text: &str,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let mention = tester.mention(text)?;
    let found = tester
        .matcher
        .matches(&mention, &mut tester.matcher.scratch());
    let mut out = Output::new();
    for watch in watches {
        let matched = found.iter().find(|matched| matched.watch == watch.name);
        let seen: Vec<&str> = matched
            .iter()
            .flat_map(|matched| &matched.spans)
            .filter_map(|span| mention.text.get(span.start as usize..span.end as usize))
            .collect();
        match format {
            Format::Jsonl => out.json(&json!({"watch": watch.name,
                "matches": matched.is_some(), "seen": seen}))?,
            Format::Table if matched.is_some() => {
                out.line(&format!("{}: matches ({})", watch.name, seen.join(" · ")))?;
            }
            Format::Table => out.line(&format!("{}: no match", watch.name))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

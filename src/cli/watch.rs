//! `resonanz watch`: list the register, test the examples, import queries of other systems, make
//! rules for platforms.

use super::house::{Settings, today};
use super::{Format, Output, WrongArguments, note, watch_import, watch_push_down, watch_test};
use crate::config::{Config, Register, Watch};
use crate::privacy::Voices;
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
    /// Try a watch: its examples, and what it would have found in the archive.
    ///
    /// With a name: how its query is understood, its examples, hits by day, random hits, the words
    /// that bring most hits, and the difference to the query before. Ends with exit code 3 when an
    /// example fails.
    Test(watch_test::Args),
    /// Read a query of Brandwatch, Meltwater or Talkwalker; say what is lost, print ours.
    Import(watch_import::Args),
    /// Make rules for a platform's own filter that miss no match of the watches.
    PushDown(watch_push_down::Args),
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { settings, format } => {
            let config = settings.read()?;
            let code = list(&config.register, format)?;
            let all: Vec<&Watch> = config.register.watches.iter().collect();
            warn(&config, &all, &Voices::new(&config.voices, today()));
            Ok(code)
        }
        Command::Test(args) => watch_test::run(args).await,
        Command::Import(args) => watch_import::run(&args),
        Command::PushDown(args) => watch_push_down::run(&args),
    }
}

pub fn warn(config: &Config, chosen: &[&Watch], voices: &Voices) {
    let today = today();
    for watch in chosen.iter().filter(|watch| watch.expires < today) {
        note(&format!(
            "warning: the approval of {} ran out on {}: it collects nothing until it is renewed",
            watch.name, watch.expires
        ));
    }
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

pub fn choose<'a>(register: &'a Register, name: Option<&str>) -> anyhow::Result<Vec<&'a Watch>> {
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

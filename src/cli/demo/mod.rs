//! `resonanz demo`: the whole way, on a bundled weekend of an invented press office.
//!
//! The scenario is self-written: 20 to 22 November 2026, about 2,000 posts and articles, with a
//! rumour that breaks out on Saturday night. It is no import: the house takes it for the living
//! network, on a simulated clock that the posts move.

use super::house::today;
use super::{Output, WrongArguments};
use crate::app::{App, Ending, House, Options, Running, stop_on_signal};
use crate::clock::Clock;
use crate::collect::replay::Replay;
use crate::config::{self, Config};
use crate::metrics::Metrics;
use crate::privacy::Voice;
use crate::store::{ClaimText, Store};
use jiff::Timestamp;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The scenario, in the import's shape.
pub(super) const SCENARIO: &[u8] = include_bytes!("scenario.ndjson");
const VOICES: &str = include_str!("voices.toml");
/// Just before the first post.
const START: &str = "2026-11-20T05:00:00Z";
/// Where everything comes from, whatever network a post claims.
const SOURCE: &str = "demo";
/// What the posts of the scenario are filed under.
const NETWORKS: [&str; 4] = ["bluesky", "mastodon", "presse", "website"];
/// Three days in about a minute and a half.
const SPEED: f64 = 3_000.0;
/// The desk's own address of the demonstration; nothing is sent anywhere.
const RECIPIENT: &str = "bereitschaft@bmi.example";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz demo --speed 10000 --exit-when-done\n\n\
    With --dir the demonstration can be stopped and goes on where it was."
)]
pub struct Args {
    /// Data directory; a temporary one, deleted at the end, where it is left out
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address of the pages
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How many times faster than life; 0 for as fast as possible
    #[arg(long, value_name = "X")]
    speed: Option<f64>,
    /// End when the scenario is over, instead of keeping the pages open
    #[arg(long)]
    exit_when_done: bool,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let default_speed = if args.exit_when_done { 0.0 } else { SPEED };
    let speed = args.speed.unwrap_or(default_speed);
    if speed < 0.0 || !speed.is_finite() {
        return Err(WrongArguments("--speed must be 0 or more".to_owned()).into());
    }
    let (dir, temporary) = match &args.dir {
        Some(dir) => (dir.clone(), None),
        None => {
            let temporary = Temporary::new()?;
            (temporary.0.clone(), Some(temporary))
        }
    };
    let config = settings(&dir, args.listen)?;
    let house = House::open(&config).await?;
    let start: Timestamp = START.parse()?;
    fill_register(&house.store, start).await?;
    let clock = Clock::simulated(start);
    let options = Options {
        sources: vec![Box::new(Replay::live_from_memory(SOURCE, SCENARIO))],
        configured_sources: false,
        relayed_sources: NETWORKS.map(str::to_owned).to_vec(),
        // The weekend is always the same one; a clock that goes back is no fault here.
        retention: false,
        clock: clock.clone(),
        speed: (speed > 0.0).then_some(speed),
        ..Options::live()
    };
    let mail_dir = house.mail_dir();
    let app = App::build(house, config, options)?;
    let metrics = app.metrics().clone();
    let stop = stop_on_signal()?;
    let mut running = app.start(stop.clone()).await?;
    if let Some(address) = running.address() {
        say(&format!("Pages:  http://{address}"))?;
    }
    say(&format!("Mails:  {}", mail_dir.display()))?;
    say(&format!("Data:   {}", dir.display()))?;
    let progress = tokio::spawn(show_progress(metrics.clone(), clock.clone(), stop.clone()));
    tokio::select! {
        () = running.sources_done() => {}
        () = stop.cancelled() => {}
    }
    progress.abort();
    if !stop.is_cancelled() {
        running.caught_up().await?;
        summary(&running, &metrics, &clock).await?;
        if !args.exit_when_done {
            say("The weekend is over. The pages stay open until Ctrl-C.")?;
            stop.cancelled().await;
        }
    }
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await?;
    drop(temporary);
    Ok(ExitCode::SUCCESS)
}

/// What the office knows when the weekend begins: a claim that went round before, and the answer that
/// was agreed upon then.
async fn fill_register(store: &Store, start: Timestamp) -> anyhow::Result<()> {
    if store.claims().await?.is_empty() {
        let known = ClaimText {
            claim: "Das Bundesinnenministerium stoppt alle Einbürgerungen.".to_owned(),
            wordings: "Ein interner Brief aus dem BMI ordnet an, Einbürgerungen zu stoppen und \
                       frühere zurückzunehmen."
                .to_owned(),
            answer: "Anträge auf Einbürgerung werden unverändert bearbeitet. Zuständig sind die \
                     Behörden der Länder; das Bundesinnenministerium kann Einbürgerungen weder \
                     stoppen noch zurücknehmen. Einen solchen Brief gibt es nicht."
                .to_owned(),
            url: "https://www.bmi.example/faq/einbuergerung".to_owned(),
        };
        store.add_claim(&known, start).await?;
    }
    Ok(())
}

/// The built-in settings and starter watches, with a recipient and the scenario's public voices.
fn settings(dir: &Path, listen: SocketAddr) -> anyhow::Result<Config> {
    let mut config = config::load(None, std::collections::HashMap::new(), today())?;
    config.dir = dir.to_owned();
    config.serve.listen = listen;
    config.voices = voices()?;
    config.desk.recipients = vec![RECIPIENT.to_owned()];
    config.desk.from = "Resonanz <resonanz@bmi.example>".to_owned();
    config.desk.instance = "demo.bmi.example".to_owned();
    config.desk.public_url = config.serve.public_address();
    Ok(config)
}

fn voices() -> anyhow::Result<Vec<Voice>> {
    #[derive(serde::Deserialize)]
    struct File {
        voice: Vec<Voice>,
    }
    let file = ::config::File::from_str(VOICES, ::config::FileFormat::Toml);
    let file: File = ::config::Config::builder()
        .add_source(file)
        .build()?
        .try_deserialize()?;
    Ok(file.voice)
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(Output::new().line(line)?)
}

/// One line that is written over; nothing where nobody watches.
async fn show_progress(metrics: Metrics, clock: Clock, stop: CancellationToken) {
    if !Output::is_terminal() {
        return;
    }
    while !stop.is_cancelled() {
        let line = progress_line(&metrics, clock.now());
        let _ = write!(io::stdout(), "\r{line}\x1b[K").and_then(|()| io::stdout().flush());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn progress_line(metrics: &Metrics, now: Timestamp) -> String {
    let berlin = match now.in_tz("Europe/Berlin") {
        Ok(berlin) => berlin.strftime("%a %d.%m. %H:%M").to_string(),
        Err(_) => now.to_string(),
    };
    let items = metrics
        .source_events
        .with_label_values(&[SOURCE, "change"])
        .get();
    let mentions = metrics.mentions.with_label_values(&[SOURCE]).get();
    let mails = metrics.mails.with_label_values(&["accepted"]).get();
    let cases = metrics.cases_open.get();
    format!("{berlin}   {items} items, {mentions} mentions, {cases} cases, {mails} mails")
}

async fn summary(running: &Running, metrics: &Metrics, clock: &Clock) -> anyhow::Result<()> {
    if Output::is_terminal() {
        say("")?;
    }
    say(&progress_line(metrics, clock.now()))?;
    for case in running.store().cases(50).await?.iter().rev() {
        let opened = case
            .opened
            .in_tz("Europe/Berlin")?
            .strftime("%a %H:%M")
            .to_string();
        say(&format!(
            "Case {}: {} in `{}`, opened {opened}, {} mentions",
            case.id, case.rule, case.watch, case.mentions
        ))?;
    }
    Ok(())
}

/// A directory that goes when this goes.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn new() -> anyhow::Result<Self> {
        let mut bytes = [0u8; 8];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
        let name = format!("resonanz-demo-{:016x}", u64::from_le_bytes(bytes));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

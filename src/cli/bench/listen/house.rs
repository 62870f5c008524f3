//! A whole house with many sources, quiet and busy: memory, CPU and wakeups of its process.

use super::Args;
use super::usage::{Spent, Usage};
use crate::app::{App, Ending, House, Options};
use crate::cli::house::{Settings, today};
use crate::cli::output::Output;
use crate::collect::SourceConfig;
use crate::config::Config;
use crate::metrics::Metrics;
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time to connect to everything, and to get used to a new rate.
const SETTLE: Duration = Duration::from_secs(10);

/// Where the servers are.
#[derive(Debug, Deserialize)]
struct Addresses {
    streams: Vec<SocketAddr>,
    feeds: SocketAddr,
}

/// # Errors
/// Servers that cannot be started, a house that cannot be built.
pub async fn run(args: &Args, out: &mut Output) -> anyhow::Result<()> {
    let (mut servers, addresses) = Servers::start(args.streams)?;
    let temporary = crate::cli::demo::Temporary::new()?;
    let mut config = Settings { config: None }.read()?;
    config.dir = temporary.path().to_owned();
    let watches = &mut config.register.watches;
    watches.retain(|watch| watch.expires >= today());
    sources(&mut config, args.feeds, &addresses)?;
    let names: Vec<String> = config.sources.keys().cloned().collect();
    let options = Options {
        serve: false,
        mail: false,
        ..Options::live()
    };
    let house = House::open(&config).await?;
    let app = App::build(house, config, options)?;
    let metrics = app.metrics().clone();
    let running = app.start(CancellationToken::new()).await?;
    tokio::time::sleep(SETTLE).await;
    let up = names.iter().filter(|name| is_up(&metrics, name)).count();
    let quiet = watched(args.seconds).await?;
    servers.tell_each_second(args.rate / u32::try_from(args.streams.max(1))?)?;
    tokio::time::sleep(SETTLE).await;
    let before = events(&metrics, &names);
    let busy = watched(args.seconds).await?;
    let heard = (events(&metrics, &names) - before) as f64 / args.seconds as f64;
    servers.tell_each_second(0)?;
    let patience = Duration::from_secs(30);
    running.finish(patience, Ending::Soon).await?;
    let (feeds, streams) = (args.feeds, args.streams);
    out.line(&format!(
        "house: {feeds} feeds, {streams} streams, {up} of them heard"
    ))?;
    let rows = vec![row("quiet", 0.0, &quiet), row("busy", heard, &busy)];
    let head = ["", "events/s", "memory MB", "cores", "wakeups/s"];
    out.table(&head, &rows)?;
    Ok(out.flush()?)
}

fn is_up(metrics: &Metrics, source: &str) -> bool {
    metrics.source_up.with_label_values(&[source]).get() == 1
}

fn events(metrics: &Metrics, sources: &[String]) -> u64 {
    let of = |source: &String| -> u64 {
        let counter = |outcome| {
            let labels = [source.as_str(), outcome];
            metrics.source_events.with_label_values(&labels).get()
        };
        counter("change") + counter("nothing")
    };
    sources.iter().map(of).sum()
}

fn row(name: &str, events: f64, spent: &Spent) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("{events:.0}"),
        format!("{:.0}", spent.memory_mb),
        format!("{:.3}", spent.cores),
        format!("{:.0}", spent.wakeups_per_second),
    ]
}

async fn watched(seconds: u64) -> anyhow::Result<Spent> {
    let start = Usage::now()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(Usage::now()?.since(&start))
}

fn sources(config: &mut Config, feeds: usize, addresses: &Addresses) -> anyhow::Result<()> {
    config.sources.clear();
    let mut add = |name: String, source: serde_json::Value| -> anyhow::Result<()> {
        let source: SourceConfig = serde_json::from_value(source)?;
        config.sources.insert(name, source);
        Ok(())
    };
    for number in 0..feeds {
        let (port, net, host) = (addresses.feeds.port(), 1 + number / 250, 1 + number % 250);
        let url = format!("http://127.0.{net}.{host}:{port}/{number}.rss");
        let every = 60 + number % 60;
        add(
            format!("feed-{number}"),
            json!({ "kind": "feed", "url": url, "every_secs": every, "allow_private": ["127.0.0.0/8"] }),
        )?;
    }
    for (number, address) in addresses.streams.iter().enumerate() {
        let urls = [format!("ws://{address}/subscribe")];
        add(
            format!("stream-{number}"),
            json!({ "kind": "bluesky", "urls": urls, "wire": "v1", "idle_timeout_secs": 3600 }),
        )?;
    }
    Ok(())
}

/// The other side, a process of its own that ends with this one.
struct Servers(Child);

impl Servers {
    fn start(streams: usize) -> anyhow::Result<(Self, Addresses)> {
        let streams = streams.to_string();
        let mut servers = Command::new(std::env::current_exe()?)
            .args(["bench", "listen", "--serve", "--streams", &streams])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = servers
            .stdout
            .take()
            .context("the servers have no output")?;
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        let addresses = serde_json::from_str(&line).context("the servers did not say where")?;
        Ok((Self(servers), addresses))
    }

    fn tell_each_second(&mut self, events: u32) -> anyhow::Result<()> {
        let orders = self.0.stdin.as_mut().context("the servers have no input")?;
        writeln!(orders, "{events}")?;
        Ok(orders.flush()?)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // Their input ends, and so do they.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

//! `resonanz replay`: the import. Everything that it brings is old news and mails nobody.

use super::house::Place;
use super::{EXIT_PARTLY, Output};
use crate::app::{App, House, Options};
use crate::collect::replay::Replay;
use std::path::PathBuf;
use std::process::ExitCode;

/// Name under which imported mentions are counted and found (`source:import`).
const SOURCE: &str = "import";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz replay export.ndjson --dir /var/lib/resonanz\n         \
    zcat export.ndjson.gz | resonanz replay - --dir /var/lib/resonanz\n\n\
    The shape of a line is described in the README. Lines that cannot be read are left \
    out: the first is named, the others are counted, and the exit code is 3. \
    `resonanz source read --kind replay FILE` names each."
)]
pub struct Args {
    /// NDJSON file, or `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let source = Replay::import(SOURCE, &args.file)?;
    let house = House::open(&config).await?;
    let app = App::build(
        house,
        config,
        Options {
            sources: vec![Box::new(source)],
            ..Options::offline()
        },
    )?;
    let metrics = app.metrics().clone();
    app.run_until_done().await?;
    let count = |counter: &prometheus::IntCounterVec| counter.with_label_values(&[SOURCE]).get();
    let refused: u64 = ["malformed", "incomplete", "too_large"]
        .iter()
        .map(|reason| {
            metrics
                .source_rejected
                .with_label_values(&[SOURCE, *reason])
                .get()
        })
        .sum();
    let mut out = Output::new();
    out.line(&format!(
        "Imported {} new mentions; {} items matched no watch, {} were taken back, {refused} lines \
         were refused.",
        count(&metrics.mentions),
        count(&metrics.unmatched),
        count(&metrics.removed),
    ))?;
    let too_old = count(&metrics.too_old);
    if too_old > 0 {
        out.line(&format!(
            "{too_old} were older than [retention] lets them be kept, and were not taken in."
        ))?;
    }
    out.flush()?;
    Ok(if refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_PARTLY)
    })
}

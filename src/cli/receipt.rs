//! Receipts of what was taken out of the house: printed, and as JSON in a file.

use super::Output;
use crate::app::receipt::Receipt;
use anyhow::Context as _;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where a receipt is put beside the output.
#[derive(Debug, Clone, clap::Args)]
pub struct ReceiptFile {
    /// Write the receipt into this file too, as JSON
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl ReceiptFile {
    /// Opened before anything is done: an act without its proof would be half of one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn open(&self) -> anyhow::Result<Option<File>> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("the receipt {}", path.display()))
        };
        self.receipt.as_deref().map(create).transpose()
    }
}

/// Prints the receipt and fills its file.
///
/// # Errors
/// An output or a file that cannot be written.
pub fn hand_over(receipt: &Receipt, file: Option<File>) -> anyhow::Result<()> {
    let mut out = Output::new();
    for line in receipt.lines() {
        out.line(&line)?;
    }
    if let Some(file) = file {
        serde_json::to_writer_pretty(&file, receipt).context("the receipt's file")?;
        file.sync_all()?;
    }
    Ok(out.flush()?)
}

//! Printing: a table for people, JSON lines for programs.

use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// How a listing is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns, for reading.
    Table,
    /// One JSON object a line, for programs.
    Jsonl,
}

/// Standard output with a memory. A reader that went away (`| head`) is no error.
pub struct Output {
    out: BufWriter<StdoutLock<'static>>,
    gone: bool,
}

impl Output {
    pub fn new() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            gone: false,
        }
    }

    /// True where a person reads along.
    pub fn is_terminal() -> bool {
        io::stdout().is_terminal()
    }

    /// Writes a line. Control characters of foreign text cannot reach a terminal through it.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.raw(&clean(text))
    }

    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        self.raw(&text)
    }

    fn raw(&mut self, text: &str) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        self.settle(|out| writeln!(out, "{text}"))
    }

    /// Prints rows in columns; the last column takes what is left.
    pub fn table(&mut self, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let mut widths: Vec<usize> = head.iter().map(|name| name.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let print = |cells: &mut dyn Iterator<Item = &str>| -> String {
            let mut line = String::new();
            for (i, cell) in cells.enumerate() {
                let last = i + 1 == widths.len();
                line.push_str(cell);
                if !last {
                    let pad = widths.get(i).copied().unwrap_or(0)
                        - cell
                            .chars()
                            .count()
                            .min(widths.get(i).copied().unwrap_or(0));
                    line.extend(std::iter::repeat_n(' ', pad + 2));
                }
            }
            line
        };
        let title = print(&mut head.iter().copied());
        self.line(title.trim_end())?;
        for row in rows {
            let line = print(&mut row.iter().map(String::as_str));
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.settle(|out| out.flush())
    }

    fn settle(
        &mut self,
        act: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
    ) -> io::Result<()> {
        match act(&mut self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            other => other,
        }
    }
}

fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
        .collect()
}

/// Writes a line beside the output, for people: it is in no program's way.
pub fn note(text: &str) {
    // Nobody is left to be told where standard error cannot be written.
    let _ = writeln!(io::stderr(), "{}", clean(text));
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

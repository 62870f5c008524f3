//! What this process takes of the machine, as Linux tells it.

use crate::cli::bench::measure::number;
use anyhow::Context as _;
use std::fs;
use std::time::{Duration, Instant};

/// Ticks of the kernel's clock in a second, on every Linux that this runs on.
const TICKS: f64 = 100.0;

#[derive(Debug, Clone, Copy)]
pub struct Usage {
    at: Instant,
    cpu: Duration,
    /// Times that a thread slept and was woken.
    wakeups: u64,
    pub memory_kb: u64,
}

/// Between two looks.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// Share of one core.
    pub cores: f64,
    pub wakeups_per_second: f64,
    pub memory_mb: f64,
}

impl Usage {
    /// # Errors
    /// A system without `/proc`.
    pub fn now() -> anyhow::Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat").context("needs Linux's /proc")?;
        // Behind the name, which may hold blanks: the 14th and 15th field are user and system time.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok());
        let cpu = ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default();
        let mut wakeups = 0;
        for task in fs::read_dir("/proc/self/task")? {
            // A thread may be gone by now.
            let status = fs::read_to_string(task?.path().join("status")).unwrap_or_default();
            wakeups += number(&status, "voluntary_ctxt_switches:");
        }
        let status = fs::read_to_string("/proc/self/status")?;
        Ok(Self {
            at: Instant::now(),
            cpu: Duration::from_secs_f64(cpu / TICKS),
            wakeups,
            memory_kb: number(&status, "VmRSS:"),
        })
    }

    pub fn since(&self, earlier: &Usage) -> Spent {
        let seconds = (self.at - earlier.at).as_secs_f64();
        Spent {
            cores: self.cpu.saturating_sub(earlier.cpu).as_secs_f64() / seconds,
            wakeups_per_second: self.wakeups.saturating_sub(earlier.wakeups) as f64 / seconds,
            memory_mb: self.memory_kb as f64 / 1024.0,
        }
    }
}

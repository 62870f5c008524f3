//! Frames of the whole network, as fast as they come: read, normalised and matched on one thread,
//! once through a websocket and the real source, once from memory.

use super::servers;
use crate::cli::bench::measure::thread_cpu;
use crate::cli::bench::workload::{self, Set, Workload};
use crate::cli::output::Output;
use crate::collect::bluesky::{Bluesky, BlueskyConfig, Said, Wire, adapt};
use crate::collect::source::{Event, Source as _};
use crate::matching::{Matcher, Scratch, StoredQuery};
use crate::model::{Change, Item};
use crate::normalise::{Context, Draft};
use crate::privacy::{Keys, Voices};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counted {
    posts: u64,
    matches: u64,
}

struct Listener {
    matcher: Matcher,
    scratch: Scratch,
    keys: Keys,
    voices: Voices,
    counted: Counted,
}

impl Listener {
    fn new(workload: &Workload, queries: usize) -> Self {
        let stored = |(number, query): (usize, &crate::query::Query)| StoredQuery {
            watch: number.to_string(),
            target: String::new(),
            query: query.clone(),
        };
        let queries = workload.queries(queries, Set::Full);
        let matcher = Matcher::new(queries.iter().enumerate().map(stored).collect());
        Self {
            scratch: matcher.scratch(),
            matcher,
            keys: Keys::from_secret([1; 32]),
            voices: Voices::default(),
            counted: Counted::default(),
        }
    }

    fn hear(&mut self, item: Item) {
        let context = Context {
            source: "bluesky",
            keys: &self.keys,
            voices: &self.voices,
            collected: Timestamp::UNIX_EPOCH,
        };
        self.counted.posts += 1;
        if let Ok(draft) = Draft::read(item, &context) {
            let matches = self.matcher.matches(draft.subject(), &mut self.scratch);
            self.counted.matches += matches.len() as u64;
        }
    }

    /// With what was learned so far, and nothing counted.
    fn again(&mut self) {
        self.matcher = self.matcher.relearned(&self.scratch);
        self.scratch = self.matcher.scratch();
        self.counted = Counted::default();
    }
}

/// # Errors
/// A loopback that cannot be listened on, and answers that differ.
pub fn run(queries: &[usize], frames: usize, out: &mut Output) -> anyhow::Result<()> {
    let workload = Workload::new(workload::SEED);
    let frames = workload.frames(frames);
    let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len().max(1);
    out.line(&format!(
        "\nfirehose: {} frames of {bytes} bytes, one thread; {}",
        frames.len(),
        workload.origin()
    ))?;
    let head = [
        "queries",
        "posts",
        "matches",
        "from memory",
        "websocket",
        "websocket, wall",
        "websocket/memory",
    ];
    let mut rows = Vec::new();
    for &count in queries {
        let mut listener = Listener::new(&workload, count);
        from_memory(&frames, &mut listener);
        listener.again();
        let memory = from_memory(&frames, &mut listener);
        let heard = std::mem::take(&mut listener.counted);
        let (cpu, wall) = through_websocket(&frames, &mut listener)?;
        anyhow::ensure!(
            heard == listener.counted,
            "{heard:?} from memory, {:?} through the websocket",
            listener.counted
        );
        let rate = |time: Duration| frames.len() as f64 / time.as_secs_f64();
        rows.push(vec![
            count.to_string(),
            heard.posts.to_string(),
            heard.matches.to_string(),
            format!("{:.0}/s", rate(memory)),
            format!("{:.0}/s", rate(cpu)),
            format!("{:.0}/s", rate(wall)),
            format!("{:.2}", memory.as_secs_f64() / cpu.as_secs_f64()),
        ]);
    }
    out.table(&head, &rows)?;
    Ok(out.flush()?)
}

fn from_memory(frames: &[Vec<u8>], listener: &mut Listener) -> Duration {
    let start = thread_cpu();
    for frame in frames {
        if let Ok(Said::Event { changes, .. }) = adapt(frame) {
            for change in changes {
                hear(change, listener);
            }
        }
    }
    thread_cpu().saturating_sub(start)
}

fn hear(change: Change, listener: &mut Listener) {
    if let Change::Upsert(item) = change {
        listener.hear(*item);
    }
}

/// CPU time of the listening thread, and time by the wall. The sender has a thread of its own.
fn through_websocket(
    frames: &[Vec<u8>],
    listener: &mut Listener,
) -> anyhow::Result<(Duration, Duration)> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    let config = BlueskyConfig {
        urls: vec![format!("ws://{address}/subscribe")],
        wire: Wire::V1,
        ..BlueskyConfig::default()
    };
    let source = Bluesky::new("bench", &config).map_err(anyhow::Error::msg)?;
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || servers::send_all(socket, frames));
        // A thread of its own: this one belongs to the program's runtime.
        let heard = scope.spawn(move || listen(&source, listener));
        let took = heard.join();
        match (took, sender.join()) {
            (Ok(took), Ok(sent)) => sent.and(took),
            _ => anyhow::bail!("a side of the websocket broke down"),
        }
    })
}

fn listen(source: &Bluesky, listener: &mut Listener) -> anyhow::Result<(Duration, Duration)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (cpu, wall) = (thread_cpu(), Instant::now());
    runtime.block_on(async {
        let mut events = source.open(None);
        // The sender closes behind the last frame, which ends the stream with an error.
        while let Some(Ok(collected)) = events.next().await {
            if let Event::Change(change) = collected.event {
                hear(change, listener);
            }
        }
    });
    Ok((thread_cpu().saturating_sub(cpu), wall.elapsed()))
}

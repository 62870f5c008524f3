//! Looks again at reports that differ from what we have published: whether they were amended, how and
//! when. Politely: through the source's own gate, as it reads every page, a few times in three days.

use crate::clock::Clock;
use crate::collect::source::{Pages, Source};
use crate::model::{Amended, amended};
use crate::store::{Report, Seen, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(300);
/// Reports of one round.
const MOST: i64 = 10;

/// Who looks at one source's reports.
pub(super) struct Reports {
    pages: Arc<dyn Pages>,
    source: String,
    store: Store,
    clock: Clock,
    stop: CancellationToken,
}

impl Reports {
    /// For a source whose articles' pages are read.
    pub fn of(
        source: &dyn Source,
        store: &Store,
        clock: &Clock,
        stop: &CancellationToken,
    ) -> Option<Self> {
        Some(Self {
            pages: source.pages()?,
            source: source.name().to_owned(),
            store: store.clone(),
            clock: clock.clone(),
            stop: stop.clone(),
        })
    }

    async fn run(self) {
        let stop = self.stop.clone();
        let rounds = async {
            loop {
                if let Err(error) = self.round().await {
                    let (source, error) = (&self.source, format!("{error:#}"));
                    tracing::warn!(%source, error, "Reports could not be looked at again.");
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    async fn round(&self) -> anyhow::Result<()> {
        let due = self.store.reports_due(&self.source, self.clock.now(), MOST);
        for report in due.await? {
            let now = self.clock.now();
            let words = match Url::parse(&report.url) {
                Ok(url) => self.pages.words(url).await,
                Err(_) => Ok(None),
            };
            match words {
                Ok(words) => {
                    let (seen, how) = compared(&report, words.as_deref());
                    self.store
                        .note_look(report.mention_id, (seen, &how), now)
                        .await?;
                }
                Err(_) => self.store.put_off_look(report.mention_id, now).await?,
            }
        }
        Ok(())
    }
}

/// What became of the values that differed.
fn compared(report: &Report, words: Option<&str>) -> (Seen, Vec<Amended>) {
    let Some(words) = words else {
        return (Seen::Closed, Vec::new());
    };
    let how = amended(&report.differs, &report.text, words);
    match how.is_empty() {
        true => (Seen::Same, how),
        false => (Seen::Amended, how),
    }
}

/// Looks again until the house stops, where pages are read.
pub(super) async fn run(reports: Option<Reports>) {
    if let Some(reports) = reports {
        reports.run().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Differs, Part, Span, StatementId};

    fn report() -> Report {
        Report {
            mention_id: 1,
            url: "https://zeitung.example/1".to_owned(),
            text: "Es waren 21.345 Personen.".to_owned(),
            differs: vec![Differs {
                what: "number".to_owned(),
                span: Span {
                    part: Part::Text,
                    start: 0,
                    end: 6,
                },
                theirs: "21.345 Personen".to_owned(),
                sentence: String::new(),
                statement: StatementId::Entered(1),
                ours: "12.345".to_owned(),
                our_sentence: String::new(),
                certainty: 1.0,
            }],
        }
    }

    #[test]
    fn what_is_gone_was_amended() {
        let report = report();
        let same = compared(&report, Some("Es waren 21.345\n  Personen."));
        assert_eq!(same, (Seen::Same, Vec::new()));
        let (seen, how) = compared(&report, Some("Es waren 12.345 Personen."));
        assert_eq!(
            (seen, how.len(), how[0].ours_is_there),
            (Seen::Amended, 1, true)
        );
        let (_, how) = compared(&report, Some("Es waren viele."));
        assert!(!how[0].ours_is_there);
        assert_eq!(compared(&report, None), (Seen::Closed, Vec::new()));
    }
}

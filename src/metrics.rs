//! Every metric: declared once, with a help text that says what a rise means.
//!
//! Labels come from configuration or from an enum, never from outside. Series start at zero, so
//! that a dashboard shows "none yet" and not "no data".

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Seconds from a frame's arrival; fine where the targets are, coarse where it is late anyway.
const LATENCY_BUCKETS: [f64; 14] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 30.0,
];

/// In the place of sources that do not run (any more): what an import brought names itself.
pub const OTHER_SOURCES: &str = "other";

/// All metrics of one running house. Handed down, never global.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    pub source_up: IntGaugeVec,
    pub source_events: IntCounterVec,
    pub source_rejected: IntCounterVec,
    pub source_errors: IntCounterVec,
    pub source_gaps: IntCounterVec,
    pub source_compared: IntCounterVec,
    pub source_canaries: IntCounterVec,
    pub source_gap_seconds: IntCounterVec,
    pub source_hearing: IntGaugeVec,
    pub source_expected: GaugeVec,
    pub source_heard: GaugeVec,
    pub source_last_event: GaugeVec,
    pub source_lag: GaugeVec,
    pub source_used: GaugeVec,
    pub mentions: IntCounterVec,
    pub removed: IntCounterVec,
    pub retention_removed: IntCounterVec,
    pub retention_held: IntGauge,
    pub too_old: IntCounterVec,
    pub unmatched: IntCounterVec,
    pub watch_matches: IntCounterVec,
    pub stances: IntCounterVec,
    pub flags: IntCounterVec,
    pub stored_seconds: Histogram,
    pub searchable_seconds: Histogram,
    pub store_seq: IntGauge,
    pub follower_seq: IntGaugeVec,
    pub index_commit_seconds: Histogram,
    pub index_failures: IntCounter,
    pub index_purged: IntCounterVec,
    pub index_damaged: IntCounter,
    pub index_checked: Gauge,
    pub disk_free_bytes: Gauge,
    pub disk_low: IntGauge,
    pub cases_opened: IntCounterVec,
    pub cases_open: IntGauge,
    pub mails: IntCounterVec,
    pub mails_redacted: IntCounter,
    pub outbox_pending: IntGauge,
    pub outbox_oldest_seconds: Gauge,
    pub requests: HistogramVec,
    pub retrainings: IntCounterVec,
    pub second_opinions: IntCounterVec,
    pub story_members: IntGauge,
    pub stories_merged: IntCounter,
    pub claims: IntGauge,
    pub statements: IntGauge,
    pub claim_matches: IntCounterVec,
    pub differences: IntCounterVec,
}

/// The label values that are known at the start.
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub sources: Vec<String>,
    pub watches: Vec<String>,
    pub stances: Vec<&'static str>,
    pub flags: Vec<&'static str>,
    pub rules: Vec<&'static str>,
    /// Of matches with the register, and what may differ from official statements.
    pub grades: Vec<&'static str>,
    pub differences: Vec<&'static str>,
    pub classes: Vec<&'static str>,
    pub verdicts: Vec<&'static str>,
}

impl Metrics {
    /// Registers everything, with all known series at zero.
    ///
    /// # Errors
    /// Only a programming error: two metrics of one name.
    pub fn new(series: &Series) -> Result<Self, prometheus::Error> {
        let metrics = Register {
            registry: Registry::new(),
        }
        .all()?;
        metrics.zero(series);
        Ok(metrics)
    }

    fn zero(&self, series: &Series) {
        for grade in &series.grades {
            self.claim_matches.with_label_values(&[grade]);
        }
        for what in &series.differences {
            self.differences.with_label_values(&[what]);
        }
        for source in &series.sources {
            self.source_up.with_label_values(&[source]);
            for outcome in ["change", "nothing"] {
                self.source_events.with_label_values(&[source, outcome]);
            }
            for reason in ["malformed", "incomplete", "too_large"] {
                self.source_rejected.with_label_values(&[source, reason]);
            }
            for kind in [
                "transient",
                "rate_limited",
                "refused",
                "cursor_too_old",
                "exhausted",
                "idle",
            ] {
                self.source_errors.with_label_values(&[source, kind]);
            }
            self.source_gaps.with_label_values(&[source]);
            for outcome in ["seen", "missed"] {
                self.source_compared.with_label_values(&[source, outcome]);
                self.source_canaries.with_label_values(&[source, outcome]);
            }
            self.source_gap_seconds.with_label_values(&[source]);
            for verdict in &series.verdicts {
                self.source_hearing.with_label_values(&[source, *verdict]);
            }
            self.source_expected.with_label_values(&[source]);
            self.source_heard.with_label_values(&[source]);
            self.mentions.with_label_values(&[source]);
            self.removed.with_label_values(&[source]);
            self.unmatched.with_label_values(&[source]);
            self.too_old.with_label_values(&[source]);
        }
        let others = [OTHER_SOURCES.to_owned()];
        for source in series.sources.iter().chain(&others) {
            for class in &series.classes {
                self.retention_removed
                    .with_label_values(&[source.as_str(), class]);
            }
        }
        self.start_watches(series);
        for rule in &series.rules {
            self.cases_opened.with_label_values(&[rule]);
        }
        for outcome in ["accepted", "retried", "failed"] {
            self.mails.with_label_values(&[outcome]);
        }
        for outcome in ["live", "too_few", "not_better", "worse_on_frozen", "failed"] {
            self.retrainings.with_label_values(&[outcome]);
        }
        for outcome in ["changed", "confirmed", "late", "failed"] {
            self.second_opinions.with_label_values(&[outcome]);
        }
        for outcome in ["rewritten", "dropped"] {
            self.index_purged.with_label_values(&[outcome]);
        }
        for follower in ["index", "mails"] {
            self.follower_seq.with_label_values(&[follower]);
        }
    }

    /// Starts the counters of watches at zero, at the start and after a reload.
    pub fn start_watches(&self, series: &Series) {
        for watch in &series.watches {
            self.watch_matches.with_label_values(&[watch]);
            for stance in &series.stances {
                self.stances.with_label_values(&[watch.as_str(), stance]);
            }
            for flag in &series.flags {
                self.flags.with_label_values(&[watch.as_str(), flag]);
            }
        }
    }

    /// The text format that Prometheus scrapes.
    ///
    /// # Errors
    /// Never in practice: the encoder writes to memory.
    pub fn encode(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }
}

struct Register {
    registry: Registry,
}

impl Register {
    fn add<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn latency(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS.to_vec());
        self.add(Histogram::with_opts(opts)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn all(self) -> Result<Metrics, prometheus::Error> {
        Ok(Metrics {
            source_up: self.add(IntGaugeVec::new(Opts::new("resonanz_source_up", "1 while the source is connected or its last look succeeded; 0 means that we are deaf to it."), &["source"])?)?,
            source_events: self.counters("resonanz_source_events_total", "Events that a source brought: 'change' items and deletions, 'nothing' heartbeats and other kinds. A flat line on a busy source means that we may be deaf.", &["source", "outcome"])?,
            source_rejected: self.counters("resonanz_source_rejected_total", "Events that could not be read, by reason. A rise means that the other side changed its format or sends garbage.", &["source", "reason"])?,
            source_errors: self.counters("resonanz_source_errors_total", "Lost connections and refused requests, by kind. A rise means that the source flaps.", &["source", "kind"])?,
            source_gaps: self.counters("resonanz_source_gaps_total", "Intervals that a source could not deliver any more. Each one is listed in the store.", &["source"])?,
            source_compared: self.counters("resonanz_source_compared_total", "Posts that a second host of a network told, by whether the source brought them, too. A rise of 'missed' means that its host leaves things out.", &["source", "outcome"])?,
            source_canaries: self.counters("resonanz_source_canaries_total", "Posts of the house's own account, by whether the source brought them. A rise of 'missed' means that we do not hear, though the source is connected.", &["source", "outcome"])?,
            source_gap_seconds: self.counters("resonanz_source_gap_seconds_total", "Seconds that these intervals lasted.", &["source"])?,
            source_hearing: self.add(IntGaugeVec::new(Opts::new("resonanz_source_hearing", "1 for the one verdict that holds: 'hears', 'learning' (no past to compare with), 'deaf' (not connected), 'silent' (nothing came although something was to be expected), 'blind' (connected, and far less came than was to be expected, or a post of our own account did not)."), &["source", "verdict"])?)?,
            source_expected: self.add(GaugeVec::new(Opts::new("resonanz_source_expected_changes", "Changes to be expected of a source within the last hour, by its own past; only the time for which it was connected counts."), &["source"])?)?,
            source_heard: self.add(GaugeVec::new(Opts::new("resonanz_source_heard_changes", "Changes that came within the last hour. Far below resonanz_source_expected_changes means that we may be deaf."), &["source"])?)?,
            source_last_event: self.add(GaugeVec::new(Opts::new("resonanz_source_last_event_timestamp_seconds", "Unix time of the last event of a source, by outcome: a source that only sends 'nothing' (heartbeats) is connected and silent."), &["source", "outcome"])?)?,
            source_lag: self.add(GaugeVec::new(Opts::new("resonanz_source_lag_seconds", "Age of the newest event when it reached us. A rise means that we read more slowly than the source writes."), &["source"])?)?,
            source_used: self.add(GaugeVec::new(Opts::new("resonanz_source_used_ratio", "Share of what may be read of a source that is used, by allowance: 'day' and 'month' (X: money; YouTube: quota units of the day), 'searches'. At 1 nothing more is read until the next one begins."), &["source", "allowance"])?)?,
            mentions: self.counters("resonanz_mentions_total", "Mentions stored, new ones only, by source.", &["source"])?,
            removed: self.counters("resonanz_removed_total", "Mentions removed because their platform or author took them back.", &["source"])?,
            retention_removed: self.counters("resonanz_retention_removed_total", "Mentions removed because the time for which they may be kept is over, by source and class of author. A jump means that somebody shortened it, or that a house was behind.", &["source", "class"])?,
            retention_held: self.add(IntGauge::new("resonanz_retention_held", "1 while nothing is removed because the clock and the last agreed time lie more than a day apart: somebody has to look at the clock and confirm it.")?)?,
            too_old: self.counters("resonanz_too_old_total", "Items refused because the time for which they might be kept is over already. A rise means that a source delivers its archive.", &["source"])?,
            unmatched: self.counters("resonanz_unmatched_total", "Items that no watch matched: dropped in memory, never written.", &["source"])?,
            watch_matches: self.counters("resonanz_watch_matches_total", "New mentions by watch.", &["watch"])?,
            stances: self.counters("resonanz_stances_total", "New mentions by watch and stance toward its target.", &["watch", "stance"])?,
            flags: self.counters("resonanz_flags_total", "New flagged mentions by watch and flag. A rise of 'enquiry' means that people ask whether something is true.", &["watch", "flag"])?,
            stored_seconds: self.latency("resonanz_stored_seconds", "Seconds from a frame's arrival to its row in the store.")?,
            searchable_seconds: self.latency("resonanz_searchable_seconds", "Seconds from a frame's arrival until searches find it.")?,
            store_seq: self.add(IntGauge::new("resonanz_store_sequence", "Newest sequence number in the store.")?)?,
            follower_seq: self.add(IntGaugeVec::new(Opts::new("resonanz_follower_sequence", "Sequence number that a follower has reached. A growing distance to resonanz_store_sequence means that it is stuck."), &["follower"])?)?,
            index_commit_seconds: self.latency("resonanz_index_commit_seconds", "Seconds that one index commit took.")?,
            index_failures: self.add(IntCounter::new("resonanz_index_failures_total", "Index commits that failed and were rolled back. A rise means a full or failing disk.")?)?,
            index_purged: self.counters("resonanz_index_purged_total", "Weekly parts of the index that were 'rewritten' without the words that were taken back, or 'dropped' because nothing was left. A steady rise means that many old posts are edited or deleted.", &["outcome"])?,
            index_damaged: self.add(IntCounter::new("resonanz_index_damaged_total", "Weekly parts of the index whose files were found damaged and are made again from the store. A rise means a failing disk or memory.")?)?,
            index_checked: self.add(Gauge::new("resonanz_index_checked_timestamp_seconds", "Unix time at which the last round over the checksums of all parts of the index ended. A time long past means that damage would not be noticed.")?)?,
            disk_free_bytes: self.add(Gauge::new("resonanz_disk_free_bytes", "Bytes that the disk of the data directory has left. A steady fall says when it will be full.")?)?,
            disk_low: self.add(IntGauge::new("resonanz_disk_low", "1 while the disk is nearly full: nothing new is taken in until there is room.")?)?,
            cases_opened: self.counters("resonanz_cases_opened_total", "Cases opened, by rule.", &["rule"])?,
            cases_open: self.add(IntGauge::new("resonanz_cases_open", "Cases that nobody has closed.")?)?,
            mails: self.counters("resonanz_mails_total", "Alert mails by outcome. 'failed' means that an editor was not told.", &["outcome"])?,
            mails_redacted: self.add(IntCounter::new("resonanz_mails_redacted_total", "Mails on disk that were written again without what was deleted or edited. A rise means that statements which editors were told of are taken back.")?)?,
            outbox_pending: self.add(IntGauge::new("resonanz_outbox_pending", "Alert mails that wait to be accepted by the mail server.")?)?,
            outbox_oldest_seconds: self.add(Gauge::new("resonanz_outbox_oldest_seconds", "Age of the oldest waiting alert mail. A rise means that mail does not leave the house.")?)?,
            requests: self.add(HistogramVec::new(HistogramOpts::new("resonanz_request_seconds", "Seconds that an HTTP request took, by route and status class.").buckets(LATENCY_BUCKETS.to_vec()), &["route", "status"])?)?,
            retrainings: self.counters("resonanz_retrainings_total", "Nights in which corrections were learned, by outcome: only 'live' labels. 'failed' means that the log says why.", &["outcome"])?,
            second_opinions: self.counters("resonanz_second_opinions_total", "Uncertain stances that the second model was asked about, by outcome. A rise of 'late' means that it is too slow for what comes in.", &["outcome"])?,
            story_members: self.add(IntGauge::new("resonanz_story_members", "Mentions that new ones are compared with to find copies. At the configured most, copies that come late are no longer recognised.")?)?,
            stories_merged: self.add(IntCounter::new("resonanz_stories_merged_total", "Stories that turned out to be another one. A rise means that texts change on their way.")?)?,
            claims: self.add(IntGauge::new("resonanz_claims", "Entries of the register of claims that every new mention is compared with, fact checks among them. At the configured most, no further one is compared.")?)?,
            statements: self.add(IntGauge::new("resonanz_official_statements", "Statements of our own that reports are compared with. 0 means that no source is configured as official, or none of its items matched a watch, and that the office entered none.")?)?,
            claim_matches: self.counters("resonanz_claim_matches_total", "Mentions that may repeat an entry of the register, by how sure that is: 'suggested' ones wait for a yes or no.", &["grade"])?,
            differences: self.counters("resonanz_differences_total", "Places where a report differs from what we have published, by what differs. A rise of one kind after a release may mean that our own text is misread.", &["what"])?,
            registry: self.registry,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_start_at_zero() {
        let series = Series {
            sources: vec!["bluesky".into()],
            watches: vec!["ministry".into()],
            stances: vec!["critical"],
            ..Series::default()
        };
        let text = Metrics::new(&series).unwrap().encode().unwrap();
        assert!(text.contains("resonanz_mentions_total{source=\"bluesky\"} 0"));
        assert!(text.contains("resonanz_stances_total{stance=\"critical\",watch=\"ministry\"} 0"));
    }
}

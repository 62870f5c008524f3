//! What one transaction did, counted after its commit only.

use super::{Done, Hit, Pipeline, Prepared, Step};
use crate::relate::Stories;

impl Pipeline {
    pub(super) fn count(&self, prepared: &[Prepared], done: &Done) {
        self.metrics.store_seq.set(done.seq);
        for i in &done.new {
            let Prepared {
                source,
                received,
                step,
            } = &prepared[*i];
            self.metrics.mentions.with_label_values(&[source]).inc();
            self.metrics
                .stored_seconds
                .observe(received.elapsed().as_secs_f64());
            self.arrivals.note(done.seq, *received);
            if let Step::Put(hit, _) = step {
                self.count_labels(hit);
            }
        }
        for i in &done.too_old {
            let source = [prepared[*i].source.as_str()];
            self.metrics.too_old.with_label_values(&source).inc();
        }
        for (i, rows) in &done.removed {
            self.metrics
                .removed
                .with_label_values(&[&prepared[*i].source])
                .inc_by(*rows);
        }
        for rule in &done.cases {
            self.metrics.cases_opened.with_label_values(&[rule]).inc();
        }
        (self.written)();
    }

    pub(super) fn count_stories(&self, stories: &mut Stories) {
        let members = i64::try_from(stories.len()).unwrap_or(i64::MAX);
        self.metrics.story_members.set(members);
        self.metrics.stories_merged.inc_by(stories.take_merged());
    }

    pub(super) fn count_known(&self) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics.claims.set(count(self.known.claims()));
        self.metrics.statements.set(count(self.known.statements()));
    }

    fn count_labels(&self, hit: &Hit) {
        if let Some(found) = hit.claims.first() {
            let grade = [found.grade.as_str()];
            self.metrics.claim_matches.with_label_values(&grade).inc();
        }
        for differs in &hit.differs {
            let what = [differs.what.as_str()];
            self.metrics.differences.with_label_values(&what).inc();
        }
        for matched in &hit.matches {
            let watch = matched.watch.as_str();
            let stance = hit.labels.stance_toward(&matched.target);
            self.metrics.watch_matches.with_label_values(&[watch]).inc();
            self.metrics
                .stances
                .with_label_values(&[watch, stance.as_str()])
                .inc();
            for label in &hit.labels.flags {
                self.metrics
                    .flags
                    .with_label_values(&[watch, label.flag.as_str()])
                    .inc();
            }
        }
    }
}

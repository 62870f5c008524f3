//! `[relate]`.

use super::ranking::Ranking;
use super::{claims, compare};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Mentions published further apart than this are no copies of each other, and who arrived
    /// longer ago is not compared any more.
    pub window_hours: u32,
    /// Mentions that are compared at most, the latest to arrive; each takes about a kilobyte.
    pub max_members: u32,
    /// Stories that are flagged as worth checking on a usual day, about.
    pub flags_per_day: f32,
    /// The score from which a story is flagged in the first days, in hundredths.
    pub first_threshold_percent: u8,
    /// The least score that is flagged, however quiet it is.
    pub least_threshold_percent: u8,
    /// Mentions beside the register of known claims.
    pub claims: claims::Config,
    /// Articles beside our own published statements.
    pub compare: compare::Config,
}

impl Config {
    pub(super) fn ranking(&self) -> Ranking {
        let share = |percent: u8| f32::from(percent) / 100.0;
        Ranking::new(
            self.flags_per_day,
            share(self.first_threshold_percent),
            share(self.least_threshold_percent),
        )
    }

    /// What makes no sense.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(0.0..=1_000.0).contains(&self.flags_per_day) {
            faults.push("relate.flags_per_day must be between 0 and 1000".to_owned());
        }
        let claims = &self.claims;
        for (key, percent) in [
            ("claims.suggest_percent", claims.suggest_percent),
            ("claims.confirm_percent", claims.confirm_percent),
            ("first_threshold_percent", self.first_threshold_percent),
            ("least_threshold_percent", self.least_threshold_percent),
        ] {
            if !(1..=100).contains(&percent) {
                faults.push(format!("relate.{key} must be between 1 and 100"));
            }
        }
        faults
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window_hours: 72,
            max_members: 200_000,
            flags_per_day: 3.0,
            first_threshold_percent: 50,
            least_threshold_percent: 40,
            claims: claims::Config::default(),
            compare: compare::Config::default(),
        }
    }
}

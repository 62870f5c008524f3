//! Mentions that get no label: their platform's terms allow no derived metrics without an approval.
//!
//! They are found, shown and alarmed of by their words as all others are; nobody computes what they
//! think.

use super::Classifier;
use crate::model::{Labels, Mention, Target};
use std::sync::Arc;

/// A model that is not asked about some platforms.
pub struct Reserved {
    inner: Arc<dyn Classifier>,
    platforms: Vec<&'static str>,
}

impl Reserved {
    /// This model, for all platforms but these.
    pub fn wrap(inner: Arc<dyn Classifier>, platforms: &[&'static str]) -> Arc<dyn Classifier> {
        if platforms.is_empty() {
            return inner;
        }
        Arc::new(Self {
            inner,
            platforms: platforms.to_vec(),
        })
    }

    fn reserves(&self, mention: &Mention) -> bool {
        self.platforms.contains(&mention.platform.as_str())
    }
}

impl Classifier for Reserved {
    fn model(&self) -> &str {
        self.inner.model()
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        match self.reserves(mention) {
            true => Labels::default(),
            false => self.inner.classify(mention, targets),
        }
    }
}

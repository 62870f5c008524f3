//! Which model labels: the built-in one, the word list, a file, or the office's own from the data
//! directory, where every model that it made is kept.

use crate::classify::model_file::Model;
use crate::classify::reserved::Reserved;
use crate::classify::trained::Trained;
use crate::classify::{Classifier, Config, Lexicon, shipped};
use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest model file that is read.
const MAX_BYTES: u64 = 64 << 20;
/// The file that names the one which labels.
const LIVE: &str = "live";
/// Name of a model by when it was made, UTC.
const NAME: &str = "office-%Y%m%d-%H%M%S";

/// The office's own models: files in the data directory.
#[derive(Debug, Clone)]
pub struct Models {
    dir: PathBuf,
}

impl Models {
    /// `dir` is the data directory.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.join("models"),
        }
    }

    /// The one that labels; none where the office made none, or went back to the built-in one.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn live(&self) -> anyhow::Result<Option<Model>> {
        let Some(name) = self.live_name()? else {
            return Ok(None);
        };
        Ok(Some(self.read(&name)?))
    }

    /// The name of the one that labels.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn live_name(&self) -> anyhow::Result<Option<String>> {
        match std::fs::read_to_string(self.dir.join(LIVE)) {
            Ok(name) => Ok(Some(name.trim().to_owned()).filter(|name| !name.is_empty())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("which model is live"),
        }
    }

    /// Reads a model of the office.
    ///
    /// # Errors
    /// One that is not there or is damaged.
    pub fn read(&self, name: &str) -> anyhow::Result<Model> {
        read(&self.file(name)?)
    }

    /// Names of all, the oldest first.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).context("the directory of models"),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            names.extend(name.strip_suffix(".model").map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Keeps a model under its name.
    ///
    /// # Errors
    /// A disk that does not take it.
    pub fn keep(&self, model: &Model) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        write(&self.file(&model.card.name)?, &model.to_bytes()?)
    }

    /// Lets a model label, or none of the office's, from the next start or [`Self::live`] on.
    ///
    /// # Errors
    /// One that cannot be read; a disk that does not take it.
    pub fn make_live(&self, name: Option<&str>) -> anyhow::Result<()> {
        if let Some(name) = name {
            self.read(name)?;
        }
        std::fs::create_dir_all(&self.dir)?;
        write(&self.dir.join(LIVE), name.unwrap_or_default().as_bytes())
    }

    /// Keeps so many of the newest, and the one that labels.
    ///
    /// # Errors
    /// A directory that cannot be read or written.
    pub fn prune(&self, kept: usize) -> anyhow::Result<()> {
        let live = self.live_name()?;
        for name in self.names()?.iter().rev().skip(kept) {
            if Some(name) != live.as_ref() {
                std::fs::remove_file(self.file(name)?)?;
            }
        }
        Ok(())
    }

    fn file(&self, name: &str) -> anyhow::Result<PathBuf> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        anyhow::ensure!(
            !name.is_empty() && name.chars().all(sound),
            "`{name}` is no name of a model: letters, digits and hyphens"
        );
        Ok(self.dir.join(format!("{name}.model")))
    }
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let part = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        std::fs::write(&part, bytes)?;
        std::fs::File::open(&part)?.sync_all()?;
        std::fs::rename(&part, path)
    };
    write().with_context(|| path.display().to_string())
}

fn read(path: &Path) -> anyhow::Result<Model> {
    let at = || format!("the model {}", path.display());
    let length = std::fs::metadata(path).with_context(at)?.len();
    anyhow::ensure!(length <= MAX_BYTES, "{}: too large for a model", at());
    let bytes = std::fs::read(path).with_context(at)?;
    Model::from_bytes(&bytes).with_context(at)
}

/// What a model that was made now is called.
pub fn name(now: Timestamp) -> String {
    now.strftime(NAME).to_string()
}

/// When the model of this name was made.
pub fn made(name: &str) -> Option<Timestamp> {
    let time = jiff::civil::DateTime::strptime(NAME, name).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A classifier of this model, for all platforms but these.
pub fn trained(model: Model, unlabelled: &[&'static str]) -> Arc<dyn Classifier> {
    Reserved::wrap(Arc::new(Trained::new(model)), unlabelled)
}

/// The classifier that the settings name.
///
/// # Errors
/// A model that cannot be read.
pub fn classifier(config: &Config, dir: &Path) -> anyhow::Result<Arc<dyn Classifier>> {
    let model = match config.model.as_str() {
        "lexicon" => {
            let lexicon = Arc::new(Lexicon::new());
            return Ok(Reserved::wrap(lexicon, &config.unlabelled));
        }
        "" => match Models::new(dir).live()? {
            Some(own) => own,
            None => shipped::model()?,
        },
        path => read(Path::new(path))?,
    };
    Ok(trained(model, &config.unlabelled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_kept_made_live_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let models = Models::new(dir.path());
        assert!(models.live().unwrap().is_none() && models.names().unwrap().is_empty());
        for name in ["office-2", "office-1"] {
            models.keep(&Model::blank(name)).unwrap();
        }
        assert_eq!(models.names().unwrap(), ["office-1", "office-2"]);
        models.make_live(Some("office-2")).unwrap();
        assert_eq!(models.live().unwrap().unwrap().card.name, "office-2");
        let own = classifier(&Config::default(), dir.path()).unwrap();
        assert_eq!(own.model(), "office-2");
        models.make_live(None).unwrap();
        let built_in = classifier(&Config::default(), dir.path()).unwrap();
        assert_eq!(built_in.model(), "resonanz-1");
        let now: Timestamp = "2026-11-23T02:00:05Z".parse().unwrap();
        assert_eq!(name(now), "office-20261123-020005");
        assert_eq!(made(&name(now)), Some(now));
        assert_eq!(made("office-1"), None);
        assert!(models.make_live(Some("../office-1")).is_err());
        assert!(models.make_live(Some("office-3")).is_err());
        std::fs::write(dir.path().join("models/office-1.model"), b"RSNZ").unwrap();
        assert!(models.make_live(Some("office-1")).is_err());
        models.make_live(Some("office-2")).unwrap();
        models.keep(&Model::blank("office-3")).unwrap();
        models.prune(1).unwrap();
        assert_eq!(models.names().unwrap(), ["office-2", "office-3"]);
    }
}

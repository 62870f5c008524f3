//! The data directory: one process at a time, with its keys and its store.

use crate::config::Config;
use crate::privacy::Keys;
use crate::store::Store;
use anyhow::Context as _;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// An opened data directory. The lock is held as long as this lives.
pub struct House {
    pub keys: Keys,
    pub store: Store,
    dir: PathBuf,
    _lock: File,
}

impl House {
    /// Creates the directory where there is none, locks it, and opens keys and store.
    ///
    /// # Errors
    /// A directory that another process holds or that cannot be written, a damaged key or store.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let dir = config.dir.clone();
        let at = || format!("the data directory {}", dir.display());
        std::fs::create_dir_all(&dir).with_context(at)?;
        let lock = lock(&dir)?;
        let key_path = dir.join(&config.key_file);
        let store_path = Self::store_path(&dir);
        if store_path.exists() && !key_path.exists() {
            // A fresh key would open nothing and find no row again.
            anyhow::bail!(
                "{} holds a store, but its key {} is missing; restore the key from your backup",
                dir.display(),
                key_path.display()
            );
        }
        let keys = Keys::load_or_create(&key_path)?;
        let store = Store::open(&store_path).await.with_context(at)?;
        Ok(Self {
            keys,
            store,
            dir,
            _lock: lock,
        })
    }

    /// Holds the directory against other processes as long as the file lives, without opening keys
    /// and store.
    ///
    /// # Errors
    /// A directory that another process holds, or that cannot be written.
    pub fn lock(dir: &Path) -> anyhow::Result<File> {
        std::fs::create_dir_all(dir)?;
        lock(dir)
    }

    /// Whether another process holds the directory just now.
    ///
    /// # Errors
    /// A lock file that cannot be read.
    pub fn is_held(dir: &Path) -> anyhow::Result<bool> {
        let file = match File::open(dir.join("lock")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Where the store's file is, for readers that need no lock.
    pub fn store_path(dir: &Path) -> PathBuf {
        dir.join("store.sqlite")
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where mails are put when no server is configured.
    pub fn mail_dir(&self) -> PathBuf {
        self.dir.join("mail")
    }
}

fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another resonanz works on {}; stop it first (searching needs no stop)",
            dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

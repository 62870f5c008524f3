//! Reading a data directory that the built binary left behind.

use resonanz::index::Index;
use resonanz::privacy::Keys;
use resonanz::store::{Case, Change, OutgoingMail, Store, StoredMention};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The built binary, quiet and without settings from outside.
pub fn resonanz(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resonanz"));
    command
        .args(arguments)
        .env("RESONANZ_LOG", "error")
        .stdin(Stdio::null());
    command
}

/// Arguments of a demonstration on this directory that ends by itself.
pub fn demo(dir: &Path) -> Vec<&str> {
    let dir = dir.to_str().unwrap();
    vec![
        "demo",
        "--dir",
        dir,
        "--listen",
        "127.0.0.1:0",
        "--exit-when-done",
    ]
}

/// Runs the binary to its end, and fails with its words if that is not a good one.
#[track_caller]
pub fn succeeds(arguments: &[&str]) -> String {
    let output = resonanz(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{told}{error}",
        output.status
    );
    told
}

/// What a data directory holds.
pub struct Archive {
    pub keys: Keys,
    pub mentions: BTreeMap<[u8; 32], StoredMention>,
    /// Oldest first.
    pub cases: Vec<Case>,
    pub mails: Vec<OutgoingMail>,
}

impl Archive {
    /// Opens the directory, and holds the index to the store on the way.
    pub async fn read(dir: &Path) -> Self {
        let store = Store::open(&dir.join("store.sqlite")).await.unwrap();
        let index = Index::open_to_search(dir, &resonanz::index::Config::default())
            .await
            .unwrap();
        let differences = index.verify(&store).await.unwrap();
        assert!(
            differences.is_empty(),
            "index and store differ: {differences:?}"
        );
        let mut mentions = BTreeMap::new();
        for change in store.changes_after(0, 100_000).await.unwrap() {
            if let Change::Present(mention) = change {
                let doubled = mentions.insert(mention.key.0, *mention);
                assert!(doubled.is_none(), "two rows of one item");
            }
        }
        let mut cases = store.cases(1_000).await.unwrap();
        cases.reverse();
        let mails = store.mails(1_000).await.unwrap();
        store.close().await;
        index.stop().await;
        let keys = Keys::load_or_create(&dir.join("keys/house.key")).unwrap();
        Self {
            keys,
            mentions,
            cases,
            mails,
        }
    }

    pub fn mention(&self, platform: &str, id: &str) -> Option<&StoredMention> {
        self.mentions.get(&self.keys.mention_key(platform, id).0)
    }
}

//! Copies of a house, and the way back. A copy holds the store and the office's models with their
//! checksums; the index is made again, and the key is never in it: whoever has both could open what
//! identifies private authors.

use super::House;
use crate::privacy::{Keys, hex};
use crate::store::{Erasures, Store};
use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// What this version writes and reads.
const FORMAT: u32 = 1;
const CARD: &str = "backup.json";
const STORE: &str = "store.sqlite";
const MODELS: &str = "models";
/// Bytes that are hashed at one time.
const CHUNK: usize = 1 << 16;

/// What a copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub format: u32,
    /// Of the program that made it.
    pub version: String,
    pub made: Timestamp,
    pub mentions: i64,
    /// Newest sequence number.
    pub seq: i64,
    /// Tells the key that belongs to it from others, and nothing more.
    pub key_print: String,
    pub files: Vec<CopiedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFile {
    /// Below the copy's folder.
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Copies into a folder that is not there yet; it appears when it is whole.
///
/// # Errors
/// A folder that is there, a disk that does not take it.
pub async fn make(
    store: &Store,
    keys: &Keys,
    dir: &Path,
    to: &Path,
    now: Timestamp,
) -> anyhow::Result<Card> {
    ensure!(
        !to.exists(),
        "{} is there already; name a new folder",
        to.display()
    );
    let part = to.with_extension("part");
    let at = || format!("the folder {}", part.display());
    if part.exists() {
        fs::remove_dir_all(&part).with_context(at)?;
    }
    fs::create_dir_all(part.join(MODELS)).with_context(at)?;
    store.copy_to(&part.join(STORE)).await.with_context(at)?;
    for name in models(dir)? {
        fs::copy(dir.join(&name), part.join(&name)).with_context(at)?;
    }
    // What the copy says of itself is what is in it, not what the house has by now.
    let copy = Store::open(&part.join(STORE)).await?;
    let (mentions, seq) = (copy.count().await?, copy.newest_seq().await?);
    copy.close().await;
    let mut names = models(&part)?;
    names.insert(0, STORE.to_owned());
    let files: anyhow::Result<Vec<CopiedFile>> =
        names.iter().map(|name| copied(&part, name)).collect();
    let card = Card {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: now,
        mentions,
        seq,
        key_print: print(keys),
        files: files?,
    };
    let file = File::create(part.join(CARD))?;
    serde_json::to_writer_pretty(&file, &card)?;
    file.sync_all()?;
    fs::rename(&part, to).with_context(at)?;
    Ok(card)
}

/// Files of the office's models, below the directory.
fn models(dir: &Path) -> anyhow::Result<Vec<String>> {
    let entries = match fs::read_dir(dir.join(MODELS)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("the office's models"),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".part") {
            names.push(format!("{MODELS}/{name}"));
        }
    }
    names.sort();
    Ok(names)
}

fn copied(dir: &Path, name: &str) -> anyhow::Result<CopiedFile> {
    let path = dir.join(name);
    let mut file = File::open(&path).with_context(|| path.display().to_string())?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        bytes += read as u64;
    }
    file.sync_all()?;
    let digest = hash.finalize();
    Ok(CopiedFile {
        name: name.to_owned(),
        bytes,
        sha256: hex(&digest),
    })
}

/// The beginning of a keyed hash of nothing in particular.
fn print(keys: &Keys) -> String {
    let hash = keys.mention_key("resonanz", "which key is this").0;
    hex(&hash[..4])
}

/// Reads a copy's card and compares every file with it.
///
/// # Errors
/// A folder that is no copy, a newer one, a file that is missing, spoilt or named out of the folder.
pub fn check(from: &Path) -> anyhow::Result<Card> {
    let path = from.join(CARD);
    let text =
        fs::read(&path).with_context(|| format!("{} is no backup: {CARD}", from.display()))?;
    let card: Card = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    ensure!(
        card.format == FORMAT,
        "this backup is of format {}, this program reads {FORMAT}",
        card.format
    );
    ensure!(
        card.files.iter().any(|file| file.name == STORE),
        "{CARD} names no {STORE}"
    );
    for file in &card.files {
        let inside = file.name == STORE
            || file.name.strip_prefix("models/").is_some_and(|name| {
                !name.is_empty() && !name.contains(['/', '\\']) && name != ".." && name != "."
            });
        ensure!(
            inside,
            "{CARD} names `{}`, which is no file of a backup",
            file.name
        );
        ensure!(
            copied(from, &file.name)? == *file,
            "{} is spoilt: its checksum is another",
            file.name
        );
    }
    Ok(card)
}

/// What a restoration came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub card: Card,
    /// Mentions of the copy that had been erased since.
    pub erased: usize,
    /// Mails that waited in the copy and will not be sent again.
    pub mails: u64,
}

/// Where to bring a copy back to.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data directory.
    pub dir: PathBuf,
    pub key_file: PathBuf,
    /// Whether a store that is there may go.
    pub replace: bool,
}

/// Brings a copy back. `erasures` come from elsewhere; those of the store that is replaced are added.
/// The index is gone afterwards and has to be made again. The caller holds the directory's lock.
///
/// # Errors
/// A copy that is spoilt, a missing or foreign key, a store that is in the way.
pub async fn restore(
    from: &Path,
    place: &Place,
    mut erasures: Erasures,
) -> anyhow::Result<Restored> {
    let card = check(from)?;
    let key = place.dir.join(&place.key_file);
    ensure!(
        key.exists(),
        "the key {} is missing: put it there first",
        key.display()
    );
    let keys = Keys::load_or_create(&key)?;
    ensure!(
        print(&keys) == card.key_print,
        "{} is not the key of this backup",
        key.display()
    );
    let store = House::store_path(&place.dir);
    if store.exists() {
        ensure!(
            place.replace,
            "{} is there already; --replace puts the backup in its place, and what came since is lost",
            store.display()
        );
        let old = Store::open(&store).await?;
        let known = old.erasures().await?;
        old.close().await;
        erasures.items.extend(known.items);
        erasures.authors.extend(known.authors);
    }
    let fresh = place.dir.join("restored.sqlite");
    remove(&fresh)?;
    fs::copy(from.join(STORE), &fresh).context("the store's copy")?;
    let (erased, mails) = cleaned(&fresh, &erasures).await?;
    for ending in ["-wal", "-shm", ""] {
        remove(&place.dir.join(format!("{STORE}{ending}")))?;
    }
    fs::rename(&fresh, &store)?;
    File::open(&place.dir)?.sync_all()?;
    let index = place.dir.join("index");
    if index.exists() {
        fs::remove_dir_all(&index).context("the index")?;
    }
    fs::create_dir_all(place.dir.join(MODELS))?;
    for file in card.files.iter().filter(|file| file.name != STORE) {
        fs::copy(from.join(&file.name), place.dir.join(&file.name))
            .with_context(|| file.name.clone())?;
    }
    Ok(Restored {
        card,
        erased,
        mails,
    })
}

/// Takes out of a copied store what was erased since, before anybody can ask it.
async fn cleaned(path: &Path, erasures: &Erasures) -> anyhow::Result<(usize, u64)> {
    let store = Store::open(path).await?;
    let mut tx = store.begin().await?;
    let erased = tx.erase_again(erasures).await?;
    tx.commit().await?;
    let mails = store.give_up_mails("restored from a backup").await?;
    store.purge().await?;
    store.close().await;
    for ending in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        remove(Path::new(&beside))?;
    }
    Ok((erased, mails))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! What was not tested, said aloud: libtest keeps what passing tests print to itself, so this goes
//! to standard error directly.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Names a peer or a set of data that is not here.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// Where `tests/peers/install` put this part of a peer; says aloud where it is not.
pub fn peer(what: &str, part: &str) -> Option<PathBuf> {
    let peers = std::env::var_os("RESONANZ_PEERS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/resonanz-peers"));
    let part = peers.or(home)?.join(part);
    if !part.exists() {
        let part = part.display();
        skipped(&format!(
            "no {what} ({part} is not there; tests/peers/install)"
        ));
        return None;
    }
    Some(part)
}

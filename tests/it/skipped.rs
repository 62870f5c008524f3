//! What was not tested, said aloud: libtest keeps what passing tests print to itself, so this goes
//! to standard error directly.

use std::io::Write;

/// Names a peer or a set of data that is not here.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

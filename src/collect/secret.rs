//! Keys and tokens out of files, read at every use: a new one counts at once.

use std::path::Path;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// Largest file of a token.
const MAX_BYTES: u64 = 16 * 1024;

/// What stands in the file that `setting` names, without blanks around it.
///
/// # Errors
/// A file that cannot be read, is empty or too large. The text names setting and file, and never what
/// stands there.
pub async fn read(setting: &str, file: &Path) -> Result<String, String> {
    let failed = |why: &str| format!("`{setting}` {}: {why}", file.display());
    let mut text = String::new();
    let opened = File::open(file).await;
    let opened = opened.map_err(|error| failed(&error.to_string()))?;
    let read = opened.take(MAX_BYTES + 1).read_to_string(&mut text).await;
    match read.map_err(|error| failed(&error.to_string()))? as u64 {
        0..=MAX_BYTES => {}
        _ => return Err(failed("too large for a token")),
    }
    match text.trim() {
        "" => Err(failed("empty")),
        token => Ok(token.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_read_and_never_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let read = || read("token_file", &file);
        assert!(read().await.unwrap_err().contains("`token_file` /"));
        std::fs::write(&file, " geheim\n").unwrap();
        assert_eq!(read().await.unwrap(), "geheim");
        std::fs::write(&file, "\n").unwrap();
        assert!(read().await.unwrap_err().ends_with(": empty"));
        std::fs::write(&file, "geheim".repeat(4_000)).unwrap();
        let why = read().await.unwrap_err();
        assert!(why.ends_with(": too large for a token") && !why.contains("geheim"));
    }
}

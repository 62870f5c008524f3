//! Keys, keyed hashes and the sealed envelope (XChaCha20-Poly1305, HMAC-SHA-256).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Length of a pseudonym period. After it the same account has another pseudonym.
const PERIOD_DAYS: i64 = 90;
/// How far back and ahead an account is taken out.
const LIFETIME_DAYS: i64 = 3 * 365;
const NONCE_BYTES: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot read the key file {path}: {source}; restore it from your key backup")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot write the key file {path}: {source}")]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the key file {path} does not hold 64 hexadecimal digits; restore it from your backup")]
    Malformed { path: PathBuf },
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

/// A sealed value that this key does not open: another key, or a damaged row.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open with this key")]
pub struct SealError;

/// Keyed hash of (platform, native id): finds a row again without naming the item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MentionKey(pub [u8; 32]);

impl fmt::Debug for MentionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MentionKey({})", hex(&self.0[..4]))
    }
}

/// Keyed hash of (period, platform, account id).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pseudonym(pub [u8; 16]);

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(..)")
    }
}

/// An encrypted [`Identity`]: nonce, then ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// What identifies a private author's item, or what was said to nobody but the house. Only ever at
/// rest inside a [`Sealed`] value.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    pub native_id: String,
    pub url: Option<String>,
    pub handle: Option<String>,
    pub name: Option<String>,
    /// The words of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// The house's secret, and what is derived from it.
#[derive(Clone)]
pub struct Keys {
    seal: [u8; 32],
    mention: [u8; 32],
    pseudonym: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// Derives all keys from one 32-byte secret.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self {
            seal: derive(&secret, "seal"),
            mention: derive(&secret, "mention"),
            pseudonym: derive(&secret, "pseudonym"),
        }
    }

    /// Reads the secret from `path` (64 hexadecimal digits), or makes one there, readable by the
    /// owner only, when there is none yet.
    ///
    /// # Errors
    /// A file that cannot be read, written, or that is not a key.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                unhex(text.trim())
                    .map(Self::from_secret)
                    .ok_or_else(|| KeyError::Malformed {
                        path: path.to_owned(),
                    })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(KeyError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn create(path: &Path) -> Result<Self, KeyError> {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(|error| KeyError::Random(error.to_string()))?;
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            // Written beside and renamed: a crash leaves no half key that would lock the archive.
            let fresh = path.with_extension("new");
            let _ = fs::remove_file(&fresh);
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&fresh)?;
            writeln!(file, "{}", hex(&secret))?;
            file.sync_all()?;
            fs::rename(&fresh, path)?;
            match path.parent() {
                Some(parent) => fs::File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        };
        write().map_err(|source| KeyError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::from_secret(secret))
    }

    /// The key of one native item.
    pub fn mention_key(&self, platform: &str, native_id: &str) -> MentionKey {
        MentionKey(keyed(&self.mention, &[platform, native_id]))
    }

    /// The pseudonym of an account at a time.
    pub fn pseudonym(&self, platform: &str, account: &str, at: Timestamp) -> Pseudonym {
        self.pseudonym_in(platform, account, period(at))
    }

    /// The pseudonyms of an account that matter for taking it out: three years back (longer than
    /// anything is kept) and three years ahead, newest first.
    pub fn lifetime(&self, platform: &str, account: &str, now: Timestamp) -> Vec<Pseudonym> {
        let reach = (LIFETIME_DAYS * 24).hours();
        let since = now.saturating_sub(reach).unwrap_or(now);
        let until = now.saturating_add(reach).unwrap_or(now);
        self.pseudonyms(platform, account, since, until)
    }

    /// The pseudonyms that an account has had from `since` to `until`, newest first.
    pub fn pseudonyms(
        &self,
        platform: &str,
        account: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Vec<Pseudonym> {
        (period(since)..=period(until))
            .rev()
            .map(|period| self.pseudonym_in(platform, account, period))
            .collect()
    }

    fn pseudonym_in(&self, platform: &str, account: &str, period: i64) -> Pseudonym {
        let long = keyed(&self.pseudonym, &[&period.to_string(), platform, account]);
        let mut short = [0u8; 16];
        short.copy_from_slice(&long[..16]);
        Pseudonym(short)
    }

    /// Encrypts an identity; `key` ties it to its row, so that rows cannot be swapped.
    ///
    /// # Errors
    /// Only when the system gives no random bytes.
    pub fn seal(&self, key: &MentionKey, identity: &Identity) -> Result<Sealed, KeyError> {
        let mut nonce = [0u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| KeyError::Random(error.to_string()))?;
        let plain =
            serde_json::to_vec(identity).map_err(|error| KeyError::Random(error.to_string()))?;
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let payload = Payload {
            msg: &plain,
            aad: &key.0,
        };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| KeyError::Random("encryption failed".to_owned()))?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(Sealed(bytes))
    }

    /// Decrypts an identity. The caller writes the audit entry first.
    ///
    /// # Errors
    /// A value sealed with another key or for another row.
    pub fn open(&self, key: &MentionKey, sealed: &Sealed) -> Result<Identity, SealError> {
        let (nonce, body) = sealed.0.split_at_checked(NONCE_BYTES).ok_or(SealError)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError)?;
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let payload = Payload {
            msg: body,
            aad: &key.0,
        };
        let plain = cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError)?;
        serde_json::from_slice(&plain).map_err(|_| SealError)
    }
}

fn period(at: Timestamp) -> i64 {
    at.as_second().div_euclid(PERIOD_DAYS * 86_400)
}

fn derive(secret: &[u8; 32], purpose: &str) -> [u8; 32] {
    keyed(secret, &["resonanz", purpose, "v1"])
}

/// HMAC-SHA-256 over length-prefixed parts, so that no two lists of parts look alike.
fn keyed(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    // HMAC takes a key of any length, so this constructor cannot fail for 32 bytes.
    let mut mac = match <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

/// Bytes as hexadecimal digits, two each, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `N` bytes that twice as many hexadecimal digits stand for; `None` for anything else.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_secret([7; 32])
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_sealed_identity_opens_only_with_its_key_and_row() {
        let key = keys().mention_key("bluesky", "at://x/1");
        let identity = Identity {
            native_id: "at://x/1".into(),
            ..Identity::default()
        };
        let sealed = keys().seal(&key, &identity).unwrap();
        assert_eq!(keys().open(&key, &sealed).unwrap(), identity);
        assert!(Keys::from_secret([8; 32]).open(&key, &sealed).is_err());
        let other = keys().mention_key("bluesky", "at://x/2");
        assert!(keys().open(&other, &sealed).is_err());
        assert!(!sealed.0.windows(8).any(|window| window == b"at://x/1"));
    }

    #[test]
    fn pseudonyms_differ_by_platform_and_period_and_hold_within() {
        let keys = keys();
        let january = time("2026-01-05T00:00:00Z");
        let same = time("2026-01-06T00:00:00Z");
        let july = time("2026-07-05T00:00:00Z");
        let one = keys.pseudonym("bluesky", "anna", january);
        assert_eq!(one, keys.pseudonym("bluesky", "anna", same));
        assert_ne!(one, keys.pseudonym("bluesky", "anna", july));
        assert_ne!(one, keys.pseudonym("mastodon", "anna", january));
        assert!(
            keys.pseudonyms("bluesky", "anna", january, july)
                .contains(&one)
        );
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(keys().mention_key("ab", "c"), keys().mention_key("a", "bc"));
    }

    #[test]
    fn known_answer_of_an_independent_hmac() {
        assert_eq!(
            hex(&keys().mention_key("bluesky", "at://x/1").0[..4]),
            "8c632df7"
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_kept_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/seal.key");
        let first = Keys::load_or_create(&path).unwrap();
        let second = Keys::load_or_create(&path).unwrap();
        assert_eq!(first.mention_key("a", "b"), second.mention_key("a", "b"));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "short").unwrap();
        assert!(matches!(
            Keys::load_or_create(&path),
            Err(KeyError::Malformed { .. })
        ));
    }
}

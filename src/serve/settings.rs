//! Where to listen and who may come in: as written, then checked.

use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Shortest token that is taken: what it guards can be tried from afar.
const MIN_TOKEN_CHARS: usize = 24;

/// A value that never shows in a log.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The block `[serve]`, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port of pages, API and `/metrics`. Anything but this machine needs a token.
    pub listen: SocketAddr,
    /// Access token, at least 24 characters. By environment only; in a file use `token_file`.
    pub token: Option<Secret>,
    /// File that holds the access token; white space around it does not count.
    pub token_file: Option<PathBuf>,
    /// Where editors reach the pages (`https://resonanz.example`): for links in mails, secure
    /// cookies, and as a host name that is answered without a token.
    pub public_url: Option<String>,
    /// Longest time that one request may take.
    pub request_timeout_secs: u64,
    /// Requests that are worked on at one time; one more is answered with 503.
    pub max_requests: usize,
    /// Connections at one time; one more waits.
    pub max_connections: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            token: None,
            token_file: None,
            public_url: None,
            request_timeout_secs: 10,
            max_requests: 32,
            max_connections: 256,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "serve.listen = \"{0}\" is reachable from other machines, but no access token is set: set \
         serve.token_file (or RESONANZ__SERVE__TOKEN), or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    #[error("the access token is shorter than {MIN_TOKEN_CHARS} characters: make a random one")]
    ShortToken,
    #[error("serve.token and serve.token_file are both set: keep one")]
    TwoTokens,
    #[error("serve.token_file {path} cannot be read: {source}")]
    TokenFile {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("serve.public_url = \"{0}\" is no http or https address without a path")]
    PublicUrl(String),
    #[error("serve.{name} must be 1 to {max}")]
    Range { name: &'static str, max: u64 },
}

/// The same, checked: what the rest of this room sees.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub token: Option<Secret>,
    pub public_url: Option<Url>,
    pub request_timeout: Duration,
    pub max_requests: usize,
    pub max_connections: usize,
}

impl Config {
    /// Where editors reach the pages: the public address, else the one that is listened on.
    pub fn public_address(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Checks everything, reads the token's file, and lists all faults.
    ///
    /// # Errors
    /// At least one fault.
    pub fn check(&self) -> Result<Settings, Vec<SettingsError>> {
        let mut faults = Vec::new();
        let token = match self.read_token() {
            Ok(token) => token,
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let has_token = self.token.is_some() || self.token_file.is_some();
        if !self.listen.ip().is_loopback() && !has_token {
            faults.push(SettingsError::Open(self.listen));
        }
        let public_url = self.public_url.as_deref().map(web_root).transpose();
        for (name, value, max) in [
            ("request_timeout_secs", self.request_timeout_secs, 600),
            ("max_requests", self.max_requests as u64, 10_000),
            ("max_connections", self.max_connections as u64, 100_000),
        ] {
            if !(1..=max).contains(&value) {
                faults.push(SettingsError::Range { name, max });
            }
        }
        match public_url {
            Ok(public_url) if faults.is_empty() => Ok(Settings {
                listen: self.listen,
                token,
                public_url,
                request_timeout: Duration::from_secs(self.request_timeout_secs),
                max_requests: self.max_requests,
                max_connections: self.max_connections,
            }),
            Ok(_) => Err(faults),
            Err(fault) => {
                faults.push(fault);
                Err(faults)
            }
        }
    }

    fn read_token(&self) -> Result<Option<Secret>, SettingsError> {
        let token = match (&self.token, &self.token_file) {
            (Some(_), Some(_)) => return Err(SettingsError::TwoTokens),
            (Some(token), None) => token.0.trim().to_owned(),
            (None, Some(path)) => read_file(path)?,
            (None, None) => return Ok(None),
        };
        if token.chars().count() < MIN_TOKEN_CHARS {
            return Err(SettingsError::ShortToken);
        }
        Ok(Some(Secret(token)))
    }
}

fn read_file(path: &Path) -> Result<String, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(SettingsError::TokenFile {
            path: path.to_owned(),
            source,
        }),
    }
}

fn web_root(written: &str) -> Result<Url, SettingsError> {
    match Url::parse(written) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.username().is_empty()
                && url.has_host() =>
        {
            Ok(url)
        }
        _ => Err(SettingsError::PublicUrl(written.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(config: Config) -> String {
        match config.check() {
            Ok(_) => "none".to_owned(),
            Err(faults) => faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    fn token(token: &str) -> Option<Secret> {
        Some(Secret(token.to_owned()))
    }

    #[test]
    fn only_this_machine_without_a_token() {
        let open = Config {
            listen: "0.0.0.0:8080".parse().unwrap(),
            ..Config::default()
        };
        assert_eq!(faults(Config::default()), "none");
        assert!(faults(open.clone()).contains("no access token is set"));
        let guarded = Config {
            token: token("0123456789abcdef01234567"),
            ..open
        };
        assert_eq!(faults(guarded), "none");
    }

    #[test]
    fn all_faults_at_once() {
        let told = faults(Config {
            token: token("short"),
            public_url: Some("ftp://x".to_owned()),
            max_requests: 0,
            request_timeout_secs: u64::MAX,
            ..Config::default()
        });
        assert!(told.contains("shorter than 24"), "{told}");
        assert!(told.contains("ftp://x"), "{told}");
        assert!(told.contains("serve.max_requests"), "{told}");
        assert!(told.contains("must be 1 to 600"), "{told}");
    }

    #[test]
    fn a_token_comes_from_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "0123456789abcdef01234567\n").unwrap();
        let config = Config {
            token_file: Some(path),
            ..Config::default()
        };
        let settings = config.check().unwrap();
        assert_eq!(settings.token, token("0123456789abcdef01234567"));
        assert!(!format!("{settings:?} {config:?}").contains("0123456"));
        let missing = Config {
            token_file: Some(dir.path().join("none")),
            ..Config::default()
        };
        assert!(faults(missing).contains("cannot be read"));
    }
}

//! Settings of both sources of X, and the permission that they need.

use super::Api;
use super::ledger::Budget;
use super::wire::number;
use crate::collect::http::{Client, Limits};
use jiff::civil::Date;
use serde::Deserialize;
use std::path::PathBuf;
use url::Url;

/// Most posts that one catching up may be allowed.
const MAX_CATCH_UP: usize = 10_000;

/// What was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// What X's agreements want for whatever a government entity is shown.
    Enterprise,
    /// Only where X has agreed to it in writing.
    PayPerUse,
}

impl Plan {
    /// Characters of a rule of the stream.
    pub fn rule_length(self) -> usize {
        match self {
            Plan::Enterprise => 2_048,
            Plan::PayPerUse => 1_024,
        }
    }

    /// Characters of a query of recent search.
    pub fn query_length(self) -> usize {
        match self {
            Plan::Enterprise => 4_096,
            Plan::PayPerUse => 512,
        }
    }
}

/// Which spellings of a word the rules bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spelled {
    All,
    Written,
}

/// Which of X's streams a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Posts, by the watches' rules.
    Posts,
    /// What became of posts and accounts. Enterprise only.
    Compliance,
    /// What is written to our own account directly.
    Messages,
}

/// `[source.<name>]` with `kind = "x"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XConfig {
    /// Which stream.
    pub stream: Stream,
    /// Where the API is.
    pub url: String,
    /// Private hosts that may be connected to.
    pub allow_private: Vec<String>,
    /// How X can reach us, for the User-Agent.
    pub contact: String,
    /// The app's bearer token.
    pub bearer_token_file: PathBuf,
    /// Keys of our own account, for its messages.
    pub account_keys_file: PathBuf,
    /// The contract or letter in which X allows this use.
    pub approval_contract: String,
    /// Its date.
    pub approval_date: Option<Date>,
    /// Who in the house has checked it.
    pub approval_approver: String,
    /// X was told that a government entity reads along.
    pub government_end_user_declared: bool,
    /// What was bought.
    pub plan: Plan,
    /// Which spellings of a word the rules bring.
    pub spellings: Spelled,
    /// Numeric ids of our own accounts, whose mentions are caught up with beside the watches.
    pub own_accounts: Vec<String>,
    /// Posts that one catching up may read.
    pub catch_up_posts: usize,
    /// Price of a post, in millionths of a dollar.
    pub post_micro_usd: u64,
    /// Price of a post's author.
    pub user_micro_usd: u64,
    /// Price of a direct message.
    pub message_micro_usd: u64,
    /// Dollars that may be spent in a day (UTC).
    pub budget_day_usd: u64,
    /// Dollars that may be spent in a month.
    pub budget_month_usd: u64,
}

impl Default for XConfig {
    fn default() -> Self {
        Self {
            stream: Stream::Posts,
            url: "https://api.x.com".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
            bearer_token_file: PathBuf::new(),
            account_keys_file: PathBuf::new(),
            approval_contract: String::new(),
            approval_date: None,
            approval_approver: String::new(),
            government_end_user_declared: false,
            plan: Plan::Enterprise,
            spellings: Spelled::All,
            own_accounts: Vec::new(),
            catch_up_posts: 1_000,
            post_micro_usd: 5_000,
            user_micro_usd: 10_000,
            message_micro_usd: 10_000,
            budget_day_usd: 0,
            budget_month_usd: 0,
        }
    }
}

impl XConfig {
    /// What is missing of the permission, or makes no sense. The text names the key.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), String> {
        self.permission()?;
        let (key, file) = match self.stream {
            Stream::Messages => ("account_keys_file", &self.account_keys_file),
            Stream::Posts | Stream::Compliance => ("bearer_token_file", &self.bearer_token_file),
        };
        if file.as_os_str().is_empty() {
            return Err(format!("`{key}` is missing"));
        }
        match self.stream {
            Stream::Compliance if self.plan != Plan::Enterprise => Err(
                "`stream` = \"compliance\" is sold with `plan` = \"enterprise\" only".to_owned(),
            ),
            Stream::Compliance => Ok(()),
            Stream::Posts => self.check_posts(),
            Stream::Messages => self.check_budget("message_micro_usd", self.message_micro_usd),
        }
    }

    fn permission(&self) -> Result<(), String> {
        let lacks = if self.approval_contract.trim().is_empty() {
            "approval_contract"
        } else if self.approval_date.is_none() {
            "approval_date"
        } else if self.approval_approver.trim().is_empty() {
            "approval_approver"
        } else if !self.government_end_user_declared {
            "government_end_user_declared"
        } else {
            return Ok(());
        };
        Err(format!(
            "`{lacks}` is missing: X is read with a recorded approval only, see [source.x] in \
             config/default.toml"
        ))
    }

    fn check_posts(&self) -> Result<(), String> {
        self.check_budget("post_micro_usd", self.post_micro_usd)?;
        if self.catch_up_posts > MAX_CATCH_UP {
            return Err(format!("`catch_up_posts` must be 0 to {MAX_CATCH_UP}"));
        }
        if self.own_accounts.iter().any(|id| number(id).is_none()) {
            return Err("`own_accounts` are numeric ids, not names".to_owned());
        }
        Ok(())
    }

    fn check_budget(&self, key: &str, price: u64) -> Result<(), String> {
        if self.budget_day_usd == 0 || self.budget_month_usd == 0 {
            return Err("`budget_day_usd` and `budget_month_usd` must be at least 1".to_owned());
        }
        match price {
            0 => Err(format!("`{key}` must be at least 1")),
            _ => Ok(()),
        }
    }

    /// What may be spent on what; a message is counted as a post is.
    pub fn budget(&self) -> Budget {
        let micro = |usd: u64| usd.saturating_mul(1_000_000);
        Budget {
            post_micro_usd: match self.stream {
                Stream::Messages => self.message_micro_usd,
                Stream::Posts | Stream::Compliance => self.post_micro_usd,
            },
            user_micro_usd: self.user_micro_usd,
            day_micro_usd: micro(self.budget_day_usd),
            month_micro_usd: micro(self.budget_month_usd),
        }
    }

    /// The way to X.
    ///
    /// # Errors
    /// An address or an exception that makes no sense. The text names the key.
    pub fn api(&self, limits: Limits) -> Result<Api, String> {
        let base = Url::parse(&self.url).map_err(|error| format!("`url`: {error}"))?;
        let host = base.host_str().unwrap_or_default();
        let is_ours = self.allow_private.iter().any(|known| known == host);
        if base.scheme() != "https" && !(base.scheme() == "http" && is_ours) {
            return Err("`url` must begin with https://".to_owned());
        }
        let client = Client::new(&self.allow_private, &self.contact, limits)
            .map_err(|error| error.to_string())?;
        Ok(Api {
            client,
            base,
            token_file: self.bearer_token_file.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_recorded_approval_and_a_budget_there_is_no_source() {
        let lacks = |without: &str| {
            let mut keys = serde_json::json!({
                "bearer_token_file": "/run/secrets/x", "approval_contract": "X-2026-17",
                "approval_date": "2026-10-01", "approval_approver": "Justiziariat",
                "government_end_user_declared": true, "budget_day_usd": 20, "budget_month_usd": 300,
            });
            keys.as_object_mut().unwrap().remove(without);
            let config: XConfig = serde_json::from_value(keys).unwrap();
            config.check()
        };
        assert_eq!(lacks(""), Ok(()));
        for key in [
            "bearer_token_file",
            "approval_contract",
            "approval_date",
            "approval_approver",
            "government_end_user_declared",
            "budget_day_usd",
            "budget_month_usd",
        ] {
            assert!(lacks(key).unwrap_err().contains(key), "{key}");
        }
    }
}

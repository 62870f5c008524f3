//! Questions in an account's own name: OAuth 1.0a, signed with HMAC-SHA1 (RFC 5849). These keys do not
//! end by themselves, where OAuth 2.0's would have to be renewed every two hours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// The app's key, and the account's token for it.
pub struct Keys {
    app: String,
    app_secret: String,
    token: String,
    token_secret: String,
}

impl Keys {
    /// Four lines: API key, its secret, access token, its secret.
    ///
    /// # Errors
    /// Other than four words. The text quotes none of them.
    pub fn read(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [app, app_secret, token, token_secret] = words[..] else {
            return Err(format!(
                "`account_keys_file` must hold four lines, API key, API key secret, access token \
                 and access token secret; it holds {}",
                words.len()
            ));
        };
        let begins = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if !token.split_once('-').is_some_and(|(id, _)| begins(id)) {
            return Err(
                "the access token of `account_keys_file` (its third line) must begin with \
                        the account's number and \"-\", as those of OAuth 1.0a do"
                    .to_owned(),
            );
        }
        Ok(Self {
            app: app.to_owned(),
            app_secret: app_secret.to_owned(),
            token: token.to_owned(),
            token_secret: token_secret.to_owned(),
        })
    }

    /// Number of the account: its tokens begin with it.
    pub fn account(&self) -> String {
        let (account, _) = self.token.split_once('-').unwrap_or((&self.token, ""));
        account.to_owned()
    }

    /// The `Authorization` of one question. `once` must never be used twice at one time.
    pub fn authorization(&self, method: &str, url: &Url, once: &str, unix_secs: i64) -> String {
        let time = unix_secs.to_string();
        let ours = [
            ("oauth_consumer_key", self.app.as_str()),
            ("oauth_nonce", once),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &time),
            ("oauth_token", &self.token),
            ("oauth_version", "1.0"),
        ];
        let asked = url.query_pairs().map(|(key, value)| pair(&key, &value));
        let mut pairs: Vec<(String, String)> = asked.collect();
        pairs.extend(ours.iter().map(|(key, value)| pair(key, value)));
        pairs.sort_unstable();
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut place = url.clone();
        place.set_query(None);
        let signed = [method, place.as_str(), &pairs.join("&")]
            .map(encoded)
            .join("&");
        let secrets = [&self.app_secret, &self.token_secret].map(|secret| encoded(secret));
        let key = hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            secrets.join("&").as_bytes(),
        );
        let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
        let ours = ours
            .iter()
            .copied()
            .chain([("oauth_signature", signature.as_str())]);
        let told: Vec<String> = ours
            .map(|(key, value)| format!("{key}=\"{}\"", encoded(value)))
            .collect();
        format!("OAuth {}", told.join(", "))
    }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (encoded(key), encoded(value))
}

/// As RFC 3986 would, which differs from forms in three characters.
fn encoded(text: &str) -> String {
    let form: String = byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
        .replace('*', "%2A")
        .replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters that forms and the standard encode otherwise; the signature itself is held to another's
    /// library by the tests (`tests/it/sources_x/messages.rs`).
    #[test]
    fn what_is_reserved_is_encoded() {
        assert_eq!(encoded("a b+c*d~e-_.ü/,"), "a%20b%2Bc%2Ad~e-_.%C3%BC%2F%2C");
    }

    #[test]
    fn other_than_four_keys_are_named_and_never_told() {
        let Err(why) = Keys::read("geheim geheimer") else {
            panic!("two are not four");
        };
        assert!(why.contains("four lines") && why.ends_with("it holds 2"));
    }
}

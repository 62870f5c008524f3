//! Accounts in addresses. A link to a profile names a person as surely as a handle does.

use crate::privacy::{MASK, Voices};
use crate::text::link;
use url::Url;

/// Networks whose paths begin with the account's name.
const BY_NAME: [&str; 11] = [
    "facebook.com",
    "fb.com",
    "instagram.com",
    "linkedin.com",
    "t.me",
    "threads.com",
    "threads.net",
    "tiktok.com",
    "twitter.com",
    "vk.com",
    "x.com",
];
/// Networks whose accounts are hosts.
const BY_HOST: [&str; 2] = [".bsky.social", ".tumblr.com"];
/// Path segments before an account's name, on any host (Bluesky, ActivityPub, Lemmy, Reddit).
const MARKERS: [&str; 5] = ["profile", "u", "user", "users", "ap"];
/// The same on YouTube, where `/c/` and `/channel/` mean something else elsewhere.
const CHANNELS: [&str; 2] = ["c", "channel"];

/// The account whose profile or post an address is, as well as the address tells.
pub fn account(url: &Url) -> Option<String> {
    let host = link::site(url);
    if BY_HOST.iter().any(|suffix| host.ends_with(suffix)) {
        return Some(host.to_owned());
    }
    let path = url.path().replace("%40", "@");
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    if let Some(name) = segments
        .iter()
        .find_map(|segment| segment.strip_prefix('@'))
    {
        return Some(name.to_owned());
    }
    let lower = segments
        .first()
        .map(|first| first.to_lowercase())
        .unwrap_or_default();
    let is_channel = host.ends_with("youtube.com") && CHANNELS.contains(&lower.as_str());
    if segments.len() > 1 && (is_channel || MARKERS.contains(&lower.as_str())) {
        let name = segments.iter().skip(1).find(|segment| **segment != "users");
        return name.map(|name| (*name).to_owned());
    }
    let is_network = BY_NAME.iter().any(|name| {
        host.strip_suffix(name)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    });
    segments
        .first()
        .filter(|_| is_network)
        .map(|name| (*name).to_owned())
}

/// Whether an address names an account that is not a public voice's.
pub fn is_private(url: &Url, voices: &Voices) -> bool {
    account(url).is_some_and(|account| {
        let with_host = format!("{account}@{}", link::site(url));
        voices.find(&account).is_none() && voices.find(&with_host).is_none()
    })
}

/// Replaces the path of every address in a text that names a private account: what is left is the
/// network. Addresses without a scheme (`bsky.app/profile/…`), as networks display them, count.
pub fn mask_addresses(text: &str, voices: &Voices) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        match private_part(word, voices) {
            Some((start, masked, end)) => {
                out.push_str(&word[..start]);
                out.push_str(&masked);
                out.push_str(&word[end..]);
            }
            None => out.push_str(word),
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// Where in a word a private address stands, and what it becomes. Of an address inside an address
/// (archives, share buttons) the outer one is cut.
fn private_part(word: &str, voices: &Voices) -> Option<(usize, String, usize)> {
    if !word.contains('/') && !word.contains(".bsky.social") {
        return None;
    }
    let closing = ['.', ',', ';', ':', '!', '?', ')', '"', '“', '”', '…'];
    let end = word.trim_end_matches(closing).len();
    let lower = word.to_ascii_lowercase();
    let with_scheme = lower.match_indices("http").map(|(at, _)| at);
    let bare = word.find(char::is_alphanumeric);
    let starts = bare
        .into_iter()
        .chain(with_scheme)
        .filter(|start| *start < end);
    let mut outer = None;
    for start in starts {
        let Some((scheme, url)) = parse(&word[start..end]) else {
            continue;
        };
        let is_private = is_private(&url, voices);
        let (start, scheme, url) = outer.get_or_insert((start, scheme, url));
        if is_private {
            return Some((*start, format!("{scheme}{}/{MASK}", network(url)), end));
        }
    }
    None
}

/// An address with or without its scheme, and the scheme as written.
fn parse(text: &str) -> Option<(String, Url)> {
    match text.split_once("://") {
        Some((scheme, _)) if scheme.len() > "https".len() => None,
        Some((scheme, _)) => Some((format!("{scheme}://"), link::identity(text)?)),
        None if text.contains('.') => {
            Some((String::new(), link::identity(&format!("https://{text}"))?))
        }
        None => None,
    }
}

/// What may be left of an address: its host, or the network where the host is the account.
fn network(url: &Url) -> &str {
    let host = link::site(url);
    let suffix = BY_HOST.iter().find(|suffix| host.ends_with(*suffix));
    suffix.map_or(host, |suffix| &suffix[1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::Voice;

    fn voices() -> Voices {
        let voice = Voice {
            name: "BMI".into(),
            handles: vec![
                "BMI_Bund".into(),
                "bmi@social.example".into(),
                "bmi.bund.de".into(),
            ],
            reason: "own account".into(),
            approver: "Leitung".into(),
            expires: "2027-01-01".parse().unwrap(),
        };
        Voices::new(&[voice], "2026-11-23".parse().unwrap())
    }

    fn check(text: &str, expected: &str) {
        let once = mask_addresses(text, &voices());
        assert_eq!(once, expected, "of {text}");
        assert_eq!(mask_addresses(&once, &voices()), expected, "again");
    }

    #[test]
    fn addresses_of_private_accounts_lose_their_path() {
        check(
            "siehe https://bsky.app/profile/anna.example/post/3k.",
            "siehe https://bsky.app/@[Konto].",
        );
        check(
            "(https://social.example/@anna/1) gut",
            "(https://social.example/@[Konto]) gut",
        );
        check("HTTPS://X.com/anna?s=20", "HTTPS://x.com/@[Konto]");
        check(
            "bsky.app/profile/anna… x.com/anna",
            "bsky.app/@[Konto]… x.com/@[Konto]",
        );
        check(
            "a.example/users/anna b.example/u/anna",
            "a.example/@[Konto] b.example/@[Konto]",
        );
        check(
            "https://m.facebook.com/anna",
            "https://m.facebook.com/@[Konto]",
        );
        check(
            "https://anna.bsky.social x",
            "https://bsky.social/@[Konto] x",
        );
        check("anna.bsky.social", "bsky.social/@[Konto]");
        check(
            "https://social.example/%40anna",
            "https://social.example/@[Konto]",
        );
        check(
            "https://social.example/ap/users/12/statuses/3",
            "https://social.example/@[Konto]",
        );
        check(
            "https://archive.example/https://x.com/anna",
            "https://archive.example/@[Konto]",
        );
        check(
            "https://youtube.com/channel/UC1",
            "https://youtube.com/@[Konto]",
        );
    }

    #[test]
    fn other_addresses_and_voices_stay() {
        for text in [
            "https://zeitung.example/politik/1?a=b, gut",
            "und/oder 9/11 km/h",
            "https://x.com",
            "https://x.com/BMI_Bund/status/1",
            "https://social.example/@bmi",
            "www.bmi.bund.de/faq",
            "https://bsky.app/profile/bmi.bund.de",
            "https://www.youtube.com/watch?v=1",
            "",
            "/",
            "https://",
            "http:// x",
            "https://zeitung.example/c/politik",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn hostile_words_take_linear_time() {
        assert!(!mask_addresses(&"http://a.b/".repeat(6_000), &voices()).is_empty());
        assert!(!mask_addresses(&"http".repeat(16_000), &voices()).is_empty());
    }
}

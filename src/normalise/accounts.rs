//! Accounts in addresses. A link to a profile names a person as surely as a handle does.

use crate::privacy::{MASK, Voices};
use crate::text::{head, link};
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
/// Longest host with a port and credentials before it.
const MAX_HOST_BYTES: usize = 255;
/// Addresses inside each other that are looked at. A word of more was made to keep us busy, and what
/// is behind them is nobody's to show.
const MAX_NESTED: usize = 100;

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

/// Replaces the path of every address in a text that names a private account, what is left is the
/// network; and every account id of one. Addresses without a scheme (`bsky.app/profile/…`), as
/// networks display them, count.
pub fn mask_addresses(text: &str, voices: &Voices) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let closing = ['.', ',', ';', ':', '!', '?', ')', '"', '“', '”', '…'];
        let word = piece.trim_end().trim_end_matches(closing);
        // Neither a host nor an id is without these.
        let found = match word.contains(['.', ':']) {
            true => private_part(word, voices).or_else(|| private_id(word, voices)),
            false => None,
        };
        match found {
            Some((start, masked)) => {
                out.push_str(&word[..start]);
                out.push_str(&masked);
            }
            None => out.push_str(word),
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// Where in a word a private address begins, and what it becomes. Of an address inside an address
/// (archives, share buttons) the outer one is cut.
fn private_part(word: &str, voices: &Voices) -> Option<(usize, String)> {
    let mut outer = None;
    let hosts = starts(word).filter(|start| begins_with_host(&word[*start..]));
    for (nested, start) in hosts.enumerate() {
        let Some(url) = parse(&word[start..]) else {
            continue;
        };
        let is_masked = nested >= MAX_NESTED || is_private(&url, voices);
        let (start, url) = outer.get_or_insert((start, url));
        if is_masked {
            return Some((*start, format!("{}/{MASK}", network(url))));
        }
    }
    None
}

/// Where a host may begin: at the first letter, and behind a scheme, a bracket, a quote, a slash.
fn starts(word: &str) -> impl Iterator<Item = usize> {
    let first = word.find(char::is_alphanumeric);
    let signs = word
        .char_indices()
        .filter(|(_, c)| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
    let behind = signs
        .map(|(at, sign)| at + sign.len_utf8())
        .filter(|at| word[*at..].starts_with(char::is_alphanumeric));
    first
        .into_iter()
        .chain(behind.filter(move |at| Some(*at) > first))
}

fn begins_with_host(text: &str) -> bool {
    let host = head(text, MAX_HOST_BYTES).split('/').next();
    host.is_some_and(|host| host.contains('.'))
}

/// The address that a text begins with, its scheme left out; the head of a very long one.
fn parse(text: &str) -> Option<Url> {
    let text = head(text, link::MAX_URL_BYTES - "https://".len());
    link::identity(&format!("https://{text}"))
}

/// Where in a word the id of a private account begins: `did:plc:…`, or an `at://…` with any name.
fn private_id(word: &str, voices: &Voices) -> Option<(usize, String)> {
    let is_private = |text: &str| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | ':' | '%' | '-');
        let account = &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())];
        !account.is_empty() && voices.find(account).is_none()
    };
    let mut uris = word.match_indices("at://");
    let mut dids = word.match_indices("did:");
    let uri = uris.find(|(at, sign)| is_private(&word[at + sign.len()..]));
    let did = dids.find(|(at, _)| {
        let is_first = !word[..*at].ends_with(char::is_alphanumeric);
        is_first && is_did(&word[*at..]) && is_private(&word[*at..])
    });
    let start = uri.into_iter().chain(did).map(|(at, _)| at).min()?;
    Some((start, MASK.to_owned()))
}

/// True for `did:method:…` (<https://www.w3.org/TR/did-core/#did-syntax>).
fn is_did(text: &str) -> bool {
    let mut parts = text.splitn(3, ':').skip(1);
    let is_method = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    parts.next().is_some_and(is_method) && parts.next().is_some_and(|id| !id.is_empty())
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
                "did:plc:amt".into(),
            ],
            reason: "own account".into(),
            approver: "Leitung".into(),
            expires: "2027-01-01".parse().unwrap(),
            official: false,
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
        for before in ["Profil:", "[hier](", "und/oder/", "„", "--", "ftp://"] {
            check(
                &format!("{before}bsky.app/profile/anna.example"),
                &format!("{before}bsky.app/@[Konto]"),
            );
        }
        check(
            &format!("https://x.com/anna?{}", "x".repeat(9_000)),
            "https://x.com/@[Konto]",
        );
    }

    #[test]
    fn ids_of_private_accounts_go() {
        check("(at://did:plc:anna/app.bsky.feed.post/3k).", "(@[Konto]).");
        check("at://anna.example/x did:plc:anna,", "@[Konto] @[Konto],");
        check("von=did:web:anna.example", "von=@[Konto]");
        check("did:plc:a,did:plc:b", "@[Konto]");
        check(
            "https://plc.directory/did:plc:anna",
            "https://plc.directory/@[Konto]",
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
            "https://not-x.com/politik z.B. u.a./o.ä.",
            "at://did:plc:amt/app.bsky.feed.post/3k did:plc:amt,",
            "at:// at:///x did: did:plc candid:a:b did::",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_was_made_of_addresses_without_end_is_no_address() {
        let nested = "a.b/".repeat(MAX_NESTED);
        check(&nested, &nested);
        let endless = format!("x ({} y", "a.b/".repeat(30_000));
        check(&endless, "x (a.b/@[Konto] y");
        // Where nothing can be read as one, nothing is masked.
        let text = "1.5,".repeat(30);
        check(&text, &text);
    }

    #[test]
    fn hostile_words_take_linear_time() {
        assert!(!mask_addresses(&"http://a.b/".repeat(6_000), &voices()).is_empty());
        for piece in [
            "http",
            "(a.b/",
            "(a.b",
            "a(",
            "did:",
            "did::",
            "at://",
            "did:plc:amt/",
        ] {
            assert!(!mask_addresses(&piece.repeat(64_000 / piece.len()), &voices()).is_empty());
        }
    }
}

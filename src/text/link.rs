//! Web addresses in canonical form: one article, one address.

use url::Url;

/// Longest address that is read, in bytes; a longer one is none.
pub const MAX_URL_BYTES: usize = 2 * 1024;
/// Parameters that say where a reader came from, not what is read.
const TRACKERS: [&str; 15] = [
    "dclid", "fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "ref_src",
    "twclid", "wt_mc", "wt_zmc", "xtor", "yclid", "cmpid",
];
const TRACKER_PREFIXES: [&str; 4] = ["utm_", "mtm_", "pk_", "at_medium"];

/// The address as it is shown, stored and compared: http or https, host in lower case, no default
/// port, credentials, fragment or tracking parameters. `None` for anything that is no web address.
pub fn canonical(address: &str) -> Option<Url> {
    let mut url = identity(address)?;
    url.set_fragment(None);
    Some(url)
}

/// The same, but with a fragment that names a part of the page: the entries of a live ticker differ
/// in nothing else. A fragment with `=` in it says where the reader came from.
pub fn identity(address: &str) -> Option<Url> {
    let address = address.trim();
    if address.len() > MAX_URL_BYTES {
        return None;
    }
    let mut url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return None;
    }
    // Neither can fail for an address with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url
        .fragment()
        .is_some_and(|part| part.is_empty() || part.contains('='))
    {
        url.set_fragment(None);
    }
    strip_trackers(&mut url);
    Some(url)
}

/// The host without `www.`.
pub fn site(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// Leaves the other parameters as they were written: some servers tell `%20` from `+`.
fn strip_trackers(url: &mut Url) {
    let Some(query) = url.query() else { return };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_tracker(pair.split('=').next().unwrap_or_default()))
        .collect();
    let kept = kept.join("&");
    url.set_query((!kept.is_empty()).then_some(kept.as_str()));
}

fn is_tracker(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TRACKERS.contains(&name.as_str())
        || TRACKER_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_addresses() {
        let check = |address: &str, expected: &str| {
            let url = canonical(address).map(String::from).unwrap_or_default();
            assert_eq!(url, expected, "of {address}");
            assert_eq!(
                canonical(&url).map(String::from).unwrap_or_default(),
                expected,
                "again"
            );
        };
        check(
            "HTTPS://WWW.Zeitung.Example:443/A/../B?b=1#x",
            "https://www.zeitung.example/B?b=1",
        );
        check(" http://a.example:80 ", "http://a.example/");
        check("http://a.example:8080/", "http://a.example:8080/");
        check(
            "https://a.example/?utm_source=rss&id=7&FBCLID=x",
            "https://a.example/?id=7",
        );
        check("https://a.example/?utm_source=rss", "https://a.example/");
        check(
            "https://a.example/?q=a%20b+c&&d",
            "https://a.example/?q=a%20b+c&d",
        );
        check("https://u:p@a.example/", "https://a.example/");
        check(
            "https://münchen.example/ü",
            "https://xn--mnchen-3ya.example/%C3%BC",
        );
        for bad in [
            "",
            "a",
            "/a",
            "mailto:a@b.example",
            "javascript:alert(1)",
            "data:,x",
        ] {
            check(bad, "");
        }
        check(
            &format!("https://a.example/{}", "a".repeat(MAX_URL_BYTES)),
            "",
        );
    }

    #[test]
    fn parts_of_a_page_have_an_identity() {
        let check = |address: &str, expected: &str| {
            assert_eq!(
                identity(address).map(String::from).unwrap_or_default(),
                expected
            );
        };
        check(
            "https://a.example/ticker#e12",
            "https://a.example/ticker#e12",
        );
        check("https://a.example/x#ref=rss", "https://a.example/x");
        check("https://a.example/x#", "https://a.example/x");
    }
}

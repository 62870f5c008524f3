//! `robots.txt` (RFC 9309) and `tdmrep.json`: which paths are closed to us. Pure.
//!
//! The library for it compiles a rule with `$` to an automaton of up to 42 kB, which a foreign file
//! of 500 KiB may do fifty thousand times. Rules are plain texts here and each is read once, from left
//! to right.

use serde::Deserialize;
use std::fmt::Write as _;

/// Our product token.
pub const AGENT: &str = "resonanz";
/// As much of a file is read, as RFC 9309 asks (2.5: at least 500 KiB).
pub const MAX_BYTES: usize = 512 * 1024;
/// Rules of one file.
const MAX_RULES: usize = 5_000;
/// Bytes of one rule and of a path that is compared.
const MAX_PATH_BYTES: usize = 2_048;

/// Rules of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: String,
    allows: bool,
}

/// One entry of `tdmrep.json`.
#[derive(Debug, Deserialize)]
struct Reservation {
    location: String,
    #[serde(rename = "tdm-reservation")]
    reservation: u8,
}

impl Rules {
    /// Those of a `robots.txt` that are for us: of all groups that name us, else of those for
    /// everybody. What cannot be read is passed over.
    pub fn of_robots(text: &str) -> Self {
        let (mut ours, mut everybodys) = (None::<Vec<Rule>>, Vec::new());
        let (mut names_us, mut names_all, mut in_names) = (false, false, false);
        for line in text.trim_start_matches('\u{feff}').split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            let allows = match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if !std::mem::replace(&mut in_names, true) {
                        (names_us, names_all) = (false, false);
                    }
                    names_us |= product(value).eq_ignore_ascii_case(AGENT);
                    names_all |= value.starts_with('*');
                    if names_us {
                        ours.get_or_insert_default();
                    }
                    continue;
                }
                "allow" => true,
                "disallow" => false,
                _ => continue,
            };
            in_names = false;
            if names_us {
                push(ours.get_or_insert_default(), value, allows);
            }
            if names_all {
                push(&mut everybodys, value, allows);
            }
        }
        Self(ours.unwrap_or(everybodys))
    }

    /// Those of a `tdmrep.json`; `None` where it is none. A reserved place is a closed one.
    pub fn of_tdmrep(json: &[u8]) -> Option<Self> {
        let entries: Vec<Reservation> = serde_json::from_slice(json).ok()?;
        let mut rules = Vec::new();
        for entry in entries {
            push(&mut rules, &entry.location, entry.reservation == 0);
        }
        Some(Self(rules))
    }

    /// Whether a path with its query is open: the longest rule that fits decides, and of two equally
    /// long ones the one that allows.
    pub fn allow(&self, path: &str) -> bool {
        let path = normal(path);
        let fitting = self.0.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting
            .max_by_key(|rule| (rule.pattern.len(), rule.allows))
            .is_none_or(|rule| rule.allows)
    }
}

fn push(rules: &mut Vec<Rule>, pattern: &str, allows: bool) {
    // An empty rule closes nothing.
    if pattern.starts_with(['/', '*']) && rules.len() < MAX_RULES {
        let pattern = normal(pattern);
        rules.push(Rule { pattern, allows });
    }
}

/// The name in front of a version: `resonanz/1.0`.
fn product(value: &str) -> &str {
    let end = value.find(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_');
    &value[..end.unwrap_or(value.len())]
}

/// One spelling of a path: what needs no escape has none, everything else has one in capitals.
fn normal(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().filter(|_| *byte == b'%');
        let escaped = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
        let plain = escaped.unwrap_or(*byte);
        let unreserved = plain.is_ascii_alphanumeric() || b"-._~".contains(&plain);
        if unreserved || (escaped.is_none() && byte.is_ascii_graphic()) {
            out.push(char::from(plain));
        } else {
            let _ = write!(out, "%{plain:02X}");
        }
        if out.len() >= MAX_PATH_BYTES {
            break;
        }
    }
    out
}

/// Whether a pattern with `*` and a closing `$` begins the path. Both are ASCII.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, is_whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            match rest.split_once(before) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
    }
    match (last, is_whole) {
        (None, whole) => !whole || rest.is_empty(),
        (Some(last), true) => rest.ends_with(last),
        (Some(last), false) => rest.contains(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_robots_are_those_of_the_standard() {
        let check = |robots: &str, path: &str, expected: bool| {
            assert_eq!(
                Rules::of_robots(robots).allow(path),
                expected,
                "{robots:?} {path}"
            );
        };
        let all = |rules: &str| format!("User-agent: *\n{rules}");
        check("", "/", true);
        check("<html>404</html>", "/a", true);
        check("Disallow: /", "/a", true);
        check(&all("Disallow: /"), "/a", false);
        check(&all("Disallow:"), "/a", true);
        check(&all("Disallow: /a"), "/a/b", false);
        check(&all("Disallow: /a"), "/A", true);
        check(&all("DISALLOW : /a # why"), "/a", false);
        check(&all("Disallow: /a\rAllow: /a/b\r"), "/a/b/c", true);
        // The longest decides, and Allow where two are equally long.
        check(&all("Allow: /a\nDisallow: /a/b"), "/a/b", false);
        check(&all("Disallow: /a\nAllow: /a"), "/a", true);
        check(&all("Disallow: /*.php$"), "/x/y.php", false);
        check(&all("Disallow: /*.php$"), "/x/y.php?z", true);
        check(&all("Disallow: /*.php"), "/x/y.php?z", false);
        check(&all("Disallow: *print*"), "/a/print/b", false);
        check(&all("Disallow: /a*b*c"), "/axxcxxb", true);
        check(&all("Disallow: /a*b*c"), "/axbxc", false);
        check(&all("Disallow: /$"), "/", false);
        check(&all("Disallow: /$"), "/a", true);
        check(&all("Disallow: /ab*b$"), "/ab", true);
        check(&all("Disallow: /ü"), "/%c3%bc", false);
        check(&all("Disallow: /%7ejoe"), "/~joe", false);
        check(&all("Disallow: /a%2Fb"), "/a/b", true);
        check(&all("Disallow: /a%2fb"), "/a%2Fb", false);
        check(&all("Disallow: a"), "/a", true);
    }

    #[test]
    fn the_group_that_names_us_is_ours() {
        let robots = "User-agent: googlebot\nUser-agent: Resonanz/9\nDisallow: /a\n\
                      Sitemap: https://a.example/s.xml\n\
                      User-agent: *\nDisallow: /\nUser-agent: other\nDisallow: /b\n\
                      User-agent: RESONANZ\nDisallow: /c\nUser-agent: resonanzen\nDisallow: /d";
        let rules = Rules::of_robots(robots);
        let open = ["/a", "/b", "/c", "/d"].map(|path| rules.allow(path));
        assert_eq!(open, [false, true, false, true]);
        // A group that says nothing to us lets us in although everybody else is kept out.
        let robots = "User-agent: *\nDisallow: /\nUser-agent: resonanz\nAllow: /\n";
        assert!(Rules::of_robots(robots).allow("/a"));
        let robots = "User-agent: resonanz\nDisallow:\n\nUser-agent: *\nDisallow: /";
        assert!(Rules::of_robots(robots).allow("/a"));
    }

    #[test]
    fn reserved_places_are_closed() {
        let json = br#"[{"location": "/", "tdm-reservation": 0},
            {"location": "/zeitung/*", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"}]"#;
        let rules = Rules::of_tdmrep(json).unwrap();
        assert!(rules.allow("/about") && !rules.allow("/zeitung/1"));
        for none in ["", "{}", "<html>", "[{\"location\": \"/\"}]"] {
            assert_eq!(Rules::of_tdmrep(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_malicious_file_is_read_quickly_and_kept_small() {
        let rule = format!("Disallow: /{}c\n", "*a".repeat(900));
        let robots = format!("User-agent: *\n{}", rule.repeat(MAX_BYTES / rule.len()));
        let rules = Rules::of_robots(&robots);
        assert!(rules.allow(&format!("/{}", "ab".repeat(9 * MAX_PATH_BYTES))));
        let many = format!("User-agent: *\n{}", "Disallow: /x\n".repeat(9 * MAX_RULES));
        assert_eq!(Rules::of_robots(&many).0.len(), MAX_RULES);
    }
}

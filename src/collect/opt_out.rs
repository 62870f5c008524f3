//! What a publisher reserves, as its pages and answers say it.
//!
//! * Text and data mining (§ 44b UrhG, TDM Reservation Protocol,
//!   <https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/>): `tdm-reservation: 1` as
//!   a header or as a `meta` tag.
//! * Robots: `X-Robots-Tag` and `meta name="robots"` with `noarchive`, `noindex` or `none`. What is
//!   said to another robot by name is not said to us.
//!
//! Pure. What follows from a wish is the source's decision: a feed says `noindex` to keep itself out
//! of search results and still wants to be read.

use super::robots_rules::AGENT;
use reqwest::header::HeaderMap;

/// Rules that have a value behind a colon, and are no robot's name.
const VALUED: [&str; 4] = [
    "max-snippet",
    "max-image-preview",
    "max-video-preview",
    "unavailable_after",
];
/// A `meta` tag further behind is not in the page's head.
const MAX_HEAD_BYTES: usize = 256 * 1024;

/// What a publisher said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OptOut {
    /// Not to be found by searches.
    pub noindex: bool,
    /// Not to be kept as a copy.
    pub noarchive: bool,
    /// `tdm-reservation`, where it is stated. It stands above what `tdmrep.json` says.
    pub tdm_reserved: Option<bool>,
}

impl OptOut {
    /// Reads the head of an answer.
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let mut out = Self::default();
        let texts = |name: &str| {
            let values = headers.get_all(name).iter();
            values
                .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
                .collect::<Vec<_>>()
        };
        for value in texts("x-robots-tag") {
            out.robots(&value);
        }
        for value in texts("tdm-reservation") {
            out.reservation(&value);
        }
        out
    }

    /// The same with what the head of an HTML page says, which goes before the header's word.
    pub fn and_page(mut self, html: &str) -> Self {
        let mut rest = &html[..html.floor_char_boundary(MAX_HEAD_BYTES)];
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let name = rest.get(..4).unwrap_or_default();
            if !name.eq_ignore_ascii_case("meta") {
                continue;
            }
            let (name, content, after) = meta(&rest[4..]);
            rest = after;
            match name.to_ascii_lowercase().as_str() {
                "robots" => self.robots(&content),
                name if name == AGENT => self.robots(&content),
                "tdm-reservation" => self.reservation(&content),
                _ => {}
            }
        }
        self
    }

    /// True where words may not be kept: neither copied nor mined.
    pub fn forbids_keeping(self) -> bool {
        self.noarchive || self.tdm_reserved == Some(true)
    }

    fn robots(&mut self, value: &str) {
        let mut for_us = true;
        for word in value.split(',') {
            let mut word = word.trim().to_ascii_lowercase();
            // `name: word` speaks to that robot, here and behind; but a date has a colon as well, and
            // so have rules with a value, which most news sites send.
            if let Some((name, said)) = word.split_once(':')
                && !VALUED.contains(&name.trim_end())
                && !name.contains(' ')
            {
                for_us = name == AGENT;
                word = said.trim().to_owned();
            }
            self.noindex |= for_us && matches!(word.as_str(), "noindex" | "none");
            self.noarchive |= for_us && matches!(word.as_str(), "noarchive" | "none");
        }
    }

    fn reservation(&mut self, value: &str) {
        match value.trim() {
            "1" => self.tdm_reserved = Some(true),
            "0" => self.tdm_reserved = Some(false),
            _ => {}
        }
    }
}

/// `name` and `content` of a `meta` tag whose name was read, and what follows the tag.
fn meta(tag: &str) -> (String, String, &str) {
    let (mut name, mut content) = (String::new(), String::new());
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return (name, content, rest);
        }
        let end = rest.find(|c: char| c == '=' || c == '>' || c.is_ascii_whitespace());
        let (key, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.trim_start();
        let Some(said) = rest.strip_prefix('=') else {
            continue;
        };
        let (value, after) = value(said.trim_start());
        rest = after;
        match key.to_ascii_lowercase().as_str() {
            "name" => name = value.to_owned(),
            "content" => content = value.to_owned(),
            _ => {}
        }
    }
}

/// An attribute's value, quoted or not, and what follows it.
fn value(said: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = said.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = said.find(|c: char| c == '>' || c.is_ascii_whitespace());
    said.split_at(end.unwrap_or(said.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    /// What is said, as letters: i noindex, a noarchive, T and t reserved or not.
    fn told(out: OptOut) -> String {
        let mut told = String::new();
        told.push_str(if out.noindex { "i" } else { "" });
        told.push_str(if out.noarchive { "a" } else { "" });
        told.push_str(match out.tdm_reserved {
            Some(true) => "T",
            Some(false) => "t",
            None => "",
        });
        told
    }

    #[test]
    fn headers_say_what_is_reserved() {
        let check = |pairs: &[(&str, &str)], expected: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let name: HeaderName = name.parse().unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(told(OptOut::of_headers(&headers)), expected, "{pairs:?}");
        };
        check(&[], "");
        check(&[("X-Robots-Tag", "noarchive")], "a");
        check(&[("X-Robots-Tag", "NoIndex, NOARCHIVE")], "ia");
        check(&[("x-robots-tag", "none")], "ia");
        check(&[("X-Robots-Tag", "nofollow, nosnippet")], "");
        check(&[("X-Robots-Tag", "googlebot: none")], "");
        check(&[("X-Robots-Tag", "googlebot: none, noarchive")], "");
        check(&[("X-Robots-Tag", "resonanz: noarchive")], "a");
        let two = [
            ("X-Robots-Tag", "bingbot: none"),
            ("X-Robots-Tag", "noarchive"),
        ];
        check(&two, "a");
        let dated = "unavailable_after: 25 Jun 2027 15:00:00 PST, noarchive";
        check(&[("X-Robots-Tag", dated)], "a");
        let valued = "max-image-preview:large, max-snippet : -1, noarchive";
        check(&[("X-Robots-Tag", valued)], "a");
        check(&[("X-Robots-Tag", "googlebot: max-snippet:5, none")], "");
        check(&[("tdm-reservation", "1")], "T");
        check(&[("TDM-Reservation", " 0 ")], "t");
        check(&[("tdm-reservation", "yes")], "");
    }

    #[test]
    fn pages_say_what_is_reserved() {
        let check = |html: &str, expected: &str| {
            assert_eq!(told(OptOut::default().and_page(html)), expected, "{html}");
        };
        check("", "");
        check(
            "<meta name=\"robots\" content=\"noindex, noarchive\">",
            "ia",
        );
        check("<META CONTENT='noarchive' NAME='ROBOTS'/>", "a");
        check("<meta name=robots content=none>", "ia");
        check(
            "<meta name='robots' content='index, max-video-preview:-1, noarchive'>",
            "a",
        );
        check("<meta content=1 name=tdm-reservation >", "T");
        check("<meta name=\"tdm-reservation\" content=\"0\" />", "t");
        check("<meta name=\"resonanz\" content=\"noarchive\">", "a");
        check("<meta name=\"googlebot\" content=\"noarchive\">", "");
        check("<!-- <meta name=robots content=none> -->", "");
        check("<!-- <meta name=robots content=none>", "");
        check(
            "<metadata><meta charset=utf-8><meta name=robots content=none>",
            "ia",
        );
        check("<meta name=description content='say > robots'><p>", "");
        check("<meta name=robots content", "");
        check("<meta name=\"robots", "");
        check("<meta", "");
        check("<met\u{e4} <meta name=robots content=noarchive", "a");
        let late = format!(
            "{}<meta name=robots content=none>",
            " ".repeat(MAX_HEAD_BYTES)
        );
        check(&late, "");
    }

    #[test]
    fn keeping_is_forbidden_by_either_reservation() {
        let out = |html: &str| OptOut::default().and_page(html).forbids_keeping();
        assert!(out("<meta name=robots content=noarchive>"));
        assert!(out("<meta name=tdm-reservation content=1>"));
        assert!(!out("<meta name=tdm-reservation content=0>"));
        assert!(!out("<meta name=robots content=noindex>"));
    }
}

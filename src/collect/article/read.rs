//! From a page's bytes to the article's words. Pure: the same bytes give the same words.

use super::tame::tame;
use crate::collect::feed_decode;
use crate::collect::opt_out::OptOut;
use crate::model::ClaimReview;
use crate::text::{head, markup};
use dom_smoothie::{Config, Readability};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

/// Less than this is a teaser, a cookie banner or a paywall, and no article.
const MIN_TEXT_BYTES: usize = 140;
/// Longest text that is handed on.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Longest title, claim or verdict.
const MAX_FIELD_BYTES: usize = 2 * 1024;
/// Values of linked data that are looked at.
const MAX_NODES: usize = 2_000;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub title: Option<String>,
    /// Plain text, a paragraph a line.
    pub text: String,
    pub lang: Option<String>,
    pub published: Option<Timestamp>,
    pub review: Option<ClaimReview>,
}

/// Why a page gives no article. Not a fault of ours, so the item stays what the feed said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("the publisher reserves the page against reading by machines")]
    Reserved,
    #[error("the page has no article that could be told from the rest")]
    NoArticle,
}

/// Reads a page. `said` is what the answer's head reserves, and the page itself may say more; `None`
/// where the publisher consents.
///
/// # Errors
/// A page that is reserved, or that has no article.
pub fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    url: &Url,
    said: Option<OptOut>,
) -> Result<Reading, Unread> {
    let html = feed_decode::decode(bytes, content_type);
    let said = said.map(|said| said.and_page(&html));
    if said.is_some_and(|said| said.noindex || said.forbids_keeping()) {
        return Err(Unread::Reserved);
    }
    let page = tame(&html);
    let review = page.data.iter().find_map(|json| claim_review(json));
    let config = Config {
        // Its own reader of linked data goes as deep as the data.
        disable_json_ld: true,
        ..Config::default()
    };
    let article = Readability::new(page.html, Some(url.as_str()), Some(config))
        .and_then(|mut reader| reader.parse())
        .map_err(|_| Unread::NoArticle)?;
    let text = paragraphs(&article.content);
    if text.len() < MIN_TEXT_BYTES {
        return Err(Unread::NoArticle);
    }
    let title = article
        .title
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    Ok(Reading {
        title: Some(head(&title, MAX_FIELD_BYTES).to_owned()).filter(|title| !title.is_empty()),
        text: head(&text, MAX_TEXT_BYTES).to_owned(),
        lang: article.lang.map(|lang| head(&lang, 35).to_owned()),
        published: article.published_time.as_deref().and_then(time),
        review,
    })
}

/// Lines without blanks around them, and none twice running: teasers repeat the headline.
fn paragraphs(html: &str) -> String {
    let text = markup::strip(html).text;
    let mut lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.dedup();
    lines.join("\n")
}

fn time(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// The first `ClaimReview` in a block of linked data.
fn claim_review(json: &str) -> Option<ClaimReview> {
    let data: Value = serde_json::from_str(json.trim()).ok()?;
    let mut open = vec![&data];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        seen += 1;
        if seen > MAX_NODES {
            return None;
        }
        match value {
            Value::Array(list) => open.extend(list.iter().rev()),
            Value::Object(object) if is_review(value) => {
                let rating = object.get("reviewRating")?;
                let words = ["alternateName", "name", "ratingValue"];
                return Some(ClaimReview {
                    claim: field(object.get("claimReviewed")?)?,
                    rating: words.iter().find_map(|key| field(rating.get(key)?))?,
                });
            }
            Value::Object(object) => open.extend(object.values()),
            _ => {}
        }
    }
    None
}

fn is_review(value: &Value) -> bool {
    match value.get("@type") {
        Some(Value::String(kind)) => kind == "ClaimReview",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "ClaimReview"),
        _ => false,
    }
}

/// Words, or a number as it is written. Sites put entities and tags into them.
fn field(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => markup::strip(text).text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(head(&text, MAX_FIELD_BYTES).to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(head: &str, words: &str) -> Result<Reading, Unread> {
        let html = format!(
            "<html lang=de><head>{head}</head><body><nav><a href=/>Start</a></nav>\
            <article><h1>Die Ministerin im Ausschuss</h1><p>{words}</p></article>\
            <footer>Impressum</footer></body></html>"
        );
        let url = "https://zeitung.example/a".parse().unwrap();
        read(html.as_bytes(), None, &url, Some(OptOut::default()))
    }

    fn words() -> String {
        "Die Ministerin hat am Montag im Ausschuss gesprochen, und niemand widersprach. ".repeat(12)
    }

    #[test]
    fn the_article_is_told_from_the_rest() {
        let reading = page(
            "<title>Die Ministerin im Ausschuss | Zeitung</title>",
            &words(),
        )
        .unwrap();
        assert!(reading.text.starts_with("Die Ministerin"));
        assert!(!reading.text.contains("Impressum") && !reading.text.contains("Start"));
        assert!(
            reading
                .title
                .unwrap()
                .starts_with("Die Ministerin im Ausschuss")
        );
        assert_eq!(reading.lang.as_deref(), Some("de"));
        assert_eq!(page("", "Nichts"), Err(Unread::NoArticle));
    }

    #[test]
    fn a_reserved_page_is_not_read() {
        for meta in [
            "<meta name=robots content='index, NOARCHIVE'>",
            "<meta name='tdm-reservation' content=1>",
            "<meta content='none' name=ROBOTS>",
        ] {
            assert_eq!(page(meta, &words()), Err(Unread::Reserved), "{meta}");
        }
        for meta in [
            "<meta name=robots content='index,follow,max-snippet:-1'>",
            "<meta name='tdm-reservation' content=0>",
        ] {
            assert!(page(meta, &words()).is_ok(), "{meta}");
        }
    }

    /// Each of these takes a parser or an extractor minutes if it is let.
    #[test]
    fn no_page_keeps_a_thread_busy() {
        let long = "Wort, ".repeat(40);
        for piece in [
            "<div>".to_owned(),
            "<div>x</div>".to_owned(),
            "<b id=x><p>".to_owned(),
            "<p>Ein Satz, der lang genug ist, um zu zählen.".to_owned(),
            format!("<div><p>{long}</p></div>"),
            "<a href=x>Link</a> ".to_owned(),
            "<br>".to_owned(),
            "<table><tr><td>x".to_owned(),
            "<ul><li>x</ul>".to_owned(),
            "<h1>x</h1>".to_owned(),
            format!("<div>{}", "<span a=1 b=2>".repeat(70)),
            "<p a=1 ".to_owned(),
            "&amp;".to_owned(),
        ] {
            let page = piece.repeat(2 * 1024 * 1024 / piece.len());
            let url = "https://zeitung.example/a".parse().unwrap();
            let _ = read(page.as_bytes(), None, &url, Some(OptOut::default()));
        }
    }

    #[test]
    fn a_verdict_is_found_where_it_stands() {
        let check = |json: &str, expected: Option<(&str, &str)>| {
            let script = format!("<script type='application/ld+json'>{json}</script>");
            let found = page(&script, &words()).unwrap().review;
            let found = found
                .as_ref()
                .map(|r| (r.claim.as_str(), r.rating.as_str()));
            assert_eq!(found, expected, "{json}");
        };
        let review = r#"{"@type": "ClaimReview", "claimReviewed": "Es regnet &amp; schneit",
            "reviewRating": {"@type": "Rating", "ratingValue": 1, "alternateName": "falsch"}}"#;
        check(review, Some(("Es regnet & schneit", "falsch")));
        check(
            &format!(r#"{{"@graph": [{{"@type": "Person"}}, {review}]}}"#),
            Some(("Es regnet & schneit", "falsch")),
        );
        check(
            &review.replace(r#", "alternateName": "falsch""#, ""),
            Some(("Es regnet & schneit", "1")),
        );
        check(r#"{"@type": "ClaimReview"}"#, None);
        check(r#"{"@type": "NewsArticle", "headline": "x"}"#, None);
        check("{", None);
        check(&"[".repeat(100_000), None);
    }
}

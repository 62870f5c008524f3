//! What an answer's head means: where it leads, how long to wait, why it is a refusal.
//!
//! Pure: these functions read what was said, and ask nobody and no clock.

use super::http_gate::Closed;
use super::source::SourceError;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use std::time::Duration;
use url::Url;

/// Longest wait that a server may ask for.
const MAX_RETRY_AFTER_SECS: u64 = 24 * 3600;
/// Longest validator that is kept, in bytes.
const MAX_VALIDATOR_BYTES: usize = 1024;
/// When a used-up allowance is filled again: Mastodon and GitHub, X, the IETF's draft.
const RESETS: [&str; 3] = ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"];
/// A number that is smaller than this is a span in seconds, a larger one a Unix time.
const FIRST_UNIX_TIME: i64 = 1_000_000_000;

/// Where a redirect leads; `None` for every other answer. Never from https back to http.
pub fn next_hop(
    at: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, SourceError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let next = text(headers, LOCATION.as_str()).and_then(|location| at.join(location).ok());
    match next {
        None => Err(SourceError::Transient(
            "a redirect without an address".to_owned(),
        )),
        Some(next) if at.scheme() == "https" && next.scheme() == "http" => Err(
            SourceError::Refused("a redirect from https to http".to_owned()),
        ),
        Some(next) => Ok(Some(next)),
    }
}

/// What a status that is no success means.
pub fn refusal(status: StatusCode, headers: &HeaderMap) -> SourceError {
    let what = format!("HTTP {}", status.as_u16());
    match status.as_u16() {
        429 | 503 => SourceError::RateLimited {
            retry_after: retry_after(headers).or_else(|| reset(headers)),
        },
        408 | 425 => SourceError::Transient(what),
        400..=499 => SourceError::Refused(what),
        500..=599 => SourceError::Server(what),
        _ => SourceError::Transient(what),
    }
}

/// How long everybody is to leave a host alone after this answer. An allowance that is used up is
/// one account's or one path's, and not the host's word to all.
pub fn pause(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).filter(|_| matches!(status.as_u16(), 429 | 503))
}

/// `Retry-After`, in seconds or as a date. A date is measured against the answer's own `Date`, for
/// the server's clock is the one that it was written by.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER.as_str())?.trim();
    match value.parse::<u64>() {
        Ok(secs) => Some(bounded(secs)),
        Err(_) => until(DateTimeParser::new().parse_timestamp(value).ok()?, headers),
    }
}

/// Until an allowance is filled again: a span in seconds, a Unix time or an ISO time.
fn reset(headers: &HeaderMap) -> Option<Duration> {
    let value = RESETS.iter().find_map(|name| text(headers, name))?.trim();
    match value.parse::<i64>() {
        Ok(secs) if secs < FIRST_UNIX_TIME => Some(bounded(u64::try_from(secs).ok()?)),
        Ok(secs) => until(Timestamp::from_second(secs).ok()?, headers),
        Err(_) => until(value.parse().ok()?, headers),
    }
}

/// From the answer's own time until then.
fn until(then: Timestamp, headers: &HeaderMap) -> Option<Duration> {
    let date = text(headers, DATE.as_str())?;
    let now = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(bounded(
        u64::try_from(then.as_second() - now.as_second()).unwrap_or(0),
    ))
}

fn bounded(secs: u64) -> Duration {
    Duration::from_secs(secs.min(MAX_RETRY_AFTER_SECS))
}

/// A header of which every character can be read.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// A validator that is worth keeping.
pub fn validator(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = text(headers, name)?;
    (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

/// A closed gate is a refusal.
pub fn closed(why: Closed) -> SourceError {
    SourceError::Refused(why.to_string())
}

/// A gate that the resolver found closed is a refusal; every other failure to connect may pass.
pub fn refused_or_lost(error: &reqwest::Error) -> SourceError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if let Some(why) = inner.downcast_ref::<Closed>() {
            return closed(*why);
        }
        cause = inner.source();
    }
    SourceError::Transient(chain(error))
}

/// The causes of an error in one line, without the address: it may hold a key.
pub fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    match causes.is_empty() {
        true if error.is_decode() => "the body could not be decoded".to_owned(),
        true => "the request failed".to_owned(),
        false => causes.join(": "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderName;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_servers_patience_is_read_in_both_forms_and_bounded() {
        let check = |after: &str, date: &str, expected: Option<u64>| {
            let headers = headers(&[(RETRY_AFTER, after), (DATE, date)]);
            assert_eq!(
                retry_after(&headers).map(|wait| wait.as_secs()),
                expected,
                "{after}"
            );
        };
        let now = "Mon, 23 Nov 2026 10:00:00 GMT";
        check("120", now, Some(120));
        check(" 0 ", now, Some(0));
        check("99999999", now, Some(86_400));
        check("Mon, 23 Nov 2026 10:05:00 GMT", now, Some(300));
        check("Mon, 23 Nov 2026 09:00:00 GMT", now, Some(0));
        check("Mon, 23 Nov 2099 09:00:00 GMT", now, Some(86_400));
        check("Mon, 23 Nov 2026 10:05:00 GMT", "yesterday", None);
        check("soon", now, None);
        check("-5", now, None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn each_status_has_its_meaning() {
        let meaning = |status: u16| {
            refusal(
                StatusCode::from_u16(status).unwrap(),
                &headers(&[(RETRY_AFTER, "7")]),
            )
        };
        let wait = Some(Duration::from_secs(7));
        for status in [429, 503] {
            assert_eq!(
                meaning(status),
                SourceError::RateLimited { retry_after: wait }
            );
        }
        for status in [400, 401, 403, 404, 410, 451] {
            assert_eq!(
                meaning(status),
                SourceError::Refused(format!("HTTP {status}"))
            );
        }
        for status in [500, 502, 504, 599] {
            let told = SourceError::Server(format!("HTTP {status}"));
            assert_eq!(meaning(status), told);
        }
        for status in [204, 304, 408, 425] {
            assert_eq!(
                meaning(status),
                SourceError::Transient(format!("HTTP {status}"))
            );
        }
    }

    #[test]
    fn a_used_up_allowance_is_waited_for() {
        let check = |status: u16, pairs: &[(&str, &str)], expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, "Mon, 23 Nov 2026 10:00:00 GMT".parse().unwrap());
            for (name, value) in pairs {
                let name: HeaderName = name.parse().unwrap();
                headers.insert(name, value.parse().unwrap());
            }
            let told = refusal(StatusCode::from_u16(status).unwrap(), &headers);
            let retry_after = expected.map(Duration::from_secs);
            assert_eq!(told, SourceError::RateLimited { retry_after }, "{pairs:?}");
        };
        let iso = ("X-RateLimit-Reset", "2026-11-23T10:05:00.123Z");
        let unix = ("x-rate-limit-reset", "1795428300");
        let span = ("RateLimit-Reset", "30");
        check(429, &[iso], Some(300));
        check(429, &[unix], Some(300));
        check(429, &[span], Some(30));
        check(429, &[("Retry-After", "7"), iso], Some(7));
        check(429, &[], None);
        check(429, &[("X-RateLimit-Reset", "soon")], None);
        check(429, &[("X-RateLimit-Reset", "-1")], None);
        check(429, &[("X-RateLimit-Reset", "99999999999")], Some(86_400));
        check(503, &[iso], Some(300));
    }

    #[test]
    fn a_host_is_left_alone_only_when_it_asks_for_it() {
        let pause = |status: u16, pairs| {
            let told = pause(StatusCode::from_u16(status).unwrap(), &headers(pairs));
            told.map(|pause| pause.as_secs())
        };
        assert_eq!(pause(429, &[(RETRY_AFTER, "7")]), Some(7));
        assert_eq!(pause(503, &[(RETRY_AFTER, "7")]), Some(7));
        assert_eq!(pause(301, &[(RETRY_AFTER, "7")]), None);
        assert_eq!(pause(429, &[]), None);
    }
}

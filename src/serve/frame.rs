//! What every page shares: its frame, the reader's language, and how a template becomes an answer.

use super::House;
use super::words::{Tongue, Words};
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::form_urlencoded;

/// What every page shares.
pub struct Frame {
    pub w: &'static Words,
    pub title: String,
    /// Which area of the navigation is lit: `search`, `cases` or none.
    pub area: &'static str,
    /// Address of the same page in the other language; empty where there is none.
    pub switch: String,
    /// What links carry on: `?lang=en`, or nothing.
    pub carry: &'static str,
    /// Shows the button to sign out.
    pub guarded: bool,
    /// Says that nothing new comes in, because the disk is nearly full.
    pub disk_full: bool,
}

impl Frame {
    /// A page outside the areas: refusals and the sign-in form.
    pub fn plain(tongue: Tongue, title: &str) -> Self {
        Self {
            w: tongue.words(),
            title: title.to_owned(),
            area: "",
            switch: String::new(),
            carry: "",
            guarded: false,
            disk_full: false,
        }
    }

    /// A page of the house.
    pub fn new(
        visit: &Visit,
        house: &House,
        title: &str,
        area: &'static str,
        switch: String,
    ) -> Self {
        Self {
            area,
            switch,
            carry: visit.carry,
            guarded: house.guard.has_token(),
            disk_full: !house.archive.takes_in(),
            ..Self::plain(visit.tongue, title)
        }
    }
}

/// Who reads: the language of this visit and what its links carry on.
pub struct Visit {
    pub tongue: Tongue,
    /// `?lang=en`, or nothing.
    pub carry: &'static str,
}

impl Visit {
    pub fn new(headers: &HeaderMap, query: &str) -> Self {
        let asked = asked_tongue(query);
        Self {
            tongue: tongue(headers, Some(query)),
            carry: match asked {
                Some(Tongue::De) => "?lang=de",
                Some(Tongue::En) => "?lang=en",
                None => "",
            },
        }
    }

    /// The `lang` parameter of this visit's links.
    pub fn lang(&self) -> &'static str {
        self.carry.strip_prefix("?lang=").unwrap_or_default()
    }

    /// The address of a page without parameters in the other language.
    pub fn switch(&self, path: &str) -> String {
        format!("{path}?lang={}", self.tongue.words().switch_lang)
    }
}

fn asked_tongue(query: &str) -> Option<Tongue> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "lang")?;
    Tongue::parse(&code)
}

/// The reader's language: what the address says, else what the browser prefers, else German.
pub fn tongue(headers: &HeaderMap, query: Option<&str>) -> Tongue {
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    query
        .and_then(asked_tongue)
        .or_else(|| accepted?.to_str().ok().and_then(preferred))
        .unwrap_or_default()
}

fn preferred(accepted: &str) -> Option<Tongue> {
    let weighed = accepted.split(',').take(20).filter_map(|part| {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let tongue = Tongue::parse(tag.trim().split('-').next()?)?;
        Some((tongue, weight.trim().parse::<f32>().unwrap_or(0.0)))
    });
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(tongue, _)| tongue)
}

/// One field of a form, or one parameter of an address.
pub fn field(encoded: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(encoded.as_bytes());
    let (_, value) = pairs.find(|(key, _)| key == name)?;
    Some(value.into_owned())
}

/// Renders a template; a template that fails is a fault of the program, told without its words.
pub fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_says_the_language() {
        let check = |accepted: &str, expected: Option<Tongue>| {
            assert_eq!(preferred(accepted), expected, "{accepted}");
        };
        check("de-DE,de;q=0.9,en;q=0.8", Some(Tongue::De));
        check("en-GB,en;q=0.9,de;q=0.8", Some(Tongue::En));
        check("fr,en;q=0.3,de;q=0.7", Some(Tongue::De));
        check("fr", None);
        check(";q=;;,q=9", None);
    }
}

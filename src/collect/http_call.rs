//! What is asked of a server, and what it answered, beyond a plain fetch: bodies, tokens, headers.

use super::http_reply::{refusal, text};
use super::source::SourceError;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

/// One question to a server.
///
/// What goes along is meant for the server of this address alone: a call with a token or a body is
/// not carried to another server by a redirect.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    /// Where the answer's body is cut off; else one over the client's bound is refused.
    pub(super) cut: Option<usize>,
}

impl Call {
    /// A GET that takes this media type.
    pub fn get(url: Url, accept: &'static str) -> Self {
        let accept = HeaderValue::from_static(accept);
        Self {
            url,
            method: Method::GET,
            headers: HeaderMap::from_iter([(ACCEPT, accept)]),
            body: None,
            cut: None,
        }
    }

    /// A POST of JSON that takes JSON.
    ///
    /// # Errors
    /// A value that is no JSON: a map with keys that are no texts.
    pub fn post(url: Url, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]);
        Ok(Self {
            url,
            method: Method::POST,
            headers,
            body: Some(serde_json::to_vec(body)?),
            cut: None,
        })
    }

    /// A POST of a form's fields, whatever the answer is.
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self {
            url,
            method: Method::POST,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, form)]),
            body: Some(body.into_bytes()),
            cut: None,
        }
    }

    /// With a bearer token (RFC 6750).
    ///
    /// # Errors
    /// A token that cannot stand in a header.
    pub fn bearer(self, token: &str) -> Result<Self, SourceError> {
        self.secret(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// With a header that no log shows, such as a key.
    ///
    /// # Errors
    /// A value that cannot stand in a header.
    pub fn secret(mut self, name: HeaderName, value: &str) -> Result<Self, SourceError> {
        let mut value = header_value(&name, value)?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// With a header of one's own, such as `Last-Event-ID`.
    ///
    /// # Errors
    /// A value that cannot stand in a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self, SourceError> {
        let value = header_value(&name, value)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Of a longer body only the first so many bytes.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// Whether something goes along that is meant for this server alone.
    pub(super) fn is_confidential(&self) -> bool {
        self.body.is_some() || self.headers.values().any(HeaderValue::is_sensitive)
    }
}

fn header_value(name: &HeaderName, value: &str) -> Result<HeaderValue, SourceError> {
    HeaderValue::from_str(value)
        .map_err(|_| SourceError::Refused(format!("what {name} should say cannot stand there")))
}

/// A whole answer of whatever status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Where it was found, after all redirects.
    pub url: Url,
}

impl Reply {
    /// This answer, if it is a success.
    ///
    /// # Errors
    /// What the status means (see [`super::http::Client::get`]). Whoever wants to read a refusal's
    /// body looks at the fields first.
    pub fn success(self) -> Result<Self, SourceError> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(refusal(self.status, &self.headers)),
        }
    }

    /// A header's text, such as that of `link`.
    pub fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `Transient`: a body of another shape. The text says where, and quotes nothing.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, SourceError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = format!("unexpected JSON at line {line}, column {column}");
            SourceError::Transient(what)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_confidential_and_never_shown() {
        let url = Url::parse("https://api.example/").unwrap();
        let plain = Call::get(url.clone(), "*/*");
        assert!(!plain.is_confidential());
        let call = plain.clone().bearer("geheim").unwrap();
        assert!(call.is_confidential() && !format!("{call:?}").contains("geheim"));
        let error = plain.bearer("geheim\n").unwrap_err();
        assert!(!error.to_string().contains("geheim"));
        assert!(Call::post(url, &[1]).unwrap().is_confidential());
    }
}

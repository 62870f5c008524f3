//! From what a source says to what the house keeps: plain, masked, tokenised. Pure.
//!
//! This is where personal data ends. Behind this step a private author is a pseudonym and a sealed
//! value, other people's handles are masked, and a private post has no address.

use crate::model::{Author, Item, Kind, Mention, RawAuthor};
use crate::privacy::{Identity, KeyError, Keys, MentionKey, Sealed, Voice, Voices};
use crate::text::{analyse, lang, markup};
use jiff::{Timestamp, ToSpan};
use unicode_normalization::UnicodeNormalization;
use url::Url;

/// Longest text that is kept, in bytes; the rest of a longer one is cut off.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest title that is kept, in bytes.
pub const MAX_TITLE_BYTES: usize = 1024;
/// Most links that are kept.
const MAX_LINKS: usize = 50;
/// Longest address that is kept, in bytes.
const MAX_URL_BYTES: usize = 2 * 1024;
/// How far a stated time may lie ahead of ours before it is not believed.
const MAX_AHEAD_MINUTES: i64 = 10;

/// What normalising needs to know besides the item.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Name of the configured source.
    pub source: &'a str,
    pub keys: &'a Keys,
    pub voices: &'a Voices,
    /// When the item reached this house.
    pub collected: Timestamp,
}

/// Why an item cannot become a mention.
#[derive(Debug, thiserror::Error)]
pub enum NormaliseError {
    #[error("the item has neither a title nor a text")]
    Empty,
    #[error("the item has no platform or no native id")]
    NoIdentity,
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes a mention of an item.
///
/// # Errors
/// An item without words or without identity; a system without randomness.
pub fn normalise(item: Item, context: &Context<'_>) -> Result<Mention, NormaliseError> {
    if item.platform.is_empty() || item.id.is_empty() {
        return Err(NormaliseError::NoIdentity);
    }
    let (text, mut links) = body(&item, context.voices);
    let title = masked(
        item.title.as_deref().unwrap_or_default(),
        context.voices,
        MAX_TITLE_BYTES,
    );
    let title = title.replace('\n', " ");
    if title.is_empty() && text.is_empty() {
        return Err(NormaliseError::Empty);
    }
    links.extend(item.links.iter().cloned());
    let published = believable(item.published, context.collected).unwrap_or(context.collected);
    let key = context.keys.mention_key(&item.platform, &item.id);
    let url = item.url.as_deref().and_then(canonical_url);
    let site = site(&item, url.as_ref());
    let (author, sealed) = identity(&item, &key, published, url.as_ref(), &site, context)?;
    let is_public = sealed.is_none() || is_publication(&item, &site);
    Ok(Mention {
        key,
        source: context.source.to_owned(),
        kind: item.kind,
        published,
        edited: item.edited.map(|at| at.min(latest(context.collected))),
        collected: context.collected,
        lang: lang::language(item.lang.as_deref(), &text),
        url: url.filter(|_| is_public).map(String::from),
        links: public_links(&links),
        author,
        sealed,
        reply_to: item
            .reply_to
            .as_deref()
            .map(|id| context.keys.mention_key(&item.platform, id)),
        title_tokens: analyse(&title),
        text_tokens: analyse(&text),
        platform: item.platform,
        site,
        title,
        text,
    })
}

/// The body as masked plain text, and the links that stood in its markup.
fn body(item: &Item, voices: &Voices) -> (String, Vec<String>) {
    if item.html.is_empty() {
        return (masked(&item.text, voices, MAX_TEXT_BYTES), Vec::new());
    }
    let plain = markup::strip(&item.html);
    (masked(&plain.text, voices, MAX_TEXT_BYTES), plain.links)
}

fn masked(text: &str, voices: &Voices, max_bytes: usize) -> String {
    // Masked after cleaning: a zero-width character inside a handle must not hide it. Cut last,
    // so that half a handle is masked like a whole one.
    let clean = clean(head(text, max_bytes * 2));
    let masked = voices.mask(&clean);
    head(&masked, max_bytes).trim_end().to_owned()
}

/// NFC, without control, invisible and direction characters, white space folded: runs of blanks to
/// one, runs of empty lines to one break.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = None;
    for c in text.nfc().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() || c.is_control() {
            let is_line = matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
            gap = Some(if is_line || gap == Some('\n') {
                '\n'
            } else {
                ' '
            });
            continue;
        }
        if let Some(gap) = gap.take().filter(|_| !out.is_empty()) {
            out.push(gap);
        }
        out.push(c);
    }
    out
}

/// Characters that are not seen and only confuse: soft hyphen, zero width, bidi controls, BOM.
/// The joiner stays, because emoji are made with it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}'
        | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
        || (c.is_control() && !c.is_whitespace())
}

/// The longest prefix of at most `max` bytes that ends at a character.
fn head(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    &text[..end]
}

fn latest(collected: Timestamp) -> Timestamp {
    collected
        .saturating_add(MAX_AHEAD_MINUTES.minutes())
        .unwrap_or(collected)
}

fn believable(stated: Option<Timestamp>, collected: Timestamp) -> Option<Timestamp> {
    stated.filter(|at| *at <= latest(collected) && at.as_second() > 0)
}

/// An address in its canonical form: no fragment, no tracking parameters, no default port, no
/// credentials. `None` for anything that is no web address.
pub fn canonical_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(head(text.trim(), MAX_URL_BYTES)).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return None;
    }
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(name, _)| !is_tracking(name))
        .collect();
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    Some(url)
}

fn is_tracking(name: &str) -> bool {
    const TRACKERS: [&str; 9] = [
        "fbclid", "gclid", "dclid", "msclkid", "igshid", "mc_cid", "mc_eid", "wt_mc", "ref_src",
    ];
    name.starts_with("utm_") || TRACKERS.contains(&name)
}

fn site(item: &Item, url: Option<&Url>) -> String {
    let stated = item.site.clone().filter(|site| !site.is_empty());
    let from_url = || {
        url.filter(|_| item.kind == Kind::Article)
            .and_then(Url::host_str)
            .map(str::to_owned)
    };
    let site = stated.or_else(from_url).unwrap_or_default().to_lowercase();
    head(site.strip_prefix("www.").unwrap_or(&site), 255).to_owned()
}

/// An article or video of a site has a public address, whoever signed it; everything else has the
/// address of a person.
fn is_publication(item: &Item, site: &str) -> bool {
    matches!(item.kind, Kind::Article | Kind::Video) && !site.is_empty()
}

fn identity(
    item: &Item,
    key: &MentionKey,
    published: Timestamp,
    url: Option<&Url>,
    site: &str,
    context: &Context<'_>,
) -> Result<(Option<Author>, Option<Sealed>), NormaliseError> {
    if let Some(voice) = voice(item, site, context.voices) {
        let handle = item
            .author
            .as_ref()
            .and_then(|author| author.handle.clone());
        let author = Author::Voice {
            name: voice.name.clone(),
            handle: handle.unwrap_or_default(),
        };
        return Ok((Some(author), None));
    }
    let Some(RawAuthor { id, handle, name }) = &item.author else {
        if is_publication(item, site) {
            return Ok((None, None));
        }
        // Nobody is named, yet the address may be somebody's.
        let identity = Identity {
            native_id: item.id.clone(),
            url: url.map(Url::to_string),
            ..Identity::default()
        };
        return Ok((None, Some(context.keys.seal(key, &identity)?)));
    };
    let identity = Identity {
        native_id: item.id.clone(),
        url: url.map(Url::to_string),
        handle: handle.clone(),
        name: name.clone(),
    };
    let pseudonym = context.keys.pseudonym(&item.platform, id, published);
    Ok((
        Some(Author::Private { pseudonym }),
        Some(context.keys.seal(key, &identity)?),
    ))
}

/// The public voice behind an item: its account, or the site that published an article.
fn voice<'a>(item: &Item, site: &str, voices: &'a Voices) -> Option<&'a Voice> {
    let account = item.author.as_ref().and_then(|author| {
        author
            .handle
            .as_deref()
            .and_then(|handle| voices.find(handle))
            .or_else(|| voices.find(&author.id))
    });
    account.or_else(|| {
        is_publication(item, site)
            .then(|| voices.find(site))
            .flatten()
    })
}

/// Links in canonical form, without those to people's profiles and posts.
fn public_links(links: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for link in links
        .iter()
        .take(4 * MAX_LINKS)
        .filter_map(|link| canonical_url(link))
    {
        let link = if is_personal(&link) {
            None
        } else {
            Some(String::from(link))
        };
        kept.extend(link.filter(|link| !kept.contains(link)));
        if kept.len() == MAX_LINKS {
            break;
        }
    }
    kept
}

/// Addresses that name an account: `/@name`, `/users/name`, `bsky.app/profile/name`, and paths of
/// the networks that begin with the account's name.
fn is_personal(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let path = url.path().to_lowercase();
    let by_name = [
        "x.com",
        "twitter.com",
        "instagram.com",
        "facebook.com",
        "t.me",
        "threads.net",
        "tiktok.com",
    ];
    path.contains("/@")
        || path.starts_with("/users/")
        || path.starts_with("/profile/")
        || path.starts_with("/u/")
        || (by_name
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")))
            && path.len() > 1)
}

//! From what a source says to what the house keeps: plain, masked, tokenised. Pure.
//!
//! This is where personal data ends. Behind this step a private author is a pseudonym and a sealed
//! value, other people's handles are masked, links to private profiles are cut to the network's
//! name, and a private post has no address. Names of people in running text stay: a statement about
//! somebody is what the house listens for.
//!
//! An article's or video's address is kept, whoever signed it: it is its publisher's, unless it
//! leads through an account (`/@name/…`).

mod accounts;
mod clean;
mod excerpt;

use accounts::{is_private, mask_addresses};
use clean::clean;

use crate::model::{Author, ClaimReview, Item, Kind, Marks, Mention, RawAuthor, Reach, WatchMatch};
use crate::privacy::{Identity, KeyError, Keys, MASK, MentionKey, Sealed, Voice, Voices};
use crate::query::{RawKeys, Subject};
use crate::text::{head, lang, link, markup};
use jiff::{Timestamp, ToSpan};
use std::mem;
use url::Url;

/// Longest text that is kept, in bytes; the rest of a longer one is cut off.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest title that is kept, in bytes.
pub const MAX_TITLE_BYTES: usize = 1024;
/// Longest host of a publication.
const MAX_SITE_BYTES: usize = 255;
/// Longest claim and longest verdict of a fact check.
const MAX_CLAIM_BYTES: usize = 1024;
const MAX_RATING_BYTES: usize = 128;
/// Most links that are kept.
const MAX_LINKS: usize = 50;
/// Most further names of an item.
const MAX_ALIASES: usize = 4;
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
    #[error("the item has no platform or no native id")]
    NoIdentity,
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes a mention of an item. An item without words, a picture for instance, has empty texts.
///
/// # Errors
/// An item without identity; a system without randomness.
pub fn normalise(item: Item, context: &Context<'_>) -> Result<Mention, NormaliseError> {
    Draft::read(item, context)?.mention()
}

/// An item whose words are plain and masked, and whose author is not sealed yet: most items match
/// no watch, and what is dropped needs no key.
pub struct Draft<'c> {
    item: Item,
    context: &'c Context<'c>,
    title: String,
    text: String,
    links: Vec<String>,
    lang: String,
    published: Timestamp,
    place: Place,
}

impl<'c> Draft<'c> {
    /// Reads the words of an item.
    ///
    /// # Errors
    /// An item without identity.
    pub fn read(item: Item, context: &'c Context<'c>) -> Result<Self, NormaliseError> {
        if item.platform.is_empty() || item.id.is_empty() {
            return Err(NormaliseError::NoIdentity);
        }
        let (text, mut links) = body(&item, context.voices);
        let stated = item.title.as_deref().unwrap_or_default();
        let title = masked(stated, &item, context.voices, MAX_TITLE_BYTES).replace('\n', " ");
        links.extend(item.links.iter().cloned());
        Ok(Self {
            lang: language(&item, &title, &text),
            links: public_links(&links, context.voices),
            place: place(&item, context.voices),
            published: believable(item.published, context.collected).unwrap_or(context.collected),
            item,
            context,
            title,
            text,
        })
    }

    /// What queries are tried on.
    pub fn subject(&self) -> Subject<'_> {
        let voice = voice(&self.item, &self.place, self.context.voices);
        let url = self.place.url.as_ref();
        Subject {
            title: &self.title,
            text: &self.text,
            keys: RawKeys {
                site: &self.place.site,
                source: self.context.source,
                lang: &self.lang,
                kind: self.item.kind.as_str(),
                url: url.map_or("", Url::as_str),
                links: &self.links,
                voice: voice.map_or(["", ""], |(voice, handle)| [&voice.name, handle]),
                published_ms: self.published.as_millisecond(),
            },
        }
    }

    /// True where something was changed since it was published.
    pub fn is_edited(&self) -> bool {
        self.item.edited.is_some()
    }

    /// True where it was written to the house itself, and is nobody's public statement.
    pub fn is_message(&self) -> bool {
        self.item.kind == Kind::Message
    }

    /// What else a deletion may name it by.
    pub fn aliases(&self) -> Vec<MentionKey> {
        let key = |alias: &String| self.context.keys.mention_key(&self.item.platform, alias);
        self.item
            .aliases
            .iter()
            .take(MAX_ALIASES)
            .map(key)
            .collect()
    }

    /// True where it says nothing: without words its fields alone are no statement.
    pub fn is_silent(&self) -> bool {
        self.title.is_empty() && self.text.is_empty()
    }

    /// Of a publisher's whole page, keeps the beginning and the sentences that matched, and moves
    /// the matches' spans along.
    pub fn shorten(&mut self, matches: &mut [WatchMatch]) {
        if self.item.whole_page {
            self.text = excerpt::excerpt(&self.text, matches);
        }
    }

    /// The mention, its author sealed.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn mention(mut self) -> Result<Mention, NormaliseError> {
        let letter = match self.is_message() {
            true => Some(self.take_words()),
            false => None,
        };
        let Self {
            item,
            context,
            place,
            published,
            ..
        } = self;
        let key = context.keys.mention_key(&item.platform, &item.id);
        let (author, sealed) = identity(&item, &key, published, letter, &place, context)?;
        let ours = voice(&item, &place, context.voices);
        let official = ours.is_some_and(|(voice, _)| voice.official);
        let reply_to = item.reply_to.as_deref();
        let review = item.review.as_ref().map(|review| ClaimReview {
            claim: masked(&review.claim, &item, context.voices, MAX_CLAIM_BYTES),
            rating: masked(&review.rating, &item, context.voices, MAX_RATING_BYTES),
        });
        Ok(Mention {
            key,
            source: context.source.to_owned(),
            kind: item.kind,
            published,
            edited: item.edited.map(|at| at.min(latest(context.collected))),
            collected: context.collected,
            lang: self.lang,
            url: place.url.map(String::from),
            links: self.links,
            author,
            sealed,
            reply_to: reply_to.map(|id| context.keys.mention_key(&item.platform, id)),
            platform: item.platform,
            site: place.site,
            title: self.title,
            text: self.text,
            marks: Marks {
                official,
                review,
                reach: item.audience.map(Reach::of),
            },
        })
    }

    /// The words of a message, which leaves none in the open: neither text nor links nor a subject.
    fn take_words(&mut self) -> String {
        self.links.clear();
        let words = [mem::take(&mut self.title), mem::take(&mut self.text)];
        words.join("\n\n").trim().to_owned()
    }
}

/// The body as masked plain text, and the links that stood in its markup.
fn body(item: &Item, voices: &Voices) -> (String, Vec<String>) {
    if item.html.is_empty() {
        return (masked(&item.text, item, voices, MAX_TEXT_BYTES), Vec::new());
    }
    let plain = markup::strip(&item.html);
    (
        masked(&plain.text, item, voices, MAX_TEXT_BYTES),
        plain.links,
    )
}

/// Masked after cleaning: a zero-width character inside a handle must not hide it. Cut last, so that
/// half a handle is masked like a whole one.
fn masked(text: &str, item: &Item, voices: &Voices, max_bytes: usize) -> String {
    let mut text = clean(head(text, max_bytes * 2));
    for trace in own_traces(item, voices) {
        text = text.replace(trace, MASK);
    }
    // A mask inside an address makes it an account's. One more round settles that; three are plenty.
    for _ in 0..3 {
        let next = voices.mask(&mask_addresses(&text, voices));
        if next == text {
            break;
        }
        text = next;
    }
    head(&text, max_bytes).trim_end().to_owned()
}

/// What of an author's identity could be read in the author's own text: handles that look like
/// addresses and account ids, not names, which are words of the language.
fn own_traces<'a>(item: &'a Item, voices: &Voices) -> Vec<&'a str> {
    let Some(author) = &item.author else {
        return Vec::new();
    };
    let handle = author
        .handle
        .as_deref()
        .filter(|handle| handle.contains(['.', '@']));
    let id = Some(author.id.as_str()).filter(|id| id.contains(':'));
    let traces = [handle, id].into_iter().flatten();
    traces
        .filter(|trace| trace.len() > 4 && voices.find(trace).is_none())
        .collect()
}

/// The stated language, else that of title and text together: a headline alone is short.
fn language(item: &Item, title: &str, text: &str) -> String {
    lang::language(item.lang.as_deref(), &format!("{title}\n{text}"))
}

fn latest(collected: Timestamp) -> Timestamp {
    collected
        .saturating_add(MAX_AHEAD_MINUTES.minutes())
        .unwrap_or(collected)
}

fn believable(stated: Option<Timestamp>, collected: Timestamp) -> Option<Timestamp> {
    stated.filter(|at| *at <= latest(collected) && at.as_second() > 0)
}

/// Where an item stands.
struct Place {
    /// Its address, where that may be shown: a public voice's, or a publication's.
    url: Option<Url>,
    /// Host of the publication without `www.`; empty for posts.
    site: String,
    /// An article or video of a site: it has a public address, whoever signed it. Everything else
    /// has the address of a person.
    is_publication: bool,
}

fn place(item: &Item, voices: &Voices) -> Place {
    let is_edited = matches!(item.kind, Kind::Article | Kind::Video);
    let url = if is_edited { address(item) } else { None };
    let stated = item.site.as_deref().filter(|site| !site.is_empty());
    let from_url = || {
        url.as_ref()
            .filter(|_| item.kind == Kind::Article)
            .map(link::site)
    };
    let site = stated.or_else(from_url).unwrap_or_default().to_lowercase();
    let site = head(site.strip_prefix("www.").unwrap_or(&site), MAX_SITE_BYTES).to_owned();
    let is_personal = url.as_ref().is_some_and(|url| is_private(url, voices));
    let mut place = Place {
        is_publication: is_edited && !site.is_empty() && !is_personal,
        url: None,
        site,
    };
    if place.is_publication || voice(item, &place, voices).is_some() {
        place.url = url.or_else(|| address(item));
    }
    place
}

fn address(item: &Item) -> Option<Url> {
    item.url.as_deref().and_then(link::canonical)
}

fn identity(
    item: &Item,
    key: &MentionKey,
    published: Timestamp,
    letter: Option<String>,
    place: &Place,
    context: &Context<'_>,
) -> Result<(Option<Author>, Option<Sealed>), NormaliseError> {
    let author = item.author.as_ref();
    let identity = || Identity {
        native_id: item.id.clone(),
        url: address(item).map(String::from),
        handle: author.and_then(|author| author.handle.clone()),
        name: author.and_then(|author| author.name.clone()),
        text: letter.clone(),
    };
    if let Some((voice, handle)) = voice(item, place, context.voices) {
        // A site that is a voice has no account to leave with.
        let account = author.filter(|_| !handle.is_empty());
        let voiced = Author::Voice {
            name: voice.name.clone(),
            handle: handle.to_owned(),
            account: account.map(|author| {
                context
                    .keys
                    .pseudonym(&item.platform, &author.id, published)
            }),
        };
        // What a public voice writes to the house is no public statement.
        let sealed = letter
            .is_some()
            .then(|| context.keys.seal(key, &identity()));
        return Ok((Some(voiced), sealed.transpose()?));
    }
    // Where nobody is named, the address may still be somebody's.
    if author.is_none() && place.is_publication {
        return Ok((None, None));
    }
    let sealed = context.keys.seal(key, &identity())?;
    let private = |RawAuthor { id, .. }: &RawAuthor| Author::Private {
        pseudonym: context.keys.pseudonym(&item.platform, id, published),
    };
    Ok((author.map(private), Some(sealed)))
}

/// The public voice behind an item and the handle that it is known by here: its account, or the
/// site that published an article. A byline is not the site's handle.
fn voice<'a>(item: &'a Item, place: &Place, voices: &'a Voices) -> Option<(&'a Voice, &'a str)> {
    if let Some(RawAuthor { id, handle, .. }) = &item.author {
        let handle = handle.as_deref().unwrap_or_default();
        if let Some(voice) = voices.find(handle).or_else(|| voices.find(id)) {
            return Some((voice, handle));
        }
    }
    let site = Some(&place.site).filter(|_| place.is_publication)?;
    voices.find(site).map(|voice| (voice, ""))
}

/// Links in canonical form, without those to private people's profiles and posts.
fn public_links(links: &[String], voices: &Voices) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let canonical = links
        .iter()
        .take(4 * MAX_LINKS)
        .filter_map(|text| link::canonical(text));
    for url in canonical.filter(|url| !is_private(url, voices)) {
        let url = String::from(url);
        if kept.len() < MAX_LINKS && !kept.contains(&url) {
            kept.push(url);
        }
    }
    kept
}

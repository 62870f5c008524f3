//! Frames to text, compressed or not.
//!
//! Both wires compress each frame by itself with a zstd dictionary: v1 with one that never changes
//! and lies in Jetstream's repository, v2 with one that its host is asked for
//! (`network.bsky.jetstream.getZstdDictionary`).

use super::{BlueskyConfig, Wire};
use crate::collect::http::{Answer, Client, Limits, Validators};
use crate::collect::source::{RejectReason, Rejection, SourceError};
use crate::collect::websocket::{Frame, MAX_FRAME_BYTES};
use url::Url;
use zstd::bulk::Decompressor;

const DICTIONARY_PATH: &str = "/xrpc/network.bsky.jetstream.getZstdDictionary";
/// Jetstream's are about 110 kB.
const MAX_DICTIONARY_BYTES: usize = 1024 * 1024;
/// RFC 8878, section 5: a dictionary begins with this, then its number.
const DICTIONARY_MAGIC: [u8; 4] = [0x37, 0xa4, 0x30, 0xec];

/// Turns the frames of one connection into text.
pub struct Decoder {
    zstd: Option<Decompressor<'static>>,
    /// Number of the dictionary.
    id: Option<u32>,
    /// Kept between frames: its capacity is the bound of what a frame may unpack to.
    unpacked: Vec<u8>,
}

impl Decoder {
    /// The decoder that the settings ask for, with the dictionary of a file or of this host.
    ///
    /// # Errors
    /// A dictionary that cannot be had or is none.
    pub async fn new(config: &BlueskyConfig, host: &Url) -> Result<Self, SourceError> {
        if !config.compress {
            return Ok(Self::plain());
        }
        let dictionary = match (&config.zstd_dictionary_file, config.wire) {
            (Some(path), Wire::V1) => tokio::fs::read(path)
                .await
                .map_err(|error| SourceError::Refused(format!("{}: {error}", path.display())))?,
            (_, Wire::V2) => fetch(host).await?,
            (None, Wire::V1) => return Ok(Self::plain()),
        };
        Self::with_dictionary(&dictionary)
    }

    fn plain() -> Self {
        Self {
            zstd: None,
            id: None,
            unpacked: Vec::new(),
        }
    }

    fn with_dictionary(dictionary: &[u8]) -> Result<Self, SourceError> {
        let wrong = |error| SourceError::Refused(format!("the zstd dictionary: {error}"));
        let zstd = Decompressor::with_dictionary(dictionary).map_err(wrong)?;
        let id = dictionary
            .strip_prefix(&DICTIONARY_MAGIC)
            .and_then(|rest| rest.first_chunk::<4>())
            .map(|number| u32::from_le_bytes(*number));
        Ok(Self {
            zstd: Some(zstd),
            id,
            unpacked: Vec::with_capacity(MAX_FRAME_BYTES),
        })
    }

    /// Number of the dictionary, where frames are compressed with one that has a number.
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// The text of a frame.
    ///
    /// # Errors
    /// A frame that does not unpack, to at most 1 MiB, or that should not be there.
    pub fn decode(&mut self, frame: Frame) -> Result<Vec<u8>, Rejection> {
        let malformed = |detail: &str| Rejection::new(RejectReason::Malformed, detail);
        match (frame, &mut self.zstd) {
            (Frame::Text(text), _) => Ok(text),
            (Frame::TooLarge, _) => {
                Err(Rejection::new(RejectReason::TooLarge, "a frame over 1 MiB"))
            }
            (Frame::Binary(_), None) => Err(malformed("a binary frame that nobody asked for")),
            (Frame::Binary(bytes), Some(zstd)) => {
                zstd.decompress_to_buffer(&bytes, &mut self.unpacked)
                    .map_err(|_| malformed("a frame that does not unpack to 1 MiB of text"))?;
                Ok(self.unpacked.clone())
            }
        }
    }
}

/// Asks a v2 host for its current dictionary. The host is the operator's choice, so it may be a
/// private one.
async fn fetch(host: &Url) -> Result<Vec<u8>, SourceError> {
    let refused = |what: String| SourceError::Refused(format!("the zstd dictionary: {what}"));
    let limits = Limits {
        max_body_bytes: MAX_DICTIONARY_BYTES,
        ..Limits::default()
    };
    let name = host.host_str().unwrap_or_default().to_owned();
    let client = Client::new(&[name], "", limits).map_err(|error| refused(error.to_string()))?;
    let address = Url::parse(&address(host)).map_err(|error| refused(error.to_string()))?;
    let accept = "application/octet-stream";
    match client.get(&address, accept, &Validators::default()).await? {
        Answer::Page(page) => Ok(page.body),
        Answer::Unchanged => Err(refused("304 without a reason".to_owned())),
    }
}

/// Where the host of a websocket address hands out its dictionary.
fn address(host: &Url) -> String {
    let scheme = if host.scheme() == "wss" {
        "https"
    } else {
        "http"
    };
    let authority = host.authority();
    format!("{scheme}://{authority}{DICTIONARY_PATH}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_unpacks_no_further_than_a_frame_may_be_large() {
        let dictionary = b"any bytes are a dictionary of their own content";
        let mut packer = zstd::bulk::Compressor::with_dictionary(19, dictionary).unwrap();
        let mut decoder = Decoder::with_dictionary(dictionary).unwrap();
        let bomb = packer.compress(&vec![b'a'; 50 * MAX_FRAME_BYTES]).unwrap();
        assert!(bomb.len() < 10_000);
        let rejection = decoder.decode(Frame::Binary(bomb)).unwrap_err();
        assert_eq!(rejection.reason, RejectReason::Malformed);
        assert!(decoder.unpacked.capacity() <= 2 * MAX_FRAME_BYTES);

        let fits = packer.compress(b"{\"any\":\"bytes are\"}").unwrap();
        assert_eq!(
            decoder.decode(Frame::Binary(fits)).unwrap(),
            b"{\"any\":\"bytes are\"}"
        );
    }

    #[test]
    fn the_dictionary_lies_beside_the_stream() {
        let host = Url::parse("wss://jetstream.example:8443/xrpc/x").unwrap();
        assert_eq!(
            address(&host),
            "https://jetstream.example:8443/xrpc/network.bsky.jetstream.getZstdDictionary"
        );
    }
}

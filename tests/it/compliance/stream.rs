//! What the sources that stream meet: a connection that tells numbered items in the frames of its
//! protocol, and each fault in it.

use super::Fault;
use crate::neighbours::http::{Reply, head, response};
use std::time::Duration;

/// One connection.
pub struct Stream {
    /// What opens it.
    pub head: Vec<u8>,
    /// Puts what is said into a frame.
    pub frame: fn(&[u8]) -> Vec<u8>,
    /// The frame that ends it in order.
    pub end: &'static [u8],
    pub item: Box<dyn Fn(i64) -> String>,
    /// An item that is none.
    pub spoilt: String,
    /// One that is larger than what is taken.
    pub huge: String,
}

impl Stream {
    fn said(&self, numbers: impl Iterator<Item = i64>) -> Vec<u8> {
        let frame = |n| (self.frame)((self.item)(n).as_bytes());
        numbers.flat_map(frame).collect()
    }

    fn opened(&self, numbers: impl Iterator<Item = i64>) -> Vec<u8> {
        [self.head.clone(), self.said(numbers)].concat()
    }

    /// All items but for the fault. It stays open where the fault is not its end.
    pub fn tell(&self, fault: Fault, count: i64) -> Reply {
        let first = |after: usize| self.opened(1..=after as i64);
        let behind = |after: usize, bytes: &[u8]| [&first(after), bytes].concat();
        let with = |after: usize, said: &str| {
            let rest = self.said(after as i64 + 1..=count);
            let odd = (self.frame)(said.as_bytes());
            Reply::Stall(behind(after, &[odd, rest].concat()))
        };
        match fault {
            Fault::None => Reply::Stall(self.opened(1..=count)),
            Fault::Drop(0) => Reply::Bytes(Vec::new()),
            Fault::Drop(after) => Reply::Bytes(first(after)),
            Fault::Close(after) => Reply::Bytes(behind(after, self.end)),
            Fault::Stall(0) => Reply::Stall(Vec::new()),
            Fault::Stall(after) => Reply::Stall(first(after)),
            // The beginning of a frame, which never comes to its end.
            Fault::Slow => {
                let frame = (self.frame)(&[b'x'; 1000]);
                Reply::Drip(behind(5, &frame[..20]), Duration::from_millis(50))
            }
            Fault::Garbage(0) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            Fault::Garbage(after) => Reply::Stall(behind(after, &[0xff; 64])),
            Fault::Huge(after) => with(after, &self.huge),
            Fault::Unreadable(after) => with(after, &self.spoilt),
            Fault::Duplicates => Reply::Stall(self.opened((1..=count).flat_map(|n| [n, n]))),
            Fault::Reordered => Reply::Stall(self.opened((1..=count).rev())),
            Fault::Unauthorised => response(401, &[], b""),
            Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
        }
    }

    /// Nothing is said.
    pub fn silent(&self) -> Reply {
        Reply::Stall(self.head.clone())
    }
}

/// The head of an answer in chunks.
pub fn chunked() -> Vec<u8> {
    head(200, &[("Transfer-Encoding", "chunked")])
}

/// A frame of such an answer.
pub fn chunk(said: &[u8]) -> Vec<u8> {
    let length = format!("{:x}\r\n", said.len());
    [length.as_bytes(), said, b"\r\n"].concat()
}

/// Its end.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

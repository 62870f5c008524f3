//! Server-sent events, out of lines.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. The usual libraries keep an
//! event until its end however long it is; this one announces an event over the cap and goes on
//! behind it. A server's `retry:` is not read: `supervise` alone owns waiting.

use super::lines::{Line, MAX_LINE_BYTES};

/// Largest event that is taken, in bytes of its data.
pub const MAX_EVENT_BYTES: usize = MAX_LINE_BYTES;
/// Longest name and id; a longer one is left out.
const MAX_NAME_BYTES: usize = 4096;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Message(Message),
    /// The server lives, and says nothing: the connection was made, or a comment came.
    Alive,
    /// Larger than [`MAX_EVENT_BYTES`]: not kept.
    TooLarge,
}

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Of the event; `message` where it says nothing.
    pub kind: String,
    /// Lines of it are parted by LF.
    pub data: String,
    /// The last id that was stated, here or before: what `Last-Event-ID` resumes behind.
    pub id: Option<String>,
}

/// Puts lines together to events.
#[derive(Debug, Default)]
pub struct Reader {
    started: bool,
    kind: String,
    data: Vec<u8>,
    has_data: bool,
    too_large: bool,
    id: Option<String>,
}

impl Reader {
    /// What this line completes. The empty line is [`Line::Alive`].
    pub fn line(&mut self, line: Line) -> Option<Said> {
        let line = match line {
            Line::Alive => return self.end(),
            Line::TooLarge => {
                self.too_large = true;
                return None;
            }
            Line::Text(line) => line,
        };
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => return Some(Said::Alive),
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        self.field(field, value.strip_prefix(b" ").unwrap_or(value));
        None
    }

    fn field(&mut self, field: &[u8], value: &[u8]) {
        match field {
            b"data" if self.too_large => {}
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
                if self.data.len() > MAX_EVENT_BYTES {
                    self.too_large = true;
                    self.data = Vec::new();
                }
            }
            b"event" if value.len() <= MAX_NAME_BYTES => self.kind = text(value),
            b"id" if value.len() <= MAX_NAME_BYTES && !value.contains(&0) => {
                self.id = Some(text(value)).filter(|id| !id.is_empty());
            }
            _ => {}
        }
    }

    /// The end of an event; one without data is none.
    fn end(&mut self) -> Option<Said> {
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        let has_data = std::mem::take(&mut self.has_data);
        if std::mem::take(&mut self.too_large) {
            return Some(Said::TooLarge);
        }
        has_data.then(|| {
            Said::Message(Message {
                kind: match kind.is_empty() {
                    true => "message".to_owned(),
                    false => kind,
                },
                data: text(&data),
                id: self.id.clone(),
            })
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::lines::Cutter;
    use super::*;

    fn read(stream: &str) -> Vec<Said> {
        let (mut cutter, mut reader) = (Cutter::new(MAX_LINE_BYTES), Reader::default());
        let (mut rest, mut said) = (stream.as_bytes(), Vec::new());
        while let Some(line) = cutter.next(&mut rest) {
            said.extend(reader.line(line));
        }
        said
    }

    fn message(kind: &str, data: &str, id: Option<&str>) -> Said {
        Said::Message(Message {
            kind: kind.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        })
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let check = |stream: &str, expected: &[Said]| assert_eq!(read(stream), expected);
        check("data: a\n\n", &[message("message", "a", None)]);
        check(
            "\u{feff}event: update\r\ndata: a\r\ndata:b\r\ndata\r\n\r\n",
            &[message("update", "a\nb\n", None)],
        );
        check(":)\n\n:thump\n", &[Said::Alive, Said::Alive]);
        check("event: x\n\ndata: y\n\n", &[message("message", "y", None)]);
        check(
            "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            &[
                message("message", "a", Some("7")),
                message("message", "b", Some("7")),
                message("message", "c", None),
            ],
        );
        check("id: a\0b\ndata\n\n", &[message("message", "", None)]);
        check(
            "retry: 1\nunknown: x\ndata:  y\n\n",
            &[message("message", " y", None)],
        );
        // What was not ended is no event.
        check("data: a\n", &[]);
    }

    #[test]
    fn a_huge_event_is_announced_and_the_next_one_is_read() {
        let line = format!("data: {}\n", "x".repeat(MAX_EVENT_BYTES / 4));
        let next = "data: next\n\n";
        let expected = [Said::TooLarge, message("message", "next", None)];
        assert_eq!(read(&format!("{}\n{next}", line.repeat(9))), expected);
        let one_line = format!("data: {}\n\n{next}", "x".repeat(2 * MAX_LINE_BYTES));
        assert_eq!(read(&one_line), expected);
        let empty_lines = format!("{}\n{next}", "data\n".repeat(MAX_EVENT_BYTES + 9));
        assert_eq!(read(&empty_lines), expected);
    }
}

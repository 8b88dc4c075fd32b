//! A decoder of server-sent events. <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use crate::remote::limits::LARGEST;

/// A message of a stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its event name.
    pub(crate) name: String,
    /// The ID with which a later stream resumes after it.
    pub(crate) id: Option<String>,
    /// Its data.
    pub(crate) data: String,
}

/// The incomplete message of a stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    message: Message,
}

/// A message that is longer than any of ours.
#[derive(Debug)]
pub(crate) struct TooLong;

impl Decoder {
    /// Decodes a part of any length, and returns the messages that it completes.
    pub(crate) fn feed(&mut self, part: &[u8]) -> Result<Vec<Message>, TooLong> {
        let mut messages = Vec::new();
        for piece in part.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.len() + self.message.data.len() > LARGEST {
                return Err(TooLong);
            }
            if self.line.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                messages.extend(self.take(line.trim_end_matches(['\n', '\r'])));
            }
        }
        Ok(messages)
    }

    /// Decodes a line; an empty one ends a message.
    fn take(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let mut message = std::mem::take(&mut self.message);
            // Each line of data ended with a line break; the last one is not part of it.
            return message.data.pop().map(|_| message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.message.name),
            "id" => self.message.id = Some(value.to_owned()),
            "data" => {
                self.message.data.push_str(value);
                self.message.data.push('\n');
            }
            // A comment keeps the connection open; other fields are ignored.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, id: Option<&str>, data: &str) -> Message {
        Message { name: name.into(), id: id.map(str::to_owned), data: data.into() }
    }

    #[test]
    fn messages_survive_any_chunk_boundary() {
        let text = ": hello\n\nevent: status\nid: 7\ndata: {\"a\":\ndata: 1}\n\nevent:event\r\ndata: Zoë\r\n\r\n:\n\n";
        let expected = [message("status", Some("7"), "{\"a\":\n1}"), message("event", None, "Zoë")];
        for size in 1..text.len() {
            let mut decoder = Decoder::default();
            let parts = text.as_bytes().chunks(size);
            let told: Vec<Message> = parts.flat_map(|part| decoder.feed(part).unwrap()).collect();
            assert_eq!(told, expected, "in parts of {size}");
        }
    }

    #[test]
    fn unfinished_message_is_limited() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"event: event\ndata: {}\n").unwrap(), []);
        let megabyte = vec![b'x'; 1024 * 1024];
        let fed = (0..=LARGEST / megabyte.len()).try_for_each(|_| decoder.feed(&megabyte).map(drop));
        assert!(fed.is_err());
    }
}

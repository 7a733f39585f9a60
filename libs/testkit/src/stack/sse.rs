//! Server-sent events, as the HTML standard tells (section 9.2.6).

use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Where to go on after it.
    pub id: Option<String>,
    /// Its kind: `chunk`, `message`, `beat` …
    pub event: String,
    /// What it says.
    pub data: Value,
}

/// Bytes that are not a whole event yet.
#[derive(Debug, Default)]
pub(super) struct Parser {
    bytes: Vec<u8>,
}

impl Parser {
    /// The events that are whole with these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.bytes.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            frames.extend(frame(&String::from_utf8_lossy(&block)));
        }
        frames
    }
}

fn frame(block: &str) -> Option<Frame> {
    let (mut id, mut event, mut data) = (None, "message".to_owned(), String::new());
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => id = Some(value.to_owned()),
            "event" => value.clone_into(&mut event),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    (!data.is_empty()).then(|| Frame { id, event, data: serde_json::from_str(&data).unwrap_or(Value::Null) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_wherever_the_bytes_are_cut() {
        let text = b": hello\n\nid: a-1\nevent: chunk\ndata: {\"sequence\":1}\n\nid: a-2\nevent: beat\ndata: {}\n\n";
        for cut in 0..text.len() {
            let mut parser = Parser::default();
            let (one, other) = text.split_at(cut);
            let frames: Vec<Frame> = [one, other].iter().flat_map(|bytes| parser.push(bytes)).collect();
            assert_eq!(frames.len(), 2);
            assert_eq!(frames[0].data["sequence"], 1);
            assert_eq!((frames[1].event.as_str(), frames[1].id.as_deref()), ("beat", Some("a-2")));
        }
    }
}

//! A message as a person reads it, or as a line of JSON.

use std::fmt::Write as _;

use console::style;
use data_encoding::{BASE64, HEXLOWER};
use muster_bus::Seen;
use muster_contracts::{DESCRIPTORS, subject::content};
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, text_format::FormatOptions};
use serde_json::{Value, json};

/// What of a body that cannot be read is shown to a person.
const SHOWN: usize = 64;

/// Knows all messages.
pub(super) struct Shower {
    pool: DescriptorPool,
    json: bool,
}

/// What a body is.
enum Body {
    Message(String, DynamicMessage),
    /// And why it is not more.
    Bytes(String),
}

impl Shower {
    pub(super) fn new(json: bool) -> Result<Self, DescriptorError> {
        Ok(Self { pool: DescriptorPool::decode(DESCRIPTORS)?, json })
    }

    /// One message, with a newline behind it.
    pub(super) fn text(&self, seen: &Seen) -> String {
        if self.json { format!("{}\n", self.line(seen)) } else { self.paragraph(seen) }
    }

    fn body(&self, seen: &Seen) -> Body {
        let Some(name) = content::type_of(&seen.subject) else {
            return Body::Bytes("no subject of Muster".to_owned());
        };
        let Some(message) = self.pool.get_message_by_name(&name) else {
            return Body::Bytes(format!("{name} is not known here"));
        };
        match DynamicMessage::decode(message, seen.payload.as_ref()) {
            Ok(message) => Body::Message(name, message),
            // Empty where a session was deleted.
            Err(error) => Body::Bytes(format!("not {name}: {error}")),
        }
    }

    fn line(&self, seen: &Seen) -> Value {
        let Seen { stream, sequence, time, subject, id, payload } = seen;
        let mut line = json!({ "stream": stream, "sequence": sequence, "time": time, "subject": subject, "id": id });
        let told = match self.body(seen) {
            Body::Message(name, message) => match serde_json::to_value(&message) {
                Ok(message) => json!({ "type": name, "message": message }),
                Err(error) => json!({ "error": error.to_string(), "bytes": BASE64.encode(payload) }),
            },
            Body::Bytes(why) => json!({ "error": why, "bytes": BASE64.encode(payload) }),
        };
        if let (Some(line), Value::Object(told)) = (line.as_object_mut(), told) {
            line.extend(told);
        }
        line
    }

    fn paragraph(&self, seen: &Seen) -> String {
        let Seen { stream, sequence, time, subject, payload, .. } = seen;
        let mut text = format!("{} {}\n", style(format!("{stream} {sequence}  {time} ")).dim(), style(subject).cyan());
        match self.body(seen) {
            Body::Message(name, message) => {
                let options = FormatOptions::new().pretty(true).skip_unknown_fields(false);
                let _ = writeln!(text, "  {}", style(name).bold());
                for line in message.to_text_format_with_options(&options).lines() {
                    let _ = writeln!(text, "    {line}");
                }
            }
            Body::Bytes(why) => {
                let _ = writeln!(text, "  {} ({} bytes)", style(why).yellow(), payload.len());
                let begin = payload.get(..SHOWN).unwrap_or(payload);
                if !begin.is_empty() {
                    let _ = writeln!(
                        text,
                        "    {}{}",
                        HEXLOWER.encode(begin),
                        if payload.len() > SHOWN { "…" } else { "" }
                    );
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use muster_contracts::{Message as _, v1};

    use super::*;

    fn seen(subject: &str, payload: Vec<u8>) -> Seen {
        let (stream, time) = ("CHUNKS".to_owned(), "2026-11-26T09:30:00Z".to_owned());
        Seen { stream, sequence: 7, time, subject: subject.to_owned(), id: None, payload: payload.into() }
    }

    fn chunk_subject() -> String {
        let id = |letter: &str| letter.repeat(21);
        format!("chat.v1.stream.{}.{}.{}.chunk", id("w"), id("s"), id("r"))
    }

    #[test]
    fn a_message_is_told_by_its_fields() {
        let delta = v1::TextDelta { part_id: "p".to_owned(), append: "Grüße\n".to_owned() };
        let chunk = v1::Chunk { number: 3, timestamp: 5, change: Some(v1::chunk::Change::Text(delta)) };
        let seen = seen(&chunk_subject(), chunk.encode_to_vec());
        let text = Shower::new(false).unwrap().text(&seen);
        assert!(text.contains("muster.v1.Chunk") && text.contains("number: 3"), "{text}");
        let line = Shower::new(true).unwrap().text(&seen);
        assert_eq!(line.matches('\n').count(), 1);
        let line = serde_json::from_str::<Value>(&line).unwrap();
        assert_eq!(line["message"]["text"]["append"], "Grüße\n");
        assert_eq!((&line["sequence"], &line["type"]), (&json!(7), &json!("muster.v1.Chunk")));
    }

    #[test]
    fn what_is_no_message_of_ours_is_shown_as_bytes() {
        for (subject, payload) in [("else.where".to_owned(), b"hm".to_vec()), (chunk_subject(), vec![0xff; 200])] {
            let seen = seen(&subject, payload.clone());
            let line = serde_json::from_str::<Value>(&Shower::new(true).unwrap().text(&seen)).unwrap();
            assert_eq!(line["bytes"], BASE64.encode(&payload));
            assert!(line["error"].is_string() && line["message"].is_null());
            let text = Shower::new(false).unwrap().text(&seen);
            assert!(text.contains(&format!("({} bytes)", payload.len())), "{text}");
        }
    }
}

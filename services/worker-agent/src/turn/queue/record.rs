//! How what was said lies in the file. Only the process that wrote a file ever reads it, so this may change freely.

use std::io;

use muster_contracts::{
    Message,
    v1::{DiffPart, NoticePart, PlanPart, RequestBody, ToolPart, Usage},
};

use crate::domain::event::{Event, Piece, Span};

#[derive(Clone, PartialEq, prost::Message)]
struct Record {
    #[prost(int64, tag = "1")]
    at: i64,
    #[prost(string, tag = "2")]
    part: String,
    #[prost(int64, optional, tag = "3")]
    started_at: Option<i64>,
    #[prost(int64, optional, tag = "4")]
    ended_at: Option<i64>,
    #[prost(oneof = "Said", tags = "5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15")]
    said: Option<Said>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Said {
    #[prost(string, tag = "5")]
    Text(String),
    #[prost(string, tag = "6")]
    Reasoning(String),
    #[prost(message, tag = "7")]
    Tool(ToolPart),
    #[prost(message, tag = "8")]
    Diff(DiffPart),
    #[prost(message, tag = "9")]
    Plan(PlanPart),
    #[prost(message, tag = "10")]
    Usage(Usage),
    #[prost(message, tag = "11")]
    Notice(NoticePart),
    #[prost(message, tag = "12")]
    Asked(RequestBody),
    #[prost(string, tag = "13")]
    SessionId(String),
    #[prost(string, tag = "14")]
    Title(String),
    #[prost(message, tag = "15")]
    Withdrawn(RequestBody),
}

/// As bytes.
pub(super) fn encode(events: &[(i64, Event)]) -> Vec<u8> {
    events.iter().flat_map(|(at, event)| record(*at, event.clone()).encode_length_delimited_to_vec()).collect()
}

/// From bytes.
///
/// # Errors
/// When they are not what was written.
pub(super) fn decode(mut bytes: &[u8]) -> io::Result<Vec<(i64, Event)>> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let record = Record::decode_length_delimited(&mut bytes)?;
        events.push((record.at, event(record).ok_or(io::ErrorKind::InvalidData)?));
    }
    Ok(events)
}

fn record(at: i64, event: Event) -> Record {
    let (part, span, said) = match event {
        Event::Text { part, append } => (part, Span::default(), Said::Text(append)),
        Event::Reasoning { part, append } => (part, Span::default(), Said::Reasoning(append)),
        Event::Piece { part, piece, span } => {
            let said = match piece {
                Piece::Tool(tool) => Said::Tool(tool),
                Piece::Diff(diff) => Said::Diff(diff),
                Piece::Plan(plan) => Said::Plan(plan),
                Piece::Usage(usage) => Said::Usage(usage),
                Piece::Notice(notice) => Said::Notice(notice),
            };
            (part, span, said)
        }
        Event::Asked(body) => (String::new(), Span::default(), Said::Asked(body)),
        Event::Withdrawn(body) => (String::new(), Span::default(), Said::Withdrawn(body)),
        Event::SessionId(id) => (String::new(), Span::default(), Said::SessionId(id)),
        Event::Title(title) => (String::new(), Span::default(), Said::Title(title)),
    };
    Record { at, part, started_at: span.started_at, ended_at: span.ended_at, said: Some(said) }
}

fn event(record: Record) -> Option<Event> {
    let Record { at: _, part, started_at, ended_at, said } = record;
    let piece = |part, piece| Event::Piece { part, piece, span: Span { started_at, ended_at } };
    Some(match said? {
        Said::Text(append) => Event::Text { part, append },
        Said::Reasoning(append) => Event::Reasoning { part, append },
        Said::Tool(tool) => piece(part, Piece::Tool(tool)),
        Said::Diff(diff) => piece(part, Piece::Diff(diff)),
        Said::Plan(plan) => piece(part, Piece::Plan(plan)),
        Said::Usage(usage) => piece(part, Piece::Usage(usage)),
        Said::Notice(notice) => piece(part, Piece::Notice(notice)),
        Said::Asked(body) => Event::Asked(body),
        Said::Withdrawn(body) => Event::Withdrawn(body),
        Said::SessionId(id) => Event::SessionId(id),
        Said::Title(title) => Event::Title(title),
    })
}

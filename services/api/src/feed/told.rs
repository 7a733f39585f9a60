//! A stored message, read once: what it means for the order, and its frame.

use bytes::Bytes;
use muster_bus::Stored;
use muster_contracts::{
    Message as _,
    id::{MessageId, SessionId},
    subject::{About, ChunkAddress, ChunkKind as Kind, Entity, EventAddress, Subject},
    v1,
};

use crate::{
    domain::{event_id::EventId, sequencer::Step},
    feed::frame,
    http::{
        events::frames::Removed,
        model::{
            chunk::{ChatChunk, ChunkKind},
            machine::Machine,
            message::{ChatMessage, Role, TurnStatus},
            part::Part,
            request::AgentRequest,
            session::ChatSession,
            worker::{Registration, Worker},
        },
    },
};

/// What a message says.
#[derive(Debug)]
pub(super) enum Told {
    Start { session: SessionId, reply: MessageId, start: v1::Start },
    Chunk { session: SessionId, reply: MessageId, chunk: v1::Chunk },
    Asked { session: SessionId, reply: MessageId, asked: v1::RequestAsked },
    End { reply: MessageId, end: v1::End },
    State(v1::state::Object),
    Event { entity: Entity, id: String, object: v1::event::Object },
}

/// A frame for viewers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) frame: Bytes,
    /// Text that may be merged with what follows.
    pub(super) text: bool,
}

impl Told {
    /// Reads a message; `None` for what cannot be read or is not for viewers.
    pub(super) fn read(stored: &Stored) -> Option<Self> {
        let payload = stored.payload.clone();
        match &stored.subject {
            Subject::Chunk(ChunkAddress { writer: _, session, about, kind }) => match (kind, about) {
                (Kind::State, _) => v1::State::decode(payload).ok()?.object.map(Self::State),
                (_, About::Session) => None,
                (kind, About::Message(reply)) => {
                    let (session, reply) = (session.clone(), reply.clone());
                    Some(match kind {
                        Kind::Start => Self::Start { session, reply, start: v1::Start::decode(payload).ok()? },
                        Kind::Chunk => Self::Chunk { session, reply, chunk: v1::Chunk::decode(payload).ok()? },
                        Kind::Request => Self::Asked { session, reply, asked: v1::RequestAsked::decode(payload).ok()? },
                        Kind::End => Self::End { reply, end: v1::End::decode(payload).ok()? },
                        Kind::State => return None,
                    })
                }
            },
            Subject::Event(EventAddress { user: _, entity, id }) => {
                let object = v1::Event::decode(payload).ok()?.object?;
                Some(Self::Event { entity: *entity, id: id.clone(), object })
            }
            _ => None,
        }
    }

    /// When its worker wrote it, if it is a chunk.
    pub(super) const fn written_at(&self) -> Option<i64> {
        match self {
            Self::Chunk { chunk, .. } => Some(chunk.timestamp),
            _ => None,
        }
    }

    /// What it means for the order.
    pub(super) fn step(&self) -> Step {
        let numbered = |reply: &MessageId, number, end| Step::Numbered { reply: reply.clone(), number, end };
        match self {
            Self::Start { reply, .. } => numbered(reply, 0, false),
            Self::Chunk { reply, chunk, .. } => numbered(reply, chunk.number, false),
            Self::Asked { reply, asked, .. } => numbered(reply, asked.number, false),
            Self::End { reply, end } => numbered(reply, end.number, true),
            Self::State(v1::state::Object::Message(message)) if is_last_word(message) => {
                message.message_id.parse().map_or(Step::Plain, Step::Settled)
            }
            Self::State(_) | Self::Event { .. } => Step::Plain,
        }
    }

    /// What viewers see of it, if anything.
    pub(super) fn show(self, id: &EventId) -> Option<Shown> {
        match self {
            Self::Start { session, reply, start } => shown(id, "message", &started(&session, &reply, start)),
            Self::Chunk { session, reply, chunk } => {
                let chunk = increment(&session, &reply, chunk)?;
                let text = chunk.chunk.is_some();
                frame::encode(id, "chunk", &chunk).map(|frame| Shown { frame, text })
            }
            Self::Asked { session, reply, asked } => shown(id, "chunk", &asked_for(&session, &reply, asked)),
            // Chat's word on the reply follows, with the whole of it.
            Self::End { .. } => None,
            Self::State(object) => match object {
                v1::state::Object::Message(message) => shown(id, "message", &ChatMessage::from(message)),
                v1::state::Object::Session(session) => shown(id, "session", &ChatSession::from(session)),
                v1::state::Object::Request(request) => shown(id, "request", &AgentRequest::from(request)),
                v1::state::Object::MessageRemoved(message) => removed(id, "message", message),
            },
            Self::Event { entity, id: of, object } => event(id, entity, of, object),
        }
    }
}

fn event(id: &EventId, entity: Entity, of: String, object: v1::event::Object) -> Option<Shown> {
    use v1::event::Object;
    match object {
        Object::Machine(machine) => shown(id, "machine", &Machine::from(machine)),
        Object::Worker(worker) => shown(id, "worker", &Worker::from(worker)),
        Object::Registration(registration) => shown(id, "registration", &Registration::from(registration)),
        Object::Session(session) => shown(id, "session", &ChatSession::from(session)),
        Object::Request(request) => shown(id, "request", &AgentRequest::from(request)),
        // Accounts, sign-ins and the audit log are not shown.
        Object::User(_) | Object::Audit(_) => None,
        Object::Removed(v1::Removed {}) => match entity {
            Entity::User | Entity::Device | Entity::Token | Entity::Audit => None,
            Entity::Machine | Entity::Worker | Entity::Registration | Entity::Session | Entity::Request => {
                removed(id, entity.as_str(), of)
            }
        },
    }
}

fn shown(id: &EventId, event: &str, data: &impl serde::Serialize) -> Option<Shown> {
    frame::encode(id, event, data).map(|frame| Shown { frame, text: false })
}

fn removed(id: &EventId, entity: &str, of: String) -> Option<Shown> {
    shown(id, "removed", &Removed { entity: entity.to_owned(), id: of })
}

fn is_last_word(message: &v1::ChatMessage) -> bool {
    use v1::TurnStatus::{Cancelled, Completed, Failed, Interrupted};
    message.role() == v1::Role::Assistant && matches!(message.status(), Completed | Failed | Cancelled | Interrupted)
}

/// The reply as it begins; chat's own word on it has a higher revision.
fn started(session: &SessionId, reply: &MessageId, start: v1::Start) -> ChatMessage {
    let v1::Start { instance: _, reply_to, model, claimed_at } = start;
    ChatMessage {
        message_id: reply.to_string(),
        chat_session_id: session.to_string(),
        role: Role::Assistant,
        content: String::new(),
        parts: Vec::new(),
        attachments: Vec::new(),
        status: TurnStatus::Streaming,
        completed: false,
        is_streaming: true,
        model: Some(model),
        reply_to: Some(reply_to),
        replaces: None,
        version: None,
        mode: None,
        queue_position: None,
        superseded_by: None,
        error: None,
        chunk_count: None,
        content_hash: None,
        timestamp: claimed_at,
        revision: 2,
        received_sequence: 0,
    }
}

fn increment(session: &SessionId, reply: &MessageId, chunk: v1::Chunk) -> Option<ChatChunk> {
    use v1::{chunk::Change, part};
    let v1::Chunk { number, timestamp, change } = chunk;
    let (kind, part_id, chunk, part) = match change? {
        Change::Text(v1::TextDelta { part_id, append }) => (ChunkKind::Text, part_id, Some(append), None),
        Change::Reasoning(v1::TextDelta { part_id, append }) => (ChunkKind::Reasoning, part_id, Some(append), None),
        Change::Part(part) => {
            let kind = match part.kind.as_ref()? {
                part::Kind::Text(_) => ChunkKind::Text,
                part::Kind::Reasoning(_) => ChunkKind::Reasoning,
                part::Kind::Tool(_) => ChunkKind::Tool,
                part::Kind::Diff(_) => ChunkKind::Diff,
                part::Kind::Plan(_) => ChunkKind::Plan,
                part::Kind::Permission(_) => ChunkKind::Permission,
                part::Kind::Question(_) => ChunkKind::Question,
                part::Kind::Usage(_) => ChunkKind::Usage,
                part::Kind::Notice(_) => ChunkKind::Notice,
            };
            (kind, part.part_id.clone(), None, Some(Part::from(part)))
        }
    };
    Some(ChatChunk {
        chunk_id: format!("{reply}:{number}"),
        message_id: reply.to_string(),
        chat_session_id: session.to_string(),
        sequence: number,
        first_sequence: None,
        timestamp,
        kind,
        part_id,
        chunk,
        part,
    })
}

/// The request itself comes from chat; here is its place in the reply.
fn asked_for(session: &SessionId, reply: &MessageId, asked: v1::RequestAsked) -> ChatChunk {
    let v1::RequestAsked { number, timestamp, part_id, body, withdrawn_at } = asked;
    let body = body.unwrap_or_default();
    let reference = v1::RequestPart { request_id: body.request_id.clone() };
    let (kind, content) = match body.kind() {
        v1::RequestKind::Question => (ChunkKind::Question, v1::part::Kind::Question(reference)),
        v1::RequestKind::Permission | v1::RequestKind::Unspecified => {
            (ChunkKind::Permission, v1::part::Kind::Permission(reference))
        }
    };
    let part =
        v1::Part { part_id: part_id.clone(), started_at: timestamp, ended_at: withdrawn_at, kind: Some(content) };
    ChatChunk {
        chunk_id: format!("{reply}:{number}"),
        message_id: reply.to_string(),
        chat_session_id: session.to_string(),
        sequence: number,
        first_sequence: None,
        timestamp: withdrawn_at.unwrap_or(timestamp),
        kind,
        part_id,
        chunk: None,
        part: Some(part.into()),
    }
}

//! Subjects as values that print and parse.
//!
//! A nanoid never contains a dot, so every id is one token. Nobody else builds
//! or splits a subject.

pub mod content;
pub mod every;

use std::{fmt, str::FromStr};

use crate::{
    fingerprint::Fingerprint,
    id::{MachineId, MessageId, SessionId, UserId, WorkerId},
    tokens::{UnknownToken, tokens},
};

/// Not a subject of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a subject of Muster")]
pub struct UnknownSubject;

impl From<UnknownToken> for UnknownSubject {
    fn from(_: UnknownToken) -> Self {
        Self
    }
}

tokens! {
    /// What a worker asks or tells the registry.
    RegistryVerb {
        /// Asks to be this worker.
        Register = "register",
        /// Publishes the backend's models.
        Models = "models",
        /// Says that the worker lives; no answer.
        Heartbeat = "heartbeat",
        /// Says that the worker goes; no answer.
        Bye = "bye",
    }
    /// What a worker asks chat.
    ChatVerb {
        /// What should I do?
        Sync = "sync",
        /// The answer to an ask.
        Result = "result",
        /// A range of an attachment.
        Attachment = "attachment",
    }
    /// What is written about a reply.
    ChunkKind {
        /// The turn begins.
        Start = "start",
        /// One increment.
        Chunk = "chunk",
        /// The backend asks the user.
        Request = "request",
        /// The turn is over.
        End = "end",
        /// An object as chat has it now.
        State = "state",
    }
    /// What an event is about.
    Entity {
        /// A machine.
        Machine = "machine",
        /// A worker.
        Worker = "worker",
        /// A key that asks to be a worker.
        Registration = "registration",
        /// A session.
        Session = "session",
        /// A request of an agent.
        Request = "request",
        /// An account.
        User = "user",
        /// A sign-in.
        Device = "device",
        /// An API token.
        Token = "token",
        /// Something that was done, for the audit log.
        Audit = "audit",
    }
}

/// Who writes into a session's part of CHUNKS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Writer {
    /// The service chat.
    Chat,
    /// A worker, about its own sessions.
    Worker(WorkerId),
}

/// What a message in CHUNKS is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum About {
    /// The session as a whole.
    Session,
    /// A reply, or for `state` any message.
    Message(MessageId),
}

/// Address of a message in CHUNKS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChunkAddress {
    /// Who writes.
    pub writer: Writer,
    /// Into which session.
    pub session: SessionId,
    /// About what.
    pub about: About,
    /// Which kind.
    pub kind: ChunkKind,
}

/// Address of a message in EVENTS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventAddress {
    /// Whose object changed.
    pub user: UserId,
    /// Of which kind it is.
    pub entity: Entity,
    /// Which one: an id, or `<worker>_<fingerprint>` for a registration.
    pub id: String,
}

/// A subject that some process publishes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, strum::EnumDiscriminants)]
#[strum_discriminants(name(SubjectKind), vis(pub(crate)), derive(strum::VariantArray))]
pub enum Subject {
    /// A worker speaks to the registry.
    RegistryWorker {
        /// The worker's machine.
        machine: MachineId,
        /// The worker.
        worker: WorkerId,
        /// The key that it proved.
        fingerprint: Fingerprint,
        /// What it asks.
        verb: RegistryVerb,
    },
    /// A worker speaks to chat.
    ChatWorker {
        /// The worker.
        worker: WorkerId,
        /// What it asks.
        verb: ChatVerb,
    },
    /// The doorbell of a worker.
    Wake(WorkerId),
    /// Into CHUNKS.
    Chunk(ChunkAddress),
    /// A stored message of CHUNKS, republished.
    LiveChunk(ChunkAddress),
    /// Into EVENTS.
    Event(EventAddress),
    /// A stored message of EVENTS, republished.
    LiveEvent(EventAddress),
}

impl fmt::Display for Writer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chat => out.write_str("chat"),
            Self::Worker(worker) => worker.fmt(out),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => out.write_str("-"),
            Self::Message(message) => message.fmt(out),
        }
    }
}

impl fmt::Display for ChunkAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}.{}", self.writer, self.session, self.about, self.kind.as_str())
    }
}

impl fmt::Display for EventAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.user, self.entity.as_str(), self.id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RegistryWorker { machine, worker, fingerprint, verb } => {
                write!(out, "reg.v1.worker.{machine}.{worker}.{fingerprint}.{}", verb.as_str())
            }
            Self::ChatWorker { worker, verb } => write!(out, "chat.v1.worker.{worker}.{}", verb.as_str()),
            Self::Wake(worker) => write!(out, "wrk.v1.{worker}.wake"),
            Self::Chunk(address) => write!(out, "chat.v1.stream.{address}"),
            Self::LiveChunk(address) => write!(out, "live.v1.{address}"),
            Self::Event(address) => write!(out, "evt.v1.{address}"),
            Self::LiveEvent(address) => write!(out, "live.evt.v1.{address}"),
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(text: &str) -> Result<Self, UnknownSubject> {
        let tokens = text.split('.').collect::<Vec<_>>();
        match *tokens.as_slice() {
            ["reg", "v1", "worker", machine, worker, fingerprint, verb] => Ok(Self::RegistryWorker {
                machine: machine.parse().map_err(|_| UnknownSubject)?,
                worker: worker.parse().map_err(|_| UnknownSubject)?,
                fingerprint: fingerprint.parse().map_err(|_| UnknownSubject)?,
                verb: verb.parse()?,
            }),
            ["chat", "v1", "worker", worker, verb] => {
                Ok(Self::ChatWorker { worker: worker.parse().map_err(|_| UnknownSubject)?, verb: verb.parse()? })
            }
            ["wrk", "v1", worker, "wake"] => Ok(Self::Wake(worker.parse().map_err(|_| UnknownSubject)?)),
            ["chat", "v1", "stream", writer, session, about, kind] => {
                Ok(Self::Chunk(chunk_address(writer, session, about, kind)?))
            }
            ["live", "v1", writer, session, about, kind] => {
                Ok(Self::LiveChunk(chunk_address(writer, session, about, kind)?))
            }
            ["evt", "v1", user, entity, id] => Ok(Self::Event(event_address(user, entity, id)?)),
            ["live", "evt", "v1", user, entity, id] => Ok(Self::LiveEvent(event_address(user, entity, id)?)),
            _ => Err(UnknownSubject),
        }
    }
}

fn chunk_address(writer: &str, session: &str, about: &str, kind: &str) -> Result<ChunkAddress, UnknownSubject> {
    Ok(ChunkAddress {
        writer: match writer {
            "chat" => Writer::Chat,
            worker => Writer::Worker(worker.parse().map_err(|_| UnknownSubject)?),
        },
        session: session.parse().map_err(|_| UnknownSubject)?,
        about: match about {
            "-" => About::Session,
            message => About::Message(message.parse().map_err(|_| UnknownSubject)?),
        },
        kind: kind.parse()?,
    })
}

fn event_address(user: &str, entity: &str, id: &str) -> Result<EventAddress, UnknownSubject> {
    if id.is_empty() {
        return Err(UnknownSubject);
    }
    Ok(EventAddress { user: user.parse().map_err(|_| UnknownSubject)?, entity: entity.parse()?, id: id.to_owned() })
}

/// Subscriptions and stream filters: subjects with wildcards.
pub mod filter {
    use crate::stream;

    use super::{
        ChunkKind, Entity, Fingerprint, MachineId, MessageId, RegistryVerb, SessionId, UserId, WorkerId, Writer,
    };

    /// Everything that workers ask the registry.
    pub const REGISTRY_WORKERS: &str = "reg.v1.worker.>";
    /// Everything that workers ask chat.
    pub const CHAT_WORKERS: &str = "chat.v1.worker.>";
    /// Everything that is stored in CHUNKS.
    pub const CHUNKS: &str = "chat.v1.stream.*.*.*.*";
    /// Everything that is stored in EVENTS.
    pub const EVENTS: &str = "evt.v1.*.*.*";
    /// Everything that a stream republishes once it is stored.
    pub const LIVE: &str = "live.>";

    /// One session in CHUNKS, by any writer.
    #[must_use]
    pub fn session(session: &SessionId) -> String {
        format!("chat.v1.stream.*.{session}.*.*")
    }

    /// Everything that one worker has stored in CHUNKS.
    #[must_use]
    pub fn writer(worker: &WorkerId) -> String {
        format!("chat.v1.stream.{worker}.>")
    }

    /// One reply in CHUNKS as its worker wrote it.
    #[must_use]
    pub fn reply(worker: &WorkerId, session: &SessionId, reply: &MessageId) -> String {
        format!("chat.v1.stream.{worker}.{session}.{reply}.*")
    }

    /// The live tail of a session, of one writer.
    #[must_use]
    pub fn live_session(writer: &Writer, session: &SessionId) -> String {
        format!("live.v1.{writer}.{session}.*.*")
    }

    /// One kind in CHUNKS, by any writer.
    #[must_use]
    pub fn kind(kind: ChunkKind) -> String {
        format!("chat.v1.stream.*.*.*.{}", kind.as_str())
    }

    /// All events of a user.
    #[must_use]
    pub fn user(user: &UserId) -> String {
        format!("evt.v1.{user}.*.*")
    }

    /// The live tail of a user's events.
    #[must_use]
    pub fn live_user(user: &UserId) -> String {
        format!("live.evt.v1.{user}.*.*")
    }

    /// The live tail of all events about one kind of thing, whoever's it is.
    #[must_use]
    pub fn live_entity(entity: Entity) -> String {
        format!("live.evt.v1.*.{}.*", entity.as_str())
    }

    /// All events about one kind of thing.
    #[must_use]
    pub fn entity(entity: Entity) -> String {
        format!("evt.v1.*.{}.*", entity.as_str())
    }

    /// What the subjects of CHUNKS begin with.
    const CHUNKS_BEGIN: &str = "chat.v1.stream.";
    /// What the subjects of EVENTS begin with.
    const EVENTS_BEGIN: &str = "evt.v1.";

    /// The stream that stores on the subjects of a filter, and where it republishes them; `None`: there is none.
    #[must_use]
    pub fn stream_of(filter: &str) -> Option<(&'static str, String)> {
        let chunks = filter.strip_prefix(CHUNKS_BEGIN).map(|rest| (stream::CHUNKS, format!("live.v1.{rest}")));
        chunks.or_else(|| filter.strip_prefix(EVENTS_BEGIN).map(|rest| (stream::EVENTS, format!("live.evt.v1.{rest}"))))
    }

    /// Everything that a worker hears.
    #[must_use]
    pub fn wake(worker: &WorkerId) -> String {
        format!("wrk.v1.{worker}.>")
    }

    /// One thing that workers ask or tell the registry.
    #[must_use]
    pub fn registry_verb(verb: RegistryVerb) -> String {
        format!("reg.v1.worker.*.*.*.{}", verb.as_str())
    }

    /// What one key of a worker may ask the registry.
    #[must_use]
    pub fn registry_worker(machine: &MachineId, worker: &WorkerId, fingerprint: &Fingerprint) -> String {
        format!("reg.v1.worker.{machine}.{worker}.{fingerprint}.>")
    }
}

/// Prefix of the inboxes of one key: no other may listen there.
#[must_use]
pub fn worker_inbox(fingerprint: &Fingerprint) -> String {
    format!("_INBOX_{fingerprint}")
}

/// Prefix of the inboxes of a service.
#[must_use]
pub fn service_inbox(service: &str) -> String {
    format!("_INBOX_{service}")
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    fn id() -> impl Strategy<Value = String> {
        "[A-Za-z0-9_-]{21}"
    }

    fn chunk() -> impl Strategy<Value = ChunkAddress> {
        (prop::option::of(id()), id(), prop::option::of(id()), select(ChunkKind::ALL)).prop_map(
            |(writer, session, about, kind)| ChunkAddress {
                writer: writer.map_or(Writer::Chat, |id| Writer::Worker(id.parse().unwrap())),
                session: session.parse().unwrap(),
                about: about.map_or(About::Session, |id| About::Message(id.parse().unwrap())),
                kind,
            },
        )
    }

    fn event() -> impl Strategy<Value = EventAddress> {
        (id(), select(Entity::ALL), id()).prop_map(|(user, entity, id)| EventAddress {
            user: user.parse().unwrap(),
            entity,
            id,
        })
    }

    fn subject() -> impl Strategy<Value = Subject> {
        prop_oneof![
            (id(), id(), "[a-z2-7]{32}", select(RegistryVerb::ALL)).prop_map(|(machine, worker, fingerprint, verb)| {
                Subject::RegistryWorker {
                    machine: machine.parse().unwrap(),
                    worker: worker.parse().unwrap(),
                    fingerprint: fingerprint.parse().unwrap(),
                    verb,
                }
            }),
            (id(), select(ChatVerb::ALL))
                .prop_map(|(worker, verb)| Subject::ChatWorker { worker: worker.parse().unwrap(), verb }),
            id().prop_map(|worker| Subject::Wake(worker.parse().unwrap())),
            chunk().prop_map(Subject::Chunk),
            chunk().prop_map(Subject::LiveChunk),
            event().prop_map(Subject::Event),
            event().prop_map(Subject::LiveEvent),
        ]
    }

    proptest! {
        #[test]
        fn every_subject_that_prints_parses_to_itself(subject in subject()) {
            prop_assert_eq!(subject.to_string().parse(), Ok(subject));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<Subject>();
        }
    }
}

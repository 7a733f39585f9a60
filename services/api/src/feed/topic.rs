//! What can be watched: a session, or all that is a user's.

use muster_bus::Stored;
use muster_contracts::{
    id::{SessionId, UserId, WorkerId},
    stream,
    subject::{ChunkAddress, ChunkKind, Entity, EventAddress, Subject, Writer, filter},
};

/// A stream of events as viewers know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// One session, with the one worker that may write in it.
    Session {
        /// Which.
        session: SessionId,
        /// Whose it is.
        user: UserId,
        /// Its worker.
        worker: WorkerId,
    },
    /// Everything of a user.
    User(UserId),
}

impl Topic {
    /// The broker's stream that it is part of.
    pub(crate) const fn stream(&self) -> &'static str {
        match self {
            Self::Session { .. } => stream::CHUNKS,
            Self::User(_) => stream::EVENTS,
        }
    }

    /// First part of its events' ids.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Session { session, .. } => session.as_str(),
            Self::User(user) => user.as_str(),
        }
    }

    /// How a `resync` names it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Session { session, .. } => session.as_str(),
            Self::User(_) => "user",
        }
    }

    /// What the live tail subscribes: exactly the writers that are shown.
    pub(crate) fn tail(&self) -> Vec<String> {
        match self {
            Self::Session { session, user, worker } => {
                let removal = EventAddress { user: user.clone(), entity: Entity::Session, id: session.to_string() };
                vec![
                    filter::live_session(&Writer::Worker(worker.clone()), session),
                    filter::live_session(&Writer::Chat, session),
                    // CHUNKS cannot say that the session itself is gone.
                    Subject::LiveEvent(removal).to_string(),
                ]
            }
            Self::User(user) => vec![filter::live_user(user)],
        }
    }

    /// What is read from the stream.
    pub(crate) fn filter(&self) -> String {
        match self {
            Self::Session { session, .. } => filter::session(session),
            Self::User(user) => filter::user(user),
        }
    }

    /// Whether its writer may write it here: a read brings what anybody stored.
    pub(crate) fn admits(&self, stored: &Stored) -> bool {
        match (self, &stored.subject) {
            (Self::Session { session, worker, .. }, Subject::Chunk(address)) => {
                let ChunkAddress { writer, session: of, about: _, kind } = address;
                of == session
                    && match writer {
                        Writer::Chat => *kind == ChunkKind::State,
                        Writer::Worker(writer) => writer == worker && *kind != ChunkKind::State,
                    }
            }
            (Self::User(user), Subject::Event(address)) => address.user == *user,
            _ => false,
        }
    }
}

//! Telling of changes, in the transaction that makes them: viewers of a session
//! by CHUNKS, the user's pages by EVENTS.

use muster_contracts::{
    Message as _,
    audit::Action,
    id::{self, MessageId},
    subject::{About, ChunkAddress, ChunkKind, Entity, EventAddress, Subject, Writer},
    v1::{self, event, state},
};
use muster_service::{Clock, Write, outbox, problem};

use crate::{
    state::{Done, Refusal},
    store::{MessageRow, RequestRow, SessionRow, messages, sessions},
};

/// A reply larger than this is told without its content, which its chunks have
/// brought already.
const WHOLE: usize = 32 * 1024;

/// Who caused a change.
#[derive(Debug, Clone, Default)]
pub struct Actor(v1::Actor);

impl Actor {
    /// The user who asked.
    #[must_use]
    pub fn user(caller: &v1::Caller) -> Self {
        let v1::Caller { user_id, address, token_id } = caller.clone();
        Self(v1::Actor { user_id, worker_id: String::new(), address, token_id })
    }

    /// A worker.
    #[must_use]
    pub fn worker(worker_id: &str) -> Self {
        Self(v1::Actor { worker_id: worker_id.to_owned(), ..v1::Actor::default() })
    }

    /// Nobody: it came by itself.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }
}

fn state_subject(session_id: &str, message_id: Option<&str>) -> Done<Subject> {
    let about = match message_id {
        Some(id) => About::Message(id.parse::<MessageId>()?),
        None => About::Session,
    };
    Ok(Subject::Chunk(ChunkAddress {
        writer: Writer::Chat,
        session: session_id.parse()?,
        about,
        kind: ChunkKind::State,
    }))
}

fn event_subject(user_id: &str, entity: Entity, id: &str) -> Done<Subject> {
    Ok(Subject::Event(EventAddress { user: user_id.parse()?, entity, id: id.to_owned() }))
}

fn event(clock: &Clock, actor: &Actor, object: event::Object) -> v1::Event {
    v1::Event { actor: Some(actor.0.clone()), timestamp: clock.now(), object: Some(object) }
}

/// A message came or changed.
///
/// # Errors
/// When the database fails.
pub async fn message(write: &mut Write, clock: &Clock, row: &MessageRow) -> Done<()> {
    let mut message = row.to_wire();
    if message.role() == v1::Role::Assistant && message.encoded_len() > WHOLE {
        message.content.clear();
        message.parts.clear();
        message.received_number = 0;
    }
    let subject = state_subject(&row.chat_session_id, Some(&row.message_id))?;
    let state = v1::State { object: Some(state::Object::Message(message)) };
    Ok(outbox::put(write, clock, &subject, &state).await?)
}

/// Messages changed, one after the other: together they may be larger than what fits into memory.
///
/// # Errors
/// When the database fails.
pub async fn messages(write: &mut Write, clock: &Clock, ids: &[String]) -> Done<()> {
    for id in ids {
        if let Some(row) = messages::get(&mut *write.connection(), id).await? {
            message(write, clock, &row).await?;
        }
    }
    Ok(())
}

/// A message is no longer part of its session.
///
/// # Errors
/// When the database fails.
pub async fn message_removed(write: &mut Write, clock: &Clock, session_id: &str, message_id: &str) -> Done<()> {
    let subject = state_subject(session_id, Some(message_id))?;
    let state = v1::State { object: Some(state::Object::MessageRemoved(message_id.to_owned())) };
    Ok(outbox::put(write, clock, &subject, &state).await?)
}

/// A session came or changed; its row as it is now.
///
/// # Errors
/// When the database fails.
pub async fn session(write: &mut Write, clock: &Clock, session_id: &str, actor: &Actor) -> Done<SessionRow> {
    let row = sessions::get(&mut *write.connection(), session_id).await?;
    let row = row.ok_or_else(|| Refusal::from(problem::not_found("session")))?;
    let wire = row.to_wire();
    let state = v1::State { object: Some(state::Object::Session(wire.clone())) };
    outbox::put(write, clock, &state_subject(session_id, None)?, &state).await?;
    let subject = event_subject(&row.user_id, Entity::Session, session_id)?;
    outbox::put(write, clock, &subject, &event(clock, actor, event::Object::Session(wire))).await?;
    Ok(row)
}

/// A session is gone.
///
/// # Errors
/// When the database fails.
pub async fn session_removed(write: &mut Write, clock: &Clock, row: &SessionRow, actor: &Actor) -> Done<()> {
    let subject = event_subject(&row.user_id, Entity::Session, &row.chat_session_id)?;
    let removed = event(clock, actor, event::Object::Removed(v1::Removed {}));
    Ok(outbox::put(write, clock, &subject, &removed).await?)
}

/// A request came or changed.
///
/// # Errors
/// When the database fails.
pub async fn request(write: &mut Write, clock: &Clock, row: &RequestRow, actor: &Actor) -> Done<()> {
    let wire = row.to_wire();
    let state = v1::State { object: Some(state::Object::Request(wire.clone())) };
    outbox::put(write, clock, &state_subject(&row.chat_session_id, Some(&row.reply_id))?, &state).await?;
    let subject = event_subject(&row.user_id, Entity::Request, &row.request_id)?;
    Ok(outbox::put(write, clock, &subject, &event(clock, actor, event::Object::Request(wire))).await?)
}

/// Something was done to a session, for the audit log.
///
/// # Errors
/// When the database fails.
pub async fn did(write: &mut Write, clock: &Clock, session: &SessionRow, actor: &Actor, action: Action) -> Done<()> {
    audited(write, clock, session, actor, action.to(&session.chat_session_id, &session.title)).await
}

/// The same with what exactly.
///
/// # Errors
/// When the database fails.
pub async fn audited(
    write: &mut Write,
    clock: &Clock,
    session: &SessionRow,
    actor: &Actor,
    audit: v1::Audit,
) -> Done<()> {
    let (session_id, worker_id) = (session.chat_session_id.clone(), session.worker_id.clone());
    let audit = v1::Audit { session_id, worker_id, ..audit };
    let subject = event_subject(&session.user_id, Entity::Audit, &id::random())?;
    Ok(outbox::put(write, clock, &subject, &event(clock, actor, event::Object::Audit(audit))).await?)
}

//! The whole of a message: what no list can carry, and what has come since its row was written.

use muster_contracts::{
    Message as _, method,
    reply::Reply,
    stream::CHUNKS,
    subject::{ChunkKind, Subject, filter},
    v1,
};

use crate::{feed::BATCH, http::problem::Problem, state::Shared};

/// The message, read in pieces if the list could not carry it.
pub(crate) async fn read(
    api: &Shared,
    caller: Option<&v1::Caller>,
    message: v1::ChatMessage,
) -> Result<v1::ChatMessage, Problem> {
    if message.whole_bytes == 0 {
        return Ok(message);
    }
    let (mut bytes, mut state) = (Vec::new(), None);
    loop {
        let request = v1::ReadMessageRequest {
            caller: caller.cloned(),
            chat_session_id: message.chat_session_id.clone(),
            message_id: message.message_id.clone(),
            offset: bytes.len() as u64,
        };
        let read = api.call::<method::ReadMessage>(request).await?;
        let now = Some((read.revision, read.received_number));
        if state.is_some() && state != now {
            // It has changed meanwhile: from the beginning.
            (bytes, state) = (Vec::new(), None);
            continue;
        }
        state = now;
        bytes.extend_from_slice(&read.piece);
        if read.piece.is_empty() || bytes.len() as u64 >= read.whole_bytes {
            let message = v1::ChatMessage::decode(bytes.as_slice());
            return message.map_err(|_| Problem::unavailable("A long message did not arrive whole; try again."));
        }
    }
}

/// The same with what its worker has written since, if it is a reply that goes on. `position`: of the answer that the
/// message came with.
pub(crate) async fn so_far(
    api: &Shared,
    worker_id: &str,
    mut message: v1::ChatMessage,
    position: u64,
) -> Result<v1::ChatMessage, Problem> {
    let ids = (worker_id.parse(), message.chat_session_id.parse(), message.message_id.parse());
    let (true, (Ok(worker), Ok(session), Ok(id))) = (goes_on(&message), ids) else { return Ok(message) };
    let filter = filter::reply(&worker, &session, &id);
    let mut reply = Reply::resume(std::mem::take(&mut message.parts), message.received_number);
    let mut from = position + 1;
    loop {
        let read = api.bus.read(CHUNKS, &filter, from, BATCH).await;
        let batch = read.map_err(|_| Problem::unavailable("The broker does not answer at the moment; try again."))?;
        for stored in batch.messages {
            from = stored.sequence + 1;
            let Subject::Chunk(address) = &stored.subject else { continue };
            // What cannot be read, or does not follow, is not shown by a stream either.
            let _ = match address.kind {
                ChunkKind::Chunk => v1::Chunk::decode(stored.payload).map(|chunk| reply.chunk(chunk).is_ok()),
                ChunkKind::Request => {
                    v1::RequestAsked::decode(stored.payload).map(|asked| reply.request(asked).is_ok())
                }
                ChunkKind::Start | ChunkKind::End | ChunkKind::State => Ok(true),
            };
        }
        if !batch.more {
            break;
        }
    }
    (message.received_number, message.content) = (reply.number(), reply.content());
    message.parts = reply.into_parts();
    Ok(message)
}

fn goes_on(message: &v1::ChatMessage) -> bool {
    message.role() == v1::Role::Assistant
        && matches!(message.status(), v1::TurnStatus::Delivered | v1::TurnStatus::Streaming)
}

//! The durable consumer of CHUNKS: starts, requests and ends of turns.

use std::time::Duration;

use muster_bus::{Delivery, Outcome};
use muster_contracts::{
    Message as _,
    subject::{About, ChunkAddress, ChunkKind, Subject, Writer},
    v1,
};

use crate::{
    domain::told,
    state::{Done, Refusal, State},
    store::{TurnRow, turns},
    turns::{
        finish::{self, Told},
        progress,
    },
};

/// A lagging replica has caught up by then.
const AGAIN: Duration = Duration::from_millis(200);
/// The database or the broker is back by then, or it is tried again.
const LATER: Duration = Duration::from_secs(1);

/// Handles one message.
pub async fn handle(state: State, delivery: Delivery) -> Outcome {
    state.position.saw(delivery.message.sequence);
    match apply(&state, &delivery).await {
        Ok(outcome) => outcome,
        Err(Refusal::Problem(problem)) => {
            tracing::warn!(problem = problem.detail, "a message of a worker is left out");
            Outcome::Ack
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a message of a worker waits");
            Outcome::Retry(LATER)
        }
    }
}

async fn apply(state: &State, delivery: &Delivery) -> Done<Outcome> {
    let message = &delivery.message;
    let Subject::Chunk(address) = &message.subject else { return Ok(Outcome::Ack) };
    let Some(turn) = turn_of(state, address).await? else { return Ok(Outcome::Ack) };
    let payload = message.payload.clone();
    let is_open = turn.ended_at.is_none();
    match address.kind {
        ChunkKind::Start if is_open && message.id.as_deref() == Some(&format!("{}:0", turn.nonce)) => {
            progress::started(state, &turn).await?;
        }
        ChunkKind::Request => {
            if let Ok(v1::RequestAsked { body: Some(body), withdrawn_at, .. }) = v1::RequestAsked::decode(payload)
                && let Some(body) = told::request(body)
            {
                progress::asked(state, &turn, &body, withdrawn_at.is_some()).await?;
            }
        }
        ChunkKind::End => {
            if let Ok(end) = v1::End::decode(payload).map(told::end)
                && (is_open || finish::is_late(state, &turn, &end).await?)
                && finish::told(state, &turn, &end, message.sequence).await? == Told::Incomplete
            {
                return Ok(Outcome::Retry(AGAIN));
            }
        }
        ChunkKind::Start | ChunkKind::Chunk | ChunkKind::State => {}
    }
    Ok(Outcome::Ack)
}

/// The turn that a worker writes about, if it is that worker's.
async fn turn_of(state: &State, address: &ChunkAddress) -> Done<Option<TurnRow>> {
    let (Writer::Worker(worker), About::Message(reply)) = (&address.writer, &address.about) else { return Ok(None) };
    let turn = turns::of_worker(state.db.pool(), reply.as_str(), worker.as_str()).await?;
    Ok(turn.filter(|turn| turn.chat_session_id == address.session.as_str()))
}

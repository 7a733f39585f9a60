//! Stops the turn of a message: at its worker, or here if the worker is away.

use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session, message_of};
use crate::{
    state::{Done, State},
    store::{turns, workers},
    tell::{self, Actor},
    turns::finish,
};

const AWAY: &str = "The worker was away.";

pub(super) async fn handle(state: State, request: v1::MessageRef) -> Done<v1::Empty> {
    let v1::MessageRef { caller: asked_by, chat_session_id, message_id } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    let session = locked_session(&mut write, &caller, &chat_session_id).await?;
    message_of(write.connection(), &chat_session_id, &message_id).await?;
    let Some(turn) = turns::ask_stop(write.connection(), &chat_session_id, &message_id).await? else {
        let detail = "This message is not being answered now.";
        return Err(problem::conflict("not-open", detail).into());
    };
    let worker = workers::of_session(write.connection(), &session).await?;
    tell::did(&mut write, &state.clock, &session, &Actor::user(&caller), Action::TurnStopped).await?;
    write.commit().await?;
    if worker.is_some_and(|worker| worker.status() == v1::WorkerStatus::Online) {
        state.wake(&session.worker_id).await;
    } else {
        finish::abandon(&state, &turn, AWAY).await?;
    }
    Ok(v1::Empty {})
}

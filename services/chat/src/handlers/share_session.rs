//! Makes the link by which anybody can read a session. The one that it had ends.

use muster_contracts::{audit::Action, limits, v1};
use muster_service::problem;

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::shares,
    tell::{self, Actor},
};

/// Hexadecimal digits of a SHA-256.
const HASH_CHARS: usize = 64;

pub(super) async fn handle(state: State, request: v1::ShareSessionRequest) -> Done<v1::ChatSession> {
    let v1::ShareSessionRequest { caller: asked_by, chat_session_id, secret_hash, expires_at } = request;
    let caller = caller(asked_by);
    let mut write = state.write().await?;
    locked_session(&mut write, &caller, &chat_session_id).await?;
    if secret_hash.len() != HASH_CHARS {
        return Err(problem::invalid("", "The link's secret cannot be read.").into());
    }
    let now = state.clock.now();
    let latest = now + i64::try_from(limits::SHARED.as_millis()).unwrap_or(i64::MAX);
    if !(now + 1..=latest).contains(&expires_at) {
        let detail = "must be in the future and at most a year away, in milliseconds since the epoch";
        return Err(problem::invalid("/expiresAt", detail).into());
    }
    shares::set(write.connection(), &chat_session_id, &secret_hash, expires_at).await?;
    let actor = Actor::user(&caller);
    let row = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
    tell::did(&mut write, &state.clock, &row, &actor, Action::SessionShared).await?;
    write.commit().await?;
    Ok(row.to_wire())
}

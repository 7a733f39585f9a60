//! The durable consumer of EVENTS: what the registry tells of workers, and the
//! api of accounts.

use std::time::Duration;

use muster_bus::{Delivery, Outcome};
use muster_contracts::{
    Message as _,
    subject::{Entity, EventAddress, Subject},
    v1::{self, event::Object},
};

use crate::{
    domain::turn,
    restriction,
    state::{Done, State},
    store::{erasures, messages, quotas, sessions, shares, turns, workers},
    tell::{self, Actor},
    turns::finish,
};

/// The database is back by then, or it is tried again.
const LATER: Duration = Duration::from_secs(1);
const REMOVED: &str = "The worker was removed.";

/// Handles one event.
pub async fn handle(state: State, delivery: Delivery) -> Outcome {
    let Subject::Event(EventAddress { user, entity, id }) = &delivery.message.subject else { return Outcome::Ack };
    let Ok(event) = v1::Event::decode(delivery.message.payload.clone()) else { return Outcome::Ack };
    let done = match (entity, event.object) {
        (Entity::Worker, Some(Object::Worker(worker))) => keep(&state, &worker).await,
        (Entity::Worker, Some(Object::Removed(_))) => removed(&state, id).await,
        (Entity::User, Some(Object::User(account))) if account.disabled => end_links(&state, user.as_str()).await,
        (Entity::User, Some(Object::Removed(_))) => forget(&state, user.as_str()).await,
        _ => Ok(()),
    };
    match done {
        Ok(()) => Outcome::Ack,
        Err(error) => {
            tracing::warn!(%error, id, "an event of a worker or an account waits");
            Outcome::Retry(LATER)
        }
    }
}

async fn keep(state: &State, worker: &v1::Worker) -> Done<()> {
    let mut write = state.write().await?;
    workers::keep(write.connection(), worker).await?;
    write.commit().await?;
    // What was in its way may have gone while the registry was told of it.
    restriction::tell(state, &worker.worker_id).await
}

/// Its sessions end with it, and what waits in them; they stay readable. Their open turns end after them: no other begins
/// then.
async fn removed(state: &State, worker_id: &str) -> Done<()> {
    let mut write = state.write().await?;
    let ended = sessions::alive_of_worker(write.connection(), worker_id).await?;
    // First, so that nothing is sent there any more.
    for session_id in &ended {
        sessions::set_status(write.connection(), session_id, v1::SessionStatus::SessionTerminated).await?;
    }
    if let Some(over) = turn::next(v1::TurnStatus::Queued, turn::Event::Orphan) {
        for message in messages::end_waiting(write.connection(), worker_id, over, REMOVED).await? {
            tell::message(&mut write, &state.clock, &message).await?;
        }
    }
    for session_id in &ended {
        tell::session(&mut write, &state.clock, session_id, &Actor::system()).await?;
    }
    workers::forget(write.connection(), worker_id).await?;
    quotas::forget(write.connection(), worker_id).await?;
    write.commit().await?;
    for turn in turns::open_of_worker(state.db.pool(), worker_id).await? {
        finish::abandon(state, &turn, REMOVED).await?;
    }
    Ok(())
}

/// The account is disabled: what it has shared, it shares no longer.
async fn end_links(state: &State, user_id: &str) -> Done<()> {
    let mut write = state.write().await?;
    for session_id in shares::of_user(write.connection(), user_id).await? {
        shares::forget(write.connection(), &session_id).await?;
        tell::session(&mut write, &state.clock, &session_id, &Actor::system()).await?;
    }
    write.commit().await?;
    Ok(())
}

/// The account is deleted. How many sessions it has, nobody knows: it is noted, so that what comes behind it, such as that
/// a worker of somebody else is away, waits for none of them.
async fn forget(state: &State, user_id: &str) -> Done<()> {
    let mut write = state.write().await?;
    erasures::depart(write.connection(), user_id).await?;
    write.commit().await?;
    state.departures.notify_one();
    Ok(())
}

//! What the api tells of accounts: a disabled one's workers are cut off until it is enabled again, a deleted one's
//! machines are deleted.

use std::time::Duration;

use muster_bus::{Delivery, Outcome};
use muster_contracts::{
    Message as _,
    id::UserId,
    subject::{Entity, EventAddress, Subject},
    v1::{Actor, Event, User, event::Object},
};
use muster_service::DbError;

use super::delete_machine::delete;
use crate::{
    presence::kick,
    state::Shared,
    store::{accounts, connections, machines, workers},
};

/// The database is back by then, or it is tried again.
const LATER: Duration = Duration::from_secs(1);

/// Handles one event.
pub(crate) async fn handle(state: Shared, delivery: Delivery) -> Outcome {
    let Subject::Event(EventAddress { user, entity: Entity::User, .. }) = &delivery.message.subject else {
        return Outcome::Ack;
    };
    let Ok(event) = Event::decode(delivery.message.payload.clone()) else { return Outcome::Ack };
    let done = match event.object {
        Some(Object::User(account)) => suspend(&state, user, &account).await,
        Some(Object::Removed(_)) => remove(&state, user, event.actor.unwrap_or_default()).await,
        _ => Ok(()),
    };
    match done {
        Ok(()) => Outcome::Ack,
        Err(error) => {
            tracing::warn!(%user, error = &error as &dyn std::error::Error, "an event of an account waits");
            Outcome::Retry(LATER)
        }
    }
}

async fn suspend(state: &Shared, user: &UserId, account: &User) -> Result<(), DbError> {
    let suspended = account.disabled;
    let mut write = state.db.write().await?;
    // One event may overtake another: each is handled by whoever is free, and again after a failure.
    if account.revision > 0 && !accounts::hear(&mut write, user, account.revision).await? {
        return Ok(());
    }
    let changed = workers::suspend(&mut write, user, suspended).await?;
    write.commit().await?;
    for worker in &changed {
        if suspended {
            // Also those that wait: they come back at once and are told why.
            kick::cut(state, connections::open(state.db.pool(), worker).await?);
        } else {
            kick::enforce(state, worker).await?;
        }
    }
    if !changed.is_empty() {
        tracing::info!(%user, suspended, workers = changed.len(), "an account was disabled or enabled");
    }
    Ok(())
}

async fn remove(state: &Shared, user: &UserId, actor: Actor) -> Result<(), DbError> {
    for machine in machines::of_user(state.db.pool(), user).await? {
        delete(state, user, &machine, actor.clone()).await?;
    }
    let mut write = state.db.write().await?;
    accounts::forget(&mut write, user).await?;
    write.commit().await
}

//! The broker's notices of connections, as they come.

use std::time::Duration;

use futures_util::StreamExt as _;
use muster_bus::{BrokerEvent, ClientConnection, Identity};
use muster_service::{DbError, db::in_time};

use super::{PATIENCE, kick, refresh::refresh};
use crate::{
    domain::presence::LINGER,
    state::Shared,
    store::{connections, leases, workers},
};

const RETRY: Duration = Duration::from_millis(200);
/// Notices that are written down at once, in any order: half of the database's connections are left for others.
const AT_ONCE: usize = 4;

/// Follows the notices until stopped. `listening` is told each time that they
/// are followed anew, because some may have been missed before.
pub(crate) async fn follow(state: Shared, listening: tokio::sync::watch::Sender<u64>) {
    while !state.stop.is_cancelled() {
        let events = tokio::select! {
            events = state.system.events() => events,
            () = state.stop.cancelled() => return,
        };
        let Ok(events) = events else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        listening.send_modify(|times| *times += 1);
        events
            .take_until(state.stop.cancelled())
            .for_each_concurrent(AT_ONCE, async |event| {
                if let Err(error) = in_time(PATIENCE, note(&state, event)).await {
                    tracing::warn!(%error, "a notice of the broker could not be written down; the next census repairs it");
                }
            })
            .await;
    }
}

async fn note(state: &Shared, event: BrokerEvent) -> Result<(), DbError> {
    match event {
        BrokerEvent::Connected(place) => opened(state, &place, None).await,
        BrokerEvent::Disconnected(place) => {
            state.waiting().give_back(&(place.server.clone(), place.client));
            match Identity::parse(&place.user) {
                Some(identity) => closed(state, &place, &identity).await,
                None => Ok(()),
            }
        }
    }
}

/// A connection is open. `counted_at`: the broker counted it then, in a census.
pub(super) async fn opened(state: &Shared, place: &ClientConnection, counted_at: Option<i64>) -> Result<(), DbError> {
    let Some(identity) = Identity::parse(&place.user) else {
        tracing::warn!(server = place.server, client = place.client, "a connection that we did not let in is cut");
        kick::cut_at(state, place.server.clone(), place.client);
        return Ok(());
    };
    let Some(worker) = workers::get(state.db.pool(), &identity.worker).await? else {
        // One that only may register stays, so that it can be told; made-up
        // tokens cost no row.
        if identity.term > 0 {
            kick::cut_at(state, place.server.clone(), place.client);
        }
        return Ok(());
    };
    let now = state.now();
    let mut write = state.db.write().await?;
    let new = connections::opened(&mut write, place, &identity, now).await?
        || match counted_at {
            Some(asked_at) => connections::reopen(&mut write, place, asked_at).await?,
            None => false,
        };
    if new {
        write.commit().await?;
    } else {
        drop(write);
    }
    if identity.term > 0 {
        state.memory.met(&worker.machine, &identity, now);
        refresh(state, &identity.worker).await?;
    }
    kick::enforce(state, &identity.worker).await
}

/// A connection is closed: the lease ends at once, the worker is offline soon.
pub(super) async fn closed(state: &Shared, place: &ClientConnection, identity: &Identity) -> Result<(), DbError> {
    // Made-up tokens cost no transaction.
    if workers::get(state.db.pool(), &identity.worker).await?.is_none() {
        return Ok(());
    }
    let mut write = state.db.write().await?;
    // Before its connections' rows, as whoever removes it does: neither waits for the other.
    let Some(worker) = workers::take(&mut write, &identity.worker).await? else { return Ok(()) };
    if !connections::closed(&mut write, place, identity, state.now()).await? {
        return Ok(());
    }
    let was_current = identity.term > 0 && worker.lease.term == identity.term;
    let others = connections::open(write.connection(), &identity.worker).await?;
    if was_current && !others.iter().any(|other| other.holds(&worker)) {
        leases::end(&mut write, &identity.worker, identity.term).await?;
    }
    write.commit().await?;
    if identity.term > 0 {
        let (state, id) = (state.clone(), identity.worker.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(LINGER.unsigned_abs())).await;
            if let Err(error) = in_time(PATIENCE, refresh(&state, &id)).await {
                tracing::warn!(worker = %id, %error, "a worker could not be set offline; the next census repairs it");
            }
        });
    }
    Ok(())
}

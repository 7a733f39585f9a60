//! Reconciliation: what the broker counts against what is written down.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use muster_bus::{Census, ClientConnection, Identity};
use muster_service::{DbError, db::in_time};
use tokio::sync::watch;

use super::{
    PATIENCE, kick,
    notices::{closed, opened},
    refresh::refresh,
};
use crate::{
    metric,
    state::Shared,
    store::{connections, workers},
};

/// Between two censuses.
const PERIOD: Duration = Duration::from_secs(30);
/// After a census that failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long a closed connection is kept: longer than any notice is late. Milliseconds.
const KEPT: i64 = 120_000;

/// Counts when the notices are followed anew and every [`PERIOD`], until stopped.
pub(crate) async fn repeat(state: Shared, mut listening: watch::Receiver<u64>) {
    let mut absent = BTreeSet::new();
    let mut reconnected = state.system.connection();
    loop {
        let epoch = reconnected.borrow_and_update().epoch;
        let heard = *listening.borrow_and_update() > 0;
        let pause = match heard {
            false => PERIOD,
            true => match count(&state, &mut absent).await {
                Ok(()) => PERIOD,
                Err(reason) => {
                    tracing::debug!(reason, "the connections could not be counted");
                    RETRY
                }
            },
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = listening.changed() => {}
            _ = reconnected.wait_for(|now| now.connected && now.epoch != epoch) => {}
            () = state.stop.cancelled() => return,
        }
    }
}

async fn count(state: &Shared, absent: &mut BTreeSet<String>) -> Result<(), String> {
    let asked_at = state.now();
    let census = state.system.connections().await.map_err(|error| error.to_string())?;
    in_time(PATIENCE, settle(state, asked_at, census, absent)).await.map_err(|error| error.to_string())
}

/// `absent`: servers that did not answer the time before. Once may be slow, twice is gone.
async fn settle(state: &Shared, asked_at: i64, census: Census, absent: &mut BTreeSet<String>) -> Result<(), DbError> {
    let counted = census.connections.iter().map(|place| (place.server.as_str(), place.client)).collect::<HashSet<_>>();
    let mut missing = BTreeSet::new();
    let (mut touched, mut known) = (HashSet::new(), HashSet::new());
    for open in connections::all_open(state.db.pool()).await? {
        let connection = open.connection;
        touched.insert(open.worker.clone());
        known.insert((connection.server.clone(), connection.client));
        if connection.connected_at >= asked_at || counted.contains(&(connection.server.as_str(), connection.client)) {
            continue;
        }
        if !census.servers.contains(&connection.server) && !absent.contains(&connection.server) {
            missing.insert(connection.server);
            continue;
        }
        let identity = Identity {
            worker: open.worker,
            fingerprint: connection.fingerprint,
            instance: connection.instance,
            term: connection.term,
        };
        let place = ClientConnection {
            server: connection.server,
            client: connection.client,
            user: identity.user_name(),
            host: String::new(),
        };
        closed(state, &place, &identity).await?;
    }
    *absent = missing;
    for place in &census.connections {
        if known.contains(&(place.server.clone(), place.client)) {
            meet(state, place).await?;
        } else {
            opened(state, place, Some(asked_at)).await?;
        }
    }
    touched.extend(workers::online(state.db.pool()).await?);
    for worker in &touched {
        refresh(state, worker).await?;
        kick::enforce(state, worker).await?;
    }
    for (status, count) in workers::by_status(state.db.pool()).await? {
        metric::WORKERS.set_of(status.as_str(), count.into());
    }
    let mut write = state.db.write().await?;
    if connections::purge(&mut write, state.db.engine(), asked_at - KEPT).await? {
        write.commit().await?;
    }
    Ok(())
}

/// Remembers whose connection it is, so that its silence will be noticed.
async fn meet(state: &Shared, place: &ClientConnection) -> Result<(), DbError> {
    let Some(identity) = Identity::parse(&place.user).filter(|identity| identity.term > 0) else { return Ok(()) };
    if let Some(worker) = workers::get(state.db.pool(), &identity.worker).await? {
        state.memory.met(&worker.machine, &identity, state.now());
    }
    Ok(())
}

//! Cutting connections: always after the database has said so.

use muster_contracts::id::WorkerId;
use muster_service::DbError;

use crate::{
    domain::standing::{Connected, must_go},
    metric,
    state::{Shared, State},
    store::{connections, workers},
};

/// Cuts these connections, in the background: whatever is missed now is found
/// by the next census.
pub(crate) fn cut(state: &Shared, connections: impl IntoIterator<Item = Connected>) {
    for connection in connections {
        cut_at(state, connection.server, connection.client);
    }
}

/// Cuts one connection.
pub(crate) fn cut_at(state: &Shared, server: String, client: u64) {
    let state = state.clone();
    tokio::spawn(async move {
        match state.system.kick(&server, client).await {
            Ok(()) => {
                metric::KICKS.add(1);
                tracing::info!(server, client, "a connection was cut");
            }
            Err(error) => tracing::warn!(server, client, %error, "a connection could not be cut"),
        }
    });
}

/// Cuts the connections of a worker that the database does not allow now.
pub(crate) async fn enforce(state: &Shared, id: &WorkerId) -> Result<(), DbError> {
    let gone = forbidden(state, id).await?;
    cut(state, gone);
    Ok(())
}

async fn forbidden(state: &State, id: &WorkerId) -> Result<Vec<Connected>, DbError> {
    let worker = workers::get(state.db.pool(), id).await?;
    let open = connections::open(state.db.pool(), id).await?;
    let now = state.now();
    Ok(open.iter().filter(|connection| must_go(connection, worker.as_ref(), &open, now)).cloned().collect())
}

//! What is in the way of a worker, told to the registry, which shows it to the worker's owner and shuts out who is cut
//! off. The registry keeps what it was told; here it follows from the tables, and is told again while the two differ.

use muster_contracts::{
    method,
    v1::{RestrictWorkerRequest, Restriction},
};

use crate::{
    state::{Done, State},
    store::{quotas, turns, workers},
};

const FULL: &str =
    "The server's storage for replies is full: turns wait and go on by themselves as soon as there is room.";
const OVER: &str = "This worker has filled its share of the server's storage for replies. Its messages wait until what it \
                    wrote is old enough to be removed there.";
const CUT: &str = "This worker went on writing after it was told to stop, and was cut off. Look at what runs there before \
                   you let it in again.";

/// Tells it of one worker, if the registry does not know it yet.
///
/// # Errors
/// When the database fails.
pub async fn tell(state: &State, worker_id: &str) -> Done<()> {
    let Some(worker) = workers::get(state.db.pool(), worker_id).await? else { return Ok(()) };
    let (restriction, detail) = match quotas::get(state.db.pool(), worker_id).await? {
        Some(quota) if quota.is_cut_off() => (Restriction::CutOff, CUT),
        Some(_) => (Restriction::OverQuota, OVER),
        None if turns::any_full(state.db.pool(), worker_id).await? => (Restriction::StorageFull, FULL),
        None => (Restriction::Unspecified, ""),
    };
    if worker.restriction() == restriction {
        return Ok(());
    }
    let request = RestrictWorkerRequest {
        worker_id: worker_id.to_owned(),
        restriction: restriction.into(),
        detail: detail.to_owned(),
        readmissions: worker.readmissions,
    };
    if let Err(error) = state.bus.call::<method::RestrictWorker>(&request).await {
        tracing::warn!(worker_id, %error, "the registry was not told of a restriction; it will be");
    }
    Ok(())
}

/// Tells it of every worker that has one or had one.
///
/// # Errors
/// When the database fails.
pub async fn tell_all(state: &State) -> Done<()> {
    for worker_id in workers::restricted(state.db.pool()).await? {
        tell(state, &worker_id).await?;
    }
    Ok(())
}

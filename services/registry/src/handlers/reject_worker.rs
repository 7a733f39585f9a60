//! Turns a registration away; without a fingerprint, a worker that was never approved.

use muster_bus::Handled;
use muster_contracts::v1::{Empty, RegistrationRef};
use muster_service::problem;

use super::{
    delete_worker,
    dismiss_registration::turn_away,
    input::{caller, failed, id, take_worker},
};
use crate::{state::Shared, tell::Change};

pub(super) async fn handle(state: Shared, request: RegistrationRef) -> Handled<Empty> {
    let (user, actor) = caller(request.caller)?;
    let id = id("worker", &request.worker_id)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = take_worker(&mut change.write, &user, &id).await?;
    if !request.fingerprint.is_empty() {
        return turn_away(&state, change, &worker, &request.fingerprint).await;
    }
    if worker.fingerprint.is_some() {
        let detail = "This worker is approved; remove it, or name the fingerprint that you reject.";
        return Err(problem::conflict("already-approved", detail));
    }
    delete_worker::finish(&state, change, &worker).await.map_err(failed)?;
    Ok(Empty {})
}

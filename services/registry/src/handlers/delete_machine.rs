//! Deletes a machine with its workers, and cuts them off.

use muster_bus::Handled;
use muster_contracts::{
    id::MachineId,
    v1::{Empty, MachineRef},
};
use muster_service::problem;

use super::{
    delete_worker::remove,
    input::{caller, failed, id, take_machine},
};
use crate::{
    presence::kick,
    state::Shared,
    store::{machines, workers},
    tell::Change,
};

pub(super) async fn handle(state: Shared, request: MachineRef) -> Handled<Empty> {
    let (user, actor) = caller(request.caller)?;
    let id: MachineId = id("machine", &request.machine_id)?;
    let machine = machines::get(state.db.pool(), &id).await.map_err(failed)?;
    machine.filter(|machine| machine.user == user).ok_or_else(|| problem::not_found("machine"))?;

    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    // A worker's row is taken before its machine's; then once more, for those
    // that were added until the machine's was ours.
    workers::take_all(&mut change.write, &id).await.map_err(failed)?;
    take_machine(&mut change.write, &user, &request.machine_id).await?;
    let (mut cut, mut forgotten) = (Vec::new(), Vec::new());
    for worker in workers::take_all(&mut change.write, &id).await.map_err(failed)? {
        cut.append(&mut remove(&mut change, &worker).await.map_err(failed)?);
        forgotten.push(worker.id);
    }
    machines::delete(&mut change.write, &id).await.map_err(failed)?;
    change.machine_removed(&user, &id).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;

    kick::cut(&state, cut);
    for worker in forgotten {
        state.memory.forget(&worker);
    }
    tracing::info!(machine = %id, "a machine was deleted");
    Ok(Empty {})
}

//! Deletes a machine with its workers, and cuts them off.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    id::{MachineId, UserId},
    v1::{Actor, Empty, MachineRef},
};
use muster_service::{DbError, problem};

use super::{
    delete_worker::remove,
    input::{caller, failed, id},
};
use crate::{
    presence::kick,
    state::Shared,
    store::{
        machines::{self, Machine},
        workers,
    },
    tell::Change,
};

pub(super) async fn handle(state: Shared, request: MachineRef) -> Handled<Empty> {
    let (user, actor) = caller(request.caller)?;
    let id: MachineId = id("machine", &request.machine_id)?;
    if delete(&state, &user, &id, actor).await.map_err(failed)? {
        Ok(Empty {})
    } else {
        Err(problem::not_found("machine"))
    }
}

/// Deletes a machine of a user; false when there is none.
pub(super) async fn delete(state: &Shared, user: &UserId, id: &MachineId, actor: Actor) -> Result<bool, DbError> {
    let theirs = |machine: Option<Machine>| machine.filter(|machine| machine.user == *user);
    if theirs(machines::get(state.db.pool(), id).await?).is_none() {
        return Ok(false);
    }
    let mut change = Change::begin(state, actor).await?;
    // A worker's row is taken before its machine's; then once more, for those
    // that were added until the machine's was ours.
    workers::take_all(&mut change.write, id).await?;
    let Some(machine) = theirs(machines::take(&mut change.write, id).await?) else { return Ok(false) };
    let (mut cut, mut forgotten) = (Vec::new(), Vec::new());
    for worker in workers::take_all(&mut change.write, id).await? {
        cut.append(&mut remove(&mut change, &worker).await?);
        forgotten.push(worker.id);
    }
    machines::delete(&mut change.write, id).await?;
    change.machine_removed(user, id).await?;
    change.did_to_machine(Action::MachineDeleted, &machine, String::new()).await?;
    change.commit().await?;

    kick::cut(state, cut);
    for worker in forgotten {
        state.memory.forget(&worker);
    }
    tracing::info!(machine = %id, "a machine was deleted");
    Ok(true)
}

//! Renames or hides a machine.

use muster_bus::Handled;
use muster_contracts::{audit::Action, v1};

use super::input::{caller, failed, name, take_machine};
use crate::{state::Shared, store::machines, tell::Change, view};

pub(super) async fn handle(state: Shared, request: v1::UpdateMachineRequest) -> Handled<v1::Machine> {
    let (user, actor) = caller(request.caller)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let mut machine = take_machine(&mut change.write, &user, &request.machine_id).await?;
    let before = machine.clone();
    machine.name = request.name.as_deref().map(name).transpose()?.unwrap_or(machine.name);
    machine.hidden = request.hidden.unwrap_or(machine.hidden);
    if machine == before {
        drop(change);
    } else {
        machines::put(&mut change.write, &machine).await.map_err(failed)?;
        change.machine(&machine.id).await.map_err(failed)?;
        if machine.name != before.name {
            change.did_to_machine(Action::MachineRenamed, &before, machine.name.clone()).await.map_err(failed)?;
        }
        if machine.hidden != before.hidden {
            let action = if machine.hidden { Action::MachineHidden } else { Action::MachineShown };
            change.did_to_machine(action, &machine, String::new()).await.map_err(failed)?;
        }
        change.commit().await.map_err(failed)?;
    }
    let machine = machines::get(state.db.pool(), &machine.id).await.map_err(failed)?.unwrap_or(machine);
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    view::machine(&state, &mut connection, machine).await.map_err(failed)
}

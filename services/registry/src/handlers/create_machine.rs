//! Registers a machine. The same id and name again is the same machine.

use muster_bus::Handled;
use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::input::{caller, failed, name, new_id};
use crate::{
    state::Shared,
    store::machines::{self, Machine},
    tell::Change,
    view,
};

pub(super) async fn handle(state: Shared, request: v1::CreateMachineRequest) -> Handled<v1::Machine> {
    let (user, actor) = caller(request.caller)?;
    let wanted = Machine {
        id: new_id("/machineId", &request.machine_id)?,
        user,
        name: name(&request.name)?,
        hidden: false,
        last_seen: None,
        revision: 1,
        created_at: state.now(),
    };
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let count = machines::count(&mut change.write, &wanted.user).await.map_err(failed)?;
    let machine = if machines::insert(&mut change.write, &wanted).await.map_err(failed)? {
        let most = state.limits().machines;
        if count >= most {
            let detail = format!("You can have at most {most} machines here; delete one first.");
            return Err(problem::limit("too-many-machines", detail));
        }
        change.machine(&wanted.id).await.map_err(failed)?;
        change.did_to_machine(Action::MachineCreated, &wanted, String::new()).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
        machines::get(state.db.pool(), &wanted.id)
            .await
            .map_err(failed)?
            .ok_or_else(|| problem::not_found("machine"))?
    } else {
        drop(change);
        let existing = machines::get(state.db.pool(), &wanted.id).await.map_err(failed)?;
        existing
            .filter(|existing| existing.user == wanted.user && existing.name == wanted.name)
            .ok_or_else(|| problem::conflict("id-taken", "This machineId is taken; choose another."))?
    };
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    view::machine(&state, &mut connection, machine).await.map_err(failed)
}

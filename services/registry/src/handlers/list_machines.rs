//! The caller's machines, in the order of their creation.

use muster_bus::Handled;
use muster_contracts::v1::{ListMachinesReply, ListMachinesRequest};

use super::input::{caller, failed, page};
use crate::{
    domain::cursor::{Cursor, cut},
    state::Shared,
    store::machines,
    view,
};

pub(super) async fn handle(state: Shared, request: ListMachinesRequest) -> Handled<ListMachinesReply> {
    let (user, _) = caller(request.caller)?;
    let page = page(request.page)?;
    let found = machines::page(state.db.pool(), &user, &page).await.map_err(failed)?;
    let at = |machine: &machines::Machine| Cursor { created_at: machine.created_at, id: machine.id.to_string() };
    let (found, next_cursor) = cut(found, page.limit, |_| 0, at);
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    let mut machines = Vec::with_capacity(found.len());
    for machine in found {
        machines.push(view::machine(&state, &mut connection, machine).await.map_err(failed)?);
    }
    Ok(ListMachinesReply { machines, next_cursor })
}

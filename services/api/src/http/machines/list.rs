//! GET /machines

use axum::{Json, extract::State};
use muster_contracts::{method, v1};

use crate::{
    http::{
        caller::Caller,
        extract::Asked,
        model::machine::Machine,
        page::{self, List, PageQuery},
        problem::Problem,
    },
    state::Shared,
};

/// The caller's machines.
#[utoipa::path(get, path = "/machines", tag = "machines", params(PageQuery),
    responses((status = 200, body = List<Machine>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    Asked(PageQuery { limit, cursor }): Asked<PageQuery>,
) -> Result<Json<List<Machine>>, Problem> {
    let request = v1::ListMachinesRequest { caller: caller.to_bus(), page: Some(page::page(limit, cursor)?) };
    let v1::ListMachinesReply { machines, next_cursor } = api.call::<method::ListMachines>(request).await?;
    Ok(Json(List::of(machines, next_cursor)))
}

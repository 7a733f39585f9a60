//! GET /requests

use axum::{Json, extract::State};
use muster_contracts::{method, v1};

use crate::{
    http::{
        caller::Caller,
        extract::Asked,
        model::request::AgentRequest,
        page::{self, List, PageQuery},
        problem::Problem,
    },
    state::Shared,
};

/// Everything that waits for the caller's decision, over all machines.
#[utoipa::path(get, path = "/requests", tag = "requests", params(PageQuery),
    responses((status = 200, body = List<AgentRequest>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    Asked(PageQuery { limit, cursor }): Asked<PageQuery>,
) -> Result<Json<List<AgentRequest>>, Problem> {
    let request = v1::ListRequestsRequest { caller: caller.to_bus(), page: Some(page::page(limit, cursor)?) };
    let v1::ListRequestsReply { requests, next_cursor } = api.call::<method::ListRequests>(request).await?;
    Ok(Json(List::of(requests, next_cursor)))
}

//! GET /auth/devices, DELETE /auth/devices/{deviceId}

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::logout;
use crate::{
    http::{caller::Caller, extract::At, page::List, problem::Problem},
    state::Shared,
    store,
};

/// Where the user is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    device_id: String,
    /// What the browser or program calls itself.
    agent: String,
    address: String,
    created_at: i64,
    expires_at: i64,
    /// Whether it is the one that asks.
    current: bool,
}

/// Where the user is signed in, newest first.
#[utoipa::path(get, path = "/auth/devices", tag = "auth", responses((status = 200, body = List<Device>)))]
pub(crate) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<List<Device>>, Problem> {
    let devices = store::devices::list(&api.db, caller.id(), api.clock.now()).await?;
    let items = devices.into_iter().map(|device| {
        let store::devices::Device { device_id, agent, address, created_at, expires_at } = device;
        let current = device_id == caller.credential.id();
        Device { device_id, agent, address, created_at, expires_at, current }
    });
    Ok(Json(List { items: items.collect(), next_cursor: None }))
}

/// Signs out there.
#[utoipa::path(delete, path = "/auth/devices/{deviceId}", tag = "auth", params(("deviceId" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(device): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    if !logout::end(&api, &mut write, &caller, &device).await? {
        return Err(Problem::not_found());
    }
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

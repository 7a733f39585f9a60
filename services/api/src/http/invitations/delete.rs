//! DELETE /invitations/{invitationId}

use axum::extract::State;
use http::StatusCode;

use crate::{
    http::{caller::Administrator, extract::At, problem::Problem},
    state::Shared,
    store,
};

/// Takes an invitation back.
#[utoipa::path(delete, path = "/invitations/{invitationId}", tag = "invitations",
    params(("invitationId" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    _: Administrator,
    At(invitation): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    if !store::invitations::delete(&mut write, &invitation).await? {
        return Err(Problem::not_found());
    }
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

//! DELETE /invitations/{invitationId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::audit::Action;

use crate::{
    http::{caller::Administrator, extract::At, problem::Problem},
    state::Shared,
    store, tell,
};

/// Takes an invitation back.
#[utoipa::path(delete, path = "/invitations/{invitationId}", tag = "invitations",
    params(("invitationId" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    Administrator(caller): Administrator,
    At(invitation): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    if !store::invitations::delete(&mut write, &invitation).await? {
        return Err(Problem::not_found());
    }
    let audit = Action::InvitationDeleted.to(invitation, "");
    tell::did(&api, &mut write, caller.id(), &tell::actor(&caller), &audit).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

//! POST /invitations

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{audit::Action, id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::list::Invitation;
use crate::{
    domain::secret,
    http::{caller::Administrator, extract::Body, problem::Problem},
    state::Shared,
    store, tell,
};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long an invitation lasts unless said otherwise, and at most.
const LASTS: i64 = 7 * DAY;
const LASTS_AT_MOST: i64 = 90 * DAY;
/// Invitations that may be open at once.
const INVITATIONS: i64 = 200;

/// An invitation to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateInvitation {
    /// Milliseconds since the epoch, at most 90 days ahead; none: in 7 days.
    expires_at: Option<i64>,
}

/// An invitation with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// Given to whoever shall make an account: `/register?invitation=…`.
    secret: String,
}

/// Makes an invitation, good for one account.
#[utoipa::path(post, path = "/invitations", tag = "invitations", request_body = CreateInvitation,
    responses((status = 201, body = CreatedInvitation)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    Administrator(caller): Administrator,
    Body(CreateInvitation { expires_at }): Body<CreateInvitation>,
) -> Result<(StatusCode, Json<CreatedInvitation>), Problem> {
    let now = api.clock.now();
    let expires_at = expires_at.unwrap_or(now + LASTS);
    if !(now + 1..=now + LASTS_AT_MOST).contains(&expires_at) {
        return Err(Problem::invalid("/expiresAt", "must be in the future, and at most 90 days ahead"));
    }
    let secret = secret::fresh();
    let invitation = store::invitations::Invitation { invitation_id: id::random(), created_at: now, expires_at };
    let mut write = api.db.write().await?;
    store::invitations::insert(&mut write, caller.id(), &invitation, &secret::hash(&secret)).await?;
    if store::invitations::count(&mut write).await? > INVITATIONS {
        let detail = format!("{INVITATIONS} invitations may be open at once; take one back first.");
        return Err(Problem::new(StatusCode::CONFLICT, "too-many-invitations", detail));
    }
    let audit = Action::InvitationCreated.to(&invitation.invitation_id, "");
    tell::did(&api, &mut write, caller.id(), &tell::actor(&caller), &audit).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(CreatedInvitation { invitation: invitation.into(), secret })))
}

//! GET /auth/identities, DELETE /auth/identities/{identityId}

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::audit::Action;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{auth::ways, caller::Caller, extract::At, page::List, problem::Problem},
    state::Shared,
    store,
};

/// An account at a provider, by which the user signs in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    identity_id: String,
    /// The provider's place in paths; none: it is not configured any more, so that nobody can sign in by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider: Option<String>,
    /// What the person was called there.
    name: String,
    created_at: i64,
    last_used_at: i64,
}

/// Accounts at providers, oldest first.
#[utoipa::path(get, path = "/auth/identities", tag = "auth", operation_id = "identities",
    responses((status = 200, body = List<Identity>)))]
pub(crate) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<List<Identity>>, Problem> {
    let identities = store::identities::list(&api.db, caller.id()).await?;
    let items = identities.into_iter().map(|identity| {
        let store::identities::Identity { identity_id, issuer, subject: _, name, created_at, last_used_at } = identity;
        let provider = api.provider.as_ref().filter(|provider| provider.issuer() == issuer);
        let provider = provider.map(|provider| provider.settings.slug.clone());
        Identity { identity_id, provider, name, created_at, last_used_at }
    });
    Ok(Json(List { items: items.collect(), next_cursor: None }))
}

/// Unlinks an account at a provider, unless it is the last way to sign in.
#[utoipa::path(delete, path = "/auth/identities/{identityId}", tag = "auth", operation_id = "unlink",
    params(("identityId" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(identity): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    let password = store::users::lock(&mut write, caller.id()).await?.is_some();
    let name = store::identities::delete(&mut write, caller.id(), &identity).await?.ok_or_else(Problem::not_found)?;
    ways::some_is_left(&api, &mut write, caller.id(), password).await?;
    ways::changed(&api, &mut write, &caller, Action::IdentityUnlinked, &name).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

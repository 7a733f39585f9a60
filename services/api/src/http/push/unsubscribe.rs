//! DELETE /push/subscriptions/{subscriptionId}

use axum::extract::State;
use http::StatusCode;

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
    store,
};

/// A browser is told nothing any more.
#[utoipa::path(delete, path = "/push/subscriptions/{subscriptionId}", tag = "push", operation_id = "push_unsubscribe",
    params(("subscriptionId" = String, Path)), responses((status = 204)))]
pub(crate) async fn unsubscribe(
    State(api): State<Shared>,
    caller: Caller,
    At(subscription): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    if !store::push::delete(&mut write, caller.id(), &subscription).await? {
        return Err(Problem::not_found());
    }
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

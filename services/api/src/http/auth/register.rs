//! POST /auth/register

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use muster_contracts::id::UserId;
use muster_service::StartError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    login,
    new_account::{self, NewAccount},
    sign_in,
};
use crate::{
    domain::{account, secret},
    http::{caller::From, extract::Body, model::user::User, problem::Problem},
    state::Shared,
    store::{self, users::Role},
};

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Register {
    /// 3 to 32 of a-z, 0-9, dot, underscore and hyphen.
    #[schema(pattern = "^[a-z0-9._-]{3,32}$")]
    username: String,
    /// 8 to 256 characters.
    #[schema(min_length = 8, max_length = 256)]
    password: String,
    /// The secret of an invitation, where one is needed.
    invitation: Option<String>,
}

/// Makes an account and signs in. The first account is the administrator's.
#[utoipa::path(post, path = "/auth/register", tag = "auth", security(()), request_body = Register,
    responses((status = 201, body = User)))]
pub(crate) async fn register(
    State(api): State<Shared>,
    From(address): From,
    headers: HeaderMap,
    Body(body): Body<Register>,
) -> Result<impl IntoResponse, Problem> {
    let Register { username, password, invitation } = body;
    check(&username, &password)?;
    login::limit(&api, &address, &username)?;
    let invitation = invitation.map(|secret| secret::hash(&secret));
    // Before the costly hash of the password.
    new_account::may(&api, invitation.as_deref()).await?;
    let hash = api.passwords.hash(password).await?;

    let old = sign_in::of_browser(&api, &headers, &address).await?;
    let mut write = api.db.write().await?;
    let new =
        NewAccount { names: &[username], password: Some(&hash), invitation: invitation.as_deref(), address: &address };
    let user = new_account::make(&api, &mut write, new).await?;
    sign_in::end(&api, &mut write, old).await?;
    let cookie = sign_in::begin(&api, &mut write, &user, &address, &headers).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, cookie, Json(User::from(user))))
}

/// Makes the account `admin` with this password when there is no account.
///
/// # Errors
/// When the database does not take it.
pub(crate) async fn found(api: &Shared, password: &SecretString) -> Result<(), StartError> {
    if store::users::any(&api.db).await? {
        return Ok(());
    }
    let hash = api
        .passwords
        .hash(password.expose_secret().to_owned())
        .await
        .map_err(|error| StartError::Io { what: "the account admin".into(), source: std::io::Error::other(error) })?;
    let mut write = api.db.write().await?;
    if !store::users::claim_first(&mut write).await? {
        return Ok(());
    }
    let user = store::users::User { user_id: UserId::random(), username: "admin".into(), role: Role::Admin };
    store::users::insert(&mut write, &user, Some(&hash), api.clock.now()).await?;
    new_account::tell_of(api, &mut write, &user, "").await?;
    write.commit().await?;
    tracing::info!("the account admin was made");
    Ok(())
}

fn check(username: &str, password: &str) -> Result<(), Problem> {
    if !account::is_username(username) {
        return Err(Problem::invalid("/username", account::USERNAME));
    }
    if !account::is_password(password) {
        return Err(Problem::invalid("/password", account::PASSWORD));
    }
    Ok(())
}

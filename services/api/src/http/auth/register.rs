//! POST /auth/register

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use muster_contracts::{audit::Action, id::UserId};
use muster_service::{DbError, StartError, Write};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{login, sign_in};
use crate::{
    domain::{
        account::{self, Registration},
        secret,
    },
    http::{caller::From, extract::Body, model::user::User, problem::Problem},
    state::Shared,
    store::{
        self,
        users::{Account, Role},
    },
    tell,
};

const NEEDS_INVITATION: &str = "An invitation is needed to make an account here.";
const NO_INVITATION: &str = "This invitation was used, taken back, or has expired; ask for another.";

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
    let first = !store::users::any(&api.db).await?;
    login::limit(&api, &address, &username)?;
    let invitation = invitation.map(|secret| secret::hash(&secret));
    match Registration::now(api.settings.registration, first) {
        Registration::Open => {}
        Registration::Closed => return Err(closed("Accounts are made by the administrator here.")),
        Registration::Invite => match &invitation {
            None => return Err(closed(NEEDS_INVITATION)),
            // Before the costly hash of the password; it is used up below.
            Some(hash) if !store::invitations::holds(&api.db, hash, api.clock.now()).await? => {
                return Err(closed(NO_INVITATION));
            }
            Some(_) => {}
        },
    }
    let hash = api.passwords.hash(password).await?;

    let mut write = api.db.write().await?;
    let founds = store::users::claim_first(&mut write).await?;
    // Where accounts are open an invitation is not needed, and not used up.
    if !founds && api.settings.registration != Registration::Open {
        let accepted = match &invitation {
            Some(hash) => store::invitations::accept(&mut write, hash, api.clock.now()).await?,
            None => false,
        };
        if !accepted {
            // Somebody else was first, or used it, while the password was hashed.
            return Err(closed(if invitation.is_some() { NO_INVITATION } else { NEEDS_INVITATION }));
        }
    }
    let role = if founds { Role::Admin } else { Role::Member };
    let user = store::users::User { user_id: UserId::random(), username, role };
    if !store::users::insert(&mut write, &user, &hash, api.clock.now()).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "username-taken", "This user name is taken."));
    }
    made(&api, &mut write, &user, &address).await?;
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
    store::users::insert(&mut write, &user, &hash, api.clock.now()).await?;
    made(api, &mut write, &user, "").await?;
    write.commit().await?;
    tracing::info!("the account admin was made");
    Ok(())
}

/// Tells of a new account.
async fn made(api: &Shared, write: &mut Write, user: &store::users::User, address: &str) -> Result<(), DbError> {
    let actor = tell::person(&user.user_id, address);
    let audit = Action::AccountCreated.to(user.user_id.as_str(), &user.username);
    tell::did(api, write, &user.user_id, &actor, &audit).await?;
    let account = Account { user: user.clone(), disabled: false, created_at: api.clock.now() };
    tell::account(api, write, &account, actor).await
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

fn closed(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "registration-closed", detail)
}

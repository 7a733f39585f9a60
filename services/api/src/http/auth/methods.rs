//! GET /auth/methods

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::account, http::problem::Problem, state::Shared, store};

/// Which ways there are to sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthMethods {
    password: bool,
    registration: RegistrationMode,
    /// Providers of OpenID Connect.
    oidc: Vec<OidcProvider>,
    passkeys: bool,
}

/// A provider of OpenID Connect.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OidcProvider {
    /// Its place in paths.
    provider: String,
    /// What people call it.
    name: String,
}

/// Who may make an account now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RegistrationMode {
    Open,
    Invite,
    Closed,
}

/// Which ways there are to sign in, and whether an account can be made.
#[utoipa::path(get, path = "/auth/methods", tag = "auth", security(()), responses((status = 200, body = AuthMethods)))]
pub(crate) async fn methods(State(api): State<Shared>) -> Result<Json<AuthMethods>, Problem> {
    let first = !store::users::any(&api.db).await?;
    let registration = match account::Registration::now(api.settings.registration, first) {
        account::Registration::Open => RegistrationMode::Open,
        account::Registration::Invite => RegistrationMode::Invite,
        account::Registration::Closed => RegistrationMode::Closed,
    };
    let oidc = api.provider.iter().map(|provider| &provider.settings);
    let oidc = oidc.map(|provider| OidcProvider { provider: provider.slug.clone(), name: provider.name.clone() });
    Ok(Json(AuthMethods { password: true, registration, oidc: oidc.collect(), passkeys: false }))
}

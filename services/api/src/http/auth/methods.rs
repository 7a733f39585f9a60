//! GET /auth/methods

use axum::{Json, extract::State};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{account, page_address::passkey_domain},
    http::{origin, problem::Problem},
    state::Shared,
    store,
};

/// Which ways there are to sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthMethods {
    password: bool,
    registration: RegistrationMode,
    /// Providers of OpenID Connect.
    oidc: Vec<OidcProvider>,
    /// Whether there can be passkeys at the address that the page was opened at.
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
pub(crate) async fn methods(State(api): State<Shared>, headers: HeaderMap) -> Result<Json<AuthMethods>, Problem> {
    let first = !store::users::any(&api.db).await?;
    let registration = match account::Registration::now(api.settings.registration, first) {
        account::Registration::Open => RegistrationMode::Open,
        account::Registration::Invite => RegistrationMode::Invite,
        account::Registration::Closed => RegistrationMode::Closed,
    };
    let oidc = api.provider.iter().map(|provider| &provider.settings);
    let oidc = oidc.map(|provider| OidcProvider { provider: provider.slug.clone(), name: provider.name.clone() });
    let passkeys = origin::of_page(&headers, &api).as_ref().and_then(passkey_domain).is_some();
    Ok(Json(AuthMethods { password: true, registration, oidc: oidc.collect(), passkeys }))
}

//! A provider of OpenID Connect: authorization code with PKCE, `state` and `nonce`, everything else by discovery.

mod fetch;
mod metadata;
mod settings;

use chrono::DateTime;
use muster_service::Clock;
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, ConfigurationError, CsrfToken,
    DiscoveryError, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, TokenResponse as _, UserInfoError,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdTokenClaims,
        CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use secrecy::ExposeSecret as _;

pub(crate) use self::settings::ProviderSettings;
use self::{fetch::FetchError, metadata::Metadata};

/// A provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) settings: ProviderSettings,
    metadata: Metadata,
    clock: Clock,
}

/// Where to send a browser, and what to compare with what comes back.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// Who somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// User name, e-mail address or name there, whichever there is; for display, it proves nothing.
    pub(crate) called: Option<String>,
}

/// Why a provider does not tell who somebody is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("the provider does not describe itself")]
    Discovery(#[from] DiscoveryError<FetchError>),
    #[error("the provider did not describe itself a moment ago")]
    StillAway,
    #[error("the provider has no such endpoint")]
    Endpoint(#[from] ConfigurationError),
    #[error("the provider gives no token")]
    Token(#[from] RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>),
    #[error("the provider gives no ID token")]
    NoIdToken,
    #[error("the ID token is not to be trusted")]
    Untrusted(#[from] ClaimsVerificationError),
    #[error("the address is none")]
    Address(#[from] openidconnect::url::ParseError),
}

impl Provider {
    /// Nothing is asked of it yet.
    pub(crate) fn new(settings: ProviderSettings, clock: Clock) -> Self {
        let metadata = Metadata::new(settings.issuer.clone(), settings.fetch.clone(), clock.clone());
        Self { settings, metadata, clock }
    }

    /// Its issuer: what it calls itself.
    pub(crate) fn issuer(&self) -> &str {
        self.settings.issuer.as_str()
    }

    /// Its own address of sign-in, with fresh secrets for this attempt.
    pub(crate) async fn depart(&self, callback: &str) -> Result<Departure, OidcError> {
        let metadata = self.metadata.get().await?;
        let client = self.client(metadata).set_redirect_uri(RedirectUrl::new(callback.to_owned())?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Departure {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Who came back with this code; `verifier` and `nonce` are those of the departure.
    pub(crate) async fn arrive(
        &self,
        code: String,
        callback: &str,
        verifier: String,
        nonce: String,
    ) -> Result<Person, OidcError> {
        let asked = self.clock.now();
        let metadata = self.metadata.get().await?;
        let client = self.client(metadata.clone()).set_redirect_uri(RedirectUrl::new(callback.to_owned())?);
        let ask = |request| self.settings.fetch.clone().send(request);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&ask)
            .await?;
        let nonce = Nonce::new(nonce);
        let claims = match self.verified(metadata.clone(), &tokens, &nonce) {
            // It may sign with a key that is newer than what we know, even by the same name.
            Err(OidcError::Untrusted(ClaimsVerificationError::SignatureVerification(_))) => {
                self.verified(self.metadata.anew(asked).await?, &tokens, &nonce)?
            }
            other => other?,
        };
        let called = match called(&claims) {
            Some(called) => Some(called),
            None => self.described(metadata, &tokens, &claims).await,
        };
        let (issuer, subject) = (claims.issuer().to_string(), claims.subject().to_string());
        Ok(Person { issuer, subject, called })
    }

    fn verified(
        &self,
        metadata: CoreProviderMetadata,
        tokens: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims, OidcError> {
        let client = self.client(metadata);
        let clock = self.clock.clone();
        let time = move || DateTime::from_timestamp_millis(clock.now()).unwrap_or_default();
        let verifier = client.id_token_verifier().set_time_fn(time);
        let token = tokens.id_token().ok_or(OidcError::NoIdToken)?;
        Ok(token.claims(&verifier, nonce)?.clone())
    }

    /// What the provider tells of the person beside the ID token. It is for display: without it the sign-in goes on.
    async fn described(
        &self,
        metadata: CoreProviderMetadata,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Option<String> {
        let client = self.client(metadata);
        let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).ok()?;
        let ask = |request| self.settings.fetch.clone().send(request);
        let told: Result<CoreUserInfoClaims, UserInfoError<FetchError>> = request.request_async(&ask).await;
        match told {
            Ok(told) => first_of([
                told.preferred_username().map(|name| name.as_str()),
                told.email().map(|email| email.as_str()),
                told.name().and_then(|name| name.get(None)).map(|name| name.as_str()),
            ]),
            Err(error) => {
                tracing::info!(%error, "the provider does not describe a person who signed in");
                None
            }
        }
    }

    fn client(
        &self,
        metadata: CoreProviderMetadata,
    ) -> CoreClient<
        openidconnect::EndpointSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointNotSet,
        openidconnect::EndpointMaybeSet,
        openidconnect::EndpointMaybeSet,
    > {
        let methods = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let in_body = methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
        let secret = self.settings.client_secret.as_ref().map(|it| ClientSecret::new(it.expose_secret().to_owned()));
        CoreClient::from_provider_metadata(metadata, ClientId::new(self.settings.client_id.clone()), secret)
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }
}

fn called(claims: &CoreIdTokenClaims) -> Option<String> {
    first_of([claims.preferred_username().map(|name| name.as_str()), claims.email().map(|email| email.as_str()), None])
}

fn first_of(names: [Option<&str>; 3]) -> Option<String> {
    names.into_iter().flatten().map(str::trim).find(|name| !name.is_empty()).map(str::to_owned)
}

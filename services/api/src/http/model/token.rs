//! API tokens as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{domain::scope::Scope, store};

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiToken {
    token_id: String,
    name: String,
    scopes: Vec<TokenScope>,
    created_at: i64,
    /// To the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<i64>,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenScope {
    /// See everything that its user sees.
    Read,
    /// Start sessions, send messages, answer requests.
    Chat,
    /// Add, change and remove machines and workers; approve them.
    Manage,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Chat => Self::Chat,
            Scope::Manage => Self::Manage,
        }
    }
}

impl From<TokenScope> for Scope {
    fn from(scope: TokenScope) -> Self {
        match scope {
            TokenScope::Read => Self::Read,
            TokenScope::Chat => Self::Chat,
            TokenScope::Manage => Self::Manage,
        }
    }
}

impl From<store::tokens::Token> for ApiToken {
    fn from(token: store::tokens::Token) -> Self {
        let store::tokens::Token { token_id, name, scopes, created_at, last_used_at, expires_at } = token;
        let scopes = scopes.into_iter().map(TokenScope::from).collect();
        Self { token_id, name, scopes, created_at, last_used_at, expires_at }
    }
}

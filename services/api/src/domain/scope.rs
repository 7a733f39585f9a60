//! What an API token may do.

use std::{fmt, str::FromStr};

use http::Method;

/// A right of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// See everything that its user sees.
    Read,
    /// Start sessions, send messages, answer requests.
    Chat,
    /// Add, change and remove machines and workers; approve them.
    Manage,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: &[Self] = &[Self::Read, Self::Chat, Self::Manage];

    /// As it stands in requests and in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Chat => "chat",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A token with this scope.
    Scope(Scope),
    /// A person who is signed in: no token may make another, or change the account.
    Person,
}

/// What a request to a path below the API's base needs.
pub(crate) fn need(method: &Method, path: &str) -> Need {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.nth(1)) {
        (Some("auth"), _) if reads && path.ends_with("/me") => Need::Scope(Scope::Read),
        (Some("auth" | "tokens" | "invitations" | "users" | "push"), _) => Need::Person,
        // It says who came from where.
        (Some("audit"), _) => Need::Scope(Scope::Manage),
        _ if reads => Need::Scope(Scope::Read),
        // A POST, because it has a body; it changes nothing.
        (Some("events"), _) => Need::Scope(Scope::Read),
        // Whoever has the link reads the session, also when the token is gone.
        (Some("sessions"), Some("share")) if *method == Method::POST => Need::Person,
        (Some("sessions" | "attachments"), _) | (Some("workers"), Some("sessions")) => Need::Scope(Scope::Chat),
        _ => Need::Scope(Scope::Manage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_needs_the_least_scope_that_fits() {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        let table = [
            (&get, "/machines", Need::Scope(Scope::Read)),
            (&get, "/sessions/x/events", Need::Scope(Scope::Read)),
            (&post, "/events", Need::Scope(Scope::Read)),
            (&post, "/workers/x/sessions", Need::Scope(Scope::Chat)),
            (&post, "/sessions/x/messages", Need::Scope(Scope::Chat)),
            (&delete, "/sessions/x", Need::Scope(Scope::Chat)),
            (&post, "/sessions/x/requests/y", Need::Scope(Scope::Chat)),
            (&get, "/sessions/x/share", Need::Scope(Scope::Read)),
            (&post, "/sessions/x/share", Need::Person),
            (&delete, "/sessions/x/share", Need::Scope(Scope::Chat)),
            (&get, "/audit", Need::Scope(Scope::Manage)),
            (&post, "/machines", Need::Scope(Scope::Manage)),
            (&post, "/machines/x/workers", Need::Scope(Scope::Manage)),
            (&post, "/workers/x/approve", Need::Scope(Scope::Manage)),
            (&delete, "/workers/x", Need::Scope(Scope::Manage)),
            (&get, "/auth/me", Need::Scope(Scope::Read)),
            (&get, "/auth/devices", Need::Person),
            (&post, "/auth/password", Need::Person),
            (&get, "/tokens", Need::Person),
            (&post, "/tokens", Need::Person),
            (&get, "/users", Need::Person),
            (&post, "/something/new", Need::Scope(Scope::Manage)),
        ];
        for (method, path, expected) in table {
            assert_eq!(need(method, path), expected, "{method} {path}");
        }
    }
}

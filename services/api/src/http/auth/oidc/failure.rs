//! Why signing in at a provider came to nothing. The browser is between two sites then, so the page says it in words.

use http::StatusCode;
use muster_service::DbError;
use openidconnect::RequestTokenError;

use crate::{
    http::{auth::new_account::Refusal, problem::Problem},
    oidc::OidcError,
};

/// What went wrong. Each has a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took too long, was finished before, or began in another browser.
    Expired,
    /// The person went back.
    Cancelled,
    /// The provider refused.
    Refused,
    /// The provider does not answer.
    Unreachable,
    /// What the provider says cannot be trusted.
    Untrusted,
    /// Nobody may make an account.
    Closed,
    /// Nobody invited this person.
    NeedsInvitation,
    /// The invitation is not good any more.
    NoInvitation,
    /// The account is disabled.
    Disabled,
    /// Somebody else's account is linked to it.
    Taken,
    /// The sign-in is too old, or over, to link something.
    SignInAgain,
    /// Too many attempts.
    TooManyTries,
    /// The page was opened at an address that is not configured.
    Elsewhere,
    /// Something is wrong with us.
    Broken,
}

impl Failure {
    /// As it stands in the page's address.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Expired => "attempt-expired",
            Self::Cancelled => "provider-cancelled",
            Self::Refused => "provider-refused",
            Self::Unreachable => "provider-unreachable",
            Self::Untrusted => "provider-untrusted",
            Self::Closed => "registration-closed",
            Self::NeedsInvitation => "invitation-needed",
            Self::NoInvitation => "invitation-invalid",
            Self::Disabled => "account-disabled",
            Self::Taken => "identity-taken",
            Self::SignInAgain => "sign-in-again",
            Self::TooManyTries => "too-many-tries",
            Self::Elsewhere => "wrong-address",
            Self::Broken => "internal",
        }
    }

    /// Something is wrong with us; the cause is logged.
    pub(super) fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        let _ = muster_service::problem::internal(error);
        Self::Broken
    }

    /// For the page's own requests.
    pub(super) fn problem(self) -> Problem {
        let (status, detail) = match self {
            Self::Unreachable => (StatusCode::BAD_GATEWAY, "The provider does not answer; try again later."),
            Self::TooManyTries => (StatusCode::TOO_MANY_REQUESTS, "Too many tries; wait a minute."),
            Self::Elsewhere => (StatusCode::CONFLICT, "Open the page at its public address for this."),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here; it has been logged."),
        };
        let problem = Problem::new(status, self.code(), detail);
        if self == Self::TooManyTries { problem.retry_after(60) } else { problem }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::broken(&error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Closed,
            Refusal::NeedsInvitation => Self::NeedsInvitation,
            Refusal::NoInvitation => Self::NoInvitation,
            Refusal::NameTaken => Self::broken(&refusal),
            Refusal::Db(error) => error.into(),
        }
    }
}

impl From<OidcError> for Failure {
    fn from(error: OidcError) -> Self {
        let failure = match &error {
            OidcError::Token(RequestTokenError::ServerResponse(told)) => {
                tracing::warn!(code = ?told.error(), "the provider refuses a code");
                return Self::Refused;
            }
            OidcError::Untrusted(_) | OidcError::NoIdToken => Self::Untrusted,
            OidcError::Discovery(_) | OidcError::StillAway | OidcError::Endpoint(_) | OidcError::Token(_) => {
                Self::Unreachable
            }
            OidcError::Address(_) => Self::Elsewhere,
        };
        tracing::warn!(error = chain(&error), "a sign-in at the provider failed");
        failure
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

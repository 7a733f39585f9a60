//! Who may make an account, and making it: by registering, or by the first sign-in at a provider.

use http::StatusCode;
use muster_contracts::{audit::Action, id::UserId};
use muster_service::{DbError, Write};

use crate::{
    domain::account::Registration,
    http::problem::Problem,
    state::Shared,
    store::{
        self,
        users::{Account, Role, User},
    },
    tell,
};

/// Why somebody gets no account.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Accounts are made by the administrator here.")]
    Closed,
    #[error("An invitation is needed to make an account here.")]
    NeedsInvitation,
    #[error("This invitation was used, taken back, or has expired; ask for another.")]
    NoInvitation,
    #[error("This user name is taken.")]
    NameTaken,
    #[error("the database does not take it")]
    Db(#[from] DbError),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Db(error) => error.into(),
            Refusal::NameTaken => Self::new(StatusCode::CONFLICT, "username-taken", refusal.to_string()),
            Refusal::Closed | Refusal::NeedsInvitation | Refusal::NoInvitation => {
                Self::new(StatusCode::FORBIDDEN, "registration-closed", refusal.to_string())
            }
        }
    }
}

/// Whether an account may be made now; `invitation` is the hash of its secret. It is used up by [`make`].
pub(super) async fn may(api: &Shared, invitation: Option<&str>) -> Result<(), Refusal> {
    let first = !store::users::any(&api.db).await?;
    match (Registration::now(api.settings.registration, first), invitation) {
        (Registration::Open, _) => Ok(()),
        (Registration::Closed, _) => Err(Refusal::Closed),
        (Registration::Invite, None) => Err(Refusal::NeedsInvitation),
        (Registration::Invite, Some(hash)) if store::invitations::holds(&api.db, hash, api.clock.now()).await? => {
            Ok(())
        }
        (Registration::Invite, Some(_)) => Err(Refusal::NoInvitation),
    }
}

/// An account to make.
#[derive(Debug)]
pub(super) struct NewAccount<'a> {
    /// The first that is free is taken.
    pub(super) names: &'a [String],
    /// Hash of the password, if there is one.
    pub(super) password: Option<&'a str>,
    /// Hash of the invitation's secret.
    pub(super) invitation: Option<&'a str>,
    pub(super) address: &'a str,
}

/// Makes the account. The first account is the administrator's.
pub(super) async fn make(api: &Shared, write: &mut Write, new: NewAccount<'_>) -> Result<User, Refusal> {
    let now = api.clock.now();
    let founds = store::users::claim_first(write).await?;
    // Where accounts are open an invitation is not needed, and not used up.
    if !founds && api.settings.registration != Registration::Open {
        // Somebody else may have been first, or have used it, meanwhile.
        let hash = new.invitation.ok_or(Refusal::NeedsInvitation)?;
        if !store::invitations::accept(write, hash, now).await? {
            return Err(Refusal::NoInvitation);
        }
    }
    let role = if founds { Role::Admin } else { Role::Member };
    for name in new.names {
        let user = User { user_id: UserId::random(), username: name.clone(), role };
        if store::users::insert(write, &user, new.password, now).await? {
            tell_of(api, write, &user, new.address).await?;
            return Ok(user);
        }
    }
    Err(Refusal::NameTaken)
}

/// Tells of a new account.
pub(super) async fn tell_of(api: &Shared, write: &mut Write, user: &User, address: &str) -> Result<(), DbError> {
    let actor = tell::person(&user.user_id, address);
    let audit = Action::AccountCreated.to(user.user_id.as_str(), &user.username);
    tell::did(api, write, &user.user_id, &actor, &audit).await?;
    let account = Account { user: user.clone(), disabled: false, created_at: api.clock.now(), revision: 1 };
    tell::account(api, write, &account, actor).await
}

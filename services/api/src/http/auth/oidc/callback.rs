//! GET /auth/oidc/{provider}/callback

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue};
use muster_contracts::{audit::Action, id};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::{Attempt, Purpose, cookie, failure::Failure, provider, redirect, taken};
use crate::{
    domain::account,
    http::{
        auth::{
            login,
            new_account::{self, NewAccount},
            sign_in, ways,
        },
        caller::{Caller, From},
        extract::{Asked, At},
        problem::Problem,
    },
    oidc::{Person, Provider},
    state::Shared,
    store::{self, identities::Identity, users::User},
};

/// Characters of a person's name at a provider that are kept.
const NAME_CHARS: usize = 100;

/// What the provider answers (RFC 6749, section 4.1.2, and RFC 9207).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Where the provider sends the browser back to. It goes on to the page: signed in, or to be told why not.
#[utoipa::path(get, path = "/auth/oidc/{provider}/callback", tag = "auth", security(()),
    operation_id = "oidc_callback", params(("provider" = String, Path), Answer), responses((status = 302)))]
pub(crate) async fn callback(
    State(api): State<Shared>,
    At(slug): At<String>,
    From(address): From,
    headers: HeaderMap,
    Asked(answer): Asked<Answer>,
) -> Result<Response, Problem> {
    let provider = provider(&api, &slug)?;
    let attempt = match taken(&api, &headers).await {
        Ok(attempt) => attempt,
        Err(failure) => return Ok(failed(&api, failure, "/login", "/app")),
    };
    let (to, purpose) = (attempt.to.clone(), attempt.purpose.clone());
    let person = match arrived(provider, attempt, answer).await {
        Ok(person) => person,
        Err(failure) => return Ok(failed(&api, failure, place(&purpose), &to)),
    };
    let old = match sign_in::of_browser(&api, &headers, &address).await {
        Ok(old) => old,
        Err(error) => return Ok(failed(&api, error.into(), place(&purpose), &to)),
    };
    let outcome = match &purpose {
        Purpose::Link { user } => link(&api, &person, user, old).await.map(|()| Vec::new()),
        Purpose::SignIn { invitation } => {
            sign_in(&api, &person, invitation.as_deref(), old, (&headers, &address)).await.map(|cookie| vec![cookie])
        }
    };
    Ok(match outcome {
        Ok(mut cookies) => {
            cookies.push(cookie(&api, "", 0));
            redirect(&to, cookies)
        }
        Err(failure) => failed(&api, failure, place(&purpose), &to),
    })
}

/// To the page that says what went wrong.
pub(super) fn failed(api: &Shared, failure: Failure, place: &str, to: &str) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("problem", failure.code());
    if place != to {
        query.append_pair("next", to);
    }
    redirect(&format!("{place}?{}", query.finish()), vec![cookie(api, "", 0)])
}

const fn place(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::SignIn { .. } => "/login",
        Purpose::Link { .. } => "/settings",
    }
}

/// Who it is, if the answer belongs to the attempt and the provider vouches for it.
async fn arrived(provider: &Provider, attempt: Attempt, answer: Answer) -> Result<Person, Failure> {
    let Answer { code, state, error, iss } = answer;
    let same = state.is_some_and(|state| state.as_bytes().ct_eq(attempt.state.as_bytes()).into());
    if !same || attempt.provider != provider.settings.slug {
        return Err(Failure::Expired);
    }
    if iss.is_some_and(|iss| iss != provider.issuer()) {
        return Err(Failure::Untrusted);
    }
    match (error.as_deref(), code) {
        (Some("access_denied"), _) => Err(Failure::Cancelled),
        (None, Some(code)) => Ok(provider.arrive(code, &attempt.callback, attempt.verifier, attempt.nonce).await?),
        (error, _) => {
            tracing::warn!(code = ?error.map(|code| code.chars().take(40).collect::<String>()), "the provider refuses");
            Err(Failure::Refused)
        }
    }
}

async fn link(api: &Shared, person: &Person, user: &str, by: Option<Caller>) -> Result<(), Failure> {
    // Whoever began it must be who comes back: the sign-in may have changed meanwhile.
    let by = by.filter(|by| by.id().as_str() == user).ok_or(Failure::SignInAgain)?;
    let user = by.id();
    let mut write = api.db.write().await?;
    let identity = identity(api, person);
    if !store::identities::insert(&mut write, user, &identity).await? {
        drop(write);
        let owner = store::identities::owner(&api.db, &person.issuer, &person.subject).await?;
        return if owner.is_some_and(|owner| owner.user_id == *user) { Ok(()) } else { Err(Failure::Taken) };
    }
    ways::changed(api, &mut write, &by, Action::IdentityLinked, &identity.name).await?;
    write.commit().await?;
    Ok(())
}

/// Signs in as the user whose identity it is, or as a new one.
async fn sign_in(
    api: &Shared,
    person: &Person,
    invitation: Option<&str>,
    old: Option<Caller>,
    (headers, address): (&HeaderMap, &str),
) -> Result<HeaderValue, Failure> {
    let known = store::identities::owner(&api.db, &person.issuer, &person.subject).await?;
    if known.is_none() {
        new_account::may(api, invitation).await?;
    }
    let mut write = api.db.write().await?;
    let user: User = match known {
        Some(user) => {
            if !store::users::stays_enabled(&mut write, &user.user_id).await? {
                return Err(Failure::Disabled);
            }
            let now = api.clock.now();
            if !store::identities::used(&mut write, &person.issuer, &person.subject, now).await? {
                return Err(Failure::Expired);
            }
            user
        }
        None => {
            let names = account::usernames_for(person.called.as_deref().unwrap_or_default(), &id::random());
            let new = NewAccount { names: &names, password: None, invitation, address };
            let user = new_account::make(api, &mut write, new).await?;
            if !store::identities::insert(&mut write, &user.user_id, &identity(api, person)).await? {
                // The same person came by another way meanwhile.
                return Err(Failure::Expired);
            }
            user
        }
    };
    sign_in::end(api, &mut write, old).await?;
    let [(_, cookie)] = sign_in::begin(api, &mut write, &user, address, headers).await?;
    write.commit().await?;
    login::refund_address(api, address);
    Ok(cookie)
}

fn identity(api: &Shared, person: &Person) -> Identity {
    let now = api.clock.now();
    Identity {
        identity_id: id::random(),
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        name: person.called.as_ref().unwrap_or(&person.subject).chars().take(NAME_CHARS).collect(),
        created_at: now,
        last_used_at: now,
    }
}

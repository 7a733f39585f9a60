//! Passkeys (WebAuthn level 3): what authenticators are asked, and what of their answers holds. User verification is
//! required, so that a passkey alone is as good as something held and something known.

use data_encoding::BASE64URL_NOPAD;
use muster_contracts::id::UserId;
use serde_json::Value;
use url::Url;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
    PublicKeyCredentialCreationOptions, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, PublicKeyCredentialDescriptor, RpId, TimedCeremony as _,
        auth::AuthenticationVerificationOptions,
        register::{CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle},
    },
    response::{
        AuthTransports, CredentialId,
        auth::{DiscoverableAuthentication, error::AuthCeremonyErr, ser_relaxed::DiscoverableAuthenticationRelaxed},
        register::{DynamicState, Registration, StaticState, error::RegCeremonyErr, ser_relaxed::RegistrationRelaxed},
    },
};

use crate::{
    domain::page_address::passkey_domain,
    store::{passkeys::Credential, users::User},
};

/// Bytes of a user handle: a user's id.
const HANDLE: usize = 21;

/// Our page, as authenticators know it.
#[derive(Debug)]
pub(crate) struct RelyingParty {
    id: RpId,
    /// What their answers must come from.
    origin: String,
}

/// A ceremony that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Names it, and is in the answer.
    pub(crate) challenge: String,
    /// What to check the answer by; it stays here.
    pub(crate) state: String,
    /// For the browser.
    pub(crate) options: Value,
}

/// An answer to [`RelyingParty::begin_sign_in`].
#[derive(Debug)]
pub(crate) struct Assertion(DiscoverableAuthentication<HANDLE>);

/// An answer to [`RelyingParty::begin_registration`].
#[derive(Debug)]
pub(crate) struct Attestation(Registration);

/// Why a passkey is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasskeyError {
    #[error("the answer cannot be read: {0}")]
    Unreadable(serde_json::Error),
    #[error("the new passkey does not fit: {0}")]
    Registration(RegCeremonyErr),
    #[error("the passkey's answer does not fit: {0}")]
    SignIn(AuthCeremonyErr),
    #[error("somebody else began to add the passkey")]
    AnotherUser,
    /// Not what we stored, or not what the library makes: never an authenticator's fault.
    #[error("the ceremony is broken: {0}")]
    Broken(String),
}

impl RelyingParty {
    /// For the page at this address, if there can be passkeys at it.
    pub(crate) fn at(page: &Url) -> Option<Self> {
        let domain = AsciiDomain::try_from(passkey_domain(page)?.to_owned()).ok()?;
        Some(Self { id: RpId::Domain(domain), origin: page.origin().ascii_serialization() })
    }

    /// Asks for a passkey of this user's, beside those that there are.
    pub(crate) fn begin_registration(&self, user: &User, known: &[Credential]) -> Result<Begun, PasskeyError> {
        let handle = handle(&user.user_id)?;
        let entity = PublicKeyCredentialUserEntity {
            name: user.username.as_str().try_into().map_err(broken)?,
            id: &handle,
            display_name: None,
        };
        let known = known.iter().map(descriptor).collect::<Result<_, _>>()?;
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, entity, known);
        // Asked for with force, it keeps out every authenticator that does not know it: phones and laptops among them.
        // Who uses the passkey is verified at each sign-in anyway.
        options.extensions.cred_protect = CredProtect::None;
        let (server, client) = options.start_ceremony().map_err(broken)?;
        begun(server.sent_challenge().0, &server.encode().map_err(broken)?, &client)
    }

    /// The credential of a new passkey, if its answer fits and this user began.
    pub(crate) fn finish_registration(
        &self,
        state: &str,
        user: &UserId,
        answer: &Attestation,
    ) -> Result<Credential, PasskeyError> {
        let server = RegistrationServerState::<HANDLE>::decode(&bytes(state)?).map_err(broken)?;
        let origins = [self.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            ..RegistrationVerificationOptions::default()
        };
        let made = server.verify(&self.id, &answer.0, &options).map_err(PasskeyError::Registration)?;
        if *made.user_id() != handle(user)? {
            return Err(PasskeyError::AnotherUser);
        }
        Ok(Credential {
            credential_id: BASE64URL_NOPAD.encode(made.id().as_ref()),
            domain: self.domain().to_owned(),
            fixed_state: made.static_state().encode().map_err(broken)?,
            state: made.dynamic_state().encode().map_err(broken)?.to_vec(),
            transports: made.transports().encode().map_err(broken)?,
        })
    }

    /// Asks for any passkey that was made here.
    pub(crate) fn begin_sign_in(&self) -> Result<Begun, PasskeyError> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.id);
        let (server, client) = options.start_ceremony().map_err(broken)?;
        begun(server.sent_challenge().0, &server.encode().map_err(broken)?, &client)
    }

    /// Checks the answer of a known passkey; its state afterwards, which counts its uses.
    pub(crate) fn finish_sign_in(
        &self,
        state: &str,
        answer: &Assertion,
        (known, user): (&Credential, &UserId),
    ) -> Result<Vec<u8>, PasskeyError> {
        let server = DiscoverableAuthenticationServerState::decode(&bytes(state)?).map_err(broken)?;
        let (id, handle) = (bytes(&known.credential_id)?, handle(user)?);
        let id = CredentialId::<&[u8]>::decode(&id).map_err(broken)?;
        let fixed = StaticState::decode(&known.fixed_state).map_err(broken)?;
        let before = <[u8; 7]>::try_from(known.state.as_slice()).map_err(broken)?;
        let before = DynamicState::decode(before).map_err(broken)?;
        let mut credential = AuthenticatedCredential::new(id, &handle, fixed, before).map_err(broken)?;
        let origins = [self.origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            ..AuthenticationVerificationOptions::default()
        };
        server.verify(&self.id, &answer.0, &mut credential, &options).map_err(PasskeyError::SignIn)?;
        Ok(credential.dynamic_state().encode().map_err(broken)?.to_vec())
    }

    fn domain(&self) -> &str {
        self.id.as_ref()
    }
}

impl Assertion {
    /// As the browser's JSON says it.
    pub(crate) fn read(answer: Value) -> Result<Self, PasskeyError> {
        let read = serde_json::from_value::<DiscoverableAuthenticationRelaxed<HANDLE>>(answer);
        read.map(|answer| Self(answer.0)).map_err(PasskeyError::Unreadable)
    }

    /// Which ceremony it answers.
    pub(crate) fn challenge(&self) -> Result<String, PasskeyError> {
        self.0.challenge_relaxed().map(|sent| name_of(sent.0)).map_err(PasskeyError::Unreadable)
    }

    /// Whose it is, base64url.
    pub(crate) fn credential_id(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.raw_id().as_ref())
    }
}

impl Attestation {
    /// As the browser's JSON says it.
    pub(crate) fn read(answer: Value) -> Result<Self, PasskeyError> {
        let read = serde_json::from_value::<RegistrationRelaxed>(answer);
        read.map(|answer| Self(answer.0)).map_err(PasskeyError::Unreadable)
    }

    /// Which ceremony it answers.
    pub(crate) fn challenge(&self) -> Result<String, PasskeyError> {
        self.0.challenge_relaxed().map(|sent| name_of(sent.0)).map_err(PasskeyError::Unreadable)
    }
}

fn begun(challenge: u128, state: &[u8], options: &impl serde::Serialize) -> Result<Begun, PasskeyError> {
    let options = serde_json::to_value(options).map_err(broken)?;
    Ok(Begun { challenge: name_of(challenge), state: BASE64URL_NOPAD.encode(state), options })
}

fn descriptor(known: &Credential) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, PasskeyError> {
    Ok(PublicKeyCredentialDescriptor {
        id: CredentialId::<Vec<u8>>::decode(bytes(&known.credential_id)?).map_err(broken)?,
        transports: AuthTransports::decode(known.transports).map_err(broken)?,
    })
}

fn handle(user: &UserId) -> Result<UserHandle<HANDLE>, PasskeyError> {
    let bytes = <[u8; HANDLE]>::try_from(user.as_str().as_bytes()).map_err(broken)?;
    UserHandle::decode(bytes).map_err(broken)
}

fn name_of(challenge: u128) -> String {
    format!("{challenge:032x}")
}

fn bytes(text: &str) -> Result<Vec<u8>, PasskeyError> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> PasskeyError {
    PasskeyError::Broken(error.to_string())
}

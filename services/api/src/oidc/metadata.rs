//! What a provider tells of itself: asked for when it is needed, so that one that is away keeps nobody from starting.

use muster_service::Clock;
use openidconnect::{DiscoveryError, IssuerUrl, core::CoreProviderMetadata};
use tokio::sync::Mutex;

use super::{
    OidcError,
    fetch::{Fetch, FetchError},
};

/// How long it is believed, in milliseconds: keys change.
const GOOD_FOR: i64 = 5 * 60 * 1000;
/// After a failure nobody else waits for the same one, for so many milliseconds.
const AWAY_FOR: i64 = 3_000;

/// A provider's metadata with its keys.
#[derive(Debug)]
pub(super) struct Metadata {
    issuer: IssuerUrl,
    fetch: Fetch,
    clock: Clock,
    /// When it was asked for, and what came; those who need it meanwhile wait here.
    known: Mutex<Option<(i64, Option<CoreProviderMetadata>)>>,
}

impl Metadata {
    pub(super) fn new(issuer: IssuerUrl, fetch: Fetch, clock: Clock) -> Self {
        Self { issuer, fetch, clock, known: Mutex::new(None) }
    }

    /// As it is known, else asked for now.
    pub(super) async fn get(&self) -> Result<CoreProviderMetadata, OidcError> {
        self.not_before(self.clock.now() - GOOD_FOR).await
    }

    /// Asked for anew, unless somebody did since `asked`: a key is not among those that are known.
    pub(super) async fn anew(&self, asked: i64) -> Result<CoreProviderMetadata, OidcError> {
        self.not_before(asked + 1).await
    }

    async fn not_before(&self, oldest: i64) -> Result<CoreProviderMetadata, OidcError> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        match &*known {
            Some((at, Some(metadata))) if *at >= oldest => return Ok(metadata.clone()),
            Some((at, None)) if now - at < AWAY_FOR => return Err(OidcError::StillAway),
            _ => {}
        }
        let found = self.discover().await;
        *known = Some((self.clock.now(), found.as_ref().ok().cloned()));
        Ok(found?)
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, DiscoveryError<FetchError>> {
        let ask = |request| self.fetch.clone().send(request);
        CoreProviderMetadata::discover_async(self.issuer.clone(), &ask).await
    }
}

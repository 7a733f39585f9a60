//! Sends a notice to a push service, encrypted for the browser (RFC 8030, 8188, 8291).

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, header};
use muster_service::{Db, DbError};
use tokio::sync::OnceCell;
use url::Url;
use web_push_native::{Auth, WebPushBuilder, p256::PublicKey};

use super::{
    services::PushServices,
    vapid::{Key, KeyError},
};
use crate::{
    domain::notice::{Kind, Notice},
    store::{self, push::Subscription},
};

/// Time for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a push service keeps a notice for a browser that is away: news of half a day ago are none.
const KEPT: Duration = Duration::from_hours(12);
/// Characters of a title that are sent; push services take 4 KB of all.
const TITLE: usize = 200;
/// Bytes of a browser's secret.
const AUTH: usize = 16;
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// What became of a notice.
#[derive(Debug)]
pub(super) enum Sent {
    /// The push service has it.
    Taken,
    /// The browser takes none any more.
    Gone,
    /// It will not be taken the next time either.
    Refused(String),
    /// It may be taken later.
    Later(String),
}

/// Knows the way to push services.
#[derive(Debug)]
pub(crate) struct Sender {
    client: reqwest::Client,
    services: PushServices,
    contact: String,
    key: OnceCell<Key>,
}

/// Why our key cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKey {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Sender {
    /// Sends to these services; `contact` is whom their people write to.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(services: PushServices, contact: String) -> Result<Self, reqwest::Error> {
        // A redirect would lead past the list of services.
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build()?;
        Ok(Self { client, services, contact, key: OnceCell::new() })
    }

    /// Our key, made once for all instances.
    ///
    /// # Errors
    /// See [`NoKey`].
    pub(crate) async fn key(&self, db: &Db) -> Result<&Key, NoKey> {
        let key = async {
            let fresh = Key::make()?;
            Ok(Key::read(&store::push::key(db, || fresh).await?)?)
        };
        self.key.get_or_try_init(|| key).await
    }

    /// Whether a subscription's address is one that is sent to.
    pub(crate) fn serves(&self, address: &Url) -> bool {
        self.services.has(address)
    }

    pub(super) async fn send(&self, to: &Subscription, notice: &Notice, key: &Key, now: i64) -> Sent {
        let request = match self.request(to, notice, key, now) {
            Ok(request) => request,
            Err(reason) => return Sent::Refused(reason),
        };
        // Its address is a secret of the browser's: no error tells it.
        match self.client.execute(request).await {
            Ok(answer) => of_status(answer.status()),
            Err(error) => Sent::Later(error.without_url().to_string()),
        }
    }

    fn request(&self, to: &Subscription, notice: &Notice, key: &Key, now: i64) -> Result<reqwest::Request, String> {
        let address = Url::parse(&to.endpoint).ok().filter(|address| self.serves(address));
        let address = address.ok_or("its service is not one that is sent to any more")?;
        let endpoint = to.endpoint.parse().map_err(|_| "its address cannot be read")?;
        let (public, auth) = browser_key(&to.p256dh, &to.auth).ok_or("its key cannot be read")?;
        let body = serde_json::to_vec(&shortened(notice)).map_err(|error| error.to_string())?;
        let push = WebPushBuilder::new(endpoint, public, auth).with_valid_duration(KEPT);
        let push = push.build(body).map_err(|error| error.to_string())?;
        let authorization = key.authorization(&address, &self.contact, now).map_err(|error| error.to_string())?;
        let mut request = reqwest::Request::try_from(push).map_err(|error| error.without_url().to_string())?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
        let urgency = if notice.kind == Kind::Done { "normal" } else { "high" };
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, value(&authorization)?);
        headers.insert(URGENCY, value(urgency)?);
        headers.insert(TOPIC, value(notice.topic())?);
        Ok(request)
    }
}

/// A browser's public key and secret, if they are such.
pub(crate) fn browser_key(p256dh: &[u8], auth: &[u8]) -> Option<(PublicKey, Auth)> {
    let public = PublicKey::from_sec1_bytes(p256dh).ok()?;
    (auth.len() == AUTH).then(|| (public, Auth::clone_from_slice(auth)))
}

fn shortened(notice: &Notice) -> Notice {
    Notice { title: notice.title.chars().take(TITLE).collect(), ..notice.clone() }
}

fn of_status(status: StatusCode) -> Sent {
    match status {
        status if status.is_success() => Sent::Taken,
        StatusCode::NOT_FOUND | StatusCode::GONE => Sent::Gone,
        StatusCode::TOO_MANY_REQUESTS => Sent::Later(status.to_string()),
        status if status.is_server_error() => Sent::Later(status.to_string()),
        status => Sent::Refused(status.to_string()),
    }
}

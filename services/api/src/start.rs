//! How the api starts.

use std::{net::SocketAddr, time::Duration};

use axum::serve::{Listener, ListenerExt as _, TapIo};
use muster_contracts::permissions::ServiceUser;
use muster_service::{
    App, Migrations, Service, StartError,
    metric::Metric,
    outbox,
    tls::{Certificate, TlsListener},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use crate::{
    audit,
    config::ApiConfig,
    connections, http, metric, push,
    state::{Settings, Shared},
    store,
};

/// What the system takes of an answer beyond what is on its way to the client.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 64 * 1024;
/// Between two rounds of tidying.
const TIDY: Duration = Duration::from_hours(1);
/// Open answers may take this long once the process shall end.
const GRACE: Duration = Duration::from_secs(5);

/// The service.
#[derive(Debug)]
pub struct Api;

impl Service for Api {
    type Config = ApiConfig;
    const NAME: &'static str = "api";
    const ABOUT: &'static str = "Serves Muster's page and its HTTP API.";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const METRICS: &'static [&'static dyn Metric] = metric::ALL;
    const MIGRATIONS: &'static Migrations = &store::MIGRATIONS;

    async fn start(app: &mut App, changing: watch::Receiver<ApiConfig>) -> Result<(), StartError> {
        let config = changing.borrow().clone();
        let settings = Settings::new(changing, &app.common.nats_url)?;
        let certificate = Certificate::configured(config.tls_cert_file.as_deref(), config.tls_key_file.as_deref())?;
        let db = app.open_database::<Self>().await?;
        let bus = app.connect_bus(ServiceUser::Api).await?;
        let listener = app.bind("http", config.listen).await?;
        let bound = listener.local_addr();
        let bound = bound.map_err(|source| StartError::Io { what: "the page's address".to_owned(), source })?;
        let api = Shared::new(bus, db, app.clock.clone(), app.health.clone(), settings.bound(bound), app.stop.clone());
        if let Some(password) = &config.admin_password {
            http::found(&api, password).await?;
        }
        app.spawn("background", background(api.clone(), app.stop.clone()));
        if let Some(certificate) = certificate.clone() {
            app.spawn("certificate", certificate.keep_current(app.stop.clone()));
        }
        app.spawn("http", serve(listener, certificate, api, app.stop.clone()));
        Ok(())
    }
}

/// Tells what was changed, keeps the audit log, and ends event streams of sign-ins that are over, until `stop`.
pub async fn background(api: Shared, stop: CancellationToken) {
    let telling = outbox::relay(api.db.clone(), api.bus.clone(), stop.clone(), |_| {});
    tokio::join!(
        telling,
        api.feeds.close_what_is_over(),
        audit::keep(api.clone(), stop.clone()),
        push::keep(api.clone(), stop.clone()),
        tidy(api.clone(), stop)
    );
}

/// Forgets answers that are kept for those who ask again, also while nobody does.
async fn tidy(api: Shared, stop: CancellationToken) {
    let round = async || {
        let mut write = api.db.write().await?;
        store::idempotency::forget_old(&mut write, api.clock.now()).await?;
        write.commit().await
    };
    loop {
        if let Err(error) = round().await {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
        tokio::select! { () = tokio::time::sleep(TIDY) => {}, () = stop.cancelled() => return }
    }
}

/// Serves until `stop`, then ends open event streams and finishes what is in hand.
/// With a certificate it speaks HTTPS.
pub async fn serve(listener: TcpListener, certificate: Option<Certificate>, api: Shared, stop: CancellationToken) {
    match certificate {
        None => answer(listener.tap_io(|stream| at_once(stream)), api, stop).await,
        Some(certificate) => match TlsListener::new(listener, &certificate) {
            Ok(listener) => answer(listener.tap_io(|stream| at_once(stream.get_ref().0)), api, stop).await,
            Err(error) => tracing::error!(%error, "TLS cannot be served"),
        },
    }
}

/// Without delay, or a small frame waits for the acknowledgement of the one before; and without much before it: what a
/// slow reader has not taken waits here, where it is merged, and not in the system.
fn at_once(connection: &TcpStream) {
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(connection).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "TCP_NOTSENT_LOWAT cannot be set");
    }
}

async fn answer<L, F>(listener: TapIo<L, F>, api: Shared, stop: CancellationToken)
where
    L: Listener<Addr = SocketAddr>,
    F: FnMut(&mut L::Io) + Send + 'static,
{
    let serving = connections::serve(listener, http::router(api), stop.clone());
    let late = async move {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = serving => {}
        () = late => tracing::warn!("open answers were cut at the end"),
    }
}

//! Making a connection: as a service with its own NKey, or as a worker with a
//! token and a proved key.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_nats::{Auth, AuthError, ConnectErrorKind, ConnectOptions, ServerAddr, ServerError};
use muster_contracts::{
    fingerprint::Fingerprint,
    permissions::ServiceUser,
    subject::{service_inbox, worker_inbox},
};
use nkeys::KeyPair;
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::watch, time::timeout};

use crate::{
    Bus, Connection,
    connection::observe,
    trust::{self, CertificatesError, Refused},
};

/// How often the broker is asked for a sign of life. The third time without an answer to the first two, the
/// connection is given up and made anew.
const PING: Duration = Duration::from_secs(5);
/// The client tells of a connection that it has by then.
const TOLD: Duration = Duration::from_secs(1);
/// Longest pause between two attempts to connect.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// A service of ours.
#[derive(Debug)]
pub struct ServiceConnect {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`, more than one separated by commas.
    pub servers: String,
    /// Which user it is.
    pub user: ServiceUser,
    /// Seed of its NKey (`SU…`).
    pub seed: SecretString,
    /// Certificates to trust beside the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// A worker.
#[derive(Debug)]
pub struct WorkerConnect {
    /// `nats://`, `tls://`, `ws://` or `wss://` addresses.
    pub servers: Vec<String>,
    /// `machine_<id>:worker_<id>`.
    pub token: SecretString,
    /// Seed of the worker's NKey, which never leaves the machine.
    pub seed: SecretString,
    /// The process: the connection's name.
    pub instance: String,
    /// Certificates to trust beside the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The seed is not that of a user's NKey.
    #[error("the NKey seed is not valid")]
    Seed,
    /// An address cannot be used, or its name not be resolved.
    #[error("the broker's address is not valid: {0}")]
    Address(String),
    /// The file of certificates to trust cannot be used.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    /// The broker shows a certificate that is not to be trusted.
    #[error("the broker's certificate is not trusted ({reason})")]
    Untrusted {
        /// Whose it is, and what is wrong with it.
        reason: String,
    },
    /// Nothing answers, or it refuses.
    #[error("the broker at {servers} does not let us in: {reason}")]
    Unreachable {
        /// Where we tried.
        servers: String,
        /// What went wrong.
        reason: String,
    },
    /// A broker answers, and nobody tells it whether to let us in, or it is told not to for now.
    #[error("the broker at {servers} does not let us in now: {reason}")]
    Undecided {
        /// Where we tried.
        servers: String,
        /// What it says.
        reason: String,
    },
}

impl ConnectError {
    fn of(error: &async_nats::ConnectError, servers: String) -> Self {
        let reason = error.to_string();
        // Everything that the broker says but a refusal comes as an error of its own kind in the source.
        let said = std::error::Error::source(error).is_some_and(|source| source.is::<ServerError>());
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation => Self::Undecided { servers, reason },
            _ if said => Self::Undecided { servers, reason },
            _ => Self::Unreachable { servers, reason },
        }
    }
}

impl Bus {
    /// Connects as a service. Comes back at once and goes on trying in the
    /// background; [`Bus::connection`] tells when it is there.
    ///
    /// # Errors
    /// When the seed or an address is not valid.
    pub async fn connect_service(connect: ServiceConnect) -> Result<Self, ConnectError> {
        let ServiceConnect { servers, user, seed, ca_file } = connect;
        KeyPair::from_seed(seed.expose_secret()).map_err(|_| ConnectError::Seed)?;
        let list = servers.split(',').map(|server| server.trim().to_owned()).collect::<Vec<_>>();
        let options = ConnectOptions::with_nkey(seed.expose_secret().to_owned())
            .name(user.name())
            .custom_inbox_prefix(service_inbox(user.name()))
            // Also of the servers that the first one tells of.
            .require_tls(list.iter().any(|server| server.starts_with("tls://")))
            .retry_on_initial_connect();
        connect_with(options, list, ca_file).await
    }

    /// Connects as a worker. The broker knows the key by the signature over its
    /// nonce; what the connection may do is up to the callout.
    ///
    /// # Errors
    /// When the seed is not valid, or nothing lets us in.
    pub async fn connect_worker(connect: WorkerConnect) -> Result<Self, ConnectError> {
        let WorkerConnect { servers, token, seed, instance, ca_file } = connect;
        let key = Arc::new(KeyPair::from_seed(seed.expose_secret()).map_err(|_| ConnectError::Seed)?);
        let fingerprint = Fingerprint::of(&key.public_key());
        let token = Arc::new(token);
        let options = ConnectOptions::with_auth_callback(move |nonce| {
            let (key, token) = (Arc::clone(&key), Arc::clone(&token));
            async move {
                let mut auth = Auth::new();
                auth.signature = Some(key.sign(&nonce).map_err(AuthError::new)?);
                auth.nkey = Some(key.public_key());
                auth.token = Some(token.expose_secret().to_owned());
                Ok(auth)
            }
        })
        .name(instance)
        // Other servers may be told by addresses that only reach within their own network, or without TLS.
        .ignore_discovered_servers()
        .custom_inbox_prefix(worker_inbox(&fingerprint));
        let bus = connect_with(options, servers, ca_file).await?;
        // It is; the client says so a moment later.
        let _ = timeout(TOLD, bus.connected()).await;
        Ok(bus)
    }
}

pub(crate) async fn connect_with(
    options: ConnectOptions,
    servers: Vec<String>,
    ca_file: Option<PathBuf>,
) -> Result<Bus, ConnectError> {
    let (sender, receiver) = watch::channel(Connection::default());
    let refused = Refused::default();
    let mut options = options
        .event_callback(move |event| {
            observe(&sender, &event);
            std::future::ready(())
        })
        .reconnect_delay_callback(delay)
        .connection_timeout(Duration::from_secs(4))
        .ping_interval(PING)
        .subscription_capacity(16 * 1024)
        .client_capacity(4 * 1024);
    if let Some(tls) = trust::client(ca_file.as_deref(), &refused)? {
        options = options.tls_client_config(tls);
    }
    // Without a scheme anything is taken for a host.
    let address = |server: &String| server.parse::<ServerAddr>().ok().filter(|_| server.contains("://"));
    let addresses = servers.iter().map(address).collect::<Option<Vec<_>>>();
    let addresses = addresses.ok_or_else(|| ConnectError::Address(servers.join(", ")))?;
    let client = options.connect(addresses).await.map_err(|error| match refused.reason() {
        Some(reason) => ConnectError::Untrusted { reason },
        None => ConnectError::of(&error, servers.join(", ")),
    })?;
    Ok(Bus::new(client, receiver))
}

/// At once, then doubling to [`MAX_DELAY`], each shortened by up to a half so
/// that a thousand clients do not come back in the same moment.
fn delay(attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doubled = Duration::from_millis(50).saturating_mul(1 << attempt.min(8));
    let whole = doubled.min(MAX_DELAY);
    let random = muster_contracts::id::random();
    let share = random.bytes().next().map_or(0, u32::from) % 64;
    whole.saturating_sub(whole.saturating_mul(share) / 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spaced_and_bounded() {
        assert_eq!(delay(1), Duration::ZERO);
        for attempt in 2..100 {
            let pause = delay(attempt);
            assert!(pause > Duration::from_millis(50) && pause <= MAX_DELAY, "{attempt}: {pause:?}");
        }
        let pauses = (0..64).map(|_| delay(10)).collect::<std::collections::HashSet<_>>();
        assert!(pauses.len() > 8, "clients come back one by one: {pauses:?}");
    }
}

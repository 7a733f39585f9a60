//! One of our services as a process: started, waited for until it is ready,
//! and started again at the same addresses.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use muster_contracts::permissions::ServiceUser;

use crate::{
    binaries,
    credentials::{Credentials, CredentialsError},
    process::{Child, Command, ProcessError},
};

/// What the api announces its page as.
pub const PAGE: &str = "http";
/// Time until a service must be ready; a first start makes its tables.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at whether it is ready.
const LOOK: Duration = Duration::from_millis(50);
/// Time that one look may take.
const LOOK_PATIENCE: Duration = Duration::from_secs(5);

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Its program is not there.
    #[error(transparent)]
    NotBuilt(#[from] binaries::NotBuilt),
    /// It has no keys.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Its process does not start, ends, or announces nothing.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It runs, and still misses something.
    #[error("{name} is not ready: {missing}\nthe end of its log {log}:\n{tail}")]
    NotReady {
        /// Which.
        name: String,
        /// What its `/readyz` says.
        missing: String,
        /// Its log.
        log: String,
        /// The log's last lines.
        tail: String,
    },
}

/// What starts one of `registry`, `chat` and `api`: with its own keys and
/// database, its log and announcement in `home`.
///
/// # Errors
/// When it was not built.
pub fn command(
    user: ServiceUser,
    home: &Path,
    nats: &str,
    database: &str,
    credentials: &Credentials,
) -> Result<Command, ServiceError> {
    let name = user.name();
    Ok(Command::new(name, binaries::find(&format!("muster-{name}"))?, home.join(format!("{name}.log")))
        .announces(home.join(format!("{name}.addresses")))
        .env("MUSTER_NATS_URL", nats)
        .env("MUSTER_DATABASE_URL", database)
        .env("MUSTER_OPERATOR_LISTEN", "127.0.0.1:0")
        .envs(credentials.environment(user)?))
}

/// A running service. Dropped, it is killed.
#[derive(Debug)]
pub struct Service {
    child: Child,
    addresses: BTreeMap<String, String>,
}

impl Service {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn start(command: Command) -> Result<Self, ServiceError> {
        let mut service = Self { child: Child::spawn(command)?, addresses: BTreeMap::new() };
        service.wait_ready().await?;
        Ok(service)
    }

    /// Starts it again after it ended or was killed, and waits until it is ready.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn restart(&mut self) -> Result<(), ServiceError> {
        self.start_again().await?;
        self.wait_ready().await
    }

    /// Starts it again, and does not wait for it.
    ///
    /// # Errors
    /// When it cannot even be started.
    pub async fn start_again(&mut self) -> Result<(), ServiceError> {
        if let Some(listen) = self.address(PAGE) {
            let command = self.child.command_mut();
            *command = command.clone().env("MUSTER_LISTEN", listen.to_string());
        }
        Ok(self.child.restart().await?)
    }

    /// What its `/readyz` says: `None` while it is ready.
    pub async fn missing(&self) -> Option<String> {
        let url = format!("http://{}/readyz", self.addresses.get("operator").map_or("", String::as_str));
        let http = reqwest::Client::builder().no_proxy().timeout(LOOK_PATIENCE).build().unwrap_or_default();
        match http.get(url).send().await {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.text().await.unwrap_or_default()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Does not hand on this variable when it is started again.
    pub fn forget(&mut self, key: &str) {
        let command = self.child.command_mut();
        *command = command.clone().unset(key);
    }

    /// Its process.
    #[must_use]
    pub const fn process(&self) -> &Child {
        &self.child
    }

    /// Where it listens for [`PAGE`] (the api) or `operator` (health, metrics).
    #[must_use]
    pub fn address(&self, what: &str) -> Option<SocketAddr> {
        self.addresses.get(what)?.parse().ok()
    }

    /// Waits until `/readyz` says yes.
    ///
    /// # Errors
    /// With what is missing, when it says no for too long.
    pub async fn wait_ready(&mut self) -> Result<(), ServiceError> {
        self.addresses = self.child.announced(PATIENCE).await?;
        let mut missing = String::new();
        let asking = async {
            while self.child.ended().is_none() {
                match self.missing().await {
                    None => return true,
                    Some(what) => missing = what,
                }
                tokio::time::sleep(LOOK).await;
            }
            missing = "it ended".to_owned();
            false
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(true) => Ok(()),
            _ => Err(ServiceError::NotReady {
                name: self.child.command().name().to_owned(),
                missing,
                log: self.child.command().log().display().to_string(),
                tail: self.child.log_tail(20),
            }),
        }
    }
}

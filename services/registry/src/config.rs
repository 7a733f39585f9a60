//! What the registry is told beside what every service is told.

use std::{path::PathBuf, time::Duration};

use muster_contracts::stream::{self, StreamSpec};
use muster_service::{
    config::{ConfigError, secret},
    settings,
};
use nkeys::{KeyPair, KeyPairType, XKey};
use secrecy::{ExposeSecret as _, SecretString};

settings! {
    /// Keys of the registry.
    pub struct RegistryConfig {
        /// Seed of the NKey of the registry's user in the system account.
        system_seed: Option<SecretString>,
        /// File with the seed, instead of `system_seed`.
        system_seed_file: Option<PathBuf>,
        /// Seed of the account NKey that signs the rights of workers.
        issuer_seed: Option<SecretString>,
        /// File with the seed, instead of `issuer_seed`.
        issuer_seed_file: Option<PathBuf>,
        /// Seed of the curve key that the broker seals its questions to.
        xkey_seed: Option<SecretString>,
        /// File with the seed, instead of `xkey_seed`.
        xkey_seed_file: Option<PathBuf>,
        /// Machines that one user may have.
        @live machines_per_user: i64 = "200" in 1..=1_000_000,
        /// Workers that one user may have, on all machines.
        @live workers_per_user: i64 = "1000" in 1..=1_000_000,
        /// Connections that one key of a worker may make in a minute, and all that wait together from one address a
        /// hundred times as many: what comes and goes all the time is told to everybody who looks.
        @live connections_per_minute: u32 = "60" in 1..=1_000_000,
        /// Days that the stream EVENTS keeps what changed.
        events_max_days: u32 = "30" in 1..=36_500,
        /// Bytes that the stream EVENTS keeps at most; the oldest give way.
        events_max_bytes: i64 = "1073741824" in 1..=i64::MAX,
    }
}

/// What one user may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Machines.
    pub machines: i64,
    /// Workers, on all machines.
    pub workers: i64,
}

/// The keys with which the broker's questions are answered.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Signs the rights of workers.
    pub issuer: KeyPair,
    /// Opens the broker's questions and seals the answers.
    pub xkey: XKey,
}

impl RegistryConfig {
    /// The seed of the system user.
    pub(crate) fn system_seed(&self) -> Result<SecretString, ConfigError> {
        secret("system_seed", self.system_seed.as_ref(), self.system_seed_file.as_deref())
    }

    /// The keys of the callout.
    pub(crate) fn keys(&self) -> Result<Keys, ConfigError> {
        let issuer = secret("issuer_seed", self.issuer_seed.as_ref(), self.issuer_seed_file.as_deref())?;
        let xkey = secret("xkey_seed", self.xkey_seed.as_ref(), self.xkey_seed_file.as_deref())?;
        let issuer = KeyPair::from_seed(issuer.expose_secret())
            .ok()
            .filter(|key| key.key_pair_type() == KeyPairType::Account)
            .ok_or_else(|| ConfigError::Invalid("`issuer_seed` is not the seed of an account NKey (SA…)".to_owned()))?;
        let xkey = XKey::from_seed(xkey.expose_secret())
            .map_err(|_| ConfigError::Invalid("`xkey_seed` is not the seed of a curve key (SX…)".to_owned()))?;
        Ok(Keys { issuer, xkey })
    }

    /// What one user may have.
    pub(crate) const fn limits(&self) -> Limits {
        Limits { machines: self.machines_per_user, workers: self.workers_per_user }
    }

    /// The stream EVENTS as it shall be.
    pub(crate) fn events(&self, replicas: usize) -> StreamSpec {
        const DAY: u64 = 24 * 60 * 60;
        stream::events(Duration::from_secs(u64::from(self.events_max_days) * DAY), self.events_max_bytes, replicas)
    }
}

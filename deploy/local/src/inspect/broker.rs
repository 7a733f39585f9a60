//! Where the broker is, and the key of the operator who looks.

use std::{fs, io, path::PathBuf};

use muster_bus::{ConnectError, Inspector, InspectorConnect};
use muster_testkit::credentials::Credentials;
use secrecy::SecretString;

use crate::{cli, data_dir};

/// Why it is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    /// Nothing runs on the data directory, or never did.
    #[error(
        "nothing was started in {directory} yet: start `cargo muster up --inspect`, name its --data-dir, or give --server \
         and --keys"
    )]
    NotStarted {
        /// The data directory.
        directory: PathBuf,
    },
    /// There is no operator.
    #[error(
        "there is no key {file}: an operator may only look where `cargo muster up --inspect`, or `cargo muster credentials \
         --inspect`, has made one"
    )]
    NoKey {
        /// Where it would be.
        file: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {file}: {source}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The broker does not let us in.
    #[error("{0}; is it running, and was it started with --inspect?")]
    Connect(#[from] ConnectError),
}

/// Connects as who may look.
pub(super) async fn connect(options: &cli::Inspect) -> Result<Inspector, BrokerError> {
    let keys = options.keys.clone().unwrap_or_else(|| data_dir::keys(&options.data_dir));
    let servers = match &options.server {
        Some(server) => server.clone(),
        None => {
            let told = fs::read_to_string(data_dir::broker(&options.data_dir));
            told.map_err(|_| BrokerError::NotStarted { directory: options.data_dir.clone() })?.trim().to_owned()
        }
    };
    let file = Credentials::inspector_file(&keys);
    let seed = match fs::read_to_string(&file) {
        Ok(seed) => SecretString::from(seed.trim()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BrokerError::NoKey { file }),
        Err(source) => return Err(BrokerError::File { file, source }),
    };
    Ok(Inspector::connect(InspectorConnect { servers, seed, ca_file: options.ca.clone() }).await?)
}

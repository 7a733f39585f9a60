//! Where an installation keeps what it knows: a data directory, or databases and a broker of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use muster_bus::{Bus, ServiceConnect};
use muster_contracts::permissions::ServiceUser;
use muster_service::copy::{self, Place};
use muster_testkit::{credentials::Credentials, sqlite};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{BackupError, manifest::Engine};
use crate::data_dir;

/// The broker answers by then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whose databases they are. Chat knows things of the registry and the api, and not the other way round.
pub(super) const SERVICES: [ServiceUser; 3] = [ServiceUser::Chat, ServiceUser::Registry, ServiceUser::Api];

/// See the module.
#[derive(Debug)]
pub(super) struct Installation {
    /// In the order of [`SERVICES`].
    pub(super) databases: Vec<Place>,
    pub(super) engine: Engine,
    nats: String,
    ca_file: Option<PathBuf>,
    seed: SecretString,
}

/// What is of use here of a service's settings.
#[derive(Deserialize)]
struct Settings {
    database_url: SecretString,
    nats_url: Option<String>,
    nats_ca_file: Option<PathBuf>,
}

impl Installation {
    /// That of `cargo muster up`, while it runs.
    pub(super) fn in_data_dir(directory: &Path) -> Result<Self, BackupError> {
        let told = data_dir::broker(directory);
        let nats = match fs::read_to_string(&told) {
            Ok(text) => text.trim().to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NotStarted(directory.to_owned()));
            }
            Err(source) => return Err(BackupError::File { path: told, source }),
        };
        let seed = seed(&data_dir::keys(directory))?;
        Ok(Self { databases: files(directory), engine: Engine::Sqlite, nats, ca_file: None, seed })
    }

    /// One whose services have their settings in a directory, as the containers have.
    pub(super) fn in_secrets(directory: &Path) -> Result<Self, BackupError> {
        let mut databases = Vec::new();
        let mut broker = None;
        for user in SERVICES {
            let path = directory.join(format!("{}.toml", user.name()));
            let text = fs::read_to_string(&path).map_err(BackupError::file(&path))?;
            // The error would show a line, which may be a secret.
            let settings = toml_edit::de::from_str::<Settings>(&text).map_err(|_| BackupError::Settings(path))?;
            databases.push(Place { schema: user.name(), url: settings.database_url });
            broker = broker.or(Some((settings.nats_url, settings.nats_ca_file)));
        }
        let mut engines = databases.iter().map(copy::engine);
        let sqlite = engines.try_fold(0, |count, engine| {
            engine.map(|engine| count + usize::from(engine == muster_service::Engine::Sqlite))
        })?;
        let engine = match sqlite {
            0 => Engine::Postgres,
            count if count == databases.len() => Engine::Sqlite,
            _ => return Err(BackupError::Engines),
        };
        let (nats, ca_file) = broker.unwrap_or_default();
        // As the services have it, their environment wins.
        let ca_file = std::env::var_os("MUSTER_NATS_CA_FILE").map(PathBuf::from).or(ca_file);
        let nats = std::env::var("MUSTER_NATS_URL").ok().or(nats).unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
        Ok(Self { databases, engine, nats, ca_file, seed: seed(directory)? })
    }

    /// One that is being made in an empty data directory, whose broker is there.
    pub(super) fn new(directory: &Path, nats: String) -> Result<Self, BackupError> {
        let seed = seed(&data_dir::keys(directory))?;
        Ok(Self { databases: files(directory), engine: Engine::Sqlite, nats, ca_file: None, seed })
    }

    /// Connects to the broker as who makes backups.
    pub(super) async fn connect(&self) -> Result<Bus, BackupError> {
        let connect = ServiceConnect {
            servers: self.nats.clone(),
            user: ServiceUser::Backup,
            seed: self.seed.expose_secret().into(),
            ca_file: self.ca_file.clone(),
        };
        let bus = Bus::connect_service(connect).await?;
        match tokio::time::timeout(PATIENCE, bus.connected()).await {
            Ok(_) => Ok(bus),
            Err(_) => Err(BackupError::NoBroker(self.nats.clone())),
        }
    }
}

fn files(directory: &Path) -> Vec<Place> {
    let place = |user: ServiceUser| Place {
        schema: user.name(),
        url: sqlite::url(&directory.join(format!("{}.db", user.name()))).into(),
    };
    SERVICES.into_iter().map(place).collect()
}

fn seed(directory: &Path) -> Result<SecretString, BackupError> {
    let file = Credentials::file(directory, ServiceUser::Backup);
    match fs::read_to_string(&file) {
        Ok(seed) => Ok(seed.trim().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BackupError::NoKey(file)),
        Err(source) => Err(BackupError::File { path: file, source }),
    }
}

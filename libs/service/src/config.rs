//! Configuration: defaults, then a TOML file, then `MUSTER_…` from the
//! environment, the later one winning. A section's keys, types, defaults and
//! meanings stand in one place, see [`settings!`](crate::settings).

use std::{collections::BTreeSet, fmt, path::Path};

use config::{Config, Environment, File, FileFormat};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// Prefix of the environment's names.
const PREFIX: &str = "MUSTER";

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the file; in the environment `MUSTER_` and the same in capitals.
    pub name: &'static str,
    /// Its Rust type.
    pub kind: &'static str,
    /// What it is unless said otherwise.
    pub default: Option<&'static str>,
    /// What it means.
    pub doc: &'static str,
}

/// Keys that belong together, as a struct.
pub trait Section: DeserializeOwned + fmt::Debug + Send + 'static {
    /// Its keys.
    const KEYS: &'static [Key];
}

/// Defines a [`Section`]: a struct whose fields say their default and meaning.
#[macro_export]
macro_rules! settings {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $( $(#[doc = $doc:literal])+ $key:ident : $type:ty $(= $default:literal)?, )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, ::serde::Deserialize)]
        $vis struct $name { $( $(#[doc = $doc])+ pub $key: $type, )* }

        impl $crate::config::Section for $name {
            const KEYS: &'static [$crate::config::Key] = &[ $( $crate::config::Key {
                name: stringify!($key),
                kind: stringify!($type),
                default: { #[allow(unused_mut, unused_assignments)] let mut default = None; $( default = Some($default); )? default },
                doc: concat!($($doc),+),
            }, )* ];
        }
    };
}

settings! {
    /// What every service is told.
    pub struct Common {
        /// Address of the broker, `nats://` or `tls://`; several separated by commas.
        nats_url: String = "nats://127.0.0.1:4222",
        /// Seed of the service's NKey on the broker.
        nats_seed: Option<SecretString>,
        /// File with the seed, instead of `nats_seed`.
        nats_seed_file: Option<std::path::PathBuf>,
        /// Certificates that the broker's is checked against beside the system's, as PEM.
        nats_ca_file: Option<std::path::PathBuf>,
        /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
        database_url: SecretString,
        /// Connections to the database at most.
        database_connections: u32 = "8",
        /// Address for /livez, /readyz and /metrics; keep it from strangers.
        operator_listen: std::net::SocketAddr = "127.0.0.1:0",
        /// File that gets the addresses that were bound, as JSON, once everything serves.
        announce_file: Option<std::path::PathBuf>,
        /// What is logged: error, warn, info, debug, trace, or a filter such as `info,muster_chat=debug`.
        log: String = "info",
        /// `text` or `json`.
        log_format: LogFormat = "text",
        /// Base address of an OpenTelemetry collector that takes OTLP over HTTP; none: no traces leave.
        otlp_endpoint: Option<String>,
        /// Copies of each stream in a cluster of brokers.
        stream_replicas: usize = "1",
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Why there is no configuration. Each says the key and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or a value does not fit.
    #[error("{0}")]
    Invalid(String),
    /// A key in the file that nobody knows.
    #[error("unknown key `{key}` in {file}; known are: {known}")]
    Unknown {
        /// The key.
        key: String,
        /// The file.
        file: String,
        /// All keys.
        known: String,
    },
    /// A file that a key names cannot be read.
    #[error("cannot read {key} {path}: {reason}")]
    Unreadable {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A key without which the service cannot be.
    #[error("`{0}` is needed: set it in the file, or in the environment with MUSTER_ before it and in capitals")]
    Missing(&'static str),
}

/// Reads the sections `Common` and `S`.
///
/// # Errors
/// See [`ConfigError`].
pub fn load<S: Section>(file: Option<&Path>) -> Result<(Common, S), ConfigError> {
    let keys = || Common::KEYS.iter().chain(S::KEYS);
    if let Some(path) = file {
        refuse_unknown(path, &keys().map(|key| key.name).collect())?;
    }
    let invalid = |error: config::ConfigError| ConfigError::Invalid(error.to_string());
    let mut builder = Config::builder();
    for key in keys() {
        if let Some(default) = key.default {
            builder = builder.set_default(key.name, default).map_err(invalid)?;
        }
    }
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let values = builder.add_source(Environment::with_prefix(PREFIX)).build().map_err(invalid)?;
    Ok((section::<Common>(&values)?, section::<S>(&values)?))
}

fn section<S: Section>(values: &Config) -> Result<S, ConfigError> {
    for key in S::KEYS {
        let needed = key.default.is_none() && !key.kind.starts_with("Option");
        if needed && values.get::<config::Value>(key.name).is_err() {
            return Err(ConfigError::Missing(key.name));
        }
    }
    values.clone().try_deserialize().map_err(|error| ConfigError::Invalid(error.to_string()))
}

fn refuse_unknown(path: &Path, known: &BTreeSet<&str>) -> Result<(), ConfigError> {
    let table = Config::builder()
        .add_source(File::from(path).format(FileFormat::Toml))
        .build()
        .and_then(Config::try_deserialize::<config::Map<String, config::Value>>)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    match table.into_keys().find(|key| !known.contains(key.as_str())) {
        None => Ok(()),
        Some(key) => Err(ConfigError::Unknown {
            key,
            file: path.display().to_string(),
            known: known.iter().copied().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// A secret that stands in a key or in the file that another key names.
///
/// # Errors
/// When it stands in neither, or the file cannot be read.
pub fn secret(
    key: &'static str,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<SecretString, ConfigError> {
    match (value, file) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(SecretString::from(text.trim())),
            Err(error) => {
                Err(ConfigError::Unreadable { key, path: path.display().to_string(), reason: error.to_string() })
            }
        },
        (None, None) => Err(ConfigError::Missing(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    settings! {
        struct Sample {
            /// A number.
            size: u32 = "7",
            /// Maybe a text.
            word: Option<String>,
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_overrides_defaults() {
        let file = file("database_url = 'sqlite:x.db'\nsize = 9\n");
        let (common, sample) = load::<Sample>(Some(file.path())).unwrap();
        assert_eq!((sample.size, sample.word), (9, None));
        assert_eq!(common.log, "info");
    }

    #[test]
    fn unknown_missing_and_bad_keys_are_named() {
        let unknown = load::<Sample>(Some(file("database_url='x'\nsise = 9").path())).unwrap_err();
        assert!(matches!(unknown, ConfigError::Unknown { key, .. } if key == "sise"));
        let missing = load::<Sample>(Some(file("size = 9").path())).unwrap_err();
        assert!(matches!(missing, ConfigError::Missing("database_url")));
        let bad = load::<Sample>(Some(file("database_url='x'\nsize = 'many'").path())).unwrap_err();
        assert!(bad.to_string().contains("size"), "{bad}");
    }

    #[test]
    fn secrets_do_not_print() {
        let (common, _) = load::<Sample>(Some(file("database_url = 'postgres://u:hunter2@h/d'").path())).unwrap();
        assert!(!format!("{common:?}").contains("hunter2"));
    }
}

//! Configuration: defaults, then a TOML file, then `MUSTER_…` from the
//! environment, the later one winning. A section's keys, types, defaults and
//! meanings stand in one place, see [`settings!`](crate::settings).

mod environment;
mod key;

use std::path::Path;

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use secrecy::SecretString;
use strum::VariantNames;

use crate::settings;
use environment::{PREFIX, environment};
pub use key::{Key, Section, Setting, fits, one_of};

pub(crate) use environment::FILE_VARIABLE;

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
        database_connections: u32 = "8" in 1..=1000,
        /// Address for /livez, /readyz and /metrics; keep it from strangers.
        operator_listen: std::net::SocketAddr = "127.0.0.1:0",
        /// File that gets the addresses that were bound, as JSON, once everything serves.
        announce_file: Option<std::path::PathBuf>,
        /// What is logged: error, warn, info, debug, trace, or a filter such as `info,muster_chat=debug`.
        @live log: String = "info",
        /// `text` or `json`.
        log_format: LogFormat = "text",
        /// Base address of an OpenTelemetry collector that takes OTLP over HTTP; none: no traces leave.
        otlp_endpoint: Option<String>,
        /// Copies of each stream in a cluster of brokers.
        stream_replicas: usize = "1" in 1..=5,
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, strum::VariantNames)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Setting for LogFormat {
    fn kind() -> String {
        one_of(Self::VARIANTS)
    }
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
    /// A name in the environment that is nearly that of a key.
    #[error("`{found}` in the environment is no setting; is `{meant}` meant?")]
    Misspelt {
        /// The name.
        found: String,
        /// That of the key.
        meant: String,
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

/// The configuration of a service, and what it was made of.
#[derive(Debug)]
pub(crate) struct Loaded<S> {
    pub(crate) common: Common,
    pub(crate) own: S,
    values: Config,
}

impl<S: Section> Loaded<S> {
    /// Keys that have another value there, and are taken while the service runs or are not.
    pub(crate) fn differences(&self, there: &Self, live: bool) -> Vec<&'static str> {
        // As a text: a number of the environment is one there, and none in the file.
        let value = |values: &Config, key: &Key| values.get::<Value>(key.name).ok().map(|value| value.to_string());
        let keys = keys::<S>().filter(|key| key.live == live);
        keys.filter(|key| value(&self.values, key) != value(&there.values, key)).map(|key| key.name).collect()
    }

    /// This one, with what is taken while the service runs as it is there.
    pub(crate) fn taking(&self, there: &Self) -> Result<Self, ConfigError> {
        let mut builder = Config::builder().add_source(self.values.clone());
        for key in keys::<S>().filter(|key| key.live) {
            let value = there.values.get::<Value>(key.name).map_or(ValueKind::Nil, |value| value.kind);
            builder = builder.set_override(key.name, Value::new(None, value)).map_err(invalid)?;
        }
        Self::of(builder.build().map_err(invalid)?)
    }

    fn of(values: Config) -> Result<Self, ConfigError> {
        Ok(Self { common: section::<Common>(&values)?, own: section::<S>(&values)?, values })
    }
}

/// Of every service, then its own.
pub(crate) fn keys<S: Section>() -> impl Iterator<Item = &'static Key> {
    Common::KEYS.iter().chain(S::KEYS)
}

/// Reads the sections `Common` and `S`.
///
/// # Errors
/// See [`ConfigError`].
pub fn load<S: Section>(file: Option<&Path>) -> Result<(Common, S), ConfigError> {
    read_all(file).map(|Loaded { common, own, .. }| (common, own))
}

/// The same, with what it was made of.
pub(crate) fn read_all<S: Section>(file: Option<&Path>) -> Result<Loaded<S>, ConfigError> {
    let mut builder = Config::builder();
    for key in keys::<S>() {
        if let Some(default) = key.default {
            builder = builder.set_default(key.name, default).map_err(invalid)?;
        }
    }
    if let Some(path) = file {
        let names = keys::<S>().map(|key| key.name).collect::<Vec<_>>();
        builder = builder.add_source(File::from_str(&read(path, &names)?, FileFormat::Toml));
    }
    let environment = environment(std::env::vars_os(), keys::<S>())?;
    let environment = Environment::with_prefix(PREFIX).source(Some(environment));
    let values = builder.add_source(environment).build().map_err(invalid)?;
    Loaded::of(values)
}

fn invalid(error: config::ConfigError) -> ConfigError {
    ConfigError::Invalid(error.to_string())
}

fn section<S: Section>(values: &Config) -> Result<S, ConfigError> {
    for key in S::KEYS {
        let needed = key.default.is_none() && !key.optional;
        if needed && values.get::<Value>(key.name).is_err() {
            return Err(ConfigError::Missing(key.name));
        }
        let within = |found: i64| key.range.as_ref().is_none_or(|range| range.contains(&found));
        let is_number = (key.kind)().starts_with("number");
        let wrong = |found: Value| is_number && !whole(&found).is_some_and(within);
        if !(key.fits)(values, key.name) || values.get(key.name).is_ok_and(wrong) {
            let found = values.get_string(key.name).map(|found| format!("{found:?}"));
            let found = found.unwrap_or_else(|_| "a table or list".to_owned());
            return Err(ConfigError::Invalid(format!("`{}` cannot be {found}; allowed: {}", key.name, key.allowed())));
        }
    }
    values.clone().try_deserialize().map_err(invalid)
}

/// A whole number. The library takes words and fractions for one as well: `off` for 0, 2.6 for 3.
fn whole(value: &Value) -> Option<i64> {
    match &value.kind {
        ValueKind::I64(number) => Some(*number),
        ValueKind::U64(number) => i64::try_from(*number).ok(),
        ValueKind::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The file's text, if it is TOML and has no other keys than these. What is wrong with it is told without the line
/// itself, which may hold a secret.
fn read(path: &Path, known: &[&str]) -> Result<String, ConfigError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        key: "config",
        path: file.clone(),
        reason: error.to_string(),
    })?;
    let document = text.parse::<toml_edit::DocumentMut>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let why = error.message().lines().collect::<Vec<_>>().join("; ");
        ConfigError::Invalid(format!("{file} is not TOML: line {}: {why}", before.matches('\n').count() + 1))
    })?;
    match document.iter().find(|(key, _)| !known.contains(key)) {
        None => Ok(text),
        Some((key, _)) => Err(ConfigError::Unknown { key: key.to_owned(), file, known: known.join(", ") }),
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
        pub(super) struct Sample {
            /// A number.
            @live size: u32 = "7" in 1..=9,
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
    fn what_differs_is_told_by_whether_it_is_taken_while_it_runs() {
        let all = |text: &str| read_all::<Sample>(Some(file(&format!("database_url = 'x'\n{text}")).path())).unwrap();
        let (before, after) = (all("size = 7\nlog = 'info'"), all("size = 8\nlog = 'debug'\nword = 'a'"));
        assert_eq!(before.differences(&after, true), ["log", "size"]);
        assert_eq!(before.differences(&after, false), ["word"]);
        assert!(before.differences(&all(""), true).is_empty(), "the default is the same value");
        let taken = before.taking(&after).unwrap();
        assert_eq!((taken.common.log.as_str(), taken.own.size, taken.own.word), ("debug", 8, None));
    }

    #[test]
    fn unknown_missing_and_bad_keys_are_named() {
        let unknown = load::<Sample>(Some(file("database_url='x'\nsise = 9").path())).unwrap_err();
        assert!(matches!(unknown, ConfigError::Unknown { key, .. } if key == "sise"));
        let missing = load::<Sample>(Some(file("size = 9").path())).unwrap_err();
        assert!(matches!(missing, ConfigError::Missing("database_url")));
        let bad = load::<Sample>(Some(file("database_url='x'\nsize = 'many'").path())).unwrap_err();
        assert!(bad.to_string().contains("size"), "{bad}");
        let outside = load::<Sample>(Some(file("database_url='x'\nsize = 10").path())).unwrap_err();
        assert_eq!(outside.to_string(), "`size` cannot be \"10\"; allowed: number, 1 to 9");
    }

    #[test]
    fn what_is_no_toml_is_told_by_its_line_and_not_shown() {
        let told =
            load::<Sample>(Some(file("size = 9\ndatabase_url = postgres://u:hunter2@h/d\n").path())).unwrap_err();
        let told = told.to_string();
        assert!(told.contains("line 2") && !told.contains("hunter2") && !told.contains('\n'), "{told}");
    }

    #[test]
    fn secrets_do_not_print() {
        let (common, _) = load::<Sample>(Some(file("database_url = 'postgres://u:hunter2@h/d'").path())).unwrap();
        assert!(!format!("{common:?}").contains("hunter2"));
    }
}

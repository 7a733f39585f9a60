//! Configuration: defaults, then a TOML file, then `MUSTER_…` from the
//! environment, the later one winning. A section's keys, types, defaults and
//! meanings stand in one place, see [`settings!`](crate::settings).

use std::{ffi::OsString, fmt, num::NonZeroU32, ops::RangeInclusive, path::Path};

use config::{Config, Environment, File, FileFormat, Map, Value, ValueKind};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use strum::VariantNames;

/// Prefix of the environment's names.
const PREFIX: &str = "MUSTER";
/// Names the file itself: known in the environment, and no key.
pub(crate) const FILE_VARIABLE: &str = "MUSTER_CONFIG";
/// A name of this length may have two letters wrong and still be taken for a key; a shorter one, one letter.
const LONG: usize = 8;

/// What a key's value may be.
pub trait Setting {
    /// Whether it may be left out though it has no default.
    const OPTIONAL: bool = false;

    /// What it may be, for people.
    fn kind() -> String;
}

macro_rules! kinds {
    ($($kind:literal: $($type:ty),+;)+) => {
        $($(impl Setting for $type {
            fn kind() -> String {
                $kind.to_owned()
            }
        })+)+
    };
}

kinds! {
    "text": String;
    "secret": SecretString;
    "path": std::path::PathBuf;
    "address:port": std::net::SocketAddr;
    "number": u32, u64, i64, usize;
    "number, at least 1": NonZeroU32;
}

impl<T: Setting> Setting for Option<T> {
    const OPTIONAL: bool = true;

    fn kind() -> String {
        T::kind()
    }
}

/// Words of which a value is one.
#[must_use]
pub fn one_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// One key of a section.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// See [`Setting::kind`].
    pub kind: fn() -> String,
    /// See [`Setting::OPTIONAL`].
    pub optional: bool,
    /// What it is unless said otherwise.
    pub default: Option<&'static str>,
    /// What a number must be within.
    pub range: Option<RangeInclusive<i64>>,
    /// Whether what is configured is of its type.
    pub fits: fn(&Config, &str) -> bool,
    /// Whether another value is taken while the service runs.
    pub live: bool,
    /// What it means.
    pub doc: &'static str,
}

impl Key {
    /// Its name in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}_{}", self.name.to_uppercase())
    }

    /// What its value may be, for people.
    #[must_use]
    pub fn allowed(&self) -> String {
        let kind = (self.kind)();
        match &self.range {
            None => kind,
            Some(range) if *range.end() == i64::MAX => format!("{kind}, at least {}", range.start()),
            Some(range) => format!("{kind}, {} to {}", range.start(), range.end()),
        }
    }
}

/// Whether a key's value, if it has one, can be read as this type.
#[must_use]
pub fn fits<T: DeserializeOwned>(values: &Config, key: &str) -> bool {
    values.get::<T>(key).is_ok() || values.get::<Value>(key).is_err()
}

/// Keys that belong together, as a struct.
pub trait Section: DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static {
    /// Its keys.
    const KEYS: &'static [Key];
}

/// Defines a [`Section`]: a struct whose fields say their default, what a number must be within, and their meaning. What
/// is marked `@live` is taken while the service runs.
#[macro_export]
macro_rules! settings {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $( $(#[doc = $doc:literal])+ $(@$live:ident)? $key:ident : $type:ty $(= $default:literal $(in $range:expr)?)?, )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, ::serde::Deserialize)]
        $vis struct $name { $( $(#[doc = $doc])+ pub $key: $type, )* }

        impl $crate::config::Section for $name {
            const KEYS: &'static [$crate::config::Key] = &[ $( $crate::config::Key {
                name: stringify!($key),
                kind: <$type as $crate::config::Setting>::kind,
                optional: <$type as $crate::config::Setting>::OPTIONAL,
                default: { #[allow(unused_mut, unused_assignments)] let mut default = None; $( default = Some($default); )? default },
                range: { #[allow(unused_mut, unused_assignments)] let mut range = None; $($( range = Some($range); )?)? range },
                fits: $crate::config::fits::<$type>,
                live: { #[allow(unused_mut, unused_assignments)] let mut live = false; $( live = !stringify!($live).is_empty(); )? live },
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
        let outside = |range: &RangeInclusive<i64>| values.get_int(key.name).is_ok_and(|found| !range.contains(&found));
        if !(key.fits)(values, key.name) || key.range.as_ref().is_some_and(outside) {
            let found = values.get_string(key.name).map(|found| format!("{found:?}"));
            let found = found.unwrap_or_else(|_| "a table or list".to_owned());
            return Err(ConfigError::Invalid(format!("`{}` cannot be {found}; allowed: {}", key.name, key.allowed())));
        }
    }
    values.clone().try_deserialize().map_err(invalid)
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

/// Of the environment what has the name of a key. A name that is nearly one is a mistake; any other that begins alike
/// is another program's.
fn environment<'a>(
    variables: impl Iterator<Item = (OsString, OsString)>,
    keys: impl Iterator<Item = &'a Key>,
) -> Result<Map<String, String>, ConfigError> {
    let known = keys.map(Key::variable).collect::<Vec<_>>();
    let mut found = Map::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        if known.contains(&name) {
            let value = value.into_string().map_err(|_| ConfigError::Invalid(format!("`{name}` is not UTF-8")))?;
            found.insert(name, value);
        } else if name != FILE_VARIABLE
            && let Some(meant) = known.iter().find(|known| is_nearly(&name, known))
        {
            return Err(ConfigError::Misspelt { found: name, meant: meant.clone() });
        }
    }
    Ok(found)
}

fn is_nearly(name: &str, known: &str) -> bool {
    let key = |name: &str| name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_')).map(str::to_owned);
    let (Some(name), Some(known)) = (key(name), key(known)) else { return false };
    strsim::damerau_levenshtein(&name, &known) <= if known.len() < LONG { 1 } else { 2 }
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

    fn from_environment(pairs: &[(&str, &str)]) -> Result<Map<String, String>, ConfigError> {
        let pairs = pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        environment(pairs, Common::KEYS.iter().chain(Sample::KEYS))
    }

    #[test]
    fn a_name_that_is_nearly_a_keys_is_a_mistake_and_another_one_is_not_ours() {
        for (found, meant) in [
            ("MUSTER_NATS_UR", "MUSTER_NATS_URL"),
            ("MUSTER_DATABSE_URL", "MUSTER_DATABASE_URL"),
            ("MUSTER_LOGS", "MUSTER_LOG"),
            ("MUSTER_SIEZ", "MUSTER_SIZE"),
        ] {
            let told = from_environment(&[(found, "x")]).unwrap_err().to_string();
            assert!(told.contains(found) && told.contains(meant), "{told}");
        }
        let others = ["MUSTER_CONFIG", "MUSTER_URL", "MUSTER_HOST", "MUSTER_API_PORT", "MUSTER_", "NATS_UR"];
        assert!(from_environment(&others.map(|name| (name, "x"))).unwrap().is_empty());
        let found = from_environment(&[("MUSTER_SIZE", "8"), ("PATH", "/bin")]).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("MUSTER_SIZE".to_owned(), "8".to_owned())]);
    }

    #[test]
    fn a_key_says_what_it_allows() {
        let allowed = |name: &str| {
            let key = Common::KEYS.iter().chain(Sample::KEYS).find(|key| key.name == name).unwrap();
            (key.allowed(), key.optional, key.variable())
        };
        assert_eq!(allowed("size"), ("number, 1 to 9".to_owned(), false, "MUSTER_SIZE".to_owned()));
        assert_eq!(allowed("word"), ("text".to_owned(), true, "MUSTER_WORD".to_owned()));
        assert_eq!(allowed("log_format").0, "`text`, `json`");
    }

    #[test]
    fn secrets_do_not_print() {
        let (common, _) = load::<Sample>(Some(file("database_url = 'postgres://u:hunter2@h/d'").path())).unwrap();
        assert!(!format!("{common:?}").contains("hunter2"));
    }
}

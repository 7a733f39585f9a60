//! What a section of the configuration is made of: its keys, and what each may be.

use std::{fmt, num::NonZeroU32, ops::RangeInclusive};

use config::{Config, Value};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::environment::PREFIX;

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

#[cfg(test)]
mod tests {
    use super::super::{Common, tests::Sample};
    use super::*;

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
}

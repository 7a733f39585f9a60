//! What the environment says of a service's keys.

use std::ffi::OsString;

use config::Map;

use super::{ConfigError, key::Key};

/// Prefix of its names.
pub(super) const PREFIX: &str = "MUSTER";
/// Names the file itself: known in the environment, and no key.
pub(crate) const FILE_VARIABLE: &str = "MUSTER_CONFIG";
/// A name of this length may have two letters wrong and still be taken for a key; a shorter one, one letter.
const LONG: usize = 8;

/// Of the environment what has the name of a key. A name that is nearly one is a mistake; any other that begins alike
/// is another program's.
pub(super) fn environment<'a>(
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

#[cfg(test)]
mod tests {
    use super::super::{Common, Section as _, tests::Sample};
    use super::*;

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
}

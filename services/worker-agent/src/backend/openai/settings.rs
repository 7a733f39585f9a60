//! What the backend is told, checked before anything is asked of the endpoint.

use std::{collections::HashMap, ffi::OsString, path::PathBuf, time::Duration};

use secrecy::SecretString;
use url::Url;

use crate::{
    address::is_loopback,
    backend::{BackendError, Surroundings},
};

/// Where the endpoint's address is taken from, unless it is given.
pub const URL_VARIABLE: &str = "MUSTER_OPENAI_URL";
/// Where the key is taken from. Never an argument: everybody on the machine may read those.
pub const KEY_VARIABLE: &str = "MUSTER_OPENAI_API_KEY";
/// OpenAI's own variable; its key is sent to OpenAI alone.
const OPENAI_KEY_VARIABLE: &str = "OPENAI_API_KEY";
/// OpenAI's own host.
const OPENAI_HOST: &str = "api.openai.com";
/// How long an endpoint may be silent: one on the user's own machine may have to load the model first.
const SILENCE: Duration = Duration::from_secs(300);

/// What the command line says about the endpoint.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Backend openai (its API key stands in MUSTER_OPENAI_API_KEY, or in a file)")]
pub struct Settings {
    /// The endpoint's address, such as http://127.0.0.1:11434/v1 (Ollama) or https://api.openai.com/v1
    #[arg(long, value_name = "URL", env = URL_VARIABLE)]
    pub openai_url: Option<String>,
    /// A file that has the endpoint's API key and nothing else; without it the key is that in MUSTER_OPENAI_API_KEY
    #[arg(long, value_name = "FILE")]
    pub openai_key_file: Option<PathBuf>,
    /// What the model is told before everything else
    #[arg(long, value_name = "TEXT")]
    pub openai_system: Option<String>,
    /// Offer this model, and of the others only those named so too
    #[arg(long, value_name = "MODEL")]
    pub openai_model: Vec<String>,
    /// Tokens that a model takes, where the endpoint does not tell
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    pub openai_context: Option<u64>,
    /// How long the endpoint may be silent before a turn fails [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub openai_timeout: Option<u64>,
}

impl Settings {
    /// Whether any is given, otherwise than by the environment.
    #[must_use]
    pub fn is_given(&self, environment: &HashMap<String, String>) -> bool {
        let Self { openai_url, openai_key_file, openai_system, openai_model, openai_context, openai_timeout } = self;
        openai_url.as_ref() != environment.get(URL_VARIABLE)
            || openai_key_file.is_some()
            || openai_system.is_some()
            || !openai_model.is_empty()
            || openai_context.is_some()
            || openai_timeout.is_some()
    }
}

/// The endpoint as it is used.
#[derive(Debug)]
pub(super) struct Checked {
    /// Ends without a slash.
    pub(super) base: String,
    pub(super) key: Option<SecretString>,
    pub(super) is_local: bool,
    /// Host and port: what its models are listed under.
    pub(super) provider: String,
    pub(super) system: Option<String>,
    /// Empty: all.
    pub(super) models: Vec<String>,
    pub(super) context: Option<u64>,
    pub(super) silence: Duration,
}

/// Makes sense of what the command line and the environment say.
pub(super) fn check(surroundings: &Surroundings) -> Result<Checked, BackendError> {
    let Settings { openai_url, openai_key_file, openai_system, openai_model, openai_context, openai_timeout } =
        surroundings.settings.openai.clone();
    let given = openai_url.filter(|url| !url.trim().is_empty()).ok_or_else(|| {
        BackendError::Settings(
            "No endpoint: give --openai-url, such as http://127.0.0.1:11434/v1 for Ollama, or set MUSTER_OPENAI_URL."
                .to_owned(),
        )
    })?;
    let url = address(given.trim())?;
    let is_local = is_loopback(&url);
    let host = url.host_str().unwrap_or_default();
    let key = match openai_key_file {
        Some(file) => Some(key_of_file(&file)?),
        None => {
            let own = variable(&surroundings.environment, KEY_VARIABLE);
            own.or_else(|| variable(&surroundings.environment, OPENAI_KEY_VARIABLE).filter(|_| host == OPENAI_HOST))
        }
    };
    if key.is_some() && url.scheme() == "http" && !is_local && !surroundings.insecure {
        return Err(BackendError::Settings(format!(
            "The key would travel to {host} without encryption: use https://, or give --insecure in a network that you \
             trust."
        )));
    }
    let provider = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok(Checked {
        base: url.as_str().trim_end_matches('/').to_owned(),
        key: key.map(SecretString::from),
        is_local,
        provider,
        system: openai_system.filter(|system| !system.is_empty()),
        models: openai_model,
        context: openai_context,
        silence: openai_timeout.map_or(SILENCE, Duration::from_secs),
    })
}

/// Whether an endpoint can have this address.
///
/// # Errors
/// When it cannot; the message says why.
pub fn check_address(given: &str) -> Result<(), BackendError> {
    address(given).map(drop)
}

/// An address without a path is that of the server: the interface is below /v1 everywhere.
fn address(given: &str) -> Result<Url, BackendError> {
    let wrong = |why: &str| {
        BackendError::Settings(format!(
            "--openai-url {why}: give the address that ends in /v1, such as http://127.0.0.1:11434/v1."
        ))
    };
    let mut url = Url::parse(given).map_err(|_| wrong("is no address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("begins with neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more in it than host, port and path (the key stands in MUSTER_OPENAI_API_KEY)"));
    }
    if url.path() == "/" {
        url.set_path("/v1");
    }
    Ok(url)
}

fn variable(environment: &[(OsString, OsString)], wanted: &str) -> Option<String> {
    let (_, value) = environment.iter().find(|(name, _)| name == wanted)?;
    value.to_str().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}

fn key_of_file(file: &std::path::Path) -> Result<String, BackendError> {
    let unusable =
        |why: &str| BackendError::Settings(format!("--openai-key-file {} cannot be used: {why}.", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| unusable(&error.to_string()))?;
    let key = text.trim();
    let is_key = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_graphic());
    if is_key { Ok(key.to_owned()) } else { Err(unusable("it has to hold a key in one line, and nothing else")) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::clock;

    fn checked(settings: Settings, environment: &[(&str, &str)], insecure: bool) -> Result<Checked, String> {
        let surroundings = Surroundings {
            root: PathBuf::new(),
            state: PathBuf::new(),
            clock: clock::system,
            guard: PathBuf::new(),
            environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            insecure,
            settings: crate::backend::Settings { openai: settings, ..Default::default() },
        };
        check(&surroundings).map_err(|error| error.to_string())
    }

    fn at(url: &str) -> Settings {
        Settings { openai_url: Some(url.to_owned()), ..Settings::default() }
    }

    #[test]
    fn the_address_is_completed_or_its_fault_is_told() {
        for (given, base, provider) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1", "127.0.0.1:11434"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1", "api.openai.com"),
            ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1", "openrouter.ai"),
        ] {
            let checked = checked(at(given), &[], false).unwrap();
            assert_eq!((checked.base.as_str(), checked.provider.as_str()), (base, provider));
        }
        for wrong in ["", "ollama", "ftp://x/", "http://key@x/v1", "http://x/v1?key=k"] {
            let told = checked(at(wrong), &[], false).unwrap_err();
            assert!(told.contains("--openai-url") && !told.contains("key@"), "{told}");
        }
    }

    #[test]
    fn a_key_goes_only_where_it_belongs_and_is_not_shown() {
        let both = [(KEY_VARIABLE, "sk-mine"), (OPENAI_KEY_VARIABLE, "sk-openai")];
        let key = |checked: Checked| checked.key.map(|key| key.expose_secret().to_owned());
        assert_eq!(key(checked(at("https://api.openai.com/v1"), &both[1..], false).unwrap()).unwrap(), "sk-openai");
        assert_eq!(key(checked(at("https://example.org/v1"), &both[1..], false).unwrap()), None);
        assert_eq!(key(checked(at("https://api.openai.com/v1"), &both, false).unwrap()).unwrap(), "sk-mine");
        assert!(!format!("{:?}", checked(at("https://example.org/v1"), &both, false).unwrap()).contains("sk-mine"));
        assert!(checked(at("http://192.168.1.5:8000"), &both, false).unwrap_err().contains("--insecure"));
        assert!(checked(at("http://192.168.1.5:8000"), &both, true).is_ok());
        assert!(checked(at("http://192.168.1.5:8000"), &[], false).is_ok());
        assert!(checked(at("http://[::1]:8000"), &both, false).is_ok());
    }

    #[test]
    fn a_key_may_stand_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let settings = Settings { openai_key_file: Some(file.path().to_owned()), ..at("https://example.org/v1") };
        assert!(checked(settings.clone(), &[], false).unwrap_err().contains("one line"));
        std::fs::write(file.path(), "sk-file\n").unwrap();
        assert!(checked(settings.clone(), &[], false).unwrap().key.is_some());
        std::fs::write(file.path(), "sk-file\nanother").unwrap();
        let told = checked(settings, &[], false).unwrap_err();
        assert!(!told.contains("sk-file"), "{told}");
    }
}

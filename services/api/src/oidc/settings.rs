//! What is configured of a provider, checked.

use muster_service::{
    StartError,
    config::{self, ConfigError},
};
use openidconnect::IssuerUrl;
use secrecy::SecretString;
use url::Url;

use super::fetch::Fetch;
use crate::{config::ApiConfig, domain::page_address::is_loopback};

/// What is configured of a provider.
#[derive(Debug, Clone)]
pub(crate) struct ProviderSettings {
    /// Its place in paths.
    pub(crate) slug: String,
    /// What people call it.
    pub(crate) name: String,
    pub(super) issuer: IssuerUrl,
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretString>,
    /// Beside `openid`.
    pub(super) scopes: Vec<String>,
    pub(super) fetch: Fetch,
}

impl ProviderSettings {
    /// The provider, if one is configured; `local` says that only this computer can connect.
    ///
    /// # Errors
    /// When what is configured cannot work.
    pub(crate) fn new(config: &ApiConfig, local: bool) -> Result<Option<Self>, StartError> {
        let Some(issuer) = &config.oidc_issuer else { return Ok(None) };
        let url = Url::parse(issuer).ok().filter(|url| url.scheme() == "https" || is_loopback(url));
        let url = url.ok_or_else(|| invalid(format!("oidc_issuer must be https://HOST…, not {issuer}")))?;
        if config.public_url.is_none() && !local {
            return Err(invalid("oidc_issuer needs public_url: a provider sends browsers back there".to_owned()));
        }
        let slug = config.oidc_provider.clone();
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if slug.is_empty() || slug.len() > 32 || !slug.bytes().all(plain) {
            return Err(invalid(format!("oidc_provider must be 1 to 32 of a-z, 0-9 and hyphen, not {slug}")));
        }
        let (value, file) = (config.oidc_client_secret.as_ref(), config.oidc_client_secret_file.as_deref());
        let client_secret = match (value, file) {
            (None, None) => None,
            (value, file) => Some(config::secret("oidc_client_secret_file", value, file)?),
        };
        let fetch = Fetch::new().map_err(|error| StartError::Io {
            what: "a client for oidc_issuer".to_owned(),
            source: std::io::Error::other(error),
        })?;
        Ok(Some(Self {
            slug,
            name: config.oidc_name.clone().unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned()),
            // As it was written: it must be what the provider calls itself, to the slash.
            issuer: IssuerUrl::new(issuer.clone()).map_err(|error| invalid(format!("oidc_issuer: {error}")))?,
            client_id: config.oidc_client_id.clone().ok_or(ConfigError::Missing("oidc_client_id"))?,
            client_secret,
            scopes: config.oidc_scopes.split_whitespace().map(str::to_owned).collect(),
            fetch,
        }))
    }
}

fn invalid(why: String) -> StartError {
    ConfigError::Invalid(why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str, local: bool) -> Result<Option<ProviderSettings>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("database_url = 'sqlite:x.db'\n{lines}")).unwrap();
        let (_, config) = config::load::<ApiConfig>(Some(file.path())).unwrap();
        ProviderSettings::new(&config, local).map_err(|error| error.to_string())
    }

    const GOOD: &str = "oidc_issuer = 'https://id.example/realms/a'\noidc_client_id = 'muster'\n";

    #[test]
    fn a_provider_is_called_by_its_host_unless_said_otherwise() {
        assert!(read("", false).unwrap().is_none());
        let provider = read(GOOD, true).unwrap().unwrap();
        assert_eq!((provider.name.as_str(), provider.slug.as_str()), ("id.example", "sso"));
        assert_eq!(provider.scopes, ["profile", "email"]);
        let named = read(&format!("{GOOD}oidc_name = 'Example'"), true).unwrap().unwrap();
        assert_eq!(named.name, "Example");
        assert!(read("oidc_issuer = 'http://localhost:9000'\noidc_client_id = 'muster'", true).unwrap().is_some());
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_starts() {
        for (lines, local, said) in [
            ("oidc_issuer = 'http://id.example'".to_owned(), true, "https"),
            ("oidc_issuer = 'id.example'".to_owned(), true, "https"),
            ("oidc_issuer = 'https://id.example'".to_owned(), true, "oidc_client_id"),
            (GOOD.to_owned(), false, "public_url"),
            (format!("{GOOD}oidc_provider = 'My/Provider'"), true, "oidc_provider"),
            (format!("{GOOD}oidc_client_secret_file = '/not/there'"), true, "oidc_client_secret_file"),
        ] {
            let error = read(&lines, local).unwrap_err();
            assert!(error.contains(said), "{lines}: {error}");
        }
    }
}

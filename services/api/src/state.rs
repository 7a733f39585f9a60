//! What all handlers share.

use std::{
    net::SocketAddr,
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicI64},
};

use muster_bus::{Bus, CallError};
use muster_contracts::method::Method;
use muster_service::{
    Clock, Db, StartError,
    config::ConfigError,
    health::Health,
    limiter::{Limiter, Rate},
};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    config::{ApiConfig, RegistrationSetting},
    domain::{
        account::{self, Registration},
        client_address::Proxies,
        page_address::{is_loopback, passkey_domain},
    },
    downloads::Downloads,
    feed::Feeds,
    http::caller::{COOKIE, HTTPS_COOKIE},
    oidc::{Provider, ProviderSettings},
    password::Passwords,
    push::{PushServices, Sender},
};

/// Shared by all handlers; cloning shares it.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Inner>);

/// See [`Shared`].
#[derive(Debug)]
pub struct Inner {
    pub(crate) bus: Bus,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) health: Health,
    pub(crate) settings: Settings,
    pub(crate) passwords: Passwords,
    pub(crate) logins: Mutex<Limiter>,
    /// Tries to sign in by account, wherever they come from.
    pub(crate) accounts: Mutex<Limiter>,
    pub(crate) requests: Mutex<Limiter>,
    /// Of those who show a session's link, by address.
    pub(crate) readers: Mutex<Limiter>,
    /// Where people may sign in beside here.
    pub(crate) provider: Option<Provider>,
    pub(crate) feeds: Feeds,
    /// Deeds that went into the audit log: their order within a millisecond.
    pub(crate) deeds: AtomicI64,
}

/// The configuration, checked.
#[derive(Debug)]
pub struct Settings {
    pub(crate) server_name: String,
    pub(crate) public_url: Option<Url>,
    /// Where this computer reaches us, if others cannot.
    pub(crate) own_address: Option<Url>,
    /// Whether we speak HTTPS ourselves.
    pub(crate) tls: bool,
    /// The worker-agents that we give away.
    pub(crate) downloads: Option<Downloads>,
    pub(crate) public_nats: Vec<String>,
    pub(crate) nats_url: String,
    /// Whose word on who asks is taken.
    pub(crate) proxies: Proxies,
    pub(crate) loopback: bool,
    pub(crate) registration: Registration,
    pub(crate) provider: Option<ProviderSettings>,
    /// The way to browsers that nobody looks at.
    pub(crate) push: Option<Sender>,
    pub(crate) body_limit: usize,
    /// What may change while we run.
    pub(crate) config: watch::Receiver<ApiConfig>,
}

impl Settings {
    /// Checks the configuration. The broker's own address is shown to workers when none is public.
    ///
    /// # Errors
    /// When the public address is none, or what is configured of a provider cannot work.
    pub fn new(changing: watch::Receiver<ApiConfig>, nats_url: &str) -> Result<Self, StartError> {
        let config = &changing.borrow().clone();
        let public_url = config.public_url.as_deref().map(public_url).transpose()?;
        let loopback = config.listen.ip().is_loopback();
        let registration = match config.registration {
            RegistrationSetting::Auto if loopback && public_url.is_none() => Registration::Open,
            RegistrationSetting::Auto | RegistrationSetting::Invite => Registration::Invite,
            RegistrationSetting::Open => Registration::Open,
            RegistrationSetting::Closed => Registration::Closed,
        };
        if config.admin_password.as_ref().is_some_and(|password| !account::is_password(password.expose_secret())) {
            return Err(ConfigError::Invalid(format!("admin_password {}", account::PASSWORD)).into());
        }
        let provider = ProviderSettings::new(config, loopback)?;
        let push = sender(config, public_url.as_ref())?;
        let proxies = Proxies::parse(&config.trusted_proxies).map_err(|entry| {
            let why = format!("trusted_proxies must list networks such as 10.0.0.0/8 or addresses, not {entry}");
            ConfigError::Invalid(why)
        })?;
        Ok(Self {
            server_name: config.server_name.clone(),
            tls: config.tls_cert_file.is_some(),
            downloads: config.downloads_dir.as_deref().map(downloads).transpose()?,
            public_url,
            own_address: None,
            public_nats: config.public_nats.as_deref().map(public_nats).transpose()?.unwrap_or_default(),
            nats_url: nats_url.to_owned(),
            proxies,
            loopback,
            registration,
            provider,
            push,
            body_limit: config.body_limit,
            config: changing,
        })
    }

    /// How often one account may ask something.
    pub(crate) fn requests(&self) -> Rate {
        Rate::per_minute(self.config.borrow().requests_per_minute)
    }

    /// The address that was bound; one for this computer alone is where it finds us.
    #[must_use]
    pub fn bound(mut self, address: SocketAddr) -> Self {
        let scheme = if self.tls { "https" } else { "http" };
        self.own_address = Url::parse(&format!("{scheme}://{address}")).ok().filter(is_loopback);
        self
    }

    /// Where programs may be fetched from us, if anywhere: over HTTPS, or within this computer.
    pub(crate) fn install_address(&self) -> Option<&Url> {
        let address = self.public_url.as_ref().or(self.own_address.as_ref());
        address.filter(|address| address.scheme() == "https" || is_loopback(address))
    }

    /// Whether browsers come by HTTPS, to us or to a proxy before us.
    pub(crate) fn https(&self) -> bool {
        self.tls || self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Name of the cookie by which a browser is signed in.
    pub(crate) fn cookie(&self) -> &'static str {
        if self.https() { HTTPS_COOKIE } else { COOKIE }
    }

    /// Whether browsers are told to come by HTTPS alone from now on, to us or to a proxy before us. Of this computer it is
    /// not said, since other pages on it may do without.
    pub(crate) fn only_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https" && !is_loopback(url))
    }

    /// The domain that passkeys are for, if there can be any.
    pub(crate) fn passkey_domain(&self) -> Option<&str> {
        match &self.public_url {
            Some(url) => passkey_domain(url),
            None => self.loopback.then_some("localhost"),
        }
    }

    /// Whether no address for anyone else is configured.
    pub(crate) fn local_only(&self) -> bool {
        self.loopback && self.public_nats.is_empty()
    }
}

/// The parts of a list with commas.
pub(crate) fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn sender(config: &ApiConfig, public_url: Option<&Url>) -> Result<Option<Sender>, StartError> {
    let invalid = |why: String| StartError::from(ConfigError::Invalid(why));
    let services = PushServices::parse(&config.push_services)
        .map_err(|entry| invalid(format!("push_services must list https://HOST or https://*.HOST, not {entry}")))?;
    let contact = match (&config.push_contact, public_url) {
        (Some(contact), _) if contact.starts_with("mailto:") || contact.starts_with("https:") => contact.clone(),
        (Some(contact), _) => return Err(invalid(format!("push_contact must be mailto: or https:, not {contact}"))),
        (None, Some(url)) if url.scheme() == "https" => url.origin().ascii_serialization(),
        (None, _) => "mailto:root@localhost".to_owned(),
    };
    let sender = services.map(|services| Sender::new(services, contact)).transpose();
    sender.map_err(|error| invalid(format!("HTTPS cannot be used here: {error}")))
}

fn public_url(text: &str) -> Result<Url, StartError> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => {
            let why = format!("public_url must be http://HOST or https://HOST, not {text}");
            Err(ConfigError::Invalid(why).into())
        }
    }
}

fn public_nats(list: &str) -> Result<Vec<String>, StartError> {
    let addresses = split(list);
    let is_broker = |address: &str| {
        Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "nats" | "tls" | "ws" | "wss") && url.has_host())
    };
    match addresses.iter().find(|address| !is_broker(address)) {
        None => Ok(addresses),
        Some(wrong) => {
            let why = format!("public_nats must list nats://HOST, tls://HOST, ws://HOST or wss://HOST, not {wrong}");
            Err(ConfigError::Invalid(why).into())
        }
    }
}

fn downloads(directory: &Path) -> Result<Downloads, StartError> {
    std::fs::read_dir(directory).map_err(|error| ConfigError::Unreadable {
        key: "downloads_dir",
        path: directory.display().to_string(),
        reason: error.to_string(),
    })?;
    Ok(Downloads::of(directory))
}

impl Shared {
    /// Puts it together.
    #[must_use]
    pub fn new(bus: Bus, db: Db, clock: Clock, health: Health, settings: Settings, stop: CancellationToken) -> Self {
        let feeds =
            Feeds::new(bus.clone(), clock.clone(), db.clone(), settings.config.clone(), stop, health.need("streams"));
        let (passwords, logins) = (Passwords::default(), Mutex::default());
        let provider = settings.provider.clone().map(|settings| Provider::new(settings, clock.clone()));
        Self(Arc::new(Inner {
            bus,
            db,
            clock,
            health,
            settings,
            passwords,
            logins,
            accounts: Mutex::default(),
            requests: Mutex::default(),
            readers: Mutex::default(),
            provider,
            feeds,
            deeds: AtomicI64::new(0),
        }))
    }

    /// Calls a method of registry or chat; at once refused while the broker is away.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(crate) async fn call<M: Method>(&self, request: M::Request) -> Result<M::Reply, CallError> {
        if !self.bus.connection().borrow().connected {
            return Err(CallError::Disconnected);
        }
        self.bus.call::<M>(&request).await
    }
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

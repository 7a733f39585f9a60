//! Where the server is: the page, which tells where its broker is, or the broker itself.

use std::{
    error::Error,
    fmt::Display,
    io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use serde::Deserialize;
use url::{Host, Url};

use crate::exit::{Code, Exit};

/// How long the page may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// The page.
    Page(Url),
    /// The broker.
    Broker(Url),
}

impl ServerAddress {
    /// Reads an address. One without encryption must be of this computer, unless `insecure`.
    ///
    /// # Errors
    /// When it is no address that can be used.
    pub fn parse(text: &str, insecure: bool) -> Result<Self, Exit> {
        let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
            Exit::new(
                Code::Usage,
                format!(
                    "The server {text:?} is not an address; it looks like https://muster.example or tls://host:4222."
                ),
            )
        })?;
        let address = match url.scheme() {
            "http" | "https" => Self::Page(url),
            "nats" | "tls" | "ws" | "wss" => Self::Broker(url),
            other => {
                return Err(Exit::new(
                    Code::Usage,
                    format!(
                        "The server begins with {other}://, but only https, http, tls, nats, wss and ws are known."
                    ),
                ));
            }
        };
        address.checked(insecure)
    }

    fn checked(self, insecure: bool) -> Result<Self, Exit> {
        let (Self::Page(url) | Self::Broker(url)) = &self;
        let plain = matches!(url.scheme(), "http" | "nats" | "ws");
        if plain && !insecure && !is_loopback(url) {
            return Err(Exit::new(
                Code::Usage,
                format!(
                    "The server {url} would be reached without encryption: use {}, or give --insecure if the network is your own.",
                    match url.scheme() {
                        "http" => "https://",
                        "ws" => "wss://",
                        _ => "tls://",
                    },
                ),
            ));
        }
        Ok(self)
    }

    /// The broker's addresses; asks the page for them if need be.
    ///
    /// # Errors
    /// When the page does not answer, or names no broker that may be used.
    pub async fn brokers(&self, insecure: bool, ca_file: Option<&Path>) -> Result<Vec<String>, Exit> {
        match self {
            Self::Broker(url) => Ok(vec![url.to_string()]),
            Self::Page(url) => ask(url, ca_file).await?.brokers(url, insecure),
        }
    }
}

/// What the page tells of its server.
#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) version: String,
    nats: Vec<String>,
    /// Its clock, in seconds since the Unix epoch, if it says.
    #[serde(skip)]
    pub(crate) time: Option<i64>,
}

impl Server {
    /// The broker's addresses that may be used from here.
    fn brokers(&self, page: &Url, insecure: bool) -> Result<Vec<String>, Exit> {
        let allowed = self.nats.iter().filter_map(|nats| match ServerAddress::parse(nats, insecure) {
            Ok(ServerAddress::Broker(url)) => Some(url.to_string()),
            _ => None,
        });
        let allowed = allowed.collect::<Vec<_>>();
        if allowed.is_empty() {
            let told = self.nats.join(", ");
            return Err(Exit::new(
                Code::Unavailable,
                format!(
                    "The server {page} names no broker that can be used from here ({told}); see --insecure, or give the broker's own address."
                ),
            ));
        }
        Ok(allowed)
    }
}

/// Asks the page what it is.
pub(crate) async fn ask(page: &Url, ca_file: Option<&Path>) -> Result<Server, Exit> {
    let unavailable = |why: String| {
        Exit::new(Code::Unavailable, format!("The server {page} {why}; check the address, and that Muster runs there."))
    };
    let mut asked = page.clone();
    asked.set_path("/api/v1/server");
    asked.set_query(None);
    let certificates = ca_file.map_or_else(|| Ok(Vec::new()), certificates)?;
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .tls_certs_merge(certificates)
        .build()
        .map_err(|error| Exit::new(Code::Unavailable, format!("HTTPS cannot be used here: {error}.")))?;
    let response = client.get(asked).send().await.map_err(|error| match distrust(&error) {
        Some(reason) => untrusted(&format!("{page}: {reason}")),
        None if error.is_timeout() => unavailable("does not answer in time".into()),
        None => unavailable("cannot be reached".into()),
    })?;
    let status = response.status();
    if !status.is_success() {
        return Err(unavailable(format!("answers {status}")));
    }
    let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let time = date.and_then(|date| httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok());
    let time = time.and_then(|time| i64::try_from(time.as_secs()).ok());
    let server = response.json::<Server>().await.map_err(|_| unavailable("is not a Muster server".into()))?;
    Ok(Server { time, ..server })
}

/// The end when the server's certificate is not trusted.
#[must_use]
pub fn untrusted(reason: &str) -> Exit {
    let mend = "if it is of an authority of your own, name the authority's certificate with --ca";
    Exit::new(Code::Unavailable, format!("The server's certificate is not trusted ({reason}): {mend}."))
}

/// The end when the file of `--ca` cannot be used.
#[must_use]
pub fn no_certificates(file: &Path, reason: &dyn Display) -> Exit {
    let message = format!("{} cannot be used: {reason}. Give --ca a file with certificates in PEM.", file.display());
    Exit::new(Code::NoInput, message)
}

/// What the file of `--ca` holds.
pub(crate) fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, Exit> {
    let text = std::fs::read(file).map_err(|error| no_certificates(file, &error))?;
    let found = reqwest::Certificate::from_pem_bundle(&text).map_err(|error| no_certificates(file, &error))?;
    if found.is_empty() { Err(no_certificates(file, &"it holds no certificate")) } else { Ok(found) }
}

/// What is wrong with the certificate, if that is why a request failed.
fn distrust(error: &reqwest::Error) -> Option<String> {
    let causes = std::iter::successors(Some(error as &dyn Error), |&cause| {
        // An I/O error skips what it wraps when it is asked for its source.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map_or_else(|| cause.source(), |inner| Some(inner as &dyn Error))
    });
    let of_tls = causes.filter_map(|cause| cause.downcast_ref::<rustls::Error>());
    of_tls.filter(|error| matches!(error, rustls::Error::InvalidCertificate(_))).map(ToString::to_string).next()
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    // Schemes that the standard for URLs does not know keep their host as a plain name.
    let named =
        |name: &str| name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.host() {
        Some(Host::Domain(name)) => named(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_for_this_computer_only() {
        for text in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "nats://[::1]:4222",
            "nats://127.0.0.1:1",
            "ws://localhost:1",
            "https://muster.example",
            "tls://muster.example:4222",
            "wss://muster.example",
        ] {
            assert!(ServerAddress::parse(text, false).is_ok(), "{text}");
        }
        for text in [
            "http://muster.example",
            "nats://10.0.0.1:4222",
            "ws://muster.example",
            "nats://127.0.0.1.example",
            "http://localhost.example",
        ] {
            assert_eq!(ServerAddress::parse(text, false).unwrap_err().code, Code::Usage, "{text}");
            assert!(ServerAddress::parse(text, true).is_ok(), "{text}");
        }
        for text in ["", "muster.example", "ftp://localhost", "localhost:4222", "nats://"] {
            assert_eq!(ServerAddress::parse(text, true).unwrap_err().code, Code::Usage, "{text}");
        }
    }
}

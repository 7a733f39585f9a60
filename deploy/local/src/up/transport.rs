//! By which addresses others come, and with which certificate.

use std::{net::SocketAddr, path::Path};

use muster_contracts::broker::Tls;
use muster_testkit::{
    broker::{Broker, Doors},
    client::Client,
};
use url::Url;

use super::UpError;
use crate::cli;

/// What was asked for, checked.
#[derive(Debug)]
pub(super) struct Transport {
    tls: Option<Tls>,
    websocket: Option<SocketAddr>,
    public_url: Option<Url>,
    public_nats: Option<String>,
}

impl Transport {
    pub(super) fn of(options: &cli::Up) -> Result<Self, UpError> {
        let tls = match (&options.tls_cert, &options.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(Tls { certificate: absolute(certificate, "--tls-cert")?, key: absolute(key, "--tls-key")? })
            }
            _ => None,
        };
        let public_url = options.public_url.clone();
        if tls.is_some() && public_url.as_ref().is_none_or(|url| url.scheme() != "https" || !url.has_host()) {
            return Err(UpError::Certificate);
        }
        Ok(Self { tls, websocket: options.nats_websocket, public_url, public_nats: options.public_nats.clone() })
    }

    /// Our own processes come to the broker within this computer; TLS is for the WebSockets.
    pub(super) fn doors(&self, client: SocketAddr) -> Doors {
        Doors { websocket: self.websocket.map(|address| (address, self.tls.clone())), ..Doors::from(client) }
    }

    /// What the api is told of it.
    pub(super) fn settings(&self, broker: &Broker) -> Vec<(&'static str, String)> {
        let public_url = self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        let settings = [("MUSTER_PUBLIC_URL", public_url), ("MUSTER_PUBLIC_NATS", self.nats(broker))];
        let tls = self.tls.iter().flat_map(|Tls { certificate, key }| {
            [("MUSTER_TLS_CERT_FILE", certificate.clone()), ("MUSTER_TLS_KEY_FILE", key.clone())]
        });
        settings.into_iter().filter_map(|(key, value)| Some((key, value?))).chain(tls).collect()
    }

    /// The broker's public address: with a certificate its WebSockets are one, unless it has another.
    fn nats(&self, broker: &Broker) -> Option<String> {
        let by_websocket = || {
            let port = broker.websocket_address()?.port();
            let host = self.public_url.as_ref().filter(|_| self.tls.is_some())?.host_str()?;
            Some(format!("wss://{host}:{port}"))
        };
        self.public_nats.clone().or_else(by_websocket)
    }

    /// Where the page is. With a certificate it is known by the name in it alone.
    pub(super) fn page(&self, bound: SocketAddr) -> String {
        match self.name() {
            Some(name) => format!("https://{name}:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// Somebody who asks the page from this computer.
    pub(super) fn client(&self, bound: SocketAddr) -> Result<Client, UpError> {
        match self.name() {
            Some(name) => Client::reaching(self.page(bound), name, bound).map_err(UpError::io("asking by HTTPS")),
            None => Ok(Client::new(self.page(bound))),
        }
    }

    fn name(&self) -> Option<&str> {
        self.public_url.as_ref().filter(|_| self.tls.is_some())?.host_str()
    }
}

/// The services run elsewhere: they need to find it from there.
fn absolute(file: &Path, option: &str) -> Result<String, UpError> {
    let found = file.canonicalize().map_err(UpError::io(format!("{option} {}", file.display())))?;
    Ok(found.display().to_string())
}

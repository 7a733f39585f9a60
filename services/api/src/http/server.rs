//! GET /server

use axum::{Json, extract::State};
use http::{HeaderMap, header};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::{
    domain::page_address::is_loopback,
    state::{Settings, Shared, split},
};

/// What anybody may know of this server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Server {
    name: String,
    version: String,
    /// Addresses of the broker for workers.
    nats: Vec<String>,
    /// Whether only this computer can connect.
    local_only: bool,
    /// Address of the script that installs the worker-agent from here, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    install_script: Option<String>,
}

/// What anybody may know of this server.
#[utoipa::path(get, path = "/server", tag = "server", security(()), responses((status = 200, body = Server)))]
pub(crate) async fn server(State(api): State<Shared>, headers: HeaderMap) -> Json<Server> {
    let settings = &api.settings;
    let nats = if settings.public_nats.is_empty() {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        split(&settings.nats_url).iter().map(|url| shown(url, host)).collect()
    } else {
        settings.public_nats.clone()
    };
    Json(Server {
        name: settings.server_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        nats,
        local_only: settings.local_only(),
        install_script: install_script(settings),
    })
}

fn install_script(settings: &Settings) -> Option<String> {
    let address = settings.downloads.as_ref().and(settings.install_address())?;
    Some(format!("{}/install.sh", address.origin().ascii_serialization()))
}

/// A loopback address of the broker as somebody elsewhere would have to name
/// it: with the host by which they reach us. For display alone.
fn shown(nats: &str, host: Option<&str>) -> String {
    let asked = host.and_then(|host| Url::parse(&format!("http://{host}")).ok()).filter(|asked| !is_loopback(asked));
    let Some(asked) = asked.as_ref().and_then(Url::host_str) else { return nats.to_owned() };
    match Url::parse(nats) {
        Ok(url) if is_loopback(&url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{asked}{port}", url.scheme())
        }
        _ => nats.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_on_loopback_is_shown_by_the_name_that_reaches_us() {
        assert_eq!(shown("nats://127.0.0.1:4222", Some("box.lan:8080")), "nats://box.lan:4222");
        assert_eq!(shown("nats://127.0.0.1:4222", Some("localhost:8080")), "nats://127.0.0.1:4222");
        assert_eq!(shown("nats://broker:4222", Some("box.lan")), "nats://broker:4222");
        assert_eq!(shown("nats://127.0.0.1:4222", None), "nats://127.0.0.1:4222");
    }
}

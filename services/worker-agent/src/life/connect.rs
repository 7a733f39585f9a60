//! Being let in by the broker for the first time.

use std::time::Duration;

use muster_bus::{Bus, CertificatesError, ConnectError};
use muster_contracts::id::InstanceId;
use tokio::time::{Instant, sleep};

use super::silence::{NO_ANSWER, Silence};
use crate::{
    address,
    config::Config,
    exit::{Code, Exit},
    protocol::Link,
    say::say,
    state::Key,
};

/// How long the broker may take to let the worker in.
const CONNECT: Duration = Duration::from_secs(15);
/// Between two attempts at least and at most: many workers do not come back in the same moment.
const AGAIN: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(800)];

pub(super) async fn connect(config: &Config, key: &Key) -> Result<(Link, InstanceId), Exit> {
    let servers = config.server.brokers(config.insecure, config.ca_file.as_deref()).await?;
    let instance = InstanceId::random();
    let deadline = Instant::now() + CONNECT;
    let mut silence = Silence::default();
    let bus = loop {
        let connect = config.connect(servers.clone(), key, instance.as_str());
        match Bus::connect_worker(connect).await {
            Ok(bus) => break bus,
            Err(ConnectError::Certificates(CertificatesError { file, reason })) => {
                return Err(address::no_certificates(&file, &reason));
            }
            Err(ConnectError::Untrusted { reason }) => return Err(address::untrusted(&reason)),
            Err(error @ ConnectError::Unreachable { .. }) if Instant::now() < deadline => {
                tracing::debug!(%error, "connecting again");
                sleep(pause()).await;
            }
            // The address is right: it is worth waiting for, however long that takes.
            Err(error @ ConnectError::Undecided { .. }) => {
                tracing::debug!(%error, "connecting again");
                silence.goes_on(NO_ANSWER).into_iter().for_each(say);
                sleep(pause()).await;
            }
            Err(error) => {
                return Err(Exit::new(
                    Code::Unavailable,
                    format!("No connection: {error}. Check the address and that NATS runs there."),
                ));
            }
        }
    };
    Ok((Link::new(bus, config.token.clone(), key), instance))
}

fn pause() -> Duration {
    let [least, most] = AGAIN;
    rand::random_range(least..=most)
}

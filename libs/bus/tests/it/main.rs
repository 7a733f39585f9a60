//! The bus on a real broker, with the rights that our services have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

mod away;
mod calls;
mod objects;
mod outdated;
mod snapshot;

use muster_bus::{Bus, ServiceConnect};
use muster_contracts::permissions::ServiceUser;
use muster_testkit::broker::Broker;

async fn service(broker: &Broker, user: ServiceUser) -> Bus {
    connect(broker.url(), user, broker.credentials().seed(user).unwrap()).await
}

async fn connect(servers: String, user: ServiceUser, seed: String) -> Bus {
    let connect = ServiceConnect { servers, user, seed: seed.into(), ca_file: None };
    let bus = Bus::connect_service(connect).await.unwrap();
    bus.connected().await;
    bus
}

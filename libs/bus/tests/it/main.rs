//! The bus on a real broker, with the rights that our services have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

mod calls;
mod objects;
mod snapshot;

use muster_bus::{Bus, ServiceConnect};
use muster_contracts::permissions::ServiceUser;
use muster_testkit::broker::Broker;

async fn service(broker: &Broker, user: ServiceUser) -> Bus {
    let seed = broker.credentials().seed(user).unwrap();
    let connect = ServiceConnect { servers: broker.url(), user, seed: seed.into(), ca_file: None };
    let bus = Bus::connect_service(connect).await.unwrap();
    bus.connected().await;
    bus
}

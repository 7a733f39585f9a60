//! What a service says at `/readyz` while something that it needs is not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::time::Duration;

use muster_testkit::stack::{Engine, Part, Setup, Stack};

const SERVICES: [Part; 3] = [Part::Registry, Part::Chat, Part::Api];
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until each service says that it misses `what`.
async fn all_miss(stack: &Stack, what: &str) {
    for part in SERVICES {
        let asking = async {
            while !stack.service(part).missing().await.is_some_and(|missing| missing.contains(what)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, asking).await;
        assert!(said.is_ok(), "{part} does not say that it misses {what}: {:?}", stack.service(part).missing().await);
    }
}

/// Most of it is waiting for others to notice.
mod waiting {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_says_what_it_misses_and_is_ready_once_that_is_back() {
        let mut stack = Setup::on(Engine::Postgres).linked().start().await;
        for (part, name) in [(Part::Postgres, "\"database\""), (Part::Nats, "\"nats\""), (Part::Nats, "stream")] {
            stack.kill(part).await;
            all_miss(&stack, name).await;
            stack.restart(part).await;
            stack.ready().await;
        }
        let worker = stack.admin().await.machine("desk").await.worker().await.started(&stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        assert_eq!(session.reply_to(&session.send("echo back").await).await.content, "back");
    }
}

//! What a service says at `/readyz` while something that it needs is not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{net::SocketAddr, time::Duration};

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{
    broker::Broker,
    ports,
    postgres::Cluster,
    process::Child,
    service,
    stack::{Engine, Part, Setup, Stack},
};

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

    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_that_starts_without_its_database_waits_for_it_and_says_so() {
        let server = Cluster::start().unwrap();
        let database = server.database().unwrap();
        server.kill();
        let (home, broker) = (tempfile::tempdir().unwrap(), Broker::start().await.unwrap());
        let operator = ports::lasting().unwrap();
        let credentials = broker.credentials();
        let command = service::command(ServiceUser::Registry, home.path(), &broker.url(), database.url(), credentials);
        let mut registry = Child::spawn(command.unwrap().env("MUSTER_OPERATOR_LISTEN", operator.to_string())).unwrap();
        says(operator, "\"database\"").await;
        server.start_again().unwrap();
        says(operator, "\"ready\":true").await;

        // Whoever asks one that waits to end is not kept waiting.
        server.kill();
        registry.restart().await.unwrap();
        says(operator, "\"database\"").await;
        assert!(registry.stop(Duration::from_secs(5)).await.is_some_and(|status| status.success()));
    }

    async fn says(operator: SocketAddr, what: &str) {
        let asking = async {
            loop {
                let answer = reqwest::get(format!("http://{operator}/readyz")).await;
                if let Ok(answer) = answer
                    && answer.text().await.is_ok_and(|text| text.contains(what))
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("it never says {what}"));
    }
}

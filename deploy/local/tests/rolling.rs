//! An update under way: every process is asked to end and started again, one after the other, while replies stream.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::time::Duration;

use muster_testkit::stack::{Engine, Instance, Part, Sent, Session, Setup, Stack, Viewer};
use reqwest::Method;
use serde_json::json;

/// What a process may take to end, as an orchestrator grants it.
const GRACE: Duration = Duration::from_secs(10);
const REPLIES: usize = 20;
/// More than is ever said: the replies are stopped when everything has been started again.
const UP_TO: u32 = 100_000;

struct Watched {
    session: Session,
    viewer: Viewer,
    sent: Sent,
}

/// Ends it as at an update.
async fn stop(stack: &Stack, instance: Instance) {
    if instance.part == Part::Nats {
        return stack.broker_of(instance.number).stop().await;
    }
    let status = stack.service(instance).process().stop(GRACE).await;
    let status = status.unwrap_or_else(|| panic!("{instance} does not end in {GRACE:?}"));
    assert!(status.success(), "{instance} ends with {status}");
}

async fn nothing_is_lost(setup: Setup, instances: &[Instance]) {
    let mut stack = setup.start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let mut watched = Vec::new();
    for _ in 0..REPLIES {
        let session = worker.session("demo/fast").await;
        let viewer = session.view().await;
        let sent = session.send(&format!("count {UP_TO} every 10ms")).await;
        watched.push(Watched { session, viewer, sent });
    }
    for Watched { viewer, .. } in &watched {
        viewer.until("it begins", |frames| (frames.len() > 5).then_some(())).await;
    }
    for instance in instances {
        stop(&stack, *instance).await;
        stack.restart(*instance).await;
        stack.ready().await;
        println!("{instance} was started again");
        let goes_on = watched.iter().map(async |Watched { viewer, .. }| {
            let seen = viewer.count();
            viewer.until("more of it", |frames| (frames.len() > seen).then_some(())).await;
        });
        futures_util::future::join_all(goes_on).await;
    }
    let counted = (1..=UP_TO).map(|number| format!("{number}\n")).collect::<String>();
    for Watched { session, viewer, sent } in &watched {
        let stop = json!({ "messageId": sent.message_id });
        session.client().send(Method::POST, &format!("/sessions/{}/cancel", session.id()), Some(&stop)).await.unwrap();
        let reply = session.reply_to(sent).await;
        assert_eq!(reply.status, "cancelled", "{:?}", reply.error);
        assert!(counted.starts_with(&reply.content), "the stored text has every number once");
        let (seen, chunks) = viewer.whole_reply(&reply.message_id, reply.revision).await;
        assert!(seen == reply.content, "a viewer has it too");
        assert_eq!(Some(chunks), reply.chunk_count);
        assert_eq!(session.messages().await.items.len(), 2, "answered once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_started_again_while_twenty_replies_stream() {
    let parts = [Part::Registry, Part::Chat, Part::Api].map(Instance::from);
    nothing_is_lost(Setup::on(Engine::Sqlite), &parts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_started_again_one_by_one_while_twenty_replies_stream() {
    let brokers = (0..3).map(|number| Part::Nats.number(number));
    let services =
        [Part::Registry, Part::Chat, Part::Api].into_iter().flat_map(|part| [part.number(0), part.number(1)]);
    let all = brokers.chain(services).collect::<Vec<_>>();
    nothing_is_lost(Setup::on(Engine::Postgres).clustered().instances(2), &all).await;
}

//! The whole of it, as tests elsewhere use it.

use muster_testkit::stack::{Engine, Part, Setup};

async fn a_reply_survives_cuts_and_the_death_of_each_part(engine: Engine) {
    let mut stack = Setup::on(engine).start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let mut viewer = session.view().await;

    let sent = session.send("count 2000 every 2ms").await;
    for (part, seen) in [(Part::Chat, 20), (Part::Api, 120), (Part::Registry, 220), (Part::Nats, 320)] {
        viewer.until("more of the reply", |frames| (frames.len() > seen).then_some(())).await;
        stack.kill(part).await;
        stack.restart(part).await;
        viewer.cut();
        viewer.back();
    }

    let expected: String = (1..=2000).map(|number| format!("{number}\n")).collect();
    assert_eq!(viewer.whole_reply_to(&sent).await, expected);
    let reply = session.reply_to(&sent).await;
    assert_eq!((reply.status.as_str(), reply.content.as_str()), ("completed", expected.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_reply_survives_cuts_and_the_death_of_each_part() {
    a_reply_survives_cuts_and_the_death_of_each_part(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_reply_survives_cuts_and_the_death_of_each_part() {
    a_reply_survives_cuts_and_the_death_of_each_part(Engine::Postgres).await;
}

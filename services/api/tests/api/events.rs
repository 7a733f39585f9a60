//! /sessions/{id}/events and /events

use muster_contracts::{
    id::{MachineId, MessageId, WorkerId},
    permissions::{self, ServiceUser},
    subject::Entity,
    v1,
};
use serde_json::json;

use crate::support::{Browser, Frame, Frames, Session, Stage};

/// Sequences that a chunk stands for.
fn sequences(frame: &Frame) -> std::ops::RangeInclusive<u64> {
    let last = frame.data["sequence"].as_u64().unwrap();
    frame.data["firstSequence"].as_u64().unwrap_or(last)..=last
}

/// Watches until the reply is complete, cut after each so many frames.
async fn watch_with_cuts(browser: Browser, session: Session, cuts: Vec<usize>) -> (Vec<u64>, String, usize) {
    let (mut numbers, mut text, mut frames) = (Vec::new(), String::new(), 0);
    let (_, page) = browser.get(&format!("/sessions/{}/messages", session.session)).await;
    let mut last = page["lastEventId"].as_str().map(str::to_owned);
    let mut cuts = cuts.into_iter();
    loop {
        let mut stream = browser.watch(&session.events(), last.as_deref()).await;
        let mut left = cuts.next().unwrap_or(usize::MAX);
        while left > 0 {
            let frame = stream.next().await.expect("the stream goes on");
            last = frame.id.clone();
            left -= 1;
            match frame.event.as_str() {
                "chunk" => {
                    frames += 1;
                    numbers.extend(sequences(&frame));
                    text.push_str(frame.data["chunk"].as_str().unwrap());
                }
                "message" if frame.data["completed"] == true => return (numbers, text, frames),
                "message" => assert_eq!(frame.data["revision"], 2),
                "beat" => {}
                other => panic!("{other} was not expected"),
            }
        }
    }
}

#[tokio::test]
async fn viewers_who_are_cut_again_and_again_get_every_chunk_once() {
    const COUNT: u64 = 400;
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let session = stage.session(&ada);
    let mut watching = Vec::new();
    for viewer in 0..3usize {
        let cuts = (0..10).map(|cut| 1 + (viewer * 7 + cut * 13) % 40).collect();
        watching.push(tokio::spawn(watch_with_cuts(ada.clone(), session.clone(), cuts)));
    }
    // Begins while they join, and goes on while they are cut.
    let reply = MessageId::random();
    session.start(&reply).await;
    for number in 1..=COUNT {
        session.text(&reply, number, &format!("{number}\n")).await;
    }
    session.settle(&reply, COUNT).await;
    for viewer in watching {
        let (numbers, text, _) = viewer.await.unwrap();
        // A viewer may have joined in the middle: their page held the rest.
        let first = numbers.first().copied().unwrap_or(COUNT + 1);
        assert_eq!(numbers, (first..=COUNT).collect::<Vec<_>>());
        assert_eq!(text, (first..=COUNT).map(|number| format!("{number}\n")).collect::<String>());
    }
}

#[tokio::test]
async fn a_late_viewer_gets_runs_of_text_merged_and_nothing_twice() {
    const COUNT: u64 = 600;
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let session = stage.session(&ada);
    let (_, page) = ada.get(&format!("/sessions/{}/messages", session.session)).await;
    let last = page["lastEventId"].as_str().unwrap().to_owned();
    let reply = MessageId::random();
    session.start(&reply).await;
    for number in 1..=COUNT {
        session.text(&reply, number, "x").await;
    }
    let foreign = WorkerId::random();
    session.text_by(&foreign, &reply, COUNT + 1, "not this session's worker").await;
    session.settle(&reply, COUNT).await;
    let mut stream = ada.watch(&session.events(), Some(&last)).await;
    let (mut numbers, mut frames) = (Vec::new(), 0);
    loop {
        let frame = stream.event().await.unwrap();
        match frame.event.as_str() {
            "chunk" => {
                frames += 1;
                numbers.extend(sequences(&frame));
            }
            _ if frame.data["completed"] == true => break,
            _ => {}
        }
    }
    assert_eq!(numbers, (1..=COUNT).collect::<Vec<_>>());
    assert!(frames < 60, "{frames} frames");
}

#[tokio::test]
async fn ids_that_are_of_no_use_are_told_and_the_stream_goes_on_from_now() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let session = stage.session(&ada);
    let mut stream = ada.watch(&session.events(), None).await;
    let beat = stream.next().await.unwrap();
    assert_eq!((beat.event.as_str(), &beat.data), ("beat", &json!({})));
    let id = beat.id.unwrap();
    let (stem, sequence) = id.rsplit_once('-').unwrap();
    let future = format!("{stem}-{}", sequence.parse::<u64>().unwrap() + 1000);
    let other = format!("{}:zzzzzzzz-{sequence}", session.session);
    for bad in ["nonsense", &other, &future] {
        let mut stream = ada.watch(&session.events(), Some(bad)).await;
        assert_eq!(stream.next().await.unwrap().event, "beat");
        let resync = stream.next().await.unwrap();
        assert_eq!((resync.event.as_str(), &resync.data["stream"]), ("resync", &json!(session.session.as_str())));
        let reply = MessageId::random();
        session.start(&reply).await;
        assert_eq!(stream.event().await.unwrap().data["messageId"], reply.as_str());
    }
}

#[tokio::test]
async fn a_position_that_the_stream_has_forgotten_is_told() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let (watched, forgotten) = (stage.session(&ada), stage.session(&ada));
    let beat = ada.watch(&watched.events(), None).await.next().await.unwrap().id.unwrap();
    let (stem, sequence) = beat.rsplit_once('-').unwrap();
    let (_, epoch) = stem.rsplit_once(':').unwrap();
    for _ in 0..3 {
        forgotten.start(&MessageId::random()).await;
    }
    forgotten.forget_all().await;
    let position = format!("{}:{epoch}-{sequence}", forgotten.session);
    let mut stream = ada.watch(&forgotten.events(), Some(&position)).await;
    assert_eq!(stream.next().await.unwrap().event, "beat");
    assert_eq!(stream.next().await.unwrap().event, "resync");
    let reply = MessageId::random();
    forgotten.start(&reply).await;
    assert_eq!(stream.event().await.unwrap().data["messageId"], reply.as_str());
}

#[tokio::test]
async fn the_user_stream_tells_what_changed_and_nothing_of_others() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let mut stream = ada.watch("/events", None).await;
    let beat = stream.next().await.unwrap();
    let machine = |name: &str| v1::event::Object::Machine(v1::Machine { name: name.into(), ..v1::Machine::default() });
    let id = MachineId::random();
    stage.tell(&bob.user, Entity::Machine, id.as_str(), machine("bob's")).await;
    stage.tell(&ada.user, Entity::Machine, id.as_str(), machine("ada's")).await;
    stage.tell(&ada.user, Entity::Machine, id.as_str(), v1::event::Object::Removed(v1::Removed {})).await;
    let mut again = ada.watch("/events", beat.id.as_deref()).await;
    for stream in [&mut stream, &mut again] {
        let changed = stream.event().await.unwrap();
        assert_eq!((changed.event.as_str(), &changed.data["name"]), ("machine", &json!("ada's")));
        let removed = stream.event().await.unwrap();
        assert_eq!(
            (removed.event.as_str(), &removed.data),
            ("removed", &json!({"entity": "machine", "id": id.as_str()}))
        );
    }
}

#[tokio::test]
async fn streams_of_others_do_not_exist_and_a_combined_one_says_so() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let (own, foreign) = (stage.session(&ada), stage.session(&bob));
    assert_eq!(stage.visitor().get(&own.events()).await.0, 401);
    assert_eq!(ada.get(&foreign.events()).await.0, 404);
    let body = json!({ "user": null, "sessions": { own.session.as_str(): null, foreign.session.as_str(): null } });
    let mut stream = Frames::of(ada.ask("POST", "/events").json(&body)).await;
    let (mut beats, mut removed) = (0, None);
    while beats < 2 || removed.is_none() {
        let frame = stream.next().await.unwrap();
        match frame.event.as_str() {
            "beat" => beats += 1,
            "removed" => removed = Some(frame.data),
            other => panic!("{other} was not expected"),
        }
    }
    assert_eq!(removed.unwrap(), json!({ "entity": "session", "id": foreign.session.as_str() }));
    let reply = MessageId::random();
    own.start(&reply).await;
    assert_eq!(stream.event().await.unwrap().data["messageId"], reply.as_str());
}

#[tokio::test]
async fn streams_end_with_the_sign_in_and_with_the_session() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let mut other = stage.visitor();
    other.sign_in("/auth/login", &json!({ "username": "ada", "password": "correct horse" })).await;
    let session = stage.session(&ada);
    let mut signed_out = other.watch("/events", None).await;
    let mut deleted = ada.watch(&session.events(), None).await;
    signed_out.next().await.unwrap();
    deleted.next().await.unwrap();
    assert_eq!(other.send("POST", "/auth/logout", json!({})).await.0, 204);
    assert!(signed_out.event().await.is_none());
    let removed = v1::event::Object::Removed(v1::Removed {});
    stage.tell(&ada.user, Entity::Session, session.session.as_str(), removed).await;
    assert_eq!(deleted.event().await.unwrap().data["entity"], "session");
    assert!(deleted.event().await.is_none());
}

#[tokio::test]
async fn two_hundred_viewers_of_twenty_sessions_all_see_the_same() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let sessions = (0..20).map(|_| stage.session(&ada)).collect::<Vec<_>>();
    let mut viewers = Vec::new();
    for session in &sessions {
        for _ in 0..10 {
            let mut stream = ada.watch(&session.events(), None).await;
            assert_eq!(stream.next().await.unwrap().event, "beat");
            viewers.push(stream);
        }
    }
    for session in &sessions {
        let reply = MessageId::random();
        session.start(&reply).await;
        session.text(&reply, 1, session.session.as_str()).await;
    }
    for (index, viewer) in viewers.iter_mut().enumerate() {
        assert_eq!(viewer.event().await.unwrap().event, "message");
        assert_eq!(viewer.event().await.unwrap().data["chunk"], sessions[index / 10].session.as_str());
    }
    // The broker would not let the api have a consumer for viewers: its two keep the audit log and tell browsers that
    // nobody looks at.
    let rights = permissions::service(ServiceUser::Api);
    let mut consumers = rights.publish.iter().filter(|subject| subject.contains("CONSUMER"));
    assert!(consumers.all(|subject| [".EVENTS.api", ".EVENTS.push"].iter().any(|own| subject.ends_with(own))));
}

//! What a bad worker writes into the session of another: stored, perhaps, and never shown.

use muster_contracts::{
    Message as _,
    id::MessageId,
    stream::CHUNKS,
    subject::{About, ChunkAddress, ChunkKind, Subject, Writer},
    v1,
};
use muster_testkit::{
    stack::{Bare, Frame, Stack},
    wire::Wire,
};

use crate::world;

const FORGED: &str = "forged by another worker";

fn payload(kind: ChunkKind, number: u64) -> Vec<u8> {
    match kind {
        ChunkKind::Start => v1::Start { model: FORGED.into(), ..v1::Start::default() }.encode_to_vec(),
        ChunkKind::Chunk => {
            let text = v1::TextDelta { part_id: "p1".into(), append: FORGED.into() };
            let change = Some(v1::chunk::Change::Text(text));
            v1::Chunk { number, timestamp: 1, change }.encode_to_vec()
        }
        ChunkKind::Request => v1::RequestAsked { number, ..v1::RequestAsked::default() }.encode_to_vec(),
        ChunkKind::End => v1::End { number, error: Some(FORGED.into()), ..v1::End::default() }.encode_to_vec(),
        ChunkKind::State => Vec::new(),
    }
}

/// Writes each kind about a reply, in the name of each Msg-Id that can be guessed of it.
async fn write(wire: &mut Wire, bad: &Bare, session: &str, reply: &MessageId, guesses: &[String]) {
    // Chunks first: an id serves one message of the stream.
    for kind in [ChunkKind::Chunk, ChunkKind::Start, ChunkKind::Request, ChunkKind::End] {
        let address = ChunkAddress {
            writer: Writer::Worker(bad.token().worker.clone()),
            session: session.parse().unwrap(),
            about: About::Message(reply.clone()),
            kind,
        };
        let subject = Subject::Chunk(address).to_string();
        for number in 0..100 {
            for guess in guesses {
                let id = format!("{guess}:{number}");
                wire.publish_with(&subject, &[("Nats-Msg-Id", &id)], &payload(kind, number));
            }
        }
    }
    assert!(wire.settle().await.unwrap().refused.is_empty(), "it is its own subject");
}

fn reply_of(frames: &[Frame]) -> Option<MessageId> {
    let begun = frames.iter().find(|frame| frame.event == "chunk")?;
    begun.data["messageId"].as_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_writes_into_a_session_of_another_is_shown_to_nobody() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let victim = machine.worker().await.started(&stack).await.approved().await;
    let session = victim.session("demo/fast").await;
    let bad = machine.worker().await.bare(&stack);
    let mut wire = bad.approved(&admin).await;

    let viewer = session.view().await;
    let from_the_start = session.view().await;
    let sent = session.send("count 300 every 5ms").await;
    let reply = viewer.until("the reply begins", reply_of).await;
    let guesses = [reply.to_string(), sent.message_id.clone(), session.id().to_owned(), victim.id().to_owned()];
    write(&mut wire, &bad, session.id(), &reply, &guesses).await;

    let whole = (1..=300).map(|number| format!("{number}\n")).collect::<String>();
    assert_eq!(viewer.whole_reply_to(&sent).await, whole);
    assert_eq!(from_the_start.whole_reply_to(&sent).await, whole);
    write(&mut wire, &bad, session.id(), &reply, &guesses[..1]).await;
    let late = session.view().await;
    let again = session.send("count 20").await;
    late.whole_reply_to(&again).await;
    for frame in [viewer.frames(), from_the_start.frames(), late.frames()].concat() {
        assert!(!frame.data.to_string().contains(FORGED), "{frame:?}");
    }
    let shown = session.messages().await.items;
    assert_eq!(shown.len(), 4);
    assert!(shown.iter().all(|message| !message.content.contains(FORGED) && message.status == "completed"));

    // The attempts were real: it is all there, under the name of whoever wrote it.
    let chat = world::service(&stack, muster_contracts::permissions::ServiceUser::Chat).await;
    let stream = async_nats::jetstream::new(chat).get_stream(CHUNKS).await.unwrap();
    let subject = format!("chat.v1.stream.{}.{}.{reply}.chunk", bad.token().worker, session.id());
    let stored = stream.direct_get_last_for_subject(subject).await.unwrap();
    assert!(String::from_utf8_lossy(&stored.payload).contains(FORGED));
}

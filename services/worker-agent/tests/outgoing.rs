//! The merging of what a backend says, held against a plain model of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use muster_contracts::{
    Message as _,
    limits::{PAYLOAD_BYTES, TEXT_CHUNK_BYTES},
    reply::Reply,
    subject::ChunkKind,
    v1::{
        Chunk, End, NoticePart, RequestAsked, RequestBody, Start, ToolPart, ToolState, TurnStatus, chunk::Change,
        part::Kind,
    },
};
use muster_worker_agent::domain::{
    event::{Event, Outcome, Piece, Span},
    outgoing::{Outgoing, Publish},
};
use proptest::prelude::*;

/// What a test does to the machine, in some order.
#[derive(Debug, Clone)]
enum Step {
    Say(Event),
    Publish,
    Ack,
}

fn text(part: &str, append: impl Into<String>) -> Event {
    Event::Text { part: part.into(), append: append.into() }
}

fn tool(part: &str, output: &str) -> Event {
    let piece = Piece::Tool(ToolPart { output: output.into(), ..ToolPart::default() });
    Event::Piece { part: part.into(), piece, span: Span::default() }
}

fn asked(id: &str) -> Event {
    Event::Asked(RequestBody { request_id: id.into(), ..RequestBody::default() })
}

fn begun() -> Outgoing {
    let mut outgoing = Outgoing::new("nonce".into(), Start::default());
    assert_eq!(outgoing.take().unwrap().kind, ChunkKind::Start);
    outgoing.acked();
    outgoing
}

/// Publishes and acknowledges everything that waits.
fn drain(outgoing: &mut Outgoing) -> Vec<Publish> {
    std::iter::from_fn(|| {
        let publish = outgoing.take();
        outgoing.acked();
        publish
    })
    .collect()
}

fn fold(published: &[Publish]) -> Reply {
    let mut reply = Reply::default();
    for publish in published {
        match publish.kind {
            ChunkKind::Chunk => reply.chunk(Chunk::decode(publish.payload.clone()).unwrap()).unwrap(),
            ChunkKind::Request => reply.request(RequestAsked::decode(publish.payload.clone()).unwrap()).unwrap(),
            _ => {}
        }
    }
    reply
}

fn end(publish: &Publish) -> End {
    assert_eq!(publish.kind, ChunkKind::End);
    End::decode(publish.payload.clone()).unwrap()
}

#[test]
fn only_what_may_grow_or_be_replaced_is_held_back() {
    let running = |output: &str| {
        let tool = ToolPart { state: ToolState::ToolRunning.into(), output: output.into(), ..ToolPart::default() };
        Event::Piece { part: "bash".into(), piece: Piece::Tool(tool), span: Span::default() }
    };
    let mut outgoing = begun();
    assert_eq!(outgoing.patience(), None, "nothing waits");
    outgoing.push(text("a", "word "), 1);
    let words = outgoing.patience().unwrap();
    outgoing.push(running(""), 2);
    assert_eq!(outgoing.patience(), None, "that a tool runs is shown at once");
    outgoing.push(running("one"), 3);
    assert_eq!(outgoing.patience(), None, "and has not been shown yet");
    drain(&mut outgoing);
    outgoing.push(running("one, two"), 4);
    let output = outgoing.patience().unwrap();
    assert!(output > words);
    outgoing.push(text("b", "word "), 5);
    assert_eq!(outgoing.patience(), Some(words));
    drain(&mut outgoing);
    outgoing.push(text("b", "x".repeat(TEXT_CHUNK_BYTES)), 6);
    assert_eq!(outgoing.patience(), None, "nothing more fits");
    drain(&mut outgoing);
    outgoing.push(text("b", "word "), 7);
    outgoing.finish(Outcome::Completed, None, 8);
    assert_eq!(outgoing.patience(), None, "the end is shown at once");
}

#[test]
fn the_first_token_goes_out_at_once_and_what_comes_meanwhile_is_one_chunk() {
    let mut outgoing = begun();
    outgoing.push(text("a", "one "), 1);
    let first = outgoing.take().unwrap();
    assert_eq!((first.number, first.id.as_str()), (1, "nonce:1"));
    for word in ["two ", "three ", "four"] {
        outgoing.push(text("a", word), 2);
    }
    assert_eq!(outgoing.take(), None, "one message is out at a time");
    outgoing.acked();
    let merged = Chunk::decode(outgoing.take().unwrap().payload).unwrap();
    let Some(Change::Text(delta)) = merged.change else { panic!("a chunk of text") };
    assert_eq!(delta.append, "two three four");
}

#[test]
fn a_message_that_is_not_stored_is_repeated_unchanged() {
    let mut outgoing = begun();
    outgoing.push(text("a", "one"), 1);
    let out = outgoing.take().unwrap();
    outgoing.push(text("a", "two"), 1);
    assert!(!outgoing.told(Some(0)));
    assert_eq!(outgoing.acknowledged(), Some(0));
    assert_eq!(outgoing.take(), None, "the caller still has the message that is out");
    assert!(outgoing.told(Some(out.number)));
    assert_eq!(outgoing.acknowledged(), Some(1));
    assert_eq!(outgoing.take().unwrap().number, 2);
}

#[test]
fn text_parts_never_interleave() {
    let mut outgoing = begun();
    for (part, word) in [("a", "1"), ("b", "2"), ("a", "3")] {
        outgoing.push(text(part, word), 1);
    }
    let reply = fold(&drain(&mut outgoing));
    assert_eq!(reply.content(), "123");
    assert_eq!(reply.parts().len(), 3);
}

#[test]
fn a_tool_between_two_halves_of_a_text_does_not_split_it() {
    let mut outgoing = begun();
    for event in [text("a", "1"), tool("t", "x"), text("a", "2")] {
        outgoing.push(event, 1);
    }
    let reply = fold(&drain(&mut outgoing));
    assert_eq!(reply.parts().len(), 2);
    assert_eq!(reply.content(), "12");
}

#[test]
fn a_part_that_waits_is_told_in_its_newest_state_only() {
    let mut outgoing = begun();
    for output in ["1", "12", "123"] {
        outgoing.push(tool("t", output), 1);
    }
    let published = drain(&mut outgoing);
    assert_eq!(published.len(), 1);
    let reply = fold(&published);
    let Some(Kind::Tool(tool)) = &reply.parts()[0].kind else { panic!("a tool") };
    assert_eq!(tool.output, "123");
}

#[test]
fn what_follows_a_request_is_not_told_before_it() {
    let mut outgoing = begun();
    for event in [tool("t", "before"), asked("r"), tool("t", "after")] {
        outgoing.push(event, 1);
    }
    let kinds = drain(&mut outgoing).iter().map(|publish| publish.kind).collect::<Vec<_>>();
    assert_eq!(kinds, [ChunkKind::Chunk, ChunkKind::Request, ChunkKind::Chunk]);
}

#[test]
fn the_end_counts_and_hashes_what_was_said() {
    let mut outgoing = begun();
    outgoing.push(text("a", "hello"), 1);
    outgoing.push(asked("r"), 1);
    outgoing.finish(Outcome::Failed("because".into()), None, 9);
    outgoing.push(text("a", "too late"), 10);
    let published = drain(&mut outgoing);
    let end = end(published.last().unwrap());
    assert_eq!((end.number, end.chunk_count, end.outcome()), (3, 2, TurnStatus::Failed));
    assert_eq!(end.error.as_deref(), Some("because"));
    assert_eq!(end.content_hash, fold(&published).hash());
    assert!(outgoing.is_over() && outgoing.is_settled());
}

#[test]
fn a_tool_that_is_open_at_the_end_of_a_turn_is_closed_with_what_it_had_said() {
    let state = |part: &str, state: ToolState| {
        let tool = ToolPart { output: format!("of {part}"), state: state.into(), ..ToolPart::default() };
        Event::Piece { part: part.into(), piece: Piece::Tool(tool), span: Span::default() }
    };
    for outcome in [Outcome::Completed, Outcome::Failed("why".into()), Outcome::Cancelled] {
        let mut outgoing = begun();
        for (part, at) in [("waits", ToolState::ToolPending), ("runs", ToolState::ToolRunning)] {
            outgoing.push(state(part, at), 1);
        }
        for at in [ToolState::ToolRunning, ToolState::ToolCompleted] {
            outgoing.push(state("ended", at), 2);
        }
        let mut published = drain(&mut outgoing);
        outgoing.finish(outcome, None, 3);
        published.extend(drain(&mut outgoing));
        let reply = fold(&published);
        let tools = reply.parts().iter().map(|part| match &part.kind {
            Some(Kind::Tool(tool)) => (tool.output.as_str(), tool.state(), part.started_at, part.ended_at),
            other => panic!("{other:?}"),
        });
        let wanted = [
            ("of waits", ToolState::ToolError, 1, Some(3)),
            ("of runs", ToolState::ToolError, 1, Some(3)),
            ("of ended", ToolState::ToolCompleted, 2, Some(2)),
        ];
        assert_eq!(tools.collect::<Vec<_>>(), wanted);
        assert_eq!(end(published.last().unwrap()).chunk_count, reply.number());
    }
}

#[test]
fn a_flood_is_cut_into_chunks_that_fit() {
    let mut outgoing = begun();
    let flood = "ä€x".repeat(100_000);
    outgoing.push(text("a", flood.clone()), 1);
    let published = drain(&mut outgoing);
    assert!(published.iter().all(|publish| publish.payload.len() <= TEXT_CHUNK_BYTES + 64));
    assert_eq!(fold(&published).content(), flood);
}

#[test]
fn the_largest_parts_fit_a_payload() {
    let mut outgoing = begun();
    let long = "x".repeat(2_000_000);
    let piece = Piece::Tool(ToolPart {
        name: long.clone(),
        title: long.clone(),
        input: long.clone(),
        output: long.clone(),
        ..ToolPart::default()
    });
    outgoing.push(Event::Piece { part: "t".into(), piece, span: Span::default() }, 1);
    let body = RequestBody { title: long.clone(), details: long.clone(), ..RequestBody::default() };
    outgoing.push(Event::Asked(body), 1);
    outgoing.finish(Outcome::Failed(long), None, 1);
    for publish in drain(&mut outgoing) {
        assert!(publish.payload.len() < PAYLOAD_BYTES, "{:?} {}", publish.kind, publish.payload.len());
    }
}

#[test]
fn what_is_taken_back_is_the_same_part_that_has_ended() {
    let mut outgoing = begun();
    let body = RequestBody { request_id: "r".into(), title: "Run it".into(), ..RequestBody::default() };
    outgoing.push(Event::Asked(body.clone()), 5);
    outgoing.push(Event::Withdrawn(body.clone()), 9);
    let published = drain(&mut outgoing);
    let told = published.iter().map(|publish| RequestAsked::decode(publish.payload.clone()).unwrap());
    let told = told.map(|asked| (asked.number, asked.timestamp, asked.withdrawn_at, asked.body.unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), [(1, 5, None, body.clone()), (2, 5, Some(9), body)]);
    let reply = fold(&published);
    let times = reply.parts().iter().map(|part| (part.started_at, part.ended_at)).collect::<Vec<_>>();
    assert_eq!(times, [(5, Some(9))]);
}

fn event() -> impl Strategy<Value = Event> {
    let part = prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        6 => (part.clone(), "[a-zä€]{0,12}").prop_map(|(part, append)| text(part, append)),
        3 => (part.clone(), "[a-z]{0,12}").prop_map(|(part, append)| Event::Reasoning { part: format!("r{part}"), append }),
        2 => (part.clone(), "[a-z]{0,4}").prop_map(|(part, output)| tool(&format!("t{part}"), &output)),
        1 => "[a-z]{1,4}".prop_map(|words| {
            let piece = Piece::Notice(NoticePart { text: words });
            Event::Piece { part: "n".into(), piece, span: Span::default() }
        }),
        1 => "[a-c]".prop_map(|id| asked(&id)),
        1 => "[a-c]".prop_map(|id| Event::Withdrawn(RequestBody { request_id: id, ..RequestBody::default() })),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![3 => event().prop_map(Step::Say), 1 => Just(Step::Publish), 1 => Just(Step::Ack)],
        0..200,
    )
}

proptest! {
    #[test]
    fn whatever_the_network_does_the_same_reply_arrives(steps in steps()) {
        let (mut fast, mut slow) = (begun(), begun());
        let (mut unmerged, mut merged, mut said) = (Vec::new(), Vec::new(), String::new());
        for step in steps {
            match step {
                Step::Say(event) => {
                    if let Event::Text { append, .. } = &event {
                        said.push_str(append);
                    }
                    fast.push(event.clone(), 1);
                    slow.push(event, 1);
                    unmerged.extend(drain(&mut fast));
                }
                Step::Publish => merged.extend(slow.take()),
                Step::Ack => slow.acked(),
            }
        }
        for outgoing in [&mut fast, &mut slow] {
            outgoing.finish(Outcome::Completed, None, 2);
            outgoing.acked();
        }
        unmerged.extend(drain(&mut fast));
        merged.extend(drain(&mut slow));

        // Numbers have no hole, ids follow them.
        for (index, publish) in merged.iter().enumerate() {
            prop_assert_eq!(publish.number, index as u64 + 1);
            prop_assert_eq!(&publish.id, &format!("nonce:{}", publish.number));
        }
        // Merged or not, the same reply is folded from it.
        let (plain, reply) = (fold(&unmerged), fold(&merged));
        prop_assert_eq!(reply.content(), said);
        prop_assert_eq!(reply.hash(), plain.hash());
        prop_assert_eq!(reply.parts(), plain.parts());
        let end = end(merged.last().unwrap());
        prop_assert_eq!(end.chunk_count, merged.len() as u64 - 1);
        prop_assert_eq!(end.content_hash, reply.hash().to_vec());
        // Nothing is counted as waiting when nothing waits.
        prop_assert_eq!(slow.weight(), 0);
    }

    #[test]
    fn what_waits_weighs_no_more_than_what_was_said(events in prop::collection::vec(event(), 0..100)) {
        let mut outgoing = begun();
        let mut said = 0;
        for event in events {
            said += event.weight();
            outgoing.push(event, 1);
            prop_assert!(outgoing.weight() <= said);
        }
    }
}

#[test]
fn a_nul_that_an_agent_says_is_written_as_a_character_that_is_kept_everywhere() {
    let mut outgoing = begun();
    outgoing.push(text("a", "be\0fore"), 1);
    let said = drain(&mut outgoing);
    let chunk = Chunk::decode(said[0].payload.clone()).unwrap();
    let Some(Change::Text(delta)) = chunk.change else { panic!("{chunk:?}") };
    assert_eq!(delta.append, "be\u{fffd}fore");
}

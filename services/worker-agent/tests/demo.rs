//! The demo backend's table, as it is stored.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod support;

use std::{sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use muster_contracts::{
    id::SessionId,
    v1::{Answer, Attachment, ForkOf, GivenAnswer, Labels, RequestKind, ToolState, TurnStatus, part::Kind},
};
use muster_worker_agent::backend::demo::Demo;
use support::{PATIENCE, STATE, Told, Worker, surroundings};
use tempfile::TempDir;

struct Demonstration {
    worker: Worker,
    session: SessionId,
    directory: TempDir,
}

fn demo() -> Demonstration {
    let directory = tempfile::tempdir().unwrap();
    let worker = demo_in(&directory);
    Demonstration { worker, session: SessionId::random(), directory }
}

fn demo_in(directory: &TempDir) -> Worker {
    let backend = Demo::start(surroundings(directory.path(), directory.path())).unwrap();
    Worker::new(Arc::new(backend), directory.path())
}

impl Demonstration {
    async fn say(&self, message: &str) -> Told {
        self.worker.turn(&self.session, message, |_| {}).await
    }
}

fn outcome(told: &Told) -> TurnStatus {
    told.end.as_ref().unwrap().outcome()
}

fn numbers(to: u64) -> String {
    (1..=to).map(|number| format!("{number}\n")).collect()
}

#[tokio::test]
async fn it_counts() {
    let demo = demo();
    let told = demo.say("count 2000").await;
    assert_eq!(told.reply.content(), numbers(2000));
    assert_eq!(outcome(&told), TurnStatus::Completed);
    let start = told.start.unwrap();
    assert_eq!((start.claimed_at, start.model.as_str()), (7, "demo/fast"));
    assert!(told.end.unwrap().backend_session_id.is_some());
}

#[tokio::test(start_paused = true)]
async fn its_pauses_do_not_add_up() {
    let demo = demo();
    let begun = tokio::time::Instant::now();
    let told = demo.say("count 1000 every 1ms").await;
    let took = begun.elapsed();
    assert_eq!(told.reply.content(), numbers(1000));
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1100), "{took:?}");
}

#[tokio::test]
async fn it_echoes_to_the_byte() {
    let demo = demo();
    let text = " tabs\tand\n\nnewlines, ä€𝄞 and trailing  ";
    assert_eq!(demo.say(&format!("echo {text}")).await.reply.content(), text);
}

#[tokio::test]
async fn it_knows_the_first_message_even_after_a_restart() {
    let demo = demo();
    demo.say("echo remember me").await;
    assert_eq!(demo.say("first").await.reply.content(), "echo remember me");
    let restarted = demo_in(&demo.directory);
    let told = restarted.turn(&demo.session, "first", |start| start.first = false).await;
    assert_eq!(told.reply.content(), "echo remember me");
    assert!(told.reply.parts().iter().all(|part| !matches!(part.kind, Some(Kind::Notice(_)))));
}

#[tokio::test]
async fn a_lost_memory_is_admitted() {
    let demo = demo();
    let told = demo.worker.turn(&demo.session, "first", |start| start.first = false).await;
    assert!(told.reply.parts().iter().any(|part| matches!(part.kind, Some(Kind::Notice(_)))));
}

#[tokio::test]
async fn it_tells_the_model() {
    let demo = demo();
    let told = demo.worker.turn(&demo.session, "model", |start| start.model = "demo/slow/with/slashes".into()).await;
    assert_eq!(told.reply.content(), "demo/slow/with/slashes");
}

#[tokio::test]
async fn it_tells_what_is_attached_and_keeps_nothing_of_it() {
    let demo = demo();
    assert_eq!(demo.say("attachments").await.reply.content(), "Nothing is attached.");
    let image = (0..5_000_u32).map(|index| u8::try_from(index % 256).unwrap()).collect::<Vec<_>>();
    // What a file is called is never a path here.
    let files = [
        demo.worker.files.keep("../../cat.png", "image/png", &image),
        demo.worker.files.keep("notes.txt", "text/plain", b"x"),
    ];
    let kept = demo.directory.path().join(STATE).join("attachments");
    // A server that is away for a moment costs a moment.
    *demo.worker.files.failures.lock().unwrap() = 1;
    let told = demo.worker.turn(&demo.session, "attachments", |start| start.attachments = files.to_vec()).await;
    let line = |file: &Attachment| {
        format!("{} {} {} {}\n", file.name, file.media_type, file.size, HEXLOWER.encode(&file.digest))
    };
    assert_eq!(told.reply.content(), files.iter().map(line).collect::<String>());
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0, "the files go with the turn");
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_sent_fails_the_turn_with_a_reason() {
    let demo = demo();
    let file = demo.worker.files.keep("notes.txt", "text/plain", &[b'x'; 2_500]);
    for (bytes, reason) in [
        (None, "not on the server any more"),
        (Some(&[b'y'; 2_500][..]), "did not arrive as it was sent"),
        (Some(&[b'x'; 2_600]), "did not arrive as it was sent"),
    ] {
        demo.worker.files.replace(&file, bytes);
        let told = demo.worker.turn(&demo.session, "attachments", |start| start.attachments = vec![file.clone()]).await;
        assert_eq!(outcome(&told), TurnStatus::Failed, "{reason}");
        let error = told.end.unwrap().error.unwrap();
        assert!(error.contains(reason) && error.contains("notes.txt"), "{error}");
    }
    let huge = Attachment { size: 1 << 40, ..file.clone() };
    let told = demo.worker.turn(&demo.session, "attachments", |start| start.attachments = vec![huge]).await;
    assert!(told.end.unwrap().error.unwrap().contains("more attached"));
}

#[tokio::test]
async fn a_turn_that_is_stopped_while_its_files_come_ends_at_once() {
    let demo = demo();
    let file = demo.worker.files.keep("notes.txt", "text/plain", b"x");
    *demo.worker.files.failures.lock().unwrap() = u32::MAX;
    let reply = demo.worker.begin(&demo.session, "attachments", |start| start.attachments = vec![file]);
    demo.worker.shelf.wait(&reply, |told| told.start.is_some()).await;
    demo.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    assert_eq!(outcome(&demo.worker.ended(&reply).await), TurnStatus::Cancelled);
}

#[tokio::test]
async fn what_an_earlier_process_has_left_of_files_is_removed_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let left = directory.path().join(STATE).join("attachments/some_reply");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("0"), "left behind").unwrap();
    demo_in(&directory);
    assert!(!left.exists());
}

#[tokio::test]
async fn it_runs_a_tool_for_a_second() {
    let told = demo().say("tool").await;
    let tool = told.reply.parts().iter().find_map(|part| match &part.kind {
        Some(Kind::Tool(tool)) => Some((part, tool)),
        _ => None,
    });
    let (part, tool) = tool.unwrap();
    assert_eq!(tool.state(), ToolState::ToolCompleted);
    assert!(part.ended_at.unwrap() - part.started_at >= 1000);
    assert!(told.reply.parts().iter().any(|part| matches!(part.kind, Some(Kind::Diff(_)))));
    assert!(!told.reply.content().is_empty());
}

#[tokio::test]
async fn it_asks_and_says_how_it_was_answered() {
    let demo = demo();
    for (option, message, sentence) in
        [("once", None, "You allowed it once."), ("reject", Some("too risky"), "You rejected it: too risky")]
    {
        let reply = demo.worker.begin(&demo.session, "ask", |_| {});
        let told = demo.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
        let request = &told.requests[0];
        assert_eq!(request.kind(), RequestKind::Permission);
        let answer = Answer { option_id: Some(option.into()), message: message.map(str::to_owned), answers: vec![] };
        let given =
            GivenAnswer { reply_id: reply.to_string(), request_id: request.request_id.clone(), answer: Some(answer) };
        let entry = demo.worker.turns.get(reply.as_str()).unwrap();
        entry.answer(given.clone());
        entry.answer(given);
        assert_eq!(demo.worker.ended(&reply).await.reply.content(), sentence);
    }
}

#[tokio::test]
async fn it_puts_a_question() {
    let demo = demo();
    let reply = demo.worker.begin(&demo.session, "question", |_| {});
    let told = demo.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert_eq!(told.requests[0].questions[0].options.len(), 3);
    let answer = Answer { answers: vec![Labels { labels: vec!["Blue".into()] }], ..Answer::default() };
    demo.worker.turns.get(reply.as_str()).unwrap().answer(GivenAnswer {
        reply_id: reply.to_string(),
        request_id: told.requests[0].request_id.clone(),
        answer: Some(answer),
    });
    assert_eq!(demo.worker.ended(&reply).await.reply.content(), "You chose Blue.");
}

#[tokio::test]
async fn it_fails() {
    let told = demo().say("fail").await;
    assert_eq!(outcome(&told), TurnStatus::Failed);
    assert_eq!(told.end.unwrap().error.as_deref(), Some("demo failure"));
    assert!(!told.reply.content().is_empty());
}

#[tokio::test]
async fn it_hangs_until_it_is_stopped() {
    let demo = demo();
    let reply = demo.worker.begin(&demo.session, "hang", |_| {});
    demo.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    demo.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    assert_eq!(outcome(&demo.worker.ended(&reply).await), TurnStatus::Cancelled);
    assert!(demo.say("count 3").await.end.is_some(), "the next turn goes on");
}

#[tokio::test]
async fn anything_else_is_a_tour() {
    let told = demo().say("hello there").await;
    let content = told.reply.content();
    for markdown in ["## ", "| --- |", "```rust", "1. ", "](https://", "**"] {
        assert!(content.contains(markdown), "{markdown}");
    }
    assert!(told.end.unwrap().usage.is_some());
}

#[tokio::test]
async fn sessions_do_not_wait_for_each_other_and_never_mix() {
    let demo = demo();
    let hanging = demo.worker.begin(&demo.session, "hang", |_| {});
    let sessions = (0..20).map(|_| SessionId::random()).collect::<Vec<_>>();
    let replies = sessions
        .iter()
        .enumerate()
        .map(|(index, session)| {
            demo.worker.begin(session, &format!("echo {}", format!("{index} ").repeat(500)), |_| {})
        })
        .collect::<Vec<_>>();
    for (index, reply) in replies.iter().enumerate() {
        assert_eq!(demo.worker.ended(reply).await.reply.content(), format!("{index} ").repeat(500));
    }
    assert!(demo.worker.shelf.reply(&hanging).end.is_none());
}

#[tokio::test]
async fn a_worker_that_goes_ends_its_turns_with_a_reason() {
    let demo = demo();
    let reply = demo.worker.begin(&demo.session, "hang", |_| {});
    demo.worker.shelf.wait(&reply, |told| !told.reply.content().is_empty()).await;
    tokio::time::timeout(PATIENCE, demo.worker.runner.close("the worker was stopped")).await.unwrap();
    let end = demo.worker.shelf.reply(&reply).end.unwrap();
    assert_eq!(end.outcome(), TurnStatus::Cancelled);
    assert_eq!(end.error.as_deref(), Some("the worker was stopped"));
    let late = demo.worker.begin(&demo.session, "count 3", |_| {});
    assert!(demo.worker.turns.get(late.as_str()).is_none(), "nothing begins any more");
}

#[tokio::test]
async fn a_directory_outside_of_the_worker_s_is_refused() {
    let demo = demo();
    let told = demo.worker.turn(&demo.session, "count 3", |start| start.directory = "/".into()).await;
    assert_eq!(outcome(&told), TurnStatus::Failed);
    assert!(told.end.unwrap().error.unwrap().contains("not below"));
}

#[tokio::test]
async fn an_edited_message_is_answered_as_if_the_old_one_had_not_been_said() {
    let demo = demo();
    let old = demo.worker.begin(&demo.session, "echo a secret", |_| {});
    let old = demo.worker.ended(&old).await.start.unwrap().reply_to;
    demo.say("echo and more").await;
    let told = demo
        .worker
        .turn(&demo.session, "said", |start| {
            start.first = true;
            start.superseded = vec![old.clone()];
        })
        .await;
    assert_eq!(told.reply.content(), "- said\n");
    assert!(told.reply.parts().iter().all(|part| !matches!(part.kind, Some(Kind::Notice(_)))));
}

#[tokio::test]
async fn a_fork_knows_what_was_said_and_the_other_session_does_not_know_of_it() {
    let demo = demo();
    let first = demo.say("echo one").await;
    demo.say("echo two").await;
    let fork = ForkOf {
        backend_session_id: first.end.unwrap().backend_session_id,
        message_id: first.start.unwrap().reply_to,
        replied: true,
        context: "User:\necho one\n\n".into(),
    };
    let told = demo.worker.turn(&SessionId::random(), "said", |start| start.fork = Some(fork)).await;
    assert_eq!(told.reply.content(), "- echo one\n- said\n");
    assert_eq!(demo.say("said").await.reply.content(), "- echo one\n- echo two\n- said\n");
}

#[tokio::test]
async fn it_works_in_the_mode_that_was_chosen() {
    let demo = demo();
    let told = demo.worker.turn(&demo.session, "mode", |start| start.mode = Some("plan".into())).await;
    assert_eq!(told.reply.content(), "plan");
}

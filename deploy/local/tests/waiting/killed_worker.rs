//! A worker that drives a real opencode is killed at each point of a turn.

use std::time::{Duration, Instant};

use muster_testkit::{
    openai::{OpenAi, Step, words},
    process::working_below,
    stack::{Frame, Running, Stack, Viewer},
};
use serde_json::json;

/// Where a turn is when its worker is killed.
struct Point {
    name: &'static str,
    /// What the model says.
    steps: Vec<Step>,
    /// What is left of the reply.
    text: &'static str,
    /// Whether the turn is so far: what the model was asked in it, what runs, what viewers were told.
    is_reached: fn(usize, &[String], &[Frame]) -> bool,
}

fn points() -> Vec<Point> {
    let bash = |command: &str| Step::Tool {
        name: "bash".into(),
        arguments: json!({ "command": command, "description": "sleeps" }),
    };
    vec![
        Point {
            name: "before the first word",
            steps: vec![Step::Hang],
            text: "",
            is_reached: |asked, _, _| asked == 1,
        },
        Point {
            name: "in the text",
            steps: vec![Step::Text("Half a ".into()), Step::Hang],
            text: "Half a ",
            is_reached: |_, _, told| told.iter().any(|frame| frame.data["chunk"] == "Half a "),
        },
        Point {
            name: "in a tool",
            steps: vec![bash("sleep 543")],
            text: "",
            is_reached: |_, runs, _| runs.iter().any(|command| command == "sleep 543"),
        },
        Point {
            name: "while it waits for a permission",
            steps: vec![bash("sleep 544")],
            text: "",
            is_reached: |_, _, told| {
                told.iter().any(|frame| frame.event == "request" && frame.data["status"] == "pending")
            },
        },
    ]
}

async fn until(what: &str, viewer: &Viewer, condition: impl Fn(&[Frame]) -> bool) {
    let begun = Instant::now();
    while !condition(&viewer.frames()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn runs(worker: &Running) -> Vec<String> {
    working_below(worker.directory()).into_iter().map(|process| process.command).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_a_turn_that_ends_and_a_session_that_goes_on() {
    let stack = Stack::start().await;
    let model = OpenAi::start().await.unwrap();
    let permission = json!({ "bash": { "*": "allow", "sleep 544": "ask" } });
    let waiting = stack.admin().await.machine("desk").await.worker().await;
    let waiting = waiting.driving("opencode").file("opencode.json", model.opencode_config(&permission));
    let mut worker = waiting.started(&stack).await.approved().await;
    // Chat ends no turn before it has seen the broker for half a minute: this takes a little longer.
    let session = worker.session("scripted/tiny").await;
    model.reply(words(&"word ".repeat(330), Duration::from_millis(100)));
    let long = session.send("for long").await;
    assert_eq!(session.reply_to(&long).await.status, "completed");
    for Point { name, steps, text, is_reached } in points() {
        let session = worker.session("scripted/tiny").await;
        let viewer = session.view().await;
        let first = session.send("remember me").await;
        assert_eq!(session.reply_to(&first).await.status, "completed", "{name}");
        let asked = model.requests().len();
        model.reply(steps);
        let sent = session.send("go").await;
        until(name, &viewer, |told| is_reached(model.requests().len() - asked, &runs(&worker), told)).await;

        let killed = Instant::now();
        worker.process().kill().await;
        let ended =
            |frame: &Frame| frame.data["replyTo"] == sent.message_id.as_str() && frame.data["completed"] == true;
        until("its end", &viewer, |told| told.iter().any(ended)).await;
        let took = killed.elapsed();
        println!("killed {name}: told {took:?} later");
        assert!(took < Duration::from_secs(5), "{name}: {took:?}");
        let reply = session.reply_to(&sent).await;
        assert_eq!((reply.status.as_str(), reply.content.as_str()), ("interrupted", text), "{name}");
        assert!(session.client().get::<serde_json::Value>("/requests").await.unwrap()["items"] == json!([]), "{name}");
        until("nothing that it started runs", &viewer, |_| runs(&worker).is_empty()).await;

        worker.restart().await;
        worker.online().await;
        let next = session.send("next").await;
        assert_eq!(session.reply_to(&next).await.status, "completed", "{name}");
        let asked = model.requests();
        let heard = asked.last().unwrap()["messages"].to_string();
        assert!(heard.contains("remember me") && heard.contains("next"), "{name}: {heard}");
    }
}

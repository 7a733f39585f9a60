//! The real opencode, with a scripted model. Its program is named by
//! MUSTER_OPENCODE or found on the PATH; without it these tests fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod changes;
mod elsewhere;
mod gap;
mod history;
mod killed;
mod provider;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use muster_contracts::{
    id::SessionId,
    v1::{Answer, Labels, RequestKind, ToolState, TurnStart, TurnStatus, part::Kind},
};
use muster_testkit::{
    openai::{Step, words},
    process::working_below,
    script::executable,
};
use muster_worker_agent::backend::Choice;
use serde_json::json;
use stage::*;
use support::{PATIENCE, Worker, surroundings_with};
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn several_that_start_at_once_on_a_new_machine_all_start() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let starts = (0..6).map(|number| {
        let root = directory.path().join(number.to_string());
        std::fs::create_dir(&root).unwrap();
        Choice::Opencode.start(surroundings_with(&data, &root, &root.join("state")))
    });
    for started in futures_util::future::join_all(starts).await {
        started.unwrap_or_else(|error| panic!("{error}")).shutdown().await;
    }
    assert_eq!(working_below(directory.path()), [], "nothing is left behind");
}

#[tokio::test]
async fn opencode_gets_nothing_of_the_worker_s_environment_but_what_it_needs() {
    let stage = stage_with(json!("allow"), |surroundings| {
        let more =
            [("MUSTER_TOKEN", "t"), ("SECRET_OF_ANOTHER", "s"), ("LC_ALL", "C.UTF-8"), ("DATABASE_OF_MINE", "here")];
        surroundings.settings.agent_env = vec!["DATABASE_OF_MINE".to_owned()];
        surroundings.environment.extend(more.map(|(name, value)| (name.into(), value.into())));
    })
    .await;
    let given = environment_of(opencode_of(stage.directory.path()));
    let names = given.iter().filter_map(|variable| variable.split_once('=')).map(|(name, _)| name).collect::<Vec<_>>();
    assert!(["PATH", "LC_ALL", "DATABASE_OF_MINE"].iter().all(|name| names.contains(name)), "{names:?}");
    // What cargo says of a package it says to this process, which is the worker.
    let secret = |name: &&str| ["MUSTER_", "SECRET_", "CARGO_PKG"].iter().any(|begins| name.starts_with(begins));
    assert_eq!(names.into_iter().filter(secret).collect::<Vec<_>>(), [""; 0]);
    stage.end().await;
}

#[tokio::test]
async fn an_opencode_that_is_too_old_is_not_started() {
    let directory = tempfile::tempdir().unwrap();
    let (root, program) = (directory.path().join("root"), directory.path().join("opencode"));
    std::fs::create_dir(&root).unwrap();
    for (says, told) in [
        ("echo 0.15.3", "opencode 0.15.3 is too old: "),
        ("echo a version", "does not say which version"),
        ("exit 1", "does not say which version"),
    ] {
        executable(&program, says);
        let mut surroundings =
            surroundings_with(&directory.path().join("data"), &root, &directory.path().join("state"));
        surroundings.environment.push(("MUSTER_OPENCODE".into(), program.clone().into()));
        let Err(error) = Choice::Opencode.start(surroundings).await else { panic!("{says}: it is started") };
        assert!(error.to_string().contains(told), "{says}: {error}");
    }
}

#[tokio::test]
async fn another_port_is_taken_when_somebody_is_faster() {
    let directory = tempfile::tempdir().unwrap();
    let (root, program) = (directory.path().join("root"), directory.path().join("opencode"));
    std::fs::create_dir(&root).unwrap();
    let named = |name: &str| directory.path().join(name);
    let (told, taken) = (named("told"), named("taken"));
    // The first time it says where it will listen, and begins when that is taken.
    let script = format!(
        "[ \"$1\" = serve ] || exec {opencode} \"$@\"\nfor port; do :; done\n\
         if ! [ -e {told} ]; then printf %s \"$port\" >{told}.part && mv {told}.part {told}\n\
         while ! [ -e {taken} ]; do sleep 0.1; done; fi\nexec {opencode} \"$@\"",
        opencode = which::which("opencode").unwrap().display(),
        told = told.display(),
        taken = taken.display(),
    );
    executable(&program, &script);
    let somebody = tokio::spawn(async move {
        loop {
            if let Ok(port) = std::fs::read_to_string(&told) {
                let listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
                std::fs::write(&taken, "").unwrap();
                return listener;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut surroundings = surroundings_with(&named("data"), &root, &named("state"));
    surroundings.environment.push(("MUSTER_OPENCODE".into(), program.into()));
    let backend = Choice::Opencode.start(surroundings).await.unwrap();
    backend.shutdown().await;
    somebody.await.unwrap();
}

#[tokio::test]
async fn each_word_of_a_reply_is_told_before_the_next_is_said() {
    let stage = stage(json!("allow")).await;
    let text = "One two three four five six seven eight nine ten eleven twelve.";
    let mut steps = vec![Step::Reasoning("Let me ".into()), Step::Reasoning("think.".into())];
    steps.extend(text.split_inclusive(' ').flat_map(|word| [Step::Wait, Step::Text(word.to_owned())]));
    stage.model.reply(steps);
    let reply = stage.begin("count in words");
    let mut said = String::new();
    for word in text.split_inclusive(' ') {
        stage.model.go_on();
        said.push_str(word);
        stage.worker.shelf.wait(&reply, |told| told.reply.content() == said).await;
    }
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(kinds(&told), ["reasoning", "text", "usage"]);
    let end = told.end.unwrap();
    assert_eq!(end.usage.unwrap().input_tokens, 10);
    stage.end().await;
}

#[tokio::test]
async fn models_have_their_slashes_and_no_keys_and_the_chosen_one_is_asked() {
    let stage = stage(json!("allow")).await;
    let models = stage.backend.models().await.unwrap();
    let ids = models.iter().map(|model| model.model_id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["scripted/deep/er/tiny", "scripted/seeing", "scripted/tiny"]);
    assert_eq!((models[1].input.as_slice(), models[2].input.as_slice()), (&["image".to_owned()][..], &[][..]));
    assert!(!format!("{models:?}").contains("secret"));
    let told = stage.worker.turn(&stage.session, "hello", |start| start.model = "scripted/deep/er/tiny".into()).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(stage.model.requests()[0]["model"], "deep/er/tiny");
    assert!(stage.model.requests()[0]["reasoning_effort"].is_null());
    stage.end().await;
}

#[tokio::test]
async fn a_model_s_variant_is_asked() {
    let stage = stage(json!("allow")).await;
    let commands = stage.root().join(".opencode/command");
    std::fs::create_dir_all(&commands).unwrap();
    std::fs::write(commands.join("greet.md"), "Say hello.").unwrap();
    assert_eq!(stage.backend.models().await.unwrap()[0].variants, ["high"]);
    let named = |start: &mut TurnStart| start.model = "scripted/deep/er/tiny#high".into();
    for said in ["hello", "/greet"] {
        let asked = stage.model.requests().len();
        let told = stage.worker.turn(&stage.session, said, named).await;
        assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
        let request = &stage.model.requests()[asked];
        assert_eq!((&request["model"], &request["reasoning_effort"]), (&json!("deep/er/tiny"), &json!("high")));
    }
    stage.end().await;
}

#[tokio::test]
async fn what_is_attached_reaches_the_model_as_it_was_uploaded() {
    let stage = stage(json!("allow")).await;
    let files = [
        stage.worker.files.keep("red \"dot\".png", "image/png", RED_DOT),
        stage.worker.files.keep("notes.md", "text/plain", "# Notes\n\nThe word is Möwe.\n".as_bytes()),
    ];
    let attach = |start: &mut TurnStart| {
        start.model = "scripted/seeing".to_owned();
        start.attachments = files.to_vec();
    };
    let told = stage.worker.turn(&stage.session, "what is this?", attach).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(kinds(&told), ["text", "usage"], "what the user sent is no part of the reply");
    let request = stage.model.requests().remove(0);
    let messages = request["messages"].as_array().unwrap();
    let user = messages.iter().filter(|message| message["role"] == "user").collect::<Vec<_>>();
    let sent = json!(user).to_string();
    let image = format!("data:image/png;base64,{}", BASE64.encode(RED_DOT));
    assert!(sent.contains(&image), "the very bytes: {sent}");
    assert!(
        sent.contains("what is this?") && sent.contains("The word is Möwe.") && sent.contains("notes.md"),
        "{sent}"
    );

    // Without a word, the files are the message.
    let told = stage.worker.turn(&SessionId::random(), "", attach).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(stage.model.requests().last().unwrap().to_string().contains(&image));
    stage.end().await;
}

#[tokio::test]
async fn a_session_goes_on_with_its_context_and_after_a_restart() {
    let stage = stage(json!("allow")).await;
    let first = stage.say("my name is Ada").await;
    let second = stage.go_on("again", &first).await;
    assert_eq!(status(&second), TurnStatus::Completed, "{second:?}");
    stage.backend.shutdown().await;
    let backend = start(&stage.directory).await;
    let restarted = Worker::new(Arc::clone(&backend), &stage.root());
    let third = restarted.turn(&stage.session, "and again", after(&first)).await;
    assert_eq!(status(&third), TurnStatus::Completed, "{third:?}");
    assert!(!has_notice(&third));
    let asked = stage.model.requests();
    let messages = asked.last().unwrap()["messages"].to_string();
    assert!(messages.contains("my name is Ada") && messages.contains("and again"), "{messages}");
    backend.shutdown().await;
    stage.end().await;
}

#[tokio::test]
async fn a_session_that_opencode_has_lost_begins_anew_and_says_so() {
    let stage = stage(json!("allow")).await;
    let told = stage
        .worker
        .turn(&stage.session, "hello", |start| {
            tiny(start);
            start.first = false;
            start.backend_session_id = Some("ses_0000000000000000000000000".into());
        })
        .await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(has_notice(&told));
    stage.end().await;
}

#[tokio::test]
async fn a_tool_asks_for_permission_runs_and_shows_its_output_and_diff() {
    let stage = stage(json!({"bash": "ask"})).await;
    let file = stage.root().join("new.txt");
    stage.model.reply([
        Step::Text("I run it. ".into()),
        Step::Tool { name: "bash".into(), arguments: json!({"command": "echo made-it", "description": "say"}) },
    ]);
    stage.model.reply([Step::Tool {
        name: "write".into(),
        arguments: json!({"filePath": file.to_str().unwrap(), "content": "one\ntwo\n"}),
    }]);
    stage.model.reply([Step::Tool {
        name: "todowrite".into(),
        arguments: json!({"todos": [{"content": "look", "status": "pending", "priority": "high"}]}),
    }]);
    stage.model.reply([Step::Text("All done.".into())]);
    let reply = stage.begin("do it");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert_eq!(told.requests[0].kind(), RequestKind::Permission);
    assert!(told.requests[0].details.contains("echo made-it"), "{:?}", told.requests);
    let answer = Answer { option_id: Some("once".into()), ..Answer::default() };
    stage.answer(&reply, &told.requests[0].request_id, answer);
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(told.reply.content(), "I run it. All done.");
    let kinds = kinds(&told);
    for kind in ["tool", "permission", "diff", "plan", "usage"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let outputs = told.reply.parts().iter().filter_map(|part| match &part.kind {
        Some(Kind::Tool(tool)) => Some((tool.state(), tool.output.clone())),
        _ => None,
    });
    let outputs = outputs.collect::<Vec<_>>();
    assert!(outputs.iter().all(|(state, _)| *state == ToolState::ToolCompleted), "{outputs:?}");
    assert!(outputs[0].1.contains("made-it"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "one\ntwo\n");
    stage.end().await;
}

#[tokio::test]
async fn a_tool_that_fails_says_why_and_the_model_hears_it() {
    let stage = stage(json!("allow")).await;
    let missing = stage.root().join("nowhere.txt");
    stage.model.reply([Step::Tool { name: "read".into(), arguments: json!({"filePath": missing}) }]);
    let told = stage.say("read it").await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    let tool = told.reply.parts().iter().find_map(|part| match &part.kind {
        Some(Kind::Tool(tool)) => Some(tool),
        _ => None,
    });
    let tool = tool.unwrap();
    assert_eq!(tool.state(), ToolState::ToolError);
    assert!(tool.output.contains("nowhere.txt"), "{tool:?}");
    assert!(stage.model.requests()[1]["messages"].to_string().contains(tool.output.lines().next().unwrap()));
    stage.end().await;
}

#[tokio::test]
async fn what_is_allowed_always_is_not_asked_for_again_though_it_was_wanted_at_the_same_time() {
    let stage = stage(json!({"bash": "ask"})).await;
    stage.model.reply([bash("echo one"), bash("echo two")]);
    let reply = stage.begin("run both");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    stage.answer(&reply, &told.requests[0].request_id, option("always", None));
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert_eq!(told.requests.len(), 1, "{:?}", told.requests);
    let said = stage.model.requests()[1]["messages"].to_string();
    assert!(said.contains("one\\n") && said.contains("two\\n"), "both have run: {said}");
    stage.end().await;
}

#[tokio::test]
async fn two_permissions_are_asked_for_one_after_the_other() {
    let stage = stage(json!({"bash": "ask"})).await;
    stage.model.reply([bash("echo one"), bash("date")]);
    let reply = stage.begin("run both");
    for asked in 1..=2 {
        let told = stage.worker.shelf.wait(&reply, |told| told.requests.len() >= asked).await;
        assert_eq!(told.requests.len(), asked);
        stage.answer(&reply, &told.requests[asked - 1].request_id, option("once", None));
    }
    assert_eq!(status(&stage.worker.ended(&reply).await), TurnStatus::Completed);
    stage.end().await;
}

#[tokio::test]
async fn what_a_sub_agent_asks_is_asked_of_whoever_waits_for_it() {
    let stage = stage(json!({"bash": "ask"})).await;
    let task = json!({"description": "look", "prompt": "look around", "subagent_type": "general"});
    stage.model.reply([Step::Tool { name: "task".into(), arguments: task }]);
    stage.model.reply([bash("echo made-$((40 + 2))")]);
    let reply = stage.begin("have it looked at");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty() || told.end.is_some()).await;
    assert!(told.requests[0].details.contains("echo made-"), "{told:?}");
    stage.answer(&reply, &told.requests[0].request_id, option("once", None));
    let told = stage.worker.ended(&reply).await;
    assert_eq!((status(&told), told.requests.len()), (TurnStatus::Completed, 1), "{told:?}");
    let heard = stage.model.requests()[2]["messages"].to_string();
    assert!(heard.contains("made-42"), "the sub-agent's model has its answer: {heard}");
    stage.end().await;
}

#[tokio::test]
async fn a_rejection_with_a_word_goes_on_with_it_and_one_without_ends_the_turn() {
    let stage = stage(json!({"bash": "ask"})).await;
    for (word, goes_on) in [(Some("use cargo instead"), true), (None, false)] {
        let asked = stage.model.requests().len();
        stage.model.reply([bash("make")]);
        let reply = stage.begin("build it");
        let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
        stage.answer(&reply, &told.requests[0].request_id, option("reject", word));
        let told = stage.worker.ended(&reply).await;
        assert!(!has_open_tool(&told), "{told:?}");
        let heard = stage.model.requests().split_off(asked + 1);
        assert_eq!(!heard.is_empty(), goes_on, "{word:?}: {told:?}");
        assert!(heard.iter().all(|request| request.to_string().contains("use cargo instead")), "{heard:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn a_question_that_nobody_wants_to_answer_is_rejected_and_the_turn_ends() {
    let stage = stage(json!("allow")).await;
    let question = json!({"question": "Which?", "header": "Pick", "options": [{"label": "Left", "description": "l"}]});
    stage.model.reply([Step::Tool { name: "question".into(), arguments: json!({"questions": [question]}) }]);
    let reply = stage.begin("ask me");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    stage.answer(&reply, &told.requests[0].request_id, Answer::default());
    let told = stage.worker.ended(&reply).await;
    assert!(!has_open_tool(&told), "{told:?}");
    assert_eq!(status(&stage.go_on("next", &told).await), TurnStatus::Completed);
    stage.end().await;
}

#[tokio::test]
async fn a_question_is_answered() {
    let stage = stage(json!("allow")).await;
    let question = json!({"question": "Which?", "header": "Pick", "options": [
        {"label": "Left", "description": "l"}, {"label": "Right", "description": "r"}]});
    stage.model.reply([Step::Tool { name: "question".into(), arguments: json!({"questions": [question]}) }]);
    let reply = stage.begin("ask me");
    let told = stage.worker.shelf.wait(&reply, |told| !told.requests.is_empty()).await;
    assert_eq!(told.requests[0].kind(), RequestKind::Question);
    assert_eq!(told.requests[0].questions[0].options[1].label, "Right");
    let answer = Answer { answers: vec![Labels { labels: vec!["Right".into()] }], ..Answer::default() };
    stage.answer(&reply, &told.requests[0].request_id, answer);
    let told = stage.worker.ended(&reply).await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    assert!(stage.model.requests()[1]["messages"].to_string().contains("Right"));
    stage.end().await;
}

#[tokio::test]
async fn a_stopped_turn_keeps_its_text_and_the_next_one_goes_on() {
    let stage = stage(json!("allow")).await;
    stage.model.reply([Step::Text("So far ".into()), Step::Text("so good ".into()), Step::Hang]);
    let reply = stage.begin("go");
    stage.worker.shelf.wait(&reply, |told| told.reply.content() == "So far so good ").await;
    let begun = Instant::now();
    stage.worker.turns.get(reply.as_str()).unwrap().stop.cancel();
    let told = stage.worker.ended(&reply).await;
    // The runner does not wait longer for a backend, however busy the machine is.
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!(status(&told), TurnStatus::Cancelled);
    assert_eq!(told.reply.content(), "So far so good ");
    let next = stage.go_on("next", &told).await;
    assert_eq!((status(&next), next.reply.content().as_str()), (TurnStatus::Completed, "Done."), "{next:?}");
    stage.end().await;
}

/// It is made by another call to the model, which may take longer than the turn.
#[tokio::test]
async fn the_title_that_opencode_makes_is_told_and_is_no_part_of_a_reply() {
    let stage = stage(json!("allow")).await;
    let mut told = stage.say("hello").await;
    let telling = async {
        while told.end.as_ref().unwrap().title.is_none() {
            told = stage.go_on("again", &told).await;
        }
    };
    timeout(PATIENCE, telling).await.expect("no turn tells the title");
    assert_eq!(told.end.unwrap().title.as_deref(), Some("A scripted title"));
    assert_eq!(told.reply.content(), "Done.");
    stage.end().await;
}

#[tokio::test]
async fn a_wrong_model_and_a_failing_provider_fail_the_turn_with_a_line() {
    let stage = stage(json!("allow")).await;
    let told = stage.worker.turn(&stage.session, "hello", |start| start.model = "scripted/none".into()).await;
    assert_eq!(status(&told), TurnStatus::Failed);
    let error = told.end.as_ref().unwrap().error.clone().unwrap();
    assert!(error.contains("scripted/none") && !error.contains('\n'), "{error}");
    stage.model.reply([Step::Status(400)]);
    let told = stage.say("hello").await;
    assert_eq!(status(&told), TurnStatus::Failed, "{told:?}");
    assert_eq!(status(&stage.say("hello").await), TurnStatus::Completed);
    stage.end().await;
}

#[tokio::test]
async fn two_sessions_at_once_never_mix() {
    let stage = stage(json!("allow")).await;
    // Which session gets which script is up to the order of arrival; no reply may hold words of two.
    for name in ["alpha", "beta"] {
        stage.model.reply(words(&format!("{name} ").repeat(30), Duration::from_millis(10)));
    }
    let other = SessionId::random();
    let replies = [stage.begin("one"), stage.worker.begin(&other, "two", tiny)];
    let mut contents = Vec::new();
    for reply in &replies {
        contents.push(stage.worker.ended(reply).await.reply.content());
    }
    contents.sort();
    assert_eq!(contents, ["alpha ".repeat(30), "beta ".repeat(30)]);
    stage.end().await;
}

#[tokio::test]
async fn what_a_tool_started_ends_with_the_worker() {
    let stage = stage(json!("allow")).await;
    stage.model.reply([sleep_tool()]);
    stage.begin("go");
    until("the tool runs", || sleeps(&stage)).await;
    timeout(Duration::from_secs(9), stage.worker.runner.close("the worker was stopped")).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_command_at_the_beginning_of_a_message_is_run_and_any_other_slash_is_said() {
    let stage = stage(json!("allow")).await;
    let commands = stage.root().join(".opencode/command");
    std::fs::create_dir_all(&commands).unwrap();
    std::fs::write(commands.join("greet.md"), "---\ndescription: Greets\n---\nSay hello to $ARGUMENTS, please.")
        .unwrap();
    for (typed, said) in
        [("/greet  Ada Lovelace", "Say hello to Ada Lovelace, please."), ("/usr/bin is what?", "/usr/bin is what?")]
    {
        let told = stage.say(typed).await;
        assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
        assert_eq!(heard(&stage).last().unwrap().1, said);
    }
    stage.end().await;
}

#[tokio::test]
async fn its_agents_are_modes_and_its_commands_are_told() {
    let stage = stage(json!("allow")).await;
    // A project below has its own.
    let project = stage.root().join("project");
    for (file, text) in [
        ("agent/scribe.md", "---\ndescription: Writes.\nmode: primary\n---\nYou write.\n"),
        ("command/ship.md", "---\ndescription: Ships it.\n---\nShip it.\n"),
    ] {
        let file = project.join(".opencode").join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    git(&project, &["init", "-q"]);
    for (directory, its_modes, ships) in
        [(stage.root(), &["build", "plan"][..], false), (project, &["build", "plan", "scribe"], true)]
    {
        let modes = stage.backend.modes(&directory).await.unwrap();
        assert_eq!(modes.iter().map(|mode| mode.mode_id.as_str()).collect::<Vec<_>>(), its_modes);
        let commands = stage.backend.commands(&directory).await.unwrap();
        assert!(commands.iter().any(|command| command.name == "init" && !command.description.is_empty()));
        assert_eq!(commands.iter().any(|command| command.name == "ship"), ships, "{commands:?}");
    }
    let told = stage
        .worker
        .turn(&stage.session, "think", |start| {
            tiny(start);
            start.mode = Some("plan".into());
        })
        .await;
    assert_eq!(status(&told), TurnStatus::Completed, "{told:?}");
    let asked = stage.model.requests();
    assert!(asked.last().unwrap()["messages"].to_string().contains("Plan Mode"), "opencode tells its agent to plan");
    stage.end().await;
}

//! An agent that speaks the Agent Client Protocol as a test tells it to, well and badly. Written against the protocol
//! itself, without the library that the worker uses.
//!
//! It is the test's own program, called as its one test that is no test: what the harness prints beside it is the first
//! garbage that the worker has to bear.

use std::{
    fs,
    io::Write as _,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Names what the agent can do: `load`, `resume` or nothing, `models` or `legacy` or nothing, and so on.
pub(crate) const VARIABLE: &str = "SCRIPTED_AGENT";

struct Agent {
    can: String,
    lines: Receiver<Value>,
    /// Requests of ours so far.
    asked: u64,
    model: String,
    mode: String,
    thought: String,
    signed_in: bool,
    /// It has a model and a mode more.
    grown: bool,
}

/// Talks until standard input closes.
pub(crate) fn talk(can: String) {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let _ = sender.send(serde_json::from_str(&line.unwrap()).unwrap());
        }
    });
    let mode = if can.contains("bypass") { "yolo" } else { "ask" };
    let mut agent = Agent {
        can,
        lines,
        asked: 0,
        model: "one".to_owned(),
        mode: mode.to_owned(),
        thought: "medium".to_owned(),
        signed_in: false,
        grown: false,
    };
    while let Ok(message) = agent.lines.recv() {
        agent.take(&message);
    }
}

fn say(message: &Value) {
    raw(format!("{message}\n").as_bytes());
}

fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).unwrap();
    out.flush().unwrap();
}

fn update(session: &str, update: &Value) {
    let params = json!({"sessionId": session, "update": update});
    say(&json!({"jsonrpc": "2.0", "method": "session/update", "params": params}));
}

fn words(session: &str, text: &str) {
    update(session, &json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}));
}

impl Agent {
    fn take(&mut self, message: &Value) {
        let id = &message["id"];
        let params = &message["params"];
        let session = params["sessionId"].as_str().unwrap_or_default();
        let answer = |result: Value| say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        let refuse = |code: i64, text: &str| {
            say(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}));
        };
        match message["method"].as_str() {
            Some("initialize") if self.can.contains("dead") => {
                eprintln!("No database here.");
                std::process::exit(3);
            }
            Some("initialize") if self.can.contains("mute") || fs::exists("slow").unwrap() => {}
            Some("initialize") => {
                assert_eq!(params["clientCapabilities"]["terminal"], json!(false));
                assert_eq!(params["clientCapabilities"]["fs"]["readTextFile"], json!(false));
                let resume = if self.can.contains("resume") { json!({"resume": {}, "close": {}}) } else { json!({}) };
                answer(
                    json!({"protocolVersion": 1, "agentInfo": {"name": "scripted", "title": "Scripted", "version": "7"},
                    "authMethods": [{"id": "a", "name": "Sign in", "description": "run scripted login"},
                        {"id": "b", "name": "Key", "_meta": {"api-key": {"provider": "scripted"}}}],
                    "agentCapabilities": {"loadSession": self.can.contains("load"), "sessionCapabilities": resume,
                        "promptCapabilities": {"image": !self.can.contains("blind")}}}),
                );
            }
            Some("authenticate") => {
                assert_eq!(params["methodId"], json!("b"), "the other one needs a person");
                self.signed_in = std::env::var("SCRIPTED_API_KEY").is_ok_and(|key| key == "fits");
                if self.signed_in { answer(json!({})) } else { refuse(-32603, "Wrong key") }
            }
            Some("session/new") if self.can.contains("locked") && !self.signed_in => {
                refuse(-32000, "Authentication required")
            }
            Some("session/new") => {
                let id = format!("s{}", std::process::id() as usize * 1000 + fs::read_dir(".").unwrap().count());
                fs::write(format!("session-{id}"), "").unwrap();
                answer(self.setup(&id));
                let commands = json!([{"name": "review", "description": "Looks at it.", "input": {"hint": "what"}}]);
                update(&id, &json!({"sessionUpdate": "available_commands_update", "availableCommands": commands}));
            }
            Some("session/load" | "session/resume") => match fs::read_to_string(format!("session-{session}")) {
                Ok(before) => {
                    if message["method"] == json!("session/load") {
                        words(session, &format!("replayed {before}"));
                    }
                    answer(if self.can.contains("bare") { Value::Null } else { self.setup(session) });
                }
                Err(_) => refuse(-32002, "Resource not found"),
            },
            Some("session/set_config_option") => {
                let chosen = params["value"].as_str().unwrap().to_owned();
                match params["configId"].as_str() {
                    Some("model") => self.model = chosen,
                    Some("thought") => self.thought = chosen,
                    _ => self.mode = chosen,
                }
                answer(json!({"configOptions": self.config()}));
            }
            Some("session/prompt") => {
                let text = params["prompt"][0]["text"].as_str().unwrap().to_owned();
                let file = format!("session-{session}");
                let before = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{before}{text};")).unwrap();
                if let Some(stop) = self.turn(session, &text, &before, params) {
                    answer(
                        json!({"stopReason": stop, "usage": {"totalTokens": 3, "inputTokens": 1, "outputTokens": 2}}),
                    );
                    if text == "tell afterwards" {
                        while !fs::exists("tell").unwrap() {
                            thread::sleep(Duration::from_millis(20));
                        }
                        update(session, &json!({"sessionUpdate": "session_info_update", "title": "A late name"}));
                        let cost = json!({"amount": 0.5, "currency": "USD"});
                        update(session, &json!({"sessionUpdate": "usage_update", "used": 1, "size": 9, "cost": cost}));
                        fs::write("told", "").unwrap();
                    }
                    if text == "change afterwards" {
                        while !fs::exists("change").unwrap() {
                            thread::sleep(Duration::from_millis(20));
                        }
                        self.grown = true;
                        "yolo".clone_into(&mut self.mode);
                        update(
                            session,
                            &json!({"sessionUpdate": "config_option_update", "configOptions": self.config()}),
                        );
                    }
                }
            }
            Some("session/close") => {
                fs::write(format!("closed-{session}"), "").unwrap();
                answer(json!({}));
            }
            _ => {}
        }
    }

    fn config(&self) -> Value {
        let mut modes = vec![json!({"value": "yolo", "name": "Yolo"})];
        if !self.can.contains("reckless") {
            modes.push(json!({"value": "ask", "name": "Ask"}));
        }
        let mut models = vec![json!({"value": "one", "name": "One"}), json!({"value": "deep/er/two", "name": "Two"})];
        if self.can.contains("default") {
            models.insert(0, json!({"value": "default", "name": "Recommended"}));
        }
        if self.grown {
            models.push(json!({"value": "three", "name": "Three"}));
            modes.push(json!({"value": "plan", "name": "Plan"}));
        }
        let mut config = vec![
            json!({"id": "model", "name": "Model", "category": "model", "type": "select", "currentValue": self.model,
                "options": models}),
            json!({"id": "mode", "name": "Mode", "category": "mode", "type": "select", "currentValue": self.mode,
                "options": modes}),
        ];
        if self.can.contains("thinks") && self.model == "one" {
            let levels = json!([{"value": "medium", "name": "Medium"}, {"value": "high", "name": "High"}]);
            config.push(json!({"id": "thought", "name": "Effort", "category": "thought_level", "type": "select",
                "currentValue": self.thought, "options": levels}));
        }
        config.into()
    }

    fn setup(&self, id: &str) -> Value {
        if self.can.contains("models") {
            return json!({"sessionId": id, "configOptions": self.config()});
        }
        json!({"sessionId": id})
    }

    /// Waits for whatever the client says next.
    fn next(&self, patience: Duration) -> Option<Value> {
        match self.lines.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => std::process::exit(0),
        }
    }

    /// How the turn ends; not at all when nobody answers.
    fn turn(&mut self, session: &str, text: &str, before: &str, params: &Value) -> Option<&'static str> {
        let tool = |fields: Value| {
            let mut call = json!({"sessionUpdate": "tool_call_update", "toolCallId": "t"});
            call.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            update(session, &call);
        };
        match text {
            "everything" => {
                let thought = json!({"type": "text", "text": "Let me see."});
                update(session, &json!({"sessionUpdate": "agent_thought_chunk", "content": thought}));
                words(session, "First ");
                let entry = json!({"content": "look", "priority": "high", "status": "in_progress"});
                update(session, &json!({"sessionUpdate": "plan", "entries": [entry]}));
                update(
                    session,
                    &json!({"sessionUpdate": "tool_call", "toolCallId": "t", "title": "Edit a.txt",
                    "kind": "edit", "status": "pending", "rawInput": {"path": "a.txt"}}),
                );
                tool(json!({"status": "in_progress"}));
                let path = std::env::current_dir().unwrap().join("a.txt");
                tool(json!({"status": "completed", "content": [
                    {"type": "content", "content": {"type": "text", "text": "changed"}},
                    {"type": "diff", "path": path, "oldText": "a\n", "newText": "b\n"}]}));
                update(session, &json!({"sessionUpdate": "something_of_tomorrow", "x": 1}));
                update(session, &json!({"sessionUpdate": "session_info_update", "title": "A name"}));
                words(session, "then.");
            }
            "ask" | "ask without a choice" | "ask and take back" => {
                self.asked += 1;
                let id = format!("ask-{}", self.asked);
                let options = match text {
                    "ask" | "ask and take back" => json!([{"optionId": "yes", "name": "Allow", "kind": "allow_once"},
                        {"optionId": "no", "name": "Reject", "kind": "reject_once"}]),
                    _ => json!([]),
                };
                let call =
                    json!({"toolCallId": "t", "title": "Run ls", "kind": "execute", "rawInput": {"command": "ls"}});
                say(&json!({"jsonrpc": "2.0", "id": id, "method": "session/request_permission",
                    "params": {"sessionId": session, "toolCall": call, "options": options}}));
                if text == "ask and take back" {
                    while !fs::exists("take back").unwrap() {
                        thread::sleep(Duration::from_millis(20));
                    }
                    say(&json!({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": id}}));
                }
                let mut cancelled = false;
                loop {
                    let message = self.next(Duration::MAX)?;
                    cancelled |= message["method"] == json!("session/cancel");
                    if message["id"] == json!(id) {
                        let outcome = &message["result"]["outcome"];
                        fs::write("outcome", outcome.to_string()).unwrap();
                        words(session, &format!("You said {}.", outcome["optionId"].as_str().unwrap_or("nothing")));
                        return Some(if cancelled { "cancelled" } else { "end_turn" });
                    }
                }
            }
            "strange" => {
                say(&json!({"jsonrpc": "2.0", "id": "f", "method": "fs/read_text_file",
                    "params": {"sessionId": session, "path": "/etc/passwd"}}));
                say(&json!({"jsonrpc": "2.0", "id": "g", "method": "of/tomorrow", "params": [1]}));
                say(&json!({"jsonrpc": "2.0", "method": "also/of/tomorrow"}));
                say(&json!({"jsonrpc": "2.0", "id": 99_999, "result": {}}));
                let mut refused = 0;
                while refused < 2 {
                    refused += u64::from(self.next(Duration::MAX)?["error"]["code"] == json!(-32601));
                }
                words(session, "Both were refused.");
            }
            "garbage" => {
                raw(b"\xff\xfe not json\n{\"half\": \n[1,2]\n\"text\"\nnull\n");
                for _ in 0..40 {
                    raw(&[b'x'; 1024 * 1024]);
                }
                raw(b"\n");
                words(session, "Still here.");
            }
            "flood" => {
                for number in 0..100_000 {
                    words(session, &format!("{number} "));
                }
            }
            "hang" => {
                words(session, "So far ");
                while self.next(Duration::MAX)?["method"] != json!("session/cancel") {}
                words(session, "and no further.");
                return Some("cancelled");
            }
            "think" => {
                fs::write("thinks", "").unwrap();
                while self.next(Duration::MAX)?["method"] != json!("session/cancel") {}
                return Some("cancelled");
            }
            "deaf" => {
                words(session, "I do not listen.");
                loop {
                    self.next(Duration::MAX)?;
                }
            }
            "exit" => {
                words(session, "Half a ");
                update(
                    session,
                    &json!({"sessionUpdate": "tool_call", "toolCallId": "x", "title": "Open", "status": "in_progress"}),
                );
                std::process::exit(1);
            }
            "cut" => {
                words(session, "Half a ");
                raw(br#"{"jsonrpc": "2.0", "method": "sess"#);
                std::process::exit(0);
            }
            "close" => {
                words(session, "Half a ");
                nix::unistd::close(1).unwrap();
                loop {
                    self.next(Duration::MAX)?;
                }
            }
            "refuse" => return Some("refusal"),
            "before" => words(session, before),
            "model" => words(session, &format!("{} {}", self.model, self.mode)),
            "thought" => words(session, &format!("{} {}", self.model, self.thought)),
            "form" | "form of tomorrow" => {
                let id = format!("form-{session}");
                let kind = if text == "form" { "integer" } else { "of tomorrow" };
                let schema = json!({"type": "object", "required": ["many"], "properties": {
                    "many": {"type": kind, "title": "How many", "maximum": 9},
                    "where": {"type": "string", "oneOf": [{"const": "eu", "title": "Europe"}]}}});
                say(&json!({"jsonrpc": "2.0", "id": id, "method": "elicitation/create",
                    "params": {"sessionId": session, "mode": "form", "message": "Before I begin:",
                        "requestedSchema": schema}}));
                loop {
                    let message = self.next(Duration::MAX)?;
                    if message["id"] == json!(id) {
                        words(session, &message["result"].to_string());
                        break;
                    }
                }
            }
            "image" => words(session, &params["prompt"].to_string()),
            _ => words(session, "Done."),
        }
        Some("end_turn")
    }
}

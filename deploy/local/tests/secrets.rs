//! What nobody but its owner may read is in no log, however much is logged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::path::{Path, PathBuf};

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{
    openai::{OpenAi, Step},
    stack::{Engine, PASSWORD, Setup},
};
use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};

const MESSAGE: &str = "canary-of-a-message";
const MODEL_KEY: &str = "sk-canary-of-a-model-key";
/// In the configuration that the agents are given.
const PROVIDER_KEY: &str = "sk-scripted-secret";
/// These log as they like.
const NOT_OURS: &[&str] = &["nats-server.log", "opencode.log", "acp.log"];

fn logs(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { logs(&path) } else { vec![path] });
    below.filter(|path| path.extension().is_some_and(|kind| kind == "log")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_message_is_in_a_log_at_the_finest_level() {
    let setup = Setup::on(Engine::Sqlite).encrypted().setting("MUSTER_LOG", "trace");
    let stack = setup.start().await;
    let admin = stack.admin().await;
    let mut secrets = vec![("password", PASSWORD.to_owned()), ("message", MESSAGE.to_owned())];
    secrets.extend([("model key", MODEL_KEY.to_owned()), ("provider's key", PROVIDER_KEY.to_owned())]);

    let credentials = json!({ "username": "admin", "password": PASSWORD });
    let login = stack.stranger().request(reqwest::Method::POST, "/auth/login").json(&credentials).send().await.unwrap();
    let cookie = login.headers().get(SET_COOKIE).unwrap().to_str().unwrap().to_owned();
    let value = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let me = stack.stranger().request(reqwest::Method::GET, "/auth/me").header("cookie", &cookie).send().await;
    assert!(me.unwrap().status().is_success());
    secrets.push(("cookie", value));

    let token = json!({ "name": "program", "scopes": ["read"] });
    let token = admin.client().post::<Value>("/tokens", &token).await.unwrap();
    let secret = token["secret"].as_str().unwrap().to_owned();
    let asked = stack.stranger().request(reqwest::Method::GET, "/machines").bearer_auth(&secret).send().await;
    assert!(asked.unwrap().status().is_success());
    secrets.push(("API token", secret));

    let invitation = admin.client().post::<Value>("/invitations", &json!({})).await.unwrap();
    let invitation = invitation["secret"].as_str().unwrap().to_owned();
    let page = format!("{}/register?invitation={invitation}", stack.url());
    let invited = json!({ "username": "ada", "password": PASSWORD, "invitation": invitation });
    let ada = stack.stranger();
    ada.request(reqwest::Method::GET, "/auth/methods").header("referer", page).send().await.unwrap();
    ada.send(reqwest::Method::POST, "/auth/register", Some(&invited)).await.unwrap();
    secrets.push(("invitation", invitation));

    let machine = admin.machine("desk").await;
    for (backend, chosen) in
        [("demo", "demo/fast"), ("openai", "tiny"), ("opencode", "scripted/tiny"), ("acp", "scripted/tiny")]
    {
        let model = OpenAi::start().await.unwrap();
        if backend == "openai" {
            model.answer_all();
        }
        let waiting = machine.worker().await.driving(backend).arguments(match backend {
            "openai" => vec!["--openai-url".to_owned(), model.base_url()],
            "acp" => vec!["--agent".to_owned(), "opencode".to_owned()],
            _ => Vec::new(),
        });
        let waiting = waiting.setting("MUSTER_LOG", "trace").setting("OPENAI_API_KEY", MODEL_KEY);
        let waiting = waiting.setting("MUSTER_OPENAI_API_KEY", MODEL_KEY);
        let waiting = waiting.file("opencode.json", model.opencode_config(&json!("allow")));
        secrets.push(("worker's token", waiting.token().to_owned()));
        let worker = waiting.started(&stack).await.approved().await;
        let session = worker.session(chosen).await;
        let viewer = session.view().await;
        model.reply([Step::Text(MESSAGE.to_owned())]);
        let sent = session.send(&format!("echo {MESSAGE}")).await;
        assert_eq!(viewer.whole_reply_to(&sent).await, MESSAGE, "{backend}");
        assert_eq!(session.reply_to(&sent).await.content, MESSAGE, "{backend}");
        let key = std::fs::read_to_string(stack.home().join(worker.id()).join("state/worker.nk")).unwrap();
        secrets.push(("worker's key", key.trim().to_owned()));
        let key = if backend == "openai" { MODEL_KEY } else { PROVIDER_KEY };
        assert!(backend == "demo" || model.keys().contains(&Some(format!("Bearer {key}"))), "{backend} uses it");
    }
    let broker = stack.broker().credentials();
    for &user in ServiceUser::ALL {
        secrets.extend(broker.environment(user).unwrap());
    }

    let logs = logs(stack.home());
    assert!(logs.len() >= 5, "{logs:?}");
    let mut told = Vec::new();
    for path in &logs {
        let text = std::fs::read_to_string(path).unwrap();
        let ours = !NOT_OURS.iter().any(|other| path.ends_with(other));
        assert!(!ours || text.contains("TRACE"), "{} is not at its finest", path.display());
        for (what, secret) in &secrets {
            if let Some(line) = text.lines().find(|line| line.contains(secret.as_str())) {
                told.push(format!("{what} in {}: {line}", path.file_name().unwrap().display()));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

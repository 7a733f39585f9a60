//! `cargo muster up`, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use muster_contracts::id;
use muster_testkit::{
    certificates::Authority,
    client::{Client, ClientError, Message},
    ports,
    process::{Child, Command},
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const PASSWORD: &str = "a password for tests alone";
/// Everything is built already; a busy machine still takes its time to start six processes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Within which all of it must have ended.
const END: Duration = Duration::from_secs(10);

/// A launcher that runs, and what it has printed.
struct Up {
    child: Child,
    log: PathBuf,
}

impl Up {
    async fn start(data: &Path, log: &Path) -> Self {
        let command = Command::new("cargo muster up", env!("CARGO_BIN_EXE_muster"), log)
            .without_our_settings()
            .args(["up", "--backend", "demo", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("MUSTER_ADMIN_PASSWORD", PASSWORD);
        let up = Self { child: Child::spawn(command).unwrap(), log: log.to_owned() };
        up.until(|text| text.contains("\nready http://127.0.0.1:")).await;
        up
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    async fn until(&self, condition: impl Fn(&str) -> bool) {
        self.child.until(PATIENCE, || condition(&self.printed()).then_some(())).await.unwrap();
    }

    fn value(&self, word: &str) -> String {
        self.printed().lines().find_map(|line| line.strip_prefix(word)).unwrap().trim().to_owned()
    }

    async fn signed_in(&self) -> Client {
        let client = Client::new(self.value("ready "));
        client.sign_in("admin", PASSWORD).await.unwrap();
        client
    }

    /// Process ids of what it has started, by the name of the program.
    fn started(&self, program: &str) -> Vec<i32> {
        let parent = self.child.pid().to_string();
        let is_ours = |pid: &i32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
            // The kernel keeps fifteen characters of a name.
            field("PPid:") == parent && program.starts_with(field("Name:"))
        };
        processes().filter(is_ours).collect()
    }

    async fn end(self, signal: Signal) {
        let begun = Instant::now();
        self.child.signal(signal);
        let status = tokio::time::timeout(END, self.child.wait()).await.expect("it ends in time");
        assert!(
            status.is_some_and(|status| status.success()),
            "{status:?} after {:?}: {}",
            begun.elapsed(),
            self.printed()
        );
    }
}

fn processes() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Processes that were told of this directory.
fn left_behind(data: &Path) -> Vec<String> {
    let data = data.to_str().unwrap();
    let knows = |pid: &i32| {
        ["environ", "cmdline"].iter().any(|file| {
            let told = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&told).contains(data)
        })
    };
    processes()
        .filter(|&pid| pid != i32::try_from(std::process::id()).unwrap())
        .filter(knows)
        .map(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default())
        .collect()
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    let list = client.get::<Value>(path).await.unwrap();
    list["items"].as_array().unwrap().clone()
}

/// Says something, and waits for the whole of the reply.
async fn answer(client: &Client, session: &str, content: &str) -> String {
    let id = id::random();
    let path = format!("/sessions/{session}/messages");
    client.post::<Message>(&path, &json!({ "messageId": id, "content": content })).await.unwrap();
    let begun = Instant::now();
    loop {
        let messages = items(client, &path).await;
        let reply = messages.iter().find(|message| message["replyTo"] == *id && message["completed"] == true);
        if let Some(reply) = reply {
            assert_eq!(reply["status"], "completed", "{reply}");
            return reply["content"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "no reply: {messages:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_mends_what_dies_ends_in_time_and_goes_on_where_it_ended() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let up = Up::start(&data, &home.path().join("first.log")).await;
    assert!(up.value("nats ").starts_with("nats://127.0.0.1:"), "{}", up.printed());
    assert!(!up.printed().contains(PASSWORD), "a password that was given is not repeated");

    let client = up.signed_in().await;
    let machines = items(&client, "/machines").await;
    assert_eq!(machines.len(), 1);
    let workers = items(&client, &format!("/machines/{}/workers", machines[0]["machineId"].as_str().unwrap())).await;
    assert_eq!((workers.len(), workers[0]["status"].as_str()), (1, Some("online")));
    assert_eq!(workers[0]["name"], "local", "it is called like the directory that it works in");
    let path = format!("/workers/{}/sessions", workers[0]["workerId"].as_str().unwrap());
    let session = client.post::<Value>(&path, &json!({ "model": "demo/fast" })).await.unwrap();
    let session = session["chatSessionId"].as_str().unwrap().to_owned();
    assert_eq!(answer(&client, &session, "echo one").await, "one");

    let second = run(&data, &[]);
    refused(&second, &up.child.pid().to_string());

    let killed = up.started("muster-chat");
    assert_eq!(killed.len(), 1, "{killed:?}");
    kill(Pid::from_raw(killed[0]), Signal::SIGKILL).unwrap();
    up.until(|text| text.contains("chat ended") && text.contains("chat runs again")).await;
    assert_eq!(answer(&client, &session, "echo two").await, "two");

    up.end(Signal::SIGTERM).await;
    assert_eq!(left_behind(&data), Vec::<String>::new());

    // New keys for our own processes; what workers have is none of these.
    std::fs::remove_dir_all(data.join("keys")).unwrap();
    let up = Up::start(&data, &home.path().join("second.log")).await;
    let client = up.signed_in().await;
    assert_eq!(items(&client, "/machines").await.len(), 1);
    assert_eq!(answer(&client, &session, "first").await, "echo one", "the worker is approved as before");
    assert_eq!(items(&client, &format!("/sessions/{session}/messages")).await.len(), 6);
    up.end(Signal::SIGINT).await;
    assert_eq!(left_behind(&data), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_for_a_service_counts_and_anew_when_it_changes() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let settings = data.join("api.toml");
    std::fs::write(&settings, "requests_per_minute = 200\n").unwrap();
    let up = Up::start(&data, &home.path().join("up.log")).await;
    let client = up.signed_in().await;
    let answered = async || {
        for _ in 0..300 {
            match client.get::<Value>("/machines").await {
                Ok(_) => {}
                Err(ClientError::Refused { status: 429, .. }) => return false,
                Err(error) => panic!("{error}"),
            }
        }
        true
    };
    assert!(!answered().await);
    std::fs::write(&settings, "requests_per_minute = 1000000\n").unwrap();
    let begun = Instant::now();
    while !answered().await {
        assert!(begun.elapsed() < PATIENCE, "{}", up.printed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    up.end(Signal::SIGTERM).await;
}

/// What the page shows whoever adds a worker.
fn one_line(server: &Value, token: &str) -> String {
    let script = server["installScript"].as_str().unwrap();
    format!("curl -fsSL {script} | sh -s -- --token '{token}' --backend demo")
}

/// Somebody pastes a line into a shell, and waits to be let in.
async fn installs(person: &Path, line: &str, settings: &[(&str, &str)]) -> Child {
    std::fs::create_dir(person).unwrap();
    let shell = Command::new("worker", "sh", person.with_extension("log"))
        .without_our_settings()
        .args(["-c", line])
        .directory(person)
        .env("HOME", person)
        .envs(settings.iter().copied())
        .unset("XDG_STATE_HOME");
    let worker = Child::spawn(shell).unwrap();
    worker
        .until(PATIENCE, || worker.log_tail(20).contains("Waiting for approval").then_some(()))
        .await
        .unwrap_or_else(|error| panic!("{error}: {}", worker.log_tail(20)));
    assert!(person.join(".local/bin/muster-worker-agent").is_file());
    worker
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_it_is_reached_by_https_and_wss_alone() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::new(&home.path().join("certificates"));
    let tls = authority.certificate("page");
    let page = ports::lasting().unwrap();
    let address = format!("https://localhost:{}", page.port());
    let log = home.path().join("log");
    let command = Command::new("cargo muster up", env!("CARGO_BIN_EXE_muster"), &log)
        .without_our_settings()
        .args(["up", "--backend", "demo", "--listen", &page.to_string(), "--nats-listen", "127.0.0.1:0"])
        .args(["--public-url", &address, "--nats-websocket", "127.0.0.1:0", "--inspect"])
        .args(["--tls-cert", &tls.certificate, "--tls-key", &tls.key, "--data-dir"])
        .arg(home.path().join("data"))
        .env("SSL_CERT_FILE", authority.file())
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD);
    let up = Up { child: Child::spawn(command).unwrap(), log };
    up.until(|text| text.contains(&format!("\nready {address}"))).await;
    assert!(up.printed().contains("inspect.seed micro ls"), "{}", up.printed());

    // Whoever looks finds it by its directory.
    let data = home.path().join("data");
    let mut inspect = std::process::Command::new(env!("CARGO_BIN_EXE_muster"));
    inspect.args(["inspect", "EVENTS", "--from", "1", "--limit", "1", "--data-dir"]).arg(&data);
    let seen = inspect.output().unwrap();
    assert!(String::from_utf8_lossy(&seen.stdout).contains("muster.v1.Event"), "{seen:?}");

    let client = Client::trusting(up.value("ready "), &authority.file()).unwrap();
    client.sign_in("admin", PASSWORD).await.unwrap();
    let server = client.get::<Value>("/server").await.unwrap();
    let nats = server["nats"][0].as_str().unwrap();
    assert!(nats.starts_with("wss://localhost:"), "{server}");

    // As somebody elsewhere would: with the page's address and a token.
    let machine = client.create_machine("elsewhere").await.unwrap();
    let made = client.create_worker(&machine.machine_id, None).await.unwrap();
    let ca = authority.file().display().to_string();
    let line = format!("{} --ca '{ca}'", one_line(&server, &made.token));
    let worker = installs(&home.path().join("person"), &line, &[("CURL_CA_BUNDLE", &ca)]).await;
    drop(worker);
    up.end(Signal::SIGTERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_line_of_the_page_installs_a_worker_and_starts_it() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home.path().join("data"), &home.path().join("log")).await;
    let client = up.signed_in().await;
    let machine = client.create_machine("elsewhere").await.unwrap();
    let made = client.create_worker(&machine.machine_id, None).await.unwrap();
    let server = client.get::<Value>("/server").await.unwrap();
    let worker = installs(&home.path().join("person"), &one_line(&server, &made.token), &[]).await;
    drop(worker);
    up.end(Signal::SIGTERM).await;
}

#[test]
fn a_certificate_needs_its_key_and_a_name() {
    let home = tempfile::tempdir().unwrap();
    let tls = Authority::new(home.path()).certificate("page");
    let output = run(&home.path().join("data"), &["--tls-cert", &tls.certificate, "--tls-key", &tls.key]);
    refused(&output, "--public-url https://");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind_when_it_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let up = Up::start(&data, &home.path().join("log")).await;
    kill(Pid::from_raw(i32::try_from(up.child.pid()).unwrap()), Signal::SIGKILL).unwrap();
    let begun = Instant::now();
    while !left_behind(&data).is_empty() {
        assert!(begun.elapsed() < END, "{:?}", left_behind(&data));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn command(data: &Path, more: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(["up", "--data-dir"]).arg(data).args(more);
    command
}

fn run(data: &Path, more: &[&str]) -> Output {
    command(data, more).output().unwrap()
}

#[track_caller]
fn refused(output: &Output, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("error: ") && said.contains(word), "{said}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn a_wrong_option_is_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    let output = run(&home.path().join("data"), &["--listn", "127.0.0.1:0"]);
    refused(&output, "--listn");
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("thesis.txt"), "precious").unwrap();
    refused(&run(home.path(), &[]), "--data-dir");
}

#[test]
fn a_taken_port_that_was_asked_for_is_refused() {
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    refused(&run(&home.path().join("one"), &["--listen", &taken]), "--listen");
    refused(&run(&home.path().join("two"), &["--listen", "127.0.0.1:0", "--nats-listen", &taken]), "--nats-listen");
}

#[test]
fn what_the_page_is_built_with_is_named_when_it_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let empty = home.path().join("programs");
    std::fs::create_dir(&empty).unwrap();
    let free = ["--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"];
    let output = command(&home.path().join("data"), &free).env("PATH", &empty).output().unwrap();
    refused(&output, "npm is not on the PATH");
}

#[test]
fn a_nats_server_that_is_too_old_is_named() {
    let home = tempfile::tempdir().unwrap();
    let old = home.path().join("nats-server");
    muster_testkit::script::executable(&old, "echo 'nats-server: v2.9.10'");
    let free = ["--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"];
    let output = command(&home.path().join("data"), &free).env("MUSTER_NATS_SERVER", &old).output().unwrap();
    refused(&output, "2.9.10");
}

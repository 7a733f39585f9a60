//! What a program says when it is told something wrong: one line with the key, an exit code of sysexits.h, no secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::{path::Path, process::Output, time::Duration};

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{binaries, credentials::Credentials};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

/// How a line says what would be right; of a file that cannot be read, or is not TOML, why.
const SAYS_WHAT_IS_RIGHT: [&str; 12] = [
    "; allowed: ",
    " must be ",
    " is 8 to 256 characters",
    " must list ",
    " must begin with ",
    " is needed: set it ",
    " needs both",
    " is not the seed of ",
    " is no setting; is `MUSTER_",
    "; known are: ",
    "cannot read ",
    " is not TOML: line ",
];
/// Part of what is secret in the cases below.
const SECRET: &str = "hunter2";
const SERVICES: [ServiceUser; 3] = [ServiceUser::Registry, ServiceUser::Chat, ServiceUser::Api];

/// A program that has nothing to say against what it is told would run on.
const PATIENCE: Duration = Duration::from_secs(60);

/// In place of a value: what is needed is left out.
const NONE: &str = "(not set)";

/// What is set, without `MUSTER_`, and a word of what is said.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str);

/// The arguments of `run`, what is set, the exit code, and a word of what is said.
type WorkerCase<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32, &'a str);

struct Told {
    code: Option<i32>,
    said: String,
}

async fn ended(mut command: Command) -> Output {
    let told = command.as_std().get_envs().filter(|(name, _)| !name.to_string_lossy().ends_with("SEED"));
    let told = format!("{:?} is not refused", told.collect::<Vec<_>>());
    timeout(PATIENCE, command.kill_on_drop(true).output()).await.expect(&told).unwrap()
}

/// Starts a service that has everything it needs but a broker, and these settings.
async fn start(user: ServiceUser, settings: &[(&str, &str)]) -> Told {
    let credentials = Credentials::generate();
    let mut command = Command::new(binaries::find(&format!("muster-{}", user.name())).unwrap());
    command.env_clear().envs(credentials.environment(user).unwrap());
    // Nothing is said but what is wrong.
    command.envs([("MUSTER_DATABASE_URL", "sqlite::memory:"), ("MUSTER_LOG", "off")]);
    for (key, value) in settings {
        let key = format!("MUSTER_{key}");
        if *value == NONE {
            command.env_remove(key)
        } else {
            command.env(key, value)
        };
    }
    let output = ended(command).await;
    Told { code: output.status.code(), said: String::from_utf8_lossy(&output.stderr).into_owned() }
}

async fn refuses(users: &[ServiceUser], cases: &[Case<'_>]) {
    for user in users {
        for (settings, word) in cases {
            let Told { code, said } = start(*user, settings).await;
            let service = format!("muster-{}: ", user.name());
            assert_eq!(code, Some(78), "{service}{settings:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{service}{settings:?}: {said}");
            assert!(said.starts_with(&service) && said.contains(word), "{service}{settings:?}: {said}");
            assert!(!said.contains(SECRET), "{said}");
            assert!(SAYS_WHAT_IS_RIGHT.iter().any(|words| said.contains(words)), "{said}");
        }
    }
}

#[tokio::test]
async fn what_every_service_needs() {
    refuses(
        &SERVICES,
        &[
            (&[("DATABASE_URL", NONE)], "database_url"),
            (&[("DATABASE_URL", "mysql:hunter2")], "sqlite: or postgres:"),
            (&[("DATABASE_CONNECTIONS", "0")], "`database_connections` cannot be \"0\"; allowed: number, 1 to 1000"),
            (&[("DATABASE_CONNECTIONS", "many")], "database_connections"),
            (&[("DATABASE_CONNECTIONS", "")], "database_connections"),
            (&[("DATABASE_CONNECTIONS", "2.6")], "`database_connections` cannot be \"2.6\""),
            (&[("DATABASE_CONNECTIONS", "on")], "`database_connections` cannot be \"on\""),
            (&[("NATS_SEED", NONE)], "nats_seed"),
            (&[("NATS_SEED", NONE), ("NATS_SEED_FILE", "/nowhere/key")], "/nowhere/key"),
            (&[("NATS_SEED", "hunter2")], "nats_seed"),
            (&[("NATS_URL", "http//nats.example")], "nats_url"),
            (&[("NATS_CA_FILE", "/nowhere.pem")], "nats_ca_file"),
            (&[("OPERATOR_LISTEN", "8081")], "operator_listen"),
            (&[("LOG_FORMAT", "xml")], "`log_format` cannot be \"xml\"; allowed: `text`, `json`"),
            (&[("LOG", "muster=loud")], "`log` cannot be"),
            (&[("OTLP_ENDPOINT", "collector at home")], "otlp_endpoint"),
            (&[("STREAM_REPLICAS", "0")], "`stream_replicas` cannot be \"0\"; allowed: number, 1 to 5"),
            (&[("STREAM_REPLICAS", "-1")], "stream_replicas"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_key_that_is_none() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let unknown = file("unknown.toml", "nats_ur = 'nats://127.0.0.1:1'\n");
    let table = file("table.toml", "[nats]\nurl = 'nats://127.0.0.1:1'\n");
    let kind = file("kind.toml", "database_connections = [8]\n");
    let word = file("word.toml", "database_connections = true\n");
    let unquoted = file("unquoted.toml", "log = 'off'\ndatabase_url = postgres://muster:hunter2@db/muster\n");
    refuses(
        &SERVICES,
        &[
            (&[("CONFIG", &unknown)], "unknown key `nats_ur`"),
            (&[("CONFIG", &table)], "unknown key `nats`"),
            (&[("CONFIG", &kind)], "database_connections"),
            (&[("CONFIG", &word)], "`database_connections` cannot be \"true\""),
            (&[("CONFIG", &unquoted)], "line 2"),
            (&[("CONFIG", "/nowhere/muster.toml")], "/nowhere/muster.toml"),
            (&[("NATS_UR", "nats://127.0.0.1:1")], "`MUSTER_NATS_UR` in the environment is no setting"),
            (&[("DATABSE_URL", "hunter2")], "MUSTER_DATABASE_URL"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_the_api_is_told() {
    let oidc = ("OIDC_ISSUER", "https://id.example");
    let client = ("OIDC_CLIENT_ID", "muster");
    refuses(
        &[ServiceUser::Api],
        &[
            (&[("LISTEN", "8080")], "listen"),
            (&[("TLS_CERT_FILE", "/nowhere.pem")], "tls_key_file"),
            (&[("TLS_KEY_FILE", "/nowhere.pem")], "tls_cert_file"),
            (&[("TLS_CERT_FILE", "/nowhere.pem"), ("TLS_KEY_FILE", "/nowhere.key")], "/nowhere"),
            (&[("PUBLIC_URL", "muster.example")], "public_url"),
            (&[("PUBLIC_NATS", "nats://muster.example, muster.example:4222")], "public_nats"),
            (&[("DOWNLOADS_DIR", "/nowhere")], "downloads_dir"),
            (&[("REGISTRATION", "everybody")], "registration"),
            (&[("ADMIN_PASSWORD", "hunter2")], "admin_password"),
            (&[("OIDC_ISSUER", "http://id.example")], "oidc_issuer"),
            (&[oidc], "oidc_client_id"),
            (&[oidc, client, ("OIDC_PROVIDER", "Our SSO")], "oidc_provider"),
            (&[oidc, client, ("OIDC_CLIENT_SECRET_FILE", "/nowhere")], "oidc_client_secret_file"),
            (&[("PUSH_SERVICES", "http://push.example")], "push_services"),
            (&[("PUSH_CONTACT", "ada@example.org")], "push_contact"),
            (&[("BODY_LIMIT", "0")], "body_limit"),
            (&[("BODY_LIMIT", "1 MB")], "body_limit"),
            (&[("REQUESTS_PER_MINUTE", "0")], "requests_per_minute"),
            (&[("STREAMS_PER_USER", "-3")], "streams_per_user"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_the_registry_is_told() {
    refuses(
        &[ServiceUser::Registry],
        &[
            (&[("SYSTEM_SEED", NONE)], "system_seed"),
            (&[("SYSTEM_SEED", "hunter2")], "system_seed"),
            (&[("ISSUER_SEED", "hunter2")], "issuer_seed"),
            (&[("XKEY_SEED", "hunter2")], "xkey_seed"),
            (&[("XKEY_SEED", NONE), ("XKEY_SEED_FILE", "/nowhere/xkey")], "/nowhere/xkey"),
            (&[("MACHINES_PER_USER", "0")], "machines_per_user"),
            (&[("WORKERS_PER_USER", "a few")], "workers_per_user"),
            (&[("EVENTS_MAX_DAYS", "0")], "events_max_days"),
            (&[("EVENTS_MAX_BYTES", "-1")], "events_max_bytes"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_chat_is_told() {
    refuses(
        &[ServiceUser::Chat],
        &[
            (&[("CHUNKS_MAX_SECONDS", "0")], "chunks_max_seconds"),
            (&[("CHUNKS_MAX_BYTES", "-1")], "chunks_max_bytes"),
            (
                &[("CHUNKS_WORKER_PERCENT", "101")],
                "`chunks_worker_percent` cannot be \"101\"; allowed: number, 1 to 100",
            ),
            (&[("CHUNKS_WORKER_CHECK_SECONDS", "0")], "chunks_worker_check_seconds"),
            (&[("MESSAGES_MAX_DAYS", "0")], "messages_max_days"),
            (&[("MESSAGES_MAX_DAYS", "yes")], "`messages_max_days` cannot be \"yes\""),
            (&[("SESSIONS_PER_USER", "unlimited")], "sessions_per_user"),
            (&[("ATTACHMENTS_MAX_BYTES", "0")], "attachments_max_bytes"),
            (&[("IDLE_SECONDS", "soon")], "idle_seconds"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_the_worker_agent_is_told() {
    let token = format!("machine_{}:worker_{}", "m".repeat(21), "w".repeat(21));
    let home = tempfile::tempdir().unwrap();
    let workers = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let unknown = workers("unknown.toml", "[[worker]]\ntoken = 'hunter2'\ndir = '.'\nbackedn = 'demo'\n");
    let unquoted = workers("unquoted.toml", "[[worker]]\ntoken = machine_hunter2\ndir = '.'\n");
    let (url, demo) = ("http://127.0.0.1:1", "demo");
    let cases: [WorkerCase<'_>; 11] = [
        (&["--backend", "openai-compatible"], &[], 64, "--backend"),
        (&["--backend", demo], &[("SERVER", url)], 64, "MUSTER_WORKER_TOKEN"),
        (&["--backend", demo], &[("SERVER", url), ("WORKER_TOKEN", "machine_hunter2")], 64, "token"),
        (&["--backend", demo], &[("WORKER_TOKEN", &token)], 64, "MUSTER_SERVER"),
        (&["--backend", demo], &[("WORKER_TOKEN", &token), ("SERVER", "ftp://x")], 64, "ftp"),
        (&["--backend", demo, "--dir", "/nowhere"], &[("WORKER_TOKEN", &token), ("SERVER", url)], 66, "--dir"),
        (&["--backend", demo], &[("WORKER_TOKEN", &token), ("SERVER", url), ("CA_FILE", "/nowhere")], 66, "--ca"),
        (&["--backend", demo], &[("BUFFER_MIB", "many")], 64, "--buffer-mib"),
        (&["--backend", demo], &[("WORKER_TOKEN", &token), ("SERVER", url), ("LOG", "muster=loud")], 64, "--log"),
        (&["--config", &unknown], &[], 78, "line 4: unknown field `backedn`"),
        (&["--config", &unquoted], &[], 78, "line 2"),
    ];
    for (arguments, settings, code, word) in cases {
        let mut command = Command::new(binaries::find("muster-worker-agent").unwrap());
        command.env_clear().env("HOME", home.path()).arg("run").args(arguments);
        command.envs(settings.iter().map(|(key, value)| (format!("MUSTER_{key}"), value)));
        let output = ended(command).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {settings:?}: {said}");
        assert!(said.contains(word) && !said.contains(SECRET), "{arguments:?} {settings:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?} {settings:?}: {said}");
    }
}

#[tokio::test]
async fn what_another_program_is_told_is_no_mistake() {
    let told = async |program: &str, how: &str| {
        let mut command = Command::new(binaries::find(program).unwrap());
        command.arg(how);
        let output = ended(command).await;
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let mut names = Vec::new();
    let mut described = Vec::new();
    for user in SERVICES {
        described.push(told(&format!("muster-{}", user.name()), "--describe").await);
    }
    let worker = told("muster-worker-agent", "describe").await;
    for setting in
        described.iter().map(|of| &of["own"]).chain([&worker["options"]]).flat_map(|of| of.as_array().unwrap())
    {
        names.extend(setting["environment"].as_str().map(|name| name.trim_start_matches("MUSTER_").to_owned()));
    }
    assert!(names.len() > 40, "{names:?}");
    for (user, described) in SERVICES.iter().zip(&described) {
        // What every service is told, the worker-agent is told in part too.
        let known = ["own", "common"].iter().flat_map(|of| described[of].as_array().unwrap()).collect::<Vec<_>>();
        let others =
            names.iter().filter(|name| !known.iter().any(|key| key["environment"] == format!("MUSTER_{name}")));
        let mut settings = others.map(|name| (name.as_str(), "x")).collect::<Vec<_>>();
        settings.push(("DATABASE_URL", "mysql:hunter2"));
        let Told { said, .. } = start(*user, &settings).await;
        assert!(said.contains("sqlite: or postgres:"), "{}: {said}", user.name());
    }
}

#[tokio::test]
async fn what_the_file_says_is_used() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("chat.toml");
    std::fs::write(&file, "database_url = 'mysql:x'\nidle_seconds = 60\n").unwrap();
    let Told { code, said } = start(ServiceUser::Chat, &[("DATABASE_URL", NONE), ("CONFIG", path(&file))]).await;
    assert_eq!(code, Some(78));
    assert!(said.contains("sqlite: or postgres:"), "{said}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_wrong_option_is_wrong_usage() {
    let told = async |option: &str| {
        let mut command = Command::new(binaries::find("muster-chat").unwrap());
        command.arg(option);
        ended(command).await
    };
    assert_eq!(told("--bogus").await.status.code(), Some(64));
    let help = told("--help").await;
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("nats_url"));
}

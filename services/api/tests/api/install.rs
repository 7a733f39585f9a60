//! The worker-agent is installed from here, as a shell does it.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Output};

use muster_api::{ApiConfig, RegistrationSetting};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::process::Command;

use crate::support::{Stage, config};

/// Stands in for the program: it tells how it was called.
const PROGRAM: &str = "#!/bin/sh\necho called with \"$@\"\n";

fn here() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// A server that gives the stand-in to machines of a kind.
async fn giving(target: &str, configure: impl FnOnce(&mut ApiConfig)) -> (Stage, tempfile::TempDir) {
    let programs = tempfile::tempdir().unwrap();
    std::fs::write(programs.path().join(format!("muster-worker-agent-{target}")), PROGRAM).unwrap();
    let mut config = config(RegistrationSetting::Open);
    config.downloads_dir = Some(programs.path().to_owned());
    configure(&mut config);
    (Stage::with(config).await, programs)
}

async fn get(stage: &Stage, path: &str) -> (StatusCode, reqwest::header::HeaderMap, String) {
    let request = reqwest::Client::new().get(format!("{}{path}", stage.base)).header("host", "evil.example");
    let response = request.send().await.unwrap();
    (response.status(), response.headers().clone(), response.text().await.unwrap())
}

/// Pipes a script into a shell with these arguments, in a home of its own.
async fn pipe(script: &str, home: &Path, arguments: &[&str]) -> Output {
    pipe_with(&std::env::var("PATH").unwrap(), script, home, arguments).await
}

/// The same, where only these programs are found.
async fn pipe_with(path: &str, script: &str, home: &Path, arguments: &[&str]) -> Output {
    let file = home.join("script");
    std::fs::write(&file, script).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-s", "--"]).args(arguments).env("HOME", home).env("PATH", path).env_remove("MUSTER_INSTALL_DIR");
    shell.stdin(std::fs::File::open(&file).unwrap()).output().await.unwrap()
}

/// Has a program of this machine found in a directory, too.
fn link(program: &str, directory: &Path) {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|of| of.join(program)).find(|file| file.is_file());
    let found = found.unwrap_or_else(|| panic!("this test needs {program}"));
    std::os::unix::fs::symlink(found, directory.join(program)).unwrap();
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn one_line_installs_the_program_and_runs_it_with_the_token() {
    let (stage, programs) = giving(&here(), |_| {}).await;
    let home = tempfile::tempdir().unwrap();
    let (status, _, script) = get(&stage, "/install.sh").await;
    assert_eq!(status, 200);

    let done = pipe(&script, home.path(), &["--token", "machine_a:worker_b"]).await;
    let called = format!("called with run --server {} --token machine_a:worker_b\n", stage.base);
    assert_eq!(String::from_utf8_lossy(&done.stdout), called, "{}", told(&done));
    let installed = home.path().join(".local/bin/muster-worker-agent");
    assert_eq!(installed.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    assert!(told(&done).contains("not on the PATH"), "{}", told(&done));

    // The second time nothing is fetched; another command is called by its name.
    let again = pipe(&script, home.path(), &["setup", "--dir", "a b"]).await;
    let called = format!("called with setup --server {} --dir a b\n", stage.base);
    assert_eq!(String::from_utf8_lossy(&again.stdout), called, "{}", told(&again));
    assert!(told(&again).contains("already"), "{}", told(&again));

    // What is announced is what is installed: a program that changed meanwhile is not.
    std::fs::write(&installed, "#!/bin/sh\necho old\n").unwrap();
    std::fs::write(programs.path().join(format!("muster-worker-agent-{}", here())), "#!/bin/sh\nexit 9 # other\n")
        .unwrap();
    let refused = pipe(&script, home.path(), &["--token", "t"]).await;
    assert!(
        !refused.status.success() && told(&refused).contains("not what this server announced"),
        "{}",
        told(&refused)
    );
    assert_eq!(std::fs::read_to_string(&installed).unwrap(), "#!/bin/sh\necho old\n", "the old one stays");
    let left = std::fs::read_dir(home.path().join(".local/bin")).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside it");
}

#[tokio::test]
async fn where_there_is_no_curl_it_is_fetched_otherwise_or_said_what_to_install() {
    let (stage, _programs) = giving(&here(), |_| {}).await;
    let (_, _, script) = get(&stage, "/install.sh").await;
    let tools = tempfile::tempdir().unwrap();
    for tool in ["uname", "sed", "mkdir", "mktemp", "rm", "grep", "sha256sum", "cut", "chmod", "mv"] {
        link(tool, tools.path());
    }
    let path = tools.path().to_str().unwrap();
    let home = tempfile::tempdir().unwrap();
    let refused = pipe_with(path, &script, home.path(), &["--token", "t"]).await;
    assert!(!refused.status.success() && told(&refused).contains("neither curl nor wget"), "{}", told(&refused));

    link("wget", tools.path());
    let done = pipe_with(path, &script, home.path(), &["--token", "t"]).await;
    let called = format!("called with run --server {} --token t\n", stage.base);
    assert_eq!(String::from_utf8_lossy(&done.stdout), called, "{}", told(&done));
}

#[tokio::test]
async fn a_machine_of_another_kind_is_told_how_else() {
    let (stage, _programs) = giving("plan9-mips", |_| {}).await;
    let home = tempfile::tempdir().unwrap();
    let (_, _, script) = get(&stage, "/install.sh").await;
    let done = pipe(&script, home.path(), &[]).await;
    assert!(!done.status.success() && told(&done).contains("cargo install"), "{}", told(&done));
}

#[tokio::test]
async fn a_script_cut_short_does_nothing() {
    let (stage, _programs) = giving(&here(), |_| {}).await;
    let (_, _, script) = get(&stage, "/install.sh").await;
    let lines = script.lines().collect::<Vec<_>>();
    for kept in (0..lines.len() - 1).step_by(7) {
        let home = tempfile::tempdir().unwrap();
        pipe(&lines[..kept].join("\n"), home.path(), &["--token", "t"]).await;
        assert!(!home.path().join(".local").exists(), "the first {kept} lines did something");
    }
}

#[tokio::test]
async fn the_script_names_the_configured_address_and_only_a_safe_one() {
    let public = |url: &str| {
        let url = url.to_owned();
        move |config: &mut ApiConfig| config.public_url = Some(url)
    };
    let (stage, _programs) = giving("linux-x86_64", public("https://muster.example/")).await;
    let (status, headers, script) = get(&stage, "/install.sh").await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    assert!(script.contains("base='https://muster.example'"), "{script}");
    assert!(!script.contains("evil.example"));
    let server = stage.visitor().get("/server").await.1;
    assert_eq!(server["installScript"], "https://muster.example/install.sh");

    let (stage, _programs) = giving("linux-x86_64", public("http://muster.example")).await;
    let (status, _, problem) = get(&stage, "/install.sh").await;
    assert_eq!(status, 404);
    assert!(problem.contains("MUSTER_PUBLIC_URL"), "{problem}");
    let (status, _, problem) = get(&stage, "/download/worker-agent/linux-x86_64").await;
    assert_eq!(status, 404);
    assert!(problem.contains("MUSTER_PUBLIC_URL"), "{problem}");
    assert_eq!(stage.visitor().get("/server").await.1["installScript"], Value::Null);

    let stage = Stage::start().await;
    let (status, _, problem) = get(&stage, "/install.sh").await;
    assert_eq!(status, 404);
    assert!(problem.contains("MUSTER_DOWNLOADS_DIR"), "{problem}");
}

#[tokio::test]
async fn a_program_is_sent_with_its_digest_and_in_parts() {
    let (stage, programs) = giving("linux-x86_64", |_| {}).await;
    std::fs::write(programs.path().join("secret"), "of somebody").unwrap();
    let (status, headers, body) = get(&stage, "/download/worker-agent/linux-x86_64").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, PROGRAM));
    assert_eq!(headers["content-length"], PROGRAM.len().to_string().as_str());
    assert!(headers["repr-digest"].to_str().unwrap().starts_with("sha-256=:"), "{headers:?}");
    let part = reqwest::Client::new().get(format!("{}/download/worker-agent/linux-x86_64", stage.base));
    let part = part.header("range", "bytes=2-8").send().await.unwrap();
    assert_eq!((part.status(), part.text().await.unwrap().as_str()), (StatusCode::PARTIAL_CONTENT, &PROGRAM[2..9]));

    for path in ["linux-aarch64", "secret", "..%2fsecret", "linux-x86_64%00", "linux-x86_64/..", ""] {
        let (status, _, body) = get(&stage, &format!("/download/worker-agent/{path}")).await;
        assert_eq!(status, 404, "{path}: {body}");
    }
}

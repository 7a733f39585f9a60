//! From nothing to workers that stay, as a person does it at a terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use muster_testkit::{
    process::{Child, Command},
    script::executable,
    stack::{Frame, Part, Stack, Waiting},
};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command as Process,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_muster-worker-agent");
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A person's account on a machine, with nothing in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn directory(&self, name: &str) -> PathBuf {
        let directory = self.0.path().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    fn settings(&self) -> PathBuf {
        self.0.path().join(".config/muster/worker.toml")
    }

    fn write_settings(&self, text: &str) {
        std::fs::create_dir_all(self.settings().parent().unwrap()).unwrap();
        std::fs::write(self.settings(), text).unwrap();
    }

    /// A shell's script that may be found on the PATH.
    fn write_program(&self, name: &str, script: &str) {
        executable(&self.directory("bin").join(name), script);
    }

    fn call(&self, arguments: &[&str]) -> Process {
        let mut process = Process::new(PROGRAM);
        process.args(arguments).current_dir(self.0.path()).stdin(Stdio::null()).env_clear();
        process.env("HOME", self.0.path()).env("PATH", std::env::var_os("PATH").unwrap());
        process
    }

    async fn output(&self, arguments: &[&str]) -> (i32, String) {
        told(self.call(arguments).output().await.unwrap())
    }

    /// Runs all workers of the settings.
    fn run(&self, given: &[&str]) -> Child {
        let command = Command::new("workers", PROGRAM, self.log())
            .without_our_settings()
            .arg("run")
            .args(given)
            .directory(self.0.path())
            .env("HOME", self.0.path())
            .unset("XDG_STATE_HOME")
            .unset("XDG_CONFIG_HOME")
            .patient();
        Child::spawn(command).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("run.log")
    }

    /// The process that runs a worker.
    fn process(&self, worker: &Waiting) -> Option<i32> {
        let lock = self.0.path().join(".local/state/muster").join(worker.id()).join("lock");
        std::fs::read_to_string(lock).ok()?.trim().parse().ok()
    }
}

fn told(output: Output) -> (i32, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
}

fn entry(token: &str, dir: &Path, more: &str) -> String {
    format!("[[worker]]\ntoken = \"{token}\"\ndir = \"{}\"\nbackend = \"demo\"\n{more}\n", dir.display())
}

async fn until(what: &str, child: &Child, log: &Path, condition: impl Fn(&str) -> bool) {
    let read = || std::fs::read_to_string(log).unwrap_or_default();
    child.until(PATIENCE, || condition(&read()).then_some(())).await.unwrap_or_else(|error| {
        panic!("{what}: {error}\n{}", read());
    });
}

fn alive(process: i32) -> bool {
    // A process that has ended and is not waited for is a zombie, and no more alive than others.
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until none of these is left.
async fn end(processes: &[i32]) {
    let ending = async {
        while processes.iter().any(|&process| alive(process)) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, ending).await.expect("they end with the one that keeps them");
}

#[tokio::test]
async fn what_is_given_beside_a_file_counts_for_all_of_its_workers_or_is_refused() {
    let home = Home::new();
    let api = home.directory("api");
    let token = "machine_V1StGXR8_Z5jdHi6B-myT:worker_V1StGXR8_Z5jdHi6B-myT";
    // Nothing listens there, and it may only be asked because of --insecure.
    let server = "server = \"http://192.0.2.1:9\"\n";
    home.write_settings(&[server, &entry(token, &api, "")].concat());
    let (_, refused) = home.output(&["doctor"]).await;
    assert!(refused.contains("--insecure"), "{refused}");
    let (_, missing) = home.output(&["doctor", "--insecure", "--ca", "/nowhere.pem"]).await;
    assert!(missing.contains("/nowhere.pem"), "{missing}");
    let all = home.run(&["--insecure", "--ca", "/nowhere.pem"]);
    until("it is told the certificates", &all, &home.log(), |text| text.contains("/nowhere.pem cannot be used")).await;
    let own = ["run", "--config", ".config/muster/worker.toml", "--openai-model", "small"];
    let (code, said) = home.output(&own).await;
    assert!(code == 64 && said.contains("cannot be used with"), "{code} {said}");
    let (code, said) = home.output(&["run", "--openai-model", "small"]).await;
    assert!(code == 64 && said.contains("token"), "{code} {said}");
}

/// It is ended as a service's manager does it. The file that setup has written is not looked at where there is another.
#[tokio::test(flavor = "multi_thread")]
async fn workers_of_a_directory_s_own_file_end_their_turns_before_they_go() {
    let stack = Stack::start().await;
    let waiting = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    home.write_settings("this cannot be read");
    let settings = [format!("server = \"{}\"\n", stack.url()), entry(waiting.token(), &home.directory("api"), "")];
    std::fs::write(home.0.path().join("muster-worker.toml"), settings.concat()).unwrap();
    let worker = waiting.running_in(home.run(&[])).approved().await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let sent = session.send("count 5000 every 10ms").await;
    let counts = |frames: &[Frame]| frames.iter().any(|frame| frame.event == "chunk").then_some(());
    viewer.until("it counts", counts).await;
    let status = worker.process().stop(Duration::from_secs(10)).await;
    assert_eq!(status.and_then(|status| status.code()), Some(0), "{}", worker.process().log_tail(20));
    let reply = session.reply_to(&sent).await;
    assert_eq!((reply.status.as_str(), reply.error.as_deref()), ("cancelled", Some("the worker was stopped")));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_one_file_run_and_fail_one_by_one() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let (one, two) = (machine.worker().await, machine.worker().await);
    let home = Home::new();
    let (api, gone) = (home.directory("api"), home.0.path().join("gone"));
    let settings = [
        format!("server = \"{}\"\n", stack.url()),
        entry(one.token(), &api, ""),
        entry("machine_typo", &api, "name = \"typo\""),
        entry(two.token(), &gone, ""),
    ];
    home.write_settings(&settings.concat());

    let all = home.run(&[]);
    let one = one.running_in(all).approved().await;
    let log = home.log();
    until("the wrong one ends for good", one.process(), &log, |text| text.contains("typo: ended for good")).await;
    until("the one without its directory is tried again", one.process(), &log, |text| {
        text.contains("gone: ended; starting it again in 2 s")
    })
    .await;
    std::fs::create_dir(&gone).unwrap();
    until("its directory is there now", one.process(), &log, |text| text.contains("gone: Waiting for approval")).await;

    // One that is killed comes back by itself, approved as it was.
    let killed = home.process(one.waiting()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    until("it is online again", one.process(), &log, |text| text.matches("api: Online").count() == 2).await;
    one.online().await;

    // However the one that keeps them ends, none is left.
    let left = [home.process(one.waiting()).unwrap(), home.process(&two).unwrap()];
    assert!(left.iter().all(|&process| alive(process)) && left[0] != killed);
    one.process().kill().await;
    one.until("offline", |worker| worker.status == "offline").await;
    end(&left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_status_and_doctor_lead_to_a_worker_that_is_online() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    let (api, page) = (home.directory("api"), stack.url());

    let (code, text) = home.output(&["setup"]).await;
    assert!(code == 64 && text.contains("--server") && text.lines().count() == 1, "{code}: {text}");
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 66 && text.contains("setup"), "{code}: {text}");
    let setup = ["setup", "--server", &page, "--token", worker.token(), "--backend", "demo", "--yes", "--dir"];
    let (code, text) = home.output(&[&setup[..], &["nowhere"]].concat()).await;
    assert!(code == 66 && text.contains("nowhere"), "{code}: {text}");
    let (code, text) = home.output(&[&setup[..], &["api"]].concat()).await;
    assert!(code == 0 && text.contains("Muster") && text.contains("worker.toml"), "{code}: {text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&home.settings().metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let (code, text) = home.output(&["status"]).await;
    assert!(code == 69 && text.contains("never started") && text.contains(api.to_str().unwrap()), "{code}: {text}");
    let (code, text) = home.output(&["doctor"]).await;
    assert!(code == 0 && text.contains("2 models") && text.contains("clock: as the server's"), "{code}: {text}");
    assert!(text.contains("ok    broker: nats://"), "{text}");

    let running = worker.running_in(home.run(&[]));
    until("it waits", running.process(), &home.log(), |text| text.contains("Waiting for approval")).await;
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 69 && text.contains("waiting for approval"), "{code}: {text}");
    let process = home.process(running.waiting()).unwrap();
    running.process().kill().await;
    end(&[process]).await;
    let (code, text) = home.output(&["doctor"]).await;
    assert!(code == 69 && text.contains("MEND  approval: not given yet"), "{code}: {text}");

    let mut running = running;
    running.restart().await;
    let running = running.approved().await;
    until("it says so", running.process(), &home.log(), |text| text.contains("api: Online")).await;
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 0 && text.contains("api: online for"), "{code}: {text}");
    let (code, text) = home.output(&["doctor"]).await;
    assert!(code == 0 && text.contains("Nothing is wrong"), "{code}: {text}");
    running.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_worker_that_no_file_tells_of_is_told_too() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 66 && text.contains("setup"), "{code}: {text}");
    let page = stack.url();
    let running = worker.running_in(home.run(&["--token", worker.token(), "--server", &page, "--backend", "demo"]));
    let running = running.approved().await;
    until("it says so", running.process(), &home.log(), |text| text.contains("Online")).await;
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 0 && text.contains(&format!("{}: online for", running.id())), "{code}: {text}");
    running.process().kill().await;
    let (code, text) = home.output(&["status"]).await;
    assert!(code == 69 && text.contains("not running"), "{code}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_each_thing_that_is_to_be_mended() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let (home, page) = (Home::new(), stack.url());
    let at = |server: &str, backend: &str| {
        home.call(&["doctor", "--token", worker.token(), "--server", server, "--backend", backend])
    };
    let told_of = async |mut doctor: Process| told(doctor.output().await.unwrap());

    let mut without_program = at(&page, "opencode");
    without_program.env("MUSTER_OPENCODE", "/nowhere/opencode");
    let (code, text) = told_of(without_program).await;
    assert!(code == 69 && text.contains("MEND  backend opencode: MUSTER_OPENCODE names /nowhere"), "{code}: {text}");
    assert!(text.contains("ok    broker") && text.contains("One thing"), "{text}");

    let key = home.directory(&format!(".local/state/muster/{}", worker.id())).join("worker.nk");
    std::fs::write(&key, "nonsense").unwrap();
    let (code, text) = told_of(at(&page, "demo")).await;
    assert!(code == 69 && text.contains("MEND  key: Others can read"), "{code}: {text}");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (code, text) = told_of(at(&page, "demo")).await;
    assert!(code == 69 && text.contains("is not a worker's key"), "{code}: {text}");
    assert!(text.contains("ok    broker") && text.contains("One thing"), "{text}");
    std::fs::remove_file(&key).unwrap();

    let (code, text) = told_of(at(&server_of_long_ago(stack.broker().url()).await, "demo")).await;
    assert!(code == 69 && text.contains("MEND  clock: ") && text.contains("NTP"), "{code}: {text}");
    assert!(text.contains("One thing"), "{text}");

    stack.kill(Part::Nats).await;
    let (code, text) = told_of(at(&page, "demo")).await;
    assert!(code == 69 && text.contains("MEND  broker: ") && text.contains("ok    server"), "{code}: {text}");
    assert!(text.contains("check that NATS runs there"), "{text}");
    assert!(!key.exists(), "a look makes no key");
    let (code, text) = told_of(at(&stack.broker().url(), "demo")).await;
    assert!(code == 69 && text.contains("clock: not looked at"), "{code}: {text}");
}

/// A server as the page tells of it, with a clock that stands still.
async fn server_of_long_ago(broker: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let told = serde_json::json!({ "name": "Muster", "version": "0.1.0", "nats": [broker] }).to_string();
        let head = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nConnection: close";
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{told}", told.len());
        loop {
            let (mut asked, _) = listener.accept().await.unwrap();
            // The question first: who closes before it was read resets the connection.
            let _ = asked.read(&mut [0; 4096]).await;
            let _ = asked.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

/// Calls the program where somebody types: util-linux's script gives it a terminal.
async fn at_a_terminal(home: &Home, arguments: &str, typed: &str) -> (i32, String) {
    let mut script = Process::new("script");
    script.args(["--quiet", "--return", "--command", &format!("{PROGRAM} {arguments}"), "/dev/null"]);
    script.current_dir(home.0.path()).env_clear().env("HOME", home.0.path()).env("TERM", "xterm");
    let path = std::env::var("PATH").unwrap();
    script.env("PATH", format!("{}:{path}", home.directory("bin").display()));
    let mut terminal = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdin = terminal.stdin.take().unwrap();
    let mut stdin = std::fs::File::from(stdin.into_owned_fd().unwrap());
    stdin.write_all(typed.as_bytes()).unwrap();
    told(terminal.wait_with_output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_lets_choose_what_answers_of_all_that_is_here() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    home.write_program("goose", "");
    let setup = format!("setup --server {} --token {} --dir .", stack.url(), worker.token());
    // The last one, from the first upwards; and no service.
    let (code, text) = at_a_terminal(&home, &setup, "k\rn").await;
    assert!(code == 0 && text.contains("acp: goose") && text.contains("openai"), "{code}: {text}");
    let written = std::fs::read_to_string(home.settings()).unwrap();
    assert!(written.contains("backend = \"demo\""), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_asks_at_a_terminal_for_what_is_missing() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    home.directory("my project");
    let answers = format!("nonsense\r{}\r{}\r~/my project\rn", clear("nonsense", &stack.url()), worker.token());
    let (code, text) = at_a_terminal(&home, "setup --backend demo", &answers).await;
    assert!(code == 0 && text.contains("is not an address"), "{code}: {text}");
    let written = std::fs::read_to_string(home.settings()).unwrap();
    assert!(written.contains(worker.token()) && written.contains("my project"), "{written}");
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_wants_to_know_the_endpoint_of_a_model() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let home = Home::new();
    let server = stack.url();
    let setup = ["setup", "--server", &server, "--token", worker.token(), "--yes", "--backend", "openai"];
    let (code, text) = home.output(&setup).await;
    assert!(code == 64 && text.contains("endpoint is missing") && text.contains("--openai-url"), "{code}: {text}");
    assert!(!home.settings().exists());
    let (code, text) = home.output(&[&setup[..], &["--", "--openai-url", "http://127.0.0.1:1/v1"]].concat()).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(std::fs::read_to_string(home.settings()).unwrap().matches("--openai-url").count(), 1);
}

#[tokio::test]
async fn setup_takes_an_agent_that_is_found_on_the_path() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await;
    let (home, page) = (Home::new(), stack.url());
    home.directory("api");
    let asked = |more: &[&str]| {
        let setup = ["setup", "--server", &page, "--token", worker.token(), "--yes", "--dir", "api"];
        let mut process = home.call(&[&setup[..], more].concat());
        process.env("PATH", home.directory("bin"));
        process
    };
    let setup = async |more: &[&str]| told(asked(more).output().await.unwrap());
    for more in [&["--backend", "acp"][..], &[]] {
        let (code, text) = setup(more).await;
        assert!(code == 64 && text.contains("No agent is found"), "{code}: {text}");
        assert!(text.contains("--agent-command") && text.contains("--backend demo"), "nobody gets it unasked: {text}");
    }
    assert!(!home.settings().exists());
    let named = asked(&[]).env("MUSTER_OPENCODE", "/bin/true").output().await.unwrap();
    assert!(told(named).1.contains("Backend: opencode."));
    std::fs::remove_file(home.settings()).unwrap();
    home.write_program("gemini", "");
    let (code, text) = setup(&[]).await;
    assert!(code == 0 && text.contains("Backend: acp: gemini."), "{code}: {text}");
    let written = std::fs::read_to_string(home.settings()).unwrap();
    assert!(written.contains("backend = \"acp\"") && written.contains("\"--agent\", \"gemini\""), "{written}");
}

#[tokio::test]
async fn each_agent_that_is_known_by_name_is_started_as_it_wants() {
    let token = format!("machine_{0}:worker_{0}", "A".repeat(21));
    for (agent, started) in [
        ("opencode", "opencode acp"),
        ("gemini", "gemini --acp"),
        ("claude", "claude-agent-acp"),
        ("claude", "claude-code-acp"),
        ("codex", "codex-acp"),
        ("goose", "goose acp"),
    ] {
        let home = Home::new();
        let program = started.split(' ').next().unwrap();
        home.write_program(program, "echo ${0##*/} $* >>$HOME/started");
        let doctor = ["doctor", "--token", &token, "--server", "http://127.0.0.1:1", "--agent", agent];
        let (code, text) = told(home.call(&doctor).env("PATH", home.directory("bin")).output().await.unwrap());
        assert!(code == 69 && text.contains(&format!("MEND  backend acp: {agent}")), "{code}: {text}");
        assert_eq!(std::fs::read_to_string(home.0.path().join("started")).unwrap(), format!("{started}\n"), "{text}");
    }
}

/// Takes back what was typed, and types something else.
fn clear(typed: &str, instead: &str) -> String {
    format!("{}{instead}", "\u{7f}".repeat(typed.len()))
}

#[tokio::test]
async fn what_is_wrong_is_one_line_with_a_code() {
    let home = Home::new();
    home.write_settings("[[worker]]\ntoken = \"t\"\nbackedn = \"demo\"\ndir = \".\"\n");
    std::fs::create_dir(home.directory("state").join("lock")).unwrap();
    let token = format!("machine_{0}:worker_{0}", "A".repeat(21));
    let run_in = |state| ["run", "--token", &token, "--server", "http://127.0.0.1:1", "--state-dir", state];
    for (arguments, code, words) in [
        (&run_in(".config/muster/worker.toml/state")[..], 73, "Name another with --state-dir."),
        (&run_in("state")[..], 74, "state/lock cannot be used"),
        (&["run"][..], 78, "line 3"),
        (&["run", "--config", "missing.toml"], 66, "setup"),
        (&["run", "--config", "a", "--token", "b"], 64, "cannot be used with"),
        (&["status"], 78, "backedn"),
        (&["install-service"], 78, "backedn"),
        (&["install-service", "--config", "missing.toml"], 66, "missing.toml"),
        (&["uninstall-service"], 0, "no service"),
        (&["doctor", "--token", "typo"], 69, "MEND  settings: The token cannot be read"),
        (&["setup", "--server", "ftp://x"], 64, "ftp"),
        (&["setup", "--server", "http://127.0.0.1:1"], 69, "cannot be reached"),
    ] {
        let (got, text) = home.output(arguments).await;
        assert!(got == code && text.contains(words), "{arguments:?}: {got}: {text}");
        // A doctor has more to say.
        assert!(text.lines().count() == 1 || arguments[0] == "doctor", "{text}");
    }
}

//! What each step does.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;
use muster_testkit::{
    binaries,
    process::{Command, ProcessError},
};

use super::{api, browser, failures::Failures, needs};
use crate::{
    cli, generate,
    report::Report,
    tool,
    web::{self, WebError},
    workspace,
};

/// Pinned: what it finds changes with its version.
const DENY: &str = "0.20.2";
/// Time that cargo-deny has to fetch the list of known flaws.
const FETCH: Duration = Duration::from_secs(120);
/// Tests in a module of this name wait more than they work, and run beside all others.
const WAITING: &str = "waiting::";
/// As many of them at once.
const WAITING_AT_ONCE: &str = "4";

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepName {
    /// rustfmt finds nothing to change
    Format,
    /// The page is built
    Page,
    /// clippy finds nothing to say, in tests and examples too
    Clippy,
    /// cargo-deny: licences, who may use what, where it comes from, known flaws
    Deny,
    /// What is made from code is as the code makes it
    Generated,
    /// The chart renders to what Kubernetes takes, in its three newest minors; dashboards ask for what is counted; files
    /// for containers name what is there, and Compose takes them
    Helm,
    /// Unit and integration tests, on a real nats-server, SQLite and PostgreSQL
    Rust,
    /// The page's format, lint, types, tests and first load, and known flaws in what it is made of
    Web,
    /// schemathesis: the running API does what its document says, whatever is asked
    Api,
    /// Browser tests against the whole of it
    Browser,
}

impl StepName {
    /// In the order in which they run: what others need first, what takes long last.
    pub(crate) const ALL: &[Self] = &[
        Self::Format,
        Self::Page,
        Self::Clippy,
        Self::Deny,
        Self::Generated,
        Self::Helm,
        Self::Rust,
        Self::Web,
        Self::Api,
        Self::Browser,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Page => "page",
            Self::Clippy => "clippy",
            Self::Deny => "deny",
            Self::Generated => "generated",
            Self::Helm => "helm",
            Self::Rust => "rust",
            Self::Web => "web",
            Self::Api => "api",
            Self::Browser => "browser",
        }
    }

    /// One line of what it checks.
    pub(crate) fn meaning(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("listening for Ctrl-C: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Web(#[from] WebError),
    #[error(transparent)]
    Generate(#[from] generate::GenerateError),
    #[error(transparent)]
    NotBuilt(#[from] binaries::NotBuilt),
    #[error("`{command}` ended with {status}")]
    Failed {
        /// What ran.
        command: String,
        /// How it ended.
        status: String,
    },
    #[error("tests failed:\n{0}")]
    Tests(String),
    #[error("{0} is not what is made from the API's description: run `npm run generate` in web and commit it")]
    Drift(PathBuf),
    #[error("{0}")]
    Missing(String),
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Where a step's output is kept.
pub(super) fn logs() -> PathBuf {
    binaries::directory().parent().map(PathBuf::from).unwrap_or_default().join("check")
}

pub(super) async fn run(step: StepName, report: &Report) -> Result<(), CheckError> {
    match step {
        StepName::Format => cargo("format", &["fmt", "--all", "--check"], report).await,
        StepName::Page => page(report).await,
        StepName::Clippy => {
            let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
            cargo("clippy", &arguments, report).await?;
            // Which the workspace does not build.
            let targets = ["clippy", "--package", "muster-fuzz", "--features", "libfuzzer", "--bins", "--locked"];
            cargo("clippy", &[&targets[..], &["--", "--deny", "warnings"]].concat(), report).await
        }
        StepName::Deny => deny(report).await,
        StepName::Generated => generated(report).await,
        StepName::Helm => helm(report).await,
        StepName::Rust => rust(report).await,
        StepName::Web => web(report).await,
        StepName::Api => api::run(api::Length::Brief, report).await,
        StepName::Browser => browser::run(report).await,
    }
}

/// Runs a program, and shows what it prints.
pub(super) async fn heard(command: Command, report: &Report) -> Result<(), CheckError> {
    let shown = command.to_string();
    let (status, _) = tool::run(command, |line| report.line(line)).await?;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    Err(CheckError::Failed { command: shown, status })
}

pub(super) async fn cargo(step: &str, arguments: &[&str], report: &Report) -> Result<(), CheckError> {
    heard(workspace::cargo(&logs().join(format!("{step}.log"))).args(arguments), report).await
}

async fn page(report: &Report) -> Result<(), CheckError> {
    Ok(web::build(&logs(), report).await?)
}

async fn deny(report: &Report) -> Result<(), CheckError> {
    let version = workspace::cargo(&logs().join("deny-version.log")).args(["deny", "--version"]);
    let (status, _) = tool::run(version, |_| {}).await?;
    if !status.is_some_and(|status| status.success()) {
        cargo("deny-install", &["install", "cargo-deny", "--version", DENY, "--locked"], report).await?;
    }
    cargo("deny", &["deny", "--workspace", "check", "bans", "licenses", "sources"], report).await?;
    // The list of known flaws lives on the internet; without it the rest holds all the same.
    let fetch = workspace::cargo(&logs().join("deny-fetch.log")).args(["deny", "fetch", "db"]);
    match tokio::time::timeout(FETCH, tool::run(fetch, |_| {})).await {
        Ok(Ok((Some(status), _))) if status.success() => {
            cargo("advisories", &["deny", "--workspace", "--offline", "check", "advisories"], report).await
        }
        _ => {
            report.line("the list of known flaws cannot be reached, so it was not looked at");
            Ok(())
        }
    }
}

async fn web(report: &Report) -> Result<(), CheckError> {
    // Which refuses a first load that has grown too large.
    page(report).await?;
    for script in ["format:check", "lint", "typecheck", "test"] {
        heard(web::npm(&logs().join("web.log")).args(["run", script]), report).await?;
    }
    audit(report).await
}

/// What npm knows of flaws in what the page ships.
async fn audit(report: &Report) -> Result<(), CheckError> {
    // `ping` would answer at a registry that has packages and no list of flaws: the audit itself must.
    let json = web::npm(&logs().join("audit.json")).args(["audit", "--omit=dev", "--json"]);
    let shown = json.to_string();
    let mut printed = String::new();
    let (status, _) = tool::run(json, |line| printed.push_str(line)).await?;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    // Flaws come as a report; a registry that cannot be asked has none.
    if printed.contains("\"auditReportVersion\"") {
        report.line(&printed);
        return Err(CheckError::Failed { command: shown, status: "known flaws in the page's packages".to_owned() });
    }
    report.line("npm's list of known flaws cannot be reached, so the page's packages were not looked at");
    Ok(())
}

async fn generated(report: &Report) -> Result<(), CheckError> {
    generate::run(&cli::Generate { check: true }, report).await?;
    web::packages(&logs(), report).await?;
    let schema = workspace::web().join("src/shared/api/schema.gen.ts");
    let read = || std::fs::read_to_string(&schema).map_err(|source| CheckError::File { path: schema.clone(), source });
    let kept = read()?;
    heard(web::npm(&logs().join("generate.log")).args(["run", "generate"]), report).await?;
    if read()? == kept {
        return Ok(());
    }
    std::fs::write(&schema, kept).map_err(|source| CheckError::File { path: schema.clone(), source })?;
    Err(CheckError::Drift(schema))
}

async fn helm(report: &Report) -> Result<(), CheckError> {
    let python = needs::python("helm", "deploy/helm/check/requirements.txt", report).await?;
    // By its name: this process may run from a file that a build has replaced since.
    let ours = binaries::find("muster")?;
    for script in ["deploy/helm/check/check.py", "deploy/grafana/check.py", "deploy/docker/check.py"] {
        let check = Command::new("helm", &python.program, logs().join("helm.log"))
            .arg(workspace::root().join(script))
            .env("PYTHONPATH", &python.path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Which makes the keys of an installation.
            .env("MUSTER", &ours);
        heard(check, report).await?;
    }
    Ok(())
}

async fn rust(report: &Report) -> Result<(), CheckError> {
    needs::postgres(report).await?;
    needs::installing(report).await?;
    let path = needs::path_with_tools(needs::path_with_agents(report).await?, report).await?;
    // A test of one service starts the programs of the others, which cargo would not build for it.
    build(report).await?;
    let test = |log: &str, of: &[&str]| {
        workspace::cargo(&logs().join(log))
            .args(["test", "--workspace", "--locked", "--no-fail-fast"])
            .args(workspace::profile())
            .args(of)
            .env("PATH", &path)
    };
    let working = test("rust.log", &["--", "--skip", WAITING]);
    let waiting = test("waiting.log", &["--tests", "--", WAITING]).env("RUST_TEST_THREADS", WAITING_AT_ONCE);
    let mut lines = Vec::new();
    let waiting = async {
        let failures = tests(waiting, |line| lines.push(line.to_owned())).await;
        // In one piece, and not among the lines of the others.
        report.line(&lines.join("\n"));
        failures
    };
    let (working, waiting) = tokio::join!(tests(working, |line| report.line(line)), waiting);
    let failures = [working?, waiting?].into_iter().flatten().collect::<Vec<_>>();
    if failures.is_empty() { Ok(()) } else { Err(CheckError::Tests(failures.join("\n"))) }
}

/// Runs tests; what failed, if anything did.
async fn tests(command: Command, mut hear: impl FnMut(&str)) -> Result<Option<String>, ProcessError> {
    let mut failures = Failures::default();
    let (status, _) = tool::run(command, |line| {
        failures.hear(line);
        hear(line);
    })
    .await?;
    Ok((!status.is_some_and(|status| status.success())).then(|| failures.lines()))
}

/// Builds every program.
pub(super) async fn build(report: &Report) -> Result<(), CheckError> {
    let build = workspace::cargo(&logs().join("build.log"))
        .args(["build", "--workspace", "--bins", "--locked"])
        .args(workspace::profile());
    heard(build, report).await
}

//! This computer's own worker.

use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use muster_testkit::{
    binaries,
    process::{Child, Command},
};

use super::UpError;
use crate::{cli::Backend, data_dir::DataDir, report::Report, tool::Tool};

/// The npm package that carries opencode, at the version that Muster is tested with.
pub(crate) const OPENCODE: &str = "opencode-ai@1.18.33";

/// What the worker needs beside its token.
#[derive(Debug)]
pub(super) struct Worker {
    home: PathBuf,
    logs: PathBuf,
    nats: SocketAddr,
}

impl Worker {
    pub(super) fn new(data: &DataDir, nats: SocketAddr) -> Self {
        Self { home: data.path().join("worker"), logs: data.logs(), nats }
    }

    /// A first run made it.
    pub(super) fn exists(&self) -> bool {
        self.token_file().is_file()
    }

    /// Keeps its token, for its owner alone.
    pub(super) fn keep_token(&self, token: &str) -> Result<(), UpError> {
        let path = self.token_file();
        let failed = || UpError::io(format!("keeping the worker's token in {}", path.display()));
        fs::create_dir_all(&self.home).map_err(failed())?;
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed())?;
        writeln!(file, "{token}").map_err(failed())
    }

    /// Its token.
    pub(super) fn token(&self) -> Result<String, UpError> {
        let path = self.token_file();
        let token = fs::read_to_string(&path)
            .map_err(UpError::io(format!("reading the worker's token from {}", path.display())))?;
        Ok(token.trim().to_owned())
    }

    /// Starts it for the current directory.
    pub(super) fn start(&self, drives: &Drives, path: OsString) -> Result<Child, UpError> {
        let here = std::env::current_dir().map_err(UpError::io("finding the current directory"))?;
        let mut command = Command::new("worker", binaries::find("muster-worker-agent")?, self.logs.join("worker.log"))
            .arg("run")
            .args(["--server", &format!("nats://{}", self.nats), drives.option, drives.name])
            .arg("--dir")
            .arg(here)
            .arg("--state-dir")
            .arg(self.home.join("state"))
            .env("MUSTER_WORKER_TOKEN", self.token()?)
            .env("PATH", path)
            // What the services are told is not for an agent's eyes.
            .without_our_settings()
            // The agent that it runs shall have its time to end.
            .patient();
        if !self.nats.ip().is_loopback() {
            // It is this computer all the same.
            command = command.arg("--insecure");
        }
        Ok(Child::spawn(command)?)
    }

    fn token_file(&self) -> PathBuf {
        self.home.join("token")
    }
}

/// What a worker drives, as it is told.
#[derive(Debug)]
pub(super) struct Drives {
    option: &'static str,
    pub(super) name: &'static str,
}

impl Drives {
    const fn backend(name: &'static str) -> Self {
        Self { option: "--backend", name }
    }
}

/// What the worker drives, and the PATH on which it finds it.
pub(super) async fn backend(wish: Backend, data: &DataDir, report: &Report) -> Result<(Drives, OsString), UpError> {
    if let Some(name) = wish.acp() {
        return Ok((Drives { option: "--agent", name }, search_path(None)));
    }
    let own = data.path().join("opencode");
    let found = || opencode(&own);
    let path = match (wish, found()) {
        (Backend::Demo, _) => return Ok((Drives::backend("demo"), search_path(None))),
        (_, Some(path)) => path,
        (Backend::Auto, None) => {
            report.say("opencode is not on the PATH, so the worker only demonstrates (--backend opencode installs it)");
            return Ok((Drives::backend("demo"), search_path(None)));
        }
        (_, None) => {
            install(&own, data, report).await?;
            found().unwrap_or_else(|| search_path(None))
        }
    };
    Ok((Drives::backend("opencode"), path))
}

/// The PATH with opencode on it, if there is any.
fn opencode(own: &Path) -> Option<OsString> {
    if which::which("opencode").is_ok() {
        return Some(search_path(None));
    }
    let programs = own.join("node_modules").join(".bin");
    programs.join("opencode").exists().then(|| search_path(Some(&programs)))
}

fn search_path(first: Option<&Path>) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match first {
        None => path,
        Some(first) => {
            let all = std::iter::once(first.to_owned()).chain(std::env::split_paths(&path));
            std::env::join_paths(all).unwrap_or(path)
        }
    }
}

async fn install(own: &Path, data: &DataDir, report: &Report) -> Result<(), UpError> {
    fs::create_dir_all(own).map_err(UpError::io(format!("making {}", own.display())))?;
    let command = Command::new("npm", "npm", data.logs().join("npm-opencode.log"))
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(own)
        .arg(OPENCODE);
    Ok(Tool::new(format!("installing {OPENCODE}"), command).run(report).await?)
}

//! What the tests need beside what the product needs: found, or installed where that is possible.

mod go;

pub(super) use go::path_with_tools;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use muster_testkit::{
    postgres,
    process::{Command, ProcessError},
};
use sha2::{Digest as _, Sha256};

use super::{CheckError, steps};
use crate::{report::Report, tool, up::OPENCODE, workspace};

/// Debian's programs of PostgreSQL, which the tests start a cluster of their own from.
pub(super) async fn postgres(report: &Report) -> Result<(), CheckError> {
    match postgres::programs() {
        Ok(_) => Ok(()),
        Err(error) => debian("postgresql", &error.to_string(), report).await,
    }
}

/// What a person's shell has who installs a worker, and on Linux the manager that keeps it running.
pub(super) async fn installing(report: &Report) -> Result<(), CheckError> {
    let mut wanted = vec![
        ("curl", "curl", "curl is missing: install it to try out the installation of a worker"),
        ("wget", "wget", "wget is missing: install it to try out the installation where there is no curl"),
    ];
    if cfg!(target_os = "linux") {
        let without = "systemd is missing: install it to try out a worker as a service";
        wanted.push(("systemd-analyze", "systemd", without));
    }
    for (program, package, otherwise) in wanted {
        if which::which(program).is_err() {
            debian(package, otherwise, report).await?;
        }
    }
    Ok(())
}

/// Chromium's file.
pub(super) async fn chromium(report: &Report) -> Result<PathBuf, CheckError> {
    const MISSING: &str = "Chromium is missing: install it, or name its file in CHROMIUM";
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    let find = || ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| which::which(name).ok());
    if find().is_none() {
        debian("chromium", MISSING, report).await?;
    }
    find().ok_or_else(|| CheckError::Missing(MISSING.to_owned()))
}

/// The npm package of the second real agent that is spoken to over ACP.
const GEMINI: &str = "@google/gemini-cli@0.61.0";

/// The PATH, with every agent on it that the tests drive.
pub(super) async fn path_with_agents(report: &Report) -> Result<OsString, CheckError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = path_with_npm("opencode", OPENCODE, path, report).await?;
    path_with_npm("gemini", GEMINI, path, report).await
}

/// The PATH, with a program of an npm package on it.
async fn path_with_npm(program: &str, package: &str, path: OsString, report: &Report) -> Result<OsString, CheckError> {
    path_with(program, package, path, async |home| {
        let install = Command::new("npm", "npm", steps::logs().join(format!("{program}.log")))
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(home)
            .arg(package);
        steps::heard(install, report).await
    })
    .await
}

/// The PATH, with a program on it: when there is none, `install` puts it into a directory of the user's cache, which has
/// the package's name and version.
async fn path_with(
    program: &str,
    package: &str,
    path: OsString,
    install: impl AsyncFnOnce(&Path) -> Result<(), CheckError>,
) -> Result<OsString, CheckError> {
    if which::which(program).is_ok() {
        return Ok(path);
    }
    // A scope is no part of the directory's name.
    let home = cache()?.join(package.rsplit('/').next().unwrap_or(package));
    let places = [home.join("node_modules").join(".bin"), home.clone()];
    let found = || places.iter().find(|place| place.join(program).exists());
    if found().is_none() {
        std::fs::create_dir_all(&home).map_err(failed(&home))?;
        install(&home).await?;
    }
    let Some(place) = found() else {
        return Err(CheckError::Missing(format!("{package} has no {program}: look into {}", home.display())));
    };
    let all = std::iter::once(place.clone()).chain(std::env::split_paths(&path));
    std::env::join_paths(all).map_err(|error| CheckError::Missing(error.to_string()))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> CheckError {
    let path = path.to_owned();
    move |source| CheckError::File { path: path.clone(), source }
}

/// A Python with packages of ours.
#[derive(Debug)]
pub(super) struct Python {
    /// The interpreter.
    pub program: PathBuf,
    /// Its `PYTHONPATH`.
    pub path: PathBuf,
}

/// The packages that the file `pins` (from the top of the repository) names with their versions, in the user's cache;
/// Python itself is Debian's or the user's.
pub(super) async fn python(name: &str, pins: &str, report: &Report) -> Result<Python, CheckError> {
    const MISSING: &str = "Python 3.11 or newer with pip is missing: install it to try out the API and the chart";
    let pip = || {
        let program = which::which("python3").ok()?;
        let asked = std::process::Command::new(&program).args(["-m", "pip", "--version"]).output().ok()?;
        asked.status.success().then_some(program)
    };
    if pip().is_none() {
        debian("python3-pip", MISSING, report).await?;
    }
    let program = pip().ok_or_else(|| CheckError::Missing(MISSING.to_owned()))?;
    let pins = workspace::root().join(pins);
    let digest = HEXLOWER.encode(&Sha256::digest(std::fs::read(&pins).map_err(failed(&pins))?));
    let home = cache()?.join(format!("{name}-{}", digest.get(..12).unwrap_or_default()));
    if !home.exists() {
        // Not into its place until it is whole.
        let begun = home.with_extension("begun");
        let _ = std::fs::remove_dir_all(&begun);
        let install = Command::new("pip", &program, steps::logs().join(format!("{name}-install.log")))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"])
            .arg(&begun)
            .arg("--requirement")
            .arg(&pins);
        steps::heard(install, report).await?;
        std::fs::rename(&begun, &home).map_err(failed(&home))?;
    }
    Ok(Python { program, path: home })
}

fn cache() -> Result<PathBuf, CheckError> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let missing = || CheckError::Missing("neither XDG_CACHE_HOME nor HOME is set".to_owned());
    Ok(cache.ok_or_else(missing)?.join("muster"))
}

/// Installs one of Debian's packages, if this is Debian and we may.
async fn debian(package: &str, otherwise: &str, report: &Report) -> Result<(), CheckError> {
    if which::which("apt-get").is_err() || !nix::unistd::geteuid().is_root() {
        return Err(CheckError::Missing(otherwise.to_owned()));
    }
    let apt = |arguments: &[&str]| {
        Command::new("apt-get", "apt-get", steps::logs().join("apt-get.log"))
            .args(arguments.iter().copied())
            .env("DEBIAN_FRONTEND", "noninteractive")
    };
    let update: Result<_, ProcessError> = tool::run(apt(&["update"]), |_| {}).await;
    update?;
    steps::heard(apt(&["install", "--yes", "--no-install-recommends", package]), report).await
}

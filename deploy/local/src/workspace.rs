//! This repository, and what cargo makes of it.

use std::path::{Path, PathBuf};

use muster_testkit::{binaries, process::Command};

use crate::{
    report::Report,
    tool::{Tool, ToolError},
};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo says where we are now; what was compiled in is only where we were built.
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.ancestors().nth(2).map_or_else(|| package.clone(), Path::to_owned)
}

/// The directory of web sources.
pub(crate) fn web() -> PathBuf {
    root().join("web")
}

/// cargo, for the same target directory and profile that we were built with: a
/// build shares with ours what both need, and whoever wants optimised services
/// says `cargo run --release --bin muster -- up`.
pub(crate) fn cargo(log: &Path) -> Command {
    let mut command = Command::new("cargo", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), log)
        .directory(root())
        .env("CARGO_TERM_COLOR", if console::colors_enabled_stderr() { "always" } else { "never" });
    if let Some(target) = binaries::directory().parent() {
        command = command.env("CARGO_TARGET_DIR", target);
    }
    command
}

/// `--release` or `--profile …`, as we were built.
pub(crate) fn profile() -> Vec<String> {
    match binaries::directory().file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => Vec::new(),
        Some("release") => vec!["--release".to_owned()],
        Some(other) => vec!["--profile".to_owned(), other.to_owned()],
    }
}

/// Builds every program, or that of one package.
pub(crate) async fn build(package: Option<&str>, logs: &Path, report: &Report) -> Result<(), ToolError> {
    let mut command = cargo(&logs.join("build.log")).args(["build", "--locked", "--bins"]).args(profile());
    command = match package {
        Some(package) => command.args(["--package", package]),
        // All of the workspace and not only the services: cargo chooses the features of what they share by
        // what it is asked for, and this is what the tests ask for.
        None => command.arg("--workspace"),
    };
    Tool::new("building the services (a first time takes minutes)", command).run(report).await
}

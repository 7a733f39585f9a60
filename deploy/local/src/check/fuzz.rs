//! Inputs by chance, for long: cargo-fuzz on bytes, schemathesis on requests, fast-check on Markdown.

use std::{path::PathBuf, process::ExitCode};

use super::{CheckError, api, steps};
use crate::{cli, interrupt::Interrupt, report::Report, tool, web, workspace};

/// Pinned: it chooses the compiler's flags.
const CARGO_FUZZ: &str = "0.13.2";
/// The running API, which is no target of cargo-fuzz.
const API: &str = "api";
/// What the page makes of a reply, which is none either.
const MARKDOWN: &str = "markdown";

/// Tries one target, or all in turn.
pub(crate) async fn run(options: &cli::Fuzz, report: &Report) -> Result<ExitCode, CheckError> {
    let targets = chosen(options.target.as_deref(), targets()?)?;
    let mut interrupt = Interrupt::new().map_err(CheckError::Signals)?;
    tokio::select! {
        done = all(&targets, options.minutes, report) => done.map(|()| ExitCode::SUCCESS),
        // What runs is killed as it is dropped.
        () = interrupt.asked() => Ok(ExitCode::from(super::INTERRUPTED)),
    }
}

async fn all(targets: &[String], minutes: u32, report: &Report) -> Result<(), CheckError> {
    for target in targets {
        report.line(&format!("\n=== {target}: {minutes} min"));
        match target.as_str() {
            API => api::run(api::Length::Minutes(minutes), report).await?,
            MARKDOWN => markdown(minutes, report).await?,
            target => cargo_fuzz(target, minutes, report).await?,
        }
    }
    Ok(())
}

async fn cargo_fuzz(target: &str, minutes: u32, report: &Report) -> Result<(), CheckError> {
    let version = workspace::cargo(&steps::logs().join("fuzz-version.log")).args(["fuzz", "--version"]);
    let (status, _) = tool::run(version, |_| {}).await?;
    if !status.is_some_and(|status| status.success()) {
        let install = ["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked"];
        steps::cargo("fuzz-install", &install, report).await?;
    }
    let logs = steps::logs();
    // Grows, and is nobody's source: libFuzzer writes into the first directory, and only reads the others.
    let corpus = logs.join("corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|source| CheckError::File { path: corpus.clone(), source })?;
    // No sanitizer: the code is safe Rust, and without one the pinned stable toolchain will do.
    let run = workspace::cargo(&logs.join("fuzz.log"))
        .env("CARGO_TARGET_DIR", logs.join("fuzz"))
        // Each target is linked by itself, and none is shipped.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .args(["fuzz", "run", "--fuzz-dir", "libs/fuzz", "--sanitizer", "none", "--features", "libfuzzer", target])
        .arg(&corpus)
        .arg(home().join("seeds").join(target))
        .args(["--".to_owned(), format!("-max_total_time={}", minutes * 60), "-timeout=10".to_owned()]);
    steps::heard(run, report).await
}

async fn markdown(minutes: u32, report: &Report) -> Result<(), CheckError> {
    web::packages(&steps::logs(), report).await?;
    let run = web::npm(&steps::logs().join("markdown.log")).env("VITE_FUZZ_MINUTES", minutes.to_string());
    steps::heard(run.args(["run", "test", "--", "markdown.test.tsx"]), report).await
}

fn home() -> PathBuf {
    workspace::root().join("libs/fuzz")
}

/// Every target that there is, by name.
fn targets() -> Result<Vec<String>, CheckError> {
    let home = home().join("targets");
    let failed = |source| CheckError::File { path: home.clone(), source };
    let files = std::fs::read_dir(&home).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let name = |file: std::fs::DirEntry| Some(file.path().file_stem()?.to_string_lossy().into_owned());
    let mut names: Vec<String> = files.into_iter().filter_map(name).collect();
    names.sort();
    names.extend([API, MARKDOWN].map(str::to_owned));
    Ok(names)
}

fn chosen(asked: Option<&str>, targets: Vec<String>) -> Result<Vec<String>, CheckError> {
    match asked {
        None => Ok(targets),
        Some(asked) if targets.iter().any(|target| target == asked) => Ok(vec![asked.to_owned()]),
        Some(asked) => {
            Err(CheckError::Missing(format!("{asked} is not one of the targets, which are {}", targets.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_target_or_all_are_chosen_and_another_is_refused() {
        let all = targets().unwrap();
        assert!(all.iter().any(|target| target == "subject") && all.iter().any(|target| target == API), "{all:?}");
        assert_eq!(chosen(Some("frame"), all.clone()).unwrap(), ["frame"]);
        assert_eq!(chosen(None, all.clone()).unwrap(), all);
        let refused = chosen(Some("frames"), all).unwrap_err().to_string();
        assert!(refused.contains("frames") && refused.contains("token"), "{refused}");
    }
}

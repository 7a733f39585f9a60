//! `cargo muster bench`: figures of what a person feels, on everything freshly started.

use std::process::ExitCode;

use super::{CheckError, browser, needs, stack::Stack, steps};
use crate::{
    cli::{self, Measured},
    interrupt::Interrupt,
    report::Report,
    web,
};

/// Measures it; a figure that is missed is an error.
pub(crate) async fn run(options: &cli::Bench, report: &Report) -> Result<ExitCode, CheckError> {
    let mut interrupt = Interrupt::new().map_err(CheckError::Signals)?;
    let Measured::Web = options.what;
    tokio::select! {
        done = page(report) => done.map(|()| ExitCode::SUCCESS),
        // What runs is killed as it is dropped.
        () = interrupt.asked() => Ok(ExitCode::from(super::INTERRUPTED)),
    }
}

/// The page as it is shipped, in Chromium.
async fn page(report: &Report) -> Result<(), CheckError> {
    let chromium = needs::chromium(report).await?;
    web::packages(&steps::logs(), report).await?;
    steps::build(report).await?;
    let stack = Stack::start("bench-up.log", &["--bare"], &[]).await?;
    let figures = steps::logs().join("bench-web.json");
    let bench = browser::against(&stack, "bench", chromium)?.env("MUSTER_BENCH_REPORT", &figures);
    let outcome = steps::heard(bench, report).await;
    stack.stop().await;
    if figures.is_file() {
        report.line(&format!("all of it is in {}", figures.display()));
    }
    outcome
}

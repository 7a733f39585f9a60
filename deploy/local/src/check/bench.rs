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
    let measured = async {
        match options.what {
            Measured::Web => page(report).await,
            Measured::Tokens => tokens(report).await,
        }
    };
    tokio::select! {
        done = measured => done.map(|()| ExitCode::SUCCESS),
        // What runs is killed as it is dropped.
        () = interrupt.asked() => Ok(ExitCode::from(super::INTERRUPTED)),
    }
}

/// A worker under a stream of tokens.
async fn tokens(report: &Report) -> Result<(), CheckError> {
    steps::build(report).await?;
    let told = |round, of| report.line(&format!("round {} of {of}", round + 1));
    let path = steps::logs().join("bench-tokens.json");
    let file = |source| CheckError::File { path: path.clone(), source };
    let figures = muster_bench::tokens::measure(told).await.map_err(file)?;
    std::fs::write(&path, serde_json::to_vec_pretty(&figures).map_err(|error| file(error.into()))?).map_err(file)?;
    for figure in &figures {
        report.line(&figure.to_string());
    }
    report.line(&format!("all of it is in {}", path.display()));
    match figures.iter().filter(|figure| !figure.holds()).count() {
        0 => Ok(()),
        missed => Err(CheckError::Failed {
            command: "bench tokens".to_owned(),
            status: format!("{missed} of {} figures are missed", figures.len()),
        }),
    }
}

/// The page as it is shipped, in Chromium.
async fn page(report: &Report) -> Result<(), CheckError> {
    let chromium = needs::chromium(report).await?;
    web::build(&steps::logs(), report).await?;
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

//! `cargo muster test`: everything that must hold, step by step.

mod api;
mod bench;
mod browser;
mod failures;
mod fuzz;
mod needs;
mod stack;
mod steps;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

pub(crate) use bench::run as bench;
pub(crate) use fuzz::run as fuzz;
pub(crate) use steps::{CheckError, StepName};

use crate::{cli, interrupt::Interrupt, report::Report};

/// What a shell answers for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// How a step went.
struct Outcome {
    name: &'static str,
    result: Result<(), CheckError>,
    took: Duration,
}

/// Runs the chosen steps; one that fails does not stop the others.
pub(crate) async fn run(options: &cli::Test, report: &Report) -> Result<ExitCode, CheckError> {
    let mut interrupt = Interrupt::new().map_err(CheckError::Signals)?;
    tokio::select! {
        outcomes = all(options, report) => Ok(summary(&outcomes, report)),
        // What runs is killed as it is dropped.
        () = interrupt.asked() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

async fn all(options: &cli::Test, report: &Report) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for &step in StepName::ALL {
        if !chosen(step, options) {
            continue;
        }
        report.line(&format!("\n=== {}: {}", step.name(), step.meaning()));
        let begun = Instant::now();
        let result = steps::run(step, report).await;
        outcomes.push(Outcome { name: step.name(), result, took: begun.elapsed() });
    }
    outcomes
}

fn chosen(step: StepName, options: &cli::Test) -> bool {
    (options.only.is_empty() || options.only.contains(&step)) && !options.skip.contains(&step)
}

fn summary(outcomes: &[Outcome], report: &Report) -> ExitCode {
    for Outcome { name, result, .. } in outcomes {
        if let Err(error) = result {
            report.line(&format!("\n{name}: {error}"));
        }
    }
    report.line("");
    for Outcome { name, result, took } in outcomes {
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        report.line(&format!("{name:<10} {word}  {:>6.1} s", took.as_secs_f32()));
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    report.line(&format!("\n{} passed, {failed} failed", outcomes.len() - failed));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_chosen_or_left_out() {
        let only = cli::Test { only: vec![StepName::Format], skip: vec![] };
        assert!(chosen(StepName::Format, &only) && !chosen(StepName::Clippy, &only));
        let skip = cli::Test { only: vec![], skip: vec![StepName::Browser] };
        assert!(chosen(StepName::Format, &skip) && !chosen(StepName::Browser, &skip));
    }
}

//! `cargo muster soak`: faults by chance on a whole stack at work, round after round.

mod table;

use std::{
    any::Any,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use muster_testkit::{
    binaries,
    scenario::{Length, Plan, Round, Shape, World},
    stack::{Engine, Setup},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{cli, interrupt::Interrupt, report::Report, tool::ToolError, workspace};
use table::{Outcome, Table};

/// What a shell answers for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoakError {
    #[error("listening for Ctrl-C: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Rounds until the time is over, or as many as were asked for. What does not hold does not stop the others.
pub(crate) async fn run(options: &cli::Soak, report: &Report) -> Result<ExitCode, SoakError> {
    let mut interrupt = Interrupt::new().map_err(SoakError::Signals)?;
    let mut table = Table::new(options.cluster);
    let asked_to_end = tokio::select! {
        done = rounds(options, &mut table, report) => done.map(|()| false)?,
        // What runs is killed as it is dropped.
        () = interrupt.asked() => true,
    };
    let path = options.report.clone().unwrap_or_else(|| target().join("soak.json"));
    std::fs::create_dir_all(path.parent().unwrap_or(&path))
        .and_then(|()| std::fs::write(&path, table.json()))
        .map_err(|source| SoakError::File { path: path.clone(), source })?;
    for line in table.lines() {
        report.line(&line);
    }
    report.line(&format!("all of it is in {}", path.display()));
    Ok(match (table.failed().next(), asked_to_end) {
        (Some(_), _) => ExitCode::FAILURE,
        (None, true) => ExitCode::from(INTERRUPTED),
        (None, false) => ExitCode::SUCCESS,
    })
}

async fn rounds(options: &cli::Soak, table: &mut Table, report: &Report) -> Result<(), SoakError> {
    workspace::build(None, &target(), report).await?;
    // What does not hold is a panic, as in the tests; it is told in the table.
    std::panic::set_hook(Box::new(|_| {}));
    let (shape, begun) = (if options.cluster { Shape::CLUSTER } else { Shape::SINGLE }, Instant::now());
    let over = |round: u64| match options.rounds {
        Some(rounds) => round >= rounds,
        None => begun.elapsed() >= Duration::from_secs(u64::from(options.minutes) * 60),
    };
    let mut world = None;
    for round in 0.. {
        if over(round) {
            break;
        }
        let seed = options.seed.wrapping_add(round);
        let plan = Plan::of(seed, shape, Length::Long);
        let step = report.step(&format!("round {} (seed {seed}): {plan}", round + 1));
        let outcome = match one(world.take(), shape, plan.clone()).await {
            Ok((went_on, held)) => {
                world = Some(went_on);
                Ok(held)
            }
            Err(broken) => Err(broken),
        };
        let outcome = Outcome { seed, plan, held: outcome };
        step.done(&outcome.line());
        table.add(outcome);
    }
    Ok(())
}

/// A round in this world, or in a new one; what does not hold is told, and its world is gone.
async fn one(world: Option<World>, shape: Shape, plan: Plan) -> Result<(World, Round), String> {
    let running = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut world = match world {
            Some(world) => world,
            None => World::begin(setup(shape)).await,
        };
        let round = world.round(&plan).await;
        (world, round)
    }));
    running.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => words(panic.as_ref()),
        Err(error) => error.to_string(),
    })
}

fn setup(shape: Shape) -> Setup {
    let setup = Setup::on(Engine::Postgres).linked();
    if shape == Shape::SINGLE { setup } else { setup.clustered().instances(shape.instances) }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it broke without words").to_owned()
}

fn target() -> PathBuf {
    binaries::directory().parent().map(PathBuf::from).unwrap_or_default().join("check")
}

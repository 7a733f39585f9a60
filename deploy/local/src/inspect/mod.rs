//! What is stored and what is live on the broker, read as what it is.

mod broker;
mod show;
mod what;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::SystemTime,
};

use futures_util::StreamExt as _;
use muster_bus::{Inspector, ReadFrom, Seen};

use self::{show::Shower, what::What};
use crate::{cli, interrupt::Interrupt, report::Report};

/// Messages that are read at once.
const BATCH: usize = 500;

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InspectError {
    /// What is asked for is not there to be looked at.
    #[error(transparent)]
    What(#[from] what::WhatError),
    /// The broker is not to be had.
    #[error(transparent)]
    Broker(#[from] broker::BrokerError),
    /// The broker goes away.
    #[error("the broker does not answer any more: {0}")]
    Lost(String),
    /// The messages' definitions cannot be read.
    #[error("the messages' definitions cannot be read: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// Nothing can be written.
    #[error("cannot write: {0}")]
    Output(io::Error),
    /// We could not be interrupted.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
}

/// Shows what is asked for, until there is no more of it.
pub(crate) async fn run(options: &cli::Inspect, report: &Report) -> Result<ExitCode, InspectError> {
    #[expect(clippy::disallowed_methods, reason = "--since is of the person's time")]
    let what = What::of(options, SystemTime::now())?;
    let mut output = Output { shower: Shower::new(options.json)?, left: options.limit.unwrap_or(u64::MAX) };
    let mut interrupt = Interrupt::new().map_err(InspectError::Signals)?;
    let shown = async {
        let inspector = broker::connect(options).await?;
        let shown = show(&inspector, &what, &mut output, report).await;
        inspector.close().await;
        shown
    };
    let shown = tokio::select! {
        shown = shown => shown,
        () = interrupt.asked() => return Ok(ExitCode::SUCCESS),
    };
    match shown {
        // Whoever read it has enough.
        Err(InspectError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        shown => shown.map(|()| ExitCode::SUCCESS),
    }
}

async fn show(inspector: &Inspector, what: &What, output: &mut Output, report: &Report) -> Result<(), InspectError> {
    let lost = |error: &dyn std::fmt::Display| InspectError::Lost(error.to_string());
    // What is stored while the rest is read comes along the tail.
    let tail = match what.live() {
        Some(live) => Some(inspector.follow(live).await.map_err(|error| lost(&error))?),
        None => None,
    };
    let mut after = 0;
    if let What::Stored { stream, filter, from, .. } = what {
        let mut from = from.clone();
        loop {
            let batch = inspector.read(stream, filter, &from, BATCH).await.map_err(|error| lost(&error))?;
            for seen in &batch.messages {
                after = seen.sequence;
                if output.show(seen)? {
                    return Ok(());
                }
            }
            if !batch.more {
                break;
            }
            from = ReadFrom::Sequence(after + 1);
        }
    }
    let Some(mut tail) = tail else { return Ok(()) };
    if what.is_live_only() {
        report.say("nothing is shown but what is stored from now on; Ctrl-C ends it");
    }
    let before = inspector.connection();
    while let Some(seen) = tail.next().await {
        if inspector.connection() != before {
            return Err(InspectError::Lost(
                "some of what is live may be missing; --from goes on behind a sequence".into(),
            ));
        }
        if seen.sequence > after && output.show(&seen)? {
            return Ok(());
        }
    }
    Err(InspectError::Lost("the connection is closed".to_owned()))
}

/// Standard output, and how much may still come.
struct Output {
    shower: Shower,
    left: u64,
}

impl Output {
    /// Whether it was the last.
    fn show(&mut self, seen: &Seen) -> Result<bool, InspectError> {
        let mut out = io::stdout().lock();
        let written = out.write_all(self.shower.text(seen).as_bytes()).and_then(|()| out.flush());
        written.map_err(InspectError::Output)?;
        self.left = self.left.saturating_sub(1);
        Ok(self.left == 0)
    }
}

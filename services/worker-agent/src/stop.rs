//! What ends the process in order.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Exit};

/// SIGINT or SIGTERM, or the end of standard input.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    untied: CancellationToken,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self, Exit> {
        let on = |kind| {
            signal(kind).map_err(|error| Exit::new(Code::Unavailable, format!("Signals cannot be heard: {error}.")))
        };
        let (interrupt, terminate) = (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, untied: CancellationToken::new() })
    }

    /// Whoever started us holds the other end of our standard input for as long as it lives.
    pub(crate) fn with_standard_input(&self) {
        let untied = self.untied.clone();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            untied.cancel();
        });
    }

    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = self.untied.cancelled() => {}
        }
    }
}

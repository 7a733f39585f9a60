//! Stopping a turn, with what it still says.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    Talk,
    look::{of_turn, waiting},
};
use crate::backend::opencode::{requests, server::Running};

/// How long the last words of a stopped turn are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long an abort is waited for; it goes on without us.
const ABORT: Duration = Duration::from_secs(2);

impl Talk<'_> {
    /// Stops the session and takes what it still says.
    pub(super) async fn stop(&mut self) {
        let Some(session) = self.session.clone() else { return };
        // What it says from here on is read from its record; unheard, it would keep other sessions from being heard.
        self.ear = None;
        let running = self.running.clone();
        let directory = self.turn.directory.clone();
        self.answers.clear();
        // In a task of its own: it may take longer than the turn is given.
        let aborting = tokio::spawn({
            let (running, directory, session) = (running.clone(), directory.clone(), Arc::clone(&session));
            async move { abort(&running, &directory, &session).await }
        });
        if timeout(ABORT, aborting).await.is_err() {
            tracing::warn!("opencode takes its time to stop a turn");
        }
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline {
            let busy = running.client.busy(&directory, &session).await.unwrap_or(false);
            let Ok(record) = running.client.messages(&directory, &session).await else { break };
            self.transcript.reconcile(&record);
            let open = record.iter().any(|message| {
                self.transcript.is_answer(&message.info)
                    && message.info.time.completed.is_none()
                    && message.info.error.is_none()
            });
            if !busy && !open && self.transcript.knows_changes() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.end().await;
    }
}

async fn abort(running: &Running, directory: &Path, session: &str) {
    if let Err(error) = running.client.abort(directory, session).await {
        tracing::warn!(%error, "opencode could not stop a turn");
    }
    // It would wait for ever, also for what nobody has heard of here.
    let left = waiting(running, directory).await.unwrap_or_default();
    let left = of_turn(running, directory, session, left).await;
    // The next turn has begun meanwhile: it may be its own.
    if running.hub.hears(session) {
        return;
    }
    for (waiting, _) in left {
        requests::withdraw(&running.client, directory, &waiting).await;
    }
}

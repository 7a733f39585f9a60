//! An agent that says nothing: whether it thinks or hangs only a person can guess, so they are told.

use std::{future::pending, time::Duration};

use tokio::time::{Instant, sleep_until};

/// How long is waited without a word, where the command line does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// The silence of one turn.
#[derive(Debug)]
pub(super) struct Silence {
    patience: Duration,
    since: Instant,
    told: u32,
    /// The user knows of this one.
    is_told: bool,
}

impl Silence {
    /// It begins now. `seconds` are those of the command line.
    pub(super) fn new(seconds: Option<u64>) -> Self {
        let patience = seconds.map_or(PATIENCE, Duration::from_secs);
        Self { patience, since: Instant::now(), told: 0, is_told: false }
    }

    /// Something was heard.
    pub(super) fn broken(&mut self) {
        (self.since, self.is_told) = (Instant::now(), false);
    }

    /// Waits until it has lasted too long. `excused`: the agent waits for a tool or for the user, so it may.
    pub(super) async fn too_long(&self, excused: bool) {
        if excused || self.is_told {
            return pending().await;
        }
        sleep_until(self.since + self.patience).await;
    }

    /// The name and the text of the notice, once for each silence.
    pub(super) fn notice(&mut self, agent: &str) -> (String, String) {
        self.is_told = true;
        self.told += 1;
        let seconds = self.patience.as_secs();
        let text = format!(
            "Nothing was heard from {agent} for {seconds} seconds: it may be thinking, or its model may hang. Stop \
             this reply if you do not want to wait."
        );
        (format!("silence {}", self.told), text)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_silence_is_told_once_unless_it_is_excused() {
        let mut silence = Silence::new(Some(5));
        let lasts = |silence: &Silence, excused| {
            let (since, told) = (silence.since, silence.is_told);
            let silence = Silence { since, is_told: told, ..Silence::new(Some(5)) };
            async move { timeout(Duration::from_secs(60), silence.too_long(excused)).await.is_ok() }
        };
        assert!(!lasts(&silence, true).await, "a tool may take long");
        assert!(lasts(&silence, false).await);
        assert_eq!(silence.notice("It").0, "silence 1");
        assert!(!lasts(&silence, false).await, "it is told already");
        silence.broken();
        assert!(lasts(&silence, false).await);
        assert_eq!(silence.notice("It").0, "silence 2");
    }
}

//! What may be asked twice is asked again when no answer comes.
//!
//! Of a cluster's servers, or of a service's instances, one may die with a question that went to it; the others know
//! nothing of it.

use std::{future::Future, time::Duration};

use async_nats::Message;
use bytes::Bytes;
use tokio::time::timeout;

use crate::{Bus, ReadError, TIMEOUT};

/// How long the first time may be silent: longer than a round trip over any link takes. Each next one is twice as
/// long, up to [`TIMEOUT`] in all.
const FIRST: Duration = Duration::from_secs(1);

/// Asks until there is an answer. What asks is told how long silence may last, and fails only of silence.
pub(crate) async fn again<T, E, F>(ask: impl Fn(Duration) -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let (mut silence, mut left) = (FIRST, TIMEOUT);
    loop {
        let asked = ask(silence.min(left)).await;
        if asked.is_ok() || left <= silence {
            return asked;
        }
        left -= silence;
        silence *= 2;
    }
}

impl Bus {
    /// Asks what has one answer and may be asked twice.
    pub(crate) async fn inquire(&self, subject: &str, request: &Bytes) -> Result<Message, ReadError> {
        again(|silence| timeout(silence, self.client.request(subject.to_owned(), request.clone())))
            .await
            .map_err(|_| ReadError::Unavailable)?
            .map_err(|_| ReadError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_question_that_was_lost_is_asked_again_soon() {
        let (asked, begun) = (Cell::new(0), Instant::now());
        let answer = again(|silence| {
            asked.set(asked.get() + 1);
            let takes = if asked.get() == 1 { TIMEOUT * 2 } else { Duration::from_millis(10) };
            timeout(silence, sleep(takes))
        });
        assert!(answer.await.is_ok());
        assert_eq!(asked.get(), 2);
        assert!(begun.elapsed() < FIRST * 2, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_answers_slowly_is_waited_for_and_who_never_does_is_given_up() {
        let begun = Instant::now();
        let slow = again(|silence| timeout(silence, sleep(FIRST + FIRST / 2)));
        assert!(slow.await.is_ok());
        assert!(begun.elapsed() < TIMEOUT);
        let begun = Instant::now();
        let never = again(|silence| timeout(silence, std::future::pending::<()>()));
        assert!(never.await.is_err());
        assert_eq!(begun.elapsed().as_secs(), TIMEOUT.as_secs());
    }
}

//! How much of a stream matches a filter.

use crate::{Bus, read::ReadError};

/// Places of the stream at which messages are weighed, and messages at each.
const PLACES: u64 = 8;
const AT_EACH: usize = 4;
/// What a message takes beside its payload: its subject, headers, and the store's own record.
const BESIDE: u64 = 256;

impl Bus {
    /// How many messages match. The broker knows that without looking at them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn count(&self, stream: &str, filter: &str, from: u64) -> Result<u64, ReadError> {
        let found = self.read(stream, filter, from, 1).await?.found;
        Ok(found.messages.saturating_add(found.pending))
    }

    /// About how many bytes a message that matches takes, by some of them from all over the stream; 0: there is none.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn mean_size(&self, stream: &str, filter: &str, (first, last): (u64, u64)) -> Result<u64, ReadError> {
        let (mut bytes, mut messages) = (0_u64, 0_u64);
        for place in 0..PLACES {
            let from = first + last.saturating_sub(first) / PLACES * place;
            let found = self.read(stream, filter, from, AT_EACH).await?.found;
            bytes = bytes.saturating_add(found.bytes);
            messages += found.messages;
        }
        Ok(bytes.checked_div(messages).map_or(0, |mean| mean + BESIDE))
    }
}

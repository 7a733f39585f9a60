//! Folds what a worker wrote about a reply into the reply.
//!
//! Text parts never interleave: whoever writes a reply opens a new text part
//! rather than going back to an earlier one. So the text in the order in which
//! it was written is the text parts joined, and one running hash covers it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::v1::{
    Chunk, Part, RequestAsked, RequestKind, RequestPart, TextDelta, TextPart, ToolState, chunk::Change, part::Kind,
};

/// A reply as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    parts: Vec<Part>,
    number: u64,
    hash: Sha256,
}

/// What was given is not the next of this reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("number {got} does not follow {have}")]
pub struct OutOfOrder {
    /// The number that the reply has.
    pub have: u64,
    /// The number that came.
    pub got: u64,
}

impl Reply {
    /// Adds a chunk; one whose number it has already changes nothing.
    ///
    /// # Errors
    /// When a number before it is missing.
    pub fn chunk(&mut self, chunk: Chunk) -> Result<(), OutOfOrder> {
        let Chunk { number, timestamp, change } = chunk;
        if !self.advance(number)? {
            return Ok(());
        }
        match change {
            Some(Change::Text(delta)) => {
                self.hash.update(delta.append.as_bytes());
                self.append(delta, timestamp, Kind::Text);
            }
            Some(Change::Reasoning(delta)) => self.append(delta, timestamp, Kind::Reasoning),
            Some(Change::Part(part)) => self.replace(part),
            None => {}
        }
        Ok(())
    }

    /// Adds a request of the backend.
    ///
    /// # Errors
    /// When a number before it is missing.
    pub fn request(&mut self, asked: RequestAsked) -> Result<(), OutOfOrder> {
        let RequestAsked { number, timestamp, part_id, body, withdrawn_at } = asked;
        if !self.advance(number)? {
            return Ok(());
        }
        let body = body.unwrap_or_default();
        let reference = RequestPart { request_id: body.request_id.clone() };
        let kind = match body.kind() {
            RequestKind::Question => Kind::Question(reference),
            RequestKind::Permission | RequestKind::Unspecified => Kind::Permission(reference),
        };
        self.replace(Part { part_id, started_at: timestamp, ended_at: withdrawn_at, kind: Some(kind) });
        Ok(())
    }

    /// Continues from parts that were folded before, up to `number`.
    #[must_use]
    pub fn resume(parts: Vec<Part>, number: u64) -> Self {
        let mut hash = Sha256::new();
        for part in &parts {
            if let Some(Kind::Text(TextPart { text })) = &part.kind {
                hash.update(text.as_bytes());
            }
        }
        Self { parts, number, hash }
    }

    /// The number of the last chunk or request in it.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// SHA-256 over the text so far.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The same in hex, as the page sees it.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        HEXLOWER.encode(&self.hash())
    }

    /// The text parts joined.
    #[must_use]
    pub fn content(&self) -> String {
        content(&self.parts)
    }

    /// The parts in the order in which they began.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts of a reply that is over since `at`: a tool that was open then will not be finished by anybody.
    #[must_use]
    pub fn finished(&self, at: i64) -> Vec<Part> {
        let mut parts = self.parts.clone();
        for part in &mut parts {
            if let Some(Kind::Tool(tool)) = &mut part.kind
                && matches!(tool.state(), ToolState::ToolPending | ToolState::ToolRunning)
            {
                tool.set_state(ToolState::ToolError);
                part.ended_at = Some(at);
            }
        }
        parts
    }

    /// The parts, taken out.
    #[must_use]
    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Whether `number` is the next one; a lower one is known already.
    fn advance(&mut self, number: u64) -> Result<bool, OutOfOrder> {
        if number <= self.number {
            return Ok(false);
        }
        if number != self.number + 1 {
            return Err(OutOfOrder { have: self.number, got: number });
        }
        self.number = number;
        Ok(true)
    }

    fn append(&mut self, delta: TextDelta, timestamp: i64, kind: fn(TextPart) -> Kind) {
        let TextDelta { part_id, append } = delta;
        match self.parts.iter_mut().rev().find(|part| part.part_id == part_id) {
            Some(Part { kind: Some(Kind::Text(part) | Kind::Reasoning(part)), ended_at, .. }) => {
                part.text.push_str(&append);
                *ended_at = Some(timestamp);
            }
            _ => self.parts.push(Part {
                part_id,
                started_at: timestamp,
                ended_at: Some(timestamp),
                kind: Some(kind(TextPart { text: append })),
            }),
        }
    }

    fn replace(&mut self, part: Part) {
        match self.parts.iter_mut().rev().find(|known| known.part_id == part.part_id) {
            Some(known) => *known = part,
            None => self.parts.push(part),
        }
    }
}

/// The text parts joined.
#[must_use]
pub fn content(parts: &[Part]) -> String {
    parts
        .iter()
        .filter_map(|part| match &part.kind {
            Some(Kind::Text(TextPart { text })) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ToolPart;

    fn text(number: u64, part: &str, append: &str) -> Chunk {
        let delta = TextDelta { part_id: part.into(), append: append.into() };
        Chunk { number, timestamp: 1, change: Some(Change::Text(delta)) }
    }

    #[test]
    fn text_is_joined_and_hashed_in_order() {
        let mut reply = Reply::default();
        reply.chunk(text(1, "p1", "lo")).unwrap();
        reply.chunk(text(2, "p1", "rem ")).unwrap();
        reply.chunk(text(3, "p2", "ipsum")).unwrap();
        assert_eq!(reply.content(), "lorem ipsum");
        assert_eq!(reply.hash_hex(), HEXLOWER.encode(&Sha256::digest("lorem ipsum")));
        assert_eq!(reply.parts().len(), 2);
    }

    #[test]
    fn a_known_number_changes_nothing_and_a_gap_is_an_error() {
        let mut reply = Reply::default();
        reply.chunk(text(1, "p1", "a")).unwrap();
        reply.chunk(text(1, "p1", "a")).unwrap();
        assert_eq!(reply.content(), "a");
        assert_eq!(reply.chunk(text(3, "p1", "c")), Err(OutOfOrder { have: 1, got: 3 }));
        assert_eq!(reply.number(), 1);
    }

    #[test]
    fn a_tool_that_is_open_when_a_reply_ends_has_ended_with_it() {
        let tool = |number: u64, state: ToolState| {
            let tool = ToolPart { output: "so far".into(), state: state.into(), ..ToolPart::default() };
            let part = Part { part_id: format!("p{number}"), kind: Some(Kind::Tool(tool)), ..Part::default() };
            Chunk { number, timestamp: 1, change: Some(Change::Part(part)) }
        };
        let mut reply = Reply::default();
        for (number, state) in [(1, ToolState::ToolRunning), (2, ToolState::ToolPending), (3, ToolState::ToolCompleted)]
        {
            reply.chunk(tool(number, state)).unwrap();
        }
        let ended = reply.finished(9).into_iter().map(|part| match part.kind {
            Some(Kind::Tool(tool)) => (tool.state(), tool.output, part.ended_at),
            other => panic!("{other:?}"),
        });
        let so_far = |state, ended_at| (state, "so far".to_owned(), ended_at);
        let wanted = [
            so_far(ToolState::ToolError, Some(9)),
            so_far(ToolState::ToolError, Some(9)),
            so_far(ToolState::ToolCompleted, None),
        ];
        assert_eq!(ended.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_resumed_reply_goes_on_to_the_same_end() {
        let mut whole = Reply::default();
        whole.chunk(text(1, "p1", "a")).unwrap();
        let mut resumed = Reply::resume(whole.parts().to_vec(), whole.number());
        for reply in [&mut whole, &mut resumed] {
            reply.chunk(text(2, "p1", "b")).unwrap();
        }
        assert_eq!(whole.hash(), resumed.hash());
        assert_eq!(whole.parts(), resumed.parts());
    }
}

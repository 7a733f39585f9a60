//! For a viewer who reads too slowly: runs of text of one part become one chunk.

use crate::http::model::chunk::{ChatChunk, ChunkKind};

/// Bytes of text in one merged chunk at most.
const TEXT_BYTES: usize = 64 * 1024;

/// Adds the chunk that follows to one; gives it back if it is of another run.
pub(crate) fn append(run: &mut ChatChunk, next: ChatChunk) -> Option<ChatChunk> {
    let text = |chunk: &ChatChunk| matches!(chunk.kind, ChunkKind::Text | ChunkKind::Reasoning);
    let length = |chunk: &ChatChunk| chunk.chunk.as_ref().map_or(0, String::len);
    let follows = text(run)
        && run.kind == next.kind
        && run.message_id == next.message_id
        && run.part_id == next.part_id
        && run.sequence.checked_add(1) == Some(next.first_sequence.unwrap_or(next.sequence))
        && length(run) + length(&next) <= TEXT_BYTES;
    if !follows {
        return Some(next);
    }
    run.first_sequence = Some(run.first_sequence.unwrap_or(run.sequence));
    run.sequence = next.sequence;
    run.chunk_id = next.chunk_id;
    run.timestamp = next.timestamp;
    if let (Some(text), Some(more)) = (&mut run.chunk, next.chunk) {
        text.push_str(&more);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(sequence: u64, part: &str, kind: ChunkKind) -> ChatChunk {
        ChatChunk {
            chunk_id: format!("m:{sequence}"),
            message_id: "m".into(),
            chat_session_id: "s".into(),
            sequence,
            first_sequence: None,
            timestamp: 0,
            kind,
            part_id: part.into(),
            chunk: Some(format!("{sequence} ")),
            part: None,
        }
    }

    #[test]
    fn a_run_of_one_part_becomes_one_chunk() {
        let mut run = chunk(1, "p", ChunkKind::Text);
        assert!(append(&mut run, chunk(2, "p", ChunkKind::Text)).is_none());
        assert!(append(&mut run, chunk(3, "p", ChunkKind::Text)).is_none());
        assert_eq!((run.first_sequence, run.sequence, run.chunk.as_deref()), (Some(1), 3, Some("1 2 3 ")));
        assert_eq!(run.chunk_id, "m:3");
    }

    #[test]
    fn other_parts_kinds_and_jumps_are_left_alone() {
        for other in [
            chunk(2, "q", ChunkKind::Text),
            chunk(2, "p", ChunkKind::Reasoning),
            chunk(3, "p", ChunkKind::Text),
            ChatChunk { message_id: "n".into(), ..chunk(2, "p", ChunkKind::Text) },
        ] {
            assert!(append(&mut chunk(1, "p", ChunkKind::Text), other).is_some());
        }
        assert!(append(&mut chunk(1, "p", ChunkKind::Tool), chunk(2, "p", ChunkKind::Tool)).is_some());
    }
}

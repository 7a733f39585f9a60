//! What viewers get of whatever is stored (see `libs/fuzz`).

use muster_bus::Stored;

use super::{
    frame,
    log::Entry,
    told::{Shown, Told},
};
use crate::domain::{
    event_id::EventId,
    sequencer::{Sequencer, Verdict},
};

/// Whatever is stored in a stream, viewers get whole frames of JSON, in an order that does not go back. Each message
/// is a subject, a line break, a length and its bytes.
pub fn frame(data: &[u8]) {
    let (mut rest, mut sequence, mut sequencer) = (data, 0, Sequencer::new(0));
    let (mut position, mut entries) = (0, Vec::new());
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let (subject, behind) = rest.split_at(end);
        let Some((&size, behind)) = behind.get(1..).and_then(|behind| behind.split_first()) else { return };
        let (payload, behind) = behind.split_at(behind.len().min(size.into()));
        rest = behind;
        sequence += 1;
        let Some(subject) = std::str::from_utf8(subject).ok().and_then(|subject| subject.parse().ok()) else {
            continue;
        };
        let stored = Stored { sequence, subject, payload: payload.to_vec().into(), id: None };
        let Some(told) = Told::read(&stored) else { continue };
        let step = told.step();
        let verdict = match sequencer.live(sequence, &step) {
            Verdict::Hole => sequencer.found(sequence, &step),
            verdict => verdict,
        };
        let Verdict::Pass(passed) = verdict else { continue };
        assert!(passed >= position);
        position = passed;
        let id = EventId { stream: String::new(), epoch: String::new(), sequence: passed };
        if let Some(Shown { frame, text }) = told.show(&id) {
            is_a_frame(&frame);
            entries.push(Entry { sequence, position, frame, text });
        }
    }
    let merged = frame::merged(&entries);
    merged
        .split_inclusive(|&byte| byte == b'\n')
        .collect::<Vec<_>>()
        .chunks(4)
        .for_each(|frame| is_a_frame(&frame.concat()));
}

fn is_a_frame(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let lines = text.strip_suffix("\n\n").map(|frame| frame.split(['\n', '\r']).collect::<Vec<_>>());
    assert!(
        matches!(lines.as_deref(), Some([id, event, data])
            if id.starts_with("id: ") && event.starts_with("event: ") && data.strip_prefix("data: ").is_some_and(is_json)),
        "{text}"
    );
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

//! Frames of an event stream (the HTML standard, section "Server-sent events").

use std::io::Write as _;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

use crate::{
    domain::{event_id::EventId, merge},
    feed::log::Entry,
    http::model::chunk::ChatChunk,
};

/// One frame. JSON has no line breaks of its own, so the data is one line.
pub(super) fn encode(id: &EventId, event: &str, data: &impl Serialize) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(256).writer();
    write!(out, "id: {id}\nevent: {event}\ndata: ").ok()?;
    serde_json::to_writer(&mut out, data).ok()?;
    out.write_all(b"\n\n").ok()?;
    Some(out.into_inner().freeze())
}

/// Says that the stream is alive, and where it is.
pub(super) fn beat(id: &EventId) -> Bytes {
    Bytes::from(format!("id: {id}\nevent: beat\ndata: {{}}\n\n"))
}

/// Several frames as one piece; a single one stays shared.
pub(super) fn joined(entries: &[Entry]) -> Bytes {
    if let [entry] = entries {
        return entry.frame.clone();
    }
    let mut all = BytesMut::with_capacity(entries.iter().map(|entry| entry.frame.len()).sum());
    entries.iter().for_each(|entry| all.extend_from_slice(&entry.frame));
    all.freeze()
}

/// The same for a viewer who is behind: runs of text become one frame.
pub(super) fn merged(entries: &[Entry]) -> Bytes {
    let mut all = BytesMut::new();
    let mut run: Option<(ChatChunk, &Entry, bool)> = None;
    for entry in entries {
        let Some(chunk) = entry.text.then(|| read(&entry.frame)).flatten() else {
            flush(&mut all, run.take());
            all.extend_from_slice(&entry.frame);
            continue;
        };
        run = Some(match run.take() {
            None => (chunk, entry, false),
            Some((mut open, last, grown)) => match merge::append(&mut open, chunk) {
                None => (open, entry, true),
                Some(chunk) => {
                    flush(&mut all, Some((open, last, grown)));
                    (chunk, entry, false)
                }
            },
        });
    }
    flush(&mut all, run);
    all.freeze()
}

fn flush(all: &mut BytesMut, run: Option<(ChatChunk, &Entry, bool)>) {
    let Some((chunk, last, grown)) = run else { return };
    let (true, Some(id)) = (grown, line(&last.frame, "id: ")) else {
        all.extend_from_slice(&last.frame);
        return;
    };
    let Ok(data) = serde_json::to_string(&chunk) else { return };
    all.extend_from_slice(format!("id: {id}\nevent: chunk\ndata: {data}\n\n").as_bytes());
}

fn read(frame: &Bytes) -> Option<ChatChunk> {
    serde_json::from_str(line(frame, "data: ")?).ok()
}

fn line<'a>(frame: &'a Bytes, field: &str) -> Option<&'a str> {
    std::str::from_utf8(frame).ok()?.lines().find_map(|line| line.strip_prefix(field))
}

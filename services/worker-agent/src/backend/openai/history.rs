//! What was said in a session, as the model is told it each time: the endpoint itself forgets.
//!
//! A file for each session, for its owner's eyes alone, replaced in one step.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use crate::state::whole;

/// Bytes of text that are kept of a session, whatever its model takes.
const TEXT_BYTES: usize = 1024 * 1024;
/// Bytes of images that are kept of a session, as they are sent.
const IMAGE_BYTES: usize = 16 * 1024 * 1024;
/// A token of text has four bytes or so; three leave room for other languages.
const TOKEN_BYTES: u64 = 3;

/// Where the histories are.
#[derive(Debug)]
pub(super) struct Histories {
    directory: PathBuf,
}

/// Of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    pub(super) messages: Vec<Said>,
    /// A turn had begun when this was written, and is not part of it.
    pub(super) open: bool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) role: Role,
    pub(super) text: String,
    /// As data URLs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    User,
    Assistant,
}

impl Histories {
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        Ok(Self { directory })
    }

    /// What is kept of a session; none when there is nothing that can be read.
    pub(super) fn read(&self, session: &str) -> io::Result<Option<History>> {
        match fs::read(self.directory.join(format!("{session}.json"))) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)
                .inspect_err(|error| tracing::warn!(%error, session, "a session's history cannot be read"))
                .ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, session: &str, history: &History) -> io::Result<()> {
        let file = self.directory.join(format!("{session}.json"));
        whole::write(&file, &serde_json::to_vec(history)?).map(drop)
    }
}

/// Bytes of text that fit a model of so many tokens beside its answer.
pub(super) fn room(context_tokens: Option<u64>) -> usize {
    let bytes = context_tokens.map(|tokens| tokens.saturating_mul(TOKEN_BYTES) / 4 * 3);
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(TEXT_BYTES).min(TEXT_BYTES)
}

/// Leaves out the oldest messages when `next` would not fit beside them, and tells how many.
/// Then it leaves out some more, so that it does not have to with every turn.
pub(super) fn trim(messages: &mut Vec<Said>, next: &Said, room: usize) -> usize {
    let room = room.saturating_sub(next.text.len());
    if weight(messages) <= room {
        return 0;
    }
    let mut left = weight(messages);
    let fits = |left: usize| left <= room / 4 * 3;
    let mut count = 0;
    for (index, message) in messages.iter().enumerate() {
        // What is left begins with the user: many models want it so.
        if fits(left) && message.role == Role::User {
            break;
        }
        left = left.saturating_sub(message.text.len());
        count = index + 1;
    }
    messages.drain(..count);
    count
}

/// Takes away the oldest images when there are too many, and tells how many.
pub(super) fn trim_images(messages: &mut [Said]) -> usize {
    let mut room = IMAGE_BYTES;
    let mut gone = 0;
    for message in messages.iter_mut().rev() {
        message.images.retain(|image| {
            let fits = image.len() <= room;
            if fits {
                room -= image.len();
            } else {
                room = 0;
                gone += 1;
            }
            fits
        });
    }
    gone
}

fn weight(messages: &[Said]) -> usize {
    messages.iter().map(|message| message.text.len()).sum()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn said(role: Role, text: &str) -> Said {
        Said { role, text: text.to_owned(), images: Vec::new() }
    }

    fn talk(turns: usize, bytes: usize) -> Vec<Said> {
        let turn = |_| [said(Role::User, &"q".repeat(bytes)), said(Role::Assistant, &"a".repeat(bytes))];
        (0..turns).flat_map(turn).collect()
    }

    #[test]
    fn a_history_is_private_and_outlives_the_process() {
        let directory = tempfile::tempdir().unwrap();
        let histories = Histories::open(directory.path().join("openai")).unwrap();
        assert_eq!(histories.read("a").unwrap(), None);
        let history = History { messages: talk(2, 3), open: true };
        histories.write("a", &history).unwrap();
        histories.write("a", &history).unwrap();
        let again = Histories::open(directory.path().join("openai")).unwrap();
        assert_eq!(again.read("a").unwrap(), Some(history));
        let rights = |path: &str| directory.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((rights("openai"), rights("openai/a.json")), (0o700, 0o600));
        fs::write(directory.path().join("openai/a.json"), "{half").unwrap();
        assert_eq!(again.read("a").unwrap(), None, "what is broken counts as lost");
    }

    #[test]
    fn the_oldest_go_first_and_the_user_begins() {
        let next = said(Role::User, "next");
        for (turns, room, left_out) in [(2, 1000, 0), (5, 104, 0), (5, 103, 4), (5, 24, 10), (5, 0, 10), (0, 0, 0)] {
            let mut messages = talk(turns, 10);
            assert_eq!(trim(&mut messages, &next, room), left_out, "{turns} turns in {room}");
            assert_eq!(messages.len(), turns * 2 - left_out);
            assert!(messages.first().is_none_or(|first| first.role == Role::User));
        }
    }

    #[test]
    fn the_newest_images_stay() {
        let mut messages = talk(3, 1);
        for message in &mut messages {
            message.images = vec!["x".repeat(IMAGE_BYTES / 4)];
        }
        assert_eq!(trim_images(&mut messages), 2);
        assert!(messages[1].images.is_empty() && messages[2].images.len() == 1);
        messages.push(Said { images: vec!["x".repeat(IMAGE_BYTES + 1)], ..said(Role::User, "") });
        assert_eq!(trim_images(&mut messages), 5);
    }

    #[test]
    fn room_is_for_the_question_not_for_all_of_the_context() {
        assert_eq!(room(Some(4_000)), 9_000);
        assert_eq!(room(None), TEXT_BYTES);
        assert_eq!(room(Some(u64::MAX)), TEXT_BYTES);
    }
}

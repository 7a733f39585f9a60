//! What the demo remembers of a session, in a file each: its context outlives the process.

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    state::whole,
    turn::{Fork, Turn},
};

/// Characters of a message that are remembered.
const CHARS: usize = 2_000;
/// What the demo calls a session begins so.
const NAME: &str = "demo-";

#[derive(Debug)]
pub(super) struct Memory {
    directory: PathBuf,
}

/// What is remembered of one session: the user's messages with the one that is answered now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recalled {
    pub(super) said: Vec<Said>,
}

/// One message of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    id: String,
    pub(super) text: String,
}

impl Recalled {
    /// The first message.
    pub(super) fn first(&self) -> String {
        self.said.first().map(|said| said.text.clone()).unwrap_or_default()
    }

    /// Forgets these messages and everything behind them.
    fn forget(&mut self, superseded: &[String]) {
        if let Some(place) = self.said.iter().position(|said| superseded.contains(&said.id)) {
            self.said.truncate(place);
        }
    }
}

impl Memory {
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// The demo's name for a session.
    pub(super) fn name(session: &str) -> String {
        format!("{NAME}{session}")
    }

    /// Keeps the message of a turn and tells what is known of its session by then.
    pub(super) fn recall(&self, turn: &Turn) -> io::Result<Recalled> {
        let forked = turn.fork.as_ref().map(|fork| self.forked(fork)).transpose()?.flatten();
        let mut recalled = match forked {
            Some(forked) => forked,
            None => self.read(&turn.session)?.unwrap_or_default(),
        };
        recalled.forget(&turn.superseded);
        // A message that is answered anew was said once.
        if recalled.said.last().is_none_or(|last| last.id != turn.message) {
            let text = turn.content.chars().take(CHARS).collect();
            recalled.said.push(Said { id: turn.message.clone(), text });
        }
        whole::write(&self.file(&turn.session), &serde_json::to_vec(&recalled)?)?;
        Ok(recalled)
    }

    /// What a fork begins with; `None` when it is not remembered any more.
    fn forked(&self, fork: &Fork) -> io::Result<Option<Recalled>> {
        let Some(session) = fork.backend_session_id.as_deref().and_then(|name| name.strip_prefix(NAME)) else {
            return Ok(None);
        };
        let Some(mut origin) = self.read::<Recalled>(session)? else { return Ok(None) };
        let Some(last) = origin.said.iter().rposition(|said| said.id == fork.message) else { return Ok(None) };
        origin.said.truncate(last + 1);
        Ok(Some(origin))
    }

    fn read<T: DeserializeOwned>(&self, session: &str) -> io::Result<Option<T>> {
        match fs::read(self.file(session)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn file(&self, session: &str) -> PathBuf {
        self.directory.join(format!("{session}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(session: &str, message: &str, text: &str) -> Turn {
        Turn {
            session: session.into(),
            message: message.into(),
            reply: "r".into(),
            content: text.into(),
            model: "demo/fast".into(),
            mode: None,
            directory: PathBuf::new(),
            backend_session_id: None,
            first: false,
            superseded: Vec::new(),
            fork: None,
            has_context: false,
            attachments: Vec::new(),
        }
    }

    fn said(memory: &Memory, turn: &Turn) -> Vec<String> {
        memory.recall(turn).unwrap().said.into_iter().map(|said| said.text).collect()
    }

    #[test]
    fn a_session_is_remembered_by_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let first = Memory::open(directory.path().to_owned()).unwrap();
        first.recall(&turn("a", "1", "hello")).unwrap();
        let second = Memory::open(directory.path().to_owned()).unwrap();
        assert_eq!(said(&second, &turn("a", "2", "again")), ["hello", "again"]);
        assert_eq!(said(&second, &turn("a", "2", "again")), ["hello", "again"], "a retry says nothing twice");
        assert_eq!(said(&second, &turn("b", "1", "other")), ["other"]);
    }

    #[test]
    fn what_was_replaced_is_forgotten_with_all_behind_it_and_only_once() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::open(directory.path().to_owned()).unwrap();
        for (id, text) in [("1", "one"), ("2", "two"), ("3", "three")] {
            memory.recall(&turn("a", id, text)).unwrap();
        }
        let edited = Turn { superseded: vec!["2".into()], ..turn("a", "4", "two, better") };
        for _ in 0..2 {
            assert_eq!(said(&memory, &edited), ["one", "two, better"], "however often it is told");
        }
        let behind = Turn { superseded: vec!["2".into()], ..turn("a", "5", "five") };
        assert_eq!(said(&memory, &behind), ["one", "two, better", "five"]);
    }

    #[test]
    fn a_fork_begins_with_what_was_said_up_to_its_message() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::open(directory.path().to_owned()).unwrap();
        for (id, text) in [("1", "one"), ("2", "two")] {
            memory.recall(&turn("a", id, text)).unwrap();
        }
        let fork = |message: &str| {
            let backend_session_id = Some(Memory::name("a"));
            Some(Fork { backend_session_id, message: message.into(), replied: true, context: String::new() })
        };
        assert_eq!(said(&memory, &Turn { fork: fork("1"), ..turn("f", "3", "three") }), ["one", "three"]);
        assert_eq!(said(&memory, &Turn { fork: fork("x"), ..turn("g", "3", "three") }), ["three"]);
        assert_eq!(said(&memory, &turn("a", "4", "four")), ["one", "two", "four"], "the other one stays as it is");
    }
}

//! What the demo remembers of a session, in a file each: its context outlives the process.

use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(super) struct Memory {
    directory: PathBuf,
}

/// What is remembered of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recalled {
    /// The first message of the user.
    pub(super) first: String,
    /// Turns with the one that begins now.
    pub(super) turns: u64,
}

impl Memory {
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Counts a turn and tells what is known of its session.
    pub(super) fn recall(&self, session: &str, message: &str) -> io::Result<Recalled> {
        let file = self.directory.join(format!("{session}.json"));
        let known = match fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice::<Recalled>(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut recalled = known.unwrap_or_else(|| Recalled { first: message.to_owned(), turns: 0 });
        recalled.turns += 1;
        // Written beside it and moved: a crash leaves the old file or the new one.
        let beside = self.directory.join(format!("{session}.new"));
        fs::write(&beside, serde_json::to_vec(&recalled)?)?;
        fs::rename(&beside, &file)?;
        Ok(recalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_remembered_by_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let first = Memory::open(directory.path().to_owned()).unwrap();
        first.recall("a", "hello").unwrap();
        let second = Memory::open(directory.path().to_owned()).unwrap();
        let recalled = second.recall("a", "again").unwrap();
        assert_eq!(recalled, Recalled { first: "hello".into(), turns: 2 });
        assert_eq!(second.recall("b", "other").unwrap().first, "other");
    }
}

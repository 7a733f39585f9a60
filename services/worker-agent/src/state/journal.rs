//! What this worker has begun, on disk: so that no process of it begins a reply again that an earlier one has begun,
//! whatever the server remembers, and so that what was cut off by a crash is told.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use muster_contracts::id::MessageId;

use super::whole;
use crate::domain::begun::{Begun, REMEMBERED};

/// Lines after which the file is written anew.
const LINES: usize = 4 * REMEMBERED;

/// See the module.
#[derive(Debug)]
pub struct Journal {
    file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    begun: Begun,
    /// None when it could not be opened.
    open: Option<File>,
    lines: usize,
}

impl Journal {
    /// Reads what earlier processes wrote. A file that is damaged is set aside and what can be read of it is kept:
    /// nothing here is worth not working.
    #[must_use]
    pub fn open(file: &Path) -> Arc<Self> {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the journal of this worker cannot be read");
                Vec::new()
            }
        };
        let (begun, damaged) = Begun::read(&String::from_utf8_lossy(&bytes));
        if damaged {
            set_aside(file);
        }
        let journal = Self { file: file.to_owned(), inner: Mutex::new(Inner { begun, open: None, lines: 0 }) };
        journal.lock().write_anew(file);
        Arc::new(journal)
    }

    /// All replies that were begun here, the oldest first.
    #[must_use]
    pub fn known(&self) -> Vec<MessageId> {
        self.lock().begun.all().cloned().collect()
    }

    /// Those that have not ended, the oldest first.
    #[must_use]
    pub fn open_replies(&self) -> Vec<MessageId> {
        self.lock().begun.open().cloned().collect()
    }

    /// A reply begins: on disk when this returns, as far as the disk can be trusted.
    pub async fn begin(self: &Arc<Self>, reply: &MessageId) {
        let (journal, reply) = (Arc::clone(self), reply.clone());
        // Whoever starts a turn waits for the disk, nobody else.
        let written = tokio::task::spawn_blocking(move || journal.lock().begin(&journal.file, &reply));
        if let Err(error) = written.await {
            tracing::error!(%error, "the journal of this worker was not written");
        }
    }

    /// A reply is over. When this is lost, the next process only tells once more that it is.
    pub fn end(&self, reply: &MessageId) {
        let mut inner = self.lock();
        let line = inner.begun.end(reply);
        inner.append(&self.file, &line, false);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn begin(&mut self, file: &Path, reply: &MessageId) {
        let line = self.begun.begin(reply);
        self.append(file, &line, true);
        if self.lines > LINES {
            self.write_anew(file);
        }
    }

    fn append(&mut self, file: &Path, line: &str, synced: bool) {
        self.lines += 1;
        let Some(open) = &mut self.open else { return };
        let written = open.write_all(line.as_bytes()).and_then(|()| if synced { open.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            tracing::warn!(file = %file.display(), %error, "the journal of this worker cannot be written");
        }
    }

    fn write_anew(&mut self, file: &Path) {
        match whole::write(file, self.begun.lines().as_bytes()) {
            Ok(open) => (self.open, self.lines) = (Some(open), 0),
            Err(error) => tracing::warn!(file = %file.display(), %error, "the journal of this worker cannot be made"),
        }
    }
}

fn set_aside(file: &Path) {
    let aside = file.with_extension("damaged");
    match fs::rename(file, &aside) {
        Ok(()) => tracing::warn!(
            aside = %aside.display(),
            "the journal of this worker is damaged and was set aside; what could be read of it is kept"
        ),
        Err(error) => tracing::warn!(file = %file.display(), %error, "the damaged journal cannot be set aside"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn the_next_process_knows_what_this_one_began() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("journal");
        let (first, second) = (MessageId::random(), MessageId::random());
        let journal = Journal::open(&file);
        journal.begin(&first).await;
        journal.begin(&second).await;
        journal.end(&first);
        drop(journal);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let next = Journal::open(&file);
        assert_eq!((next.known(), next.open_replies()), (vec![first, second.clone()], vec![second]));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[tokio::test]
    async fn a_damaged_journal_is_set_aside_and_work_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("journal");
        let (known, new) = (MessageId::random(), MessageId::random());
        fs::write(&file, [b"begun ".as_slice(), known.as_str().as_bytes(), b"\n\xff\xfe\0\n"].concat()).unwrap();
        let journal = Journal::open(&file);
        assert_eq!(journal.open_replies(), std::slice::from_ref(&known));
        assert!(directory.path().join("journal.damaged").exists());
        journal.begin(&new).await;
        assert_eq!(Journal::open(&file).open_replies(), [known, new]);
    }

    #[tokio::test]
    async fn a_journal_that_cannot_be_written_does_not_keep_the_worker_from_working() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(&directory.path().join("missing/journal"));
        let reply = MessageId::random();
        journal.begin(&reply).await;
        assert_eq!(journal.open_replies(), [reply]);
    }

    #[tokio::test]
    async fn it_stays_small() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("journal");
        let journal = Journal::open(&file);
        for _ in 0..2 * LINES {
            let line = journal.lock().begun.begin(&MessageId::random());
            journal.lock().append(&file, &line, false);
        }
        journal.begin(&MessageId::random()).await;
        assert!(file.metadata().unwrap().len() < 200_000);
    }
}

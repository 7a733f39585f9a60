//! Answers what chat asks of the backend: each in a task of its own, so that a slow backend delays no turn.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use muster_contracts::{
    Message, limits,
    subject::ChatVerb,
    v1::{
        Ask, AskResult, Command, Commands, Empty, ListCommands, ListDirectories, ListFiles, ListModes, Mode, Modes,
        ask::What, ask_result::Told,
    },
};
use tokio::{sync::Notify, time::timeout};

use super::Link;
use crate::{
    backend::{Backend, BackendError},
    domain::place::{self, PlaceError},
    places,
};

const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of modes or commands; more than is usual by far, and less than the broker takes of a worker.
const OFFERED_BYTES: usize = 256 * 1024;
/// Questions that are worked on at the same time; chat repeats the others.
const AT_ONCE: usize = 16;

/// Why there is no answer.
#[derive(Debug, Default)]
struct Untold {
    words: Option<String>,
    /// What was asked about is not there.
    missing: bool,
}

impl From<String> for Untold {
    fn from(words: String) -> Self {
        Self { words: Some(words), missing: false }
    }
}

/// What is needed for an answer.
#[derive(Clone)]
pub struct Asks {
    /// Who answers.
    pub link: Link,
    /// Who knows.
    pub backend: Arc<dyn Backend>,
    /// The worker's directory.
    pub root: PathBuf,
    /// Asked to publish the models.
    pub models: Arc<Notify>,
    /// Sync tells an ask again until its answer is heard.
    pub open: Arc<Mutex<HashSet<String>>>,
}

impl Asks {
    /// Begins to answer, unless it is at it already.
    pub fn take(&self, ask: Ask) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() < AT_ONCE && open.insert(ask.ask_id.clone()) {
            drop(open);
            let this = self.clone();
            tokio::spawn(async move { this.answer(ask).await });
        }
    }

    async fn answer(&self, ask: Ask) {
        let Ask { ask_id, what } = ask;
        let told = timeout(limits::ASK, self.told(what)).await;
        let told = told.unwrap_or_else(|_| Err(Untold::from("it does not answer in time".to_owned())));
        let (told, Untold { words, missing }) = match told {
            Ok(told) => (told, Untold::default()),
            Err(untold) => (None, untold),
        };
        let result = AskResult { ask_id: ask_id.clone(), error: words, told, missing };
        if let Err(error) = self.link.bus.request::<_, Empty>(&self.link.chat(ChatVerb::Result), &result, TIMEOUT).await
        {
            tracing::debug!(%error, "a result could not be told; it is asked again");
        }
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&ask_id);
    }

    async fn told(&self, what: Option<What>) -> Result<Option<Told>, Untold> {
        let words = |error: BackendError| Untold::from(error.to_string());
        match what {
            Some(What::RefreshModels(_)) => {
                self.models.notify_one();
                Ok(None)
            }
            Some(What::ListModes(ListModes { directory })) => {
                let directory = self.place(directory).await?;
                let modes = self.backend.modes(&directory).await.map_err(words)?;
                let brief = modes.into_iter().map(|mode| Mode { description: brief(mode.description), ..mode });
                Ok(Some(Told::Modes(Modes { modes: fitting(brief) })))
            }
            Some(What::ListCommands(ListCommands { directory })) => {
                let directory = self.place(directory).await?;
                let commands = self.backend.commands(&directory).await.map_err(words)?;
                let brief = commands.into_iter();
                let brief = brief.map(|command| Command { description: self::brief(command.description), ..command });
                Ok(Some(Told::Commands(Commands { commands: fitting(brief) })))
            }
            Some(What::ListDirectories(ListDirectories { path })) => {
                let found = self.looked(move |root| places::directories(root, &path)).await?;
                Ok(Some(Told::Directories(found)))
            }
            Some(What::ListFiles(ListFiles { directory, typed })) => {
                let found = self.looked(move |root| places::files(root, &directory, &typed)).await?;
                Ok(Some(Told::Files(found)))
            }
            None => Err(Untold::from("this worker is too old to know what is asked".to_owned())),
        }
    }

    /// A session's directory.
    async fn place(&self, directory: String) -> Result<PathBuf, Untold> {
        self.looked(move |root| place::resolve(root, &directory)).await
    }

    /// Looks through the worker's directory, beside everything else that is done.
    async fn looked<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Path) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, Untold> {
        let root = self.root.clone();
        let found = tokio::task::spawn_blocking(move || look(&root)).await;
        let found = found.map_err(|error| Untold::from(error.to_string()))?;
        found.map_err(|error| Untold { words: Some(error.to_string()), missing: true })
    }
}

/// As much of what is offered as a worker may tell at once.
fn fitting<T: Message>(offered: impl Iterator<Item = T>) -> Vec<T> {
    let mut room = OFFERED_BYTES;
    let fits = |offer: &T| {
        room = room.saturating_sub(offer.encoded_len());
        room > 0
    };
    offered.take(limits::OFFERED).take_while(fits).collect()
}

fn brief(description: String) -> String {
    match description.char_indices().nth(limits::DESCRIPTION_CHARS) {
        Some((end, _)) => description.get(..end).unwrap_or_default().to_owned(),
        None => description,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_never_more_than_a_worker_may_say() {
        let long = |letter: &str| Command { name: "a".to_owned(), description: brief(letter.repeat(100_000)) };
        assert_eq!(long("x").description.len(), limits::DESCRIPTION_CHARS);
        let told = fitting(std::iter::repeat_with(|| long("🦀")));
        let bytes = told.iter().map(Message::encoded_len).sum::<usize>();
        assert!(bytes <= OFFERED_BYTES && told.len() > 100, "{bytes} of {}", told.len());
        assert_eq!(fitting(std::iter::repeat_with(Command::default)).len(), limits::OFFERED);
    }
}

//! Comparing with what opencode has kept: events may have been missed, and none tells that a turn is over.

use std::{collections::HashSet, path::Path, time::Duration};

use tokio::time::Instant;

use super::{Talk, failure};
use crate::{
    backend::opencode::{
        requests::{self, Waiting},
        server::Running,
        wire::Info,
    },
    domain::event::Outcome,
    turn::Asked,
};

/// After an idle session without an answer: an error may still follow.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);

impl Talk<'_> {
    /// Looks at everything that events could have told.
    pub(super) async fn look_again(&mut self) -> Option<Outcome> {
        let (client, directory) = (self.running.client.clone(), self.turn.directory.clone());
        let session = self.session.clone()?;
        if let Some(all) = waiting(self.running, &directory).await {
            let gone = self.asked.keys().filter(|asked| !all.iter().any(|(_, (waiting, _))| waiting == *asked));
            for gone in gone.cloned().collect::<Vec<_>>() {
                self.settle(&gone);
            }
            for (waiting, asked) in of_turn(self.running, &directory, &session, all).await {
                self.ask(waiting, asked).await;
            }
        }
        let ended = self.look().await;
        if self.transcript.has_planned()
            && let Ok(todos) = client.todos(&directory, &session).await
        {
            self.transcript.plan(todos);
        }
        ended
    }

    /// Compares with opencode's record, and tells whether the turn is over.
    pub(super) async fn look(&mut self) -> Option<Outcome> {
        let session = self.session.clone()?;
        let (client, directory) = (&self.running.client, &self.turn.directory);
        // First whether it is idle, then what there is: so nothing comes between them.
        let busy = client.busy(directory, &session).await.unwrap_or(true);
        let record = client.messages(directory, &session).await.ok()?;
        self.transcript.reconcile(&record);
        if busy {
            return None;
        }
        let answer = record.iter().rev().map(|message| &message.info).find(|info| self.transcript.is_answer(info));
        match answer {
            Some(Info { error: Some(error), .. }) => Some(failure(error)),
            Some(Info { time, .. }) if time.completed.is_some() => Some(Outcome::Completed),
            _ => {
                if let Some(error) = &self.error {
                    return Some(failure(error));
                }
                self.give_up.get_or_insert_with(|| Instant::now() + AFTERTHOUGHT);
                None
            }
        }
    }

    pub(super) fn silent_end(&self) -> Outcome {
        self.error
            .as_ref()
            .map_or_else(|| Outcome::Failed("opencode has ended the turn without an answer.".to_owned()), failure)
    }
}

/// A request of a session.
type Asks = (String, (Waiting, Asked));

/// What all sessions in a directory wait for, if opencode tells.
pub(super) async fn waiting(running: &Running, directory: &Path) -> Option<Vec<Asks>> {
    let permissions = running.client.permissions(directory).await.ok()?;
    let questions = running.client.questions(directory).await.ok()?;
    let permissions = permissions.into_iter().map(|(of, permission)| (of, requests::permission(permission)));
    let questions = questions.into_iter().map(|(of, question)| (of, requests::question(question)));
    Some(permissions.chain(questions).collect())
}

/// Of these, what a turn's session and those of its sub-agents wait for.
pub(super) async fn of_turn(
    running: &Running,
    directory: &Path,
    session: &str,
    all: Vec<Asks>,
) -> impl Iterator<Item = (Waiting, Asked)> {
    let family = family(running, directory, session).await;
    all.into_iter().filter(move |(of, _)| family.contains(of)).map(|(_, asks)| asks)
}

/// A turn's session and those of its sub-agents, and of theirs, which may have begun unheard.
async fn family(running: &Running, directory: &Path, session: &str) -> HashSet<String> {
    let mut family = HashSet::from([session.to_owned()]);
    let mut unseen = vec![session.to_owned()];
    while let Some(parent) = unseen.pop() {
        for child in running.client.children(directory, &parent).await.unwrap_or_default() {
            if family.insert(child.id.clone()) {
                running.hub.adopt(session, child.id.clone());
                unseen.push(child.id);
            }
        }
    }
    family
}

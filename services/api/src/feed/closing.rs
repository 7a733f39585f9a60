//! Who has event streams open, and ending them when their sign-in is over:
//! wherever it was ended, every instance hears it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use muster_bus::{Bus, Stored};
use muster_contracts::{
    Message as _,
    id::UserId,
    subject::{Entity, EventAddress, Subject, filter},
    v1,
};
use muster_service::{Clock, Db, db::in_time};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    config::ApiConfig,
    feed::viewer::OpenError,
    http::caller::{Caller, Credential},
    metric, store,
};

/// How often all are checked: what was not heard, and what expires.
const CHECK: Duration = Duration::from_secs(60);
/// How long the database may take to say whether a sign-in holds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after the broker could not be heard.
const RETRY: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
struct Entry {
    user: UserId,
    credential: Credential,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct All {
    next: u64,
    open: HashMap<u64, Entry>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Closings {
    bus: Bus,
    clock: Clock,
    db: Db,
    config: watch::Receiver<ApiConfig>,
    stop: CancellationToken,
    all: Arc<Mutex<All>>,
}

/// An open connection, until dropped.
#[derive(Debug)]
pub(crate) struct Open {
    number: u64,
    all: Arc<Mutex<All>>,
    /// Cancelled when it shall end.
    pub(crate) closed: CancellationToken,
}

impl Drop for Open {
    fn drop(&mut self) {
        metric::VIEWERS.down();
        self.all.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&self.number);
    }
}

impl Closings {
    pub(super) fn new(
        bus: Bus,
        clock: Clock,
        db: Db,
        config: watch::Receiver<ApiConfig>,
        stop: CancellationToken,
    ) -> Self {
        Self { bus, clock, db, config, stop, all: Arc::default() }
    }

    /// A place for one more connection, if the caller's sign-in still holds.
    pub(super) async fn admit(&self, caller: &Caller) -> Result<Open, OpenError> {
        let open = self.place(caller)?;
        // Since the caller was recognised, much may have been waited for, a request's body among it. An end of the
        // sign-in until now was told to nobody; from now on it is told to this connection.
        match self.holds(&caller.credential).await {
            Some(true) => Ok(open),
            Some(false) => Err(OpenError::SignedOut),
            None => Err(OpenError::Unavailable),
        }
    }

    fn place(&self, caller: &Caller) -> Result<Open, OpenError> {
        let most = self.config.borrow().streams_per_user;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.open.values().filter(|entry| entry.user == *caller.id()).count() >= most {
            return Err(OpenError::TooMany);
        }
        let closed = self.stop.child_token();
        all.next += 1;
        let number = all.next;
        let entry = Entry { user: caller.id().clone(), credential: caller.credential.clone(), closed: closed.clone() };
        all.open.insert(number, entry);
        metric::VIEWERS.up();
        Ok(Open { number, all: Arc::clone(&self.all), closed })
    }

    pub(super) async fn run(&self) {
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = self.hear() => tokio::time::sleep(RETRY).await,
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Until the broker can no longer be heard.
    async fn hear(&self) {
        self.bus.connected().await;
        let kinds = [Entity::Device, Entity::Token, Entity::User];
        let Ok(mut tail) = self.bus.tail(kinds.map(filter::live_entity)).await else { return };
        let mut connection = self.bus.connection();
        loop {
            connection.mark_unchanged();
            self.check().await;
            let until = tokio::time::sleep(CHECK);
            tokio::pin!(until);
            loop {
                tokio::select! {
                    told = tail.next() => match told {
                        Some(told) => self.close(&told),
                        None => return,
                    },
                    changed = connection.changed() => if changed.is_err() { return } else { break },
                    () = &mut until => break,
                }
            }
        }
    }

    fn close(&self, told: &Stored) {
        let Subject::Event(EventAddress { user, entity, id }) = &told.subject else { return };
        let Ok(event) = v1::Event::decode(told.payload.clone()) else { return };
        let over = |entry: &Entry| match (entity, &event.object) {
            (Entity::Device | Entity::Token, Some(v1::event::Object::Removed(_))) => entry.credential.id() == id,
            (Entity::User, Some(v1::event::Object::Removed(_))) => true,
            (Entity::User, Some(v1::event::Object::User(account))) => account.disabled,
            _ => false,
        };
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.open.values().filter(|entry| entry.user == *user && over(entry)).for_each(|entry| entry.closed.cancel());
    }

    async fn check(&self) {
        let mut open = HashMap::<Credential, Vec<CancellationToken>>::new();
        for entry in self.all.lock().unwrap_or_else(PoisonError::into_inner).open.values().cloned() {
            open.entry(entry.credential).or_default().push(entry.closed);
        }
        for (credential, closed) in open {
            // A database that does not answer signs nobody out.
            if self.holds(&credential).await == Some(false) {
                closed.iter().for_each(CancellationToken::cancel);
            }
        }
    }

    /// Whether a sign-in holds; `None` when the database does not answer.
    async fn holds(&self, credential: &Credential) -> Option<bool> {
        let now = self.clock.now();
        let holds = in_time(PATIENCE, async {
            match credential {
                Credential::Device(device) => store::devices::holds(&self.db, device, now).await,
                Credential::Token(token) => store::tokens::holds(&self.db, token, now).await,
            }
        });
        holds.await.ok()
    }
}

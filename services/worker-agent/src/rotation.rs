//! A new key in place of the present one. It waits in a file of its own and asks over a
//! connection of its own, while the present key works on; which of the two is approved is the
//! registry's to say, so that a rotation that is cut short leaves a key that works.

use std::time::Duration;

use muster_bus::Bus;
use muster_contracts::v1::RegisterRequest;
use tokio::time::{sleep, timeout};

use crate::{
    config::{Config, RotateKey, environment},
    exit::Exit,
    protocol::{
        Link,
        register::{self, Standing, grouped},
    },
    say::say,
    state::{Key, StateDir},
};

/// How often is looked whether a new key was made.
const LOOK: Duration = Duration::from_secs(2);
/// How often the new key asks without having been cut off.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How often it asks when something is in the way.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Makes a new key beside the present one, for the worker to ask with.
///
/// # Errors
/// When there is none yet, or it cannot be made.
pub fn begin(asked: RotateKey) -> Result<(), Exit> {
    let key = StateDir::make_next(&asked.state_dir(&environment())?)?;
    say(format_args!("New key fingerprint: {}", grouped(key.fingerprint.as_str())));
    say("The worker asks with it within seconds, or when it is started next: approve it on the page.");
    say("Until then the present key stays in use, and afterwards it opens nothing.");
    Ok(())
}

/// Asks with the new key, whenever there is one.
pub(crate) struct Rotation<'a> {
    pub(crate) config: &'a Config,
    pub(crate) state: &'a StateDir,
    /// The process: to the registry it stays the same one.
    pub(crate) instance: String,
    pub(crate) introduction: RegisterRequest,
}

impl Rotation<'_> {
    /// Whether a new key waits.
    pub(crate) fn is_under_way(&self) -> bool {
        self.state.has_next()
    }

    /// Waits until a new key is approved, makes it the present one, and gives its connection.
    pub(crate) async fn approved(&self) -> Link {
        loop {
            match self.state.next_key() {
                Ok(Some(key)) => {
                    if let Some(link) = self.ask(&key).await {
                        return link;
                    }
                }
                Ok(None) => sleep(LOOK).await,
                Err(exit) => {
                    tracing::warn!(%exit, "the new key cannot be used");
                    sleep(ASK_AGAIN).await;
                }
            }
        }
    }

    /// Asks with one key until it is decided on; none when it is not to be used.
    async fn ask(&self, key: &Key) -> Option<Link> {
        let link = self.connect(key).await;
        say(format_args!("A new key waits for approval on the page: {}", grouped(key.fingerprint.as_str())));
        let mut connection = link.bus.connection();
        loop {
            let epoch = connection.borrow_and_update().epoch;
            let pause = match register::ask(&link, &self.introduction).await {
                Standing::Pending | Standing::Mismatch | Standing::Later { .. } => ASK_AGAIN,
                Standing::Unknown(_) => TRY_AGAIN,
                Standing::Hopeless(exit) => {
                    say(format_args!("The new key was turned away; the present one stays. ({exit})"));
                    link.bus.close().await;
                    self.settle(StateDir::discard_next);
                    return None;
                }
                // It is the worker's: whatever else may be the matter is for the worker itself to hear.
                Standing::Approved { .. } | Standing::Reconnect | Standing::Leased(_) | Standing::Suspended { .. } => {
                    self.settle(StateDir::adopt_next);
                    say("The new key is approved, and takes the place of the old one.");
                    return Some(link);
                }
            };
            // Being cut off tells that something was decided.
            let _ = timeout(pause, connection.wait_for(|now| now.connected && now.epoch != epoch)).await;
        }
    }

    async fn connect(&self, key: &Key) -> Link {
        loop {
            let connected = match self.config.server.brokers(self.config.insecure, self.config.ca_file.as_deref()).await
            {
                Ok(servers) => Bus::connect_worker(self.config.connect(servers, key, &self.instance)).await,
                Err(exit) => {
                    tracing::debug!(%exit, "the new key finds no broker");
                    sleep(ASK_AGAIN).await;
                    continue;
                }
            };
            match connected {
                Ok(bus) => return Link::new(bus, self.config.token.clone(), key),
                Err(error) => tracing::debug!(%error, "the new key cannot connect; trying again"),
            }
            sleep(ASK_AGAIN).await;
        }
    }

    /// A file that cannot be changed now is met again at the next start.
    fn settle(&self, how: fn(&StateDir) -> Result<(), Exit>) {
        if let Err(exit) = how(self.state) {
            tracing::warn!(%exit, "the worker's key is as before until the next start");
        }
    }
}

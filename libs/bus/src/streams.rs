//! The streams as the broker has them.

use std::collections::HashMap;

use async_nats::jetstream::{
    context::{CreateStreamErrorKind, GetStreamError, GetStreamErrorKind},
    stream::{Config, DiscardPolicy, Info, Republish, StorageType},
};
use muster_contracts::{
    id,
    limits::PAYLOAD_BYTES,
    objects::ObjectsSpec,
    stream::{EPOCH, StreamSpec},
};
use tokio::time::timeout;

use crate::{Bus, again::again};

/// Room for a message's headers beside its payload.
const HEADER_BYTES: usize = 8 * 1024;

/// Why a stream cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StreamsError {
    /// It was not made yet.
    #[error("the stream {0} does not exist yet")]
    Missing(String),
    /// The broker refuses or does not answer.
    #[error("the stream {name} cannot be had: {reason}")]
    Unavailable {
        /// Which stream.
        name: String,
        /// What the broker says.
        reason: String,
    },
}

/// Where a stream begins and ends now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// Word that changes when the stream is made anew or restored.
    pub epoch: String,
    /// Sequence of the oldest message that is kept; one above `last` when there is none.
    pub first: u64,
    /// Sequence of the newest message.
    pub last: u64,
    /// How many messages are kept.
    pub messages: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// How many bytes may be kept.
    pub max_bytes: i64,
}

impl Bus {
    /// Makes a stream, or brings its definition up to date without losing a message.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn define_stream(&self, spec: &StreamSpec) -> Result<StreamState, StreamsError> {
        let refused = |reason: String| unavailable(spec.name, reason);
        match self.stream_state(spec.name).await {
            Ok(StreamState { epoch, .. }) => {
                let epoch = if epoch.is_empty() { fresh_epoch() } else { epoch };
                let updated = self.jetstream.update_stream(config(spec, epoch)).await;
                updated.map(|info| state(&info)).map_err(|error| refused(error.to_string()))
            }
            // Made and never updated: of two that make it at once, one must not put its own word in the other's place.
            Err(StreamsError::Missing(_)) => {
                let made = self.jetstream.create_stream(config(spec, fresh_epoch())).await;
                made.map(|made| state(made.cached_info())).map_err(|error| refused(error.to_string()))
            }
            // It may be there: with another word, every viewer would have to begin anew.
            Err(error) => Err(error),
        }
    }

    /// Makes an object store, or brings its definition up to date without losing an object.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn define_objects(&self, spec: &ObjectsSpec) -> Result<(), StreamsError> {
        let config = objects(spec);
        let name = config.name.clone();
        match self.jetstream.create_or_update_stream(config).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == CreateStreamErrorKind::NotFound => Err(StreamsError::Missing(name)),
            Err(error) => Err(unavailable(&name, error.to_string())),
        }
    }

    /// Where a stream begins and ends, as its leader says.
    ///
    /// # Errors
    /// When there is none, or the broker does not answer.
    pub async fn stream_state(&self, name: &str) -> Result<StreamState, StreamsError> {
        match again(|silence| timeout(silence, self.jetstream.get_stream(name))).await {
            // Without a majority, what is left answers as well: with what it has, which may not be all.
            Ok(Ok(stream)) if is_leaderless(stream.cached_info()) => {
                Err(unavailable(name, "nobody leads it".to_owned()))
            }
            Ok(Ok(stream)) => Ok(state(stream.cached_info())),
            Ok(Err(error)) => Err(missing(name, &error)),
            Err(_) => Err(unavailable(name, "its leader does not answer".to_owned())),
        }
    }
}

pub(crate) fn unavailable(name: &str, reason: String) -> StreamsError {
    StreamsError::Unavailable { name: name.to_owned(), reason }
}

pub(crate) fn missing(name: &str, error: &GetStreamError) -> StreamsError {
    match error.kind() {
        GetStreamErrorKind::JetStream(inner) if inner.code() == 404 => StreamsError::Missing(name.to_owned()),
        _ => unavailable(name, error.to_string()),
    }
}

pub(crate) fn fresh_epoch() -> String {
    id::random().chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

fn is_leaderless(info: &Info) -> bool {
    info.cluster.as_ref().is_some_and(|cluster| cluster.leader.as_ref().is_none_or(String::is_empty))
}

fn state(info: &Info) -> StreamState {
    StreamState {
        epoch: info.config.metadata.get(EPOCH).cloned().unwrap_or_default(),
        first: info.state.first_sequence.max(1),
        last: info.state.last_sequence,
        messages: info.state.messages,
        bytes: info.state.bytes,
        max_bytes: info.config.max_bytes,
    }
}

fn config(spec: &StreamSpec, epoch: String) -> Config {
    Config {
        name: spec.name.to_owned(),
        description: Some(spec.description.to_owned()),
        subjects: spec.subjects.iter().map(|&subject| subject.to_owned()).collect(),
        max_age: spec.max_age,
        max_bytes: spec.max_bytes,
        max_message_size: i32::try_from(PAYLOAD_BYTES + HEADER_BYTES).unwrap_or(i32::MAX),
        discard: if spec.refuse_when_full { DiscardPolicy::New } else { DiscardPolicy::Old },
        storage: StorageType::File,
        num_replicas: spec.replicas,
        duplicate_window: spec.duplicate_window,
        allow_direct: true,
        republish: Some(Republish {
            source: spec.republish.source.to_owned(),
            destination: spec.republish.destination.to_owned(),
            headers_only: false,
        }),
        metadata: HashMap::from([(EPOCH.to_owned(), epoch)]),
        ..Config::default()
    }
}

/// As ADR-20 has it, and with messages that end by themselves: the marks of what was deleted.
fn objects(spec: &ObjectsSpec) -> Config {
    Config {
        name: spec.store.stream.to_owned(),
        description: Some(spec.description.to_owned()),
        subjects: spec.store.subjects().to_vec(),
        max_bytes: spec.max_bytes,
        max_message_size: i32::try_from(PAYLOAD_BYTES + HEADER_BYTES).unwrap_or(i32::MAX),
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: spec.replicas,
        allow_direct: true,
        allow_rollup: true,
        allow_message_ttl: true,
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use muster_contracts::{permissions::ServiceUser, stream};
    use muster_testkit::broker::Broker;

    use super::*;
    use crate::ServiceConnect;

    async fn registry(broker: &Broker) -> Bus {
        let seed = broker.credentials().seed(ServiceUser::Registry).unwrap().into();
        let connect = ServiceConnect { servers: broker.url(), user: ServiceUser::Registry, seed, ca_file: None };
        let bus = Bus::connect_service(connect).await.unwrap();
        bus.connected().await;
        bus
    }

    async fn defined(bus: &Bus) -> StreamState {
        let events = stream::events(Duration::from_hours(1), 1 << 20, 1);
        loop {
            if let Ok(state) = bus.define_stream(&events).await {
                return state;
            }
        }
    }

    #[tokio::test]
    async fn those_who_make_a_stream_at_once_agree_on_its_epoch_and_it_keeps_it() {
        let mut broker = Broker::start().await.unwrap();
        let mut buses = Vec::new();
        for _ in 0..8 {
            buses.push(registry(&broker).await);
        }
        let all = futures_util::future::join_all(buses.iter().map(defined)).await;
        let epoch = &all[0].epoch;
        assert!(!epoch.is_empty() && all.iter().all(|state| state.epoch == *epoch), "{all:?}");
        assert_eq!(buses[0].stream_state(stream::EVENTS).await.unwrap().epoch, *epoch);
        broker.restart().await.unwrap();
        buses[0].connected().await;
        assert_eq!(defined(&buses[0]).await.epoch, *epoch);
    }
}

//! What a stack is made of.

use std::fmt;

/// A kind of process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// nats-server.
    Nats,
    /// muster-registry.
    Registry,
    /// muster-chat.
    Chat,
    /// muster-api.
    Api,
    /// PostgreSQL, where the stack has one of its own.
    Postgres,
}

/// One of the processes of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Which kind.
    pub part: Part,
    /// Which of them, from 0.
    pub number: usize,
}

impl Part {
    /// One of several.
    #[must_use]
    pub const fn number(self, number: usize) -> Instance {
        Instance { part: self, number }
    }
}

impl From<Part> for Instance {
    /// The first.
    fn from(part: Part) -> Self {
        part.number(0)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nats => "nats-server",
            Self::Registry => "registry",
            Self::Chat => "chat",
            Self::Api => "api",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, number } = self;
        if *number == 0 { write!(f, "{part}") } else { write!(f, "{part} {}", number + 1) }
    }
}

/// A way between two processes, on which anything may happen if the stack is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// From the workers to the broker.
    WorkerBroker,
    /// From the api to the broker.
    ApiBroker,
    /// From chat to the broker.
    ChatBroker,
    /// From the registry to the broker.
    RegistryBroker,
    /// From chat to PostgreSQL.
    ChatDatabase,
    /// From browsers to the api.
    BrowserApi,
}

impl Link {
    /// Every link.
    pub const ALL: [Self; 6] = [
        Self::WorkerBroker,
        Self::ApiBroker,
        Self::ChatBroker,
        Self::RegistryBroker,
        Self::ChatDatabase,
        Self::BrowserApi,
    ];

    /// Whether it leads to the broker.
    pub(crate) const fn is_to_broker(self) -> bool {
        matches!(self, Self::WorkerBroker | Self::ApiBroker | Self::ChatBroker | Self::RegistryBroker)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WorkerBroker => "worker–NATS",
            Self::ApiBroker => "api–NATS",
            Self::ChatBroker => "chat–NATS",
            Self::RegistryBroker => "registry–NATS",
            Self::ChatDatabase => "chat–PostgreSQL",
            Self::BrowserApi => "browser–api",
        })
    }
}

//! Readiness: what a process needs, and which of it is missing now.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The needs of a process by name; each is met or says what is wrong.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Result<(), String>>>>);

/// One need, to be kept current by whoever knows.
#[derive(Debug, Clone)]
pub struct Need {
    name: &'static str,
    health: Health,
}

impl Health {
    /// Adds a need, not met until said.
    #[must_use]
    pub fn need(&self, name: &'static str) -> Need {
        let need = Need { name, health: self.clone() };
        need.missing("not there yet");
        need
    }

    /// What is missing, by name.
    #[must_use]
    pub fn missing(&self) -> BTreeMap<&'static str, String> {
        let needs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        needs.iter().filter_map(|(name, state)| state.clone().err().map(|why| (*name, why))).collect()
    }
}

impl Need {
    /// It is there.
    pub fn met(&self) {
        self.set(Ok(()));
    }

    /// It is not there, and why.
    pub fn missing(&self, why: impl Into<String>) {
        self.set(Err(why.into()));
    }

    fn set(&self, state: Result<(), String>) {
        let mut needs = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        needs.insert(self.name, state);
    }
}

//! Identifiers: nanoids of 21 characters from `A-Za-z0-9_-`, a type for each
//! thing that has one, so that a machine's id is never taken for a worker's.

use std::{fmt, str::FromStr};

/// Length of every id.
pub const LEN: usize = 21;

/// Not a nanoid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is {LEN} characters from A-Z, a-z, 0-9, _ and -")]
pub struct InvalidId;

fn is_nanoid(text: &str) -> bool {
    text.len() == LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A fresh random id, unique for all practical purposes (126 bits). None begins with `-`, which command lines take for
/// an option and spreadsheets for a formula.
#[must_use]
#[expect(clippy::disallowed_macros, reason = "the one place that makes ids")]
pub fn random() -> String {
    loop {
        let id = nanoid::nanoid!(LEN);
        if !id.starts_with('-') {
            return id;
        }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// A fresh random id.
            #[must_use]
            pub fn random() -> Self {
                Self(random())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_nanoid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if is_nanoid(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person with an account.
    UserId,
    /// A registered computer.
    MachineId,
    /// A worker of a machine.
    WorkerId,
    /// One process of a worker.
    InstanceId,
    /// A conversation with a worker.
    SessionId,
    /// A message; a reply's id is a message's id.
    MessageId,
    /// A permission or question of an agent.
    RequestId,
    /// A file that a user attached, or is about to.
    AttachmentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nanoids_are_ids() {
        assert!("V1StGXR8_Z5jdHi6B-myT".parse::<MachineId>().is_ok());
        for text in [
            "",
            "V1StGXR8_Z5jdHi6B-my",
            "V1StGXR8_Z5jdHi6B-myTT",
            "V1StGXR8.Z5jdHi6B-myT",
            "V1StGXR8 Z5jdHi6B-myT",
            "ä1StGXR8_Z5jdHi6B-my",
        ] {
            assert_eq!(text.parse::<MachineId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn random_ids_are_ids() {
        assert!(random().parse::<WorkerId>().is_ok());
    }

    #[test]
    fn random_ids_are_no_options_and_no_formulas() {
        assert!((0..10_000).all(|_| !random().starts_with('-')));
    }
}

//! Whether a message may take the place of an earlier one.

/// What is known of the message whose place is to be taken, and of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The user wrote it.
    pub of_user: bool,
    /// It waits in the queue.
    pub waits: bool,
    /// Something has taken its place already.
    pub superseded: bool,
    /// It is a copy in a fork: the backend's session is made anew without it.
    pub copied: bool,
    /// The backend can go back in its conversation.
    pub can_rewind: bool,
    /// Another new version of an earlier message waits in the session.
    pub another_waits: bool,
    /// A turn is open in the session.
    pub busy: bool,
}

/// Why not. What never changes comes before what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A reply has no versions of its own: the message that it answers has.
    Reply,
    /// It has not been said yet: it can simply be edited.
    Waits,
    /// The backend remembers everything.
    CannotRewind,
    /// Two versions would take the same place.
    Superseded,
    /// One new version at a time.
    AnotherWaits,
    /// What is being written now would vanish under its reader.
    Busy,
}

/// Decides.
///
/// # Errors
/// When its place cannot be taken.
pub const fn check(facts: Facts) -> Result<(), Refused> {
    let Facts { of_user, waits, superseded, copied, can_rewind, another_waits, busy } = facts;
    if !of_user {
        Err(Refused::Reply)
    } else if waits {
        Err(Refused::Waits)
    } else if !can_rewind && !copied {
        Err(Refused::CannotRewind)
    } else if superseded {
        Err(Refused::Superseded)
    } else if another_waits {
        Err(Refused::AnotherWaits)
    } else if busy {
        Err(Refused::Busy)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_and_can_be_taken_back_is_replaced() {
        let said = Facts {
            of_user: true,
            waits: false,
            superseded: false,
            copied: false,
            can_rewind: true,
            another_waits: false,
            busy: false,
        };
        let table = [
            (said, Ok(())),
            (Facts { can_rewind: false, copied: true, ..said }, Ok(())),
            (Facts { of_user: false, busy: true, ..said }, Err(Refused::Reply)),
            (Facts { waits: true, busy: true, ..said }, Err(Refused::Waits)),
            (Facts { can_rewind: false, busy: true, ..said }, Err(Refused::CannotRewind)),
            (Facts { superseded: true, busy: true, ..said }, Err(Refused::Superseded)),
            (Facts { another_waits: true, busy: true, ..said }, Err(Refused::AnotherWaits)),
            (Facts { busy: true, ..said }, Err(Refused::Busy)),
        ];
        for (facts, expected) in table {
            assert_eq!(check(facts), expected, "{facts:?}");
        }
    }
}

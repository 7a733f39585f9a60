//! Rules of accounts.

/// What a user name is.
pub(crate) const USERNAME: &str = "is 3 to 32 of a-z, 0-9, dot, underscore and hyphen";
/// What a password is.
pub(crate) const PASSWORD: &str = "is 8 to 256 characters";

/// Whether it may be a user name.
pub(crate) fn is_username(text: &str) -> bool {
    (3..=32).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// Whether it may be a password.
pub(crate) fn is_password(text: &str) -> bool {
    (8..=256).contains(&text.chars().count())
}

/// Who may make an account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Everybody.
    Open,
    /// Whoever was invited.
    Invite,
    /// Nobody.
    Closed,
}

impl Registration {
    /// As configured; the first account may be made unless it is closed.
    pub(crate) fn now(configured: Self, first: bool) -> Self {
        if first && configured == Self::Invite { Self::Open } else { configured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_short_and_plain() {
        for good in ["ada", "ada.l_o-1", &"a".repeat(32)] {
            assert!(is_username(good), "{good}");
        }
        for bad in ["", "ab", "Ada", "a b", "ädä", &"a".repeat(33)] {
            assert!(!is_username(bad), "{bad}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(is_password("ääääääää"));
        assert!(!is_password("1234567"));
        assert!(!is_password(&"x".repeat(257)));
    }

    #[test]
    fn the_first_account_needs_no_invitation() {
        assert_eq!(Registration::now(Registration::Invite, true), Registration::Open);
        assert_eq!(Registration::now(Registration::Invite, false), Registration::Invite);
        assert_eq!(Registration::now(Registration::Closed, true), Registration::Closed);
    }
}

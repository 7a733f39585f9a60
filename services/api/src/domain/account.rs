//! Rules of accounts.

/// What a user name is.
pub(crate) const USERNAME: &str = "is 3 to 32 of a-z, 0-9, dot, underscore and hyphen";
/// Characters of a user name at most.
const LONGEST: usize = 32;
/// What a password is.
pub(crate) const PASSWORD: &str = "is 8 to 256 characters";

/// Whether it may be a user name.
pub(crate) fn is_username(text: &str) -> bool {
    (3..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// User names for somebody whom a provider calls so, the best first; the last is of random letters, so it is free.
pub(crate) fn usernames_for(called: &str, random: &str) -> Vec<String> {
    let local = called.split('@').next().unwrap_or_default().to_lowercase();
    let fitting = |byte: char| if byte.is_ascii_alphanumeric() || "._".contains(byte) { byte } else { '-' };
    let plain: String = local.chars().map(fitting).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(LONGEST - 9).collect();
    let name = if name.len() < 3 { "user".to_owned() } else { name };
    let random: String = random.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let numbered = (2..10).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).chain([format!("{name}-{random}")]).collect()
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
    fn a_name_from_elsewhere_is_made_to_fit() {
        for (called, first) in [
            ("ada", "ada"),
            ("Ada.Lovelace@example.com", "ada.lovelace"),
            ("Ada  Lovelace", "ada-lovelace"),
            ("--ädä--", "user"),
            ("李", "user"),
            ("", "user"),
            (&"x".repeat(90), &"x".repeat(23)),
        ] {
            let names = usernames_for(called, "V1StGXR8_Z5jdHi6B-myT");
            assert_eq!(names[0], first, "{called}");
            assert_eq!(names[1], format!("{first}-2"));
            assert_eq!(names.last().unwrap(), &format!("{first}-v1stgxr8"));
            assert!(names.iter().all(|name| is_username(name)), "{names:?}");
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

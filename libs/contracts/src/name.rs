//! Names that people give.

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("must not be blank")]
    Blank,
    /// Longer than the limit, in characters.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// Contains a control character.
    #[error("must not contain control characters")]
    Control,
}

/// The name without surrounding white space, if it is one of at most `max` characters.
///
/// # Errors
/// When it is blank, too long or has control characters (line breaks among them).
pub fn parse(text: &str, max: usize) -> Result<&str, InvalidName> {
    let name = text.trim();
    if name.is_empty() {
        return Err(InvalidName::Blank);
    }
    if name.chars().count() > max {
        return Err(InvalidName::TooLong(max));
    }
    if name.chars().any(char::is_control) {
        return Err(InvalidName::Control);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(parse("  laptop ", 64), Ok("laptop"));
        assert_eq!(parse(" \t ", 64), Err(InvalidName::Blank));
        assert_eq!(parse("äöü", 3), Ok("äöü"));
        assert_eq!(parse("äöüß", 3), Err(InvalidName::TooLong(3)));
        assert_eq!(parse("a\nb", 64), Err(InvalidName::Control));
    }
}

//! The name that a session takes from its first message.

use muster_contracts::limits::AUTO_TITLE_CHARS;

/// White space collapsed, cut to [`AUTO_TITLE_CHARS`] characters at a word where one is near.
#[must_use]
pub fn from_message(content: &str) -> String {
    let collapsed = content.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = collapsed.chars().filter(|letter| !letter.is_control()).collect::<String>();
    if clean.chars().count() <= AUTO_TITLE_CHARS {
        return clean;
    }
    let cut = clean.chars().take(AUTO_TITLE_CHARS - 1).collect::<String>();
    match cut.rsplit_once(' ') {
        Some((words, _)) if words.chars().count() > AUTO_TITLE_CHARS / 2 => format!("{words}…"),
        _ => format!("{cut}…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_collapsed_and_length_is_bounded() {
        assert_eq!(from_message("  fix\n\tthe   tests "), "fix the tests");
        let long = from_message(&"word ".repeat(40));
        assert!(long.chars().count() <= AUTO_TITLE_CHARS && long.ends_with("word…"), "{long}");
        let unbroken = from_message(&"ä".repeat(80));
        assert_eq!(unbroken.chars().count(), AUTO_TITLE_CHARS);
    }
}

//! The name that a session takes from its first message, or from the session that it is a fork of.

use muster_contracts::limits::{AUTO_TITLE_CHARS, TITLE_CHARS};

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

/// The title of a fork: of a fork's fork it is counted on.
#[must_use]
pub fn of_fork(title: &str) -> String {
    let numbered = title.strip_suffix(')').and_then(|title| title.rsplit_once(" (fork"));
    let (title, number) = match numbered.map(|(title, number)| (title, number.trim())) {
        Some((title, "")) => (title, 2),
        Some((title, number)) if number.parse::<u16>().is_ok() => {
            (title, number.parse::<u32>().map_or(2, |number| number + 1))
        }
        _ => (title, 1),
    };
    let ending = if number == 1 { " (fork)".to_owned() } else { format!(" (fork {number})") };
    let kept = title.chars().take(TITLE_CHARS - ending.len()).collect::<String>();
    format!("{}{ending}", kept.trim_end()).trim_start().to_owned()
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

    #[test]
    fn a_fork_says_so_once() {
        for (title, fork) in [
            ("Fix the tests", "Fix the tests (fork)"),
            ("Fix the tests (fork)", "Fix the tests (fork 2)"),
            ("Fix the tests (fork 9)", "Fix the tests (fork 10)"),
            ("Use a (forked) one", "Use a (forked) one (fork)"),
            ("Count (fork x)", "Count (fork x) (fork)"),
            ("", "(fork)"),
        ] {
            assert_eq!(of_fork(title), fork);
        }
        let long = of_fork(&"ä".repeat(TITLE_CHARS));
        assert!(long.chars().count() == TITLE_CHARS && long.ends_with("ä (fork)"), "{long}");
    }
}

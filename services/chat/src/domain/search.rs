//! What a user looks for, as both engines understand it, and what is shown of a message that has it.

/// Words that count; more of them narrow nothing.
const WORDS: usize = 16;
/// Characters on both sides of a found word.
const AROUND: usize = 70;

/// The words that a text must have all of; the last may be a beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of what was typed; none if there are only signs.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let words = words(text).take(WORDS).map(|(_, word)| word.to_lowercase()).collect::<Vec<_>>();
        (!words.is_empty()).then_some(Self(words))
    }

    /// For SQLite's `MATCH`.
    #[must_use]
    pub fn fts5(&self) -> String {
        self.0.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ") + "*"
    }

    /// For PostgreSQL's `to_tsquery`.
    #[must_use]
    pub fn tsquery(&self) -> String {
        self.0.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" & ") + ":*"
    }

    /// What is around the first of the words in a message, on one line.
    #[must_use]
    pub fn snippet(&self, content: &str) -> String {
        let first = words(content).find(|(_, word)| {
            let word = word.to_lowercase();
            self.0.iter().any(|wanted| word.starts_with(wanted.as_str()))
        });
        let at = first.map_or(0, |(at, _)| at);
        let (before, after) = content.split_at_checked(at).unwrap_or(("", content));
        let start = before.char_indices().rev().nth(AROUND - 1).map_or(0, |(start, _)| start);
        let end = after.char_indices().nth(2 * AROUND).map_or(content.len(), |(end, _)| at + end);
        let shown = content.get(start..end).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let mark = |cut: bool| if cut { "…" } else { "" };
        format!("{}{shown}{}", mark(start > 0), mark(end < content.len()))
    }
}

/// The words of a text with their places: letters and digits, as both engines part them.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    let words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(move |word| (word.as_ptr() as usize - start, word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_told_to_each_engine_and_signs_are_not() {
        let words = Words::of("  Fix main.rs \"quick*'ly ").unwrap();
        assert_eq!(words.fts5(), r#""fix" "main" "rs" "quick" "ly"*"#);
        assert_eq!(words.tsquery(), "'fix' & 'main' & 'rs' & 'quick' & 'ly':*");
        assert_eq!(Words::of(" -- '\" * "), None);
    }

    #[test]
    fn a_snippet_shows_the_first_found_word_on_one_line() {
        let words = Words::of("brow").unwrap();
        assert_eq!(words.snippet("the quick\n  Brown fox"), "the quick Brown fox");
        let long = format!("{}brown fox{}", "lazy dog. ".repeat(30), " and on".repeat(40));
        let snippet = words.snippet(&long);
        assert!(snippet.starts_with('…') && snippet.ends_with('…') && snippet.contains("brown fox"), "{snippet}");
        assert!(snippet.chars().count() <= 3 * AROUND + 2, "{snippet}");
    }

    proptest! {
        #[test]
        fn every_text_has_a_snippet(typed in ".{0,40}", content in "(?s).{0,400}") {
            if let Some(words) = Words::of(&typed) {
                prop_assert!(words.snippet(&content).chars().count() <= 3 * AROUND + 2);
            }
        }
    }
}

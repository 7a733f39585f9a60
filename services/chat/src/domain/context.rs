//! What was said before, as text: for a backend that was not there.

/// Bytes of it at most: a sync answer has room for it beside a long message.
pub const CONTEXT_BYTES: usize = 32 * 1024;
const CUT: &str = "[What was said before this is left out.]\n\n";

/// One thing that was said.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// By the user; else by the assistant.
    pub by_user: bool,
    /// What.
    pub content: &'a str,
}

/// As text, oldest first, from what is given newest first. Where it is too long, its beginning is left out.
#[must_use]
pub fn text<'a>(newest_first: impl IntoIterator<Item = Said<'a>>) -> String {
    let room = CONTEXT_BYTES - CUT.len();
    let (mut entries, mut bytes) = (Vec::new(), 0);
    let mut cut = false;
    for Said { by_user, content } in newest_first {
        if content.trim().is_empty() {
            continue;
        }
        let entry = format!("{}:\n{content}\n\n", if by_user { "User" } else { "Assistant" });
        bytes += entry.len();
        if bytes > room {
            // Of the newest one at least its end is told.
            if entries.is_empty() {
                entries.push(entry[entry.ceil_char_boundary(entry.len() - room)..].to_owned());
            }
            cut = true;
            break;
        }
        entries.push(entry);
    }
    let mut text = if cut { CUT.to_owned() } else { String::new() };
    text.extend(entries.into_iter().rev());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(by_user: bool, content: &str) -> Said<'_> {
        Said { by_user, content }
    }

    #[test]
    fn what_was_said_is_told_in_order_and_without_what_is_empty() {
        let text = text([said(true, "why?"), said(false, ""), said(false, "It is so."), said(true, "tell me")]);
        assert_eq!(text, "User:\ntell me\n\nAssistant:\nIt is so.\n\nUser:\nwhy?\n\n");
        assert_eq!(super::text([]), "");
    }

    #[test]
    fn of_what_is_too_long_the_newest_is_kept() {
        let long = "ä".repeat(10_000);
        let told = text([said(true, "last"), said(false, &long), said(true, &long)]);
        assert!(told.starts_with(CUT) && told.ends_with("User:\nlast\n\n"));
        assert!(told.len() <= CONTEXT_BYTES && told.contains("Assistant:"), "{}", told.len());
        let longest = "ä".repeat(CONTEXT_BYTES);
        let told = text([said(false, &longest)]);
        assert!(told.starts_with(CUT) && told.len() <= CONTEXT_BYTES && told.ends_with("ä\n\n"));
    }
}

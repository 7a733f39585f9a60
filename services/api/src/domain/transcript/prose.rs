//! What somebody wrote in Markdown, so that it is read to its end and no further.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use super::quote::fenced;

/// A word that stands behind the text to see whether it is read as the beginning of something new.
const BEHIND: &str = "\n\nbehind\n";

/// The text with its tags as words and its headings below ours. One that would swallow what follows it, by a fence
/// that is never closed, is shown as it was typed.
pub(super) fn settled(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    // A line may end by a carriage return alone.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = lowered(&without_tags(text.trim_end()));
    if ends(&text) { format!("\n{text}\n") } else { fenced(&text, "markdown") }
}

fn parser(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let extensions = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, extensions).into_offset_iter()
}

/// Tags as they were typed: `Vec<T>` is meant as words, and a `<details>` could hold what follows.
fn without_tags(text: &str) -> String {
    let mut tags = parser(text)
        .filter(|(event, _)| matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .map(|(_, range)| range)
        .collect::<Vec<_>>();
    let mut out = text.to_owned();
    while let Some(range) = tags.pop() {
        let escaped = text.get(range.clone()).unwrap_or_default().replace('<', "\\<");
        out.replace_range(range, &escaped);
    }
    out
}

/// Whether a paragraph behind the text is a paragraph of its own, and no tag stands before it.
fn ends(text: &str) -> bool {
    let with = format!("{text}{BEHIND}");
    let (mut depth, mut own) = (0_i32, false);
    for (event, range) in parser(&with) {
        match event {
            Event::Start(tag) => {
                own |= depth == 0 && tag == Tag::Paragraph && range.start >= text.len();
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Html(_) | Event::InlineHtml(_) => return false,
            _ => {}
        }
    }
    own
}

/// Headings of the first two levels are of a session and its messages.
fn lowered(text: &str) -> String {
    let mut headings = parser(text)
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Heading { level, .. }) => Some((level, range)),
            _ => None,
        })
        .collect::<Vec<_>>();
    let mut out = text.to_owned();
    while let Some((level, range)) = headings.pop() {
        let Some(source) = text.get(range.clone()) else { continue };
        if source.starts_with('#') {
            let more = if level <= HeadingLevel::H4 { "##" } else { "" };
            out.insert_str(range.start, more);
        } else if let Some((words, _)) = source.trim_end().rsplit_once('\n') {
            out.replace_range(range, &format!("### {}\n", words.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    out
}

//! Foreign words within our Markdown.

/// On one line, and nothing but words: every sign that Markdown or HTML could read is escaped.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in one_line(text).chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&' | '$') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// On one line as code.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    // A space that begins and ends it is taken away again.
    let pad = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// As a block of code in a language, with a fence longer than any in it.
pub(super) fn fenced(text: &str, language: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    let text = text.replace('\r', "");
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("\n{fence}{language}\n{text}{end}{fence}\n")
}

/// Something that is shown when it is asked for.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("\n<details>\n<summary>{}</summary>\n{body}\n</details>\n", html(summary))
}

fn html(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// White space collapsed, without control characters: a blank line would end what it is in.
fn one_line(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn longest_run(text: &str, sign: char) -> usize {
    text.split(|letter| letter != sign).map(str::len).max().unwrap_or(0)
}

//! The name of a file that a browser shall keep, made of what somebody else wrote.

use std::fmt::Write as _;

/// Characters of a title in it at most.
const CHARS: usize = 80;
/// Names that Windows keeps for itself, whatever follows the dot.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul", "com", "lpt"];

/// `Content-Disposition` for a file named after a title (RFC 6266), in its own letters where the client knows how
/// (RFC 8187), else in ASCII.
pub(crate) fn disposition(title: &str, extension: &str) -> String {
    let name = format!("{}.{extension}", stem(title));
    let plain = name.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect::<String>();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// The title as far as every system takes it: no path, nothing hidden, nothing that turns the reading around.
fn stem(title: &str) -> String {
    let harmless = |letter: char| match letter {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '\'' | '`' | '$' | ';' => ' ',
        // Of Unicode's category Cf, those that change how their neighbours are read.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => ' ',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    let clean = title.chars().map(harmless).collect::<String>();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = words.trim_matches(['.', ' ', '-']).chars().take(CHARS).collect::<String>();
    let short = short.trim_end_matches(['.', ' ']);
    let base =
        short.split('.').next().unwrap_or_default().trim().trim_end_matches(|letter: char| letter.is_ascii_digit());
    if short.is_empty() || RESERVED.contains(&base.to_ascii_lowercase().as_str()) {
        return format!("session {short}").trim_end().to_owned();
    }
    short.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_becomes_a_file_name_on_every_system() {
        for (title, name) in [
            ("Fix the tests", "Fix the tests"),
            ("", "session"),
            ("...", "session"),
            ("../../etc/passwd", "etc passwd"),
            ("C:\\Windows\\cmd", "C Windows cmd"),
            ("CON", "session CON"),
            ("com1.txt", "session com1.txt"),
            ("a\"; filename=\"b.exe", "a filename= b.exe"),
            ("invoice\u{202e}fdp.exe", "invoice fdp.exe"),
            ("a\r\nSet-Cookie x", "a Set-Cookie x"),
            (".bashrc", "bashrc"),
        ] {
            assert_eq!(stem(title), name, "{title:?}");
        }
        assert_eq!(stem(&"ü".repeat(300)).chars().count(), CHARS);
    }

    #[test]
    fn other_letters_are_told_twice() {
        assert_eq!(
            disposition("Größe 1", "md"),
            "attachment; filename=\"Gr__e 1.md\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.md"
        );
    }

    proptest! {
        #[test]
        fn any_title_is_one_header_with_one_name(title in "(?s).{0,120}") {
            let header = disposition(&title, "md");
            prop_assert!(header.chars().all(|letter| letter.is_ascii() && !letter.is_ascii_control()), "{header}");
            prop_assert_eq!(header.matches('"').count(), 2);
            prop_assert!(!header.contains('/') && !header.contains('\\'));
        }
    }
}

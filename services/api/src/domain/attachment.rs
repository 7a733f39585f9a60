//! What a file is and is called, whatever its sender says of it.

use muster_contracts::limits::FILE_NAME_CHARS;

/// Bytes by which an image is known.
const HEAD: usize = 64;
/// Characters of a name's ending that are kept when the rest is cut.
const ENDING_CHARS: usize = 16;
/// A file without a name.
const NAMELESS: &str = "file";

/// Any text. SVG and HTML are text too: nobody's browser is to take them for more.
pub(crate) const TEXT: &str = "text/plain";
/// The images that are taken: those that models and browsers know.
pub(crate) const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Neither an image that is taken nor text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownKind;

/// Looks at a file while it comes, in pieces of any size.
#[derive(Debug)]
pub(crate) struct Sniff {
    head: Vec<u8>,
    text: bool,
    /// The beginning of a character whose rest comes with the next piece.
    cut: Vec<u8>,
}

impl Default for Sniff {
    fn default() -> Self {
        Self { head: Vec::with_capacity(HEAD), text: true, cut: Vec::new() }
    }
}

impl Sniff {
    /// Looks at more of it.
    ///
    /// # Errors
    /// As soon as it can be none of what is taken.
    pub(crate) fn see(&mut self, piece: &[u8]) -> Result<(), UnknownKind> {
        let missing = HEAD.saturating_sub(self.head.len());
        self.head.extend(piece.iter().take(missing));
        if self.text {
            self.text = self.goes_on(piece);
        }
        if self.text || self.head.len() < HEAD || self.image().is_some() { Ok(()) } else { Err(UnknownKind) }
    }

    /// What it is, once all of it was seen.
    ///
    /// # Errors
    /// When it is none of what is taken.
    pub(crate) fn kind(&self) -> Result<&'static str, UnknownKind> {
        // Text first: words may begin like an image, and no image is whole text.
        if self.text && self.cut.is_empty() { Ok(TEXT) } else { self.image().ok_or(UnknownKind) }
    }

    fn image(&self) -> Option<&'static str> {
        let kind = infer::get(&self.head)?.mime_type();
        IMAGES.into_iter().find(|image| *image == kind)
    }

    /// Whether it is UTF-8 so far, without NUL.
    fn goes_on(&mut self, piece: &[u8]) -> bool {
        let joined;
        let bytes = if self.cut.is_empty() {
            piece
        } else {
            joined = [self.cut.as_slice(), piece].concat();
            joined.as_slice()
        };
        let cut = match std::str::from_utf8(bytes) {
            Ok(_) => Vec::new(),
            Err(error) if error.error_len().is_none() => bytes.get(error.valid_up_to()..).unwrap_or_default().to_vec(),
            Err(_) => return false,
        };
        let whole = !bytes.contains(&0);
        self.cut = cut;
        whole
    }
}

/// A file's name as it may be kept and shown: no path, nothing that is not seen, not too long.
pub(crate) fn clean_name(told: &str) -> String {
    let last = told.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen = last.chars().filter(|letter| !is_hidden(*letter)).collect::<String>();
    let name = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = name.trim_end_matches(['.', ' ']);
    if name.is_empty() { NAMELESS.to_owned() } else { shortened(name) }
}

/// Control characters, and those that change the order or are not seen at all: they make one ending look like another.
fn is_hidden(letter: char) -> bool {
    letter.is_control() && !letter.is_whitespace()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= FILE_NAME_CHARS {
        return name.to_owned();
    }
    let ending =
        name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.chars().count() <= ENDING_CHARS);
    let ending = ending.unwrap_or_default();
    let room = FILE_NAME_CHARS - ending.chars().count();
    name.chars().take(room).chain(ending.chars()).collect()
}

/// The header Content-Disposition (RFC 6266): what a browser calls the file, and whether it shows it.
pub(crate) fn disposition(name: &str, shown: bool) -> String {
    let how = if shown { "inline" } else { "attachment" };
    let encoded = name.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    });
    format!("{how}; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

    fn kind(bytes: &[u8], size: usize) -> Result<&'static str, UnknownKind> {
        let mut sniff = Sniff::default();
        for piece in bytes.chunks(size) {
            sniff.see(piece)?;
        }
        sniff.kind()
    }

    #[test]
    fn a_file_is_what_its_bytes_are() {
        let jpeg = [b"\xff\xd8\xff\xe0\0\x10JFIF\0".as_slice(), &[0; 80]].concat();
        let gif = [b"GIF89a\x01\0\x01\0".as_slice(), &[0; 80]].concat();
        let webp = [b"RIFF\x1a\0\0\0WEBPVP8L".as_slice(), &[0; 80]].concat();
        let zip = [b"PK\x03\x04".as_slice(), &[0; 80]].concat();
        let late = ["a".repeat(200).as_bytes(), b"\xff"].concat();
        for (bytes, expected) in [
            (PNG, Ok("image/png")),
            (&jpeg, Ok("image/jpeg")),
            (&gif, Ok("image/gif")),
            (&webp, Ok("image/webp")),
            (b"hello", Ok(TEXT)),
            ("\u{feff}äöü 𝄞".as_bytes(), Ok(TEXT)),
            (b"GIF is a word that an image begins with", Ok(TEXT)),
            (b"BM is one too", Ok(TEXT)),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", Ok(TEXT)),
            (b"<!doctype html><script>alert(1)</script>", Ok(TEXT)),
            (b"\x1b[31mred\x1b[0m\r\n", Ok(TEXT)),
            (b"a\0b", Err(UnknownKind)),
            (b"\xe4 in Latin-1", Err(UnknownKind)),
            (b"cut in the middle of \xf0\x9d\x84", Err(UnknownKind)),
            (&late, Err(UnknownKind)),
            (&zip, Err(UnknownKind)),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", Err(UnknownKind)),
            (b"MZ\x90\0", Err(UnknownKind)),
            (b"BM\xff\xff\0\0", Err(UnknownKind)),
        ] {
            for size in [1, 2, 3, 7, 1_000] {
                assert_eq!(kind(bytes, size), expected, "{:?} in pieces of {size}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn a_name_is_only_a_name() {
        for (told, name) in [
            ("cat.png", "cat.png"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\Windows\\win.ini", "win.ini"),
            ("../..", "file"),
            ("..", "file"),
            ("a/", "file"),
            ("", "file"),
            (" \t ", "file"),
            (".env", ".env"),
            ("a\nb\0c\u{1b}.txt", "a bc.txt"),
            ("photo\u{202e}gnp.exe", "photognp.exe"),
            ("\u{feff}\u{200b}x", "x"),
            ("report.txt. .", "report.txt"),
            ("  many   spaces .md ", "many spaces .md"),
            ("Bär 🐻.jpeg", "Bär 🐻.jpeg"),
        ] {
            assert_eq!(clean_name(told), name, "{told:?}");
        }
        let long = clean_name(&format!("{}.jpeg", "ä".repeat(300)));
        assert!(long.chars().count() == FILE_NAME_CHARS && long.ends_with("ä.jpeg"), "{long}");
        assert_eq!(clean_name(&format!("a.{}", "x".repeat(300))).chars().count(), FILE_NAME_CHARS);
    }

    #[test]
    fn a_header_holds_any_name() {
        assert_eq!(disposition("a \"b\".png", true), "inline; filename*=UTF-8''a%20%22b%22.png");
        assert_eq!(disposition("ä;\r\n", false), "attachment; filename*=UTF-8''%C3%A4%3B%0D%0A");
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_that_chat_takes(told in ".*") {
            let name = clean_name(&told);
            prop_assert_eq!(muster_contracts::name::parse(&name, FILE_NAME_CHARS), Ok(name.as_str()));
            prop_assert_eq!(clean_name(&name), name);
        }
    }
}

//! What a user attached to a message, as a backend finds it.

use std::path::PathBuf;

/// A file beside the user's words. It is whole and is what the user uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What the user calls it: no path, no control characters. Only to be shown; it may be like that of another.
    pub name: String,
    /// `image/png`, `image/jpeg`, `image/gif`, `image/webp`, or `text/plain` for any text in UTF-8.
    pub media_type: String,
    /// Bytes of the file; at most [`muster_contracts::limits::ATTACHMENT_BYTES`].
    pub size: u64,
    /// The file, for reading. It is gone when the turn has ended.
    pub file: PathBuf,
}

impl Attachment {
    /// Whether it is an image; else it is text.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.media_type.starts_with("image/")
    }
}

//! What may become of a request.

use std::fmt;

/// A problem as of RFC 9457, as much of it as messages need.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Problem {
    /// A stable slug.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is.
    pub title: String,
    /// What it is this time.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = if self.title.is_empty() { "refused" } else { &self.title };
        write!(f, "{title}")?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

/// Why there is no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server says no.
    #[error("{problem} ({status})")]
    Refused {
        /// HTTP's number for it.
        status: u16,
        /// The server's words.
        problem: Problem,
    },
    /// There is no answer, or one that is not understood.
    #[error("{}", chain(.0))]
    Http(#[from] reqwest::Error),
}

impl ClientError {
    /// HTTP's number, if the server answered.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Http(_) => None,
        }
    }
}

/// The client's library says the cause only in its sources.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

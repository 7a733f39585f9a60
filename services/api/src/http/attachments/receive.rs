//! The file in a form, as it comes.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use futures_util::future::BoxFuture;
use http::StatusCode;
use muster_contracts::limits::ATTACHMENT_BYTES;

use crate::{
    domain::attachment::{Sniff, UnknownKind, clean_name},
    http::problem::Problem,
};

/// Where the bytes of a file go.
pub(crate) trait Sink: Send {
    /// Takes more of them.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>>;
}

/// The form's one file and the name that it may have.
///
/// # Errors
/// When the form cannot be read, or does not begin with a file.
pub(crate) async fn file(form: &mut Multipart) -> Result<(String, Field<'_>), Problem> {
    match form.next_field().await.map_err(|error| broken(&error))? {
        Some(field) if field.name() == Some("file") && field.file_name().is_some() => {
            Ok((clean_name(field.file_name().unwrap_or_default()), field))
        }
        _ => Err(malformed("Send one file, in the form's field `file`.")),
    }
}

/// Passes the file on piece by piece; what it is.
///
/// # Errors
/// When it is empty, too large or of a kind that is not taken, or the sink does not take it.
pub(crate) async fn receive(mut field: Field<'_>, sink: &mut dyn Sink) -> Result<&'static str, Problem> {
    let (mut sniff, mut size) = (Sniff::default(), 0);
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        size += piece.len();
        if size > ATTACHMENT_BYTES {
            return Err(too_large());
        }
        sniff.see(&piece).map_err(unknown_kind)?;
        sink.write(&piece).await?;
    }
    if size == 0 {
        return Err(Problem::invalid("/file", "is empty; choose another"));
    }
    sniff.kind().map_err(unknown_kind)
}

/// Refuses a form that goes on behind its file.
///
/// # Errors
/// When it does, or cannot be read.
pub(crate) async fn nothing_more(form: &mut Multipart) -> Result<(), Problem> {
    match form.next_field().await.map_err(|error| broken(&error))? {
        None => Ok(()),
        Some(_) => Err(malformed("Send one file at a time, and nothing else with it.")),
    }
}

/// Larger than any file may be.
pub(crate) fn too_large() -> Problem {
    let detail = format!("A file may have at most {} MB.", ATTACHMENT_BYTES / (1024 * 1024));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

fn unknown_kind(_: UnknownKind) -> Problem {
    let detail = "Only images (PNG, JPEG, GIF, WebP) and text in UTF-8 can be attached.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-file", detail)
}

fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    malformed("The form cannot be read, or did not arrive whole.")
}

fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
}

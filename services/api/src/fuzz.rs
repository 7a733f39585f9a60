//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart},
};
use futures_util::{future::BoxFuture, stream};
use http::{Request, header};
use muster_contracts::{limits, name};

pub use crate::feed::fuzz::frame;
use crate::{
    domain::{
        attachment::{IMAGES, TEXT},
        event_id::EventId,
    },
    http::{
        attachments::receive::{self, Sink},
        problem::Problem,
        requests::answer::AnswerRequest,
    },
};

/// An event's id that is taken prints as it came.
pub fn event_id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = text.parse::<EventId>() {
        assert_eq!(id.to_string(), text);
    }
}

/// An answer to an agent's request is one of its two kinds, or is refused.
pub fn answer(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<AnswerRequest>(data) else { return };
    if let Ok(answer) = muster_contracts::v1::Answer::try_from(answer) {
        assert!(answer.option_id.is_none() || answer.answers.is_empty());
    }
}

/// A form's file that is taken is what is said of it, and its name is one that may be kept. The first byte is the size of
/// the pieces in which the rest comes; the boundary is `b`.
pub fn multipart(data: &[u8]) {
    let Some((&size, form)) = data.split_first() else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let Ok((name, kind, Kept(bytes))) = runtime.block_on(taken(form.to_vec(), usize::from(size).max(1))) else {
        return;
    };
    assert_eq!(name::parse(&name, limits::FILE_NAME_CHARS), Ok(name.as_str()));
    assert!(!name.contains(['/', '\\']), "{name}");
    assert!(!bytes.is_empty());
    let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0'));
    assert!(if is_text { kind == TEXT } else { IMAGES.contains(&kind) }, "{kind}");
}

async fn taken(form: Vec<u8>, size: usize) -> Result<(String, &'static str, Kept), Problem> {
    let pieces = form.chunks(size).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let request = Request::builder().header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let request = request.body(Body::from_stream(stream::iter(pieces))).map_err(|error| Problem::internal(&error))?;
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| Problem::internal(&error))?;
    let mut kept = Kept(Vec::new());
    let (name, field) = receive::file(&mut form).await?;
    let kind = receive::receive(field, &mut kept).await?;
    receive::nothing_more(&mut form).await?;
    Ok((name, kind, kept))
}

struct Kept(Vec<u8>);

impl Sink for Kept {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        self.0.extend_from_slice(bytes);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_id_of_an_event_is_refused_or_prints_as_it_came() {
        muster_fuzz::briefly("event_id", super::event_id);
    }

    #[test]
    fn whatever_is_stored_viewers_get_whole_frames_in_order() {
        muster_fuzz::briefly("frame", super::frame);
    }

    #[test]
    fn a_file_that_is_taken_is_what_is_said_of_it() {
        muster_fuzz::briefly("multipart", super::multipart);
    }

    #[test]
    fn an_answer_is_of_one_kind_or_refused() {
        muster_fuzz::briefly("answer", super::answer);
    }
}

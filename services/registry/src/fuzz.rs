//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

use muster_contracts::{
    Message as _,
    limits::REGISTRATION_FIELD_BYTES,
    v1::{ModelsRequest, Page, RegisterRequest},
};
use nkeys::KeyPair;

use crate::{
    domain::{callout::Question, cursor, registration::Told},
    handlers::models,
};

/// The broker's question carries what a client says of itself: it is let in only with a key that it proved.
pub fn question(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(Question::read(text, 0).is_err(), "nobody has signed it");
    let Ok(question) = serde_json::from_str::<Question>(text) else { return };
    let Err(denial) = question.proof() else { return };
    // The answer that keeps it out can always be made.
    assert!(question.deny(denial, &KeyPair::new_account(), 0).is_ok());
}

/// What is kept of a worker's words is bounded and fit to be shown.
pub fn worker_tells(data: &[u8]) {
    if let Ok(request) = RegisterRequest::decode(data)
        && let Ok((told, _)) = Told::read(request)
    {
        let Told { hostname, os_user, directory, version, backend } = told;
        for text in [hostname, os_user, directory, version, backend] {
            assert!(text.len() <= REGISTRATION_FIELD_BYTES && !text.chars().any(char::is_control));
        }
    }
    if let Ok(request) = ModelsRequest::decode(data)
        && let Ok((kept, backend, version)) = models::check(request)
    {
        assert!(!(backend + &version).chars().any(char::is_control));
        let again = ModelsRequest::decode(kept.as_slice());
        let ids = again.iter().flat_map(|told| &told.models).map(|model| &model.model_id);
        assert!(again.is_ok() && ids.into_iter().all(|id| !id.chars().any(char::is_control)));
    }
    if let Ok(page) = Page::decode(data)
        && let Ok(page) = cursor::Page::try_from(Some(page))
    {
        assert!(page.rows() > 0 && !page.after.id.contains('\0'));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_is_let_in_without_a_proved_key() {
        muster_fuzz::briefly("question", super::question);
    }

    #[test]
    fn what_is_kept_of_a_workers_words_is_bounded_and_fit_to_be_shown() {
        muster_fuzz::briefly("worker_tells", super::worker_tells);
    }
}

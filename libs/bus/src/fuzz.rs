//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

use async_nats::HeaderMap;

use crate::{Identity, call::REQUEST_INFO};

/// A name of a broker's user that is taken is one that we give; the same in the header of a request.
pub fn identity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(identity) = Identity::parse(text) {
        assert_eq!(Identity::parse(&identity.user_name()), Some(identity));
    }
    if let Ok(value) = text.parse::<async_nats::HeaderValue>() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_INFO, value);
        Identity::from_headers(Some(&headers));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_name_is_refused_or_one_that_we_give() {
        muster_fuzz::briefly("identity", super::identity);
    }
}

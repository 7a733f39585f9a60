//! How we say to a push service who we are (RFC 8292): a token for its origin, signed with our key.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use url::Url;

/// Seconds for which a token is good; a day is the most that is allowed.
const GOOD: i64 = 12 * 60 * 60;

/// Our key.
#[derive(Debug)]
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    /// As browsers and push services know it: an uncompressed point, base64url.
    pub(crate) public: String,
}

/// The key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the key that push services know us by cannot be used")]
pub(crate) struct KeyError;

impl Key {
    /// A new one, as PKCS #8.
    pub(super) fn make() -> Result<Vec<u8>, KeyError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        made.map(|made| made.as_ref().to_vec()).map_err(|_| KeyError)
    }

    pub(super) fn read(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(|_| KeyError)?;
        let public = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        Ok(Self { pair, public })
    }

    /// The header that introduces us at an address; `contact` is whom its people write to. `now` in milliseconds.
    pub(super) fn authorization(&self, address: &Url, contact: &str, now: i64) -> Result<String, KeyError> {
        let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = part(json!({ "typ": "JWT", "alg": "ES256" }));
        let audience = address.origin().ascii_serialization();
        let claims = part(json!({ "aud": audience, "exp": now / 1000 + GOOD, "sub": contact }));
        let signed = format!("{header}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| KeyError)?;
        let signature = BASE64URL_NOPAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public))
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn whoever_has_the_public_key_knows_that_it_is_us() {
        let key = Key::read(&Key::make().unwrap()).unwrap();
        let address = Url::parse("https://push.example:8443/send/secret").unwrap();
        let header = key.authorization(&address, "mailto:ops@muster.example", 1_000_000).unwrap();
        let (token, public) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let public =
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, BASE64URL_NOPAD.decode(public.as_bytes()).unwrap());
        public.verify(signed.as_bytes(), &BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();
        let claims = BASE64URL_NOPAD.decode(signed.split_once('.').unwrap().1.as_bytes()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example:8443", "the path is the browser's secret");
        assert_eq!(claims["exp"], 1000 + GOOD);
        assert!(Key::read(b"nonsense").is_err());
    }
}

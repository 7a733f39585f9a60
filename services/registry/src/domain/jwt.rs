//! The JSON web tokens of NATS: ed25519 by NKeys, `alg` "ed25519-nkey".

use data_encoding::BASE64URL_NOPAD;
use nkeys::{KeyPair, KeyPairType};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const ALGORITHM: &str = "ed25519-nkey";

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    /// Not three parts of base64url with JSON in them.
    #[error("not a JSON web token of NATS")]
    Malformed,
    /// Not signed by whom it says.
    #[error("the signature does not fit")]
    Signature,
    /// Our own key cannot sign.
    #[error("the key cannot sign")]
    Key,
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

/// Claims as a signed token.
///
/// # Errors
/// When the key has no seed.
pub(crate) fn sign(claims: &impl Serialize, key: &KeyPair) -> Result<String, JwtError> {
    let header = Header { typ: "JWT".to_owned(), alg: ALGORITHM.to_owned() };
    let signed = format!("{}.{}", encode(&header)?, encode(claims)?);
    let signature = key.sign(signed.as_bytes()).map_err(|_| JwtError::Key)?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// The claims of a token that its issuer, a key of this type, has signed, and the issuer.
///
/// # Errors
/// When it is malformed or signed by another.
pub(crate) fn verify<T: DeserializeOwned>(token: &str, issuer: &KeyPairType) -> Result<(T, String), JwtError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(JwtError::Malformed)?;
    if decode::<Header>(header)?.alg != ALGORITHM {
        return Err(JwtError::Malformed);
    }
    let Issued { iss } = decode(claims)?;
    let key = KeyPair::from_public_key(&iss).map_err(|_| JwtError::Malformed)?;
    if key.key_pair_type() != *issuer {
        return Err(JwtError::Signature);
    }
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| JwtError::Malformed)?;
    key.verify(signed.as_bytes(), &signature).map_err(|_| JwtError::Signature)?;
    Ok((decode(claims)?, iss))
}

fn encode(value: &impl Serialize) -> Result<String, JwtError> {
    serde_json::to_vec(value).map(|json| BASE64URL_NOPAD.encode(&json)).map_err(|_| JwtError::Malformed)
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, JwtError> {
    let json = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| JwtError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| JwtError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(key: &KeyPair) -> serde_json::Value {
        serde_json::json!({ "iss": key.public_key(), "aud": "x" })
    }

    #[test]
    fn what_was_signed_verifies() {
        let key = KeyPair::new_server();
        let token = sign(&claims(&key), &key).unwrap();
        let (read, issuer) = verify::<serde_json::Value>(&token, &KeyPairType::Server).unwrap();
        assert_eq!((read, issuer), (claims(&key), key.public_key()));
    }

    #[test]
    fn another_signer_another_kind_of_key_and_changed_claims_do_not() {
        let (key, other) = (KeyPair::new_server(), KeyPair::new_server());
        let foreign = sign(&claims(&key), &other).unwrap();
        let good = sign(&claims(&key), &key).unwrap();
        let parts = good.split('.').collect::<Vec<_>>();
        let changed =
            format!("{}.{}.{}", parts[0], BASE64URL_NOPAD.encode(claims(&other).to_string().as_bytes()), parts[2]);
        let user = KeyPair::new_user();
        for token in [foreign, changed, sign(&claims(&user), &user).unwrap()] {
            assert_eq!(verify::<serde_json::Value>(&token, &KeyPairType::Server), Err(JwtError::Signature));
        }
        for token in ["", "a", "a.b", "a.b.c", "a.b.c.d"] {
            assert_eq!(verify::<serde_json::Value>(token, &KeyPairType::Server), Err(JwtError::Malformed));
        }
    }
}

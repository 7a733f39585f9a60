//! The broker's question who may come in, and the answer (auth callout, ADR-26).

use data_encoding::BASE64URL_NOPAD;
use muster_contracts::{
    fingerprint::Fingerprint,
    id::{self, InstanceId},
    permissions::Permissions,
    token::WorkerToken,
};
use nkeys::{KeyPair, KeyPairType};
use serde::Deserialize;
use serde_json::json;

use super::jwt::{self, JwtError};

/// Account that workers are placed into.
const ACCOUNT: &str = "WORKERS";
const AUDIENCE: &str = "nats-authorization-request";
/// How far the clocks of the broker and of us may be apart, seconds.
const LEEWAY: i64 = 60;

/// What the broker asks.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Question {
    /// Id of the server, the audience of the answer.
    pub server_id: Server,
    /// Key that the server made for this connection.
    pub user_nkey: String,
    /// The connection.
    pub client_info: Client,
    /// What the client says of itself.
    pub connect_opts: Offered,
}

/// See [`Question::server_id`].
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Server {
    /// Its public key.
    pub id: String,
}

/// See [`Question::client_info`].
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Client {
    /// Number of the connection on its server.
    pub id: u64,
    /// Address of the other end.
    #[serde(default)]
    pub host: String,
    /// What the client had to sign.
    #[serde(default)]
    pub nonce: String,
}

/// See [`Question::connect_opts`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Offered {
    auth_token: String,
    nkey: String,
    sig: String,
    name: String,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    #[serde(default)]
    exp: i64,
    nats: Question,
}

/// A client that has proved its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Who it wants to be.
    pub token: WorkerToken,
    /// The key that it proved.
    pub fingerprint: Fingerprint,
    /// The process.
    pub instance: InstanceId,
}

/// Why a client is not let in at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denial {
    /// No worker token.
    #[error("not a worker token")]
    Token,
    /// No key, or no signature by it over the nonce.
    #[error("the key is not proved")]
    Key,
    /// The connection's name is not a process's id.
    #[error("the connection's name is not an instance id")]
    Instance,
    /// Too many that only may register.
    #[error("too many connections wait for approval")]
    Crowded,
    /// Too many one after the other.
    #[error("it comes too often")]
    Often,
}

impl Question {
    /// Reads a question and checks that a server asks it of us now.
    ///
    /// # Errors
    /// When it is not such a question.
    pub(crate) fn read(token: &str, now: i64) -> Result<Self, JwtError> {
        let (Claims { aud, exp, nats }, issuer) = jwt::verify::<Claims>(token, &KeyPairType::Server)?;
        if aud != AUDIENCE || issuer != nats.server_id.id || exp + LEEWAY < now / 1000 {
            return Err(JwtError::Signature);
        }
        Ok(nats)
    }

    /// Who the client has proved to be.
    ///
    /// # Errors
    /// When it did not.
    pub(crate) fn proof(&self) -> Result<Proof, Denial> {
        let Offered { auth_token, nkey, sig, name } = &self.connect_opts;
        let token = auth_token.parse().map_err(|_| Denial::Token)?;
        let key = KeyPair::from_public_key(nkey).map_err(|_| Denial::Key)?;
        // An empty nonce would make one signature good for ever.
        if key.key_pair_type() != KeyPairType::User || self.client_info.nonce.is_empty() {
            return Err(Denial::Key);
        }
        let signature = BASE64URL_NOPAD.decode(sig.as_bytes()).map_err(|_| Denial::Key)?;
        key.verify(self.client_info.nonce.as_bytes(), &signature).map_err(|_| Denial::Key)?;
        let instance = name.parse().map_err(|_| Denial::Instance)?;
        Ok(Proof { token, fingerprint: Fingerprint::of(nkey), instance })
    }

    /// The answer that lets the client in.
    ///
    /// # Errors
    /// When our key cannot sign.
    pub(crate) fn allow(&self, grant: &Grant, issuer: &KeyPair, now: i64) -> Result<String, JwtError> {
        let Grant { name, permissions, seconds } = grant;
        let user = json!({
            "jti": id::random(),
            "iat": now / 1000,
            "exp": now / 1000 + seconds,
            "iss": issuer.public_key(),
            "sub": self.user_nkey,
            "aud": ACCOUNT,
            "name": name,
            "nats": {
                "type": "user",
                "version": 2,
                "pub": { "allow": permissions.publish },
                "sub": { "allow": permissions.subscribe },
                // The broker takes a connection's limits from its account (contracts, broker.rs), not from here.
                "subs": -1,
                "data": -1,
                "payload": -1,
            },
        });
        let user = jwt::sign(&user, issuer)?;
        self.answer("jwt", &user, issuer, now)
    }

    /// The answer that keeps the client out. It only learns "authorization violation".
    ///
    /// # Errors
    /// When our key cannot sign.
    pub(crate) fn deny(&self, why: Denial, issuer: &KeyPair, now: i64) -> Result<String, JwtError> {
        self.answer("error", &why.to_string(), issuer, now)
    }

    fn answer(&self, field: &str, value: &str, issuer: &KeyPair, now: i64) -> Result<String, JwtError> {
        let claims = json!({
            "jti": id::random(),
            "iat": now / 1000,
            "iss": issuer.public_key(),
            "sub": self.user_nkey,
            "aud": self.server_id.id,
            "nats": { "type": "authorization_response", "version": 2, field: value },
        });
        jwt::sign(&claims, issuer)
    }
}

/// What a client is let in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Name of the broker's user.
    pub name: String,
    /// What it may do.
    pub permissions: Permissions,
    /// For how long.
    pub seconds: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "q1w2e3";
    const TOKEN: &str = "machine_V1StGXR8_Z5jdHi6B-myT:worker_V1StGXR8_Z5jdHi6B-myW";
    const INSTANCE: &str = "V1StGXR8_Z5jdHi6B-myI";

    fn question(token: &str, nkey: &str, sig: &str, name: &str, nonce: &str) -> Question {
        Question {
            server_id: Server { id: "N".to_owned() },
            user_nkey: "U".to_owned(),
            client_info: Client { id: 1, host: "::1".to_owned(), nonce: nonce.to_owned() },
            connect_opts: Offered {
                auth_token: token.to_owned(),
                nkey: nkey.to_owned(),
                sig: sig.to_owned(),
                name: name.to_owned(),
            },
        }
    }

    #[test]
    fn only_a_token_with_a_proved_key_and_an_instance_is_a_proof() {
        let (key, other, account) = (KeyPair::new_user(), KeyPair::new_user(), KeyPair::new_account());
        let sign = |key: &KeyPair, text: &str| BASE64URL_NOPAD.encode(&key.sign(text.as_bytes()).unwrap());
        let (nkey, good) = (key.public_key(), sign(&key, NONCE));
        let table = [
            (question(TOKEN, &nkey, &good, INSTANCE, NONCE), None),
            (question("", &nkey, &good, INSTANCE, NONCE), Some(Denial::Token)),
            (question("machine_x:worker_y", &nkey, &good, INSTANCE, NONCE), Some(Denial::Token)),
            (question(TOKEN, "", "", INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, "", INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, "%%", INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, &sign(&other, NONCE), INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, &sign(&key, "another"), INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, &sign(&key, ""), INSTANCE, ""), Some(Denial::Key)),
            (question(TOKEN, &account.public_key(), &sign(&account, NONCE), INSTANCE, NONCE), Some(Denial::Key)),
            (question(TOKEN, &nkey, &good, "", NONCE), Some(Denial::Instance)),
            (question(TOKEN, &nkey, &good, "w.f.i.1", NONCE), Some(Denial::Instance)),
        ];
        for (question, denial) in table {
            assert_eq!(question.proof().err(), denial, "{question:?}");
        }
    }

    #[test]
    fn a_question_is_taken_from_the_server_that_it_names_and_in_time() {
        let (server, other) = (KeyPair::new_server(), KeyPair::new_server());
        let asked = |by: &KeyPair, id: &KeyPair, aud: &str, exp: i64| {
            let claims = json!({ "iss": by.public_key(), "aud": aud, "exp": exp, "nats": {
                "server_id": { "id": id.public_key() }, "user_nkey": "U", "client_info": { "id": 7 }, "connect_opts": {},
            }});
            Question::read(&jwt::sign(&claims, by).unwrap(), 1_000_000_000).is_ok()
        };
        assert!(asked(&server, &server, AUDIENCE, 1_000_000));
        assert!(!asked(&other, &server, AUDIENCE, 1_000_000));
        assert!(!asked(&server, &server, "something", 1_000_000));
        assert!(!asked(&server, &server, AUDIENCE, 900_000));
    }
}

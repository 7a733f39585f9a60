//! The broker's protocol by hand: for clients that do what ours never would,
//! that want each refusal by its word, or that come by the hundred.
//!
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use std::{fmt::Write as _, io, net::SocketAddr, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use muster_contracts::{
    fingerprint::Fingerprint,
    id,
    subject::{service_inbox, worker_inbox},
};
use nkeys::KeyPair;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// Generous: machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no connection, or none any more.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The broker refuses the connection, in its words.
    #[error("the broker refuses: {0}")]
    Refused(String),
    /// It cannot be reached, or closes the connection.
    #[error("the connection ends: {0}")]
    Ended(#[from] io::Error),
    /// It says nothing.
    #[error("the broker says nothing")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// What a client shows.
#[derive(Clone)]
pub struct Login {
    seed: String,
    token: Option<String>,
    name: String,
    inbox: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Login {
    /// A process of a worker, with a new key.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn worker(token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::key(&seed_of(&KeyPair::new_user())) }
    }

    /// Whoever has this NKey, which the broker knows.
    #[must_use]
    pub fn key(seed: &str) -> Self {
        let inbox = worker_inbox(&Fingerprint::of(&pair(seed).public_key()));
        Self { seed: seed.to_owned(), token: None, name: id::random(), inbox }
    }

    /// One of our services, with its own inbox.
    #[must_use]
    pub fn service(name: &str, seed: &str) -> Self {
        Self { inbox: service_inbox(name), ..Self::key(seed) }
    }

    /// Another process with the same key.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self { name: id::random(), ..self.clone() }
    }

    /// Of the key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&pair(&self.seed).public_key())
    }

    fn connect(&self, nonce: &str) -> Value {
        let pair = pair(&self.seed);
        let signature = pair.sign(nonce.as_bytes()).unwrap_or_default();
        json!({
            "verbose": false, "pedantic": false, "lang": "wire", "version": "0", "protocol": 1,
            "headers": true, "no_responders": true, "name": self.name, "nkey": pair.public_key(),
            "sig": BASE64URL_NOPAD.encode(&signature), "auth_token": self.token,
        })
    }
}

#[expect(clippy::panic, reason = "a seed of ours is one")]
fn pair(seed: &str) -> KeyPair {
    KeyPair::from_seed(seed).unwrap_or_else(|error| panic!("the seed: {error}"))
}

#[expect(clippy::panic, reason = "a key that was just made has a seed")]
fn seed_of(pair: &KeyPair) -> String {
    pair.seed().unwrap_or_else(|error| panic!("a new key: {error}"))
}

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// On which subject.
    pub subject: String,
    /// Where an answer would go.
    pub reply: Option<String>,
    /// As they were sent, with their first line.
    pub headers: String,
    /// The rest.
    pub payload: Vec<u8>,
}

/// What came of what was sent.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The broker's refusals, in its words and its order.
    pub refused: Vec<String>,
    /// Messages.
    pub heard: Vec<Heard>,
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    out: Vec<u8>,
    subscriptions: u32,
    inbox: String,
}

enum Line {
    Pong,
    Ping,
    Refused(String),
    Heard(Heard),
    Other(String),
}

impl Wire {
    /// Connects, and waits for the broker's decision.
    ///
    /// # Errors
    /// See [`WireError`].
    pub async fn connect(address: SocketAddr, login: &Login) -> Result<Self, WireError> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let inbox = format!("{}.{}", login.inbox, id::random());
        let mut wire = Self { reader: BufReader::new(reader), writer, out: Vec::new(), subscriptions: 0, inbox };
        let Line::Other(info) = wire.line().await? else { return Err(WireError::Refused("it greets nobody".into())) };
        let info: Value = serde_json::from_str(info.trim_start_matches("INFO ")).unwrap_or_default();
        let nonce = info.get("nonce").and_then(Value::as_str).unwrap_or_default();
        wire.out = format!("CONNECT {}\r\n", login.connect(nonce)).into_bytes();
        match wire.settle().await?.refused.into_iter().next() {
            Some(refused) => Err(WireError::Refused(refused)),
            None => Ok(wire),
        }
    }

    /// Subscribes, with the next [`Wire::settle`].
    pub fn subscribe(&mut self, subject: &str) {
        self.subscriptions += 1;
        self.out.extend_from_slice(format!("SUB {subject} {}\r\n", self.subscriptions).as_bytes());
    }

    /// Publishes, with the next [`Wire::settle`].
    pub fn publish(&mut self, subject: &str, reply: Option<&str>, payload: &[u8]) {
        let reply = reply.map(|reply| format!(" {reply}")).unwrap_or_default();
        self.out.extend_from_slice(format!("PUB {subject}{reply} {}\r\n", payload.len()).as_bytes());
        self.out.extend_from_slice(payload);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Publishes with headers, with the next [`Wire::settle`].
    pub fn publish_with(&mut self, subject: &str, headers: &[(&str, &str)], payload: &[u8]) {
        let mut text = "NATS/1.0\r\n".to_owned();
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        let sizes = (text.len(), text.len() + payload.len());
        self.out.extend_from_slice(format!("HPUB {subject} {} {}\r\n{text}", sizes.0, sizes.1).as_bytes());
        self.out.extend_from_slice(payload);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Sends what was said so far, and waits until the broker has done all of it.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn settle(&mut self) -> Result<Outcome, WireError> {
        self.out.extend_from_slice(b"PING\r\n");
        self.flush().await?;
        let mut outcome = Outcome::default();
        loop {
            match self.line().await? {
                Line::Pong => return Ok(outcome),
                Line::Refused(refused) if is_last_word(&refused) => return Err(WireError::Refused(refused)),
                Line::Refused(refused) => outcome.refused.push(refused),
                Line::Heard(heard) => outcome.heard.push(heard),
                Line::Ping => self.pong().await?,
                Line::Other(_) => {}
            }
        }
    }

    /// Asks, and waits for the answer. No other message may be expected meanwhile.
    ///
    /// # Errors
    /// When the connection ends before, or there is no answer.
    pub async fn request(&mut self, subject: &str, payload: &[u8]) -> Result<Heard, WireError> {
        let inbox = format!("{}.{}", self.inbox, id::random());
        self.subscribe(&inbox);
        // A connection may have a number of them; this one is over with the answer.
        self.out.extend_from_slice(format!("UNSUB {} 1\r\n", self.subscriptions).as_bytes());
        self.publish(subject, Some(&inbox), payload);
        self.flush().await?;
        loop {
            let heard = self.next().await?;
            if heard.subject == inbox {
                return Ok(heard);
            }
        }
    }

    /// Asks, and waits for all answers up to the first that has nothing but a status.
    ///
    /// # Errors
    /// When the connection ends before, or the answers do not end.
    pub async fn batch(&mut self, subject: &str, payload: &[u8]) -> Result<Vec<Heard>, WireError> {
        let inbox = format!("{}.{}", self.inbox, id::random());
        self.subscribe(&inbox);
        self.publish(subject, Some(&inbox), payload);
        self.flush().await?;
        let mut all = Vec::new();
        loop {
            let heard = self.next().await?;
            if heard.subject == inbox {
                if heard.headers.starts_with("NATS/1.0 ") {
                    return Ok(all);
                }
                all.push(heard);
            }
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn next(&mut self) -> Result<Heard, WireError> {
        loop {
            match self.line().await? {
                Line::Heard(heard) => return Ok(heard),
                Line::Ping => self.pong().await?,
                Line::Refused(refused) => return Err(WireError::Refused(refused)),
                Line::Pong | Line::Other(_) => {}
            }
        }
    }

    /// Waits until the broker ends the connection.
    pub async fn ended(&mut self) {
        loop {
            match self.line().await {
                Ok(Line::Ping) if self.pong().await.is_ok() => {}
                Ok(Line::Ping) | Err(WireError::Ended(_)) => return,
                Ok(_) | Err(_) => {}
            }
        }
    }

    async fn pong(&mut self) -> Result<(), WireError> {
        self.out.extend_from_slice(b"PONG\r\n");
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), WireError> {
        let out = std::mem::take(&mut self.out);
        Ok(tokio::time::timeout(PATIENCE, self.writer.write_all(&out)).await??)
    }

    async fn line(&mut self) -> Result<Line, WireError> {
        Ok(tokio::time::timeout(PATIENCE, read(&mut self.reader)).await??)
    }
}

/// What the broker says before it closes the connection; all else concerns one message.
fn is_last_word(refused: &str) -> bool {
    !refused.starts_with("'Permissions Violation")
}

async fn read(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Line> {
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    Ok(match words.next().unwrap_or_default() {
        "PING" => Line::Ping,
        "PONG" => Line::Pong,
        "-ERR" => Line::Refused(line.trim_start_matches("-ERR").trim().to_owned()),
        "MSG" => Line::Heard(message(reader, &words.collect::<Vec<_>>(), false).await?),
        "HMSG" => Line::Heard(message(reader, &words.collect::<Vec<_>>(), true).await?),
        _ => Line::Other(line.to_owned()),
    })
}

/// `<subject> <sid> [reply] [bytes of the headers] <bytes>`
async fn message(reader: &mut BufReader<OwnedReadHalf>, words: &[&str], with_headers: bool) -> io::Result<Heard> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let (subject, rest) = words.split_first().ok_or_else(malformed)?;
    let (_, rest) = rest.split_first().ok_or_else(malformed)?;
    let (total, rest) = rest.split_last().ok_or_else(malformed)?;
    let (headers, rest) = match rest.split_last() {
        Some((headers, rest)) if with_headers => (headers.parse().map_err(|_| malformed())?, rest),
        _ => (0_usize, rest),
    };
    let total: usize = total.parse().map_err(|_| malformed())?;
    let mut bytes = vec![0; total + 2];
    reader.read_exact(&mut bytes).await?;
    bytes.truncate(total);
    let payload = bytes.split_off(headers.min(total));
    Ok(Heard {
        subject: (*subject).to_owned(),
        reply: rest.first().map(|reply| (*reply).to_owned()),
        headers: String::from_utf8_lossy(&bytes).into_owned(),
        payload,
    })
}

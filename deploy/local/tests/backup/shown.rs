//! Everything that the API shows of an installation, to be compared with another.

use std::{collections::BTreeMap, time::Duration};

use muster_testkit::client::Client;
use reqwest::Method;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);
/// What tells of a moment, or of who is connected.
const PASSING: &[&str] = &[
    "status",
    "presence",
    "lastSeen",
    "lastHeartbeat",
    "lastUsed",
    "lastUsedAt",
    "revision",
    "workerCounts",
    "backend",
    "lastEventId",
    "exportedAt",
];

pub(crate) async fn get(client: &Client, path: &str) -> Value {
    client.get::<Value>(path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// See the module.
pub(crate) struct Shown {
    by_path: BTreeMap<String, Value>,
    audit: Vec<Value>,
    devices: Vec<Value>,
    /// Where the user's event stream was.
    pub(crate) user_event: String,
}

impl Shown {
    /// Of all, and of these sessions everything; whoever answers in another one may be in the middle of it.
    pub(crate) async fn of(client: &Client, sessions: &[&str]) -> Self {
        let mut by_path = BTreeMap::new();
        // First what does not stay for long while no worker is there.
        let mut strict = vec!["/requests".to_owned(), "/push/key".to_owned()];
        for session in sessions {
            strict.extend(["", "/messages?limit=200"].map(|rest| format!("/sessions/{session}{rest}")));
        }
        for path in strict {
            let mut shown = get(client, &path).await;
            if let Some(fields) = shown.as_object_mut() {
                fields.remove("lastEventId");
            }
            by_path.insert(path, shown);
        }
        let machines = get(client, "/machines").await;
        for machine in machines["items"].as_array().unwrap() {
            let path = format!("/machines/{}/workers", machine["machineId"].as_str().unwrap());
            by_path.insert(path.clone(), lasting(get(client, &path).await));
        }
        by_path.insert("/machines".to_owned(), lasting(machines));
        for path in
            ["/users", "/tokens", "/invitations", "/auth/me", "/auth/methods", "/auth/passkeys", "/auth/identities"]
        {
            by_path.insert(path.to_owned(), lasting(get(client, path).await));
        }
        let all = get(client, "/sessions?limit=200").await;
        let names = ["chatSessionId", "workerId", "model", "title", "pinned", "createdAt", "directory"];
        let known = all["items"].as_array().unwrap().iter().map(|session| names.map(|name| session[name].clone()));
        let mut known = known.map(|fields| Value::from(fields.to_vec())).collect::<Vec<_>>();
        known.sort_by_key(Value::to_string);
        by_path.insert("/sessions".to_owned(), known.into());
        for session in sessions {
            let path = format!("/sessions/{session}/export?format=json");
            by_path.insert(path.clone(), lasting(get(client, &path).await));
        }
        // By their words.
        for words in ["attachments", "tools", "ask"] {
            let path = format!("/sessions?q={words}");
            let found = get(client, &path).await["items"].as_array().unwrap().clone();
            let mut found = found.into_iter().map(|session| session["chatSessionId"].clone()).collect::<Vec<_>>();
            found.sort_by_key(Value::to_string);
            assert!(!found.is_empty(), "{path}");
            by_path.insert(path, found.into());
        }
        let devices = lasting(get(client, "/auth/devices").await)["items"].as_array().unwrap().clone();
        let devices = devices.into_iter().map(|device| device["deviceId"].clone()).collect();
        let audit = get(client, "/audit?limit=200").await["items"].as_array().unwrap().clone();
        Self { by_path, audit, devices, user_event: user_event(client).await }
    }

    /// Nothing of it is missing there.
    pub(crate) fn is_all_of(&self, other: &Self) {
        assert!(self.by_path.keys().eq(other.by_path.keys()), "{:?}\n{:?}", self.by_path.keys(), other.by_path.keys());
        for (path, shown) in &self.by_path {
            assert_eq!(Some(shown), other.by_path.get(path), "{path}");
        }
        assert!(!self.audit.is_empty());
        for entry in &self.audit {
            assert!(other.audit.contains(entry), "{entry}");
        }
        // Whoever looks there has signed in anew.
        assert!(self.devices.iter().all(|device| other.devices.contains(device)), "{:?}", other.devices);
        assert_ne!(self.user_event, other.user_event);
    }
}

/// Without what tells of a moment.
fn lasting(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = lasting(item.take())),
        Value::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()));
            fields.values_mut().for_each(|field| *field = lasting(field.take()));
        }
        _ => {}
    }
    value
}

/// The id of the first beat.
async fn user_event(client: &Client) -> String {
    let mut answer = client.request(Method::GET, "/events").send().await.unwrap();
    let mut text = String::new();
    loop {
        text.push_str(&String::from_utf8_lossy(&answer.chunk().await.unwrap().expect("it goes on")));
        if let Some(id) = text.lines().find_map(|line| line.strip_prefix("id: ")).filter(|_| text.contains("\n\n")) {
            return id.to_owned();
        }
    }
}

//! A browser: its cookie, what it asks, and the event streams that it reads.

use futures_util::StreamExt as _;

use super::PATIENCE;

/// A browser with its cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    pub(crate) cookie: Option<String>,
    pub(crate) user: String,
}

/// Status and JSON of an answer.
pub(crate) type Answer = (u16, serde_json::Value);

impl Browser {
    pub(crate) fn ask(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base)).header("origin", &self.base);
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) async fn sign_in(&mut self, path: &str, body: &serde_json::Value) {
        let answer = self.ask("POST", path).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        let user: serde_json::Value = answer.json().await.unwrap();
        self.user = user["userId"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.ask("GET", path)).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: serde_json::Value) -> Answer {
        answer(self.ask(method, path).json(&body)).await
    }

    pub(crate) async fn watch(&self, path: &str, last: Option<&str>) -> Frames {
        let mut request = self.ask("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Frames::of(request).await
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"));
    }
    let bytes = answer.bytes().await.unwrap();
    let text = || serde_json::Value::from(String::from_utf8_lossy(&bytes));
    (
        status,
        if bytes.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        },
    )
}

/// One frame of an event stream.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: serde_json::Value,
}

/// An open event stream.
pub(crate) struct Frames {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    read: String,
}

impl Frames {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { body: answer.bytes_stream().boxed(), read: String::new() }
    }

    /// The next frame; `None` when the stream is over.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let frame = Frame {
                    id: field("id: "),
                    event: field("event: ").unwrap(),
                    data: serde_json::from_str(&field("data: ").unwrap()).unwrap(),
                };
                self.read = rest.to_owned();
                return Some(frame);
            }
            match tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing came") {
                Some(Ok(bytes)) => self.read.push_str(std::str::from_utf8(&bytes).unwrap()),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame that is no beat.
    pub(crate) async fn event(&mut self) -> Option<Frame> {
        loop {
            match self.next().await {
                Some(frame) if frame.event == "beat" => {}
                other => return other,
            }
        }
    }
}

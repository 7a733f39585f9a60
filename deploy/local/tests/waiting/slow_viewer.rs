//! A viewer who reads too slowly holds little memory, delays nobody, and has everything in the end; one who never reads
//! is let go.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use muster_contracts::limits::TEXT_CHUNK_BYTES;
use muster_testkit::stack::{Part, Session, Stack};
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
};

const MIB: u64 = 1024 * 1024;
/// As a phone at the end of a bad line: what is on its way waits at the server.
const RECEIVE_BYTES: u32 = 4 * 1024;

fn counted(up_to: usize) -> String {
    (1..=up_to).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{number}");
        text
    })
}

fn resident(stack: &Stack) -> u64 {
    stack.service(Part::Api).process().resident().expect("the system tells how much memory a process has")
}

/// An event stream that nobody has read yet.
async fn opened(stack: &Stack, session: &Session) -> TcpStream {
    let address = stack.url().trim_start_matches("http://").parse::<SocketAddr>().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = session.client().request(Method::GET, "/events").build().unwrap();
    let cookie = request.headers()["cookie"].to_str().unwrap();
    let from = session.messages().await.last_event_id.unwrap();
    let path = format!("/api/v1/sessions/{}/events", session.id());
    let head = format!("GET {path} HTTP/1.1\r\nHost: muster\r\nCookie: {cookie}\r\nLast-Event-ID: {from}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What a slow viewer has read.
struct Read {
    while_it_streamed: usize,
    body: String,
}

/// Reads a kilobyte now and then while the reply streams, and the rest of it afterwards as fast as anybody.
fn reads_slowly(mut stream: TcpStream, mut streams: watch::Receiver<bool>) -> JoinHandle<Read> {
    tokio::spawn(async move {
        let (mut bytes, mut some) = (Vec::new(), [0; 1024]);
        let mut pace = tokio::time::interval(Duration::from_millis(400));
        while *streams.borrow_and_update() {
            tokio::select! {
                _ = pace.tick() => {
                    let read = stream.read(&mut some).await.unwrap();
                    bytes.extend_from_slice(&some[..read]);
                }
                changed = streams.changed() => changed.unwrap(),
            }
        }
        let while_it_streamed = bytes.len();
        while !has_last_word(&bytes) {
            let mut more = vec![0; 64 * 1024];
            let read = stream.read(&mut more).await.unwrap();
            assert!(read > 0, "the stream was cut");
            bytes.extend_from_slice(&more[..read]);
        }
        Read { while_it_streamed, body: unchunked(&bytes) }
    })
}

/// Whether the event with the finished reply is there, to its end.
fn has_last_word(bytes: &[u8]) -> bool {
    let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(8192)..]);
    tail.contains("\"assistant\"") && tail.rsplit_once("\"contentHash\"").is_some_and(|(_, rest)| rest.contains("\n\n"))
}

/// The body of a response in chunks (RFC 9112, 7.1).
fn unchunked(response: &[u8]) -> String {
    let head = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut body) = (&response[head..], Vec::new());
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        let chunk = &rest[end + 2..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        rest = chunk.get(size + 2..).unwrap_or_default();
    }
    String::from_utf8(body).unwrap()
}

/// The text that the chunks make, how many events they were, and the hash that the reply has.
fn told(body: &str) -> (String, usize, String) {
    let (mut text, mut next, mut events, mut hash) = (String::new(), 1, 0, String::new());
    for frame in body.split("\n\n") {
        let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
        let Ok(data) = serde_json::from_str::<Value>(data) else { continue };
        if let Some(chunk) = data["chunk"].as_str() {
            let last = data["sequence"].as_u64().unwrap();
            assert_eq!(data["firstSequence"].as_u64().unwrap_or(last), next, "no hole, no repeat");
            (next, events) = (last + 1, events + 1);
            text.push_str(chunk);
        } else if let Some(of_reply) = data["contentHash"].as_str() {
            of_reply.clone_into(&mut hash);
        }
    }
    (text, events, hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_who_read_a_hundred_times_too_slowly_cost_little_and_miss_nothing() {
    const SLOW: usize = 20;
    const NUMBERS: usize = 200_000;
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    session.reply_to(&session.send("count 1000").await).await;
    let (stop, streams) = watch::channel(true);
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        slow.push(reads_slowly(opened(&stack, &session).await, streams.clone()));
    }
    let (fast, before, begun) = (session.view().await, resident(&stack), Instant::now());
    let sent = session.send(&format!("count {NUMBERS}")).await;
    let whole = fast.whole_reply_to(&sent).await;
    let (took, after) = (begun.elapsed(), resident(&stack));
    stop.send(false).unwrap();
    assert_eq!(whole, counted(NUMBERS));
    let chunks = fast.frames().iter().filter(|frame| frame.event == "chunk").count();

    let hash = HEXLOWER.encode(&Sha256::digest(whole.as_bytes()));
    let mebibytes = after.saturating_sub(before) / MIB;
    println!("a fast viewer had {} bytes in {chunks} events after {took:?}; {mebibytes} MiB more", whole.len());
    for viewer in slow {
        let Read { while_it_streamed, body } = viewer.await.unwrap();
        let (text, events, told_hash) = told(&body);
        println!("a slow one had {while_it_streamed} bytes by then, and all of it in {events} events");
        assert!(while_it_streamed < whole.len() / 10, "the fast one waited for nobody");
        // A worker that is fast writes chunks that are as large as they may be.
        let merged = (chunks / 2).max(2 * whole.len() / TEXT_CHUNK_BYTES);
        assert!(events <= merged, "runs of text were merged: {events} of {chunks}");
        assert!(text == whole && told_hash == hash, "nothing is missing in the end");
    }
    // A copy of all for each of them would be more.
    assert!(mebibytes < 16, "{SLOW} slow viewers: {mebibytes} MiB");
}

async fn viewers(stack: &Stack) -> f64 {
    stack.counts(Part::Api).await["muster_api_viewers"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_nobody_reads_is_ended() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let unread = opened(&stack, &session).await;
    session.reply_to(&session.send("count 100000").await).await;
    assert!(viewers(&stack).await >= 1.0);
    let begun = Instant::now();
    let gone = async {
        while viewers(&stack).await > 0.0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(100), gone).await.expect("it is ended");
    println!("ended after {:?}", begun.elapsed());
    drop(unread);
    // Whoever reads goes on, however long.
    let viewer = session.view().await;
    let sent = session.send("echo here").await;
    assert_eq!(viewer.whole_reply_to(&sent).await, "here");
}

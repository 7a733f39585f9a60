//! Traces, as a collector gets them (OTLP over HTTP).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::time::Duration;

use muster_testkit::stack::{Engine, Setup};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Takes one request after the other of a connection, and passes their bodies on.
async fn collect(connection: TcpStream, bodies: mpsc::UnboundedSender<Vec<u8>>) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await?;
        let _ = bodies.send(body);
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
}

fn has(body: &[u8], what: &[u8]) -> bool {
    body.windows(what.len()).any(|window| window == what)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_trace_from_its_sender_over_the_api_to_the_service_that_answers() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut bodies) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(collect(connection, sender.clone()));
        }
    });
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_OTLP_ENDPOINT", collector);
    let stack = setup.setting("OTEL_BSP_SCHEDULE_DELAY", 100).start().await;
    let admin = stack.admin().await;

    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128;
    let request = admin.client().request(reqwest::Method::GET, "/machines");
    let request = request.header("traceparent", format!("00-{trace:032x}-00f067aa0ba902b7-01"));
    assert!(request.send().await.unwrap().status().is_success());

    let mut missing = vec!["muster-api", "muster-registry"];
    let all = async {
        while !missing.is_empty() {
            let body = bodies.recv().await.unwrap();
            missing.retain(|service| !(has(&body, service.as_bytes()) && has(&body, &trace.to_be_bytes())));
        }
    };
    let found = tokio::time::timeout(PATIENCE, all).await;
    assert!(found.is_ok(), "no span of the trace from {missing:?}");
}

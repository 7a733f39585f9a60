//! Traces, as they come out of a real collector: the one that people run, with its configuration.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{collections::HashMap, time::Duration};

use muster_contracts::Message as _;
use muster_testkit::{
    ports,
    process::{Child, Command},
    stack::{Engine, Part, Setup},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use serde_json::json;
use tempfile::TempDir;
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

/// A collector of OpenTelemetry, as `docker compose --profile observe` starts it; what it would hand on to Jaeger comes here.
struct Collector {
    address: String,
    bodies: mpsc::UnboundedReceiver<Vec<u8>>,
    _process: Child,
    _home: TempDir,
}

impl Collector {
    async fn start() -> Self {
        let behind = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (sender, bodies) = mpsc::unbounded_channel();
        let (listen, home) = (ports::lasting().unwrap(), tempfile::tempdir().unwrap());
        let here = home.path().join("here.yml");
        let differs = json!({
            "receivers": { "otlp": { "protocols": { "http": { "endpoint": listen.to_string() } } } },
            "processors": { "batch": { "timeout": "100ms" } },
            "exporters": { "otlphttp": {
                "endpoint": format!("http://{}", behind.local_addr().unwrap()),
                "compression": "none",
            } },
            "service": {
                "pipelines": { "traces": { "exporters": ["otlphttp"] } },
                "telemetry": { "metrics": { "level": "none" } },
            },
        });
        std::fs::write(&here, differs.to_string()).unwrap();
        tokio::spawn(async move {
            while let Ok((connection, _)) = behind.accept().await {
                tokio::spawn(collect(connection, sender.clone()));
            }
        });
        let program = which::which("otelcol").expect("a collector on the PATH: `cargo muster test` brings it there");
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker/observe/collector.yml");
        let command = Command::new("otelcol", program, home.path().join("otelcol.log"));
        let process = Child::spawn(command.args(["--config", ours, "--config"]).arg(&here)).unwrap();
        let listens = || std::net::TcpStream::connect(listen).ok();
        process.until(PATIENCE, listens).await.unwrap();
        Self { address: format!("http://{listen}"), bodies, _process: process, _home: home }
    }
}

/// A span and the process that it is of.
#[derive(Debug)]
struct Hop {
    service: String,
    span: Span,
}

fn hops(body: &[u8]) -> Vec<Hop> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let of_process = request.resource_spans.into_iter().flat_map(|of_process| {
        let attributes = of_process.resource.unwrap().attributes;
        let name = attributes.into_iter().find(|attribute| attribute.key == "service.name").unwrap();
        let Some(Value::StringValue(service)) = name.value.unwrap().value else { panic!("a service has no name") };
        let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.map(move |span| Hop { service: service.clone(), span })
    });
    of_process.collect()
}

/// Every hop of the trace that `first` belongs to, once it has all of `wanted`: process and name of the span.
async fn trace(collector: &mut Collector, first: impl Fn(&Hop) -> bool, wanted: &[(&str, &str)]) -> Vec<Hop> {
    let mut all: HashMap<Vec<u8>, Vec<Hop>> = HashMap::new();
    let gathering = async {
        loop {
            for hop in hops(&collector.bodies.recv().await.unwrap()) {
                all.entry(hop.span.trace_id.clone()).or_default().push(hop);
            }
            let whole = all.values().find(|hops| {
                let name = |hop: &Hop| (hop.service.clone(), hop.span.name.clone());
                let has = |(service, span): &(&str, &str)| {
                    let wanted = wanted.iter().filter(|other| **other == (*service, *span)).count();
                    let found = hops.iter().filter(|hop| name(hop) == ((*service).to_owned(), (*span).to_owned()));
                    found.count() >= wanted
                };
                hops.iter().any(&first) && wanted.iter().all(has)
            });
            if let Some(id) = whole.map(|hops| hops[0].span.trace_id.clone()) {
                return id;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, gathering).await {
        Ok(id) => all.remove(&id).unwrap(),
        Err(_) => panic!("no trace has all of {wanted:?}: {all:#?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_on_with_the_trace_of_its_sender() {
    let mut collector = Collector::start().await;
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_OTLP_ENDPOINT", &collector.address);
    let stack = setup.setting("OTEL_BSP_SCHEDULE_DELAY", 100).start().await;
    let admin = stack.admin().await;
    let (id, sender) = (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128, 0x00f0_67aa_0ba9_02b7_u64);
    let request = admin.client().request(reqwest::Method::GET, "/machines");
    let request = request.header("traceparent", format!("00-{id:032x}-{sender:016x}-01"));
    assert!(request.send().await.unwrap().status().is_success());
    let of_it = |hop: &Hop| hop.span.trace_id == id.to_be_bytes();
    let wanted = [("muster-api", "GET /api/v1/machines"), ("muster-registry", "list_machines")];
    let hops = trace(&mut collector, of_it, &wanted).await;
    let api = hops.iter().find(|hop| hop.service == "muster-api").unwrap();
    assert_eq!(api.span.parent_span_id, sender.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_log_says_what_trace_it_belongs_to() {
    for format in ["json", "text"] {
        // Nobody takes the spans: lines have their ids all the same.
        let setup = Setup::on(Engine::Sqlite).setting("MUSTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
        let stack = setup.setting("MUSTER_LOG_FORMAT", format).start().await;
        let admin = stack.admin().await;
        let machine = admin.machine("desk").await;
        let id = format!("{:032x}", 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128);
        let request = admin.client().request(reqwest::Method::DELETE, &format!("/machines/{}", machine.id()));
        let request = request.header("traceparent", format!("00-{id}-00f067aa0ba902b7-01"));
        assert!(request.send().await.unwrap().status().is_success());
        let log = stack.service(Part::Registry).process().log_tail(20);
        let line = log.lines().find(|line| line.contains("a machine was deleted")).expect(&log);
        if format == "json" {
            let line: serde_json::Value = serde_json::from_str(line).expect(line);
            assert_eq!(line["trace_id"], id, "{line}");
            assert_eq!(line["fields"]["message"], "a machine was deleted");
        } else {
            assert!(line.contains(&format!(" trace_id={id} span_id=")), "{line}");
        }
    }
}

const SEND: &str = "POST /api/v1/sessions/{id}/messages";

/// The hops of a turn, whose worker exports its own or does not.
async fn turn(worker_exports: bool) -> Vec<Hop> {
    let mut collector = Collector::start().await;
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_OTLP_ENDPOINT", &collector.address);
    let stack = setup.setting("OTEL_BSP_SCHEDULE_DELAY", 100).start().await;
    let admin = stack.admin().await;
    let mut waiting = admin.machine("desk").await.worker().await;
    if worker_exports {
        waiting = waiting.setting("MUSTER_OTLP_ENDPOINT", &collector.address).setting("OTEL_BSP_SCHEDULE_DELAY", "100");
    }
    let worker = waiting.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let sent = session.send("count 20").await;
    assert_eq!(session.reply_to(&sent).await.status, "completed");
    viewer.whole_reply_to(&sent).await;

    let chat = "muster-chat";
    // Its start and its end are processed.
    let mut wanted = vec![("muster-api", SEND), (chat, "send_message"), (chat, "claim")];
    wanted.extend([(chat, "process"), (chat, "process")]);
    // And passed on to who looks.
    wanted.extend([("muster-api", "deliver"), ("muster-api", "deliver")]);
    wanted.extend(worker_exports.then_some(("muster-worker-agent", "turn")));
    let mut hops = trace(&mut collector, |hop| hop.span.name == SEND, &wanted).await;
    // What comes after it: whoever ends sends all that it has.
    let services = [Part::Api, Part::Chat, Part::Registry].map(|part| stack.service(part).process());
    for process in [worker.process()].into_iter().chain(services) {
        assert!(process.stop(PATIENCE).await.is_some_and(|status| status.success()));
    }
    while let Ok(body) = collector.bodies.try_recv() {
        let of_it = |hop: &Hop| hop.span.trace_id == hops[0].span.trace_id;
        let later = self::hops(&body).into_iter().filter(of_it).collect::<Vec<_>>();
        hops.extend(later);
    }
    let is_there = |id: &[u8]| hops.iter().any(|hop| hop.span.span_id == id);
    let orphan = hops.iter().find(|hop| !hop.span.parent_span_id.is_empty() && !is_there(&hop.span.parent_span_id));
    assert!(orphan.is_none(), "{orphan:?} of {hops:#?}");
    let text = format!("{hops:?}");
    for id in [session.id(), sent.message_id.as_str(), worker.id()] {
        assert!(!text.contains(id), "no id is part of a name or an attribute");
    }
    hops
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|found| found.value.clone()?.value) {
        Some(Value::StringValue(value)) => value,
        other => panic!("{key} is {other:?} of {span:?}"),
    }
}

fn named<'a>(hops: &'a [Hop], name: &str) -> Vec<&'a Span> {
    hops.iter().map(|hop| &hop.span).filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_one_trace_from_the_request_that_sent_its_message_to_its_end() {
    let hops = turn(true).await;
    let (request, handled) = (named(&hops, SEND)[0], named(&hops, "send_message")[0]);
    assert!(request.parent_span_id.is_empty(), "it begins with the request");
    assert_eq!(handled.parent_span_id, request.span_id);
    let turn = named(&hops, "turn")[0];
    for begun in [named(&hops, "claim")[0], turn] {
        assert_eq!(begun.parent_span_id, handled.span_id, "{begun:?}");
    }
    for written in named(&hops, "process") {
        assert_eq!(written.parent_span_id, turn.span_id, "{written:?}");
        assert_eq!(attribute(written, "messaging.system"), "nats");
        assert_eq!(attribute(written, "messaging.operation.type"), "process");
        assert_eq!(attribute(written, "messaging.destination.name"), "CHUNKS");
    }
    for delivered in named(&hops, "deliver") {
        assert_eq!(delivered.parent_span_id, turn.span_id, "{delivered:?}");
    }
    assert_eq!(attribute(handled, "messaging.destination.name"), "chat.v1.api.send_message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_through_a_worker_that_exports_nothing() {
    let hops = turn(false).await;
    let handled = named(&hops, "send_message")[0];
    for written in [named(&hops, "process"), named(&hops, "deliver")].concat() {
        assert_eq!(written.parent_span_id, handled.span_id, "{written:?}");
    }
}

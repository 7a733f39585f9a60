//! Too much of everything: what is refused, what it costs, and that others are served meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use muster_contracts::{
    Message as _,
    id::{MachineId, WorkerId},
    limits,
    subject::{RegistryVerb, worker_inbox},
    token::WorkerToken,
    v1::{RegisterReply, RegisterStatus},
};
use muster_testkit::{
    client::Client,
    openai::{OpenAi, Step},
    process::Child,
    stack::{Part, Stack},
    wire::{Login, Wire, WireError},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

const MIB: u64 = 1024 * 1024;
/// What others wait at most meanwhile: all of the machine is busy.
const SERVED: Duration = Duration::from_secs(2);
/// Between two things that they do.
const PAUSE: Duration = Duration::from_millis(50);

fn resident(stack: &Stack, part: Part) -> u64 {
    stack.service(part).process().resident().expect("the system tells how much memory a process has")
}

/// Somebody who has nothing to do with it, and does something again and again until it is over.
struct SomebodyElse {
    over: CancellationToken,
    task: tokio::task::JoinHandle<(usize, Duration)>,
}

impl SomebodyElse {
    fn does<F: Future<Output = ()> + Send>(mut once: impl FnMut() -> F + Send + 'static) -> Self {
        let over = CancellationToken::new();
        let until = over.clone();
        let task = tokio::spawn(async move {
            let (mut times, mut longest) = (0, Duration::ZERO);
            let mut pause = tokio::time::interval(PAUSE);
            while !until.is_cancelled() {
                pause.tick().await;
                let begun = Instant::now();
                once().await;
                longest = longest.max(begun.elapsed());
                times += 1;
            }
            (times, longest)
        });
        Self { over, task }
    }

    /// Asks who they are.
    fn asks(client: Client) -> Self {
        Self::does(move || {
            let client = client.clone();
            async move {
                client.get::<Value>("/auth/me").await.unwrap();
            }
        })
    }

    /// How often it was done until now, and how long it took at most.
    async fn waited(self) -> (usize, Duration) {
        self.over.cancel();
        let (times, longest) = self.task.await.unwrap();
        assert!(times > 1, "it did not last");
        (times, longest)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_wrong_passwords_cost_little_and_others_are_served() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let before = resident(&stack, Part::Api);
    // From two hundred addresses, so that the limit of one of them does not help.
    let from = (1..=200).map(|number| IpAddr::V4(Ipv4Addr::new(127, 0, 1, number)));
    // A connection that was opened and never used is closed after ten seconds: nobody sends on one that is as old.
    let client = || reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(5));
    let clients = from.map(|address| client().local_address(address).build().unwrap()).collect::<Vec<_>>();
    let url = format!("{}/api/v1/auth/login", stack.url());
    let other = SomebodyElse::asks(ada.client().clone());
    let begun = Instant::now();
    let tries = (0..10_000).map(|number| {
        let body = json!({ "username": format!("user{}", number % 100), "password": "wrong" });
        let request = clients[number % clients.len()].post(&url).json(&body);
        async move {
            let answer = request.send().await.unwrap();
            let later = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), later)
        }
    });
    let answers = stream::iter(tries).buffer_unordered(200).collect::<Vec<_>>().await;
    let (times, longest) = other.waited().await;
    let after = resident(&stack, Part::Api);
    let mut counted = BTreeMap::new();
    for answer in answers {
        *counted.entry(answer).or_insert(0) += 1;
    }
    let mebibytes = (after.saturating_sub(before)) / MIB;
    println!("{counted:?} in {:?}, {mebibytes} MiB more, of {times} others waited one {longest:?}", begun.elapsed());
    assert!(counted.keys().all(|answer| matches!(answer, (401, false) | (429 | 503, true))), "{counted:?}");
    assert!(mebibytes < 80, "two passwords at once take 38 MiB: {mebibytes}");
    assert!(longest < SERVED, "{longest:?}");
    stack.stranger().sign_in("ada", muster_testkit::stack::PASSWORD).await.unwrap();
}

async fn registers(address: SocketAddr) -> Result<Wire, WireError> {
    let token = WorkerToken { machine: MachineId::random(), worker: WorkerId::random() };
    let login = Login::worker(&token.to_string());
    let mut wire = Wire::connect(address, &login).await?;
    let subject = format!("reg.v1.worker.{}.{}.{}.register", token.machine, token.worker, login.fingerprint());
    let answer = wire.request(&subject, &[]).await?;
    let reply = RegisterReply::decode(answer.payload.as_slice()).unwrap();
    assert_eq!(reply.status(), RegisterStatus::UnknownToken);
    Ok(wire)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_made_up_tokens_cost_little_and_workers_go_on() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let mut worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let before = resident(&stack, Part::Registry);
    let other = SomebodyElse::asks(admin.client().clone());
    let begun = Instant::now();
    let address = stack.broker().address();
    let mut tries = stream::iter((0..10_000).map(|_| registers(address))).buffer_unordered(64);
    let (mut waiting, mut refused) = (Vec::new(), 0);
    while let Some(tried) = tries.next().await {
        match tried {
            Ok(wire) => waiting.push(wire),
            Err(_) => refused += 1,
        }
    }
    let (times, longest) = other.waited().await;
    let after = resident(&stack, Part::Registry);
    let mebibytes = (after.saturating_sub(before)) / MIB;
    let waited = waiting.len();
    println!("{waited} may wait, {refused} may not, in {:?}, {mebibytes} MiB more", begun.elapsed());
    println!("of {times} others waited one {longest:?}");
    assert!(refused > 0, "one address has a bounded number of places");
    assert!(mebibytes < 48, "{mebibytes}");
    assert!(longest < SERVED, "{longest:?}");
    // Those who were let in before are let in again, however many wait.
    worker.restart().await;
    worker.online().await;
    let sent = session.send("echo still here").await;
    assert_eq!(session.reply_to(&sent).await.content, "still here");
}

/// How many subscriptions of its own inbox a connection has before it is refused one, in the broker's words.
async fn subscribes_until_refused(wire: &mut Wire, inbox: &str) -> (usize, String) {
    for number in 0..2 * limits::WORKER_SUBSCRIPTIONS {
        wire.subscribe(&format!("{inbox}.{number}"));
        match wire.settle().await {
            Ok(outcome) if outcome.refused.is_empty() => {}
            refused => return (number, format!("{refused:?}")),
        }
    }
    panic!("it may have any number");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_connection_of_a_worker_may_hold_and_say_at_once_is_bounded() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let mut worker = machine.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let other = machine.worker().await;
    for approved in [false, true] {
        let bare = other.bare(&stack);
        let mut wire = if approved { bare.approved(&admin).await } else { bare.connect().await.0 };
        let inbox = worker_inbox(&bare.fingerprint());
        let (held, refused) = subscribes_until_refused(&mut wire, &inbox).await;
        println!("approved: {approved}, {held} more subscriptions, then {refused}");
        assert!(refused.contains("maximum subscriptions exceeded"), "{refused}");
        assert_eq!(held, limits::WORKER_SUBSCRIPTIONS, "the inbox of the request before is given back");

        let mut wire = bare.connect().await.0;
        wire.publish(
            &bare.subject(RegistryVerb::Register).to_string(),
            None,
            &vec![0; limits::WORKER_MESSAGE_BYTES + 1],
        );
        let refused = wire.settle().await.unwrap_err().to_string();
        assert!(refused.contains("Maximum Payload Violation"), "{refused}");
    }
    worker.restart().await;
    worker.online().await;
    let sent = session.send("echo still here").await;
    assert_eq!(session.reply_to(&sent).await.content, "still here");
}

/// Opens a connection, says something, and nothing more.
async fn says(address: SocketAddr, text: String) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn many(address: SocketAddr, texts: impl Iterator<Item = String>) -> Vec<TcpStream> {
    stream::iter(texts.map(|text| says(address, text))).buffer_unordered(32).collect().await
}

/// Waits until the other side has closed all of them.
async fn closed(streams: Vec<TcpStream>) {
    let closed = streams.into_iter().map(|mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    futures_util::future::join_all(closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_are_closed_and_hold_up_nobody() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let address = stack.url().trim_start_matches("http://").parse::<SocketAddr>().unwrap();
    let before = resident(&stack, Part::Api);
    let half = "GET /api/v1/events HTTP/1.1\r\nHost: muster\r\nCookie: muster_ses".to_owned();
    let body = "POST /api/v1/auth/login HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
    let http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned();
    let texts = (0..1_600).map(|number| match number % 4 {
        0 => String::new(),
        1 => http2.clone(),
        2 => body.to_owned(),
        _ => half.clone(),
    });
    let other = SomebodyElse::asks(ada.client().clone());
    let newcomer = stack.stranger();
    let signs_in = SomebodyElse::does(move || {
        let client = newcomer.clone();
        async move { client.sign_in("ada", muster_testkit::stack::PASSWORD).await.unwrap() }
    });
    let streams = many(address, texts).await;
    let after = resident(&stack, Part::Api);
    let mebibytes = (after.saturating_sub(before)) / MIB;
    println!("1,600 half-open connections: {mebibytes} MiB more");
    assert!(mebibytes < 100, "{mebibytes}");
    let begun = Instant::now();
    tokio::time::timeout(Duration::from_secs(40), closed(streams)).await.expect("they are closed");
    println!("all of them were closed {:?} later", begun.elapsed());
    let ((times, longest), (often, slowest)) = (other.waited().await, signs_in.waited().await);
    println!("of {times} requests one took {longest:?}, of {often} sign-ins one {slowest:?}");
    assert!(longest < SERVED && slowest < SERVED, "{longest:?}, {slowest:?}");
}

fn cookie(client: &Client) -> String {
    let request = client.request(Method::GET, "/events").build().unwrap();
    request.headers()["cookie"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_event_streams_that_nobody_reads_are_bounded() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let address = stack.url().trim_start_matches("http://").parse::<SocketAddr>().unwrap();
    let mut cookies = vec![(format!("/sessions/{}/events", session.id()), cookie(admin.client()))];
    for name in ["ada", "bob", "cleo", "dan", "eve"] {
        cookies.push(("/events".to_owned(), cookie(stack.person(name).await.client())));
    }
    let before = resident(&stack, Part::Api);
    // The reader of the session comes first: an account has 200 streams.
    let viewer = session.view().await;
    viewer.until("a first sign", |_| Some(())).await;
    let cookies = Arc::new(cookies);
    let opened = (0..1_194).map(|number| {
        let (path, cookie) = &cookies[number % cookies.len()];
        format!("GET /api/v1{path} HTTP/1.1\r\nHost: muster\r\nCookie: {cookie}\r\n\r\n")
    });
    let other = SomebodyElse::asks(admin.client().clone());
    let streams = many(address, opened).await;
    let all = streams.len() as f64 + 1.0;
    stack.until_counts(Part::Api, |counts| counts["muster_api_viewers"] == all).await;
    let begun = Instant::now();
    let sent = session.send("count 3000").await;
    let text = viewer.whole_reply_to(&sent).await;
    assert_eq!(text.lines().count(), 3_000);
    let after = resident(&stack, Part::Api);
    let (times, longest) = other.waited().await;
    let mebibytes = (after.saturating_sub(before)) / MIB;
    println!(
        "{} streams that nobody reads: {mebibytes} MiB more, a reader had all in {:?}, of {times} others waited one {longest:?}",
        streams.len(),
        begun.elapsed()
    );
    assert!(mebibytes < 160, "{mebibytes}");
    assert!(longest < SERVED, "{longest:?}");
    let mut open = Vec::new();
    for _ in 0..3 {
        let answer = admin.client().request(Method::GET, "/events").send().await.unwrap();
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            return;
        }
        open.push(answer);
    }
    panic!("an account has a bounded number of streams");
}

/// The most memory that it had while something was done.
async fn peak<T>(process: &Child, work: impl Future<Output = T>) -> (T, u64) {
    let mut most = 0;
    let looking = async {
        loop {
            most = most.max(process.resident().expect("the system tells how much memory a process has"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = looking => unreachable!("it never ends"),
    };
    (done, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_says_a_hundred_thousand_words_at_once_costs_its_worker_little() {
    let stack = Stack::start().await;
    let machine = stack.admin().await.machine("desk").await;
    let words = (0..100_000).map(|number| format!("{number} ")).collect::<Vec<_>>();
    let whole = words.concat();
    // An agent between the two takes long for as many deltas.
    for (backend, chosen, at_once) in
        [("openai", "tiny", 1), ("opencode", "scripted/tiny", 100), ("acp", "scripted/tiny", 100)]
    {
        let model = OpenAi::start().await.unwrap();
        let arguments = match backend {
            "openai" => vec!["--openai-url".to_owned(), model.base_url()],
            "acp" => vec!["--agent".to_owned(), "opencode".to_owned()],
            _ => Vec::new(),
        };
        if backend == "openai" {
            model.answer_all();
        }
        let waiting = machine.worker().await.driving(backend).arguments(arguments);
        let waiting = waiting.file("opencode.json", model.opencode_config(&json!("allow")));
        let worker = waiting.started(&stack).await.approved().await;
        let session = worker.session(chosen).await;
        let first = session.send("hello").await;
        assert_eq!(session.reply_to(&first).await.content, "Done.", "{backend}");
        let before = worker.process().resident().unwrap();
        model.reply(words.chunks(at_once).map(|words| Step::Text(words.concat())));
        let sent = session.send("all of it").await;
        let (reply, most) = peak(worker.process(), session.reply_to(&sent)).await;
        assert_eq!(reply.status, "completed", "{backend}");
        assert!(reply.content == whole, "{backend}: {} of {} bytes", reply.content.len(), whole.len());
        let mebibytes = most.saturating_sub(before) / MIB;
        println!("{backend}: {} KiB in {at_once}s, {mebibytes} MiB more at most", whole.len() / 1024);
        assert!(mebibytes < 16, "{backend}: {mebibytes}");
        let next = session.send("and now?").await;
        assert_eq!(session.reply_to(&next).await.content, "Done.", "{backend}");
    }
}

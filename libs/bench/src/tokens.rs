//! What a worker costs, and what it makes of a stream of tokens: near the broker, and far from it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use muster_testkit::{
    openai::{self, OpenAi, Step},
    stack::{Engine, Frame, Link, Running, Session, Setup, Viewer},
};

use crate::{Figure, Limit};

const ROUNDS: usize = 5;
/// A round's reply.
const LONG: Duration = Duration::from_secs(12);
/// Tokens come as a fast model gives them: three at a time, a hundred times a second.
const TICK: Duration = Duration::from_millis(10);
const TOKENS_PER_TICK: usize = 3;
/// How long the model is silent before: longer than it takes to store that the turn has begun, as every model is.
const THINKS: Duration = Duration::from_millis(200);
/// There and back again.
const FAR: Duration = Duration::from_millis(50);

/// Measures it; `round` is told of each round before it begins.
///
/// # Errors
/// When the scripted model cannot be served.
///
/// # Panics
/// When the stack does not come up, or a reply is not whole.
pub async fn measure(round: impl Fn(usize, usize)) -> std::io::Result<Vec<Figure>> {
    let stack = Setup::on(Engine::Sqlite).linked().start().await;
    let model = OpenAi::start().await?;
    model.answer_all();
    let waiting = stack.admin().await.machine("bench").await.worker().await.driving("openai");
    let waiting = waiting.setting("MUSTER_OPENAI_URL", model.base_url());
    let worker = waiting.started(&stack).await.approved().await;
    let session = worker.session("tiny").await;
    let viewer = session.view().await;
    let link = stack.link(Link::WorkerBroker);
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        for (delay, taken) in [(Duration::ZERO, &mut near), (FAR / 2, &mut far)] {
            round(2 * number + usize::from(!delay.is_zero()), 2 * ROUNDS);
            link.iter().for_each(|proxy| proxy.delay(delay));
            taken.push(take(&model, &worker, &session, &viewer).await);
        }
    }
    let of = |rounds: &[Taken], value: fn(&Taken) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
    Ok(vec![
        Figure::new("tokens a second, near", "/s", Limit::Between(285.0, 310.0), of(&near, |round| round.tokens)),
        Figure::new("worker's share of a core, near", "%", Limit::AtMost(2.0), of(&near, |round| round.core)),
        Figure::new("worker's share of a core, 50 ms away", "%", Limit::AtMost(2.0), of(&far, |round| round.core)),
        Figure::new("first token to the viewer, near", "ms", Limit::AtMost(10.0), of(&near, |round| round.first)),
        Figure::new("first token to the viewer, 50 ms away", "ms", Limit::AtMost(40.0), of(&far, |round| round.first)),
        Figure::new("chunks a second, 50 ms away", "/s", Limit::Between(17.0, 22.0), of(&far, |round| round.chunks)),
        Figure::new("token to the viewer, p99, near", "ms", Limit::AtMost(40.0), of(&near, |round| round.lag)),
        Figure::new("token to the viewer, p99, 50 ms away", "ms", Limit::AtMost(120.0), of(&far, |round| round.lag)),
        Figure::new("last token to the end, 50 ms away", "ms", Limit::AtMost(250.0), of(&far, |round| round.last)),
    ])
}

/// One reply.
struct Taken {
    tokens: f64,
    chunks: f64,
    /// Milliseconds.
    first: f64,
    /// Milliseconds.
    last: f64,
    /// Per cent.
    core: f64,
    /// Milliseconds, of all tokens but one in a hundred.
    lag: f64,
}

async fn take(model: &OpenAi, worker: &Running, session: &Session, viewer: &Viewer) -> Taken {
    let ticks = u32::try_from(LONG.as_millis() / TICK.as_millis()).unwrap_or_default();
    let mut steps = vec![Step::Wait];
    for tick in 0..ticks {
        steps.push(Step::At(THINKS + TICK * tick));
        // The first of them tells when it was said.
        steps.push(Step::Now);
        steps.extend((1..TOKENS_PER_TICK).map(|_| Step::Text("token ".to_owned())));
    }
    steps.extend([Step::Wait, Step::Text("last".to_owned())]);
    let tokens = TOKENS_PER_TICK * usize::try_from(ticks).unwrap_or_default();
    let before = viewer.count();
    model.reply(steps);
    let sent = session.send("go").await;
    let mut open = model.open();
    while *open.borrow_and_update() == 0 {
        if open.changed().await.is_err() {
            break;
        }
    }
    let heard = Mutex::new(Heard::default());
    let hear = |frames: &[Frame]| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let new = frames.get(before + heard.frames..).unwrap_or_default();
        heard.take(new);
        heard.tokens
    };
    model.go_on();
    viewer.until("the first token", |frames| (hear(frames) > 0).then_some(())).await;
    let (used, begun) = (worker.process().computed(), Instant::now());
    viewer.until("all tokens", |frames| (hear(frames) >= tokens).then_some(())).await;
    let took = begun.elapsed();
    let spent = worker.process().computed().zip(used).map_or(f64::NAN, |(now, used)| (now - used).as_secs_f64());
    let frames = viewer.frames();
    let came = frames.get(before..).unwrap_or_default().iter().filter(|frame| frame.event == "chunk").count();
    let ending = Instant::now();
    model.go_on();
    viewer.whole_reply_to(&sent).await;
    let heard = heard.into_inner().unwrap_or_else(PoisonError::into_inner);
    Taken {
        tokens: tokens as f64 / took.as_secs_f64(),
        chunks: came as f64 / took.as_secs_f64(),
        first: heard.lags.first().copied().unwrap_or(f64::NAN),
        last: millis(ending.elapsed()),
        core: 100.0 * spent / took.as_secs_f64(),
        lag: heard.lag(),
    }
}

/// What has come of a reply.
#[derive(Default)]
struct Heard {
    frames: usize,
    tokens: usize,
    /// Milliseconds from the model to the viewer.
    lags: Vec<f64>,
}

impl Heard {
    fn take(&mut self, frames: &[Frame]) {
        let now = openai::now();
        self.frames += frames.len();
        for token in frames.iter().filter_map(|frame| frame.data.get("chunk")?.as_str()).flat_map(str::split_whitespace)
        {
            self.tokens += 1;
            if let Ok(said) = token.parse() {
                self.lags.push(millis(now.saturating_sub(Duration::from_micros(said))));
            }
        }
    }

    /// What one of a hundred exceeds.
    fn lag(mut self) -> f64 {
        self.lags.sort_by(f64::total_cmp);
        self.lags.get(self.lags.len() * 99 / 100).copied().unwrap_or(f64::NAN)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

//! Brings the agent to where a turn can begin: the session open, its model and its mode as the user chose them.

use std::time::Duration;

use muster_contracts::{
    model,
    v1::{RequestKind, RequestOption},
};
use tokio::time::timeout;

use super::{
    agent::{Agent, CallError, Opened},
    options::{DEFAULT_MODEL, Select, What, is_bypass},
};
use crate::turn::{Asked, Turn, TurnIo};

/// How long an agent may still work on a turn that was stopped.
const BUSY: Duration = Duration::from_secs(10);

/// Opens the session of a turn, or finds it open, and chooses what the user chose.
pub(super) async fn begin(agent: &Agent, turn: &Turn, io: &TurnIo) -> Result<Opened, CallError> {
    let known = agent.opened(&turn.session);
    // Another one may be named when the session was rewound or forked.
    let known = known.filter(|known| turn.backend_session_id.as_deref().is_none_or(|id| *id == *known.id));
    let mut opened = match known {
        Some(known) => heard(agent, idle(agent, known).await?),
        None => open(agent, turn, io).await?,
    };
    // From here on each choice is kept when it is made: the turn may be stopped, or refused, in between.
    agent.keep(&turn.session, opened.clone());
    let offers = |model: &str| opened.options.model.as_ref().is_some_and(|select| select.has(model));
    let (model, level) = if offers(&turn.model) { (turn.model.as_str(), None) } else { model::split(&turn.model) };
    // Where there is no choice one of this name is shown, but an agent may also call one of its own so.
    if offers(model) || model != DEFAULT_MODEL {
        choose(agent, &turn.session, &mut opened, What::Model, model).await?;
    }
    think(agent, &turn.session, &mut opened, level, io).await?;
    if let Some(mode) = &turn.mode {
        if may_be_in(mode, agent, turn, io).await {
            choose(agent, &turn.session, &mut opened, What::Mode, mode).await?;
            agent.mode_is_chosen(&turn.session);
        } else {
            let careful = opened.options.mode.as_ref().and_then(Select::careful).map(str::to_owned);
            let careful = careful.ok_or_else(|| CallError::Refused(format!("it has no mode but {mode}")))?;
            choose(agent, &turn.session, &mut opened, What::Mode, &careful).await?;
        }
    } else {
        agent.mode_is_chosen(&turn.session);
    }
    Ok(opened)
}

/// A prompt to a busy session would be answered together with what is running.
async fn idle(agent: &Agent, mut known: Opened) -> Result<Opened, CallError> {
    if timeout(BUSY, known.busy.wait_for(|busy| !busy)).await.is_ok() {
        return Ok(known);
    }
    // It does not let itself be stopped. Alone, this session may have it started anew.
    if agent.hub().turns() == 0 {
        agent.end().await;
        return Err(CallError::Gone);
    }
    Err(CallError::Refused("it still works on the turn before; wait, then send again".to_owned()))
}

async fn open(agent: &Agent, turn: &Turn, io: &TurnIo) -> Result<Opened, CallError> {
    if let Some(id) = &turn.backend_session_id
        && let Some(opened) = agent.reopen(id, &turn.directory).await?
    {
        let mut opened = heard(agent, opened);
        let bypass = opened.options.mode.as_ref().filter(|mode| mode.may_be_bypass()).cloned();
        if let Some(mode) = bypass.filter(|_| turn.mode.is_none()) {
            be_careful(agent, &turn.session, &mut opened, &mode, io).await?;
        }
        return Ok(opened);
    }
    if !turn.has_context && (!turn.first || turn.backend_session_id.is_some()) {
        let text =
            "Context was lost: the agent cannot open this session again, and does not know what was said before.";
        io.notice("context", text).await;
    }
    match agent.take_spare(&turn.directory) {
        Some(spare) => Ok(heard(agent, spare)),
        None => Ok(heard(agent, agent.open(&turn.directory).await?)),
    }
}

/// The session with its choices as the agent has told them outside of a turn.
fn heard(agent: &Agent, mut opened: Opened) -> Opened {
    opened.options.hear(agent.hub().take_choices(&opened.id));
    opened
}

/// Whether the session may work in this mode. One in which nobody is asked needs a person who chose it since the agent
/// was started: chat tells the mode of a session again after a restart, however long ago it was chosen.
async fn may_be_in(mode: &str, agent: &Agent, turn: &Turn, io: &TurnIo) -> bool {
    let is_new = turn.first && turn.backend_session_id.is_none();
    // It worked in it here already, or in another one, and the choice has changed since.
    if !is_bypass(mode) || is_new || agent.has_chosen_mode(&turn.session) {
        return true;
    }
    goes_on(mode, io).await
}

/// Whether a person lets it go on in a mode in which nobody is asked.
async fn goes_on(mode: &str, io: &TurnIo) -> bool {
    let option = |option_id: &str, label: String, kind: &str| RequestOption {
        option_id: option_id.to_owned(),
        label,
        kind: kind.to_owned(),
    };
    let asked = Asked {
        kind: RequestKind::Permission,
        title: format!("Go on in the mode {mode}"),
        details: "The agent was started again. In this mode it does everything without asking.".to_owned(),
        options: vec![
            option("go-on", format!("Go on in {mode}"), "allow_once"),
            option("ask", "Ask before it acts".to_owned(), "reject_once"),
        ],
        questions: Vec::new(),
    };
    io.ask(asked).await.answer.await.is_ok_and(|answer| answer.option_id.as_deref() == Some("go-on"))
}

/// A session that comes back after a restart asks before it acts, until a person says otherwise.
async fn be_careful(
    agent: &Agent,
    session: &str,
    opened: &mut Opened,
    mode: &Select,
    io: &TurnIo,
) -> Result<(), CallError> {
    let Some(careful) = mode.careful() else {
        let allowed = goes_on(&mode.current, io).await;
        return allowed.then_some(()).ok_or_else(|| CallError::Refused(format!("it has no mode but {}", mode.current)));
    };
    choose(agent, session, opened, What::Mode, careful).await?;
    if !mode.current.is_empty() {
        let text =
            format!("The session was in the mode {}, in which nobody is asked. It goes on in {careful}.", mode.current);
        io.notice("mode", text).await;
    }
    Ok(())
}

/// Has the model think as hard as the user chose; where the user no longer does, as it did by itself.
async fn think(
    agent: &Agent,
    session: &str,
    opened: &mut Opened,
    level: Option<&str>,
    io: &TurnIo,
) -> Result<(), CallError> {
    let options = &mut opened.options;
    let Some(thought) = options.thought.as_ref().filter(|thought| level.is_none_or(|level| thought.has(level))) else {
        if let Some(level) = level {
            let text =
                format!("This model can't be told to think at the level {level}: it thinks as it does by itself.");
            io.notice("thought", text).await;
        }
        return Ok(());
    };
    let level = match level {
        Some(level) => {
            options.thought_before.get_or_insert_with(|| thought.current.clone());
            Some(level.to_owned())
        }
        None => options.thought_before.take().filter(|before| thought.has(before)),
    };
    match level {
        Some(level) => choose(agent, session, opened, What::Thought, &level).await,
        None => Ok(()),
    }
}

/// Chooses a value where it is not chosen already.
async fn choose(agent: &Agent, session: &str, opened: &mut Opened, what: What, value: &str) -> Result<(), CallError> {
    let Some(select) = opened.options.get(what) else { return Ok(()) };
    if select.current == value {
        return Ok(());
    }
    if !select.has(value) {
        return Err(CallError::Refused(format!("it does not offer {value}; choose another one")));
    }
    let (method, params) = select.call(&opened.id, value);
    // Until it answers, nobody knows which of the two it is.
    opened.options.forget(what);
    agent.keep(session, opened.clone());
    let answer = agent.call(method, params).await?;
    opened.options.chosen(what, value, &answer);
    agent.keep(session, opened.clone());
    Ok(())
}

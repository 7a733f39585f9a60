//! What can be chosen in a session: the model, how hard it thinks, and the mode, however the agent offers them.

use std::collections::HashMap;

use agent_client_protocol::v1::schema::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOptions, SessionModeState,
    SessionUpdate,
};
use muster_contracts::v1::{Mode, Model};
use serde_json::{Value, json};

/// The model's id where the agent offers no choice.
pub(super) const DEFAULT_MODEL: &str = "default";

/// The choices of a session, and what is chosen now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) model: Option<Select>,
    pub(super) mode: Option<Select>,
    /// How hard the model thinks.
    pub(super) thought: Option<Select>,
    /// How hard it did before a user chose.
    pub(super) thought_before: Option<String>,
}

/// Which choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Model,
    Mode,
    Thought,
}

/// One choice of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Select {
    pub(super) current: String,
    choices: Vec<Choice>,
    how: How,
}

/// How the agent is told of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// By its configuration, under this id.
    Config(String),
    /// By a method of its own: what older agents have.
    Method(&'static str, &'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    value: String,
    name: String,
    group: Option<String>,
}

impl Options {
    /// Of the answer to `session/new`, `session/load` or `session/resume`.
    pub(super) fn of(setup: &Value) -> Self {
        let part = |name: &str| setup.get(name).cloned().unwrap_or_default();
        let mut options = Self { model: models(&part("models")), mode: modes(part("modes")), ..Self::default() };
        options.read_config(setup);
        options
    }

    /// What an agent does not tell of a session that it has opened again is as in a new one; what is chosen of it
    /// nobody knows.
    pub(super) fn fill_up(&mut self, new: &Self) {
        let unknown = |select: &Select| Select { current: String::new(), ..select.clone() };
        self.model = self.model.take().or_else(|| new.model.as_ref().map(unknown));
        self.mode = self.mode.take().or_else(|| new.mode.as_ref().map(unknown));
        self.thought = self.thought.take().or_else(|| new.thought.as_ref().map(unknown));
    }

    pub(super) const fn get(&self, what: What) -> Option<&Select> {
        match what {
            What::Model => self.model.as_ref(),
            What::Mode => self.mode.as_ref(),
            What::Thought => self.thought.as_ref(),
        }
    }

    fn select(&mut self, what: What) -> Option<&mut Select> {
        match what {
            What::Model => self.model.as_mut(),
            What::Mode => self.mode.as_mut(),
            What::Thought => self.thought.as_mut(),
        }
    }

    /// A value was chosen. Some agents answer with all choices anew, since one may depend on another.
    pub(super) fn chosen(&mut self, what: What, value: &str, answer: &Value) {
        if let Some(select) = self.select(what) {
            value.clone_into(&mut select.current);
        }
        self.read_config(answer);
    }

    /// What is chosen is not known any more.
    pub(super) fn forget(&mut self, what: What) {
        if let Some(select) = self.select(what) {
            select.current.clear();
        }
    }

    fn read_config(&mut self, answer: &Value) {
        if let Some(Value::Array(config)) = answer.get("configOptions") {
            let read = config.iter().filter_map(|option| serde_json::from_value(option.clone()).ok());
            self.configure(&read.collect::<Vec<_>>());
        }
    }

    /// The agent tells of its choices by itself.
    pub(super) fn hear(&mut self, told: impl IntoIterator<Item = SessionUpdate>) {
        for told in told {
            match (told, &mut self.mode) {
                (SessionUpdate::ConfigOptionUpdate(told), _) => self.configure(&told.config_options),
                (SessionUpdate::CurrentModeUpdate(told), Some(mode)) => {
                    mode.current = told.current_mode_id.0.to_string();
                }
                _ => {}
            }
        }
    }

    /// The agent tells its configuration anew.
    pub(super) fn configure(&mut self, config: &[SessionConfigOption]) {
        let of = |category: SessionConfigOptionCategory| {
            config.iter().find(|option| option.category.as_ref() == Some(&category)).and_then(select)
        };
        self.model = of(SessionConfigOptionCategory::Model).or(self.model.take());
        self.mode = of(SessionConfigOptionCategory::Mode).or(self.mode.take());
        // Not every model has it: what is no more told is no more.
        self.thought = of(SessionConfigOptionCategory::ThoughtLevel);
    }
}

fn select(option: &SessionConfigOption) -> Option<Select> {
    let SessionConfigKind::Select(select) = &option.kind else { return None };
    let choice = |value: &str, name: &str, group: Option<&str>| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        group: group.map(str::to_owned),
    };
    let choices = match &select.options {
        SessionConfigSelectOptions::Ungrouped(options) => {
            options.iter().map(|option| choice(&option.value.0, &option.name, None)).collect()
        }
        SessionConfigSelectOptions::Grouped(groups) => groups
            .iter()
            .flat_map(|group| {
                group.options.iter().map(|option| choice(&option.value.0, &option.name, Some(group.name.as_str())))
            })
            .collect(),
        _ => return None,
    };
    let how = How::Config(option.id.0.to_string());
    Some(Select { current: select.current_value.0.to_string(), choices, how })
}

fn modes(told: Value) -> Option<Select> {
    let modes = serde_json::from_value::<SessionModeState>(told).ok()?;
    let choice = |mode: &agent_client_protocol::v1::schema::SessionMode| Choice {
        value: mode.id.0.to_string(),
        name: mode.name.clone(),
        group: None,
    };
    Some(Select {
        current: modes.current_mode_id.0.to_string(),
        choices: modes.available_modes.iter().map(choice).collect(),
        how: How::Method("session/set_mode", "modeId"),
    })
}

/// What came before models were configuration; Gemini CLI 0.61 has it still.
fn models(told: &Value) -> Option<Select> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let choice = |model: &Value| {
        let value = text(model, "modelId")?;
        Some(Choice { name: text(model, "name").unwrap_or_else(|| value.clone()), value, group: None })
    };
    Some(Select {
        current: text(told, "currentModelId")?,
        choices: told.get("availableModels")?.as_array()?.iter().filter_map(choice).collect(),
        how: How::Method("session/set_model", "modelId"),
    })
}

impl Select {
    /// Whether there is such a choice.
    pub(super) fn has(&self, value: &str) -> bool {
        self.choices.iter().any(|choice| choice.value == value)
    }

    /// The call that chooses it.
    pub(super) fn call(&self, session: &str, value: &str) -> (&'static str, Value) {
        match &self.how {
            How::Config(id) => {
                ("session/set_config_option", json!({ "sessionId": session, "configId": id, "value": value }))
            }
            How::Method(method, name) => (method, json!({ "sessionId": session, *name: value })),
        }
    }

    /// Whether it is, as far as anybody knows, a mode in which nobody is asked.
    pub(super) fn may_be_bypass(&self) -> bool {
        let offers = || self.choices.iter().any(|choice| is_bypass(&choice.value));
        is_bypass(&self.current) || self.current.is_empty() && offers()
    }

    /// A mode in which the agent asks before it does something, other than the present one.
    pub(super) fn careful(&self) -> Option<&str> {
        self.choices.iter().map(|choice| choice.value.as_str()).find(|value| !is_bypass(value))
    }
}

/// Whether a mode lets the agent do everything without asking.
pub(super) fn is_bypass(mode: &str) -> bool {
    /// Gemini's `yolo`, Claude Code's `bypassPermissions`, Codex's `full-access`.
    const BYPASS: &[&str] = &["bypass", "yolo", "fullaccess", "dangerous", "skippermissions"];
    /// Goose's, and Claude Code's newer one: within a longer name it says less.
    const WHOLE: &[&str] = &["auto", "autonomous", "autopilot"];
    let plain = mode.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    BYPASS.iter().any(|bypass| plain.contains(bypass)) || WHOLE.contains(&plain.as_str())
}

/// How hard each model can be told to think, as far as that was seen: an agent tells it only of the one that is chosen.
#[derive(Debug, Default)]
pub(super) struct Levels {
    of: HashMap<String, Vec<String>>,
    /// Of those that were not chosen yet: the same as of the first one.
    first: Vec<String>,
}

impl Levels {
    /// Takes over what is told of the model that is chosen now.
    pub(super) fn learn(&mut self, options: &Options) {
        let model = options.model.as_ref().map_or(DEFAULT_MODEL, |model| &model.current);
        let levels = options.thought.iter().flat_map(|thought| &thought.choices).map(|choice| choice.value.clone());
        let levels = levels.collect::<Vec<_>>();
        if model.is_empty() {
            return;
        }
        if self.of.is_empty() {
            self.first.clone_from(&levels);
        }
        self.of.insert(model.to_owned(), levels);
    }

    fn of(&self, model: &str) -> &[String] {
        self.of.get(model).unwrap_or(&self.first)
    }
}

/// The choices of model as the page shows them.
pub(super) fn listed(options: &Options, levels: &Levels, agent: &str, sees: bool) -> Vec<Model> {
    let input = if sees { vec!["image".to_owned()] } else { Vec::new() };
    let model = |value: &str, name: &str, provider: &str| Model {
        model_id: value.to_owned(),
        name: name.to_owned(),
        provider: provider.to_owned(),
        input: input.clone(),
        variants: levels.of(value).to_vec(),
        ..Model::default()
    };
    match &options.model {
        Some(select) if !select.choices.is_empty() => select
            .choices
            .iter()
            .map(|choice| model(&choice.value, &choice.name, choice.group.as_deref().unwrap_or(agent)))
            .collect(),
        _ => vec![model(DEFAULT_MODEL, "Default", agent)],
    }
}

/// The modes as the page shows them; the one that a session begins in comes first.
pub(super) fn listed_modes(options: &Options) -> Vec<Mode> {
    let Some(select) = &options.mode else { return Vec::new() };
    let mode =
        |choice: &Choice| Mode { mode_id: choice.value.clone(), name: choice.name.clone(), description: String::new() };
    let (first, others) = select.choices.iter().partition::<Vec<_>, _>(|choice| choice.value == select.current);
    first.into_iter().chain(others).map(mode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_offer_models_and_modes_is_understood() {
        let config = json!({"configOptions": [
            {"id": "m", "name": "Model", "category": "model", "type": "select", "currentValue": "a/b/c",
                "options": [{"value": "a/b/c", "name": "C"}, {"value": "d", "name": "D"}]},
            {"id": "k", "name": "Mode", "category": "mode", "type": "select", "currentValue": "ask",
                "options": [{"group": "g", "name": "All", "options": [{"value": "yolo", "name": "Yolo"}, {"value": "ask", "name": "Ask"}]}]},
            {"id": "broken"},
        ]});
        let legacy = json!({
            "models": {"currentModelId": "a/b/c", "availableModels": [{"modelId": "a/b/c", "name": "C"}, {"modelId": "d"}]},
            "modes": {"currentModeId": "ask", "availableModes": [{"id": "yolo", "name": "Yolo"}, {"id": "ask", "name": "Ask"}]},
        });
        for (setup, method, key) in
            [(&config, "session/set_config_option", "value"), (&legacy, "session/set_model", "modelId")]
        {
            let options = Options::of(setup);
            let model = options.model.as_ref().unwrap();
            assert!(model.current == "a/b/c" && model.has("d") && !model.has("e"));
            let (called, params) = model.call("s", "d");
            assert_eq!((called, &params[key], &params["sessionId"]), (method, &json!("d"), &json!("s")));
            assert_eq!(options.mode.as_ref().unwrap().careful(), Some("ask"));
            let modes = listed_modes(&options).into_iter().map(|mode| mode.mode_id).collect::<Vec<_>>();
            assert_eq!(modes, ["ask", "yolo"]);
            let ids = listed(&options, &Levels::default(), "Agent", true)
                .into_iter()
                .map(|model| (model.model_id, model.input.len()));
            assert_eq!(ids.collect::<Vec<_>>(), [("a/b/c".to_owned(), 1), ("d".to_owned(), 1)]);
        }
        let nothing = Options::of(&json!({"sessionId": "s"}));
        assert_eq!(nothing, Options::default());
        assert_eq!(listed(&nothing, &Levels::default(), "Agent", false)[0].model_id, DEFAULT_MODEL);
    }

    #[test]
    fn how_hard_a_model_thinks_is_a_variant_of_it() {
        let told = |model: &str, levels: &[&str]| {
            let select = |id: &str, category: &str, current: &str, values: &[&str]| {
                let options = values.iter().map(|value| json!({"value": value, "name": value})).collect::<Vec<_>>();
                json!({"id": id, "name": id, "category": category, "type": "select", "currentValue": current,
                    "options": options})
            };
            let mut config = vec![select("m", "model", model, &["a", "b", "c"])];
            if let Some(first) = levels.first() {
                config.push(select("t", "thought_level", first, levels));
            }
            Options::of(&json!({"configOptions": config}))
        };
        let mut levels = Levels::default();
        let options = told("a", &["low", "high"]);
        levels.learn(&options);
        levels.learn(&told("b", &[]));
        let variants = listed(&options, &levels, "Agent", false).into_iter().map(|model| model.variants.join(" "));
        assert_eq!(variants.collect::<Vec<_>>(), ["low high", "", "low high"]);
        let (method, params) = options.thought.unwrap().call("s", "high");
        assert_eq!((method, &params["configId"]), ("session/set_config_option", &json!("t")));
        let mut options = told("a", &["low"]);
        options.chosen(What::Model, "b", &json!({"configOptions": []}));
        assert_eq!(options.thought, None);
    }

    #[test]
    fn modes_that_ask_nobody_are_known() {
        for (mode, bypass) in [
            ("bypassPermissions", true),
            ("yolo", true),
            ("full-access", true),
            ("danger-full-access", true),
            ("default", false),
            ("acceptEdits", false),
            ("plan", false),
            // Goose's asks nobody. Codex's of the same name asks for some things: asking a person once more is no harm.
            ("auto", true),
            ("auto-edit", false),
        ] {
            assert_eq!(is_bypass(mode), bypass, "{mode}");
        }
    }
}

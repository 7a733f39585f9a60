//! opencode's agents as modes, and its commands.

use muster_contracts::v1;

use super::wire::{Agent, Command};

/// Those that a user may talk to; opencode names its default first.
pub(super) fn modes(agents: Vec<Agent>) -> Vec<v1::Mode> {
    let shown = agents.into_iter().filter(|agent| !agent.hidden && agent.mode != "subagent");
    shown.map(|Agent { name, description, .. }| mode(name, description)).collect()
}

fn mode(name: String, description: Option<String>) -> v1::Mode {
    let mut letters = name.chars();
    let shown = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    v1::Mode { mode_id: name, name: shown, description: description.unwrap_or_default() }
}

pub(super) fn commands(commands: Vec<Command>) -> Vec<v1::Command> {
    let command = |Command { name, description }| v1::Command { name, description: description.unwrap_or_default() };
    commands.into_iter().map(command).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_those_that_a_user_may_talk_to_are_modes() {
        let agents = json!([
            {"name": "build", "mode": "primary", "description": "Does it.", "permission": []},
            {"name": "title", "mode": "primary", "hidden": true},
            {"name": "general", "mode": "subagent"},
            {"name": "mine", "mode": "all", "description": null, "hidden": null},
        ]);
        let modes = modes(serde_json::from_value(agents).unwrap());
        let told = modes.iter().map(|mode| (mode.mode_id.as_str(), mode.name.as_str(), mode.description.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [("build", "Build", "Does it."), ("mine", "Mine", "")]);
    }
}

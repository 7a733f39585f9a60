//! The options and the file of workers as JSON, for `cargo muster generate`, which makes a page of it.

use std::process::ExitCode;

use clap::{Arg, CommandFactory as _};
use serde_json::{Value, json};

use crate::{config::Cli, fleet::File};

/// Prints it.
#[expect(clippy::print_stdout, reason = "it is what was asked for")]
#[must_use]
pub fn print() -> ExitCode {
    println!("{}", describe());
    ExitCode::SUCCESS
}

fn describe() -> Value {
    let cli = Cli::command();
    let run = cli.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let options = run.filter(|argument| !argument.is_hide_set() && argument.get_long().is_some());
    let schema = schemars::schema_for!(File).to_value();
    json!({
        "options": options.map(option).collect::<Vec<_>>(),
        "file": keys(&schema),
        "worker": schema.pointer("/$defs/Entry").map(keys),
    })
}

fn option(argument: &Arg) -> Value {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    // Some are read by us rather than by clap: their help tells it in clap's words.
    let told = |what: &str| help.split_once(&format!(" [{what}: "))?.1.split_once(']').map(|(told, _)| told);
    let (environment, default) = (told("env"), told("default"));
    let meaning = [("env", environment), ("default", default)].into_iter().fold(help.clone(), |help, (what, told)| {
        told.map_or(help.clone(), |told| help.replace(&format!(" [{what}: {told}]"), ""))
    });
    let possible = argument.get_possible_values();
    let possible = possible.iter().map(|value| format!("`{}`", value.get_name())).collect::<Vec<_>>();
    let name = argument.get_value_names().and_then(|names| names.first()).map(|name| name.to_lowercase());
    let kind = match name {
        _ if !argument.get_action().takes_values() => "switch".to_owned(),
        _ if !possible.is_empty() => possible.join(", "),
        Some(name) => name,
        None => "text".to_owned(),
    };
    let is_switch = kind == "switch";
    let clap = argument.get_default_values().first().and_then(|value| value.to_str()).filter(|_| !is_switch);
    json!({
        "key": argument.get_long().map(|long| format!("--{long}")),
        "type": kind,
        "default": clap.or(default),
        "needed": false,
        "environment": argument.get_env().and_then(|name| name.to_str()).or(environment),
        "meaning": meaning,
    })
}

/// The properties of a schema.
fn keys(schema: &Value) -> Vec<Value> {
    let needed = schema.get("required").and_then(Value::as_array);
    let needed = |key: &str| needed.is_some_and(|needed| needed.contains(&json!(key)));
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let keys = properties.map(|(key, about)| {
        let is_list = about.get("type").is_some_and(|kind| kind == "array");
        json!({
            "key": key,
            "type": if is_list { "list" } else { "text" },
            "needed": needed(key),
            "meaning": about.get("description"),
        })
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_and_key_has_a_meaning() {
        let described = describe();
        for part in ["options", "file", "worker"] {
            let keys = described[part].as_array().unwrap();
            assert!(!keys.is_empty(), "{part}");
            for key in keys {
                assert!(key["meaning"].as_str().is_some_and(|meaning| meaning.len() > 5), "{key}");
            }
        }
    }

    #[test]
    fn what_we_read_ourselves_is_told_as_what_clap_reads() {
        let described = describe();
        let options = described["options"].as_array().unwrap();
        let of = |key: &str| options.iter().find(|option| option["key"] == key).unwrap();
        assert_eq!(of("--server")["environment"], "MUSTER_SERVER");
        assert_eq!(of("--ca")["environment"], "MUSTER_CA_FILE");
        assert_eq!(of("--state-dir")["default"], "~/.local/state/muster/<worker>");
        assert_eq!(of("--buffer-mib")["default"], "64");
        assert_eq!(of("--server")["meaning"].as_str().unwrap().rsplit(' ').next(), Some("ws://"));
        assert!(of("--config")["meaning"].as_str().unwrap().contains("muster-worker.toml in DIR"));
        assert_eq!(of("--takeover")["type"], "switch");
        assert!(of("--backend")["type"].as_str().unwrap().contains("`demo`"));
        let worker = described["worker"].as_array().unwrap();
        let needed = worker.iter().filter(|key| key["needed"] == true).map(|key| key["key"].as_str().unwrap());
        assert_eq!(needed.collect::<Vec<_>>(), ["token", "dir"]);
    }
}

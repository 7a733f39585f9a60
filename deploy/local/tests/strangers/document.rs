//! What the API's own document says that there is, and bodies that it would take.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

/// A path with a method.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Below the API's base.
    pub(crate) path: String,
    pub(crate) tag: String,
    /// Whether it needs nobody who is signed in.
    pub(crate) public: bool,
    /// Names of the path's parameters.
    pub(crate) parameters: Vec<String>,
    body: Option<Value>,
    document: Value,
}

/// Everything that the document has.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            all.push(Operation {
                method,
                path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                tag: operation["tags"][0].as_str().unwrap().to_owned(),
                public: operation["security"] == json!([{}]),
                parameters: parameters.map(str::to_owned).collect(),
                body: operation["requestBody"]["content"]["application/json"]["schema"].as_object().map(|it| json!(it)),
                document: document.clone(),
            });
        }
    }
    assert!(all.len() > 50, "the document is whole: {}", all.len());
    all
}

impl Operation {
    /// The path with these values. One that nobody has named is a path that nobody has tried.
    pub(crate) fn at(&self, ids: &BTreeMap<&str, String>) -> String {
        let mut path = self.path.clone();
        for name in &self.parameters {
            let id = ids.get(name.as_str()).unwrap_or_else(|| panic!("{}: give {name} an id of somebody's", self.path));
            path = path.replace(&format!("{{{name}}}"), id);
        }
        path
    }

    /// Bodies to try: none or one that fits, one that no handler takes, and no JSON at all.
    pub(crate) fn bodies(&self, ids: &BTreeMap<&str, String>) -> Vec<Option<String>> {
        match &self.body {
            None => vec![None],
            Some(schema) => {
                let fits = self.sample(schema, "", ids, 0).to_string();
                vec![Some(fits), Some(json!({ "colour": "red" }).to_string()), Some("{".to_owned())]
            }
        }
    }

    fn sample(&self, schema: &Value, name: &str, ids: &BTreeMap<&str, String>, depth: usize) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let found = self.document.pointer(reference.trim_start_matches('#')).unwrap();
            return self.sample(found, name, ids, depth);
        }
        for of in ["oneOf", "anyOf", "allOf"] {
            if let Some(first) = schema[of].as_array().and_then(|all| all.iter().find(|it| it["type"] != "null")) {
                return self.sample(first, name, ids, depth);
            }
        }
        if let Some(value) = schema["enum"].as_array().and_then(|all| all.first()) {
            return value.clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
        match kind {
            "string" => json!(ids.get(name).cloned().unwrap_or_else(|| "something".to_owned())),
            "integer" | "number" => json!(4_000_000_000_000_i64),
            "boolean" => json!(true),
            "array" => json!([self.sample(&schema["items"], name, ids, depth + 1)]),
            _ => self.object(schema, ids, depth),
        }
    }

    fn object(&self, schema: &Value, ids: &BTreeMap<&str, String>, depth: usize) -> Value {
        let mut made = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // What is not needed may exclude each other: one of it will do, where nothing is needed.
            let first = required.is_empty() && made.is_empty();
            if (first || required.iter().any(|it| it == name)) && depth < 8 {
                made.insert(name.clone(), self.sample(property, name, ids, depth + 1));
            }
        }
        Value::Object(made)
    }
}

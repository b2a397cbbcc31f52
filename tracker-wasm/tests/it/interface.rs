//! JSON Schemas as interfaces of TypeScript: as much of both as the tracker's own types need.

use serde_json::{Map, Value};

/// A comment above what it is about, with `indent` before each line.
pub fn comment(text: &str, indent: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    format!(
        "{indent}/** {} */\n",
        lines.join(&format!("\n{indent} *  "))
    )
}

/// The type or interface of a schema; `more` are members that are not in it.
pub fn declared(name: &str, schema: &Value, more: &str) -> String {
    let mut text = comment(schema["description"].as_str().unwrap_or_default(), "");
    if schema["properties"].is_object() {
        text += &format!("export interface {name} {{\n{}{more}}}\n", members(schema));
    } else {
        text += &format!("export type {name} = {};\n", typed(schema));
    }
    text
}

fn members(schema: &Value) -> String {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let each = properties.iter().map(|(name, property)| {
        let told = property["description"].as_str();
        let told = told.map(|told| comment(told, "  ")).unwrap_or_default();
        let mark = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        format!("{told}  {name}{mark}: {};\n", typed(property))
    });
    each.collect()
}

fn typed(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(word) = schema.get("const") {
        return word.to_string();
    }
    for (list, printed) in [
        ("enum", Value::to_string as fn(&Value) -> String),
        ("oneOf", |s| typed(s)),
        ("anyOf", |s| typed(s)),
    ] {
        if let Some(list) = schema[list].as_array() {
            let each = list.iter().filter(|one| one["type"] != "null");
            return each.map(printed).collect::<Vec<_>>().join(" | ");
        }
    }
    // What may be null is not written then, so that it is absent.
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null"),
        kind => Some(kind),
    };
    match kind.and_then(Value::as_str) {
        Some("integer" | "number") => "number".to_owned(),
        Some("array") => format!("{}[]", typed(&schema["items"])),
        Some(kind @ ("string" | "boolean")) => kind.to_owned(),
        _ => panic!("no type of TypeScript is known for {schema}"),
    }
}

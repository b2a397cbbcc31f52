//! Plugins: a site's own code that sees every event before it is stored or sent. It may add to an
//! event or take from it, drop it, and hand it on to somebody else.
//!
//! Each is asked in the order in which it was added, those of Rust first. `enrich` gets a copy of
//! the event and changes it in place; the next one gets what the one before has left. `forward` gets
//! the event as it will be sent, once all have agreed and the visitor has allowed it. One that throws
//! costs no event: what it did to its copy is forgotten.

use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// What no plugin changes: what a line is known and counted by. A visitor's decision is not theirs.
const FIXED: [&str; 4] = ["type", "messageId", "anonymousId", "originalTimestamp"];
/// The same of the context.
const FIXED_CONTEXT: [&str; 4] = ["library", "session", "consent", "privacy"];

/// A plugin of a site that compiles the tracker in.
pub trait Plugin: std::fmt::Debug {
    /// What it is called where it is told of.
    fn name(&self) -> &str;

    /// Changes an event in place; `false` drops it.
    fn enrich(&self, event: &Object) -> bool {
        let _ = event;
        true
    }

    /// Hands on an event that will be sent.
    fn forward(&self, event: &Object) {
        let _ = event;
    }
}

/// All plugins of a page.
#[derive(Debug)]
pub struct Plugins {
    rust: Vec<Box<dyn Plugin>>,
    /// Those of JavaScript: objects with a `name` and any of the two functions. The page adds to them.
    page: Array,
    /// A value as JSON text that a relay takes.
    write: Function,
}

/// What a plugin is told of, and in which words: its name, and what it did.
type Tell<'a> = &'a mut dyn FnMut(&str, &str);

impl Plugins {
    /// Those of Rust, and of the page.
    pub fn new(rust: Vec<Box<dyn Plugin>>, page: Array, write: Function) -> Self {
        Self { rust, page, write }
    }

    /// Whether there is one at all.
    pub fn any(&self) -> bool {
        self.count() > 0
    }

    fn count(&self) -> usize {
        self.rust.len() + self.page.length() as usize
    }

    /// The event as they leave it; `None` when one of them drops it.
    pub fn enrich(&self, line: String, tell: Tell<'_>) -> Option<String> {
        let mut line = line;
        for at in 0..self.count() {
            let Some(event) = parsed(&line) else { break };
            match self.call(at, "enrich", &event) {
                Ok(true) => line = self.sealed(&line, &event).unwrap_or(line),
                Ok(false) => {
                    tell(&self.name(at), "dropped it");
                    return None;
                }
                Err(()) => tell(&self.name(at), "threw"),
            }
        }
        Some(line)
    }

    /// Hands an event on.
    pub fn forward(&self, line: &str, tell: Tell<'_>) {
        for at in 0..self.count() {
            let Some(event) = parsed(line) else { break };
            if self.call(at, "forward", &event).is_err() {
                tell(&self.name(at), "threw");
            }
        }
    }

    /// Calls one; says whether the event lives on.
    fn call(&self, at: usize, hook: &str, event: &Object) -> Result<bool, ()> {
        if let Some(plugin) = self.rust.get(at) {
            if hook == "enrich" {
                return Ok(plugin.enrich(event));
            }
            plugin.forward(event);
            return Ok(true);
        }
        let plugin = self.of_page(at);
        let called = match Reflect::get(&plugin, &hook.into())
            .map_err(drop)?
            .dyn_into::<Function>()
        {
            Ok(function) => function.call1(&plugin, event).map_err(drop)?,
            Err(_) => return Ok(true),
        };
        Ok(called != JsValue::FALSE)
    }

    fn name(&self, at: usize) -> String {
        if let Some(plugin) = self.rust.get(at) {
            return plugin.name().to_owned();
        }
        let name = Reflect::get(&self.of_page(at), &"name".into()).unwrap_or_default();
        name.as_string().unwrap_or_default()
    }

    fn of_page(&self, at: usize) -> JsValue {
        self.page.get((at - self.rust.len()) as u32)
    }

    /// The changed event as a line, with what nobody changes as it was before.
    fn sealed(&self, before: &str, event: &Object) -> Option<String> {
        let before = parsed(before)?;
        restore(event, &before, &FIXED);
        let context = |of: &Object| {
            Reflect::get(of, &"context".into())
                .ok()?
                .dyn_into::<Object>()
                .ok()
        };
        let told = context(&before)?;
        match context(event) {
            Some(context) => restore(&context, &told, &FIXED_CONTEXT),
            None => restore(event, &before, &["context"]),
        }
        self.write
            .call1(&JsValue::UNDEFINED, event)
            .ok()?
            .as_string()
    }
}

fn parsed(line: &str) -> Option<Object> {
    JSON::parse(line).ok()?.dyn_into().ok()
}

/// Puts members back as they were, or away where they were not.
fn restore(event: &Object, before: &Object, names: &[&str]) {
    for name in names {
        let name = JsValue::from(*name);
        let value = Reflect::get(before, &name).unwrap_or_default();
        // A frozen object has to be one of the plugin's own: then nothing of it is believed.
        let _ = Reflect::set(event, &name, &value);
    }
}

//! For sites that are themselves of Rust (Leptos, Yew, Dioxus): the tracker as a part of the site's
//! own module, with no file beside it. Feature `app`, without the default features' `module`.
//!
//! On a server, where such a site is compiled for another target than wasm, every function here does
//! nothing.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{plugin::Plugin, signal, words::setting};

#[wasm_bindgen(module = "/src/door.js")]
extern "C" {
    #[wasm_bindgen(js_name = open)]
    fn open(data: &Object, calls: &JsValue, run: &Function, explain: &Function) -> JsValue;
}

#[wasm_bindgen(module = "/src/debug.js")]
extern "C" {
    #[wasm_bindgen(js_name = explain)]
    fn explain(data: &JsValue);
}

/// Settings, by the words of [`crate::words::setting`].
#[derive(Clone, Debug)]
pub struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// Those of a source; all others are as they are without a word.
    #[must_use]
    pub fn new(write_key: &str) -> Self {
        Self(vec![(setting::WRITE_KEY, write_key.to_owned())])
    }

    /// Sets one, in the way that the script tag's attribute is written: a list has spaces between
    /// its words, a flag is the empty text.
    #[must_use]
    pub fn with(mut self, setting: &'static str, value: &str) -> Self {
        self.0.push((setting, value.to_owned()));
        self
    }
}

/// Whether an event is safe: true once it survives the page, the browser and its crash.
#[derive(Debug)]
#[must_use = "or drop it on purpose: the event is recorded all the same"]
pub struct Safe(Option<JsFuture>);

impl Future for Safe {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let Some(future) = &mut self.0 else {
            return Poll::Ready(false);
        };
        Pin::new(future)
            .poll(context)
            .map(|settled| settled == Ok(JsValue::TRUE))
    }
}

/// What the door is given in place of a file to load.
type Heard = Closure<dyn FnMut(Array)>;

thread_local! {
    static PLUGINS: RefCell<Vec<Box<dyn Plugin>>> = const { RefCell::new(Vec::new()) };
}

/// Starts the tracker of this page, with plugins. Where one runs already, and on a server, nothing
/// happens.
pub fn start(settings: Settings, plugins: Vec<Box<dyn Plugin>>) {
    if !cfg!(target_arch = "wasm32") {
        return;
    }
    let Some(window) = web_sys::window() else {
        return;
    };
    let calls = Reflect::get(&window, &"clickstream".into()).unwrap_or_default();
    if !calls.is_undefined() && !Array::is_array(&calls) {
        return;
    }
    let data = Object::new();
    let origin = window.origin();
    let own = [(setting::ENDPOINT, origin)];
    for (name, value) in own.into_iter().chain(settings.0) {
        let _ = Reflect::set(&data, &name.into(), &value.into());
    }
    PLUGINS.with(|waiting| waiting.replace(plugins));
    let calls = if calls.is_undefined() {
        Array::new().into()
    } else {
        calls
    };
    let said = Closure::<dyn Fn() -> JsValue>::new(|| {
        let words = Object::new();
        let told = Closure::<dyn Fn(JsValue)>::new(|data: JsValue| explain(&data));
        let _ = Reflect::set(&words, &"explain".into(), &told.into_js_value());
        Promise::resolve(&words).into()
    });
    let run = Closure::<dyn Fn() -> JsValue>::new(|| Promise::resolve(&module()).into());
    open(
        &data,
        &calls,
        run.into_js_value().unchecked_ref(),
        said.into_js_value().unchecked_ref(),
    );
}

/// The two functions of a module of its own, here as parts of the site's.
fn module() -> Object {
    let module = Object::new();
    let begin = Closure::<dyn Fn(JsValue)>::new(|host: JsValue| {
        signal::begin(host, PLUGINS.with(RefCell::take));
    });
    let heard: Heard = Closure::new(signal::signal);
    let _ = Reflect::set(&module, &"start".into(), &begin.into_js_value());
    let _ = Reflect::set(&module, &"signal".into(), &heard.into_js_value());
    module
}

/// A page view of the site's own: it takes the place of the automatic one for the same address.
/// `properties` is the text of a JSON object.
pub fn page(name: &str, properties: &str) -> Safe {
    call("page", &[name], properties)
}

/// What somebody did: a noun and a verb in the past, "Order Completed".
pub fn track(event: &str, properties: &str) -> Safe {
    call("track", &[event], properties)
}

/// Who somebody is. `traits` is the text of a JSON object.
pub fn identify(user: &str, traits: &str) -> Safe {
    call("identify", &[user], traits)
}

/// Somebody signed out.
pub fn reset() {
    drop(call("reset", &[], ""));
}

/// What the visitor has decided: the text of a JSON object of categories,
/// `{"analytics":true,"marketing":false}`.
pub fn consent(categories: &str) {
    drop(call("consent", &[], categories));
}

/// Any call of [`crate::words::call`], with its texts and then its object as JSON, if it has one.
pub fn call(name: &str, texts: &[&str], object: &str) -> Safe {
    Safe(called(name, texts, object))
}

fn called(name: &str, texts: &[&str], object: &str) -> Option<JsFuture> {
    if !cfg!(target_arch = "wasm32") {
        return None;
    }
    let window = web_sys::window()?;
    let api = Reflect::get(&window, &"clickstream".into()).ok()?;
    let function: Function = Reflect::get(&api, &name.into()).ok()?.dyn_into().ok()?;
    let arguments = Array::new();
    for text in texts {
        arguments.push(&(*text).into());
    }
    if let Ok(object) = JSON::parse(object) {
        arguments.push(&object);
    }
    let promise = function.apply(&api, &arguments).ok()?.dyn_into::<Promise>();
    promise.ok().map(JsFuture::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A site that is rendered on a server calls as it does in a browser.
    #[test]
    fn on_a_server_every_call_does_nothing() {
        start(Settings::new("k").with(setting::DEBUG, ""), Vec::new());
        drop(track("X", "{}"));
        drop(page("Home", ""));
        drop(identify("45", "{}"));
        consent("{\"analytics\":true}");
        reset();
    }
}

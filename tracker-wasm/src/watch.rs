//! How the full edition watches a page: observers and listeners that Rust puts up by itself, through as few
//! doors as [`crate::js`] has. What they hear comes in as any other signal.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};

use crate::{clock, js, signal};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;
}

/// A member of the page's window; `undefined` where the browser has none.
pub fn global(name: &str) -> JsValue {
    GLOBAL.with(|global| js::get(global, name))
}

/// Calls a method; `undefined` where there is none, and where it throws.
pub fn call(of: &JsValue, method: &str, arguments: &Array) -> JsValue {
    let method = js::get(of, method).dyn_into::<Function>().ok();
    let given = method.and_then(|method| method.apply(of, arguments).ok());
    given.unwrap_or_default()
}

/// An object of these members.
pub fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        js::set(&object, name, value);
    }
    object.into()
}

/// What makes a signal of this kind of whatever it is called with, for as long as the page lives.
pub fn hears(kind: &'static str) -> JsValue {
    let heard = Closure::<dyn Fn(JsValue)>::new(move |subject: JsValue| {
        let told = Array::of5(
            &kind.into(),
            &subject,
            &Array::new(),
            &Array::new(),
            &clock::now().into(),
        );
        told.push(&js::get(&global("location"), "href"));
        told.push(&js::get(&global("document"), "title"));
        signal::signal(told);
    });
    heard.into_js_value()
}

/// Hears these kinds of events, before the page's own listeners do, until `until` (an `AbortSignal`) or
/// for ever.
pub fn listen(kinds: &str, heard: &JsValue, until: &JsValue) {
    let options = object(&[
        ("capture", true.into()),
        ("passive", true.into()),
        ("signal", until.clone()),
    ]);
    let window = global("window");
    clickstream_event::text::word(kinds, &mut |kind| {
        call(
            &window,
            "addEventListener",
            &Array::of3(&kind.into(), heard, &options),
        );
        false
    });
}

/// An object of a class that the browser may have.
pub fn made(class: &str, arguments: &Array) -> Option<JsValue> {
    let class: Function = global(class).dyn_into().ok()?;
    Reflect::construct(&class, arguments).ok()
}

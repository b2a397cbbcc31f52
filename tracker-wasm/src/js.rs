//! What the page's objects say, by few doors: a door of its own for each of their members would be
//! thirty bytes in both of a page's files.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn reflect_get(of: &JsValue, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = decodeURIComponent)]
    fn decode(text: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = set)]
    fn reflect_set(of: &JsValue, name: &str, value: &JsValue) -> Result<bool, JsValue>;
}

/// A member; `undefined` where there is none.
pub fn get(of: &JsValue, name: &str) -> JsValue {
    reflect_get(of, name).unwrap_or_default()
}

/// A member that is a text.
pub fn text(of: &JsValue, name: &str) -> Option<String> {
    get(of, name).as_string()
}

/// A member that is a number; 0 where it is none.
pub fn number(of: &JsValue, name: &str) -> f64 {
    get(of, name).as_f64().unwrap_or_default()
}

/// Whether a member is anything but nothing, 0 and false.
pub fn is(of: &JsValue, name: &str) -> bool {
    get(of, name).is_truthy()
}

/// A text without the percent signs of an address; `None` where they are none.
pub fn decoded(text: &str) -> Option<String> {
    decode(text).ok()?.as_string()
}

/// Sets a member.
pub fn set(of: &JsValue, name: &str, value: &JsValue) {
    let _ = reflect_set(of, name, value);
}

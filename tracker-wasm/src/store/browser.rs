//! `localStorage`, which a browser may refuse to give or to write.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::Store;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = getItem)]
    fn get_item(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = setItem)]
    fn set_item(name: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = removeItem)]
    fn remove_item(name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = key)]
    fn key(at: u32) -> Result<JsValue, JsValue>;
}

/// The origin's `localStorage`.
#[derive(Debug)]
pub struct BrowserStore;

impl BrowserStore {
    /// The store, where the browser gives one.
    #[must_use]
    pub fn open() -> Option<Self> {
        key(0).is_ok().then_some(Self)
    }

    /// The name of the entry at a place; the places change with every entry.
    pub(super) fn name(&self, at: u32) -> Option<String> {
        key(at).ok()?.as_string()
    }
}

impl Store for BrowserStore {
    fn get(&self, name: &str) -> Option<String> {
        get_item(name).ok()?.as_string()
    }

    fn set(&self, name: &str, value: &str) {
        // Full, or switched off since: the value lives as long as the page.
        let _ = set_item(name, value);
    }

    fn remove(&self, name: &str) {
        let _ = remove_item(name);
    }
}

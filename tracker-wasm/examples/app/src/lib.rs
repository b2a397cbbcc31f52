//! A site of Rust with the tracker compiled in, as a component of Leptos, Yew or Dioxus would have it:
//! started once, a plugin of Rust, and events of its own.

use clickstream_tracker::{
    app::{self, Settings},
    plugin::Plugin,
    words::setting,
};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::window;

/// Adds the shop's branch to each event, and leaves one out.
#[derive(Debug)]
struct Branch(&'static str);

impl Plugin for Branch {
    fn name(&self) -> &str {
        "branch"
    }

    fn enrich(&self, event: &Object) -> bool {
        let context = Reflect::get(event, &"context".into()).unwrap_or_default();
        let _ = Reflect::set(&context, &"branch".into(), &self.0.into());
        let name = Reflect::get(event, &"event".into()).unwrap_or_default();
        name != "Unwanted"
    }
}

/// The site's beginning.
#[wasm_bindgen(start)]
fn main() {
    let Some(window) = window() else { return };
    let mut settings = Settings::new("browser-key").with(setting::DEBUG, "");
    // The page's query names the relay: `?http://127.0.0.1:8081`.
    let search = window.location().search().unwrap_or_default();
    if let Some(relay) = search.strip_prefix('?') {
        settings = settings.with(setting::ENDPOINT, relay);
    }
    app::start(settings, vec![Box::new(Branch("north"))]);
    let body = window.document().and_then(|document| document.body());
    if let Some(body) = body {
        body.set_inner_html("<main><button id=\"button\" type=\"button\">A button</button></main>");
    }
    drop(app::track("Unwanted", ""));
    spawn_local(async {
        let safe = app::track("Order Completed", "{\"total\":31.9}").await;
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(document) = document {
            document.set_title(if safe { "safe" } else { "not safe" });
        }
    });
}

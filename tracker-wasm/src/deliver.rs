//! The two ways out of a page: a request that may outlive it, and a beacon.

use gloo_net::http::Request;
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::RequestInit;

use crate::transport::Answer;

/// Posts a body and reads the whole answer: an answer left unread keeps its bytes of the
/// 64 KiB for as long as the page lives. As `text/plain`, which needs no preflight.
pub async fn post(url: &str, body: &str) -> Answer {
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_body(&body.into());
    // web-sys does not know the member yet.
    let _ = Reflect::set(&options, &"keepalive".into(), &JsValue::TRUE);
    let Ok(request) = web_sys::Request::new_with_str_and_init(url, &options) else {
        return Answer::Failed;
    };
    let Ok(response) = Request::from(request).send().await else {
        return Answer::Failed;
    };
    let text = response.text().await.unwrap_or_default();
    match response.status() {
        200 => Answer::Stored(rejected(&text)),
        400 | 413 => Answer::Refused,
        401 => Answer::UnknownKey,
        429 | 503 => {
            let seconds = response.headers().get("retry-after");
            let seconds = seconds.and_then(|text| text.parse::<u32>().ok());
            Answer::Later(seconds.map(|seconds| f64::from(seconds) * 1000.0))
        }
        _ => Answer::Failed,
    }
}

/// Hands a body to the browser, which sends it even when the page is gone.
pub fn beacon(url: &str, body: &str) -> bool {
    web_sys::window().is_some_and(|window| {
        let sent = window.navigator().send_beacon_with_opt_str(url, Some(body));
        sent.unwrap_or_default()
    })
}

/// Message ids and reasons of the rejected, out of an answer of 200.
fn rejected(text: &str) -> Vec<(String, String)> {
    let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    let answer = JSON::parse(text).unwrap_or_default();
    let Ok(list) = member(&answer, "rejected").dyn_into::<Array>() else {
        return Vec::new();
    };
    let each = list.iter().map(|one| {
        let text = |name| member(&one, name).as_string().unwrap_or_default();
        (text("messageId"), text("reason"))
    });
    each.collect()
}

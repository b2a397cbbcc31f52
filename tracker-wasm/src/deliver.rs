//! The two ways out of a page: a request that may outlive it, and a beacon.

use gloo_net::http::Request;
use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, RequestInit};

use crate::transport::Answer;

/// How long an answer may take, in milliseconds.
const TIMEOUT: u32 = 60_000;

/// Posts a body and reads the whole answer: an answer left unread keeps its bytes of the
/// 64 KiB for as long as the page lives. As `text/plain`, which needs no preflight. Gives with
/// the answer the id that the relay remembers.
pub async fn post(url: &str, body: &str) -> (Answer, Option<String>) {
    let failed = (Answer::Failed, None);
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_body(&body.into());
    // Who accepts a connection and never answers holds up nobody for long.
    options.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT)));
    // web-sys does not know the member yet.
    let _ = Reflect::set(&options, &"keepalive".into(), &JsValue::TRUE);
    // The relay's cookies, also where it has an origin of its own; a page without one (a sandboxed
    // frame) could not read the answer then.
    if web_sys::window().is_some_and(|window| window.origin() != "null") {
        let _ = Reflect::set(&options, &"credentials".into(), &"include".into());
    }
    let Ok(request) = web_sys::Request::new_with_str_and_init(url, &options) else {
        return failed;
    };
    let Ok(response) = Request::from(request).send().await else {
        return failed;
    };
    let text = response.text().await.unwrap_or_default();
    let answer = match response.status() {
        200 => return stored(&text),
        400 | 413 => Answer::Refused,
        401 => Answer::UnknownKey,
        429 | 503 => {
            let seconds = response.headers().get("retry-after");
            let seconds = seconds.and_then(|text| text.parse::<u32>().ok());
            Answer::Later(seconds.map(|seconds| f64::from(seconds) * 1000.0))
        }
        _ => Answer::Failed,
    };
    (answer, None)
}

/// Hands a body to the browser, which sends it even when the page is gone.
pub fn beacon(url: &str, body: &str) -> bool {
    web_sys::window().is_some_and(|window| {
        let sent = window.navigator().send_beacon_with_opt_str(url, Some(body));
        sent.unwrap_or_default()
    })
}

/// What an answer of 200 says: places and reasons of the rejected, and the id remembered.
fn stored(text: &str) -> (Answer, Option<String>) {
    let member = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    let answer = JSON::parse(text).unwrap_or_default();
    let list = member(&answer, "rejected").dyn_into::<Array>();
    let each = list.unwrap_or_default().into_iter().map(|one| {
        let place = member(&one, "index").as_f64().unwrap_or(f64::INFINITY);
        let reason = member(&one, "reason").as_string().unwrap_or_default();
        (place as usize, reason)
    });
    let remembered = member(&answer, "anonymousId").as_string();
    (Answer::Stored(each.collect()), remembered)
}

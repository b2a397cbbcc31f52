//! The two ways out of a page: a request that may outlive it, and a beacon.

use gloo_net::http::Request;
use js_sys::{Array, JSON, Object};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::{
    js::{get, set, text},
    transport::Answer,
};

/// How long an answer may take, in milliseconds.
pub const TIMEOUT: u32 = 60_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = navigator, js_name = sendBeacon)]
    fn send_beacon(url: &str, body: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(milliseconds: u32) -> Result<JsValue, JsValue>;
}

/// Where batches go.
#[derive(Debug)]
pub struct Relay {
    /// The address of `/v1/batch`.
    pub address: String,
    /// With the relay's cookies, also where it has an origin of its own; a page without one (a
    /// sandboxed frame) could not read the answer then.
    pub cookies: bool,
}

impl Relay {
    /// Posts a body and reads the whole answer: an answer left unread keeps its bytes of the
    /// 64 KiB for as long as the page lives. As `text/plain`, which needs no preflight. Gives with
    /// the answer the id that the relay remembers.
    pub async fn post(&self, body: &str) -> (Answer, Option<String>) {
        self.answer(body).await.unwrap_or((Answer::Failed, None))
    }

    async fn answer(&self, body: &str) -> Option<(Answer, Option<String>)> {
        let options = Object::new();
        set(&options, "method", &"POST".into());
        set(&options, "body", &body.into());
        set(&options, "keepalive", &JsValue::TRUE);
        // Who accepts a connection and never answers holds up nobody for long.
        if let Ok(signal) = abort_after(TIMEOUT) {
            set(&options, "signal", &signal);
        }
        if self.cookies {
            set(&options, "credentials", &"include".into());
        }
        let options = options.unchecked_ref();
        let request = web_sys::Request::new_with_str_and_init(&self.address, options).ok()?;
        let response = Request::from(request).send().await.ok()?;
        let text = response.text().await.unwrap_or_default();
        let answer = match response.status() {
            200 => return Some(stored(&text)),
            400 | 413 => Answer::Refused,
            401 => Answer::UnknownKey,
            429 | 503 => {
                let seconds = response.headers().get("retry-after");
                let seconds = seconds.as_deref().and_then(clickstream_event::text::number);
                Answer::Later(seconds.map(|seconds| f64::from(seconds) * 1000.0))
            }
            _ => Answer::Failed,
        };
        Some((answer, None))
    }
}

/// Hands a body to the browser, which sends it even when the page is gone.
pub fn beacon(url: &str, body: &str) -> bool {
    send_beacon(url, body).unwrap_or_default()
}

/// What an answer of 200 says: places and reasons of the rejected, and the id remembered.
fn stored(answer: &str) -> (Answer, Option<String>) {
    let answer = JSON::parse(answer).unwrap_or_default();
    let mut rejected = Vec::new();
    if let Ok(list) = get(&answer, "rejected").dyn_into::<Array>() {
        for at in 0..list.length() {
            let one = list.get(at);
            let reason = text(&one, "reason").unwrap_or_default();
            let place = get(&one, "index").as_f64().unwrap_or(f64::INFINITY);
            rejected.push((place as usize, reason));
        }
    }
    (Answer::Stored(rejected), text(&answer, "anonymousId"))
}

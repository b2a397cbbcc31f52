//! Errors of the page's scripts and promises that nobody caught. The page's own handling of them goes on
//! as if nobody had listened.

use clickstream_event::{
    observed::{ERROR_OCCURRED, ERRORS_COUNTED},
    write,
};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use super::{Moment, Tracker};
use crate::{
    capture::error::{Problem, parted},
    js,
    signal::Signal,
    watch::{global, hears, listen},
};
use clickstream_event::context::Page;

/// What news are about that are about an error which is no event.
const ERROR: &str = r#"{"type":"track","event":"Error Occurred"}"#;

impl Tracker {
    /// Hears from now on, and takes in what was heard before.
    pub(super) fn watch_errors(&mut self, signal: &Signal) {
        let early = std::mem::take(&mut self.watched.early);
        if !self.watched.options.errors {
            return;
        }
        listen(
            "error unhandledrejection",
            &hears("broken"),
            &JsValue::UNDEFINED,
        );
        if Array::is_array(&early) {
            let origin = js::number(&global("performance"), "timeOrigin");
            for event in early.unchecked_ref::<Array>().iter() {
                let time = origin + js::number(&event, "timeStamp");
                self.broke(&event, time, signal);
            }
        }
    }

    /// An error of a script, or of a promise; one of an image or another element is none.
    pub(super) fn broken(&mut self, event: &JsValue, signal: &Signal) {
        if js::get(event, "target") == global("window") {
            self.broke(event, signal.time, signal);
        }
    }

    fn broke(&mut self, event: &JsValue, time: f64, signal: &Signal) {
        let problem = problem(event);
        let silent = self.watched.silent;
        let errors = &mut self.watched.errors;
        let taken = errors.take(&problem, &self.options.redact, silent);
        let details = match taken {
            Ok(details) => details,
            Err(why) => return self.ignore(ERROR, why),
        };
        let referrer = self.pages.referrer().to_owned();
        let moment = Moment {
            time,
            page: Page::at(&signal.url, &signal.title, &referrer),
        };
        self.tell(ERROR_OCCURRED, &details, &moment);
    }

    /// The page ends: how many errors were not told one by one.
    pub(super) fn count_errors(&mut self, signal: &Signal) {
        if let Some(counted) = self.watched.errors.end() {
            let details = write::object(&counted).unwrap_or_default();
            self.track(ERRORS_COUNTED, &details, signal);
        }
    }
}

/// What an event says: of an error its place, and of both what was thrown, which may be anything.
fn problem(event: &JsValue) -> Problem {
    let text = |of: &JsValue, name| js::text(of, name).unwrap_or_default();
    let number = |name| js::number(event, name) as u32;
    let rejected = text(event, "type") == "unhandledrejection";
    let thrown = js::get(event, if rejected { "reason" } else { "error" });
    let told = text(event, "message");
    let (class, message) = parted(&told);
    let own = js::text(&thrown, "message").or_else(|| thrown.as_string());
    Problem {
        rejected,
        name: js::text(&thrown, "name").unwrap_or_else(|| class.to_owned()),
        message: own.unwrap_or_else(|| message.to_owned()),
        source: text(event, "filename"),
        line: number("lineno"),
        column: number("colno"),
        stack: text(&thrown, "stack"),
    }
}

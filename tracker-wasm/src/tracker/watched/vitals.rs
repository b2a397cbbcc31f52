//! Web Vitals: asking the browser to measure, and telling of it once.

use clickstream_event::{observed::WEB_VITALS_MEASURED, write};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use super::{Tracker, moment};
use crate::{
    capture::vitals::{Entry, Known},
    js,
    signal::Signal,
    watch::{call, global, hears, made, object},
};

/// What is measured, where a browser can.
const KINDS: [&str; 6] = [
    "visibility-state",
    "paint",
    "largest-contentful-paint",
    "layout-shift",
    "event",
    "first-input",
];

/// Events that took less are not told of, in milliseconds: the browser rounds to 8, and two frames are
/// fast.
const SLOW: f64 = 40.0;

impl Tracker {
    /// Has the browser measure, and say what it has measured before.
    pub(super) fn measure(&mut self) {
        if !self.watched.options.vitals {
            return;
        }
        self.watched.meter = made("PerformanceObserver", &Array::of1(&hears("measured")));
        let Some(meter) = &self.watched.meter else {
            return;
        };
        // Asked for what they do not know, some browsers complain in the console.
        for kind in KINDS.into_iter().filter(|kind| can(kind)) {
            let options = object(&[
                ("type", kind.into()),
                ("buffered", true.into()),
                ("durationThreshold", SLOW.into()),
            ]);
            call(meter, "observe", &Array::of1(&options));
        }
    }

    /// Takes a list of measurements in.
    pub(super) fn measured(&mut self, list: &JsValue) {
        self.take_entries(&call(list, "getEntries", &Array::new()));
    }

    fn take_entries(&mut self, entries: &JsValue) {
        if !Array::is_array(entries) {
            return;
        }
        for entry in entries.unchecked_ref::<Array>().iter() {
            let text = |name| js::text(&entry, name).unwrap_or_default();
            self.watched.vitals.take(&Entry {
                kind: &text("entryType"),
                name: &text("name"),
                start: js::number(&entry, "startTime"),
                duration: js::number(&entry, "duration"),
                value: js::number(&entry, "value"),
                expected: js::is(&entry, "hadRecentInput"),
                interaction: js::number(&entry, "interactionId"),
            });
        }
    }

    /// The document is hidden or left.
    pub(super) fn measured_all(&mut self, signal: &Signal) {
        let Some(meter) = self.watched.meter.take() else {
            return;
        };
        let rest = call(&meter, "takeRecords", &Array::new());
        self.take_entries(&rest);
        call(&meter, "disconnect", &Array::new());
        let performance = global("performance");
        let navigation = call(
            &performance,
            "getEntriesByType",
            &Array::of1(&"navigation".into()),
        );
        let navigation = js::get(&navigation, "0");
        let known = Known {
            response: js::number(&navigation, "responseStart"),
            activation: js::number(&navigation, "activationStart"),
            interactions: js::number(&performance, "interactionCount"),
            shifts: can("layout-shift"),
        };
        let Some(vitals) = self.watched.vitals.end(&known) else {
            return;
        };
        let mut document = self.watched.document.clone();
        if let [url, title, _] = &mut document
            && *url == signal.url
        {
            signal.title.clone_into(title);
        }
        let details = write::object(&vitals).unwrap_or_default();
        self.tell(
            WEB_VITALS_MEASURED,
            &details,
            &moment(&document, signal.time),
        );
    }
}

/// Whether the browser measures it.
fn can(kind: &str) -> bool {
    let kinds = js::get(&global("PerformanceObserver"), "supportedEntryTypes");
    call(&kinds, "includes", &Array::of1(&kind.into())).is_truthy()
}

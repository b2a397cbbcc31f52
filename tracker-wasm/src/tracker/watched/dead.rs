//! Dead clicks: which click is asked about, and who may answer.

use clickstream_event::{
    observed::{DEAD_CLICKED, DeadClicked},
    write,
};
use js_sys::Array;
use wasm_bindgen::JsValue;

use super::Tracker;
use crate::{
    capture::{
        click::{CONTROLS, is_trusted, read},
        dead::ANSWERS,
    },
    clock,
    element::{self, Element},
    js,
    signal::Signal,
    watch::{call, global, hears, listen, made, object},
};

/// What the browser itself answers for, or answers where nobody can see it.
const EXCLUDED: &str = "a[href],area[href],input,select,textarea,label,option,summary,audio,video,canvas,\
    iframe,embed,object,[contenteditable],[download]";

/// Events by which a page, or who looks at it, answers.
const ANSWERING: &str = "scroll focusin focusout blur visibilitychange pagehide submit \
    input toggle fullscreenchange copy";

const DOCUMENT: f64 = 9.0;
const FRAGMENT: f64 = 11.0;

impl Tracker {
    /// A click was recorded: if it was on something that promises an answer, it is waited for.
    pub(in crate::tracker) fn doubt(&mut self, signal: &Signal) {
        let wanted = self.watched.options.dead;
        // One that waited for the module has had its answer, or not; nobody has seen it.
        let late = clock::now() - signal.time > ANSWERS / 10.0;
        if !wanted || late || !is_trusted(read(signal)) {
            return;
        }
        let hit = element::at(&signal.list, 0);
        if !hit.is_some_and(|hit| promises(&hit, signal)) {
            return;
        }
        let click = self.last_id(signal.time);
        let doubts = &mut self.watched.doubts;
        doubts.clicked(click, &signal.url, signal.time);
        self.dismiss();
        self.call_witnesses(&signal.list);
    }

    /// Watches the documents and shadow roots that the click was in, and the page's own.
    fn call_witnesses(&mut self, path: &Array) {
        // One for all clicks of the page.
        let answered = &mut self.watched.answered;
        if answered.is_undefined() {
            *answered = hears("answered");
        }
        let observer = made("MutationObserver", &Array::of1(answered));
        let abort = made("AbortController", &Array::new());
        let (Some(observer), Some(abort)) = (observer, abort) else {
            return;
        };
        let everything = object(&[
            ("subtree", true.into()),
            ("childList", true.into()),
            ("attributes", true.into()),
            ("characterData", true.into()),
        ]);
        let roots = path.iter().filter(|node| {
            let kind = js::number(node, "nodeType");
            kind == DOCUMENT || kind == FRAGMENT
        });
        for root in roots.chain([global("document")]) {
            call(&observer, "observe", &Array::of2(&root, &everything));
        }
        listen(ANSWERING, answered, &js::get(&abort, "signal"));
        self.watched.witnesses = Some((observer, abort));
    }

    /// Something has changed.
    pub(super) fn reassured(&mut self) {
        self.watched.doubts.answered();
        self.dismiss();
    }

    /// Nobody has to watch any longer.
    fn dismiss(&mut self) {
        if let Some((observer, abort)) = self.watched.witnesses.take() {
            call(&observer, "disconnect", &Array::new());
            call(&abort, "abort", &Array::new());
        }
    }

    /// Time has passed: is the click dead?
    pub(super) fn doubted(&mut self, signal: &Signal) {
        let doubts = &mut self.watched.doubts;
        let dead = doubts.dead(&signal.url, signal.time);
        if !doubts.any() {
            self.dismiss();
        }
        if let Some(click) = dead.filter(|_| !is_marking()) {
            let details = write::object(&DeadClicked { click: &click }).unwrap_or_default();
            self.track(DEAD_CLICKED, &details, signal);
        }
    }
}

/// Whether a click on it is to have an answer that can be seen: it is a control or marked, or the pointer's
/// form says so.
fn promises(hit: &Element, signal: &Signal) -> bool {
    let within = |selector| hit.is_within(selector) == Some(true);
    !within(EXCLUDED) && (within(CONTROLS) || signal.marks.length() > 0 || is_pointed(hit))
}

/// Whether somebody has marked a text, which is an answer; a place for the cursor is none.
fn is_marking() -> bool {
    let window = global("window");
    let selection = call(&window, "getSelection", &Array::new());
    js::get(&selection, "type") == "Range"
}

fn is_pointed(hit: &JsValue) -> bool {
    let window = global("window");
    let style = call(&window, "getComputedStyle", &Array::of1(hit));
    js::get(&style, "cursor") == "pointer"
}

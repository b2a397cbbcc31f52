//! The two functions that the loader calls, and what is done once the tracker is let go.

use std::cell::RefCell;

use js_sys::Array;
#[cfg(feature = "module")]
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    plugin::Plugin,
    settings::Host,
    tracker::{Effects, Tracker},
    turn,
};

thread_local! {
    // Lives as long as the page: without a destructor the cell needs no code for its end.
    static TRACKER: RefCell<Option<&'static mut Tracker>> = const { RefCell::new(None) };
}

/// One thing that happened on the page.
#[derive(Debug)]
pub struct Signal {
    /// The event's type, the method's name, or `tick`.
    pub kind: String,
    /// The event, or a call's details as JSON.
    pub subject: JsValue,
    /// The event's path, or a call's texts.
    pub list: Array,
    /// Depth, name and value, again and again: what the path's elements say.
    pub marks: Array,
    /// When, in milliseconds since 1970.
    pub time: f64,
    /// Where.
    pub url: String,
    /// The document's title.
    pub title: String,
}

/// Starts the tracker; the loader calls it once.
#[cfg(feature = "module")]
#[wasm_bindgen]
pub fn start(host: JsValue) {
    begin(host, Vec::new());
}

/// Starts it with plugins of Rust.
pub fn begin(host: JsValue, plugins: Vec<Box<dyn Plugin>>) {
    let tracker = Box::leak(Box::new(Tracker::new(&Host::new(host), plugins)));
    let database = tracker.database();
    TRACKER.with(|cell| cell.replace(Some(tracker)));
    if let Some(database) = database {
        turn::open(database);
    }
}

/// Tells the tracker what happened: the members of [`Signal`], in its order.
#[cfg_attr(feature = "module", wasm_bindgen)]
pub fn signal(told: Array) {
    let text = |at| told.get(at).as_string().unwrap_or_default();
    let mut signal = Signal {
        kind: text(0),
        subject: told.get(1),
        list: told.get(2).unchecked_into(),
        marks: told.get(3).unchecked_into(),
        time: told.get(4).as_f64().unwrap_or_default(),
        url: text(5),
        title: text(6),
    };
    enter(&mut |tracker| tracker.happened(&mut signal));
}

/// Lets `act` change the tracker. What reaches out of it happens after it is let go, because
/// a listener of ours on the page may call us again.
pub fn enter(act: &mut dyn FnMut(&mut Tracker) -> Effects) {
    let effects = TRACKER.with(|cell| {
        let mut tracker = cell.try_borrow_mut().ok()?;
        tracker.as_mut().map(|tracker| act(tracker))
    });
    let Some(effects) = effects else { return };
    effects.tell();
    turn::perform(effects.errands);
}

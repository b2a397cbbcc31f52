//! What the full edition watches becomes events: when the watching begins and ends, and what follows from
//! what is heard. The subjects are a file each.

mod dead;
mod errors;
mod search;
mod visible;
mod vitals;

use clickstream_event::context::Page;
use wasm_bindgen::JsValue;

use super::{Moment, Tracker};
use crate::{
    capture::{dead::Doubts, error::Errors, vitals::Vitals},
    mask::Masks,
    options,
    settings::Host,
    signal::Signal,
    words::setting,
};
use visible::Visible;

/// What is watched on a page.
#[derive(Debug)]
pub(super) struct Watched {
    options: options::Watched,
    /// Errors that the door has heard before the module was there.
    early: JsValue,
    errors: Errors,
    vitals: Vitals,
    /// What tells of measurements.
    meter: Option<JsValue>,
    doubts: Doubts,
    /// What makes a signal of a change, once one has been waited for.
    answered: JsValue,
    /// What tells of changes while a click waits, and what ends its listening.
    witnesses: Option<(JsValue, JsValue)>,
    visible: Visible,
    /// Address, title and referrer of the document.
    document: Place,
    /// The view that has just begun, and when.
    turned: Option<(Place, f64)>,
    /// What was searched for last.
    searched: String,
    /// Nothing is said in the words of pages.
    silent: bool,
}

/// Address, title and referrer.
type Place = [String; 3];

impl Watched {
    /// Nothing watched yet.
    pub fn new(host: &Host) -> Self {
        let visible = host.is("visible");
        let masks = Masks::new(host.text(setting::MASK), host.text(setting::TEXT));
        Self {
            options: options::Watched::read(host),
            early: host.get("early"),
            errors: Errors::default(),
            vitals: Vitals::new(visible),
            meter: None,
            doubts: Doubts::default(),
            answered: JsValue::UNDEFINED,
            witnesses: None,
            silent: masks.silent(),
            visible: Visible::new(visible, masks),
            document: Place::default(),
            turned: None,
            searched: String::new(),
        }
    }

    /// When something is due, in milliseconds since 1970.
    pub fn due(&self) -> f64 {
        self.doubts.due().min(self.visible.due())
    }

    /// A view begins.
    pub fn turn(&mut self, page: [&str; 3], now: f64) {
        self.turned = Some((page.map(str::to_owned), now));
    }
}

impl Tracker {
    /// Takes in what a watcher has heard. None of it ends a page view's wait for its title: much of it is
    /// no event. Says whether it was a watcher's.
    pub(super) fn heard(&mut self, kind: &str, signal: &Signal) -> bool {
        match kind {
            "measured" => self.measured(&signal.subject),
            "broken" => self.broken(&signal.subject, signal),
            "answered" => self.reassured(),
            "sighted" => self.sighted(signal),
            "grown" => self.grown(signal.time),
            _ => return false,
        }
        true
    }

    /// What the watched do at any other signal, once it has been taken in.
    pub(super) fn watch(&mut self, kind: &str, signal: &Signal) {
        match kind {
            "load" => {
                self.watch_document(signal);
                self.measure();
                self.watch_errors(signal);
                self.watch_elements();
            }
            "tick" => {
                self.doubted(signal);
                self.seen(signal);
            }
            "visible" => self.sights(true, signal.time),
            "hidden" | "pagehide" => {
                self.sights(false, signal.time);
                self.measured_all(signal);
                if kind == "pagehide" {
                    self.count_errors(signal);
                }
            }
            _ => {}
        }
        self.searched();
    }

    fn watch_document(&mut self, signal: &Signal) {
        let referrer = self.pages.referrer().to_owned();
        self.watched.document = [signal.url.clone(), signal.title.clone(), referrer];
    }
}

/// When and where.
fn moment([url, title, referrer]: &Place, time: f64) -> Moment<'_> {
    Moment {
        time,
        page: Page::at(url, title, referrer),
    }
}

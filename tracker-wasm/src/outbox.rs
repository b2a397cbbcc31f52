//! Where finished lines go: the transport's decisions meet the browser's database, promises and
//! the page's end.

use std::rc::Rc;

use clickstream_event::text::joined;
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::{
    clock,
    deliver::{Relay, beacon},
    queue::Line,
    store::{database::Database, left},
    transport::{Answer, Transport},
    turn::settle,
};

/// Seven days in milliseconds: as long as the relay knows doubles apart.
const WEEK: f64 = 7.0 * 24.0 * 3600.0 * 1000.0;

/// Whether the page may be ending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leaving {
    /// Somebody looks at it.
    No,
    /// It is hidden: what comes goes at once, and is answered if the page lives on.
    Hidden,
    /// It has ended, unless the back/forward cache gives it back.
    Ended,
}

/// The outbox of a page.
#[derive(Debug)]
pub struct Outbox {
    /// What decides.
    pub transport: Transport,
    database: Option<Rc<Database>>,
    relay: Rc<Relay>,
    nonce: String,
    /// When the line before was recorded, by a clock that does not go back.
    last: f64,
    leaving: Leaving,
    /// Calls whose lines are not safe yet.
    promises: Vec<Function>,
    /// What earlier pages left and this one took up.
    adopted: Vec<String>,
    /// Tells the browser what to send if the page dies, where it can and shall.
    pub later: Option<Function>,
}

/// What is to be done once the tracker is let go.
#[derive(Debug)]
pub struct Errands {
    /// The database, if there is one.
    pub database: Option<Rc<Database>>,
    /// Where requests go.
    pub relay: Rc<Relay>,
    /// Lines to write, and who waits for them.
    pub write: (Vec<Line>, Vec<Function>),
    /// A turn of sending; whether the database has to be read for it.
    pub turn: Option<bool>,
}

impl Outbox {
    /// An outbox towards `relay`. `nonce` is the page's own.
    pub const fn new(
        transport: Transport,
        database: Option<Rc<Database>>,
        relay: Rc<Relay>,
        nonce: String,
    ) -> Self {
        Self {
            transport,
            database,
            relay,
            nonce,
            last: 0.0,
            leaving: Leaving::No,
            promises: Vec::new(),
            adopted: Vec::new(),
            later: None,
        }
    }

    /// The database, if there is to be one.
    pub fn database(&self) -> Option<Rc<Database>> {
        self.database.clone()
    }

    /// Takes a line, if there is room.
    pub fn push(&mut self, json: String, now: f64) -> bool {
        self.last = now.max(self.last + 1.0);
        let key = joined(&[&clock::iso(self.last), &self.nonce]);
        self.transport.push(Line { key, json }, now)
    }

    /// Somebody waits to hear whether the line pushed last is safe; `taken` says whether it was.
    pub fn promise(&mut self, promise: Function, taken: bool) {
        if taken && self.transport.keeps() {
            self.promises.push(promise);
        } else {
            settle(&promise, false);
        }
    }

    /// The database is there or will not be. What earlier pages left at their end is taken up.
    pub fn opened(&mut self, open: bool, now: f64) {
        self.transport.opened(open, now);
        let (pages, copies) = left::found();
        self.transport.adopt(&copies, now);
        self.adopted = pages;
        if !open {
            self.settled();
        }
    }

    /// The database has taken lines, or not.
    pub fn written(&mut self, taken: bool, now: f64) {
        self.transport.written(taken, now);
        if taken {
            self.settled();
        }
    }

    /// What was taken up is where it belongs.
    fn settled(&mut self) {
        for page in self.adopted.drain(..) {
            left::leave(&page, "");
        }
    }

    /// What the relay said to a request: the lines that the database has to forget.
    pub fn answered(&mut self, answer: &Answer, now: f64) -> Vec<Line> {
        let oldest = clock::iso(now - WEEK);
        let random = js_sys::Math::random();
        self.transport.answered(answer, (now, &oldest, random))
    }

    /// The page is shown, hidden, ended or given back.
    pub fn leave(&mut self, leaving: Leaving) {
        if self.leaving == Leaving::Ended && leaving == Leaving::No {
            self.transport.restored();
            if self.database.is_some() {
                left::leave(&self.nonce, "");
            }
        }
        self.leaving = leaving;
    }

    /// Removes what waits in the browser; what waits in memory lives as long as the page.
    pub fn forget(&mut self, now: f64) {
        self.transport.opened(false, now);
        if let Some(database) = self.database.take() {
            database.forget();
        }
        for page in left::found().0 {
            left::leave(&page, "");
        }
    }

    /// Whether the page may be ending.
    pub fn is_leaving(&self) -> bool {
        self.leaving != Leaving::No
    }

    /// What follows from where things stand. Nothing leaves the page inside its own events
    /// (`may_send`) but at its end.
    pub fn proceed(&mut self, may_send: bool, now: f64) -> Errands {
        let mut errands = Errands {
            database: self.database.clone(),
            relay: Rc::clone(&self.relay),
            write: (Vec::new(), Vec::new()),
            turn: None,
        };
        match self.leaving {
            Leaving::No => {}
            Leaving::Hidden => self.transport.hide(),
            Leaving::Ended => self.end(now),
        }
        if may_send || self.is_leaving() {
            errands.write.0 = self.transport.write(now);
            if !errands.write.0.is_empty() {
                errands.write.1 = std::mem::take(&mut self.promises);
            }
            if self.leaving != Leaving::Ended {
                errands.turn = self.transport.begin(now);
            }
            if cfg!(feature = "later") {
                self.defer(now);
            }
        }
        if !self.transport.keeps() {
            for promise in self.promises.drain(..) {
                settle(&promise, false);
            }
        }
        errands
    }

    /// The first way out of a page that ends is a beacon; what no database has yet is also left
    /// to the next page, because nobody says whether the beacon arrived.
    fn end(&mut self, now: f64) {
        let address = &self.relay.address;
        self.transport
            .leave(&clock::iso(now), &mut |body| beacon(address, body));
        if let Some(database) = &self.database {
            left::leave(&self.nonce, &self.transport.copy());
            database.release();
        }
    }

    /// Tells the browser what to send if this page dies, where that is another than before.
    fn defer(&mut self, now: f64) {
        let Some(later) = &self.later else { return };
        if let Some(body) = self.transport.later(&clock::iso(now)) {
            let address = &self.relay.address;
            let _ = later.call2(&JsValue::UNDEFINED, &address.into(), &body.into());
        }
    }

    /// When the timer has to ring.
    pub fn next(&self) -> Option<f64> {
        self.transport
            .next()
            .filter(|_| self.leaving != Leaving::Ended)
    }
}

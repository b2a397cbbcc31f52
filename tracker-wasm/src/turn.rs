//! What takes its time, once the tracker is let go: opening, writing, and a turn of sending.

use std::{cell::Cell, rc::Rc};

use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::{
    deliver::Relay,
    outbox::Errands,
    signal::enter,
    store::database::Database,
    task,
    tracker::{Effects, Tracker},
};

thread_local! {
    /// Which turn of this page is the last that was begun.
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Opens the database, or learns that there is none.
pub fn open(database: Rc<Database>) {
    task::begin(async move {
        let open = database.open().await;
        // What earlier pages left counts from this page's first event on.
        let mut stored = 0;
        if open {
            for line in database.load(false).await.unwrap_or_default() {
                stored += line.json.len();
            }
        }
        enter(&mut |tracker| tracker.opened(open, stored));
    });
}

/// Does what is to be done, each by itself.
pub fn perform(errands: Errands) {
    let Errands {
        database,
        relay,
        write: (lines, promises),
        turn,
    } = errands;
    if let Some(database) = database.clone().filter(|_| !lines.is_empty()) {
        task::begin(async move {
            let taken = database.put(&lines).await;
            enter(&mut |tracker| tracker.written(taken));
            for promise in promises {
                settle(&promise, taken);
            }
        });
    }
    if let Some(shared) = turn {
        let number = LAST.get().wrapping_add(1);
        LAST.set(number);
        task::begin(take(database.filter(|_| shared), relay, number));
    }
}

/// Tells who made a call whether its event is safe.
pub fn settle(promise: &Function, safe: bool) {
    let _ = promise.call1(&JsValue::UNDEFINED, &safe.into());
}

/// This page's turn: what the database has, and what memory alone has, goes. One that was given up
/// changes nothing once another has begun.
async fn take(database: Option<Rc<Database>>, relay: Rc<Relay>, number: u32) {
    let mut loaded = None;
    if let Some(database) = &database {
        database.turn().await;
        if LAST.get() != number {
            return database.release();
        }
        let mut lines = database.load(true).await;
        if lines == Err(false) {
            // Where it is full there is room for no lease: the relay tells doubles apart.
            lines = database.load(false).await;
        }
        if lines == Err(true) {
            return last(number, &mut |tracker| tracker.postponed());
        }
        loaded = lines.ok();
    }
    let mut body = None;
    last(number, &mut |tracker| {
        tracker.choose(loaded.take(), &mut body)
    });
    if let Some(body) = body {
        let (answer, mut remembered) = relay.post(&body).await;
        let mut done = Vec::new();
        last(number, &mut |tracker| {
            tracker.answered(&answer, remembered.take(), &mut done)
        });
        if let Some(database) = database.as_ref().filter(|_| !done.is_empty()) {
            database.delete(&done).await;
        }
    }
    last(number, &mut |tracker| {
        if let Some(database) = &database {
            database.release();
        }
        tracker.finished()
    });
}

/// Lets a turn change the tracker, if it is the last.
fn last(number: u32, act: &mut dyn FnMut(&mut Tracker) -> Effects) {
    if LAST.get() == number {
        enter(act);
    }
}

//! What takes its time, once the tracker is let go: opening, writing, and a turn of sending.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::{deliver, lock, outbox::Errands, signal::enter, store::database::Database};

/// Opens the database, or learns that there is none.
pub fn open(database: Rc<Database>) {
    spawn_local(async move {
        let open = database.open().await.is_ok();
        // What earlier pages left counts from this page's first event on.
        let mut stored = 0;
        if open {
            for line in database.load().await.unwrap_or_default() {
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
        address,
        write: (lines, promises),
        turn,
    } = errands;
    if let Some(database) = database.clone().filter(|_| !lines.is_empty()) {
        spawn_local(async move {
            let taken = database.put(&lines).await.is_ok();
            enter(&mut |tracker| tracker.written(taken));
            for promise in promises {
                settle(&promise, taken);
            }
        });
    }
    if let Some(shared) = turn {
        spawn_local(take(database.filter(|_| shared), address));
    }
}

/// Tells who made a call whether its event is safe.
pub fn settle(promise: &Function, safe: bool) {
    let _ = promise.call1(&JsValue::UNDEFINED, &safe.into());
}

/// This page's turn: what the database has, and what memory alone has, goes.
async fn take(database: Option<Rc<Database>>, address: String) {
    let mut loaded = None;
    if let Some(database) = &database {
        lock::acquire(&address).await;
        loaded = database.load().await.ok();
    }
    let mut body = None;
    enter(&mut |tracker| tracker.choose(loaded.take(), &mut body));
    if let Some(body) = body {
        let (answer, mut remembered) = deliver::post(&address, &body).await;
        let mut done = Vec::new();
        enter(&mut |tracker| tracker.answered(&answer, remembered.take(), &mut done));
        if let Some(database) = database.filter(|_| !done.is_empty()) {
            // Refused, they are sent again, and the relay tells doubles apart.
            let _ = database.delete(&done).await;
        }
    }
    lock::release();
    enter(&mut |tracker| tracker.finished());
}

//! The turn among pages where a browser has no Web Locks (before 2022, or a page without TLS): rows
//! in the database, whose transactions that write come one after another.
//!
//! Time is cut into slots, and a turn takes the present one and the next two, a row each, all of
//! them or none. It needs no clock to give them back: when they are over they bind nobody, so a page
//! that died holds up the others for 90 seconds at most. The keys are numbers, those of lines texts.

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::database::Rows;
use crate::{clock, js::get};

/// How long a slot is, in milliseconds: two are a request that waits for its answer as long as it may.
const SLOT: f64 = 30_000.0;
/// Slots of a turn.
const SLOTS: f64 = 3.0;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = IDBKeyRange, js_name = upperBound)]
    fn up_to(slot: f64) -> Result<JsValue, JsValue>;
}

/// The first slot of a turn that begins now.
pub fn slot() -> f64 {
    (clock::now() / SLOT).floor()
}

/// Takes the turn from this slot on; another's turn aborts the transaction.
pub fn take(rows: &Rows, first: f64) -> Result<(), JsValue> {
    end(rows, first - SLOTS)?;
    let mut slot = first;
    while slot < first + SLOTS {
        rows.add("", slot)?;
        slot += 1.0;
    }
    Ok(())
}

/// Gives back a turn that began with this slot, and what is over.
pub fn end(rows: &Rows, first: f64) -> Result<(), JsValue> {
    rows.delete(&up_to(first + SLOTS - 1.0)?)?;
    Ok(())
}

/// Whether a transaction was refused because it is another's turn.
pub fn is_anothers(refused: &JsValue) -> bool {
    let error = get(&get(refused, "target"), "error");
    get(&error, "name") == "ConstraintError"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::TIMEOUT;

    #[test]
    fn a_turn_outlasts_a_request() {
        // One that begins at the end of its first slot.
        assert!((SLOTS - 1.0) * SLOT >= f64::from(TIMEOUT));
    }
}

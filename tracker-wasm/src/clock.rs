//! Times as texts. What time it is comes with every signal; nobody here asks.

use js_sys::Date;

/// Milliseconds since 1970 as `2026-01-02T03:04:05.006Z`.
pub fn iso(ms: f64) -> String {
    Date::new(&ms.into()).to_iso_string().into()
}

/// What time it is, for an answer, which arrives by itself.
pub fn now() -> f64 {
    Date::now()
}

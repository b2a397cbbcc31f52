//! The names of everything that is kept under a name: nothing is stored that is not in this list.

/// The browser's own id.
pub const ANONYMOUS: &str = "clickstream.anonymous";
/// There was no id here, and the relay has not said yet whether it remembers one.
pub const NEW: &str = "clickstream.new";
/// The claim of before: `p` and the id if a page said it, `c` and the id if a call did.
pub const USER: &str = "clickstream.user";
/// The visit: its number, its events, when its last one was, and what led to it, a line each.
pub const SESSION: &str = "clickstream.session";
/// What led to the first visit of all.
pub const FIRST: &str = "clickstream.first";
/// What the visitor has decided: a JSON object of categories.
pub const CONSENT: &str = "clickstream.consent";

/// All of them.
pub const ALL: [&str; 6] = [ANONYMOUS, NEW, USER, SESSION, FIRST, CONSENT];

//! The relay: takes event batches, adds the user id, makes them durable, forwards them.
//!
//! One event's way is the order of the modules below. At each step stands what it may refuse, and
//! what the client has been told by then:
//!
//! ```text
//! http ─► router ─► intake ─► identity ─► stamp ─► duplicate ─► spool ═► forward ─► sink
//!  │        │         │                                │          ║         │
//!  │        │         │  an event: named in the 200    │ known:   ║ full,   │ refused by the
//!  │        │         │  (rejected.rs keeps it)        │ in the   ║ disk:   │ stream: failed,
//!  │       404, 405   │  the body: 400 401 408 413 415 │ 200      ║ 503     │ under its error
//!  cut: too slow      429, 503: come back                         ║         │ prefix
//!                                                              the fsync
//! ```
//!
//! The fsync is the line, and the 200 stands behind it: before it everything that decides (meaning),
//! after it finished lines with a position (bytes). Nothing flows back but the low mark of what is
//! delivered, and a few ranges ahead of it.

#![cfg_attr(
    test,
    allow(
        clippy::single_range_in_vec_init,
        reason = "a list of one range is meant as that, not as its positions"
    )
)]

// The settings of all rooms, composed once.
pub mod config;

// The accept loop: bounds on connections, headers and bodies; the clean stop.
pub mod http;

// Every route, a line each.
pub mod router;

// Before the fsync: meaning.

// From a request to durable lines: the order of the checks.
pub mod intake;

// Who it was: a signed token, a trusted claim, the visitor.
pub mod identity;

// The keys of both, and how they change while the relay runs.
pub mod keys;

// What is left out before anything is stored.
pub mod redact;

// What the relay adds to an event; it ends as bytes.
pub mod stamp;

// The window of ids that were taken before.
pub mod duplicate;

// What was refused, kept and bounded.
pub mod rejected;

// The fsync.

// What is acknowledged is durable here until it is delivered.
pub mod spool;

// After the fsync: bytes.

// When, how often, and what stays.
pub mod forward;

// Where events go.
pub mod sink;

// The whole, running.

// Started, mounted, stopped.
pub mod service;

pub use service::{Relay, StartError};

// When a program is asked to stop.
pub mod stop;

// A socket that outlives the process.
pub mod activation;

// What the service manager is told.
pub mod notify;

// Beside the way.

// Every event's one counted end before the fsync.
pub mod outcome;

// Sizes and spans of time as people type them.
pub mod quantity;

// Alive, ready, and the door to the spool.
pub mod health;

// The rooms' counters as Prometheus text.
pub mod metrics;

// One request's way, told to who collects such things.
pub mod traces;

// To watch: the stream as it happens.
pub mod live;

// Who may see the operator's routes.
pub mod access;

// The folders, tried before listening.
pub mod folder;

// What settings would do, without doing it.
pub mod check;

// What an operator does with a spool, and with what was not delivered.
pub mod tools;

// Log lines, as text or JSON.
pub mod logging;

// Time as a value.
pub mod clock;

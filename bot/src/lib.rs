//! Visitors for a clickstream: journeys, headless browsing, events without a browser.
//!
//! ```text
//! arguments ─► browser: chooses what is there and clicks it ─► the page's own tracker
//!          └─► direct: visitor ─► journey ─► event ─► outlet ─► relay, standard output
//! ```
//!
//! Time, randomness and standard output are arguments; `main.rs` and [`clock`] have the
//! only real ones. The same seed makes the same visitors, journeys and pauses.

pub mod arguments;

pub mod chance;

pub mod clock;

pub mod pace;

// Who comes, and what they do.
pub mod visitor;

pub mod journey;

// Two ways to play it.
pub mod browser;

pub mod direct;

pub mod mistake;

// Where events go, and what became of them.
pub mod outlet;

pub mod progress;

pub mod tally;

//! What an event is: one JSON object on one line, in the names of the Segment spec.
//!
//! ```text
//! wire ──► read (one pass over frame and events) ──► Incoming ──► line (with the relay's Stamp) ──► lake
//! tracker, bot ──► event, action, context ──► write ──► wire
//! ```
//!
//! The writing half is always there and small enough for a page; the reading half
//! (feature `read`) belongs to the relay. No I/O, no clock, no randomness.

// Known to both halves.
pub mod id;
pub mod kind;

// The writing half, from the parts to the line.
pub mod context;

pub mod action;

pub mod observed;

pub mod event;

pub mod text;

pub mod write;

// The reading half, in the order of an event's way.
#[cfg(feature = "read")]
pub mod limits;
#[cfg(feature = "read")]
pub mod time;

#[cfg(feature = "read")]
mod scalar;

#[cfg(feature = "read")]
mod plain;

#[cfg(feature = "read")]
mod scan;

#[cfg(feature = "read")]
pub mod read;

#[cfg(feature = "read")]
mod member;

#[cfg(feature = "read")]
mod canonical;

#[cfg(feature = "read")]
mod incoming;

#[cfg(feature = "read")]
pub mod validate;

#[cfg(feature = "read")]
pub mod line;

#[cfg(feature = "schema")]
pub mod schema;
